//! What is owed on a date: by one customer, by many at once.

use chrono::NaiveDate;
use receivables::charges::ChargeError;
use receivables::fields::{FieldError, Fields, kinds};
use receivables::id::CustomerId;
use receivables::intake::CustomerRef;
use receivables::limits::DUES_CUSTOMERS;
use serde_json::{Value, json};
use store::Db;
use store::customers::Directory;
use store::dues::{self, CustomerDues};
use web::{Cx, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no customer with that id.")
}

/// `GET /v1/customers/{id}/dues?on=`. Without `on`: today.
pub(crate) async fn of_one(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["on"])?;
    let on = match query.get("on").map(|text| kinds::date_in(text)) {
        None => cx.moment().now.date_naive(),
        Some(Ok(on)) => on,
        Some(Err(problem)) => return Err(Problem::bad_request(format!("`on`: {}.", problem.detail))),
    };
    let id = CustomerId::parse(id).map_err(|_| unknown())?;
    let db = cx.db().await?;
    if !strangers(&db, std::slice::from_ref(&id)).await?.is_empty() {
        return Err(unknown());
    }
    let mut computed = dues::of_customers(&db, cx.moment(), std::slice::from_ref(&id), on).await?;
    match computed.remove(&id) {
        Some(Ok(dues)) => Ok(Reply::json(200, &json!({"customer": id, "on": on, "dues": dues}))),
        Some(Err(error)) => Err(Problem::conflict("no_rate", format!("{error}."))),
        None => Err(unknown()),
    }
}

/// Those of `ids` that are no customer, each by its place in the list.
async fn strangers(db: &Db, ids: &[CustomerId]) -> Result<Vec<FieldError>, Problem> {
    let named: Vec<CustomerRef> = ids.iter().cloned().map(CustomerRef::Id).collect();
    let known = Directory::load(db, named.iter()).await?;
    let unknown = named.iter().enumerate().filter(|(_, id)| known.get(id).is_none());
    Ok(unknown
        .map(|(at, _)| FieldError::new(format!("/customers/{at}"), "unknown_customer", "no such customer"))
        .collect())
}

struct Batch {
    customers: Vec<CustomerId>,
    on: Option<NaiveDate>,
}

fn batch(value: &Value) -> Result<Batch, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let customers = fields.values("customers", DUES_CUSTOMERS, kinds::id(CustomerId::parse));
    if !fields.has("customers") {
        fields.report("customers", "required", "`customers` is required");
    }
    let on = fields.optional("on", kinds::date);
    fields.finish(|| Some(Batch { customers, on }))
}

/// `POST /v1/dues`: `{"customers": [...], "on"?: "2026-02-28"}`. Reads only.
pub(crate) async fn of_many(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let (value, _) = cx.json().await?;
    let batch = batch(&value).map_err(Problem::invalid)?;
    let on = batch.on.unwrap_or(cx.moment().now.date_naive());
    let db = cx.db().await?;
    let unknown = strangers(&db, &batch.customers).await?;
    if !unknown.is_empty() {
        return Err(Problem::invalid(unknown));
    }
    let computed = dues::of_customers(&db, cx.moment(), &batch.customers, on).await?;
    let data: Vec<Value> = computed.iter().map(|(id, computed)| line(id, computed)).collect();
    let settled = computed.values().flatten().flatten();
    let totals = dues::totals(settled)?;
    Ok(Reply::json(
        200,
        &json!({"on": on, "data": data, "totals": totals}),
    ))
}

fn line(id: &CustomerId, computed: &Result<Vec<CustomerDues>, ChargeError>) -> Value {
    match computed {
        Ok(dues) => json!({"customer": id, "dues": dues, "missing": null}),
        Err(ChargeError::NoRate { series, from, to }) => {
            json!({"customer": id, "dues": null, "missing": {"series": series, "from": from, "to": to}})
        }
        // No other error is kept: it ends the request.
        Err(ChargeError::Money(_)) => json!({"customer": id, "dues": null, "missing": null}),
    }
}
