//! Invoices: taken in as sets. Natural key: the creditor's invoice number.
//!
//! **Shape.** A batch costs a handful of statements however long it is: who the customers are, which numbers are
//! known, the invoices, their postings, the plans of the customers concerned.
//! **Once.** The same number with the same content again is a duplicate and changes nothing; with other content it
//! is a conflict. Content is compared as canonical JSON; [`numbering`] tells when two numbers are the same.

mod amend;

pub use amend::{Amended, amend};

use crate::charges::{self, Undone};
use crate::consequences;
use crate::customers::Directory;
use crate::db::{Db, Tx, statements};
use crate::dunning;
use crate::error::Result;
use crate::events::{self, Event};
use crate::moment::{Mint, Moment};
use crate::numbering;
use crate::orders::{self, Invoiced};
use crate::params;
use crate::payments;
use crate::postings::{self, Kind, Posting};
use chrono::NaiveDate;
use receivables::fields::FieldError;
use receivables::id::{CustomerId, InvoiceId};
use receivables::intake::{Due, DueSource, InvoiceInput, due};
use receivables::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

statements! {
    BY_NUMBER = "SELECT json_object('id', id, 'number', number, 'numbering', numbering,
            'content', content) FROM invoices
        WHERE number IN (SELECT value FROM json_each(?))";
    INSERT = "INSERT INTO invoices (id, customer_id, number, numbering, issue_on, due_on, due_source, currency, total_minor,
            content, created_at, parts)
        SELECT j.value->>'id', j.value->>'customer_id', j.value->>'number', j.value->>'numbering',
            j.value->>'issue_on', j.value->>'due_on', j.value->>'due_source', j.value->>'currency', j.value->>'total_minor',
            j.value->>'content', ?1, j.value->>'parts' FROM json_each(?2) AS j";
    /// They owe nothing yet: the invoice's posting fills them.
    INSERT_PARTS = "INSERT INTO instalments (invoice_id, part, due_on, amount_minor, balance_minor, later_minor)
        SELECT j.value->>'invoice', j.value->>'part', j.value->>'due_on', j.value->>'amount_minor', 0,
            j.value->>'later_minor' FROM json_each(?) AS j";
    STANDING = "SELECT json_object('id', id, 'customer', customer_id, 'number', number, 'currency', currency,
            'balance_minor', balance_minor, 'total_minor', total_minor, 'state', state) FROM invoices WHERE id = ?";
    SET_STATE = "UPDATE invoices SET state = ? WHERE id = ?";
    HAS_PAYMENT = "SELECT 1 FROM allocations WHERE invoice_id = ? GROUP BY payment_id HAVING sum(amount_minor) > 0";
}

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [ALL, amend::ALL].concat()
}

/// What became of one invoice of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// New, and now in the ledger.
    Accepted(InvoiceId),
    /// In the ledger already, the same.
    Duplicate(InvoiceId),
    /// The number is in the ledger with other content.
    Conflict(InvoiceId),
    /// No such customer.
    UnknownCustomer,
    /// No due date follows from it.
    Refused(FieldError),
}

#[derive(Deserialize)]
struct Existing {
    id: InvoiceId,
    number: String,
    #[serde(flatten)]
    known: numbering::Known,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a InvoiceId,
    customer_id: &'a CustomerId,
    number: &'a str,
    numbering: &'a str,
    issue_on: NaiveDate,
    due_on: NaiveDate,
    due_source: DueSource,
    currency: &'static str,
    total_minor: i64,
    content: &'a str,
    parts: usize,
}

#[derive(Serialize)]
struct PartRow<'a> {
    invoice: &'a InvoiceId,
    part: usize,
    due_on: NaiveDate,
    amount_minor: i64,
    /// What the parts after it come to.
    later_minor: i64,
}

struct Fresh<'a> {
    id: InvoiceId,
    customer: CustomerId,
    input: &'a InvoiceInput,
    content: String,
    due: Due,
}

impl Fresh<'_> {
    /// What the systems outside are told.
    fn created(&self) -> Event {
        let about = json!({"invoice": self.id, "number": self.input.number, "total": self.input.total,
            "issue_date": self.input.issue_date, "due_date": self.due.schedule.due_on});
        Event::new("invoice.created", &self.customer, about)
    }
}

/// Documents of one statement: long enough that the statement's own cost vanishes, short enough that its JSON does
/// not crowd an instance's memory.
const BATCH: usize = 500;

/// Takes invoices into the ledger, however many; the answers stand in the order of `inputs`. Whom they concern is
/// planned anew once, at the end.
pub async fn take(tx: &Tx<'_>, moment: Moment, inputs: &[InvoiceInput]) -> Result<Vec<Taken>> {
    let (outcomes, concerned) = take_unplanned(tx, moment, inputs).await?;
    let concerned = concerned.into_keys().map(|(customer, _)| customer).collect();
    dunning::replan(tx, moment, &concerned).await?;
    Ok(outcomes)
}

/// As [`take`], for a part of an intake that has many: whom they concern is marked, and planned when all parts are there
/// ([`dunning::replan_marked`]). Planning looks at all that a customer owes, which would be done again with each part.
pub async fn take_part(tx: &Tx<'_>, moment: Moment, inputs: &[InvoiceInput]) -> Result<Vec<Taken>> {
    let (outcomes, concerned) = take_unplanned(tx, moment, inputs).await?;
    let marks: Vec<dunning::Mark<'_>> = concerned
        .iter()
        .map(|((customer, currency), due_on)| dunning::Mark {
            customer,
            currency,
            due_on: *due_on,
        })
        .collect();
    dunning::mark(tx, moment, &marks).await?;
    Ok(outcomes)
}

/// Cases, each with the oldest due date of what is new in it.
type Concerned = BTreeMap<(CustomerId, &'static str), NaiveDate>;

async fn take_unplanned(
    tx: &Tx<'_>,
    moment: Moment,
    inputs: &[InvoiceInput],
) -> Result<(Vec<Taken>, Concerned)> {
    let mut outcomes = Vec::with_capacity(inputs.len());
    let mut concerned = Concerned::new();
    let mut mint = moment.mint()?;
    for batch in inputs.chunks(BATCH) {
        take_batch(tx, moment, &mut mint, batch, &mut outcomes, &mut concerned).await?;
    }
    Ok((outcomes, concerned))
}

async fn take_batch(
    tx: &Tx<'_>,
    moment: Moment,
    mint: &mut Mint,
    inputs: &[InvoiceInput],
    outcomes: &mut Vec<Taken>,
    concerned: &mut Concerned,
) -> Result<()> {
    let directory = Directory::load(tx, inputs.iter().map(|input| &input.customer)).await?;
    let numbers: Vec<&str> = inputs.iter().map(|input| input.number.as_str()).collect();
    let mut known: BTreeMap<String, Vec<(InvoiceId, numbering::Known)>> = BTreeMap::new();
    for existing in tx
        .list::<Existing>(BY_NUMBER, params![serde_json::to_string(&numbers)?])
        .await?
    {
        known
            .entry(existing.number)
            .or_default()
            .push((existing.id, existing.known));
    }

    let mut fresh = Vec::new();
    for input in inputs {
        let content = serde_json::to_string(input)?;
        let ours = numbering::Known::new(input.numbering.as_deref(), &content);
        let namesakes = known.entry(input.number.clone()).or_default();
        if let Some((id, stored)) = namesakes
            .iter()
            .find(|(_, stored)| stored.stands_for_the_same(&ours))
        {
            outcomes.push(match stored.content == content {
                true => Taken::Duplicate(id.clone()),
                false => Taken::Conflict(id.clone()),
            });
            continue;
        }
        let Some(customer) = directory.get(&input.customer) else {
            outcomes.push(Taken::UnknownCustomer);
            continue;
        };
        let due = match due(input, customer.terms()?.as_ref(), customer.terms_days) {
            Ok(due) => due,
            Err(error) => {
                outcomes.push(Taken::Refused(error));
                continue;
            }
        };
        let id = mint.id(InvoiceId::from_parts);
        namesakes.push((id.clone(), ours));
        outcomes.push(Taken::Accepted(id.clone()));
        fresh.push(Fresh {
            id,
            customer: customer.id.clone(),
            input,
            content,
            due,
        });
    }
    if !fresh.is_empty() {
        insert(tx, moment, &fresh).await?;
        for invoice in fresh {
            let due_on = invoice.due.schedule.due_on;
            let case = (invoice.customer, invoice.input.total.currency().code());
            let oldest = concerned.entry(case).or_insert(due_on);
            *oldest = due_on.min(*oldest);
        }
    }
    Ok(())
}

async fn insert(tx: &Tx<'_>, moment: Moment, fresh: &[Fresh<'_>]) -> Result<()> {
    let rows: Vec<Row<'_>> = fresh
        .iter()
        .map(|invoice| Row {
            id: &invoice.id,
            customer_id: &invoice.customer,
            number: &invoice.input.number,
            numbering: invoice.input.numbering.as_deref().unwrap_or_default(),
            issue_on: invoice.input.issue_date,
            due_on: invoice.due.schedule.due_on,
            due_source: invoice.due.source,
            currency: invoice.input.total.currency().code(),
            total_minor: invoice.input.total.minor(),
            content: &invoice.content,
            parts: invoice.due.schedule.instalments.len(),
        })
        .collect();
    tx.run(INSERT, params![moment.ms(), serde_json::to_string(&rows)?])
        .await?;
    let parts: Vec<PartRow<'_>> = fresh.iter().flat_map(part_rows).collect();
    if !parts.is_empty() {
        tx.run(INSERT_PARTS, params![serde_json::to_string(&parts)?])
            .await?;
    }
    let entries: Vec<Posting> = fresh
        .iter()
        .map(|invoice| Posting {
            customer: invoice.customer.clone(),
            invoice: Some(invoice.id.clone()),
            kind: Kind::Invoice,
            amount: invoice.input.total,
            value_on: invoice.input.issue_date,
            source_id: invoice.id.to_string(),
        })
        .collect();
    postings::post(tx, moment, &entries).await?;
    let told: Vec<Event> = fresh.iter().map(Fresh::created).collect();
    events::record(tx, moment, &told).await?;
    let named: Vec<Invoiced<'_>> = fresh
        .iter()
        .filter_map(|invoice| {
            Some(Invoiced {
                customer: &invoice.customer,
                number: invoice.input.order_number.as_deref()?,
                invoice: &invoice.id,
            })
        })
        .collect();
    orders::invoiced(tx, moment, &named).await
}

/// The parts of an invoice, the last first.
fn part_rows<'a>(invoice: &'a Fresh<'_>) -> Vec<PartRow<'a>> {
    let mut later_minor: i64 = 0;
    let parts = invoice.due.schedule.instalments.iter().enumerate().rev();
    parts
        .map(|(at, part)| {
            let row = PartRow {
                invoice: &invoice.id,
                part: at.saturating_add(1),
                due_on: part.due_on,
                amount_minor: part.amount.minor(),
                later_minor,
            };
            // They add up to the total, which fits.
            later_minor = later_minor.saturating_add(part.amount.minor());
            row
        })
        .collect()
}

/// Where an invoice stands.
#[derive(Debug, Clone, Deserialize)]
pub struct Standing {
    /// Which.
    pub id: InvoiceId,
    /// Whose.
    pub customer: CustomerId,
    /// The creditor's number.
    pub number: String,
    currency: receivables::currency::Currency,
    balance_minor: i64,
    total_minor: i64,
    /// `active`, `void` or `written_off`.
    pub state: String,
}

impl Standing {
    /// What is still owed on it.
    pub fn balance(&self) -> Money {
        Money::new(self.balance_minor, self.currency)
    }

    /// What it was about.
    pub fn total(&self) -> Money {
        Money::new(self.total_minor, self.currency)
    }
}

/// Where the invoice stands, if there is one.
pub async fn standing(db: &Db, id: &InvoiceId) -> Result<Option<Standing>> {
    db.find(STANDING, params![id.as_str()]).await
}

/// What became of a request to void an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voided {
    /// Now void, or already so.
    Done,
    /// There is no such invoice.
    Unknown,
    /// Money is allocated to it: that must be reversed first.
    HasPayments,
    /// It is written off.
    WrittenOff,
}

/// Voids an invoice: a posting takes its balance to zero, what was charged on it is reversed and the reminders stop.
/// Credit that was used for it is on account again. A charge that is voided is reversed.
pub async fn void(tx: &Tx<'_>, moment: Moment, id: &InvoiceId) -> Result<Voided> {
    let Some(invoice) = standing(tx, id).await? else {
        return Ok(Voided::Unknown);
    };
    match invoice.state.as_str() {
        "void" => return Ok(Voided::Done),
        "written_off" => return Ok(Voided::WrittenOff),
        _ => {}
    }
    if tx.row(HAS_PAYMENT, params![id.as_str()]).await?.is_some() {
        return Ok(Voided::HasPayments);
    }
    if charges::reverse(tx, moment, id, "it was voided").await? == Undone::Done {
        return Ok(Voided::Done);
    }
    let freed = payments::free_credit(tx, moment, &invoice).await?;
    let left = invoice.balance().checked_add(freed)?;
    if !left.is_zero() {
        let entry = Posting {
            customer: invoice.customer.clone(),
            invoice: Some(id.clone()),
            kind: Kind::Void,
            amount: left.checked_neg()?,
            value_on: moment.now.date_naive(),
            source_id: id.to_string(),
        };
        postings::post(tx, moment, &[entry]).await?;
    }
    tx.run(SET_STATE, params!["void", id.as_str()]).await?;
    let about = json!({"invoice": id, "number": invoice.number, "total": invoice.total()});
    events::record(
        tx,
        moment,
        &[Event::new("invoice.voided", &invoice.customer, about)],
    )
    .await?;
    charges::reverse_on(tx, moment, id, "the invoice is void").await?;
    let concerned = BTreeSet::from([invoice.customer]);
    consequences::of_money(tx, moment, &concerned).await?;
    Ok(Voided::Done)
}
