//! Credit notes: against the invoices that they name, the rest on account. Natural key: the creditor's number.

use crate::activities::{self, Activity};
use crate::consequences;
use crate::customers::Directory;
use crate::db::{Tx, statements};
use crate::error::{Result, StoreError};
use crate::moment::Moment;
use crate::numbering;
use crate::params;
use crate::postings::{self, Kind, Posting};
use chrono::NaiveDate;
use receivables::allocation::{self, InvoiceRef, OpenInvoice, RemittanceLine};
use receivables::currency::Currency;
use receivables::id::{CreditNoteId, CustomerId, InvoiceId};
use receivables::intake::CreditNoteInput;
use receivables::money::Money;
use receivables::receivable::ReceivableKind;
use serde::Deserialize;
use std::collections::BTreeSet;

statements! {
    BY_NUMBER = "SELECT json_object('id', id, 'numbering', numbering, 'content', content, 'currency', currency,
            'applied_minor', applied_minor, 'unapplied_minor', unapplied_minor)
        FROM credit_notes WHERE number = ?";
    INVOICES = "SELECT json_object('id', id, 'number', number, 'numbering', numbering, 'currency', currency,
            'due_on', due_on, 'issue_on', issue_on, 'balance_minor', balance_minor) FROM invoices
        WHERE number IN (SELECT value FROM json_each(?)) AND customer_id = ?";
    TOTAL = "SELECT json_object('total_minor', total_minor, 'currency', currency) FROM credit_notes WHERE id = ?";
    INSERT = "INSERT INTO credit_notes (id, customer_id, number, numbering, issue_on, currency, total_minor, applied_minor,
            unapplied_minor, content, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    ID_OF_NUMBER = "SELECT id FROM credit_notes WHERE number = ? AND numbering = ''";
    STANDING = "SELECT json_object('customer', customer_id, 'number', number, 'currency', currency,
            'total_minor', total_minor, 'voided_on', voided_on) FROM credit_notes WHERE id = ?";
    /// What it did, wherever its credit is now. An invoice that is void took only what was left of it: nothing of that
    /// comes back.
    EFFECT = "SELECT json_object('invoice', p.invoice_id, 'minor', sum(p.amount_minor))
        FROM postings p INDEXED BY postings_of_money LEFT JOIN invoices i ON i.id = p.invoice_id
        WHERE p.source_id = ? AND p.kind IN ('payment', 'credit_note') AND i.state IS NOT 'void' GROUP BY p.invoice_id";
    VOID = "UPDATE credit_notes SET voided_on = ?2, applied_minor = total_minor, unapplied_minor = 0 WHERE id = ?1";
}

/// How a credit note was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Ours.
    pub id: CreditNoteId,
    /// Set against the invoices that it names.
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
    /// An invoice named is in another currency.
    OtherCurrency(Currency),
}

/// What became of voiding a credit note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voided {
    /// It is void, and these invoices are owed again; none where it was void before.
    Done(Vec<InvoiceId>),
    /// There is none of that id.
    Unknown,
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
    number: String,
    numbering: String,
    currency: Currency,
    due_on: NaiveDate,
    issue_on: NaiveDate,
    balance_minor: i64,
}

impl Target {
    /// As it takes a credit, for which neither its kind nor its parts matter.
    fn open(&self) -> OpenInvoice {
        OpenInvoice {
            id: self.id.clone(),
            number: self.number.clone(),
            kind: ReceivableKind::Invoice,
            due_on: self.due_on,
            issue_on: self.issue_on,
            balance: Money::new(self.balance_minor, self.currency),
            parts: Vec::new(),
            discount: None,
        }
    }
}

/// What a credit note credits.
pub(crate) async fn total(tx: &Tx<'_>, id: &CreditNoteId) -> Result<Option<Money>> {
    #[derive(Deserialize)]
    struct Row {
        total_minor: i64,
        currency: Currency,
    }
    let row: Option<Row> = tx.find(TOTAL, params![id.as_str()]).await?;
    Ok(row.map(|row| Money::new(row.total_minor, row.currency)))
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
    let (open, lines) = match named(tx, &customer, input).await? {
        Ok(named) => named,
        Err(other) => return Ok(Taken::OtherCurrency(other)),
    };
    let allocation = allocation::credit(input.total, &lines, &open)
        .map_err(|error| StoreError::Host(format!("credit note {}: {error}", input.number)))?;
    let unapplied = allocation.unapplied;
    let applied = input.total.checked_sub(unapplied)?;
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
    let parts = allocation
        .parts
        .into_iter()
        .map(|part| (Some(part.invoice), part.amount));
    post(
        tx,
        moment,
        &id,
        &customer,
        input,
        parts.chain([(None, unapplied)]),
    )
    .await?;
    let concerned = BTreeSet::from([customer]);
    consequences::of_money(tx, moment, &concerned).await?;
    Ok(Taken::Accepted(Applied {
        id,
        applied,
        unapplied,
    }))
}

/// The open invoices that a credit note corrects, and by how much each; or the other currency that one of them is in.
async fn named(
    tx: &Tx<'_>,
    customer: &CustomerId,
    input: &CreditNoteInput,
) -> Result<std::result::Result<(Vec<OpenInvoice>, Vec<RemittanceLine>), Currency>> {
    let one = input.invoice_number.iter().map(|number| (number, None));
    let several = input
        .invoices
        .iter()
        .map(|line| (&line.invoice_number, line.amount));
    let wanted: Vec<(&String, Option<Money>)> = one.chain(several).collect();
    let numbers: Vec<&String> = wanted.iter().map(|(number, _)| *number).collect();
    let known: Vec<Target> = tx
        .list(
            INVOICES,
            params![serde_json::to_string(&numbers)?, customer.as_str()],
        )
        .await?;
    let numbering = input.numbering.as_deref().unwrap_or_default();
    let (mut open, mut lines) = (Vec::new(), Vec::new());
    for (number, amount) in wanted {
        let found = known
            .iter()
            .find(|target| target.number == *number && numbering::corrects(numbering, &target.numbering));
        let Some(target) = found else { continue };
        if target.currency != input.total.currency() {
            return Ok(Err(target.currency));
        }
        let invoice = InvoiceRef::Id(target.id.clone());
        lines.push(RemittanceLine { invoice, amount });
        if !open.iter().any(|invoice: &OpenInvoice| invoice.id == target.id) {
            open.push(target.open());
        }
    }
    Ok(Ok((open, lines)))
}

async fn post(
    tx: &Tx<'_>,
    moment: Moment,
    id: &CreditNoteId,
    customer: &CustomerId,
    input: &CreditNoteInput,
    parts: impl Iterator<Item = (Option<InvoiceId>, Money)>,
) -> Result<()> {
    let entries = parts
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

/// The credit note of that number, in the creditor's own series.
pub(crate) async fn by_number(tx: &Tx<'_>, number: &str) -> Result<Option<CreditNoteId>> {
    let row = tx.row(ID_OF_NUMBER, params![number]).await?;
    row.map(|row| {
        let id = row.text(0)?;
        CreditNoteId::parse(id).map_err(|_| StoreError::Decode(format!("no credit note {id}")))
    })
    .transpose()
}

/// Takes all that a credit note did back: what it was set against is owed again, what of it is on account is gone.
pub async fn void(tx: &Tx<'_>, moment: Moment, id: &CreditNoteId) -> Result<Voided> {
    #[derive(Deserialize)]
    struct Standing {
        customer: CustomerId,
        number: String,
        currency: Currency,
        total_minor: i64,
        voided_on: Option<NaiveDate>,
    }
    #[derive(Deserialize)]
    struct Part {
        invoice: Option<InvoiceId>,
        minor: i64,
    }
    let Some(note) = tx.find::<Standing>(STANDING, params![id.as_str()]).await? else {
        return Ok(Voided::Unknown);
    };
    if note.voided_on.is_some() {
        return Ok(Voided::Done(Vec::new()));
    }
    let today = moment.now.date_naive();
    let parts: Vec<Part> = tx.list(EFFECT, params![id.as_str()]).await?;
    let entries = parts
        .into_iter()
        .filter(|part| part.minor != 0)
        .map(|part| {
            Ok(Posting {
                customer: note.customer.clone(),
                invoice: part.invoice,
                kind: Kind::CreditNote,
                amount: Money::new(part.minor, note.currency).checked_neg()?,
                value_on: today,
                source_id: id.to_string(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    postings::post(tx, moment, &entries).await?;
    tx.run(VOID, params![id.as_str(), today.to_string()]).await?;
    let total = Money::new(note.total_minor, note.currency);
    let voided = Activity {
        customer_id: note.customer.clone(),
        kind: "credit_note_voided",
        title: format!("Credit note {} over {total} is void", note.number),
        detail: "What it was set against is owed again.".to_owned(),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[voided]).await?;
    consequences::of_money(tx, moment, &BTreeSet::from([note.customer])).await?;
    Ok(Voided::Done(
        entries.into_iter().filter_map(|entry| entry.invoice).collect(),
    ))
}
