//! What a customer says of contacts.

use crate::{customer_id, no_customer, record};
use bytes::Bytes;
use receivables::channel::Channel;
use receivables::id::CustomerId;
use receivables::law::input::{ConsentInput, Word};
use receivables::law::{Attorney, Inconvenient};
use serde_json::{Map, Value};
use store::Tx;
use store::law::{self, Limit};
use web::{Cx, Principal, Problem, Reply, Scope};

/// `GET /v1/customers/{id}/contact-record`.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    record(&cx.db().await?, &customer_id(id)?).await
}

/// Records what is so from now on, and answers all of it.
async fn set(
    cx: &Cx,
    principal: &Principal,
    bytes: &Bytes,
    id: &CustomerId,
    limit: Limit<'_>,
) -> Result<Reply, Problem> {
    cx.once(principal, bytes, async |tx| {
        match law::set(tx, cx.moment(), id, limit, &principal.id).await? {
            true => record(tx, id).await,
            false => Err(no_customer()),
        }
    })
    .await
}

/// `POST /v1/customers/{id}/cease`: `{"how", "evidence"?, "at"?}`.
pub(crate) async fn cease(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let word = Word::parse(&value, cx.moment().now).map_err(Problem::invalid)?;
    set(
        cx,
        &principal,
        &bytes,
        &customer_id(id)?,
        Limit::Cease(Some(&word)),
    )
    .await
}

/// `POST /v1/customers/{id}/validation-notice`: `{"how", "evidence"?, "at"?}`.
pub(crate) async fn validation_notice(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let word = Word::parse(&value, cx.moment().now).map_err(Problem::invalid)?;
    let limit = Limit::ValidationNotice(Some(&word));
    set(cx, &principal, &bytes, &customer_id(id)?, limit).await
}

/// `POST /v1/customers/{id}/attorney`: `{"name", "email"?, "phone"?, "postal"?}`.
pub(crate) async fn attorney(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let attorney = Attorney::parse(&value).map_err(Problem::invalid)?;
    let limit = Limit::Attorney(Some(&attorney));
    set(cx, &principal, &bytes, &customer_id(id)?, limit).await
}

/// `POST /v1/customers/{id}/inconvenient-times`: `{"times": [{"days"?, "from"?, "until"?, "address"?}]}`, all of them.
pub(crate) async fn inconvenient(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let times = Inconvenient::parse_all(&value).map_err(Problem::invalid)?;
    set(
        cx,
        &principal,
        &bytes,
        &customer_id(id)?,
        Limit::Inconvenient(&times),
    )
    .await
}

async fn take_away(cx: &Cx, id: &str, limit: Limit<'_>) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    cx.query(&[])?;
    set(cx, &principal, &Bytes::new(), &customer_id(id)?, limit).await
}

/// `DELETE /v1/customers/{id}/cease`.
pub(crate) async fn resume(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    take_away(cx, id, Limit::Cease(None)).await
}

/// `DELETE /v1/customers/{id}/attorney`.
pub(crate) async fn no_attorney(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    take_away(cx, id, Limit::Attorney(None)).await
}

/// `DELETE /v1/customers/{id}/validation-notice`.
pub(crate) async fn no_notice(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    take_away(cx, id, Limit::ValidationNotice(None)).await
}

/// The channel that an address of ours names; `all` is none in particular.
fn channel(name: &str) -> Result<Option<Channel>, Problem> {
    match name {
        "all" => Ok(None),
        name => Channel::parse(name)
            .map(Some)
            .ok_or_else(|| Problem::not_found("There is no such channel; `all` is every one.")),
    }
}

/// `PUT /v1/customers/{id}/consents/{channel}`: `{"how", "evidence"?, "at"?, "address"?, "purpose"?}`.
pub(crate) async fn give(cx: &Cx, id: &str, name: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (id, channel) = (customer_id(id)?, channel(name)?);
    let (value, _) = cx.json().await?;
    let input = ConsentInput::parse(&value, channel, true, cx.moment().now).map_err(Problem::invalid)?;
    say(cx, &principal, &id, &input).await
}

/// `DELETE /v1/customers/{id}/consents/{channel}?how=&evidence=&at=&address=&purpose=`.
pub(crate) async fn revoke(cx: &Cx, id: &str, name: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let query = cx.query(&["how", "evidence", "at", "address", "purpose"])?;
    let (id, channel) = (customer_id(id)?, channel(name)?);
    let members = query.into_iter().map(|(name, text)| (name, Value::String(text)));
    let value = Value::Object(Map::from_iter(members));
    let input = ConsentInput::parse(&value, channel, false, cx.moment().now).map_err(Problem::invalid)?;
    say(cx, &principal, &id, &input).await
}

async fn say(
    cx: &Cx,
    principal: &Principal,
    id: &CustomerId,
    input: &ConsentInput,
) -> Result<Reply, Problem> {
    let db = cx.db().await?;
    db.transaction(async |tx: &Tx<'_>| {
        match law::consent(tx, cx.moment(), id, input, &principal.id).await? {
            true => record(tx, id).await,
            false => Err(no_customer()),
        }
    })
    .await
}
