//! On which terms interest accrues: as a policy writes them, or as a statute has them.
//!
//! Source: Dunlin's own rule for what may be agreed; a statute's are in [`crate::charges::statutory`].

use serde::Serialize;

use crate::charges::day_count::DayCount;
use crate::charges::percent::Percent;
use crate::charges::rates::Series;
use crate::fields::{Fields, kinds};
use crate::limits;

/// Whether interest bears interest, and from when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compounding {
    /// It does not.
    Simple,
    /// From the next day on.
    Daily,
    /// From the next monthly rest on.
    Monthly,
    /// From the next yearly rest on.
    Yearly,
}

pub(super) const COMPOUNDING: &[(&str, Compounding)] = &[
    ("simple", Compounding::Simple),
    ("daily", Compounding::Daily),
    ("monthly", Compounding::Monthly),
    ("yearly", Compounding::Yearly),
];

/// What becomes of interest that has accrued but is not posted when the principal is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterPrincipal {
    /// It stays claimable: the next step that charges interest posts it.
    Keep,
    /// It is let go. What was posted before stays owed.
    Drop,
}

pub(super) const AFTER_PRINCIPAL: &[(&str, AfterPrincipal)] =
    &[("keep", AfterPrincipal::Keep), ("drop", AfterPrincipal::Drop)];

/// Another rate from a day overdue on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Tier {
    /// From this day after the due date on.
    pub from_day: u32,
    /// The rate, a year.
    pub percent: Percent,
}

/// Which day's reference rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fixing {
    /// That of the first day that bears interest, throughout.
    FirstDay,
    /// Each day's own.
    EachDay,
}

/// A rate a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Rate {
    /// As agreed.
    Agreed {
        /// At first.
        percent: Percent,
        /// Later, by days overdue, the earliest first.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tiers: Vec<Tier>,
    },
    /// As a statute derives it from a reference rate: so many times it, and so many points more.
    Reference {
        /// The series of the reference rate.
        series: Series,
        /// How many times.
        times: u8,
        /// How many points more.
        points: Percent,
        /// Which day's reference rate counts.
        fixing: Fixing,
    },
}

/// On which terms interest accrues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Terms {
    /// At which rate.
    #[serde(flatten)]
    pub rate: Rate,
    /// Whether it compounds.
    pub compounding: Compounding,
    /// How days become a part of a year.
    pub day_count: DayCount,
    /// Days after the due date that bear no interest.
    pub grace_days: u32,
    /// What the paid principal leaves.
    pub after_principal: AfterPrincipal,
}

impl Terms {
    /// Reads agreed terms, `{"percent": "10", "compounding"?: "simple", "day_count"?: "actual_365",
    /// "grace_days"?: 0, "tiers"?: [{"from_day": 31, "percent": "12"}], "after_principal"?: "keep"}`;
    /// problems are noted in `fields`.
    pub(in crate::charges) fn read(fields: &mut Fields<'_>) -> Option<Terms> {
        let percent = fields.required("percent", Percent::positive);
        let compounding = fields.optional("compounding", kinds::one_of(COMPOUNDING));
        let day_count = fields.optional("day_count", kinds::one_of(DayCount::NAMES));
        let grace_days = fields
            .optional("grace_days", kinds::integer(0..=limits::MAX_GRACE_DAYS))
            .and_then(|days| u32::try_from(days).ok());
        let after_principal = fields.optional("after_principal", kinds::one_of(AFTER_PRINCIPAL));
        let tiers = fields.objects("tiers", limits::TIERS, |tier| {
            let from_day = tier.required("from_day", kinds::integer(limits::TIER_DAYS));
            let percent = tier.required("percent", Percent::between(0, limits::MAX_PERCENT));
            Some(Tier {
                from_day: u32::try_from(from_day?).ok()?,
                percent: percent?,
            })
        });
        for (at, pair) in tiers.windows(2).enumerate() {
            let [earlier, later] = pair else { continue };
            if later.from_day <= earlier.from_day {
                let place = format!("tiers/{}/from_day", at.saturating_add(1));
                let detail = format!(
                    "day {} does not come after day {}; tiers are ordered by day, one a day",
                    later.from_day, earlier.from_day
                );
                fields.report(&place, "unordered", detail);
            }
        }
        Some(Terms {
            rate: Rate::Agreed {
                percent: percent?,
                tiers,
            },
            compounding: compounding.unwrap_or(Compounding::Simple),
            day_count: day_count.unwrap_or(DayCount::Actual365),
            grace_days: grace_days.unwrap_or(0),
            after_principal: after_principal.unwrap_or(AfterPrincipal::Keep),
        })
    }
}
