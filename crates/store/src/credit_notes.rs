//! Credit notes: against the invoice that they name, the rest on account. Natural key: the creditor's number.

use crate::charges;
use crate::customers::Directory;
use crate::db::{Tx, statements};
use crate::dunning;
use crate::error::Result;
use crate::moment::Moment;
use crate::numbering;
use crate::params;
use crate::postings::{self, Kind, Posting};
use receivables::currency::Currency;
use receivables::id::{CreditNoteId, CustomerId, InvoiceId};
use receivables::intake::CreditNoteInput;
use receivables::money::Money;
use serde::Deserialize;
use std::collections::BTreeSet;

statements! {
    BY_NUMBER = "SELECT json_object('id', id, 'numbering', numbering, 'content', content, 'currency', currency,
            'applied_minor', applied_minor, 'unapplied_minor', unapplied_minor)
        FROM credit_notes WHERE number = ?";
    INVOICES = "SELECT json_object('id', id, 'numbering', numbering, 'currency', currency,
            'balance_minor', balance_minor) FROM invoices WHERE number = ? AND customer_id = ?";
    INSERT = "INSERT INTO credit_notes (id, customer_id, number, numbering, issue_on, currency, total_minor, applied_minor,
            unapplied_minor, content, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
}

/// How a credit note was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Ours.
    pub id: CreditNoteId,
    /// Set against the invoice that it names.
    pub applied: Money,
    /// Kept on account.
    pub unapplied: Money,
}

/// What became of a credit note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// New, and now in the ledger.
    Accepted(Applied),
    /// In the ledger already, the same.
    Duplicate(Applied),
    /// The number is in the ledger with other content.
    Conflict(CreditNoteId),
    /// No such customer.
    UnknownCustomer,
    /// The invoice named is in another currency.
    OtherCurrency(Currency),
}

#[derive(Deserialize)]
struct Existing {
    id: CreditNoteId,
    #[serde(flatten)]
    known: numbering::Known,
    currency: Currency,
    applied_minor: i64,
    unapplied_minor: i64,
}

#[derive(Deserialize)]
struct Target {
    id: InvoiceId,
    numbering: String,
    currency: Currency,
    balance_minor: i64,
}

/// Takes a credit note into the ledger. An invoice that it names and that is not (yet) known leaves it on account.
pub async fn take(tx: &Tx<'_>, moment: Moment, input: &CreditNoteInput) -> Result<Taken> {
    let content = serde_json::to_string(input)?;
    let ours = numbering::Known::new(input.numbering.as_deref(), &content);
    let namesakes: Vec<Existing> = tx.list(BY_NUMBER, params![input.number.as_str()]).await?;
    if let Some(existing) = namesakes
        .into_iter()
        .find(|existing| existing.known.stands_for_the_same(&ours))
    {
        if existing.known.content != content {
            return Ok(Taken::Conflict(existing.id));
        }
        return Ok(Taken::Duplicate(Applied {
            id: existing.id,
            applied: Money::new(existing.applied_minor, existing.currency),
            unapplied: Money::new(existing.unapplied_minor, existing.currency),
        }));
    }
    let directory = Directory::load(tx, std::iter::once(&input.customer)).await?;
    let Some(customer) = directory.get(&input.customer) else {
        return Ok(Taken::UnknownCustomer);
    };
    let customer = customer.id.clone();
    let currency = input.total.currency();
    let target = match &input.invoice_number {
        Some(number) => {
            let named: Vec<Target> = tx
                .list(INVOICES, params![number.as_str(), customer.as_str()])
                .await?;
            let numbering = input.numbering.as_deref().unwrap_or_default();
            named
                .into_iter()
                .find(|target| numbering::corrects(numbering, &target.numbering))
        }
        None => None,
    };
    if let Some(target) = target.as_ref().filter(|target| target.currency != currency) {
        return Ok(Taken::OtherCurrency(target.currency));
    }
    let open_minor = target.as_ref().map_or(0, |target| target.balance_minor);
    let applied = Money::new(input.total.minor().min(open_minor), currency);
    let unapplied = input.total.checked_sub(applied)?;
    let id = moment.id(CreditNoteId::from_parts)?;
    tx.run(
        INSERT,
        params![
            id.as_str(),
            customer.as_str(),
            input.number.as_str(),
            input.numbering.as_deref().unwrap_or_default(),
            input.issue_date.to_string(),
            currency.code(),
            input.total.minor(),
            applied.minor(),
            unapplied.minor(),
            content,
            moment.ms(),
        ],
    )
    .await?;
    post(
        tx,
        moment,
        &id,
        &customer,
        input,
        [
            (target.as_ref().map(|target| target.id.clone()), applied),
            (None, unapplied),
        ],
    )
    .await?;
    let credited: BTreeSet<&InvoiceId> = target.iter().map(|target| &target.id).collect();
    charges::correct(tx, moment, &credited).await?;
    dunning::replan(tx, moment, &BTreeSet::from([customer])).await?;
    Ok(Taken::Accepted(Applied {
        id,
        applied,
        unapplied,
    }))
}

async fn post(
    tx: &Tx<'_>,
    moment: Moment,
    id: &CreditNoteId,
    customer: &CustomerId,
    input: &CreditNoteInput,
    parts: [(Option<InvoiceId>, Money); 2],
) -> Result<()> {
    let entries = parts
        .into_iter()
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(invoice, amount)| {
            Ok(Posting {
                customer: customer.clone(),
                invoice,
                kind: Kind::CreditNote,
                amount: amount.checked_neg()?,
                value_on: input.issue_date,
                source_id: id.to_string(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    postings::post(tx, moment, &entries).await
}
