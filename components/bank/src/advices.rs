//! Remittance advices.

use super::settle;
use formats::remittance;
use receivables::currency::Currency;
use receivables::id::RemittanceId;
use store::Db;
use store::bank::{self, Advice, AdviceView};
use web::{Cx, Problem, Reply, Scope, limits};

/// What this address reads.
const ACCEPTED: &str = "text/plain (an e-mail's text), text/csv, application/xml (UBL 2.1 RemittanceAdvice)";

fn unknown() -> Problem {
    Problem::not_found("There is no remittance advice with that id.")
}

async fn shown(db: &Db, id: &RemittanceId) -> Result<AdviceView, Problem> {
    bank::one_advice(db, id).await?.ok_or_else(unknown)
}

/// `POST /v1/remittances?currency=`: 201 where it is new, 200 where it is on record.
pub(crate) async fn take(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    let query = cx.query(&["currency"])?;
    let currency = query
        .get("currency")
        .map(|code| Currency::parse(code))
        .transpose();
    let currency = currency.map_err(|error| Problem::bad_request(format!("`currency`: {error}.")))?;
    let media_type = cx.media_type();
    let xml = matches!(media_type.as_str(), "application/xml" | "text/xml") || media_type.ends_with("+xml");
    if !xml && !matches!(media_type.as_str(), "text/csv" | "text/plain") {
        return Err(Problem::unsupported_media_type(ACCEPTED));
    }
    let bytes = cx.bytes(limits::BODY).await?;
    let read = match media_type.as_str() {
        _ if xml => remittance::xml(&bytes),
        "text/csv" => remittance::csv(&bytes, currency),
        _ => remittance::email(&bytes),
    };
    let advice = read.map_err(Problem::invalid)?;
    let reply = cx
        .once(&principal, &bytes, async |tx| {
            let (status, id) = match bank::keep_advice(tx, cx.moment(), &advice).await? {
                Advice::Accepted(id) => (201, id),
                Advice::Duplicate(id) => (200, id),
            };
            Ok(Reply::json(status, &shown(tx, &id).await?))
        })
        .await?;
    // Lines that waited for this are judged again; the answer tells how the advice stands afterwards.
    let db = cx.db().await?;
    settle(cx, &db).await?;
    let id = reply
        .value()?
        .get("id")
        .and_then(|id| RemittanceId::parse(id.as_str()?).ok());
    let view = shown(&db, &id.ok_or_else(unknown)?).await?;
    reply
        .with_member("status", &view.status)?
        .with_member("payment_id", &view.payment_id)
}

/// `GET /v1/remittances`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["limit", "after"])?;
    let page = cx.page(&query)?;
    let mut rows = bank::advices(&cx.db().await?, page.after.as_deref(), page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/remittances/{id}`.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let id = RemittanceId::parse(id).map_err(|_| unknown())?;
    Ok(Reply::json(200, &shown(&cx.db().await?, &id).await?))
}
