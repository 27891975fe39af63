//! How likely an account is not to pay: an additive scorecard that explains itself.
//!
//! Each rule looks at one fact, finds the highest threshold it reaches in a table, and adds that
//! threshold's weight. The weights of the top thresholds add up to 100. A score can only rise when a fact
//! gets worse, and every point of it is named in a reason.
//!
//! Source: Dunlin's own scorecard.

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::names::names;

/// What is known of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskFacts {
    /// Invoices it has paid in full.
    pub paid_invoices: u32,
    /// How many of them after their due date.
    pub paid_late: u32,
    /// The days by which they were late, added up.
    pub days_late_total: i64,
    /// What is overdue now.
    pub overdue: Money,
    /// Days since the oldest open due date; zero or less where nothing is overdue.
    pub oldest_overdue_days: i64,
    /// What is owed now, overdue or not.
    pub balance: Money,
    /// The most it may owe; one in another currency than the balance is ignored.
    pub credit_limit: Option<Money>,
    /// Promises to pay that were not kept.
    pub broken_promises: u32,
}

/// A range of scores with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// 0 to 24.
    Low,
    /// 25 to 49.
    Medium,
    /// 50 to 74.
    High,
    /// 75 to 100.
    Critical,
}

/// The lowest score of each band, the highest band first.
const BANDS: [(u8, Band); 4] = [
    (75, Band::Critical),
    (50, Band::High),
    (25, Band::Medium),
    (0, Band::Low),
];

names! {
    Band {
        "low" => Low,
        "medium" => Medium,
        "high" => High,
        "critical" => Critical,
    }
}

impl Band {
    /// The band of a score.
    pub fn of(score: u8) -> Band {
        BANDS
            .iter()
            .find(|(least, _)| score >= *least)
            .map_or(Band::Low, |(_, band)| *band)
    }
}

/// A part of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable and machine-readable.
    pub code: &'static str,
    /// One sentence.
    pub detail: String,
    /// The points it adds.
    pub weight: i32,
}

/// A score and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RiskScore {
    /// 0 (no sign of risk) to 100.
    pub score: u8,
    /// The band the score lies in.
    pub band: Band,
    /// What adds to it, the heaviest first.
    pub reasons: Vec<Reason>,
}

/// Thresholds and the weight from each on, ascending.
type Scale = &'static [(i64, u8)];

/// Share of paid invoices that were paid late, in permille.
const LATE_SHARE: Scale = &[(1, 5), (100, 10), (250, 15), (500, 20)];
/// Days late, on average over all paid invoices.
const DAYS_LATE: Scale = &[(1, 4), (7, 8), (14, 12), (30, 15)];
/// Overdue amount in major units. What a unit buys differs between currencies; the steps are a factor of
/// ten wide, so that it hardly matters, and units without minor ones (yen, won) count for a hundredth.
const OVERDUE: Scale = &[(0, 4), (1_000, 8), (10_000, 12), (100_000, 15)];
/// Days since the oldest open due date.
const OVERDUE_DAYS: Scale = &[(1, 5), (15, 10), (31, 15), (61, 20), (91, 25)];
/// Balance as a share of the credit limit, in permille.
const CREDIT_USE: Scale = &[(800, 5), (1_000, 10), (1_200, 15)];
/// Promises not kept.
const BROKEN_PROMISES: Scale = &[(1, 4), (2, 7), (3, 10)];
/// An account that has never paid an invoice: less than one that pays badly, more than one that pays well.
const NO_HISTORY: u8 = 10;

/// Scores an account.
pub fn score(facts: &RiskFacts) -> RiskScore {
    let mut reasons: Vec<Reason> = [
        history(facts),
        days_late(facts),
        overdue(facts),
        overdue_days(facts),
        credit_use(facts),
        broken_promises(facts),
    ]
    .into_iter()
    .flatten()
    .collect();
    reasons.sort_by_key(|reason| (std::cmp::Reverse(reason.weight), reason.code));
    let total = reasons
        .iter()
        .fold(0i32, |total, reason| total.saturating_add(reason.weight));
    let score = u8::try_from(total.clamp(0, 100)).unwrap_or(100);
    RiskScore {
        score,
        band: Band::of(score),
        reasons,
    }
}

fn reason(code: &'static str, weight: u8, detail: String) -> Option<Reason> {
    Some(Reason {
        code,
        detail,
        weight: i32::from(weight),
    })
    .filter(|reason| reason.weight > 0)
}

fn weight(scale: Scale, value: i64) -> u8 {
    scale
        .iter()
        .rev()
        .find(|(threshold, _)| value >= *threshold)
        .map_or(0, |(_, weight)| *weight)
}

/// `part` of `whole` in permille; the largest number where there is a part of nothing.
fn permille(part: i64, whole: i64) -> i64 {
    match part.saturating_mul(1_000).checked_div(whole) {
        Some(share) => share,
        None if part > 0 => i64::MAX,
        None => 0,
    }
}

fn history(facts: &RiskFacts) -> Option<Reason> {
    let (late, paid) = (facts.paid_late, facts.paid_invoices);
    if paid == 0 {
        return reason(
            "no_history",
            NO_HISTORY,
            "no invoice has been paid yet".to_owned(),
        );
    }
    // One late invoice among thousands is still a share.
    let share = permille(i64::from(late), i64::from(paid)).max(i64::from(late.min(1)));
    reason(
        "paid_late",
        weight(LATE_SHARE, share),
        format!("{late} of {paid} invoices were paid late"),
    )
}

fn days_late(facts: &RiskFacts) -> Option<Reason> {
    let average = facts
        .days_late_total
        .checked_div(i64::from(facts.paid_invoices))?;
    let detail = format!("invoices are paid {average} days late on average");
    reason("days_late", weight(DAYS_LATE, average), detail)
}

fn overdue(facts: &RiskFacts) -> Option<Reason> {
    let units = match facts.overdue.currency().exponent() {
        0 => 100i64,
        exponent => 10i64.saturating_pow(exponent),
    };
    let major = facts
        .overdue
        .minor()
        .checked_div(units)
        .filter(|_| facts.overdue.is_positive())?;
    reason(
        "overdue_amount",
        weight(OVERDUE, major),
        format!("{} is overdue", facts.overdue.in_words()),
    )
}

fn overdue_days(facts: &RiskFacts) -> Option<Reason> {
    let days = facts.oldest_overdue_days;
    let detail = format!("the oldest open invoice is {days} days overdue");
    reason("overdue_age", weight(OVERDUE_DAYS, days), detail)
}

fn credit_use(facts: &RiskFacts) -> Option<Reason> {
    let limit = facts
        .credit_limit
        .filter(|limit| limit.currency() == facts.balance.currency())?;
    let share = permille(facts.balance.minor(), limit.minor());
    let detail = format!(
        "{} is owed against a limit of {}",
        facts.balance.in_words(),
        limit.in_words()
    );
    reason("credit_use", weight(CREDIT_USE, share), detail)
}

fn broken_promises(facts: &RiskFacts) -> Option<Reason> {
    let broken = facts.broken_promises;
    let detail = format!("{broken} promises to pay were not kept");
    reason(
        "broken_promises",
        weight(BROKEN_PROMISES, i64::from(broken)),
        detail,
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::currency::Currency;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::parse("EUR").unwrap())
    }

    fn good() -> RiskFacts {
        RiskFacts {
            paid_invoices: 20,
            paid_late: 0,
            days_late_total: 0,
            overdue: eur(0),
            oldest_overdue_days: 0,
            balance: eur(10_000),
            credit_limit: Some(eur(100_000)),
            broken_promises: 0,
        }
    }

    #[test]
    fn scores_are_explained() {
        let worst = RiskFacts {
            paid_invoices: 10,
            paid_late: 9,
            days_late_total: 900,
            overdue: eur(20_000_000),
            oldest_overdue_days: 120,
            balance: eur(20_000_000),
            credit_limit: Some(eur(0)),
            broken_promises: 5,
        };
        let cases: [(&str, RiskFacts, u8, Band, &[&str]); 7] = [
            ("pays well", good(), 0, Band::Low, &[]),
            (
                "is new",
                RiskFacts {
                    paid_invoices: 0,
                    ..good()
                },
                10,
                Band::Low,
                &["no_history"],
            ),
            (
                "was late once",
                RiskFacts {
                    paid_late: 1,
                    ..good()
                },
                5,
                Band::Low,
                &["paid_late"],
            ),
            (
                "is a week late as a rule",
                RiskFacts {
                    paid_late: 15,
                    days_late_total: 140,
                    ..good()
                },
                28,
                Band::Medium,
                &["paid_late", "days_late"],
            ),
            (
                "has something overdue",
                RiskFacts {
                    overdue: eur(125_000),
                    oldest_overdue_days: 14,
                    ..good()
                },
                13,
                Band::Low,
                &["overdue_amount", "overdue_age"],
            ),
            (
                "is at its limit",
                RiskFacts {
                    balance: eur(100_000),
                    ..good()
                },
                10,
                Band::Low,
                &["credit_use"],
            ),
            (
                "is lost",
                worst,
                100,
                Band::Critical,
                &[
                    "overdue_age",
                    "paid_late",
                    "credit_use",
                    "days_late",
                    "overdue_amount",
                    "broken_promises",
                ],
            ),
        ];
        for (name, facts, expected, band, codes) in cases {
            let scored = score(&facts);
            assert_eq!((scored.score, scored.band), (expected, band), "{name}");
            assert_eq!(
                scored
                    .reasons
                    .iter()
                    .map(|reason| reason.code)
                    .collect::<Vec<_>>(),
                codes,
                "{name}"
            );
        }
    }

    #[test]
    fn yen_are_not_weighed_like_euros() {
        let yen = |minor| RiskFacts {
            overdue: Money::new(minor, Currency::parse("JPY").unwrap()),
            ..good()
        };
        assert_eq!(score(&yen(99_999)).score, 4);
        assert_eq!(score(&yen(100_000)).score, 8);
    }

    #[test]
    fn bands_begin_where_they_say() {
        let cases = [
            (0, "low"),
            (24, "low"),
            (25, "medium"),
            (49, "medium"),
            (50, "high"),
            (75, "critical"),
            (100, "critical"),
        ];
        for (score, name) in cases {
            assert_eq!(Band::of(score).as_str(), name, "{score}");
        }
    }

    fn facts() -> impl Strategy<Value = RiskFacts> {
        let history = (0u32..50, 0u32..50, 0i64..3_000);
        let now = (0i64..50_000_000, -10i64..200, -1_000i64..50_000_000);
        (history, now, prop::option::of(0i64..50_000_000), 0u32..5).prop_map(
            |((paid, late, days), (overdue, oldest, balance), limit, broken)| RiskFacts {
                paid_invoices: paid,
                paid_late: late.min(paid),
                days_late_total: if late.min(paid) == 0 { 0 } else { days },
                overdue: eur(overdue),
                oldest_overdue_days: oldest,
                balance: eur(balance),
                credit_limit: limit.map(eur),
                broken_promises: broken,
            },
        )
    }

    proptest! {
        #[test]
        fn no_fact_that_gets_worse_lowers_the_score(facts in facts(), by in 1i64..100_000) {
            let few = u32::try_from(by % 5 + 1).unwrap();
            let worse = [
                RiskFacts { paid_late: (facts.paid_late + few).min(facts.paid_invoices), ..facts.clone() },
                RiskFacts { days_late_total: facts.days_late_total + by, ..facts.clone() },
                RiskFacts { overdue: eur(facts.overdue.minor() + by), ..facts.clone() },
                RiskFacts { oldest_overdue_days: facts.oldest_overdue_days + by, ..facts.clone() },
                RiskFacts { balance: eur(facts.balance.minor() + by), ..facts.clone() },
                RiskFacts { credit_limit: facts.credit_limit.map(|limit| eur((limit.minor() - by).max(0))), ..facts.clone() },
                RiskFacts { broken_promises: facts.broken_promises + few, ..facts.clone() },
            ];
            for changed in worse {
                prop_assert!(score(&changed).score >= score(&facts).score, "{:?}", changed);
            }
            let better = RiskFacts { paid_invoices: facts.paid_invoices + few, ..facts.clone() };
            prop_assert!(score(&better).score <= score(&facts).score);
        }

        #[test]
        fn every_point_has_a_reason(facts in facts()) {
            let scored = score(&facts);
            let total: i32 = scored.reasons.iter().map(|reason| reason.weight).sum();
            prop_assert_eq!(i32::from(scored.score), total);
            prop_assert!(scored.score <= 100);
        }
    }
}
