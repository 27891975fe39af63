//! A message as it would leave now, for somebody to look at: the facts that it would be written from, and nothing changed.
//!
//! The same rules decide as when it is claimed; what they say against it is the answer in its place. What has left is no
//! draft: what it said then is not what is owed now.

use crate::db::{Db, statements};
use crate::delivery::Listed;
use crate::delivery::listed::Invoices;
use crate::dunning;
use crate::error::{Result, StoreError};
use crate::moment::Moment;
use crate::params;
use crate::policies::Book;
use crate::promises::{PromiseNote, Spoken};
use chrono::NaiveDate;
use receivables::calendar;
use receivables::country::Country;
use receivables::currency::Currency;
use receivables::dunning::{CaseFacts, Contact, may_contact};
use receivables::id::{CustomerId, InvoiceId, MessageId, PolicyId};
use receivables::intake::PostalAddress;
use receivables::limits;
use receivables::message::MessageStatus;
use receivables::notice::About;
use receivables::policy::Policy;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The person at a customer who gets paper: the billing contact with an address, else anybody there with one. Sales
/// contacts are on our own side.
macro_rules! reader {
    () => {
        "'reader', json((SELECT json_object('name', t.name, 'postal', json(t.postal)) FROM contacts t
            WHERE t.customer_id = k.id AND t.postal IS NOT NULL AND t.role <> 'sales'
            ORDER BY t.role <> 'billing', t.name LIMIT 1))"
    };
}

statements! {
    DRAFT = concat!("SELECT json_object('id', m.id, 'customer', m.customer_id, 'currency', m.currency,
            'policy', m.policy, 'policy_id', m.policy_id, 'step', m.step, 'template', m.template, 'status', m.status,
            'about', json(m.about), 'invoices', json((SELECT json_group_array(s.invoice_id) FROM steps_taken s
                WHERE s.message_id = m.id AND s.listed = 1)),
            'promise', json((SELECT json_object('id', p.id, 'amount_minor', p.amount_minor,
                'missing_minor', p.missing_minor, 'promised_on', p.promised_on, 'until', p.until_on, 'status', p.status,
                'invoices', json((SELECT json_group_array(x.invoice_id) FROM promise_invoices x
                    WHERE x.promise_id = p.id))) FROM promises p WHERE p.id = m.cycle)),
            'whom', json_object('name', k.name, 'locale', k.locale, 'country', k.country, ", reader!(), "))
        FROM messages m JOIN customers k ON k.id = m.customer_id WHERE m.id = ?");
    READER = concat!("SELECT json_object('name', k.name, 'locale', k.locale, 'country', k.country, ", reader!(), ")
        FROM customers k WHERE k.id = ?");
    DUE = "SELECT json_object('due_on', i.due_on, 'minor', i.balance_minor) FROM invoices i
        WHERE i.customer_id = ?1 AND i.currency = ?2 AND i.balance_minor > 0";
}

/// Whom paper goes to.
#[derive(Debug, Clone)]
pub struct Whom {
    /// The customer's name.
    pub name: String,
    /// The language to write in, a BCP 47 locale.
    pub locale: String,
    /// The country of the address, else of the customer.
    pub country: Country,
    /// The person or desk that the address is of.
    pub contact_name: Option<String>,
    /// The address; none: none is known.
    pub postal: Option<PostalAddress>,
}

/// What a message would be written from.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Ours.
    pub id: MessageId,
    /// Whom it goes to.
    pub whom: Whom,
    /// The words.
    pub template: String,
    /// In which currency.
    pub currency: Currency,
    /// The customer's civil day.
    pub today: NaiveDate,
    /// Overdue invoices to list, as they stand now.
    pub overdue: Vec<Listed>,
    /// Invoices about to be due to list.
    pub upcoming: Vec<Listed>,
    /// The day on which what it announces is done at the earliest.
    pub act_on: NaiveDate,
    /// The promise that it is about, where it is about one.
    pub promise: Option<PromiseNote>,
    /// What it tells, where it is a notice.
    pub about: Option<About>,
}

/// What there is of a message.
#[derive(Debug, Clone)]
pub enum Found {
    /// No such message.
    Unknown,
    /// It has left, or was taken back.
    NoDraft(MessageStatus),
    /// It would not leave now: the rule that says so.
    NotNow(String),
    /// It.
    Draft(Box<Draft>),
}

#[derive(Deserialize)]
struct ReaderRow {
    name: String,
    postal: PostalAddress,
}

#[derive(Deserialize)]
struct WhomRow {
    name: String,
    locale: String,
    country: String,
    reader: Option<ReaderRow>,
}

impl WhomRow {
    fn whom(self) -> Result<Whom> {
        let home = Country::parse(&self.country);
        let home = home.ok_or_else(|| StoreError::Decode(format!("no country {}", self.country)))?;
        let (contact_name, postal) = match self.reader {
            None => (None, None),
            Some(reader) => (Some(reader.name), Some(reader.postal)),
        };
        let abroad = postal.as_ref().and_then(|postal| postal.country);
        Ok(Whom {
            name: self.name,
            locale: self.locale,
            country: abroad.unwrap_or(home),
            contact_name,
            postal,
        })
    }
}

#[derive(Deserialize)]
struct DraftRow {
    id: MessageId,
    customer: CustomerId,
    currency: Currency,
    policy: String,
    policy_id: Option<PolicyId>,
    step: String,
    template: String,
    status: MessageStatus,
    about: Option<About>,
    invoices: Vec<InvoiceId>,
    promise: Option<Spoken>,
    whom: WhomRow,
}

#[derive(Deserialize)]
struct DueRow {
    due_on: NaiveDate,
    minor: i64,
}

/// Whom a customer's paper goes to; nothing where there is no such customer.
pub async fn whom(db: &Db, customer: &CustomerId) -> Result<Option<Whom>> {
    let row: Option<WhomRow> = db.find(READER, params![customer.as_str()]).await?;
    row.map(WhomRow::whom).transpose()
}

/// What is owed by a customer in a currency, each amount with the day on which it fell or falls due.
pub async fn open(db: &Db, customer: &CustomerId, currency: Currency) -> Result<Vec<(NaiveDate, i64)>> {
    let rows: Vec<DueRow> = db.list(DUE, params![customer.as_str(), currency.code()]).await?;
    Ok(rows.into_iter().map(|row| (row.due_on, row.minor)).collect())
}

/// A message as it would leave now.
pub async fn of(db: &Db, moment: Moment, id: &MessageId) -> Result<Found> {
    let row: Option<DraftRow> = db.find(DRAFT, params![id.as_str()]).await?;
    let Some(row) = row else {
        return Ok(Found::Unknown);
    };
    match row.status {
        MessageStatus::Queued | MessageStatus::Failed | MessageStatus::Suppressed => {}
        gone => return Ok(Found::NoDraft(gone)),
    }
    let cases = dunning::cases_of(db, moment, &[&row.customer]).await?;
    let case = cases.into_iter().find(|case| case.facts.currency == row.currency);
    let book = Book::load(db, moment, &row.policy_id.iter().collect()).await?;
    let version = book.of_message(row.policy_id.as_ref(), &row.policy);
    let policy = version.map(|version| &version.policy);
    let is_notice = row.about.is_some() && row.promise.is_none();
    let today = case
        .as_ref()
        .map(|case| case.facts.time_zone.local(moment.now).date());
    let today = today.unwrap_or(moment.now.date_naive());
    let (overdue, upcoming) = match (is_notice, policy, &case) {
        (true, ..) => (Vec::new(), Vec::new()),
        (false, Some(policy), Some(case)) => match contact(&row, policy, &case.facts, moment) {
            Contact::Go {
                overdue,
                charges,
                upcoming,
            } => ([overdue, charges].concat(), upcoming),
            Contact::Cancel { rule, detail } | Contact::Defer { rule, detail, .. } => {
                return Ok(Found::NotNow(format!("Rule {rule}: {detail}")));
            }
        },
        (false, _, None) => {
            return Ok(Found::NotNow(
                "The customer owes nothing in this currency".to_owned(),
            ));
        }
        (false, None, _) => {
            return Ok(Found::NotNow(format!(
                "There is no policy {} any more",
                row.policy
            )));
        }
    };
    let announced = policy.and_then(|policy| policy.acts().find(|act| act.by.id == row.step));
    let notice_days = announced.map_or(limits::NOTICE_DAYS, |act| act.notice_days);
    let wanted: BTreeSet<&InvoiceId> = overdue.iter().chain(&upcoming).collect();
    let listed = Invoices::read(db, &wanted).await?;
    let lines = |ids: &[InvoiceId]| listed.lines(ids, row.currency, today);
    Ok(Found::Draft(Box::new(Draft {
        overdue: lines(&overdue)?,
        upcoming: lines(&upcoming)?,
        act_on: calendar::plus_days(today, i64::from(notice_days)),
        promise: row.promise.as_ref().map(|promise| promise.note(row.currency)),
        id: row.id,
        whom: row.whom.whom()?,
        template: row.template,
        currency: row.currency,
        today,
        about: row.about,
    })))
}

/// What the rules say of it; how long ago the last contact was decides when it leaves, and not what it says.
fn contact(row: &DraftRow, policy: &Policy, facts: &CaseFacts, moment: Moment) -> Contact {
    let mut facts = facts.clone();
    facts.last_contact_at = None;
    match &row.promise {
        Some(promise) => promise.contact(&row.step, policy, &facts, moment),
        None => may_contact(policy, &facts, &row.step, &row.invoices, moment.now),
    }
}
