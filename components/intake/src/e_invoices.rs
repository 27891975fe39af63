//! Credit notes, and electronic documents of either kind: UBL 2.1 and CII.

use crate::files;
use crate::invoices::{self, conflict, taken_one};
use formats::document::{self, Document, Intake};
use receivables::fields::FieldError;
use receivables::id::CreditNoteId;
use receivables::intake::{CreditNoteInput, CustomerInput, CustomerRef};
use store::Tx;
use store::credit_notes::{self, Taken};
use store::customers::{self, Directory};
use store::documents::{self, Owner};
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
        return take_document(cx, &principal).await;
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
async fn taken_credit_note(
    cx: &Cx,
    tx: &Tx<'_>,
    input: &CreditNoteInput,
) -> Result<(Reply, CreditNoteId), Problem> {
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
    let reply = Reply::json(
        status,
        &serde_json::json!({"id": applied.id, "kind": "credit_note", "number": input.number,
            "customer": input.customer, "issue_date": input.issue_date, "currency": input.currency,
            "total": input.total, "invoice_number": input.invoice_number, "invoices": input.invoices,
            "applied": applied.applied, "unapplied": applied.unapplied}),
    );
    Ok((reply, applied.id))
}

/// A UBL or CII document. A buyer who is not known yet becomes a customer; one who is stays as it is. What is embedded
/// in it is kept; what is remarkable about it is told.
pub(crate) async fn take_document(cx: &Cx, principal: &Principal) -> Result<Reply, Problem> {
    let bytes = cx.bytes(limits::BULK_BODY).await?;
    let document = document::parse(&bytes).map_err(Problem::invalid)?;
    let intake = document.as_intake().map_err(Problem::invalid)?;
    cx.once(principal, &bytes, async |tx| match &intake {
        Intake::Invoice { customer, invoice } => {
            make_known(cx, tx, customer).await?;
            let (status, id) = taken_one(cx, tx, invoice).await?;
            let remarks = keep(cx, tx, Owner::Invoice(&id), &document).await?;
            let reply = Reply::json(status, &invoices::shown(tx, &id).await?);
            with_remarks(reply, &remarks)
        }
        Intake::CreditNote {
            customer,
            credit_note,
        } => {
            make_known(cx, tx, customer).await?;
            let (reply, id) = taken_credit_note(cx, tx, credit_note).await?;
            let owner = Owner::CreditNote(&id);
            let remarks = keep(cx, tx, owner, &document).await?;
            let kept = documents::of(tx, owner).await?;
            with_remarks(reply.with_member("documents", &kept)?, &remarks)
        }
    })
    .await
}

/// Keeps what is embedded in a document; what its reader and the keeping remarked.
async fn keep(
    cx: &Cx,
    tx: &Tx<'_>,
    owner: Owner<'_>,
    document: &Document,
) -> Result<Vec<FieldError>, Problem> {
    let mut remarks = document.remarks.clone();
    remarks.extend(files::keep(cx, tx, owner, &document.attachments).await?);
    Ok(remarks)
}

fn with_remarks(reply: Reply, remarks: &[FieldError]) -> Result<Reply, Problem> {
    match remarks.is_empty() {
        true => Ok(reply),
        false => reply.with_member("remarks", &remarks),
    }
}

/// Makes the account of a buyer who is not known yet.
pub(crate) async fn make_known(cx: &Cx, tx: &Tx<'_>, draft: &CustomerInput) -> Result<(), Problem> {
    let reference = CustomerRef::ExternalId(draft.external_id.clone());
    let directory = Directory::load(tx, std::iter::once(&reference)).await?;
    if directory.get(&reference).is_none() {
        customers::upsert(tx, cx.moment(), std::slice::from_ref(draft)).await?;
    }
    Ok(())
}
