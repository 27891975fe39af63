//! Credit notes: taken in, and taken back.

use crate::e_invoices;
use crate::invoices::conflict;
use receivables::id::CreditNoteId;
use receivables::intake::CreditNoteInput;
use store::Tx;
use store::billing::generic::{credit_note_awaited, resume};
use store::credit_notes::{self, Taken, Voided};
use web::{Cx, Problem, Reply, Scope, limits};

/// `POST /v1/credit-notes`.
pub(crate) async fn take_credit_note(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    let media_type = cx.media_type();
    if media_type == "text/xml" || media_type.ends_with("xml") {
        return e_invoices::take_document(cx, &principal).await;
    }
    let (value, bytes) = cx.json().await?;
    let input = CreditNoteInput::parse(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| credit_note(cx, tx, &input).await)
        .await
}

async fn credit_note(cx: &Cx, tx: &Tx<'_>, input: &CreditNoteInput) -> Result<Reply, Problem> {
    taken_credit_note(cx, tx, input).await.map(|(reply, _)| reply)
}

/// Takes a credit note; the answer, and its id.
pub(crate) async fn taken_credit_note(
    cx: &Cx,
    tx: &Tx<'_>,
    input: &CreditNoteInput,
) -> Result<(Reply, CreditNoteId), Problem> {
    let (status, applied) = match credit_notes::take(tx, cx.moment(), input).await? {
        Taken::Accepted(applied) => (201, applied),
        Taken::Duplicate(applied) => (200, applied),
        Taken::Conflict(id) => return Err(conflict(&input.number, id.as_str())),
        Taken::UnknownCustomer => return Err(Problem::invalid(vec![e_invoices::unknown_customer()])),
        Taken::OtherCurrency(currency) => {
            return Err(Problem::invalid_field(
                "/currency",
                "currency_mismatch",
                format!("the invoice that it names is in {currency}"),
            ));
        }
    };
    resume(tx, cx.moment(), vec![credit_note_awaited(&input.number)]).await?;
    let reply = Reply::json(
        status,
        &serde_json::json!({"id": applied.id, "kind": "credit_note", "number": input.number,
            "customer": input.customer, "issue_date": input.issue_date, "currency": input.currency,
            "total": input.total, "invoice_number": input.invoice_number, "invoices": input.invoices,
            "applied": applied.applied, "unapplied": applied.unapplied}),
    );
    Ok((reply, applied.id))
}

/// `POST /v1/credit-notes/{id}/void`.
pub(crate) async fn void(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    let unknown = || Problem::not_found("There is no credit note with that id.");
    let id = CreditNoteId::parse(id).map_err(|_| unknown())?;
    let bytes = cx.bytes(limits::BODY).await?;
    cx.once(&principal, &bytes, async |tx| {
        match credit_notes::void(tx, cx.moment(), &id).await? {
            Voided::Done(_) => Ok(Reply::json(
                200,
                &serde_json::json!({"id": id, "kind": "credit_note", "status": "void"}),
            )),
            Voided::Unknown => Err(unknown()),
        }
    })
    .await
}
