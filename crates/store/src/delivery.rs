//! The message queue: claimed under a lease, checked against fresh evidence, delivered, recorded.
//!
//! **Once.** A claim and its evidence are one transaction; the provider is called outside of it with the message's
//! id as idempotency key; the outcome is a second transaction that holds only while the lease does. A crash in
//! between leaves the message `sending`: when the lease has run out it is sent again if the provider knows ids
//! it has seen, else it becomes `uncertain` and a person decides.

use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::dunning;
use crate::error::{Result, StoreError};
use crate::moment::{Moment, random};
use crate::params;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use receivables::backoff;
use receivables::currency::Currency;
use receivables::dunning::{CaseFacts, Contact, may_contact};
use receivables::id::{CustomerId, InvoiceId, MessageId};
use receivables::money::Money;
use receivables::policy::Policy;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How long a claimed message belongs to its claimant. Longer than any host lets a handler run (30 s), so that a
/// lease never ends under a courier that is still at work.
const LEASE: Duration = Duration::seconds(120);

statements! {
    DUE = "SELECT json_object('id', m.id, 'customer', m.customer_id, 'currency', m.currency, 'policy', m.policy,
            'step', m.step, 'template', m.template, 'channel', m.channel, 'status', m.status,
            'lease', m.lease, 'attempts', m.attempts, 'why', m.why, 'customer_name', k.name, 'locale', k.locale,
            'invoices', json((SELECT json_group_array(s.invoice_id) FROM steps_taken s
                WHERE s.message_id = m.id AND s.listed = 1)),
            'contacts', json((SELECT json_group_array(json_object('name', t.name, 'role', t.role, 'email', t.email))
                FROM contacts t WHERE t.customer_id = m.customer_id)),
            'others_sent_ms', (SELECT max(o.sent_at) FROM messages o
                WHERE o.customer_id = m.customer_id AND o.id <> m.id))
        FROM messages m JOIN customers k ON k.id = m.customer_id
        WHERE m.status IN ('queued', 'sending') AND m.attempt_at <= ?1 ORDER BY m.attempt_at LIMIT ?2";
    ANY_DUE = "SELECT 1 FROM messages WHERE status IN ('queued', 'sending') AND attempt_at <= ? LIMIT 1";
    SETTLE = "UPDATE messages SET status = j.value->>'status', attempt_at = coalesce(j.value->>'attempt_ms', attempt_at),
            lease = j.value->>'lease', attempts = attempts + (j.value->>'attempt'),
            provider = coalesce(j.value->>'provider', provider),
            recipient = coalesce(j.value->>'recipient', recipient),
            subject = coalesce(j.value->>'subject', subject), last_error = j.value->>'error',
            sent_at = coalesce(j.value->>'sent_ms', sent_at)
        FROM json_each(?) AS j
        WHERE messages.id = j.value->>'id' AND messages.lease IS (j.value->>'held')
        RETURNING messages.id";
    RELEASE_STEPS = "DELETE FROM steps_taken WHERE message_id IN (SELECT value FROM json_each(?))";
    INVOICES = "SELECT json_object('id', id, 'number', number, 'issue_on', issue_on, 'due_on', due_on,
            'total_minor', total_minor, 'balance_minor', balance_minor)
        FROM invoices WHERE id IN (SELECT value FROM json_each(?))";
    STANDING = "SELECT json_object('customer', customer_id, 'status', status, 'lease', lease)
        FROM messages WHERE id = ?";
}

/// A message that was claimed and may leave now.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Ours; the provider's idempotency key.
    pub id: MessageId,
    /// Whom it goes to.
    pub customer: CustomerId,
    /// The name to write.
    pub customer_name: String,
    /// The language to write in.
    pub locale: String,
    /// The policy's step.
    pub step: String,
    /// The words.
    pub template: String,
    /// `email`, ...
    pub channel: String,
    /// In which currency.
    pub currency: Currency,
    /// The person written to.
    pub contact_name: String,
    /// The address written to.
    pub email: String,
    /// Overdue invoices to list, as they stand now.
    pub overdue: Vec<Listed>,
    /// Invoices about to be due to list.
    pub upcoming: Vec<Listed>,
    /// How many attempts there were before this one.
    pub attempts: u32,
    lease: String,
}

/// One invoice that a message lists.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Ours.
    pub id: InvoiceId,
    /// The creditor's.
    pub number: String,
    /// Issued.
    pub issue_on: NaiveDate,
    /// Due.
    pub due_on: NaiveDate,
    /// Days past due on the customer's civil day; negative before.
    pub days_overdue: i64,
    /// The original amount.
    pub total: Money,
    /// What is still owed.
    pub balance: Money,
}

/// What a claim brought.
#[derive(Debug, Default)]
pub struct Claim {
    /// Messages that were due.
    pub examined: usize,
    /// Messages that may leave now.
    pub claimed: Vec<Claimed>,
}

#[derive(Deserialize)]
struct DueRow {
    id: MessageId,
    customer: CustomerId,
    currency: Currency,
    policy: String,
    step: String,
    template: String,
    channel: String,
    status: String,
    lease: Option<String>,
    attempts: u32,
    why: String,
    customer_name: String,
    locale: String,
    invoices: Vec<InvoiceId>,
    contacts: Vec<ContactRow>,
    others_sent_ms: Option<i64>,
}

#[derive(Deserialize)]
struct ContactRow {
    name: String,
    role: String,
    email: Option<String>,
}

#[derive(Deserialize)]
struct InvoiceRow {
    id: InvoiceId,
    number: String,
    issue_on: NaiveDate,
    due_on: NaiveDate,
    total_minor: i64,
    balance_minor: i64,
}

/// A change to a message's row. `held` is the lease under which it is made: another's claim is never overwritten.
#[derive(Serialize)]
struct Settlement<'a> {
    id: &'a MessageId,
    status: &'static str,
    attempt: u32,
    attempt_ms: Option<i64>,
    lease: Option<String>,
    held: Option<&'a str>,
    provider: Option<&'a str>,
    recipient: Option<&'a str>,
    subject: Option<&'a str>,
    error: Option<String>,
    sent_ms: Option<i64>,
}

impl<'a> Settlement<'a> {
    fn new(id: &'a MessageId, status: &'static str, held: Option<&'a str>) -> Self {
        Self {
            id,
            status,
            attempt: 0,
            attempt_ms: None,
            lease: None,
            held,
            provider: None,
            recipient: None,
            subject: None,
            error: None,
            sent_ms: None,
        }
    }
}

/// Claims at most `limit` due messages, after looking once more at everything that could speak against each.
/// `deduplicates`: whether the provider knows a message id that it has seen.
pub async fn claim(
    tx: &Tx<'_>,
    moment: Moment,
    policy: &Policy,
    limit: u32,
    deduplicates: bool,
) -> Result<Claim> {
    let due: Vec<DueRow> = tx.list(DUE, params![moment.ms(), limit]).await?;
    if due.is_empty() {
        return Ok(Claim::default());
    }
    let customers: BTreeSet<CustomerId> = due.iter().map(|message| message.customer.clone()).collect();
    let cases: BTreeMap<(CustomerId, Currency), CaseFacts> = dunning::cases_of(tx, &customers)
        .await?
        .into_iter()
        .map(|case| ((case.customer.clone(), case.currency), case))
        .collect();
    let mut settlements = Vec::new();
    let mut log = Vec::new();
    let mut cancelled = Vec::new();
    let mut going = Vec::new();
    for message in &due {
        let key = (message.customer.clone(), message.currency);
        let mut settlement = Settlement::new(&message.id, "queued", message.lease.as_deref());
        match verdict(message, cases.get(&key), policy, moment, deduplicates)? {
            Fate::Go {
                case,
                overdue,
                upcoming,
                contact,
                email,
            } => {
                let lease = lease_token()?;
                settlement.status = "sending";
                settlement.attempt = 1;
                settlement.attempt_ms = Some(ms_after(moment, LEASE));
                settlement.lease = Some(lease.clone());
                going.push((message, case, overdue, upcoming, contact, email, lease));
            }
            Fate::Cancel(reason) => {
                settlement.status = "cancelled";
                settlement.error = Some(reason.clone());
                cancelled.push(message.id.clone());
                log.push(activity(message, "message_cancelled", "taken back", &reason));
            }
            Fate::Defer(until, reason) => {
                settlement.attempt_ms = Some(until.timestamp_millis());
                settlement.error = Some(reason.clone());
                log.push(activity(message, "message_deferred", "put off", &reason));
            }
            Fate::Fail(reason) => {
                settlement.status = "failed";
                settlement.error = Some(reason.clone());
                log.push(activity(message, "message_failed", "not sent", &reason));
            }
            Fate::Uncertain(reason) => {
                settlement.status = "uncertain";
                settlement.error = Some(reason.clone());
                log.push(activity(
                    message,
                    "message_uncertain",
                    "may have been sent",
                    &reason,
                ));
            }
        }
        settlements.push(settlement);
    }
    tx.run(SETTLE, params![serde_json::to_string(&settlements)?])
        .await?;
    activities::record(tx, moment, &log).await?;
    if !cancelled.is_empty() {
        tx.run(RELEASE_STEPS, params![serde_json::to_string(&cancelled)?])
            .await?;
        dunning::replan(tx, moment, policy, &customers).await?;
    }

    let wanted: BTreeSet<&InvoiceId> = going
        .iter()
        .flat_map(|(_, _, overdue, upcoming, ..)| overdue.iter().chain(upcoming))
        .collect();
    let invoices: BTreeMap<InvoiceId, InvoiceRow> = tx
        .list::<InvoiceRow>(INVOICES, params![serde_json::to_string(&wanted)?])
        .await?
        .into_iter()
        .map(|row| (row.id.clone(), row))
        .collect();
    let claimed = going
        .into_iter()
        .map(|(message, case, overdue, upcoming, contact_name, email, lease)| {
            let today = moment.now.with_timezone(&case.time_zone).date_naive();
            let list = |ids: &[InvoiceId]| listed(ids, &invoices, message.currency, today);
            Ok(Claimed {
                id: message.id.clone(),
                customer: message.customer.clone(),
                customer_name: message.customer_name.clone(),
                locale: message.locale.clone(),
                step: message.step.clone(),
                template: message.template.clone(),
                channel: message.channel.clone(),
                currency: message.currency,
                contact_name,
                email,
                overdue: list(&overdue)?,
                upcoming: list(&upcoming)?,
                attempts: message.attempts,
                lease,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Claim {
        examined: due.len(),
        claimed,
    })
}

fn listed(
    ids: &[InvoiceId],
    invoices: &BTreeMap<InvoiceId, InvoiceRow>,
    currency: Currency,
    today: NaiveDate,
) -> Result<Vec<Listed>> {
    let mut lines = ids
        .iter()
        .map(|id| {
            let row = invoices
                .get(id)
                .ok_or_else(|| StoreError::Decode(format!("no invoice {id}")))?;
            Ok(Listed {
                id: row.id.clone(),
                number: row.number.clone(),
                issue_on: row.issue_on,
                due_on: row.due_on,
                days_overdue: today.signed_duration_since(row.due_on).num_days(),
                total: Money::new(row.total_minor, currency),
                balance: Money::new(row.balance_minor, currency),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    lines.sort_by(|a, b| (a.due_on, &a.number).cmp(&(b.due_on, &b.number)));
    Ok(lines)
}

enum Fate<'a> {
    Go {
        case: &'a CaseFacts,
        overdue: Vec<InvoiceId>,
        upcoming: Vec<InvoiceId>,
        contact: String,
        email: String,
    },
    Cancel(String),
    Defer(DateTime<Utc>, String),
    Fail(String),
    Uncertain(String),
}

/// Looks again at everything that could speak against the message, in this order.
fn verdict<'a>(
    message: &DueRow,
    case: Option<&'a CaseFacts>,
    policy: &Policy,
    moment: Moment,
    deduplicates: bool,
) -> Result<Fate<'a>> {
    if message.status == "sending" && !deduplicates {
        return Ok(Fate::Uncertain(
            "The courier stopped between sending and recording, and the provider cannot tell whether it had the \
             message: retry it or leave it"
                .to_owned(),
        ));
    }
    let Some(case) = case else {
        return Ok(Fate::Cancel(
            "The customer owes nothing in this currency".to_owned(),
        ));
    };
    let mut fresh = case.clone();
    // The message itself is no earlier contact.
    fresh.last_contact_at = message.others_sent_ms.map(dunning::instant).transpose()?;
    let (overdue, upcoming) = match may_contact(policy, &fresh, &message.step, &message.invoices, moment.now)
    {
        Contact::Go { overdue, upcoming } => (overdue, upcoming),
        Contact::Cancel { rule, detail } => return Ok(Fate::Cancel(format!("Rule {rule}: {detail}"))),
        Contact::Defer { until, rule, detail } => {
            return Ok(Fate::Defer(until, format!("Rule {rule}: {detail}")));
        }
    };
    let billing = message
        .contacts
        .iter()
        .filter(|contact| contact.role == "billing");
    match billing
        .filter_map(|contact| Some((contact, contact.email.clone()?)))
        .next()
    {
        Some((contact, email)) => Ok(Fate::Go {
            case,
            overdue,
            upcoming,
            contact: contact.name.clone(),
            email,
        }),
        None => Ok(Fate::Fail(
            "No billing contact with an email address: add one and retry the message".to_owned(),
        )),
    }
}

fn activity(message: &DueRow, kind: &'static str, what: &str, detail: &str) -> Activity {
    Activity {
        customer_id: message.customer.clone(),
        kind,
        title: format!("{} {what}", message.step),
        detail: format!(
            "Policy {}, step {}: {detail} (planned because: {})",
            message.policy, message.step, message.why
        ),
        refers_to: Some(message.id.to_string()),
    }
}

fn lease_token() -> Result<String> {
    Ok(random::<8>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn ms_after(moment: Moment, wait: Duration) -> i64 {
    moment.ms().saturating_add(wait.num_milliseconds())
}

/// What a provider made of a message.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It has it.
    Sent {
        /// The subject under which it left.
        subject: String,
    },
    /// It does not have it, and may take it later.
    TryAgain(String),
    /// It does not have it and never will.
    Refused(String),
    /// It may have it.
    Unknown(String),
}

/// Records what became of each claimed message and how many left. Where a lease was lost, nothing is changed: the
/// one who holds it now records what it finds.
pub async fn settle(
    tx: &Tx<'_>,
    moment: Moment,
    policy: &Policy,
    provider: &str,
    outcomes: &[(Claimed, Outcome)],
) -> Result<usize> {
    let mut settlements = Vec::new();
    for (message, outcome) in outcomes {
        let mut settlement = Settlement::new(&message.id, "sent", Some(&message.lease));
        settlement.provider = Some(provider);
        settlement.recipient = Some(&message.email);
        match outcome {
            Outcome::Sent { subject } => {
                settlement.subject = Some(subject);
                settlement.sent_ms = Some(moment.ms());
            }
            Outcome::TryAgain(error) => {
                settlement.error = Some(error.clone());
                let jitter = u16::from_le_bytes(random()?) % 1001;
                match backoff::next_attempt(message.attempts.saturating_add(1), moment.now, jitter) {
                    Some(at) => {
                        settlement.status = "queued";
                        settlement.attempt_ms = Some(at.timestamp_millis());
                    }
                    None => settlement.status = "failed",
                }
            }
            Outcome::Refused(error) => {
                settlement.status = "failed";
                settlement.error = Some(error.clone());
            }
            Outcome::Unknown(error) => {
                settlement.status = "uncertain";
                settlement.error = Some(error.clone());
            }
        }
        settlements.push(settlement);
    }
    let mut settled = BTreeSet::new();
    for row in tx
        .rows(SETTLE, params![serde_json::to_string(&settlements)?])
        .await?
    {
        settled.insert(row.text(0)?.to_owned());
    }
    let mut log = Vec::new();
    let mut sent = 0_usize;
    for ((message, outcome), settlement) in outcomes.iter().zip(&settlements) {
        if !settled.contains(message.id.as_str()) {
            continue;
        }
        if matches!(outcome, Outcome::Sent { .. }) {
            sent = sent.saturating_add(1);
        }
        log.push(outcome_activity(
            policy,
            provider,
            message,
            outcome,
            settlement.status,
        ));
    }
    activities::record(tx, moment, &log).await?;
    Ok(sent)
}

fn outcome_activity(
    policy: &Policy,
    provider: &str,
    message: &Claimed,
    outcome: &Outcome,
    status: &str,
) -> Activity {
    let numbers: Vec<&str> = message
        .overdue
        .iter()
        .chain(&message.upcoming)
        .map(|line| line.number.as_str())
        .collect();
    let (kind, detail) = match outcome {
        Outcome::Sent { subject } => (
            "message_sent",
            format!(
                "“{subject}” to {} by {} ({provider})",
                message.email, message.channel
            ),
        ),
        Outcome::TryAgain(error) if status == "queued" => {
            ("message_retry", format!("{error}; will be tried again"))
        }
        Outcome::TryAgain(error) => ("message_failed", format!("{error}; out of tries")),
        Outcome::Refused(error) => ("message_failed", error.clone()),
        Outcome::Unknown(error) => ("message_uncertain", format!("{error}; a person decides")),
    };
    Activity {
        customer_id: message.customer.clone(),
        kind,
        title: format!("{} {}", message.step, kind.trim_start_matches("message_")),
        detail: format!(
            "Policy {}, step {}, invoices {}: {detail}.",
            policy.name,
            message.step,
            numbers.join(", ")
        ),
        refers_to: Some(message.id.to_string()),
    }
}

/// Whether more messages are due than were claimed.
pub async fn more_due(db: &Db, moment: Moment) -> Result<bool> {
    Ok(db.row(ANY_DUE, params![moment.ms()]).await?.is_some())
}

#[derive(Deserialize)]
struct StandingRow {
    customer: CustomerId,
    status: String,
    lease: Option<String>,
}

/// What became of a person's wish to retry or cancel a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// As wished.
    Done,
    /// There is no such message.
    Unknown,
    /// Its status does not allow it.
    NotNow(String),
}

/// Puts a failed or uncertain message back into the queue.
pub async fn retry(tx: &Tx<'_>, moment: Moment, policy: &Policy, id: &MessageId) -> Result<Changed> {
    change(
        tx,
        moment,
        policy,
        id,
        "queued",
        &["failed", "uncertain", "bounced"],
    )
    .await
}

/// Takes a message back before it leaves; its step may come due again.
pub async fn cancel(tx: &Tx<'_>, moment: Moment, policy: &Policy, id: &MessageId) -> Result<Changed> {
    change(
        tx,
        moment,
        policy,
        id,
        "cancelled",
        &["queued", "failed", "uncertain"],
    )
    .await
}

async fn change(
    tx: &Tx<'_>,
    moment: Moment,
    policy: &Policy,
    id: &MessageId,
    to: &'static str,
    from: &[&str],
) -> Result<Changed> {
    let Some(row) = tx.find::<StandingRow>(STANDING, params![id.as_str()]).await? else {
        return Ok(Changed::Unknown);
    };
    if !from.contains(&row.status.as_str()) {
        return Ok(Changed::NotNow(row.status));
    }
    let mut settlement = Settlement::new(id, to, row.lease.as_deref());
    settlement.attempt_ms = Some(moment.ms());
    tx.run(SETTLE, params![serde_json::to_string(&[settlement])?])
        .await?;
    if to == "cancelled" {
        tx.run(RELEASE_STEPS, params![serde_json::to_string(&[id])?])
            .await?;
        dunning::replan(tx, moment, policy, &BTreeSet::from([row.customer.clone()])).await?;
    }
    let activity = Activity {
        customer_id: row.customer,
        kind: if to == "cancelled" {
            "message_cancelled"
        } else {
            "message_retry"
        },
        title: format!("Message {to} by hand"),
        detail: format!("It was {} before.", row.status),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    Ok(Changed::Done)
}
