//! Lines of statements, and what people decide about them.

use receivables::allocation::{InvoiceRef, RemittanceLine};
use receivables::fields::{FieldError, Fields, kinds};
use receivables::id::{BankLineId, InvoiceId, PaymentId};
use receivables::intake::CustomerRef;
use receivables::limits::{NUMBER, REMITTANCE_LINES, TEXT};
use receivables::matching::CANDIDATES;
use serde_json::Value;
use store::Db;
use store::bank::{self, Decision, LineView, Match};
use web::{Cx, Problem, Reply, Scope};

const STATUSES: &[&str] = &["received", "matched", "review", "ignored"];

fn unknown() -> Problem {
    Problem::not_found("There is no bank line with that id.")
}

/// `GET /v1/bank-lines?status=`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["status", "limit", "after"])?;
    let page = cx.page(&query)?;
    let status = query.get("status").map(String::as_str);
    if status.is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(Problem::bad_request(
            "`status` is received, matched, review or ignored.",
        ));
    }
    let after = page.after.as_deref().unwrap_or_default();
    let mut rows = bank::lines(&cx.db().await?, status, after, page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

async fn shown(db: &Db, id: &BankLineId) -> Result<LineView, Problem> {
    bank::line(db, id).await?.ok_or_else(unknown)
}

/// `GET /v1/bank-lines/{id}`.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let id = BankLineId::parse(id).map_err(|_| unknown())?;
    Ok(Reply::json(200, &shown(&cx.db().await?, &id).await?))
}

/// One of: `{"candidate": 1}`, `{"customer"?, "allocations"?}`, `{"payment": "pay_..."}`, `{"ignore": "reason"}`.
fn wanted(value: &Value) -> Result<Match, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let ways = [
        fields.has("candidate"),
        fields.has("customer") || fields.has("allocations"),
        fields.has("payment"),
        fields.has("ignore"),
    ];
    if ways.iter().filter(|way| **way).count() != 1 {
        let detail =
            "say one thing: `candidate`; `customer` with or without `allocations`; `payment`; or `ignore`";
        fields.report("", "one_of", detail);
    }
    let most = i64::try_from(CANDIDATES).unwrap_or(i64::MAX);
    let candidate = fields.optional("candidate", kinds::integer(1..=most));
    let customer = fields.optional_object("customer", CustomerRef::read);
    let allocations = fields.objects("allocations", REMITTANCE_LINES, |line| {
        if line.has("invoice_id") == line.has("invoice_number") {
            line.report(
                "",
                "one_of",
                "an invoice is named by either `invoice_id` or `invoice_number`",
            );
        }
        let id = line.optional("invoice_id", kinds::id(InvoiceId::parse));
        let number = line.optional("invoice_number", kinds::text(NUMBER));
        let amount = line.optional("amount", kinds::positive_money);
        Some(RemittanceLine {
            invoice: id.map(InvoiceRef::Id).or(number.map(InvoiceRef::Number))?,
            amount,
        })
    });
    let payment = fields.optional("payment", kinds::id(PaymentId::parse));
    let ignore = fields.optional("ignore", kinds::text(TEXT));
    fields.finish(|| {
        let candidate = candidate.and_then(|number| usize::try_from(number).ok());
        let by_name = || Match::For {
            customer,
            allocations,
        };
        Some(match (candidate, payment, ignore) {
            (Some(number), ..) => Match::Candidate(number),
            (_, Some(payment), _) => Match::Returned(payment),
            (_, _, Some(reason)) => Match::Ignore(reason),
            _ => by_name(),
        })
    })
}

/// `POST /v1/bank-lines/{id}/match`.
pub(crate) async fn decide(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = BankLineId::parse(id).map_err(|_| unknown())?;
    let (value, bytes) = cx.json().await?;
    let wanted = wanted(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let decision = bank::decide(tx, cx.moment(), &id, &wanted, &principal.id).await?;
        answer(tx, &id, decision).await
    })
    .await
}

fn reason(value: &Value) -> Result<String, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let reason = fields.required("reason", kinds::text(TEXT));
    fields.finish(|| reason)
}

/// `POST /v1/bank-lines/{id}/unmatch`: `{"reason": "..."}`.
pub(crate) async fn unmatch(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = BankLineId::parse(id).map_err(|_| unknown())?;
    let (value, bytes) = cx.json().await?;
    let reason = reason(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let decision = bank::unmatch(tx, cx.moment(), &id, &reason, &principal.id).await?;
        answer(tx, &id, decision).await
    })
    .await
}

async fn answer(db: &Db, id: &BankLineId, decision: Decision) -> Result<Reply, Problem> {
    match decision {
        Decision::Done => Ok(Reply::json(200, &shown(db, id).await?)),
        Decision::Unknown => Err(unknown()),
        Decision::Refused(errors) => Err(Problem::invalid(errors)),
        Decision::NotOpen(why) => Err(Problem::conflict(
            "line_not_open",
            format!("This cannot be done with the line as it stands: {why}."),
        )),
    }
}
