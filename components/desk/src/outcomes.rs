//! What an outcome does to the account: the table is `receivables::task`'s, this carries it out.

use receivables::dispute::DisputeInput;
use receivables::fields::FieldError;
use receivables::id::CustomerId;
use receivables::promise::PromiseInput;
use receivables::suppression::Reason;
use receivables::task::{Effect, Report, Settled};
use serde_json::Value;
use store::Tx;
use store::disputes::{self, Refused};
use store::promises;
use store::suppressions::{self, Evidence};
use web::{Cx, Problem};

/// Does what `settled` says, with what the report carries for it.
pub(crate) async fn apply(
    cx: &Cx,
    tx: &Tx<'_>,
    customer: &CustomerId,
    settled: &Settled,
    report: &Report,
    by: &str,
) -> Result<(), Problem> {
    match (settled.effect, &report.payload, &report.contact) {
        (Effect::Promise, Some(payload), _) => promise(cx, tx, customer, payload, by).await,
        (Effect::Dispute, Some(payload), _) => dispute(cx, tx, customer, payload, by).await,
        (Effect::GiveUpContact, _, Some(contact)) => give_up(cx, tx, customer, contact, by).await,
        // What an effect needs is there: the report would not have been read without it.
        (Effect::Nothing | Effect::Promise | Effect::Dispute | Effect::GiveUpContact, _, _) => Ok(()),
    }
}

/// The number or address is somebody else's: nothing goes there any more.
async fn give_up(
    cx: &Cx,
    tx: &Tx<'_>,
    customer: &CustomerId,
    contact: &str,
    by: &str,
) -> Result<(), Problem> {
    if !suppressions::reaches(tx, customer, contact).await? {
        return Err(Problem::invalid_field(
            "/contact",
            "unknown_contact",
            "no contact of this customer has that number or address",
        ));
    }
    let evidence = Evidence {
        address: contact,
        reason: Reason::WrongAddress,
        source: by,
        detail: "who answers there is not the customer",
        at: cx.moment().now,
    };
    suppressions::add(tx, cx.moment(), &evidence).await?;
    Ok(())
}

/// What is wrong with a payload, each at its place in the report.
fn within(name: &str, errors: Vec<FieldError>) -> Problem {
    let placed = errors.into_iter().map(|error| FieldError {
        pointer: format!("/{name}{}", error.pointer),
        ..error
    });
    Problem::invalid(placed.collect())
}

/// A promise, in the shape in which it is made on its own, less the customer.
async fn promise(
    cx: &Cx,
    tx: &Tx<'_>,
    customer: &CustomerId,
    payload: &Value,
    by: &str,
) -> Result<(), Problem> {
    let refused = |errors| within("promise", errors);
    let mut payload = payload.clone();
    if let Some(members) = payload.as_object_mut() {
        members.insert("customer".to_owned(), serde_json::json!({"id": customer}));
    }
    let input = PromiseInput::parse(&payload).map_err(refused)?;
    promises::make(tx, cx.moment(), &input, by)
        .await?
        .map_err(refused)?;
    Ok(())
}

/// A dispute, in the shape in which it is opened on its own.
async fn dispute(
    cx: &Cx,
    tx: &Tx<'_>,
    customer: &CustomerId,
    payload: &Value,
    by: &str,
) -> Result<(), Problem> {
    let refused = |errors| within("dispute", errors);
    let input = DisputeInput::parse(payload).map_err(refused)?;
    match disputes::open(tx, cx.moment(), Some(customer), &input, by).await? {
        Ok(_) => Ok(()),
        Err(Refused::Invalid(errors)) => Err(refused(errors)),
        Err(other) => Err(Problem::internal(format!("a new dispute is refused: {other:?}"))),
    }
}
