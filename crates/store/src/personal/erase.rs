//! Takes a person out of every table.
//!
//! **Documents** are read, the person taken out, and written back, a table at a time. **What people wrote freely** is
//! replaced. **What came from outside**, raw events and kept answers, belongs to nobody by a column: it is searched for the
//! person's names and addresses, which reads those tables whole. A raw event that waits to take effect is left as it is,
//! since money may hang on it; erasing again, once it has, takes it too.

use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::error::{Result, StoreError};
use crate::instants::{instant, rfc3339};
use crate::law;
use crate::moment::Moment;
use crate::params;
use crate::telephone::phone_key;
use receivables::country::Country;
use receivables::id::CustomerId;
use receivables::intake::CustomerKind;
use receivables::law::erasure::{ERASED, Traces, Waits, waits};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Reads the documents of a table's rows, each with what it is found by again.
macro_rules! documents {
    ($table:literal, $key:literal, $column:literal, $which:literal) => {
        concat!(
            "SELECT json_array(",
            $key,
            ", json(",
            $column,
            ")) FROM ",
            $table,
            " WHERE ",
            $which,
            " AND ",
            $column,
            " IS NOT NULL"
        )
    };
}

/// Writes them back.
macro_rules! write_back {
    ($table:literal, $key:literal, $column:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET ",
            $column,
            " = j.value->>1 FROM json_each(?) AS j WHERE ",
            $table,
            ".",
            $key,
            " = j.value->>0"
        )
    };
}

statements! {
    // A telephone number also as carriers write it, whose `+` is escaped in one way or another.
    WHO = concat!("SELECT json_object('kind', k.kind, 'country', k.country, 'settled',
            NOT EXISTS (SELECT 1 FROM cases c WHERE c.customer_id = k.id
                AND (c.balance_minor <> 0 OR c.unapplied_minor <> 0))
            AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = k.id AND o.status IN ('open', 'blocked')),
            'last_ms', (SELECT max(at) FROM (SELECT max(m.sent_at) AS at FROM messages m WHERE m.customer_id = k.id
                UNION ALL SELECT max(c.at) FROM calls c WHERE c.customer_id = k.id)),
            'texts', json((SELECT json_group_array(text) FROM (SELECT k.name AS text UNION SELECT k.external_id
                UNION SELECT t.name FROM contacts t WHERE t.customer_id = k.id
                UNION SELECT t.email FROM contacts t WHERE t.customer_id = k.id
                UNION SELECT t.phone FROM contacts t WHERE t.customer_id = k.id
                UNION SELECT ltrim(", phone_key!("t.phone"), ", '+') FROM contacts t WHERE t.customer_id = k.id
                UNION SELECT m.recipient FROM messages m WHERE m.customer_id = k.id
                UNION SELECT p.recipient FROM past_sends p JOIN messages m ON m.id = p.message_id WHERE m.customer_id = k.id
                UNION SELECT d.address FROM contact_addresses d WHERE d.customer_id = k.id
                UNION SELECT v.phone FROM voice_calls v WHERE v.customer_id = k.id
                UNION SELECT u.address FROM unsubscribes u WHERE u.customer_id = k.id
                UNION SELECT a.name FROM payer_accounts a WHERE a.customer_id = k.id
                UNION SELECT a.account FROM payer_accounts a WHERE a.customer_id = k.id)
                WHERE text IS NOT NULL AND text <> 'erased')),
            'addresses', json((SELECT json_group_array(lower(text)) FROM (
                SELECT t.email AS text FROM contacts t WHERE t.customer_id = k.id
                UNION SELECT t.phone FROM contacts t WHERE t.customer_id = k.id
                UNION SELECT ", phone_key!("t.phone"), " FROM contacts t WHERE t.customer_id = k.id)
                WHERE text IS NOT NULL)))
        FROM customers k WHERE k.id = ?");
    PEND = "INSERT INTO erasures (customer_id, reason, asked_by, asked_at, waits_for, not_before, done_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (customer_id) DO UPDATE SET reason = excluded.reason, waits_for = excluded.waits_for, not_before = excluded.not_before,
            done_at = excluded.done_at";
    PENDING = "SELECT json_object('customer_id', customer_id, 'reason', reason, 'asked_by', asked_by,
            'asked_ms', asked_at, 'waits_for', waits_for, 'not_before_ms', not_before, 'done_ms', done_at)
        FROM erasures INDEXED BY erasures_pending WHERE done_at IS NULL AND (asked_at, customer_id) > (?1, ?2)
        ORDER BY asked_at, customer_id LIMIT ?3";
    // Of what waits for money only those whom nobody owes anything any more: the others would be looked at in vain.
    DUE = "SELECT json_object('customer', e.customer_id, 'reason', e.reason, 'by', e.asked_by)
        FROM erasures e INDEXED BY erasures_due
        WHERE e.done_at IS NULL AND coalesce(e.not_before, 0) <= ?1
            AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.customer_id = e.customer_id
                AND (c.balance_minor <> 0 OR c.unapplied_minor <> 0))
            AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = e.customer_id AND o.status IN ('open', 'blocked'))
        ORDER BY coalesce(e.not_before, 0) LIMIT ?2";
    ONE = "SELECT json_object('customer_id', customer_id, 'reason', reason, 'asked_by', asked_by,
            'asked_ms', asked_at, 'waits_for', waits_for, 'not_before_ms', not_before, 'done_ms', done_at)
        FROM erasures WHERE customer_id = ?";

    INVOICES = documents!("invoices", "id", "content", "customer_id = ?");
    INVOICES_BACK = write_back!("invoices", "id", "content");
    CREDIT_NOTES = documents!("credit_notes", "id", "content", "customer_id = ?");
    CREDIT_NOTES_BACK = write_back!("credit_notes", "id", "content");
    PAYMENTS = documents!("payments", "id", "content", "customer_id = ?");
    PAYMENTS_BACK = write_back!("payments", "id", "content");
    PAYMENTS_WHY = documents!("payments", "id", "why", "customer_id = ?");
    PAYMENTS_WHY_BACK = write_back!("payments", "id", "why");
    ORDERS = documents!("orders", "id", "content", "customer_id = ?");
    ORDERS_BACK = write_back!("orders", "id", "content");
    EVENTS = documents!("events", "id", "data", "customer_id = ?");
    EVENTS_BACK = write_back!("events", "id", "data");
    HAND_OVERS = documents!("hand_overs", "id", "document", "customer_id = ?");
    HAND_OVERS_BACK = write_back!("hand_overs", "id", "document");
    APPROVALS = documents!("approvals", "id", "subject", "customer_id = ?");
    APPROVALS_BACK = write_back!("approvals", "id", "subject");
    REMITTANCES = documents!("remittances", "id", "lines", "customer_id = ?");
    REMITTANCES_BACK = write_back!("remittances", "id", "lines");
    LINES = documents!("bank_lines", "id", "content", "payment_id IN (SELECT p.id FROM payments p WHERE p.customer_id = ?)");
    LINES_BACK = write_back!("bank_lines", "id", "content");
    CANDIDATES = documents!("bank_lines", "id", "candidates",
        "payment_id IN (SELECT p.id FROM payments p WHERE p.customer_id = ?)");
    CANDIDATES_BACK = write_back!("bank_lines", "id", "candidates");

    CUSTOMER = "UPDATE customers SET name = 'erased', external_id = 'erased ' || id, region = NULL, tags = '[]', known_domains = '[]', hold = NULL,
            hold_until_on = NULL, preferred_channel = NULL, preferred_payment_methods = '[]', updated_at = ?2 WHERE id = ?1";
    CONTACTS = "DELETE FROM contacts WHERE customer_id = ?";
    ACTIVITIES = "UPDATE activities SET title = replace(kind, '_', ' '), detail = 'erased' WHERE customer_id = ?";
    MESSAGES = "UPDATE messages SET released_to = NULL, recipient = iif(recipient IS NULL, NULL, 'erased'),
            subject = iif(subject IS NULL, NULL, 'erased'), why = 'erased', about = NULL,
            last_error = iif(last_error IS NULL, NULL, 'erased') WHERE customer_id = ?";
    MAILBOX = "DELETE FROM mailbox WHERE message_id IN (SELECT m.id FROM messages m WHERE m.customer_id = ?)";
    LINKS = "UPDATE payment_links SET revoked_at = coalesce(revoked_at, ?2) WHERE customer_id = ?1";
    CHECKOUTS = "UPDATE checkouts SET url = NULL
        WHERE link_id IN (SELECT l.id FROM payment_links l WHERE l.customer_id = ?)";
    INVOICE_TEXTS = "UPDATE invoices SET hold = NULL, hold_until_on = NULL WHERE customer_id = ? AND hold IS NOT NULL";
    CHARGES = "UPDATE charges SET reason = 'erased' WHERE customer_id = ? AND reason IS NOT NULL";
    DISPUTES = "UPDATE disputes SET text = NULL, comment = NULL, documents = '[]' WHERE customer_id = ?";
    PROMISES = "UPDATE promises SET note = NULL WHERE customer_id = ?";
    PLANS = "UPDATE instalment_plans SET note = NULL WHERE customer_id = ?";
    TASKS = "UPDATE tasks SET title = replace(kind, '_', ' '), detail = NULL, report = NULL WHERE customer_id = ?";
    COMMENTS = "UPDATE approvals SET comment = NULL, decision_comment = NULL WHERE customer_id = ?";
    RECALLS = "UPDATE hand_overs SET recall_reason = NULL WHERE customer_id = ?";
    SUSPENSIONS = "UPDATE suspensions SET why = 'erased' WHERE customer_id = ?";
    REFUNDS = "UPDATE refunds SET reason = 'erased', why = iif(why IS NULL, NULL, 'erased')
        WHERE payment_id IN (SELECT p.id FROM payments p WHERE p.customer_id = ?)";
    LINE_TEXTS = "UPDATE bank_lines SET why = iif(why IS NULL, NULL, 'erased')
        WHERE payment_id IN (SELECT p.id FROM payments p WHERE p.customer_id = ?)";
    PAST_SENDS = "DELETE FROM past_sends WHERE message_id IN (SELECT m.id FROM messages m WHERE m.customer_id = ?)";
    ADDRESSES = "DELETE FROM contact_addresses WHERE customer_id = ?";
    UNSUBSCRIBES = "DELETE FROM unsubscribes WHERE customer_id = ?";
    REQUESTS = "UPDATE document_requests SET what = 'erased', note = NULL, documents = '[]' WHERE customer_id = ?";
    ACCOUNTS = "DELETE FROM payer_accounts WHERE customer_id = ?";
    CONSENTS = "DELETE FROM consents WHERE customer_id = ?";
    LIMITS = "DELETE FROM contact_limits WHERE customer_id = ?";
    VOICE_CALLS = "DELETE FROM voice_calls WHERE customer_id = ?";
    LETTERS = "DELETE FROM letters WHERE customer_id = ?";
    ATTACHMENTS = "DELETE FROM documents WHERE owner_id IN (SELECT i.id FROM invoices i WHERE i.customer_id = ?1
        UNION ALL SELECT c.id FROM credit_notes c WHERE c.customer_id = ?1)";
    OBJECTS = "UPDATE external_objects SET said = NULL WHERE entity_id IN (SELECT ?1
        UNION ALL SELECT i.id FROM invoices i WHERE i.customer_id = ?1)";

    SUPPRESSIONS = "DELETE FROM suppressions WHERE address IN (SELECT value FROM json_each(?))";
    LIFTS = "DELETE FROM suppression_lifts WHERE address IN (SELECT value FROM json_each(?))";
    /// Whole tables: see the module's head. Whether a trace is a word of its own is looked at afterwards.
    RAW_EVENTS = "SELECT json_array(source, event_id, body || ' ' || coalesce(outcome, '')) FROM inbound_events
        WHERE status <> 'received' AND EXISTS (SELECT 1 FROM json_each(?) n
            WHERE instr(lower(inbound_events.body || ' ' || coalesce(inbound_events.outcome, '')), n.value) > 0)";
    RAW_EVENTS_BACK = "UPDATE inbound_events SET body = '{}', outcome = iif(outcome IS NULL, NULL, 'erased')
        FROM json_each(?) AS j WHERE source = j.value->>0 AND event_id = j.value->>1";
    ANSWERS = "SELECT json_array(principal, key, body) FROM idempotency WHERE EXISTS (SELECT 1 FROM json_each(?) n
        WHERE instr(lower(idempotency.body), n.value) > 0)";
    /// Empty, as no answer is: see [`Given::is_erased`](crate::idempotency::Given::is_erased).
    ANSWERS_BACK = "UPDATE idempotency SET body = '' FROM json_each(?) AS j
        WHERE principal = j.value->>0 AND idempotency.key = j.value->>1";
    REJECTS = "SELECT json_array('', id, body) FROM intake_rejects WHERE EXISTS (SELECT 1 FROM json_each(?) n
        WHERE instr(lower(intake_rejects.body), n.value) > 0)";
    REJECTS_GONE = "DELETE FROM intake_rejects WHERE id IN (SELECT value->>1 FROM json_each(?))";
}

/// Tables with documents: how each is read and written back.
const DOCUMENTS: &[(&str, &str)] = &[
    (INVOICES, INVOICES_BACK),
    (CREDIT_NOTES, CREDIT_NOTES_BACK),
    (PAYMENTS, PAYMENTS_BACK),
    (PAYMENTS_WHY, PAYMENTS_WHY_BACK),
    (ORDERS, ORDERS_BACK),
    (EVENTS, EVENTS_BACK),
    (HAND_OVERS, HAND_OVERS_BACK),
    (APPROVALS, APPROVALS_BACK),
    (REMITTANCES, REMITTANCES_BACK),
    (LINES, LINES_BACK),
    (CANDIDATES, CANDIDATES_BACK),
];

/// What is the customer's by a column; those that others are found through come last.
const OWN: &[&str] = &[
    ACTIVITIES,
    MAILBOX,
    MESSAGES,
    CHECKOUTS,
    INVOICE_TEXTS,
    CHARGES,
    DISPUTES,
    PROMISES,
    PLANS,
    TASKS,
    COMMENTS,
    RECALLS,
    SUSPENSIONS,
    REFUNDS,
    LINE_TEXTS,
    PAST_SENDS,
    ADDRESSES,
    VOICE_CALLS,
    LETTERS,
    UNSUBSCRIBES,
    REQUESTS,
    ACCOUNTS,
    CONSENTS,
    LIMITS,
    ATTACHMENTS,
    OBJECTS,
    CONTACTS,
];

/// What is found by what it says: how it is searched, and what is done with what was found.
const SEARCHED: &[(&str, &str)] = &[
    (RAW_EVENTS, RAW_EVENTS_BACK),
    (ANSWERS, ANSWERS_BACK),
    (REJECTS, REJECTS_GONE),
];

/// A request to erase, as it stands.
#[derive(Debug, Clone, Serialize)]
pub struct ErasureView {
    /// Whose data.
    pub customer_id: CustomerId,
    /// `pending` or `done`.
    pub status: &'static str,
    /// Why, in the words of who asked.
    pub reason: String,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: String,
    /// What it waits for: `money`, or the id of a rule.
    pub waits_for: Option<String>,
    /// From when on it can be done, where that is known.
    pub not_before: Option<String>,
    /// When it was done.
    pub done_at: Option<String>,
    #[serde(skip)]
    asked_ms: i64,
}

impl ErasureView {
    /// Where it stands in the order of lists: `after` of the next page.
    pub fn cursor(&self) -> String {
        format!("{}_{}", self.asked_ms, self.customer_id)
    }
}

/// Where a page begins: after this one.
#[derive(Debug, Clone)]
pub struct ErasureCursor(i64, CustomerId);

impl ErasureCursor {
    /// Reads what [`ErasureView::cursor`] writes.
    pub fn parse(text: &str) -> Option<ErasureCursor> {
        let (at, id) = text.split_once('_')?;
        Some(ErasureCursor(at.parse().ok()?, CustomerId::parse(id).ok()?))
    }
}

#[derive(Deserialize)]
struct ErasureRow {
    customer_id: CustomerId,
    reason: String,
    asked_by: String,
    asked_ms: i64,
    waits_for: Option<String>,
    not_before_ms: Option<i64>,
    done_ms: Option<i64>,
}

impl ErasureRow {
    fn view(self) -> Result<ErasureView> {
        Ok(ErasureView {
            customer_id: self.customer_id,
            status: if self.done_ms.is_some() { "done" } else { "pending" },
            reason: self.reason,
            asked_by: self.asked_by,
            asked_at: rfc3339(self.asked_ms)?,
            waits_for: self.waits_for,
            not_before: self.not_before_ms.map(rfc3339).transpose()?,
            done_at: self.done_ms.map(rfc3339).transpose()?,
            asked_ms: self.asked_ms,
        })
    }
}

#[derive(Deserialize)]
struct Who {
    kind: CustomerKind,
    country: Country,
    settled: u8,
    last_ms: Option<i64>,
    texts: Vec<String>,
    addresses: Vec<String>,
}

/// A request that waited, and can be done.
#[derive(Debug, Clone, Deserialize)]
pub struct Waiting {
    /// Whose data.
    pub customer: CustomerId,
    /// Why it was asked for.
    pub reason: String,
    /// By whom.
    pub by: String,
}

/// At most `limit` requests that waited until now, those that could be done first.
pub async fn due(db: &Db, moment: Moment, limit: u32) -> Result<Vec<Waiting>> {
    db.list(DUE, params![moment.ms(), limit]).await
}

/// What became of a request.
#[derive(Debug)]
pub enum Erased {
    /// It is done.
    Done(ErasureView),
    /// It is on record, and waits.
    Pending(ErasureView),
    /// There is no such customer.
    Unknown,
}

/// Erases a person's data, or says why it cannot be done yet and puts the request on record. Doing it again does it again,
/// for what has come in since.
pub async fn erase(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    reason: &str,
    by: &str,
) -> Result<Erased> {
    let Some(who) = tx.find::<Who>(WHO, params![customer.as_str()]).await? else {
        return Ok(Erased::Unknown);
    };
    let last = who.last_ms.map(instant).transpose()?;
    let settings = law::settings(tx).await?;
    let waits = waits(
        &settings,
        who.kind,
        who.country,
        who.settled == 1,
        last,
        moment.now,
    );
    let (waits_for, not_before) = match waits {
        None => (None, None),
        Some(Waits::Money) => (Some("money"), None),
        Some(Waits::Records { until, rule }) => (Some(rule.id), Some(until.timestamp_millis())),
    };
    let done = waits.is_none().then_some(moment.ms());
    // What was asked for is said by whoever asked: when it is done, not even that stays.
    let reason = if waits.is_none() { ERASED } else { reason };
    let parameters = params![
        customer.as_str(),
        reason,
        by,
        moment.ms(),
        waits_for,
        not_before,
        done
    ];
    tx.run(PEND, parameters).await?;
    if waits.is_none() {
        take_out(tx, moment, customer, &who).await?;
    }
    let detail = match waits_for {
        None => format!("Names, addresses and words are gone from every table; the books stay. By {by}."),
        Some(what) => format!("It waits: {what}. Asked by {by}."),
    };
    let (kind, title) = match done {
        Some(_) => ("data_erased", "Personal data erased"),
        None => ("erasure_pending", "Erasure of personal data waits"),
    };
    let activity = Activity {
        customer_id: customer.clone(),
        kind,
        title: title.to_owned(),
        detail,
        refers_to: None,
    };
    activities::record(tx, moment, &[activity]).await?;
    let row: Option<ErasureRow> = tx.find(ONE, params![customer.as_str()]).await?;
    let view = row
        .ok_or_else(|| StoreError::Decode("an erasure just recorded is not there".to_owned()))?
        .view()?;
    Ok(match done {
        Some(_) => Erased::Done(view),
        None => Erased::Pending(view),
    })
}

async fn take_out(tx: &Tx<'_>, moment: Moment, customer: &CustomerId, who: &Who) -> Result<()> {
    let id = customer.as_str();
    let traces = Traces::of(who.texts.iter().map(String::as_str));
    for (read, write) in DOCUMENTS {
        let mut found: Vec<(String, Value)> = tx.list(read, params![id]).await?;
        for (_, document) in &mut found {
            traces.erase_from(document);
        }
        // As texts: a document in a JSON parameter would come out as the database writes it.
        let texts: Vec<(&String, String)> = found
            .iter()
            .map(|(key, document)| (key, document.to_string()))
            .collect();
        tx.run(write, params![serde_json::to_string(&texts)?]).await?;
    }
    let needles: Vec<&str> = traces.all().collect();
    let needles = serde_json::to_string(&needles)?;
    for (search, erase) in SEARCHED {
        let mut found: Vec<(String, String, String)> = tx.list(search, params![needles.as_str()]).await?;
        found.retain(|(_, _, text)| traces.are_in(text));
        let keys: Vec<(&String, &String)> = found.iter().map(|(first, second, _)| (first, second)).collect();
        tx.run(erase, params![serde_json::to_string(&keys)?]).await?;
    }
    let keys: Vec<String> = who
        .addresses
        .iter()
        .map(|address| receivables::suppression::key(address))
        .collect();
    let keys = serde_json::to_string(&keys)?;
    tx.run(SUPPRESSIONS, params![keys.as_str()]).await?;
    tx.run(LIFTS, params![keys]).await?;
    tx.run(LINKS, params![id, moment.ms()]).await?;
    for sql in OWN {
        tx.run(sql, params![id]).await?;
    }
    tx.run(CUSTOMER, params![id, moment.ms()]).await
}

/// Requests that wait, the oldest first.
pub async fn pending(db: &Db, after: Option<&ErasureCursor>, limit: u32) -> Result<Vec<ErasureView>> {
    let (at, id) = after.map_or((i64::MIN, ""), |after| (after.0, after.1.as_str()));
    let rows: Vec<ErasureRow> = db.list(PENDING, params![at, id, limit]).await?;
    rows.into_iter().map(ErasureRow::view).collect()
}
