//! Holds on customers and invoices.

use crate::{customer_id, no_customer};
use bytes::Bytes;
use receivables::hold::HoldInput;
use receivables::id::InvoiceId;
use serde_json::Value;
use store::holds::{self, Held};
use store::{Tx, views};
use web::{Cx, Principal, Problem, Reply, Scope};

fn no_invoice() -> Problem {
    Problem::not_found("There is no invoice with that id.")
}

/// `POST` and `DELETE /v1/customers/{id}/hold`: stops and resumes all contact with a customer.
pub(crate) async fn customer(cx: &Cx, id: &str, on: bool) -> Result<Reply, Problem> {
    let (principal, body, bytes) = asked(cx, on).await?;
    let id = customer_id(id)?;
    cx.once(&principal, &bytes, async |tx| {
        set(cx, tx, Held::Customer(&id), body.as_ref(), &principal).await?;
        let view = views::customer(tx, cx.moment(), &id).await?;
        Ok(Reply::json(200, &view.ok_or_else(no_customer)?))
    })
    .await
}

/// `POST` and `DELETE /v1/invoices/{id}/hold`: stops and resumes speaking about an invoice.
pub(crate) async fn invoice(cx: &Cx, id: &str, on: bool) -> Result<Reply, Problem> {
    let (principal, body, bytes) = asked(cx, on).await?;
    let id = InvoiceId::parse(id).map_err(|_| no_invoice())?;
    cx.once(&principal, &bytes, async |tx| {
        set(cx, tx, Held::Invoice(&id), body.as_ref(), &principal).await?;
        let view = views::invoice(tx, &id).await?;
        Ok(Reply::json(200, &view.ok_or_else(no_invoice)?))
    })
    .await
}

/// Who asks, and what for: a release has no body.
async fn asked(cx: &Cx, on: bool) -> Result<(Principal, Option<Value>, Bytes), Problem> {
    let principal = cx.require(Scope::Collect).await?;
    if !on {
        return Ok((principal, None, Bytes::new()));
    }
    let (value, bytes) = cx.json().await?;
    Ok((principal, Some(value), bytes))
}

async fn set(
    cx: &Cx,
    tx: &Tx<'_>,
    held: Held<'_>,
    body: Option<&Value>,
    principal: &Principal,
) -> Result<(), Problem> {
    let subject = holds::subject(tx, cx.moment(), held).await?;
    let subject = subject.ok_or_else(|| match held {
        Held::Customer(_) => no_customer(),
        Held::Invoice(_) => no_invoice(),
    })?;
    let hold = body.map(|value| HoldInput::parse(value, subject.today));
    let hold = hold.transpose().map_err(Problem::invalid)?;
    holds::set(tx, cx.moment(), held, &subject, hold.as_ref(), &principal.id).await?;
    Ok(())
}
