//! What must hold of interest, whatever the terms, the debt and its payments.

use proptest::prelude::*;

use super::terms::{AFTER_PRINCIPAL, COMPOUNDING};
use super::*;
use crate::charges::rates::Series;
use crate::charges::tests::{day, eur};
use crate::charges::{DayCount, YearPart};

fn days_from(start: &str, days: i64) -> NaiveDate {
    calendar::plus_days(day(start), days)
}

const START: &str = "2024-01-01";

fn any_terms() -> impl Strategy<Value = Terms> {
    let tier = (2u32..400, 0i32..3_000);
    let rate = (
        1i32..5_000,
        prop::collection::btree_map(tier.0, tier.1, 0..3),
        any::<bool>(),
        any::<bool>(),
    );
    let compounding = prop::sample::select(COMPOUNDING.iter().map(|(_, c)| *c).collect::<Vec<_>>());
    let day_count = prop::sample::select(DayCount::NAMES.iter().map(|(_, c)| *c).collect::<Vec<_>>());
    let after = prop::sample::select(AFTER_PRINCIPAL.iter().map(|(_, a)| *a).collect::<Vec<_>>());
    (rate, compounding, day_count, 0u32..20, after).prop_map(
        |((hundredths, tiers, referring, fixed), compounding, day_count, grace_days, after_principal)| {
            let percent = Percent::hundredths(hundredths);
            let tiers = tiers.into_iter().map(|(from_day, hundredths)| Tier {
                from_day,
                percent: Percent::hundredths(hundredths),
            });
            let rate = if referring {
                let fixing = if fixed { Fixing::FirstDay } else { Fixing::EachDay };
                Rate::Reference {
                    series: Series::EcbReference,
                    times: 1,
                    points: percent,
                    fixing,
                }
            } else {
                Rate::Agreed {
                    percent,
                    tiers: tiers.collect(),
                }
            };
            Terms {
                rate,
                compounding,
                day_count,
                grace_days,
                after_principal,
            }
        },
    )
}

fn payments() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((0i64..700, 1i64..300_000), 0..5)
}

fn history(owed: i64, payments: &[(i64, i64)]) -> History {
    let currency = eur("0").currency();
    let paid = payments
        .iter()
        .map(|(days, minor)| (days_from(START, *days), Money::new(-minor, currency)));
    let owed = (days_from(START, -40), Money::new(owed, currency));
    History::of(currency, [owed].into_iter().chain(paid)).unwrap()
}

/// The same, as simply as it can be said: day after day, each asked for all that is true on it.
fn day_by_day(terms: &Terms, history: &History, due_on: NaiveDate, as_of: NaiveDate, rates: &Rates) -> Exact {
    let grace = i64::from(terms.grace_days);
    let (mut total, mut capital) = (Exact::ZERO, Exact::ZERO);
    let mut rest = 1;
    for day in due_on.iter_days().skip(1).take_while(|day| *day <= as_of) {
        let overdue = calendar::days_between(due_on, day);
        let first = calendar::plus_days(due_on, grace + 1);
        if overdue <= grace {
            continue;
        }
        let eve = day.pred_opt().unwrap();
        let percent = match &terms.rate {
            Rate::Agreed { percent, tiers } => tiers
                .iter()
                .filter(|tier| i64::from(tier.from_day) <= overdue)
                .max_by_key(|tier| tier.from_day)
                .map_or(*percent, |tier| tier.percent),
            Rate::Reference {
                series,
                times,
                points,
                fixing,
            } => {
                let of = if *fixing == Fixing::FirstDay { first } else { day };
                rates.on(*series, of).unwrap().times_plus(*times, *points)
            }
        };
        let owed = history.at_close_of(eve).minor();
        if owed > 0 {
            let interest = Exact::interest(owed, capital, percent, terms.day_count.count(eve, day)).unwrap();
            total = total.checked_add(interest).unwrap();
        }
        let months = match terms.compounding {
            Compounding::Simple => continue,
            Compounding::Daily => 0,
            Compounding::Monthly => 1,
            Compounding::Yearly => 12,
        };
        let begins_after = calendar::plus_days(due_on, grace);
        let due = begins_after
            .checked_add_months(Months::new(months * rest))
            .unwrap();
        if months == 0 || day == due {
            capital = total;
            rest += 1;
        }
    }
    total
}

fn total(accrued: &Accrued) -> Exact {
    accrued.periods.iter().fold(Exact::ZERO, |sum, period| {
        sum.checked_add(period.interest).unwrap()
    })
}

proptest! {
    #[test]
    fn interest_is_never_negative_and_grows_with_days_and_balance(
        terms in any_terms(), owed in 0i64..1_000_000, more in 0i64..100_000, payments in payments(),
        days in 0i64..700, longer in 0i64..60,
    ) {
        let rates = Rates::shipped();
        let of = |owed: i64, days: i64| {
            accrue(&terms, &history(owed, &payments), day(START), days_from(START, days), &rates).unwrap()
        };
        let base = of(owed, days);
        prop_assert!(!base.earned.is_negative() && !base.claimable.is_negative());
        prop_assert!(of(owed, days + longer).earned.minor() >= base.earned.minor(), "with days");
        prop_assert!(of(owed + more, days).earned.minor() >= base.earned.minor(), "with the balance");
        for period in &base.periods {
            prop_assert!(period.principal.is_positive() && period.interest >= Exact::ZERO);
            prop_assert!(period.from <= period.to);
            prop_assert!(period.from > days_from(START, i64::from(terms.grace_days)));
        }
        for pair in base.periods.windows(2) {
            prop_assert!(pair[0].to < pair[1].from, "in order, none twice");
        }
    }

    /// Exactly where interest is simple. Where it compounds, each day's is rounded to a billionth of a cent.
    #[test]
    fn it_is_what_counting_day_by_day_gives(
        terms in any_terms(), owed in 0i64..1_000_000, payments in payments(), days in 0i64..700,
    ) {
        let (history, as_of, rates) = (history(owed, &payments), days_from(START, days), Rates::shipped());
        let found = total(&accrue(&terms, &history, day(START), as_of, &rates).unwrap());
        let counted = day_by_day(&terms, &history, day(START), as_of, &rates);
        if terms.compounding == Compounding::Simple {
            prop_assert_eq!(found, counted);
        } else {
            let day = YearPart { days: 1, of: 360 };
            let near = Exact::interest(1, Exact::ZERO, Percent::hundredths(1), day);
            prop_assert!(found <= counted.checked_add(near.unwrap()).unwrap());
            prop_assert!(counted <= found.checked_add(near.unwrap()).unwrap());
        }
    }

    #[test]
    fn the_periods_are_the_whole_and_rounded_once(
        terms in any_terms(), owed in 0i64..1_000_000, payments in payments(), days in 0i64..700,
    ) {
        let history = history(owed, &payments);
        let accrued = accrue(&terms, &history, day(START), days_from(START, days), &Rates::shipped()).unwrap();
        prop_assert_eq!(total(&accrued).rounded(history.currency()), Ok(accrued.earned));
    }

    /// Accruing to a day and on from there, with the age and the first day's rate that the whole has, gives
    /// exactly the whole. With rests it would not: interest on interest needs the whole.
    #[test]
    fn splitting_a_period_changes_nothing(
        terms in any_terms(), owed in 0i64..1_000_000, payments in payments(), days in 1i64..700, at in 0i64..700,
    ) {
        let terms = Terms { compounding: Compounding::Simple, ..terms };
        let split = days_from(START, at.min(days));
        let as_of = days_from(START, days);
        let whole_history = history(owed, &payments);
        let rates = Rates::shipped();
        let whole = accrue(&terms, &whole_history, day(START), as_of, &rates).unwrap();
        let first = accrue(&terms, &whole_history, day(START), split, &rates).unwrap();
        // The second part: the same debt, but nothing owed before the split.
        let currency = whole_history.currency();
        let owed_then = whole_history.at_close_of(split);
        let later = payments.iter()
            .map(|(days, minor)| (days_from(START, *days), Money::new(-minor, currency)))
            .filter(|(on, _)| *on > split);
        let second_history = History::of(currency, [(split, owed_then)].into_iter().chain(later)).unwrap();
        let second = accrue(&terms, &second_history, day(START), as_of, &rates).unwrap();
        let parts = total(&first).checked_add(total(&second)).unwrap();
        prop_assert_eq!(parts, total(&whole));
    }

    #[test]
    fn the_order_in_which_payments_become_known_does_not_matter(
        terms in any_terms(), owed in 0i64..1_000_000, payments in payments(), days in 0i64..700,
    ) {
        let mut reversed = payments.clone();
        reversed.reverse();
        let rates = Rates::shipped();
        let of = |payments: &[(i64, i64)]| {
            accrue(&terms, &history(owed, payments), day(START), days_from(START, days), &rates)
        };
        prop_assert_eq!(of(&payments), of(&reversed));
    }

    #[test]
    fn compounding_costs_no_less_and_grace_no_more(
        terms in any_terms(), owed in 0i64..1_000_000, payments in payments(), days in 0i64..700,
    ) {
        let rates = Rates::shipped();
        let history = history(owed, &payments);
        let earned = |terms: &Terms| {
            accrue(terms, &history, day(START), days_from(START, days), &rates).unwrap().earned.minor()
        };
        let simple = Terms { compounding: Compounding::Simple, ..terms.clone() };
        prop_assert!(earned(&terms) >= earned(&simple));
        if matches!(terms.rate, Rate::Agreed { .. }) {
            let longer = Terms { grace_days: terms.grace_days + 1, ..simple.clone() };
            prop_assert!(earned(&longer) <= earned(&simple));
        }
    }

    #[test]
    fn what_a_correction_makes_is_in_line(
        terms in any_terms(), owed in 0i64..1_000_000, payments in payments(), days in 0i64..700, posted in 0i64..50_000,
    ) {
        let history = history(owed, &payments);
        let accrued = accrue(&terms, &history, day(START), days_from(START, days), &Rates::shipped()).unwrap();
        let posted = Money::new(posted, history.currency());
        let after = match accrued.against(posted).unwrap() {
            Correction::Post(more) => posted.checked_add(more).unwrap(),
            Correction::Reverse(less) => posted.checked_sub(less).unwrap(),
            Correction::Nothing => posted,
        };
        prop_assert!(!after.is_negative());
        prop_assert_eq!(accrued.against(after), Ok(Correction::Nothing));
    }
}
