//! Credit notes, and UBL documents of either kind.

use crate::invoices::{self, conflict};
use formats::ubl::{self, UblIntake};
use receivables::fields::FieldError;
use receivables::intake::{CreditNoteInput, CustomerInput, CustomerRef};
use store::Tx;
use store::credit_notes::{self, Taken};
use store::customers::{self, Directory};
use web::{Cx, Principal, Problem, Reply, Scope, limits};

/// The customer named is not in the ledger.
pub(crate) fn unknown_customer() -> FieldError {
    FieldError::new(
        "/customer",
        "unknown_customer",
        "no such customer; create it first",
    )
}

/// `POST /v1/credit-notes`.
pub(crate) async fn take_credit_note(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    let media_type = cx.media_type();
    if media_type == "text/xml" || media_type.ends_with("xml") {
        return take_ubl(cx, &principal).await;
    }
    let (value, bytes) = cx.json().await?;
    let input = CreditNoteInput::parse(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| credit_note(cx, tx, &input).await)
        .await
}

async fn credit_note(cx: &Cx, tx: &Tx<'_>, input: &CreditNoteInput) -> Result<Reply, Problem> {
    let (status, applied) = match credit_notes::take(tx, cx.moment(), input).await? {
        Taken::Accepted(applied) => (201, applied),
        Taken::Duplicate(applied) => (200, applied),
        Taken::Conflict(id) => return Err(conflict(&input.number, id.as_str())),
        Taken::UnknownCustomer => return Err(Problem::invalid(vec![unknown_customer()])),
        Taken::OtherCurrency(currency) => {
            return Err(Problem::invalid_field(
                "/currency",
                "currency_mismatch",
                format!("the invoice that it names is in {currency}"),
            ));
        }
    };
    Ok(Reply::json(
        status,
        &serde_json::json!({"id": applied.id, "kind": "credit_note", "number": input.number,
            "customer": input.customer, "issue_date": input.issue_date, "currency": input.currency,
            "total": input.total, "invoice_number": input.invoice_number, "invoices": input.invoices,
            "applied": applied.applied, "unapplied": applied.unapplied}),
    ))
}

/// A UBL 2.1 Invoice or CreditNote. A buyer who is not known yet becomes a customer; one who is stays as it is.
pub(crate) async fn take_ubl(cx: &Cx, principal: &Principal) -> Result<Reply, Problem> {
    let bytes = cx.bytes(limits::BULK_BODY).await?;
    let document = ubl::parse(&bytes).map_err(Problem::invalid)?;
    match document.as_intake().map_err(Problem::invalid)? {
        UblIntake::Invoice { customer, invoice } => {
            cx.once(principal, &bytes, async |tx| {
                make_known(cx, tx, &customer).await?;
                invoices::one(cx, tx, &invoice).await
            })
            .await
        }
        UblIntake::CreditNote {
            customer,
            credit_note: input,
        } => {
            cx.once(principal, &bytes, async |tx| {
                make_known(cx, tx, &customer).await?;
                credit_note(cx, tx, &input).await
            })
            .await
        }
    }
}

async fn make_known(cx: &Cx, tx: &Tx<'_>, draft: &CustomerInput) -> Result<(), Problem> {
    let reference = CustomerRef::ExternalId(draft.external_id.clone());
    let directory = Directory::load(tx, std::iter::once(&reference)).await?;
    if directory.get(&reference).is_none() {
        customers::upsert(tx, cx.moment(), std::slice::from_ref(draft)).await?;
    }
    Ok(())
}
