//! What the law of contacts asks about: who a customer is, what it said of contacts, what was said to it.
//!
//! **Shape.** [`of`] reads it for a set of customers, with three statements; [`receivables::law::may_contact`] decides.
//! Words of customers on consent are appended ([`consent`]); a demand to cease, an attorney, times that do not
//! suit and the validation notice are what they are now ([`set`]). **Calls count themselves:** those of people when they
//! are reported ([`calls`]), the machine's by a trigger on its messages' attempts.

mod acts;
pub mod calls;
mod view;

pub use acts::{Limit, consent, put_settings, set};
pub use calls::conversation;
pub use view::{RecordView, record};

use crate::db::{Db, statements};
use crate::error::{Result, StoreError};
use crate::instants::{instant, time_zone};
use crate::moment::Moment;
use crate::params;
use crate::policies::RestDay;
use chrono::TimeDelta;
use receivables::channel::Channel;
use receivables::country::Country;
use receivables::dunning::RestDays;
use receivables::fields::FieldError;
use receivables::id::CustomerId;
use receivables::intake::{ContactRole, CustomerKind};
use receivables::law::{Attorney, Call, Consent, History, Holder, Inconvenient, Party, Sent, Settings};
use receivables::suppression::key;
use receivables::template::Purpose;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// How far back contacts are counted: seven days, and what time zones and a conversation's first day add to them.
const LOOK_BACK: TimeDelta = TimeDelta::days(9);

statements! {
    PARTIES = "SELECT json_object('id', k.id, 'kind', k.kind, 'country', k.country, 'region', k.region,
            'time_zone', k.time_zone,
            'phones', json((SELECT json_group_array(t.phone) FROM contacts t
                WHERE t.customer_id = k.id AND t.phone IS NOT NULL AND t.role <> 'sales')),
            'calls', json((SELECT json_group_array(json_object('at_ms', c.at, 'conversation', c.conversation))
                FROM calls c WHERE c.customer_id = k.id AND c.at > ?2)),
            'messages', json((SELECT json_group_array(json_object('at_ms', m.sent_at, 'channel', m.channel,
                    'purpose', m.purpose))
                FROM messages m WHERE m.customer_id = k.id AND m.sent_at > ?2 AND m.purpose <> 'internal')),
            'consents', json((SELECT json_group_array(json_object('channel', s.channel, 'address', s.address,
                    'purpose', s.purpose, 'given', s.given, 'at_ms', s.said_at))
                FROM consents s WHERE s.customer_id = k.id)),
            'cease_ms', l.cease_at, 'attorney', json(l.attorney), 'inconvenient', json(coalesce(l.inconvenient, '[]')),
            'validation_ms', l.validation_at)
        FROM customers k LEFT JOIN contact_limits l ON l.customer_id = k.id
        WHERE k.id IN (SELECT value FROM json_each(?1))";
    REST = "SELECT json_object('country', r.country, 'region', r.region, 'on', r.day_on, 'name', r.name)
        FROM rest_days r WHERE r.country IN (SELECT k.country FROM customers k
            WHERE k.id IN (SELECT value FROM json_each(?1))) AND r.day_on >= ?2";
    ADDRESSES = "SELECT json_object('role', t.role, 'email', t.email, 'phone', t.phone, 'kind', k.kind)
        FROM contacts t JOIN customers k ON k.id = t.customer_id WHERE t.customer_id = ?";
    ATTORNEY = "SELECT attorney FROM contact_limits WHERE customer_id = ? AND attorney IS NOT NULL";
    SETTINGS = "SELECT settings FROM contact_settings WHERE id = 1";
}

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [ALL, acts::ALL, calls::ALL, view::ALL].concat()
}

#[derive(Deserialize)]
struct PartyRow {
    id: CustomerId,
    kind: CustomerKind,
    country: Country,
    region: Option<String>,
    time_zone: String,
    phones: Vec<String>,
    calls: Vec<CallRow>,
    messages: Vec<SentRow>,
    consents: Vec<ConsentRow>,
    cease_ms: Option<i64>,
    attorney: Option<serde_json::Value>,
    inconvenient: Vec<serde_json::Value>,
    validation_ms: Option<i64>,
}

#[derive(Deserialize)]
struct CallRow {
    at_ms: i64,
    conversation: u8,
}

#[derive(Deserialize)]
struct SentRow {
    at_ms: i64,
    channel: Channel,
    purpose: Purpose,
}

#[derive(Deserialize)]
struct ConsentRow {
    channel: Option<Channel>,
    address: Option<String>,
    purpose: Option<Purpose>,
    given: u8,
    at_ms: i64,
}

/// What the law asks about of each of these customers; `to` is left for the caller to fill in. One that does not exist is
/// not in the answer.
pub async fn of(
    db: &Db,
    moment: Moment,
    customers: &BTreeSet<CustomerId>,
) -> Result<BTreeMap<CustomerId, (Party, History)>> {
    let ids = serde_json::to_string(customers)?;
    let since = moment.now.checked_sub_signed(LOOK_BACK).unwrap_or(moment.now);
    let rows: Vec<PartyRow> = db
        .list(PARTIES, params![ids.as_str(), since.timestamp_millis()])
        .await?;
    let rest: Vec<RestDay> = db
        .list(REST, params![ids, since.date_naive().to_string()])
        .await?;
    let settings = settings(db).await?;
    rows.into_iter()
        .map(|row| {
            let id = row.id.clone();
            Ok((id, (row.party(settings, &rest)?, row.history()?)))
        })
        .collect()
}

/// What the creditor is and has chosen; the defaults where nothing was set.
pub async fn settings(db: &Db) -> Result<Settings> {
    let stored: Option<serde_json::Value> = db.find(SETTINGS, params![]).await?;
    match stored {
        None => Ok(Settings::default()),
        Some(stored) => Settings::parse(&stored).map_err(|problems| unreadable("settings", &problems)),
    }
}

#[derive(Deserialize)]
struct AddressRow {
    role: ContactRole,
    email: Option<String>,
    phone: Option<String>,
    kind: CustomerKind,
}

/// Whose an address or telephone number is, in any spelling, where it is known of this customer.
pub async fn holder(db: &Db, customer: &CustomerId, address: &str) -> Result<Option<Holder>> {
    let wanted = key(address);
    let is = |known: &Option<String>| known.as_deref().is_some_and(|known| key(known) == wanted);
    let stored: Option<serde_json::Value> = db.find(ATTORNEY, params![customer.as_str()]).await?;
    let theirs = stored.as_ref().map(attorney).transpose()?;
    if theirs.is_some_and(|attorney| is(&attorney.email) || is(&attorney.phone)) {
        return Ok(Some(Holder::Attorney));
    }
    let known: Vec<AddressRow> = db.list(ADDRESSES, params![customer.as_str()]).await?;
    let found = known.iter().find(|row| is(&row.email) || is(&row.phone));
    Ok(found.map(|row| receivables::law::holder(row.kind, row.role)))
}

impl PartyRow {
    fn party(&self, settings: Settings, rest: &[RestDay]) -> Result<Party> {
        let region = self.region.as_deref();
        let here = |day: &&RestDay| {
            let there = day.region.is_empty()
                || region.is_some_and(|region| region.eq_ignore_ascii_case(&day.region));
            day.country == self.country && there
        };
        let added = rest.iter().filter(here);
        Ok(Party {
            settings,
            kind: self.kind,
            country: self.country,
            region: self.region.clone(),
            zone: time_zone(&self.time_zone)?,
            phones: self.phones.clone(),
            rest: RestDays {
                added: added.map(|day| (day.on, day.name.clone())).collect(),
                ..RestDays::of(self.country, region)
            },
            to: None,
            by_person: false,
            with_validation_notice: false,
        })
    }

    fn history(self) -> Result<History> {
        let calls = self.calls.iter().map(|call| {
            Ok(Call {
                at: instant(call.at_ms)?,
                conversation: call.conversation == 1,
            })
        });
        let messages = self.messages.iter().map(|sent| {
            Ok(Sent {
                at: instant(sent.at_ms)?,
                channel: sent.channel,
                purpose: sent.purpose,
            })
        });
        let consents = self.consents.into_iter().map(|word| {
            Ok(Consent {
                channel: word.channel,
                address: word.address,
                purpose: word.purpose,
                given: word.given == 1,
                at: instant(word.at_ms)?,
            })
        });
        Ok(History {
            calls: calls.collect::<Result<_>>()?,
            messages: messages.collect::<Result<_>>()?,
            consents: consents.collect::<Result<_>>()?,
            cease: self.cease_ms.map(instant).transpose()?,
            attorney: self.attorney.as_ref().map(attorney).transpose()?,
            inconvenient: inconvenient(self.inconvenient)?,
            validation_notice: self.validation_ms.map(instant).transpose()?,
        })
    }
}

fn attorney(stored: &serde_json::Value) -> Result<Attorney> {
    Attorney::parse(stored).map_err(|problems| unreadable("an attorney", &problems))
}

fn inconvenient(stored: Vec<serde_json::Value>) -> Result<Vec<Inconvenient>> {
    let stored = serde_json::json!({ "times": stored });
    Inconvenient::parse_all(&stored).map_err(|problems| unreadable("times", &problems))
}

fn unreadable(what: &str, problems: &[FieldError]) -> StoreError {
    StoreError::Decode(format!("{what} cannot be read: {problems:?}"))
}
