//! What providers pay out, and whether bank and ledger agree.

use chrono::NaiveDate;
use receivables::bank::payout::Payout;
use receivables::fields::kinds;
use receivables::id::PayoutId;
use std::collections::BTreeMap;
use store::Db;
use store::bank::{self, PayoutView, Payouts};
use web::{Cx, Problem, Reply, Scope, limits, parse_json};

/// The longest time of one report: a year and a day.
const MOST_DAYS: i64 = 366;

fn unknown() -> Problem {
    Problem::not_found("There is no payout with that id.")
}

async fn shown(db: &Db, id: &PayoutId) -> Result<PayoutView, Problem> {
    bank::one_payout(db, id).await?.ok_or_else(unknown)
}

/// `POST /v1/payouts`: 201 where it is new, 200 where it is on record.
pub(crate) async fn take_payout(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    if cx.media_type() != "application/json" {
        return Err(Problem::unsupported_media_type("application/json"));
    }
    let bytes = cx.bytes(limits::BULK_BODY).await?;
    let payout = Payout::parse(&parse_json(&bytes)?).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let (status, id) = match bank::keep_payout(tx, cx.moment(), &payout).await? {
            Payouts::Accepted(id) => (201, id),
            Payouts::Duplicate(id) => (200, id),
            Payouts::Conflict(id) => {
                let detail = format!(
                    "Payout {} is on record with other content, as {id}.",
                    payout.reference
                );
                return Err(Problem::conflict("reference_taken", detail));
            }
        };
        Ok(Reply::json(status, &shown(tx, &id).await?))
    })
    .await
}

/// `GET /v1/payouts/{id}`.
pub(crate) async fn show_payout(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let id = PayoutId::parse(id).map_err(|_| unknown())?;
    Ok(Reply::json(200, &shown(&cx.db().await?, &id).await?))
}

fn day(query: &BTreeMap<String, String>, name: &str) -> Result<NaiveDate, Problem> {
    let Some(text) = query.get(name) else {
        return Err(Problem::bad_request(format!("`{name}` is required.")));
    };
    kinds::date_in(text).map_err(|problem| Problem::bad_request(format!("`{name}`: {}.", problem.detail)))
}

/// `GET /v1/reports/reconciliation?from=&to=`.
pub(crate) async fn report(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["from", "to"])?;
    let (from, to) = (day(&query, "from")?, day(&query, "to")?);
    if from > to || to.signed_duration_since(from).num_days() > MOST_DAYS {
        return Err(Problem::bad_request(
            "`to` is not before `from`, and at most a year after it.",
        ));
    }
    Ok(Reply::json(200, &bank::report(&cx.db().await?, from, to).await?))
}
