//! What an outcome does to the account: the table is `receivables::task`'s, this carries it out.

use receivables::id::CustomerId;
use receivables::suppression::Reason;
use receivables::task::{Effect, Report, Settled};
use serde_json::Value;
use store::Tx;
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

fn nowhere() -> Problem {
    Problem::invalid_field(
        "/outcome",
        "not_supported",
        "nothing records this outcome in this version",
    )
}

/// A promise, in the shape in which it is made on its own, less the customer.
async fn promise(
    _cx: &Cx,
    _tx: &Tx<'_>,
    _customer: &CustomerId,
    _payload: &Value,
    _by: &str,
) -> Result<(), Problem> {
    Err(nowhere())
}

/// A dispute, in the shape in which it is opened on its own.
async fn dispute(
    _cx: &Cx,
    _tx: &Tx<'_>,
    _customer: &CustomerId,
    _payload: &Value,
    _by: &str,
) -> Result<(), Problem> {
    Err(nowhere())
}
