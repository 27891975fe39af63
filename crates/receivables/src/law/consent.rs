//! What a customer agrees to, takes back, and says of times and places.
//!
//! **Shape.** A [`Consent`] is one word of the customer: yes or no, for a channel or all, an address or all, a purpose or
//! all. The latest word that covers a contact decides; of two at the same instant the refusal. So STOP from a number ends
//! text messages to that number and nothing else, and START takes it back. An [`Inconvenient`] is a time of the week, at
//! an address or everywhere, or an address at any time: a place.
//!
//! Source: 47 CFR 64.1200(a)(10); 12 CFR 1006.6(b)(1), 1006.14(h).

use super::settings::minutes;
use crate::channel::Channel;
use crate::suppression::key;
use crate::template::Purpose;
use chrono::{DateTime, Datelike, NaiveDateTime, NaiveTime, Utc, Weekday};
use serde::{Deserialize, Serialize};

/// One word of a customer on whether it may be contacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// For which channel; none: all.
    pub channel: Option<Channel>,
    /// For which address, by its key; none: all.
    pub address: Option<String>,
    /// For what; none: everything.
    pub purpose: Option<Purpose>,
    /// Yes, or no.
    pub given: bool,
    /// When it was said.
    pub at: DateTime<Utc>,
}

impl Consent {
    /// Whether it is about such a contact.
    pub fn covers(&self, channel: Channel, address: Option<&str>, purpose: Purpose) -> bool {
        let about_address = match (&self.address, address) {
            (None, _) => true,
            (Some(own), Some(asked)) => *own == key(asked),
            (Some(_), None) => false,
        };
        about_address
            && self.channel.is_none_or(|own| own == channel)
            && self.purpose.is_none_or(|own| own == purpose)
    }
}

/// The latest word on such a contact: yes, no, or none was ever said.
pub fn word(consents: &[Consent], channel: Channel, address: Option<&str>, purpose: Purpose) -> Option<bool> {
    let covering = consents
        .iter()
        .filter(|consent| consent.covers(channel, address, purpose));
    let latest = covering.max_by_key(|consent| (consent.at, !consent.given));
    latest.map(|consent| consent.given)
}

/// A time of the week that does not suit, a place, or both: a time at a place. Written as [`Inconvenient::parse_all`] reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inconvenient {
    /// On which days it begins; none: on all.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "day_names")]
    pub days: Vec<Weekday>,
    /// From when until when, in the customer's civil time; where it ends before it begins, on the next day. None: all day.
    #[serde(flatten)]
    pub hours: Option<Span>,
    /// At which address, by its key; none: everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A span of the day; its end does not belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Its first moment.
    #[serde(serialize_with = "minutes")]
    pub from: NaiveTime,
    /// The first moment after it.
    #[serde(serialize_with = "minutes")]
    pub until: NaiveTime,
}

/// How days of the week are written.
pub const DAYS: &[(&str, Weekday)] = &[
    ("monday", Weekday::Mon),
    ("tuesday", Weekday::Tue),
    ("wednesday", Weekday::Wed),
    ("thursday", Weekday::Thu),
    ("friday", Weekday::Fri),
    ("saturday", Weekday::Sat),
    ("sunday", Weekday::Sun),
];

fn day_names<S: serde::Serializer>(days: &[Weekday], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(days.iter().filter_map(|day| {
        let named = DAYS.iter().find(|(_, known)| known == day);
        named.map(|(name, _)| *name)
    }))
}

impl Inconvenient {
    /// Whether it is a place: it never suits.
    pub fn is_place(&self) -> bool {
        self.days.is_empty() && self.hours.is_none()
    }

    /// Whether it is about a contact at that address.
    pub fn concerns(&self, address: Option<&str>) -> bool {
        match (&self.address, address) {
            (None, _) => true,
            (Some(own), Some(asked)) => *own == key(asked),
            (Some(_), None) => false,
        }
    }

    /// When it ends, if a clock on the wall stands in it: the first moment on the wall after it.
    pub fn ends_after(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let begins_on = |day: chrono::NaiveDate| self.days.is_empty() || self.days.contains(&day.weekday());
        let today = local.date();
        let yesterday = today.pred_opt().unwrap_or(today);
        let tomorrow = today.succ_opt().unwrap_or(today);
        let Some(span) = self.hours else {
            return begins_on(today).then(|| tomorrow.and_time(NaiveTime::MIN));
        };
        if span.from < span.until {
            let within = begins_on(today) && span.from <= local.time() && local.time() < span.until;
            return within.then(|| today.and_time(span.until));
        }
        // Over midnight: it began today, or yesterday and goes on.
        if begins_on(today) && span.from <= local.time() {
            return Some(tomorrow.and_time(span.until));
        }
        let goes_on = begins_on(yesterday) && local.time() < span.until;
        goes_on.then(|| today.and_time(span.until))
    }
}
