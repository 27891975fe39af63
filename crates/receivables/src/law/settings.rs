//! What the creditor is, and what it has chosen to keep to.
//!
//! Shape: `{"creditor_role", "consumer_rules"?, "hours"?: {"consumer"?: {"from", "until"}, "business"?: {...}},
//! "weekly"?: {"consumer"?, "business"?}}`. Hours and frequencies that are set take the place of Dunlin's defaults; those
//! that a law sets they can narrow and never widen.
//!
//! Source: 15 U.S.C. 1692a(4) and (6) for the roles; for the rest Dunlin's own rule.

use crate::fields::{FieldError, Fields, kinds};
use crate::intake::CustomerKind;
use crate::limits;
use crate::names::names;
use chrono::NaiveTime;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// In which role the creditor collects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditorRole {
    /// It collects what is owed to itself.
    #[default]
    OriginalCreditor,
    /// It collects what is owed to others, or what it has bought in default.
    DebtCollector,
}

names! {
    CreditorRole {
        "original_creditor" => OriginalCreditor,
        "debt_collector" => DebtCollector,
    }
}

/// Hours of a day, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Hours {
    /// The first moment.
    #[serde(serialize_with = "minutes")]
    pub from: NaiveTime,
    /// The last.
    #[serde(serialize_with = "minutes")]
    pub until: NaiveTime,
}

/// Hours and minutes, which is all that is ever set.
pub(super) fn minutes<S: Serializer>(time: &NaiveTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.format("%H:%M"))
}

/// Something that is set for each kind of customer, or left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ByKind<T> {
    /// For consumers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumer: Option<T>,
    /// For businesses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business: Option<T>,
}

impl<T> Default for ByKind<T> {
    fn default() -> Self {
        ByKind {
            consumer: None,
            business: None,
        }
    }
}

impl<T: Copy> ByKind<T> {
    /// What is set for a kind.
    pub fn of(&self, kind: CustomerKind) -> Option<T> {
        match kind {
            CustomerKind::Consumer => self.consumer,
            CustomerKind::Business => self.business,
        }
    }
}

/// What the creditor is and has chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Its role.
    pub creditor_role: CreditorRole,
    /// Whether an original creditor keeps to the rules for debt collectors of its own will.
    pub consumer_rules: bool,
    /// Hours for calls and text messages, and for email to consumers.
    pub hours: ByKind<Hours>,
    /// How often a customer may be asked to pay within seven days.
    pub weekly: ByKind<u32>,
}

impl Settings {
    /// Reads settings; every problem at once.
    pub fn parse(value: &Value) -> Result<Settings, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let creditor_role = fields.required("creditor_role", kinds::one_of(CreditorRole::NAMES));
        let consumer_rules = fields.optional("consumer_rules", kinds::boolean).unwrap_or(false);
        let hours = fields.optional_object("hours", |fields| {
            Some(ByKind {
                consumer: fields.optional_object("consumer", Hours::read),
                business: fields.optional_object("business", Hours::read),
            })
        });
        let weekly = fields.optional_object("weekly", |fields| {
            let often = |fields: &mut Fields<'_>, name| {
                let often = fields.optional(name, kinds::integer(limits::WEEKLY_CONTACTS));
                often.and_then(|often| u32::try_from(often).ok())
            };
            Some(ByKind {
                consumer: often(fields, "consumer"),
                business: often(fields, "business"),
            })
        });
        fields.finish(|| {
            Some(Settings {
                creditor_role: creditor_role?,
                consumer_rules,
                hours: hours.unwrap_or_default(),
                weekly: weekly.unwrap_or_default(),
            })
        })
    }
}

impl Hours {
    fn read(fields: &mut Fields<'_>) -> Option<Hours> {
        let from = fields.required("from", kinds::time_of_day);
        let until = fields.required("until", kinds::time_of_day);
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            fields.report(
                "until",
                "out_of_range",
                "hours end after they begin, on the same day",
            );
        }
        Some(Hours {
            from: from?,
            until: until?,
        })
    }

    /// Whether a time of day is within them.
    pub fn contain(&self, time: NaiveTime) -> bool {
        self.from <= time && time <= self.until
    }
}
