//! Everything on record about a customer, in one document.
//!
//! Source: Regulation (EU) 2016/679, articles 15(1), 15(3) and 20(1).

use crate::db::{Db, statements};
use crate::error::Result;
use crate::params;
use receivables::id::CustomerId;
use serde_json::{Map, Value};

/// All columns of a table's rows that a condition picks, as objects: those that hold JSON as JSON.
macro_rules! rows {
    ($columns:literal, $from:literal) => {
        concat!("SELECT json_object(", $columns, ") FROM ", $from)
    };
}

statements! {
    CUSTOMER = rows!("'id', id, 'external_id', external_id, 'name', name, 'kind', kind, 'country', country,
        'region', region, 'time_zone', time_zone, 'locale', locale, 'currency', currency, 'terms_days', terms_days,
        'terms', json(terms), 'credit_limit_minor', credit_limit_minor, 'policy', policy, 'tags', json(tags),
        'preferred_channel', preferred_channel, 'preferred_payment_methods', json(preferred_payment_methods),
        'hold', hold, 'suspended_at', suspended_at, 'created_at', created_at, 'updated_at', updated_at",
        "customers WHERE id = ?");
    CONTACTS = rows!("'name', name, 'role', role, 'email', email, 'phone', phone, 'postal', json(postal)",
        "contacts WHERE customer_id = ?");
    INVOICES = rows!("'id', id, 'number', number, 'kind', kind, 'issue_on', issue_on, 'due_on', due_on,
        'currency', currency, 'total_minor', total_minor, 'balance_minor', balance_minor, 'status', status,
        'hold', hold, 'content', json(content), 'created_at', created_at", "invoices WHERE customer_id = ?");
    CREDIT_NOTES = rows!("'id', id, 'number', number, 'issue_on', issue_on, 'currency', currency,
        'total_minor', total_minor, 'content', json(content), 'created_at', created_at",
        "credit_notes WHERE customer_id = ?");
    PAYMENTS = rows!("'id', id, 'source', source, 'reference', reference, 'method', method,
        'received_on', received_on, 'currency', currency, 'amount_minor', amount_minor, 'content', json(content),
        'created_at', created_at", "payments WHERE customer_id = ?");
    POSTINGS = rows!("'id', id, 'kind', kind, 'invoice_id', invoice_id, 'amount_minor', amount_minor,
        'currency', currency, 'value_on', value_on, 'posted_at', posted_at", "postings WHERE customer_id = ?");
    ORDERS = rows!("'id', id, 'number', number, 'currency', currency, 'amount_minor', amount_minor, 'status', status,
        'placed_on', placed_on, 'content', json(content)", "orders WHERE customer_id = ?");
    MESSAGES = rows!("'id', id, 'purpose', purpose, 'channel', channel, 'step', step, 'template', template,
        'status', status, 'why', why, 'recipient', recipient, 'subject', subject, 'about', json(about),
        'created_at', created_at, 'sent_at', sent_at", "messages WHERE customer_id = ?");
    ACTIVITIES = rows!("'id', id, 'at', at, 'kind', kind, 'title', title, 'detail', detail, 'refers_to', refers_to",
        "activities WHERE customer_id = ?");
    CALLS = rows!("'at', at, 'conversation', conversation, 'outcome', outcome, 'made_by', made_by",
        "calls WHERE customer_id = ?");
    VOICE_CALLS = rows!("'message_id', message_id, 'phone', phone, 'words', words, 'placed_at', placed_at,
        'answered_at', answered_at, 'keys', keys, 'promise_id', promise_id", "voice_calls WHERE customer_id = ?");
    LETTERS = rows!("'message_id', message_id, 'addressee', addressee, 'subject', subject, 'status', status,
        'created_at', created_at, 'posted_at', posted_at", "letters WHERE customer_id = ?");
    CONSENTS = rows!("'id', id, 'channel', channel, 'address', address, 'purpose', purpose, 'given', given,
        'said_at', said_at, 'how', how, 'evidence', evidence", "consents WHERE customer_id = ?");
    LIMITS = rows!("'cease', json(cease), 'cease_at', cease_at, 'attorney', json(attorney),
        'inconvenient', json(inconvenient), 'validation', json(validation), 'validation_at', validation_at",
        "contact_limits WHERE customer_id = ?");
    DISPUTES = rows!("'id', id, 'invoice_id', invoice_id, 'amount_minor', amount_minor, 'currency', currency,
        'reason', reason, 'text', text, 'status', status, 'outcome', outcome, 'comment', comment,
        'documents', json(documents), 'opened_at', opened_at", "disputes WHERE customer_id = ?");
    PROMISES = rows!("'id', id, 'currency', currency, 'amount_minor', amount_minor, 'promised_on', promised_on,
        'status', status, 'note', note, 'created_at', created_at", "promises WHERE customer_id = ?");
    PLANS = rows!("'id', id, 'kind', kind, 'currency', currency, 'debt_minor', debt_minor, 'status', status,
        'note', note, 'created_at', created_at", "instalment_plans WHERE customer_id = ?");
    TASKS = rows!("'id', id, 'kind', kind, 'title', title, 'detail', detail, 'status', status, 'outcome', outcome,
        'report', report, 'created_at', created_at", "tasks WHERE customer_id = ?");
    APPROVALS = rows!("'id', id, 'kind', kind, 'subject', json(subject), 'status', status, 'comment', comment,
        'decision_comment', decision_comment, 'created_at', created_at", "approvals WHERE customer_id = ?");
    HAND_OVERS = rows!("'id', id, 'status', status, 'document', json(document), 'created_at', created_at",
        "hand_overs WHERE customer_id = ?");
    SUSPENSIONS = rows!("'suspended_at', suspended_at, 'why', why, 'reinstated_at', reinstated_at",
        "suspensions WHERE customer_id = ?");
    RISK = rows!("'score', score, 'band', band, 'reasons', json(reasons), 'scored_at', scored_at",
        "risk_scores WHERE customer_id = ?");
    ACCOUNTS = rows!("'account', account, 'name', name, 'times', times, 'last_at', last_at",
        "payer_accounts WHERE customer_id = ?");
    ADDRESSES = rows!("'address', address, 'changed', changed, 'known_since', known_since, 'proof', proof,
        'proved_at', proved_at", "contact_addresses WHERE customer_id = ?");
    PAST_SENDS = rows!("'message_id', message_id, 'channel', channel, 'recipient', recipient, 'sent_at', sent_at,
        'why', why", "past_sends WHERE message_id IN (SELECT m.id FROM messages m WHERE m.customer_id = ?)");
    UNSUBSCRIBES = rows!("'message_id', message_id, 'channel', channel, 'address', address, 'used_at', used_at",
        "unsubscribes WHERE customer_id = ?");
    REQUESTS = rows!("'id', id, 'what', what, 'until_on', until_on, 'status', status, 'note', note,
        'documents', json(documents), 'created_at', created_at", "document_requests WHERE customer_id = ?");
    EVENTS = rows!("'id', id, 'at', at, 'type', type, 'data', json(data)", "events WHERE customer_id = ?");
}

/// Which statement makes which part.
const PARTS: &[(&str, &str)] = &[
    ("contacts", CONTACTS),
    ("invoices", INVOICES),
    ("credit_notes", CREDIT_NOTES),
    ("payments", PAYMENTS),
    ("postings", POSTINGS),
    ("orders", ORDERS),
    ("messages", MESSAGES),
    ("activities", ACTIVITIES),
    ("calls", CALLS),
    ("voice_calls", VOICE_CALLS),
    ("letters", LETTERS),
    ("consents", CONSENTS),
    ("contact_limits", LIMITS),
    ("disputes", DISPUTES),
    ("promises", PROMISES),
    ("plans", PLANS),
    ("tasks", TASKS),
    ("approvals", APPROVALS),
    ("hand_overs", HAND_OVERS),
    ("suspensions", SUSPENSIONS),
    ("risk", RISK),
    ("bank_accounts", ACCOUNTS),
    ("addresses", ADDRESSES),
    ("past_sends", PAST_SENDS),
    ("unsubscribes", UNSUBSCRIBES),
    ("document_requests", REQUESTS),
    ("events", EVENTS),
];

/// Everything on record about a customer: `{"customer": {...}, "contacts": [...], ...}`, each part a list of rows, amounts in
/// minor units and instants in milliseconds since 1970. `None`: there is no such customer.
pub async fn export(db: &Db, customer: &CustomerId) -> Result<Option<Value>> {
    let Some(root) = db.find::<Value>(CUSTOMER, params![customer.as_str()]).await? else {
        return Ok(None);
    };
    let mut document = Map::from_iter([("customer".to_owned(), root)]);
    for (name, sql) in PARTS {
        let rows: Vec<Value> = db.list(sql, params![customer.as_str()]).await?;
        document.insert((*name).to_owned(), Value::Array(rows));
    }
    Ok(Some(Value::Object(document)))
}
