//! Addresses that somebody has made sure of.

use crate::{customer_id, no_customer};
use receivables::intake::VerifyInput;
use store::contacts::{self, Verified};
use store::views;
use web::{Cx, Problem, Reply, Scope};

/// `POST /v1/customers/{id}/contacts/verify`: messages that wait for the address are looked at again at once.
pub(crate) async fn verify(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let input = VerifyInput::parse(&value).map_err(Problem::invalid)?;
    let id = customer_id(id)?;
    cx.once(&principal, &bytes, async |tx| {
        let (moment, note) = (cx.moment(), input.note.as_deref());
        views::customer(tx, moment, &id).await?.ok_or_else(no_customer)?;
        match contacts::verify(tx, moment, &id, &input.address, &principal.id, note).await? {
            Verified::Done | Verified::Already => {}
            Verified::Unknown => {
                return Err(Problem::invalid_field(
                    "/address",
                    "unknown_contact",
                    "no contact of the customer has that address",
                ));
            }
        }
        let view = views::customer(tx, moment, &id).await?;
        Ok(Reply::json(200, &view.ok_or_else(no_customer)?))
    })
    .await
}
