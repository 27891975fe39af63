//! Electronic documents, invoices and credit notes: UBL 2.1 and CII.

use crate::credit_notes::taken_credit_note;
use crate::files;
use crate::invoices::{self, taken_one};
use formats::document::{self, Document, Intake};
use receivables::fields::FieldError;
use receivables::intake::{CustomerInput, CustomerRef};
use store::Tx;
use store::customers::{self, Directory};
use store::documents::{self, Owner};
use web::{Cx, Principal, Problem, Reply, limits};

/// The customer named is not in the ledger.
pub(crate) fn unknown_customer() -> FieldError {
    FieldError::new(
        "/customer",
        "unknown_customer",
        "no such customer; create it first",
    )
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
