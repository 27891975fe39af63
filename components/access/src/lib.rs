//! `access`: API keys. Made with the administrator's key, shown once, listed without their secret, revocable.

use bytes::Bytes;
use receivables::fields::{FieldError, Fields, kinds};
use receivables::id::ApiKeyId;
use receivables::limits::NAME;
use serde::Serialize;
use spin_sdk::http::{FullBody, Request, Response};
use spin_sdk::http_service;
use store::{Tx, keys};
use web::{Cx, Problem, Reply, Scope, key_text, secrets};

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    web::serve(request, route).await
}

async fn route(cx: &Cx) -> Result<Reply, Problem> {
    match cx.route() {
        ("POST", path) if path == ["v1", "api-keys"] => create(cx).await,
        ("GET", path) if path == ["v1", "api-keys"] => list(cx).await,
        (_, path) if path == ["v1", "api-keys"] => Err(Problem::method_not_allowed("GET, POST")),
        (method, path) => match (method, path.as_slice()) {
            ("DELETE", ["v1", "api-keys", id]) => revoke(cx, id).await,
            (_, ["v1", "api-keys", _]) => Err(Problem::method_not_allowed("DELETE")),
            _ => Err(Problem::no_route()),
        },
    }
}

#[derive(Serialize)]
struct KeyView {
    id: ApiKeyId,
    name: String,
    scopes: Vec<String>,
    created_at: String,
    revoked_at: Option<String>,
}

fn view(key: keys::ApiKey) -> Result<KeyView, Problem> {
    Ok(KeyView {
        id: key.id,
        name: key.name,
        scopes: key.scopes,
        created_at: web::rfc3339(key.created_at)?,
        revoked_at: key.revoked_at.map(web::rfc3339).transpose()?,
    })
}

fn parse(value: &serde_json::Value) -> Result<(String, Vec<Scope>), Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let name = fields.required("name", kinds::text(NAME));
    let scopes = fields.values("scopes", Scope::NAMES.len(), kinds::one_of(Scope::NAMES));
    if scopes.is_empty() {
        fields.report(
            "scopes",
            "required",
            "`scopes` lists at least one of ingest, read, collect, approve, admin",
        );
    }
    fields.finish(|| Some((name?, scopes)))
}

async fn create(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Admin).await?;
    let (value, _) = cx.json().await?;
    let (name, scopes) = parse(&value).map_err(Problem::invalid)?;
    let id = cx.moment().id(ApiKeyId::from_parts)?;
    let secret = secrets::token()?;
    let scopes: Vec<&str> = scopes.into_iter().map(Scope::name).collect();
    let db = cx.db().await?;
    // Not kept for a replay: the answer holds the secret, which is stored nowhere.
    db.transaction(async |tx: &Tx<'_>| {
        keys::create(tx, cx.moment(), &id, &name, &secrets::hash(&secret), &scopes).await
    })
    .await?;
    let key = key_text(&id, &secret);
    Ok(Reply::json(
        201,
        &serde_json::json!({"id": id, "name": name, "scopes": scopes, "key": key}),
    ))
}

async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Admin).await?;
    let query = cx.query(&["limit", "after"])?;
    let page = cx.page(&query)?;
    let rows = keys::list(&cx.db().await?, page.after.as_deref().unwrap_or(""), page.probe()).await?;
    let mut rows = rows.into_iter().map(view).collect::<Result<Vec<_>, _>>()?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

async fn revoke(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Admin).await?;
    let unknown = || Problem::not_found("There is no key with that id.");
    let id = ApiKeyId::parse(id).map_err(|_| unknown())?;
    let db = cx.db().await?;
    let found = db
        .transaction(async |tx: &Tx<'_>| keys::revoke(tx, cx.moment(), &id).await)
        .await?;
    let key = if found { keys::one(&db, &id).await? } else { None };
    Ok(Reply::json(200, &view(key.ok_or_else(unknown)?)?))
}
