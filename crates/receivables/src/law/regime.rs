//! Which rules hold for whom.
//!
//! | regime | for | what it is about |
//! |---|---|---|
//! | `us_collection` | consumers in the United States, where the creditor is a debt collector or keeps to their rules of its own will | Regulation F |
//! | `us` | everybody else in the United States | consent for texts and machines' calls; consumers' hours |
//! | `in` | India | the Reserve Bank's hours |
//! | `gb` | the United Kingdom | defaults, which can be set |
//! | `eu` | the European Economic Area and Switzerland | defaults, which can be set |
//! | `elsewhere` | all others | careful defaults, which can be set |
//!
//! Source: 15 U.S.C. 1692a(3) and (5) (consumers and their debts alone), 1692a(6); for the defaults, Dunlin's own rule.

use super::rules::{self, Rule};
use super::settings::{CreditorRole, Hours};
use super::{Party, Settings};
use crate::country::Country;
use crate::intake::CustomerKind;
use crate::names::names;
use chrono::NaiveTime;
use serde::Serialize;

/// A set of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Regime {
    /// Regulation F.
    UsCollection,
    /// The rest of the United States.
    Us,
    /// India.
    In,
    /// United Kingdom.
    Gb,
    /// European Economic Area and Switzerland.
    Eu,
    /// Everywhere else.
    Elsewhere,
}

names! {
    Regime {
        "us_collection" => UsCollection,
        "us" => Us,
        "in" => In,
        "gb" => Gb,
        "eu" => Eu,
        "elsewhere" => Elsewhere,
    }
}

/// The United States with the territories that its federal laws reach.
const UNITED_STATES: &[&str] = &["AS", "GU", "MP", "PR", "UM", "US", "VI"];

/// The United Kingdom and the islands of its Crown.
const UNITED_KINGDOM: &[&str] = &["GB", "GG", "IM", "JE"];

/// The members of the European Economic Area, and Switzerland, which has its like.
const EUROPE: &[&str] = &[
    "AT", "AX", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GF", "GP", "GR", "HR",
    "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MF", "MQ", "MT", "NL", "NO", "PL", "PT", "RE", "RO",
    "SE", "SI", "SK", "YT",
];

/// What a demand to cease leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cease {
    /// Nothing about the debt, but what the law names.
    Debt,
    /// Letters.
    Paper,
}

/// The rules of a regime for a kind of customer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// What a demand to cease leaves.
    pub(super) cease: Cease,
    /// Whether third parties are never told.
    pub(super) no_third_parties: bool,
    /// Whether the validation notice comes first.
    pub(super) validation: bool,
    /// Whether text messages and machines' calls need consent.
    pub(super) consent: bool,
    /// The hours, each with its rule: all of them hold.
    pub(super) hours: [Option<(Hours, &'static Rule)>; 2],
    /// Whether email keeps to hours as well.
    pub(super) email_too: bool,
    /// Whether days of rest are kept free of calls and text messages.
    pub(super) rest_days: bool,
    /// Seven calls in seven days, and none within seven days of a conversation.
    pub(super) calls: bool,
    /// How often within seven days a customer may be asked to pay.
    pub(super) weekly: Option<u32>,
}

/// The regime of a customer.
pub fn of(settings: &Settings, kind: CustomerKind, country: Country) -> Regime {
    let within = |countries: &[&str]| countries.contains(&country.code());
    let collects = settings.creditor_role == CreditorRole::DebtCollector || settings.consumer_rules;
    match kind {
        CustomerKind::Consumer if within(UNITED_STATES) && collects => Regime::UsCollection,
        _ if within(UNITED_STATES) => Regime::Us,
        _ if country.code() == "IN" => Regime::In,
        _ if within(UNITED_KINGDOM) => Regime::Gb,
        _ if within(EUROPE) => Regime::Eu,
        _ => Regime::Elsewhere,
    }
}

/// From hour to hour.
const fn hours(from: u32, until: u32) -> Option<Hours> {
    match (
        NaiveTime::from_hms_opt(from, 0, 0),
        NaiveTime::from_hms_opt(until, 0, 0),
    ) {
        (Some(from), Some(until)) => Some(Hours { from, until }),
        _ => None,
    }
}

/// A row of the table: the law's hours with their rule, the default ones, whether days of rest count, how often.
struct Row {
    lawful: Option<(Option<Hours>, &'static Rule)>,
    default: Option<Hours>,
    rest_days: bool,
    weekly: Option<u32>,
}

fn row(regime: Regime, kind: CustomerKind) -> Row {
    let us = Some((hours(8, 21), &rules::HOURS_US));
    let india = Some((hours(8, 19), &rules::HOURS_IN));
    let (lawful, default, rest_days, weekly) = match (regime, kind) {
        (Regime::UsCollection, _) => (us, None, false, None),
        // State laws reach original creditors too: Cal. Civ. Code 1788.17, Fla. Stat. 559.72(17).
        (Regime::Us, CustomerKind::Consumer) => (us, None, false, Some(7)),
        (Regime::Us, CustomerKind::Business) => (None, hours(8, 21), false, None),
        (Regime::In, CustomerKind::Consumer) => (india, None, false, Some(3)),
        (Regime::In, CustomerKind::Business) => (india, None, false, Some(5)),
        (Regime::Gb | Regime::Eu, CustomerKind::Consumer) => (None, hours(8, 20), true, Some(3)),
        (Regime::Gb | Regime::Eu, CustomerKind::Business) => (None, hours(8, 18), true, Some(5)),
        (Regime::Elsewhere, CustomerKind::Consumer) => (None, hours(9, 18), true, Some(2)),
        (Regime::Elsewhere, CustomerKind::Business) => (None, hours(9, 18), true, Some(5)),
    };
    Row {
        lawful,
        default,
        rest_days,
        weekly,
    }
}

/// The rules that hold for a party.
pub(super) fn terms(party: &Party) -> Terms {
    let regime = of(&party.settings, party.kind, party.country);
    terms_of(&party.settings, regime, party.kind)
}

fn terms_of(settings: &Settings, regime: Regime, kind: CustomerKind) -> Terms {
    let row = row(regime, kind);
    let is_regulation_f = regime == Regime::UsCollection;
    let chosen = settings.hours.of(kind).or(row.default);
    Terms {
        cease: if is_regulation_f {
            Cease::Debt
        } else {
            Cease::Paper
        },
        no_third_parties: is_regulation_f,
        validation: is_regulation_f && settings.creditor_role == CreditorRole::DebtCollector,
        consent: matches!(regime, Regime::UsCollection | Regime::Us),
        hours: [
            row.lawful.and_then(|(hours, rule)| Some((hours?, rule))),
            chosen.map(|hours| (hours, &rules::HOURS)),
        ],
        email_too: kind == CustomerKind::Consumer,
        rest_days: row.rest_days,
        calls: is_regulation_f,
        weekly: settings.weekly.of(kind).or(row.weekly),
    }
}

/// What holds for one kind of customer under one regime, for people to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The regime.
    pub regime: Regime,
    /// The kind of customer.
    pub kind: CustomerKind,
    /// Hours, each with its rule; all of them hold.
    pub hours: Vec<HeldHours>,
    /// Whether email keeps to them as well.
    pub email_too: bool,
    /// Whether days of rest are kept free of calls and text messages.
    pub rest_days: bool,
    /// Whether calls are counted: seven in seven days, and none for seven days after a conversation.
    pub calls: bool,
    /// How often within seven days a customer is asked to pay.
    pub weekly: Option<u32>,
    /// Whether text messages and machines' calls need consent.
    pub consent: bool,
    /// Whether the validation notice comes first.
    pub validation: bool,
}

/// Hours, and the rule that says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldHours {
    /// Which.
    #[serde(flatten)]
    pub hours: Hours,
    /// The rule's id.
    pub rule: &'static str,
}

/// What holds for whom, as things are set. The regime for debt collectors has consumers only.
pub fn table(settings: &Settings) -> Vec<Held> {
    let regimes = Regime::NAMES.iter().map(|(_, regime)| *regime);
    let both = regimes.flat_map(|regime| {
        let kinds = CustomerKind::NAMES.iter().map(|(_, kind)| *kind);
        kinds.map(move |kind| (regime, kind))
    });
    both.filter(|pair| *pair != (Regime::UsCollection, CustomerKind::Business))
        .map(|(regime, kind)| {
            let terms = terms_of(settings, regime, kind);
            let hours = terms.hours.into_iter().flatten();
            Held {
                regime,
                kind,
                hours: hours
                    .map(|(hours, rule)| HeldHours { hours, rule: rule.id })
                    .collect(),
                email_too: terms.email_too,
                rest_days: terms.rest_days,
                calls: terms.calls,
                weekly: terms.weekly,
                consent: terms.consent,
                validation: terms.validation,
            }
        })
        .collect()
}
