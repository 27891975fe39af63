//! Signing in: a person shows a key once and gets a session, so that no key lives in a browser.

use chrono::Duration;
use http::{HeaderValue, header};
use render::content_security_policy;
use render::pages::{LoginPage, login_page};
use store::{Tx, keys};
use web::{Cx, Problem, Reply, Scope, secrets};

const COOKIE: &str = "dunlin_session";
/// A working day.
const LASTS: Duration = Duration::hours(12);

/// Whether the visitor is signed in.
pub(crate) async fn is_open(cx: &Cx) -> Result<bool, Problem> {
    let Some(token) = cx.cookie(COOKIE) else {
        return Ok(false);
    };
    // Without the deployment's key nothing but public pages answers, whatever sessions were open.
    if cx.setting("admin_key").await?.is_none() {
        return Ok(false);
    }
    let scopes = keys::session(&cx.db().await?, cx.moment(), &secrets::hash(token)).await?;
    Ok(scopes.is_some())
}

/// The page that asks for a key.
pub(crate) async fn ask(cx: &Cx, status: u16, error: Option<String>) -> Result<Reply, Problem> {
    let hint = match cx.setting("admin_key").await? {
        None => Some("Nobody can sign in yet: the variable admin_key is not set.".to_owned()),
        Some(_) => None,
    };
    let nonce = secrets::token()?;
    let page = LoginPage {
        nonce: nonce.clone(),
        action: "/console/login".to_owned(),
        error,
        hint,
    };
    let html = login_page(&page).map_err(|error| Problem::internal(format!("page: {error}")))?;
    Ok(Reply::html(status, html, &content_security_policy(&nonce, &[])))
}

/// Only forms of our own pages count. Browsers say where a request comes from; what says nothing is no browser,
/// and has no cookie that it could misuse.
fn refuse_other_sites(cx: &Cx) -> Result<(), Problem> {
    match cx.header("sec-fetch-site") {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(Problem::forbidden("This form was sent from another site.")),
    }
}

/// `POST /console/login`.
pub(crate) async fn log_in(cx: &Cx) -> Result<Reply, Problem> {
    refuse_other_sites(cx)?;
    let form = cx.form().await?;
    let principal = match cx.principal(form.get("key").map_or("", |key| key.trim())).await {
        Ok(principal) if principal.may(Scope::Read) => principal,
        Ok(_) => return ask(cx, 403, Some("This key may not read.".to_owned())).await,
        Err(problem) if problem.status().as_u16() == 401 => {
            return ask(cx, 401, Some("That key is not valid.".to_owned())).await;
        }
        Err(problem) if problem.status().as_u16() == 429 => {
            let page = ask(cx, 429, Some(problem.detail().to_owned())).await?;
            return problem.into_page(|_| page);
        }
        Err(problem) => return Err(problem),
    };
    let token = secrets::token()?;
    let db = cx.db().await?;
    db.transaction(async |tx: &Tx<'_>| {
        let (hash, key) = (secrets::hash(&token), principal.key.as_ref());
        keys::start_session(tx, cx.moment(), &hash, &principal.scopes, key, LASTS).await
    })
    .await?;
    with_cookie(cx, Reply::see_other("/console")?, &token, LASTS.num_seconds()).await
}

/// `POST /console/logout`.
pub(crate) async fn log_out(cx: &Cx) -> Result<Reply, Problem> {
    refuse_other_sites(cx)?;
    if let Some(token) = cx.cookie(COOKIE) {
        let hash = secrets::hash(token);
        let db = cx.db().await?;
        db.transaction(async |tx: &Tx<'_>| keys::end_session(tx, &hash).await)
            .await?;
    }
    with_cookie(cx, Reply::see_other("/console")?, "", 0).await
}

async fn with_cookie(cx: &Cx, reply: Reply, token: &str, seconds: i64) -> Result<Reply, Problem> {
    let secure = match cx.required_setting("public_url").await?.starts_with("https:") {
        true => "; Secure",
        false => "",
    };
    let text =
        format!("{COOKIE}={token}; Path=/console; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let value =
        HeaderValue::from_str(&text).map_err(|error| Problem::internal(format!("cookie: {error}")))?;
    Ok(reply.with_header(header::SET_COOKIE, value))
}
