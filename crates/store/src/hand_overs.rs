//! Hand-overs: a debt that an agency collects from now on, with the document that went with it.
//!
//! **Shape.** One customer and one currency at a time; one hand-over in force (UNIQUE). The document is made from the
//! ledger at that moment and kept as it was: what the agency got is what we can show. While it is in force Dunlin does
//! not contact the customer about that account (`cases.handed_over_at`); money is taken all the same. Recalled, dunning
//! goes on where the age of the debt says.

use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::dunning;
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::instants::{rfc3339, time_zone};
use crate::listing::Listing;
use crate::moment::Moment;
use crate::params;
use chrono::NaiveDate;
use receivables::calendar;
use receivables::currency::Currency;
use receivables::hand_over::{
    Contact, Debtor, Document, Entry, HandOverStatus, Message, Parts, Payment, Receivable,
};
use receivables::id::{CustomerId, HandOverId};
use receivables::money::Money;
use receivables::receivable::ReceivableKind;
use receivables::suppression;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

macro_rules! select_hand_over {
    ($document:literal, $which:literal) => {
        concat!(
            "SELECT json_object('id', h.id, 'customer_id', h.customer_id, 'currency', h.currency, 'status', h.status,
                'claim_minor', h.claim_minor, 'handed_over_by', h.handed_over_by, 'created_ms', h.created_at,
                'recalled_by', h.recalled_by, 'recall_reason', h.recall_reason, 'recalled_ms', h.recalled_at,
                'document', ",
            $document,
            ") FROM hand_overs h ",
            $which
        )
    };
}

statements! {
    DEBTOR = "SELECT json_object('time_zone', k.time_zone, 'handed_over', EXISTS (SELECT 1 FROM hand_overs h
                WHERE h.customer_id = k.id AND h.currency = ?2 AND h.status = 'active'),
            'unapplied_minor', coalesce((SELECT c.unapplied_minor FROM cases c
                WHERE c.customer_id = k.id AND c.currency = ?2), 0),
            'debtor', json_object('creditor_reference', k.external_id, 'name', k.name, 'kind', k.kind,
                'country', k.country, 'region', k.region, 'locale', k.locale,
                'contacts', json((SELECT json_group_array(json_object('name', t.name, 'role', t.role,
                    'email', t.email, 'phone', t.phone, 'postal', json(t.postal)))
                    FROM contacts t WHERE t.customer_id = k.id))))
        FROM customers k WHERE k.id = ?1";
    UNUSABLE = "SELECT json_object('address', address, 'detail', reason || ': ' || detail) FROM suppressed
        WHERE address IN (SELECT value FROM json_each(?))";
    RECEIVABLES = "SELECT json_object('number', i.number, 'kind', i.kind, 'issue_on', i.issue_on, 'due_on', i.due_on,
            'total_minor', i.total_minor, 'balance_minor', i.balance_minor, 'disputed_minor', i.disputed_minor,
            'charged_on', (SELECT o.number FROM invoices o WHERE o.id = i.charged_on),
            'po_number', i.content->>'po_number', 'reckoning', iif(i.kind = 'invoice', NULL, json(i.content)))
        FROM invoices i WHERE i.customer_id = ?1 AND i.currency = ?2 AND i.balance_minor > 0";
    PAYMENTS = "SELECT json_object('received_on', p.received_on, 'amount_minor', p.amount_minor, 'method', p.method,
            'reference', p.reference, 'allocations', json((SELECT json_group_array(json_object('number', i.number,
                'minor', a.amount_minor)) FROM allocations a JOIN invoices i ON i.id = a.invoice_id
                WHERE a.payment_id = p.id)))
        FROM payments p WHERE p.customer_id = ?1 AND p.currency = ?2 ORDER BY p.id DESC LIMIT ?3";
    MESSAGES = "SELECT json_object('sent_ms', sent_at, 'step', step, 'channel', channel, 'recipient', recipient,
            'subject', subject, 'status', status)
        FROM messages WHERE customer_id = ?1 AND currency = ?2 AND sent_at IS NOT NULL
            AND purpose <> 'internal' ORDER BY id DESC LIMIT ?3";
    // What people and the customer said and did: not what Dunlin thought about contacting it.
    HISTORY = "SELECT json_object('at_ms', at, 'kind', kind, 'title', title, 'detail', detail)
        FROM activities WHERE customer_id = ?1 AND kind NOT IN ('message_queued', 'message_sent', 'message_delivered',
            'contact_refused') ORDER BY id DESC LIMIT ?2";
    INSERT = "INSERT INTO hand_overs (id, customer_id, currency, claim_minor, document, handed_over_by, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    MARK = "UPDATE cases SET handed_over_at = ?3 WHERE customer_id = ?1 AND currency = ?2";
    RECALL = "UPDATE hand_overs SET status = 'recalled', recalled_by = ?2, recall_reason = ?3, recalled_at = ?4
        WHERE id = ?1";
    ONE = select_hand_over!("json(h.document)", "WHERE h.id = ?");
    LIST = select_hand_over!("NULL", "WHERE h.id < ?1 ORDER BY h.id DESC LIMIT ?2");
    OF_STATUS = select_hand_over!("NULL", "WHERE h.status = ?3 AND h.id < ?1 ORDER BY h.id DESC LIMIT ?2");
    OF_CUSTOMER = select_hand_over!("NULL", "WHERE h.customer_id = ?3 AND h.id < ?1
            AND (?4 IS NULL OR h.status = ?4) ORDER BY h.id DESC LIMIT ?2");
}

/// The most of each kind of thing that a document tells, the newest: years of a lively account.
const TOLD: u32 = 5_000;

/// A hand-over as `GET /v1/hand-overs/{id}` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct HandOverView {
    /// Ours.
    pub id: HandOverId,
    /// Whose debt.
    pub customer_id: CustomerId,
    /// Which of its accounts.
    pub currency: Currency,
    /// Where it stands.
    pub status: HandOverStatus,
    /// What was claimed when it was handed over.
    pub claim: Money,
    /// Who had the last word.
    pub handed_over_by: String,
    /// When.
    pub created_at: String,
    /// Who took it back.
    pub recalled_by: Option<String>,
    /// Why.
    pub recall_reason: Option<String>,
    /// When.
    pub recalled_at: Option<String>,
    /// What went with it; a list leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    id: HandOverId,
    customer_id: CustomerId,
    currency: Currency,
    status: HandOverStatus,
    claim_minor: i64,
    handed_over_by: String,
    created_ms: i64,
    recalled_by: Option<String>,
    recall_reason: Option<String>,
    recalled_ms: Option<i64>,
    document: Option<serde_json::Value>,
}

impl Row {
    fn view(self) -> Result<HandOverView> {
        Ok(HandOverView {
            id: self.id,
            customer_id: self.customer_id,
            currency: self.currency,
            status: self.status,
            claim: Money::new(self.claim_minor, self.currency),
            handed_over_by: self.handed_over_by,
            created_at: rfc3339(self.created_ms)?,
            recalled_by: self.recalled_by,
            recall_reason: self.recall_reason,
            recalled_at: self.recalled_ms.map(rfc3339).transpose()?,
            document: self.document,
        })
    }
}

#[derive(Deserialize)]
struct DebtorRow {
    time_zone: String,
    handed_over: i64,
    unapplied_minor: i64,
    debtor: Debtor,
}

#[derive(Deserialize)]
struct UnusableRow {
    address: String,
    detail: String,
}

#[derive(Deserialize)]
struct ReceivableRow {
    number: String,
    kind: ReceivableKind,
    charged_on: Option<String>,
    issue_on: NaiveDate,
    due_on: NaiveDate,
    total_minor: i64,
    balance_minor: i64,
    disputed_minor: i64,
    po_number: Option<String>,
    reckoning: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct PaymentRow {
    received_on: NaiveDate,
    amount_minor: i64,
    method: String,
    reference: String,
    allocations: Vec<AllocationRow>,
}

#[derive(Deserialize)]
struct AllocationRow {
    number: String,
    minor: i64,
}

#[derive(Deserialize)]
struct MessageRow {
    sent_ms: i64,
    step: String,
    channel: String,
    recipient: Option<String>,
    subject: Option<String>,
    status: String,
}

#[derive(Deserialize)]
struct EntryRow {
    at_ms: i64,
    kind: String,
    title: String,
    detail: String,
}

/// What became of a hand-over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandedOver {
    /// The agency has it.
    Done(HandOverId),
    /// It had it before.
    Already,
    /// Nothing is owed in that currency.
    NothingOwed,
    /// There is no such customer.
    Unknown,
}

/// What would be claimed if what a customer owes in a currency were handed over now; or why it cannot be.
pub async fn would_hand_over(
    tx: &Tx<'_>,
    customer: &CustomerId,
    currency: Currency,
) -> Result<Result<Money, HandedOver>> {
    let parameters = || params![customer.as_str(), currency.code()];
    let Some(found) = tx.find::<DebtorRow>(DEBTOR, parameters()).await? else {
        return Ok(Err(HandedOver::Unknown));
    };
    if found.handed_over != 0 {
        return Ok(Err(HandedOver::Already));
    }
    let receivables: Vec<ReceivableRow> = tx.list(RECEIVABLES, parameters()).await?;
    let owed = receivables
        .iter()
        .map(|row| Money::new(row.balance_minor, currency));
    let claim = Money::checked_sum(currency, owed)?;
    Ok(Some(claim)
        .filter(Money::is_positive)
        .ok_or(HandedOver::NothingOwed))
}

/// Hands over what a customer owes in a currency. That somebody agreed is the caller's business.
pub async fn hand_over(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    currency: Currency,
    by: &str,
) -> Result<HandedOver> {
    let parameters = params![customer.as_str(), currency.code()];
    let Some(found) = tx.find::<DebtorRow>(DEBTOR, parameters).await? else {
        return Ok(HandedOver::Unknown);
    };
    if found.handed_over != 0 {
        return Ok(HandedOver::Already);
    }
    let document = document(tx, moment, customer, currency, found).await?;
    let claim = document.totals.claim;
    if !claim.is_positive() {
        return Ok(HandedOver::NothingOwed);
    }
    let id = moment.id(HandOverId::from_parts)?;
    let parameters = params![
        id.as_str(),
        customer.as_str(),
        currency.code(),
        claim.minor(),
        serde_json::to_string(&document)?,
        by,
        moment.ms()
    ];
    tx.run(INSERT, parameters).await?;
    mark(tx, moment, customer, currency, Some(moment.ms())).await?;
    let activity = Activity {
        customer_id: customer.clone(),
        kind: "handed_over",
        title: format!("{claim} handed over to an agency"),
        detail: format!("{} receivables. By {by}.", document.receivables.len()),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    let about = serde_json::json!({"hand_over_id": id, "claim": claim});
    events::record(tx, moment, &[Event::new("customer.handed_over", customer, about)]).await?;
    Ok(HandedOver::Done(id))
}

async fn mark(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    currency: Currency,
    at_ms: Option<i64>,
) -> Result<()> {
    tx.run(MARK, params![customer.as_str(), currency.code(), at_ms])
        .await?;
    dunning::replan(tx, moment, &BTreeSet::from([customer.clone()])).await
}

async fn document(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    currency: Currency,
    found: DebtorRow,
) -> Result<Document> {
    let money = |minor| Money::new(minor, currency);
    let parameters = || params![customer.as_str(), currency.code()];
    let told = || params![customer.as_str(), currency.code(), TOLD];
    let receivables: Vec<ReceivableRow> = tx.list(RECEIVABLES, parameters()).await?;
    let payments: Vec<PaymentRow> = tx.list(PAYMENTS, told()).await?;
    let messages: Vec<MessageRow> = tx.list(MESSAGES, told()).await?;
    let history: Vec<EntryRow> = tx.list(HISTORY, params![customer.as_str(), TOLD]).await?;
    let mut debtor = found.debtor;
    mark_unusable(tx, &mut debtor.contacts).await?;
    let parts = Parts {
        as_of: calendar::day_of(moment.now, time_zone(&found.time_zone)?),
        currency,
        debtor,
        receivables: receivables
            .into_iter()
            .map(|row| receivable(row, currency))
            .collect(),
        on_account: money(found.unapplied_minor),
        payments: payments.into_iter().map(|row| payment(row, currency)).collect(),
        messages: messages.into_iter().map(message).collect::<Result<_>>()?,
        history: history.into_iter().map(entry).collect::<Result<_>>()?,
    };
    Ok(Document::of(parts)?)
}

/// Says of each contact which of its addresses is known not to work.
async fn mark_unusable(tx: &Tx<'_>, contacts: &mut [Contact]) -> Result<()> {
    let addresses = |contact: &Contact| {
        let of = |address: &Option<String>| address.as_deref().map(suppression::key);
        [of(&contact.email), of(&contact.phone)]
    };
    let keys: Vec<String> = contacts.iter().flat_map(addresses).flatten().collect();
    let found: Vec<UnusableRow> = tx.list(UNUSABLE, params![serde_json::to_string(&keys)?]).await?;
    let found: BTreeMap<String, String> = found.into_iter().map(|row| (row.address, row.detail)).collect();
    for contact in contacts {
        let why = addresses(contact).into_iter().flatten().find_map(|key| {
            let detail = found.get(&key)?;
            Some(format!("{key}: {detail}"))
        });
        contact.unusable = why;
    }
    Ok(())
}

fn receivable(row: ReceivableRow, currency: Currency) -> Receivable {
    let money = |minor| Money::new(minor, currency);
    Receivable {
        number: row.number,
        kind: row.kind,
        charged_on: row.charged_on,
        issue_date: row.issue_on,
        due_date: row.due_on,
        original: money(row.total_minor),
        balance: money(row.balance_minor),
        disputed: money(row.disputed_minor),
        po_number: row.po_number,
        reckoning: row.reckoning,
    }
}

fn payment(row: PaymentRow, currency: Currency) -> Payment {
    let money = |minor| Money::new(minor, currency);
    Payment {
        received_on: row.received_on,
        amount: money(row.amount_minor),
        method: row.method,
        reference: row.reference,
        allocations: row
            .allocations
            .into_iter()
            .map(|part| receivables::hand_over::Allocation {
                invoice_number: part.number,
                amount: money(part.minor),
            })
            .collect(),
    }
}

fn message(row: MessageRow) -> Result<Message> {
    Ok(Message {
        sent_at: rfc3339(row.sent_ms)?,
        step: row.step,
        channel: row.channel,
        recipient: row.recipient,
        subject: row.subject,
        status: row.status,
    })
}

fn entry(row: EntryRow) -> Result<Entry> {
    Ok(Entry {
        at: rfc3339(row.at_ms)?,
        kind: row.kind,
        title: row.title,
        detail: row.detail,
    })
}

/// What became of a recall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recalled {
    /// It is ours again.
    Done,
    /// There is no such hand-over.
    Unknown,
    /// It was taken back before.
    NotActive,
}

/// Takes a debt back from the agency.
pub async fn recall(tx: &Tx<'_>, moment: Moment, id: &HandOverId, why: &str, by: &str) -> Result<Recalled> {
    let Some(row) = tx.find::<Row>(ONE, params![id.as_str()]).await? else {
        return Ok(Recalled::Unknown);
    };
    if !row.status.can_become(HandOverStatus::Recalled) {
        return Ok(Recalled::NotActive);
    }
    tx.run(RECALL, params![id.as_str(), by, why, moment.ms()]).await?;
    mark(tx, moment, &row.customer_id, row.currency, None).await?;
    let activity = Activity {
        customer_id: row.customer_id.clone(),
        kind: "hand_over_recalled",
        title: "Taken back from the agency".to_owned(),
        detail: format!("{why}. By {by}."),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    let about = serde_json::json!({"hand_over_id": id, "why": why});
    events::record(
        tx,
        moment,
        &[Event::new("customer.recalled", &row.customer_id, about)],
    )
    .await?;
    Ok(Recalled::Done)
}

/// One hand-over, with its document.
pub async fn one(db: &Db, id: &HandOverId) -> Result<Option<HandOverView>> {
    db.find::<Row>(ONE, params![id.as_str()])
        .await?
        .map(Row::view)
        .transpose()
}

/// The receivables of a hand-over, as CSV.
pub async fn csv(db: &Db, id: &HandOverId) -> Result<Option<String>> {
    let Some(row) = db.find::<Row>(ONE, params![id.as_str()]).await? else {
        return Ok(None);
    };
    let document = row.document.unwrap_or_default();
    let document = Document::deserialize(&document).map_err(StoreError::from)?;
    Ok(Some(document.csv()?))
}

const LISTING: Listing = Listing {
    all: LIST,
    of_status: OF_STATUS,
    of_customer: OF_CUSTOMER,
};

/// Hand-overs, newest first, before the id `before`.
pub async fn list(
    db: &Db,
    customer: Option<&CustomerId>,
    status: Option<HandOverStatus>,
    before: Option<&HandOverId>,
    limit: u32,
) -> Result<Vec<HandOverView>> {
    let (status, before) = (status.map(HandOverStatus::as_str), before.map(HandOverId::as_str));
    let rows: Vec<Row> = LISTING.rows(db, customer, status, before, limit).await?;
    rows.into_iter().map(Row::view).collect()
}
