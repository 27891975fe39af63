//! What is on record of contacts with a customer, as people see it.

use super::{attorney, inconvenient};
use crate::db::{Db, statements};
use crate::error::Result;
use crate::instants::rfc3339;
use crate::params;
use receivables::channel::Channel;
use receivables::id::{ConsentId, CustomerId};
use receivables::law::{Attorney, Inconvenient};
use receivables::template::Purpose;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Calls and words that are shown: more nobody reads.
const SHOWN: u32 = 100;

statements! {
    RECORD = "SELECT json_object('customer_id', k.id, 'cease_ms', l.cease_at, 'cease', json(l.cease),
            'attorney', json(l.attorney), 'inconvenient', json(coalesce(l.inconvenient, '[]')),
            'validation_ms', l.validation_at, 'validation', json(l.validation),
            'consents', json((SELECT json_group_array(json(document)) FROM (SELECT json_object('id', s.id,
                    'channel', s.channel, 'address', s.address, 'purpose', s.purpose, 'given', s.given,
                    'said_ms', s.said_at, 'how', s.how, 'evidence', s.evidence, 'by', s.recorded_by) AS document
                FROM consents s WHERE s.customer_id = k.id ORDER BY s.id DESC LIMIT ?2))),
            'calls', json((SELECT json_group_array(json(document)) FROM (SELECT json_object('at_ms', c.at,
                    'conversation', c.conversation, 'outcome', c.outcome, 'by', c.made_by,
                    'message', c.message_id) AS document
                FROM calls c WHERE c.customer_id = k.id ORDER BY c.at DESC LIMIT ?2))))
        FROM customers k LEFT JOIN contact_limits l ON l.customer_id = k.id WHERE k.id = ?1";
}

/// A demand, or a notice: how and when.
#[derive(Debug, Clone, Serialize)]
pub struct WordView {
    /// When.
    pub at: String,
    /// By which means.
    pub how: String,
    /// What shows it.
    pub evidence: Option<String>,
    /// Who recorded it.
    pub recorded_by: String,
}

/// A word on consent.
#[derive(Debug, Clone, Serialize)]
pub struct ConsentView {
    /// Ours.
    pub id: ConsentId,
    /// For which channel; none: all.
    pub channel: Option<Channel>,
    /// For which address; none: all.
    pub address: Option<String>,
    /// For what; none: everything.
    pub purpose: Option<Purpose>,
    /// Given, or taken back.
    pub given: bool,
    /// How and when.
    #[serde(flatten)]
    pub word: WordView,
}

/// A call that was placed.
#[derive(Debug, Clone, Serialize)]
pub struct CallView {
    /// When.
    pub at: String,
    /// Whether somebody spoke with the customer.
    pub conversation: bool,
    /// How it ended, where a person placed it.
    pub outcome: Option<String>,
    /// Who placed it.
    pub made_by: String,
    /// The message that it was for, where the machine placed it.
    pub message_id: Option<String>,
}

/// What is on record of contacts with a customer.
#[derive(Debug, Clone, Serialize)]
pub struct RecordView {
    /// Whose.
    pub customer_id: CustomerId,
    /// The demand that contact cease.
    pub cease: Option<WordView>,
    /// Who represents the customer.
    pub attorney: Option<Attorney>,
    /// Times and places that do not suit.
    pub inconvenient_times: Vec<Inconvenient>,
    /// The validation notice.
    pub validation_notice: Option<WordView>,
    /// Words on consent, the newest first.
    pub consents: Vec<ConsentView>,
    /// Calls, the newest first.
    pub calls: Vec<CallView>,
}

#[derive(Deserialize)]
struct Row {
    customer_id: CustomerId,
    cease_ms: Option<i64>,
    cease: Option<HowRow>,
    attorney: Option<Value>,
    inconvenient: Vec<Value>,
    validation_ms: Option<i64>,
    validation: Option<HowRow>,
    consents: Vec<ConsentRow>,
    calls: Vec<CallRow>,
}

#[derive(Deserialize)]
struct HowRow {
    how: String,
    evidence: Option<String>,
    by: String,
}

#[derive(Deserialize)]
struct ConsentRow {
    id: ConsentId,
    channel: Option<Channel>,
    address: Option<String>,
    purpose: Option<Purpose>,
    given: u8,
    said_ms: i64,
    #[serde(flatten)]
    how: HowRow,
}

#[derive(Deserialize)]
struct CallRow {
    at_ms: i64,
    conversation: u8,
    outcome: Option<String>,
    by: String,
    message: Option<String>,
}

impl HowRow {
    fn view(self, at_ms: i64) -> Result<WordView> {
        Ok(WordView {
            at: rfc3339(at_ms)?,
            how: self.how,
            evidence: self.evidence,
            recorded_by: self.by,
        })
    }
}

fn word(at_ms: Option<i64>, how: Option<HowRow>) -> Result<Option<WordView>> {
    at_ms.zip(how).map(|(at, how)| how.view(at)).transpose()
}

/// What is on record of contacts with a customer, if there is such a customer.
pub async fn record(db: &Db, customer: &CustomerId) -> Result<Option<RecordView>> {
    let row = db.find::<Row>(RECORD, params![customer.as_str(), SHOWN]).await?;
    row.map(|row| {
        let consents = row.consents.into_iter().map(|consent| {
            Ok(ConsentView {
                id: consent.id,
                channel: consent.channel,
                address: consent.address,
                purpose: consent.purpose,
                given: consent.given == 1,
                word: consent.how.view(consent.said_ms)?,
            })
        });
        let calls = row.calls.into_iter().map(|call| {
            Ok(CallView {
                at: rfc3339(call.at_ms)?,
                conversation: call.conversation == 1,
                outcome: call.outcome,
                made_by: call.by,
                message_id: call.message,
            })
        });
        Ok(RecordView {
            customer_id: row.customer_id,
            cease: word(row.cease_ms, row.cease)?,
            attorney: row.attorney.as_ref().map(attorney).transpose()?,
            inconvenient_times: inconvenient(row.inconvenient)?,
            validation_notice: word(row.validation_ms, row.validation)?,
            consents: consents.collect::<Result<_>>()?,
            calls: calls.collect::<Result<_>>()?,
        })
    })
    .transpose()
}
