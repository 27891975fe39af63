//! Claiming: what is due, looked at once more, and leased to one courier.

use super::{Settlement, release_steps, settle_rows};
use crate::activities::{self, Activity};
use crate::charges;
use crate::db::{Db, Tx, statements};
use crate::dunning;
use crate::error::{Result, StoreError};
use crate::instants::instant;
use crate::moment::{Moment, random};
use crate::notices::{self, is_contact, notice_member};
use crate::owed::{OwedRow, owed_members};
use crate::params;
use crate::policies::Book;
use crate::promises::{PromiseNote, Spoken};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use data_encoding::HEXLOWER;
use receivables::calendar;
use receivables::currency::Currency;
use receivables::dunning::{CaseFacts, Contact, may_contact};
use receivables::id::{CustomerId, InvoiceId, MessageId, PolicyId};
use receivables::limits;
use receivables::message::MessageStatus;
use receivables::money::Money;
use receivables::notice::About;
use receivables::policy::Policy;
use receivables::suppression::{Addressee, Candidate, Reason, addressee};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// How long a claimed message belongs to its claimant: twice what the most patient host gives a handler (60 s), so
/// that a lease never ends under a courier that is still at work.
const LEASE: Duration = Duration::seconds(120);

statements! {
    DUE = concat!("SELECT json_object('id', m.id, 'customer', m.customer_id, 'currency', m.currency, 'policy', m.policy,
            'policy_id', m.policy_id, 'step', m.step, 'template', m.template, 'channel', m.channel, 'status', m.status,
            'lease', m.lease, 'provider', m.provider, 'attempts', m.attempts, 'why', m.why, 'customer_name', k.name, 'locale', k.locale,
            'invoices', json((SELECT json_group_array(s.invoice_id) FROM steps_taken s
                WHERE s.message_id = m.id AND s.listed = 1)),
            'billing', json((SELECT json_group_array(json_object('name', t.name, 'email', t.email, 'suppressed',
                    (SELECT s.reason FROM suppressed s WHERE s.address = lower(t.email))))
                FROM contacts t WHERE t.customer_id = m.customer_id AND t.role = 'billing' AND t.email IS NOT NULL)),
            'promise', json((SELECT json_object('id', p.id, 'amount_minor', p.amount_minor,
                'missing_minor', p.missing_minor, 'promised_on', p.promised_on, 'until', p.until_on, 'status', p.status,
                'invoices', json((SELECT json_group_array(x.invoice_id) FROM promise_invoices x
                    WHERE x.promise_id = p.id))) FROM promises p WHERE p.id = m.cycle)),
            ", notice_member!(), ", 'others_sent_ms', (SELECT max(o.sent_at) FROM messages o
                WHERE o.customer_id = m.customer_id AND o.id <> m.id AND ", is_contact!("o"), "))
        FROM messages m INDEXED BY messages_due JOIN customers k ON k.id = m.customer_id
        WHERE m.status IN ('queued', 'sending') AND m.attempt_at <= ?1 ORDER BY m.attempt_at LIMIT ?2");
    ANY_DUE = "SELECT 1 FROM messages INDEXED BY messages_due WHERE status IN ('queued', 'sending') AND attempt_at <= ? LIMIT 1";
    INVOICES = concat!("SELECT json_object('id', i.id, 'kind', i.kind, 'number', i.number, 'issue_on', i.issue_on,
            'due_on', i.due_on, 'total_minor', i.total_minor, ", owed_members!(), ")
        FROM invoices i WHERE i.id IN (SELECT value FROM json_each(?))");
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
    /// The policy.
    pub policy: String,
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
    /// The day on which what its step announces is done at the earliest.
    pub act_on: NaiveDate,
    /// The promise that it is about, where it is about one.
    pub promise: Option<PromiseNote>,
    /// What it tells, where it is a notice.
    pub about: Option<About>,
    /// How many attempts there were before this one.
    pub attempts: u32,
    pub(super) lease: String,
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
    /// What is asked for of it.
    pub asked: Money,
    /// Whether it is a fee or interest on an invoice.
    pub charge: bool,
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
    policy_id: Option<PolicyId>,
    step: String,
    template: String,
    channel: String,
    status: MessageStatus,
    lease: Option<String>,
    provider: Option<String>,
    attempts: u32,
    why: String,
    customer_name: String,
    locale: String,
    invoices: Vec<InvoiceId>,
    billing: Vec<ContactRow>,
    promise: Option<Spoken>,
    notice: Option<notices::Row>,
    others_sent_ms: Option<i64>,
}

#[derive(Deserialize)]
struct ContactRow {
    name: String,
    email: String,
    suppressed: Option<Reason>,
}

#[derive(Deserialize)]
struct InvoiceRow {
    id: InvoiceId,
    kind: String,
    number: String,
    issue_on: NaiveDate,
    due_on: NaiveDate,
    total_minor: i64,
    #[serde(flatten)]
    owed: OwedRow,
}

/// Who is to take what is claimed.
#[derive(Debug, Clone, Copy)]
pub struct Carrier {
    /// The provider's name in the ledger.
    pub name: &'static str,
    /// Whether it knows a message id that it has seen.
    pub deduplicates: bool,
}

/// Claims at most `limit` due messages, after looking once more at everything that could speak against each.
pub async fn claim(tx: &Tx<'_>, moment: Moment, limit: u32, carrier: Carrier) -> Result<Claim> {
    let due: Vec<DueRow> = tx.list(DUE, params![moment.ms(), limit]).await?;
    if due.is_empty() {
        return Ok(Claim::default());
    }
    let customers: BTreeSet<CustomerId> = due.iter().map(|message| message.customer.clone()).collect();
    let cases: BTreeMap<(CustomerId, Currency), CaseFacts> =
        dunning::cases_of(tx, moment, &Vec::from_iter(&customers))
            .await?
            .into_iter()
            .map(|case| ((case.facts.customer.clone(), case.facts.currency), case.facts))
            .collect();
    let versions: BTreeSet<&PolicyId> = due
        .iter()
        .filter_map(|message| message.policy_id.as_ref())
        .collect();
    let book = Book::load(tx, moment, &versions).await?;
    let mut settlements = Vec::new();
    let mut log = Vec::new();
    let mut cancelled = Vec::new();
    let mut going = Vec::new();
    for message in &due {
        let key = (message.customer.clone(), message.currency);
        let mut settlement = Settlement::new(&message.id, MessageStatus::Queued, message.lease.as_deref());
        let policy = book.of_message(message.policy_id.as_ref(), &message.policy);
        let policy = policy.map(|version| &version.policy);
        let fate = verdict(message, cases.get(&key), policy, moment, carrier)?;
        match may_have_left(message, fate) {
            Fate::Go {
                today,
                overdue,
                upcoming,
                to,
                passed_over,
            } => {
                let lease = lease_token()?;
                settlement.status = MessageStatus::Sending;
                settlement.attempt = 1;
                settlement.attempt_ms = Some(ms_after(moment, LEASE));
                settlement.lease = Some(lease.clone());
                settlement.provider = Some(carrier.name);
                if !passed_over.is_empty() {
                    let detail = format!("{}; {} is written to instead", against(&passed_over), to.email);
                    log.push(activity(message, "contact_refused", "not to everybody", &detail));
                }
                going.push((message, today, overdue, upcoming, to, lease));
            }
            Fate::Suppress(reason) => {
                settlement.status = MessageStatus::Suppressed;
                settlement.error = Some(reason.clone());
                log.push(activity(message, "message_suppressed", "not sent", &reason));
            }
            Fate::Cancel(reason) => {
                settlement.status = MessageStatus::Cancelled;
                settlement.error = Some(reason.clone());
                cancelled.push(message.id.clone());
                log.push(activity(message, "message_cancelled", "taken back", &reason));
            }
            Fate::Defer(until, reason) => {
                settlement.attempt_ms = Some(until.timestamp_millis());
                if message.status == MessageStatus::Sending {
                    // It may have left: still so when it is looked at again.
                    settlement.status = MessageStatus::Sending;
                    settlement.lease = message.lease.clone();
                }
                settlement.error = Some(reason.clone());
                log.push(activity(message, "message_deferred", "put off", &reason));
            }
            Fate::Fail(reason) => {
                settlement.status = MessageStatus::Failed;
                settlement.error = Some(reason.clone());
                log.push(activity(message, "message_failed", "not sent", &reason));
            }
            Fate::Uncertain(reason) => {
                settlement.status = MessageStatus::Uncertain;
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
    settle_rows(tx, &settlements).await?;
    activities::record(tx, moment, &log).await?;
    if !cancelled.is_empty() {
        release_steps(tx, &cancelled).await?;
        charges::reverse_for_messages(tx, moment, &cancelled).await?;
        dunning::replan(tx, moment, &customers).await?;
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
        .map(|(message, today, overdue, upcoming, to, lease)| {
            let list = |ids: &[InvoiceId]| listed(ids, &invoices, message.currency, today);
            Ok(Claimed {
                id: message.id.clone(),
                customer: message.customer.clone(),
                customer_name: message.customer_name.clone(),
                locale: message.locale.clone(),
                policy: message.policy.clone(),
                step: message.step.clone(),
                template: message.template.clone(),
                channel: message.channel.clone(),
                currency: message.currency,
                contact_name: to.name,
                email: to.email,
                overdue: list(&overdue)?,
                upcoming: list(&upcoming)?,
                act_on: calendar::plus_days(today, notice_days(&book, message)),
                promise: message
                    .promise
                    .as_ref()
                    .map(|promise| promise.note(message.currency)),
                about: message.notice.as_ref().map(|notice| notice.about()),
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

/// Days until what a message announces is done at the earliest.
fn notice_days(book: &Book, message: &DueRow) -> i64 {
    let version = book.of_message(message.policy_id.as_ref(), &message.policy);
    let announced = version.and_then(|version| {
        let mut acts = version.policy.acts();
        acts.find(|act| act.by.id == message.step)
    });
    i64::from(announced.map_or(limits::NOTICE_DAYS, |act| act.notice_days))
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
                asked: row.owed.owed(currency).asked_on(today)?,
                charge: row.kind != "invoice",
            })
        })
        .collect::<Result<Vec<_>>>()?;
    lines.sort_by(|a, b| (a.due_on, &a.number).cmp(&(b.due_on, &b.number)));
    Ok(lines)
}

enum Fate {
    Go {
        today: NaiveDate,
        overdue: Vec<InvoiceId>,
        upcoming: Vec<InvoiceId>,
        to: Candidate,
        passed_over: Vec<Candidate>,
    },
    Cancel(String),
    Suppress(String),
    Defer(DateTime<Utc>, String),
    Fail(String),
    Uncertain(String),
}

/// Looks again at everything that could speak against the message, in this order.
fn verdict(
    message: &DueRow,
    case: Option<&CaseFacts>,
    policy: Option<&Policy>,

    moment: Moment,
    carrier: Carrier,
) -> Result<Fate> {
    let knows_it = carrier.deduplicates && message.provider.as_deref() == Some(carrier.name);
    if message.status == MessageStatus::Sending && !knows_it {
        return Ok(Fate::Uncertain(
            "The courier stopped between sending and recording, and the provider cannot tell whether it had the \
             message: retry it or leave it"
                .to_owned(),
        ));
    }
    let (contact, today) = match (&message.notice, &message.promise) {
        // It is about no invoices, and so about no case.
        (Some(notice), None) => (notice.contact(&message.template, moment)?, notice.today(moment)?),
        (_, promise) => {
            let Some(case) = case else {
                return Ok(Fate::Cancel(
                    "The customer owes nothing in this currency".to_owned(),
                ));
            };
            let mut fresh = case.clone();
            // The message itself is no earlier contact.
            fresh.last_contact_at = message.others_sent_ms.map(instant).transpose()?;
            let Some(policy) = policy else {
                return Ok(Fate::Cancel(format!(
                    "There is no policy {} any more",
                    message.policy
                )));
            };
            let contact = match promise {
                Some(promise) => promise.contact(&message.step, policy, &fresh, moment),
                None => may_contact(policy, &fresh, &message.step, &message.invoices, moment.now),
            };
            (contact, calendar::day_of(moment.now, case.time_zone))
        }
    };
    let (overdue, upcoming) = match contact {
        Contact::Go {
            overdue,
            charges,
            upcoming,
        } => ([overdue, charges].concat(), upcoming),
        Contact::Cancel { rule, detail } => return Ok(Fate::Cancel(format!("Rule {rule}: {detail}"))),
        Contact::Defer { until, rule, detail } => {
            return Ok(Fate::Defer(until, format!("Rule {rule}: {detail}")));
        }
    };
    let billing: Vec<Candidate> = message.billing.iter().map(ContactRow::candidate).collect();
    Ok(match addressee(&billing) {
        Addressee::One(to, passed_over) => Fate::Go {
            today,
            overdue,
            upcoming,
            to: to.clone(),
            passed_over: passed_over.to_vec(),
        },
        Addressee::AllSuppressed(all) => Fate::Suppress(format!(
            "{}: name another billing contact or lift it, and retry the message",
            against(all)
        )),
        Addressee::Nobody => {
            Fate::Fail("No billing contact with an email address: add one and retry the message".to_owned())
        }
    })
}

impl ContactRow {
    fn candidate(&self) -> Candidate {
        Candidate {
            name: self.name.clone(),
            email: self.email.clone(),
            suppressed: self.suppressed,
        }
    }
}

/// What speaks against writing to each: `Rule suppression: ada@nordwind.example (bounce)`.
fn against(candidates: &[Candidate]) -> String {
    let each = candidates.iter().map(|candidate| {
        let reason = candidate.suppressed.map_or("", Reason::as_str);
        format!("{} ({reason})", candidate.email)
    });
    format!("Rule suppression: {}", each.collect::<Vec<_>>().join(", "))
}

/// A message whose courier stopped may have left: what takes an unsent one back, and frees its step, is for a person
/// to decide about this one.
fn may_have_left(message: &DueRow, fate: Fate) -> Fate {
    match fate {
        Fate::Cancel(reason) | Fate::Suppress(reason) | Fate::Fail(reason)
            if message.status == MessageStatus::Sending =>
        {
            Fate::Uncertain(format!(
                "The courier stopped between sending and recording, and it would not be sent now: {reason}"
            ))
        }
        fate => fate,
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
    Ok(HEXLOWER.encode(&random::<8>()?))
}

fn ms_after(moment: Moment, wait: Duration) -> i64 {
    moment.ms().saturating_add(wait.num_milliseconds())
}

/// Whether more messages are due than were claimed.
pub async fn more_due(db: &Db, moment: Moment) -> Result<bool> {
    Ok(db.row(ANY_DUE, params![moment.ms()]).await?.is_some())
}
