//! The rules, case by case, each with where its number comes from; and what holds always.

mod cases;
mod numbers;
mod properties;

use super::consent::Span;
use super::*;
use crate::calendar;
use chrono::{NaiveTime, TimeDelta};

const NEW_YORK: &str = "America/New_York";
const BERLIN: &str = "Europe/Berlin";

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A time on the wall: `2026-11-16 08:00`.
fn local(text: &str, zone_name: &str) -> DateTime<Utc> {
    let (day, time) = text.split_once(' ').unwrap();
    let format = if time.len() == 5 { "%H:%M" } else { "%H:%M:%S" };
    let time = NaiveTime::parse_from_str(time, format).unwrap();
    calendar::instant_of(day.parse().unwrap(), time, zone(zone_name))
}

fn party(kind: CustomerKind, country: &str, zone_name: &str) -> Party {
    let country = Country::parse(country).unwrap();
    Party {
        settings: Settings::default(),
        kind,
        country,
        region: None,
        zone: zone(zone_name),
        phones: Vec::new(),
        rest: RestDays::of(country, None),
        to: None,
        by_person: false,
        with_validation_notice: false,
    }
}

/// A consumer in New York, whose creditor keeps to the rules for debt collectors of its own will, and who has agreed to be
/// called and texted.
fn consumer() -> (Party, History) {
    let mut party = party(CustomerKind::Consumer, "US", NEW_YORK);
    party.settings.consumer_rules = true;
    let history = History {
        consents: vec![word(None, None, true, "2026-01-01T00:00:00Z")],
        ..History::default()
    };
    (party, history)
}

fn word(channel: Option<Channel>, address: Option<&str>, given: bool, when: &str) -> Consent {
    Consent {
        channel,
        address: address.map(crate::suppression::key),
        purpose: None,
        given,
        at: at(when),
    }
}

fn to(text: &str, holder: Holder) -> Option<Address> {
    Some(Address {
        text: text.to_owned(),
        holder,
    })
}

/// What is said of a verdict in a table: `allow`, `deny <rule>`, `defer <rule> <until>`.
fn said(verdict: Verdict) -> String {
    match verdict {
        Verdict::Allow => "allow".to_owned(),
        Verdict::Deny { rule } => format!("deny {}", rule.id),
        Verdict::Defer { until, rule } => format!("defer {} {}", rule.id, until.format("%Y-%m-%dT%H:%MZ")),
    }
}

fn span(from: &str, until: &str) -> Option<Span> {
    let time = |text| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
    Some(Span {
        from: time(from),
        until: time(until),
    })
}
