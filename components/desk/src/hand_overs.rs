//! Handing a debt over to an agency, and taking it back.

use crate::approvals::ask;
use crate::{customer_id, no_customer, parameter, reason, word};
use http::{HeaderValue, header};
use receivables::approval::ApprovalKind;
use receivables::currency::Currency;
use receivables::fields::{FieldError, Fields, kinds};
use receivables::hand_over::HandOverStatus;
use receivables::id::{CustomerId, HandOverId};
use receivables::limits;
use serde_json::Value;
use store::approvals::Request;
use store::hand_overs::{self, HandedOver, Recalled};
use store::views;
use web::{Cx, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no hand-over with that id.")
}

/// `{"currency"?, "reason"}`; without a currency, the account's own.
fn parse(value: &Value) -> Result<(Option<Currency>, String), Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let currency = fields.optional("currency", kinds::currency);
    let reason = fields.required("reason", kinds::text(limits::TEXT));
    fields.finish(|| Some((currency, reason?)))
}

/// `POST /v1/customers/{id}/hand-over`: 202, since somebody always has to agree.
pub(crate) async fn begin(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let (currency, why) = parse(&value).map_err(Problem::invalid)?;
    let id = customer_id(id)?;
    cx.once(&principal, &bytes, async |tx| {
        let customer = views::customer(tx, cx.moment(), &id)
            .await?
            .ok_or_else(no_customer)?;
        let currency = currency.unwrap_or(customer.brief.currency);
        let amount = match hand_overs::would_hand_over(tx, &id, currency).await? {
            Ok(claim) => claim,
            Err(refused) => return Err(problem(&refused)),
        };
        let request = Request {
            kind: ApprovalKind::HandOver,
            customer: &id,
            subject: serde_json::json!({"customer": id, "currency": currency}),
            amount: Some(amount),
            asked_by: &principal.id,
            comment: Some(&why),
        };
        ask(cx, tx, &request).await
    })
    .await
}

fn problem(refused: &HandedOver) -> Problem {
    match refused {
        HandedOver::Already => Problem::conflict("wrong_status", "An agency has it already."),
        HandedOver::NothingOwed => Problem::conflict("nothing_owed", "Nothing is owed in that currency."),
        HandedOver::Unknown | HandedOver::Done(_) => no_customer(),
    }
}

/// `GET /v1/hand-overs?status=&customer=`: without their documents.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["status", "customer", "limit", "after"])?;
    let page = cx.page(&query)?;
    let status = word(&query, "status", HandOverStatus::NAMES)?;
    let customer = parameter(&query, "customer", "a customer's id", |text| {
        CustomerId::parse(text).ok()
    })?;
    let after = parameter(&query, "after", "a cursor", |text| HandOverId::parse(text).ok())?;
    let db = cx.db().await?;
    let mut rows = hand_overs::list(&db, customer.as_ref(), status, after.as_ref(), page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/hand-overs/{id}?format=json|csv`: the whole document, or its receivables as CSV.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["format"])?;
    let csv = word(&query, "format", &[("json", false), ("csv", true)])?.unwrap_or(false);
    let id = HandOverId::parse(id).map_err(|_| unknown())?;
    let db = cx.db().await?;
    if !csv {
        let view = hand_overs::one(&db, &id).await?;
        return Ok(Reply::json(200, &view.ok_or_else(unknown)?));
    }
    let text = hand_overs::csv(&db, &id).await?.ok_or_else(unknown)?;
    let name = format!("attachment; filename=\"{id}.csv\"");
    let name =
        HeaderValue::from_str(&name).map_err(|error| Problem::internal(format!("file name: {error}")))?;
    Ok(Reply::csv(text).with_header(header::CONTENT_DISPOSITION, name))
}

/// `POST /v1/hand-overs/{id}/recall`.
pub(crate) async fn recall(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let why = reason(&value)?;
    let id = HandOverId::parse(id).map_err(|_| unknown())?;
    cx.once(&principal, &bytes, async |tx| {
        match hand_overs::recall(tx, cx.moment(), &id, &why, &principal.id).await? {
            Recalled::Done => {
                let view = hand_overs::one(tx, &id).await?;
                Ok(Reply::json(200, &view.ok_or_else(unknown)?))
            }
            Recalled::Unknown => Err(unknown()),
            Recalled::NotActive => Err(Problem::conflict("wrong_status", "It was taken back before.")),
        }
    })
    .await
}
