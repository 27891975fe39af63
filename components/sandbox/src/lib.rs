//! `sandbox`: plays a payment provider, for development and demos. It is the world outside: it has no access to the
//! ledger, keeps no state (a session travels sealed in its own address) and tells of payments by signed webhook, as
//! a real one would. Off unless `sandbox_secret` is set.

use bytes::Bytes;
use receivables::fields::{FieldError, kinds};
use receivables::money::Money;
use render::content_security_policy;
use render::pages::{SandboxPage, SandboxState, sandbox_page};
use serde::{Deserialize, Serialize};
use spin_sdk::http::{FullBody, Request, Response};
use spin_sdk::http_service;
use web::{Cx, Problem, Reply, outbound, rfc3339, secrets, webhook};

/// Where the webhook goes: the same address that a provider outside would call, reached inside the app.
const WEBHOOK: &str = "http://cash.spin.internal/webhooks/sandbox";

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    web::serve(request, route).await
}

async fn route(cx: &Cx) -> Result<Reply, Problem> {
    let Some(secret) = cx.setting("sandbox_secret").await? else {
        return Err(Problem::no_route());
    };
    let (method, path) = cx.route();
    match (method, path.as_slice()) {
        ("POST", ["sandbox", "sessions"]) => create(cx, &secret).await,
        (_, ["sandbox", "sessions"]) => Err(Problem::method_not_allowed("POST")),
        ("GET", ["sandbox", "checkout", sealed]) => {
            let session = session(&secret, sealed)?;
            page(sealed, &session, SandboxState::Open, None)
        }
        ("POST", ["sandbox", "checkout", sealed]) => decide(cx, &secret, sealed).await,
        (_, ["sandbox", "checkout", _]) => Err(Problem::method_not_allowed("GET, POST")),
        _ => Err(Problem::no_route()),
    }
}

/// A payment session: what a real provider would keep in its database.
#[derive(Serialize, Deserialize)]
struct Session {
    client_reference: String,
    amount: Money,
    creditor_name: String,
    purpose: String,
    success_url: String,
    cancel_url: String,
}

async fn create(cx: &Cx, secret: &str) -> Result<Reply, Problem> {
    let authorized = cx
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    if !authorized.is_some_and(|given| secrets::same(given, secret)) {
        return Err(Problem::unauthorized("Send the sandbox's secret."));
    }
    let (value, _) = cx.json().await?;
    let session: Session =
        serde_json::from_value(value).map_err(|error| Problem::bad_request(format!("{error}.")))?;
    let urls = [
        ("/success_url", &session.success_url),
        ("/cancel_url", &session.cancel_url),
    ];
    let wrong = |(pointer, url): (&str, &String)| {
        let problem = kinds::url_in(url).err()?;
        Some(FieldError::new(pointer, problem.code, problem.detail))
    };
    let wrong: Vec<_> = urls.into_iter().filter_map(wrong).collect();
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    let text = serde_json::to_string(&session).map_err(|error| Problem::internal(error.to_string()))?;
    let sealed = secrets::seal(secret, &text)?;
    let public_url = cx.required_setting("public_url").await?;
    let url = format!("{}/sandbox/checkout/{sealed}", public_url.trim_end_matches('/'));
    Ok(Reply::json(
        201,
        &serde_json::json!({"id": session_id(&session), "url": url}),
    ))
}

/// The session's id follows from our caller's reference: asked again with the same one, it is the same session.
fn session_id(session: &Session) -> String {
    format!("sbx_{}", session.client_reference.trim_start_matches("chk_"))
}

fn session(secret: &str, sealed: &str) -> Result<Session, Problem> {
    let unknown = || Problem::not_found("The sandbox has no such session.");
    let text = secrets::unseal(secret, sealed)?.ok_or_else(unknown)?;
    serde_json::from_str(&text).map_err(|_| unknown())
}

async fn decide(cx: &Cx, secret: &str, sealed: &str) -> Result<Reply, Problem> {
    let session = session(secret, sealed)?;
    let form = cx.form().await?;
    let (kind, state) = match form.get("outcome").map(String::as_str) {
        Some("paid") => {
            let return_url = session.success_url.clone();
            ("payment.succeeded", SandboxState::Paid { return_url })
        }
        Some("declined") => {
            let return_url = session.cancel_url.clone();
            let detail = "The payment was declined, as asked.".to_owned();
            ("payment.failed", SandboxState::Failed { return_url, detail })
        }
        _ => {
            let error = "Choose whether the payment goes through.".to_owned();
            return page(sealed, &session, SandboxState::Open, Some(error));
        }
    };
    match notify(cx, secret, &session, kind).await {
        Ok(()) => page(sealed, &session, state, None),
        Err(problem) => {
            cx.log(&problem);
            let error = "The merchant could not be told. Nothing is lost: press the button again.".to_owned();
            page(sealed, &session, SandboxState::Open, Some(error))
        }
    }
}

/// Tells the merchant. The event's id follows from the session, so that pressing twice tells the same event twice.
async fn notify(cx: &Cx, secret: &str, session: &Session, kind: &str) -> Result<(), Problem> {
    let now = cx.moment().now;
    let payment_id = session_id(session);
    let event_id = format!("evt_{payment_id}_{kind}");
    let body = serde_json::json!({"id": event_id, "type": kind, "data": {"payment_id": payment_id,
        "client_reference": session.client_reference, "amount": session.amount,
        "at": rfc3339(now.timestamp_millis())?}});
    let body = serde_json::to_vec(&body).map_err(|error| Problem::internal(error.to_string()))?;
    let timestamp = now.timestamp();
    let signature = webhook::sign(secret, &event_id, timestamp, &body)
        .map_err(|error| Problem::internal(format!("sandbox_secret: {error}")))?;
    let timestamp = timestamp.to_string();
    let headers = [
        ("webhook-id", event_id.as_str()),
        ("webhook-timestamp", &timestamp),
        ("webhook-signature", &signature),
    ];
    let answer = outbound::post_json(WEBHOOK, &headers, body).await?;
    match answer.status {
        200..=299 => Ok(()),
        status => Err(Problem::provider(
            "The merchant refused the event.",
            format!("webhook answered {status}"),
        )),
    }
}

fn page(
    sealed: &str,
    session: &Session,
    state: SandboxState,
    error: Option<String>,
) -> Result<Reply, Problem> {
    let nonce = secrets::token()?;
    let status = if error.is_some() { 422 } else { 200 };
    let context = SandboxPage {
        nonce: nonce.clone(),
        creditor_name: session.creditor_name.clone(),
        amount: session.amount,
        reference: session.purpose.clone(),
        action: format!("/sandbox/checkout/{sealed}"),
        cancel_url: session.cancel_url.clone(),
        state,
        error,
    };
    let html = sandbox_page(&context).map_err(|error| Problem::internal(format!("page: {error}")))?;
    Ok(Reply::html(status, html, &content_security_policy(&nonce, &[])))
}
