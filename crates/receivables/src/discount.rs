//! Early-payment discount: what may be deducted from an invoice that is paid soon.
//!
//! Shape: `[{"percent": "2", "days": 10}]`, read "2/10": two percent off when paid within ten days of the issue
//! date. Several: `3/7, 2/14`, the earlier the more. No statute grants a discount; it is what the parties agreed on,
//! so what follows is Dunlin's own reading of the usual wording: a payment is in time when it arrives (its value
//! date) on or before the last day, which the policy may extend by days of grace; the base is the invoice's total less what was credited
//! on it; half a minor unit is rounded up. Refused: a discount of the whole, and one that gets better with time.
//!
//! Source: Dunlin's own rule, as said above.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::calendar::plus_days;
use crate::fields::Fields;
use crate::limits;
use crate::money::{Money, MoneyError};
use crate::percent::Percent;

/// One offer: so much off when paid within so many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscountTerm {
    /// Of the total less credits.
    pub percent: Percent,
    /// Within how many days of the issue date; 0: on that day.
    pub days: u32,
}

impl DiscountTerm {
    fn read(fields: &mut Fields<'_>) -> Option<DiscountTerm> {
        let percent = fields.required("percent", Percent::read);
        let days = fields.required(
            "days",
            crate::fields::kinds::integer(0..=i64::from(limits::MAX_TERMS_DAYS)),
        );
        if percent == Some(Percent::ALL) {
            fields.report(
                "percent",
                "out_of_range",
                "a discount of all of it leaves nothing to pay",
            );
        }
        Some(DiscountTerm {
            percent: percent?,
            days: u32::try_from(days?).ok()?,
        })
    }
}

/// Reads the field `discount`: a list whose days go up and whose percentages go down. Absent is none.
pub fn read(fields: &mut Fields<'_>) -> Vec<DiscountTerm> {
    let before = fields.problems();
    let terms = fields.objects("discount", limits::DISCOUNT_TERMS, DiscountTerm::read);
    if fields.problems() > before {
        return Vec::new();
    }
    for (at, pair) in terms.windows(2).enumerate() {
        let [sooner, later] = pair else { continue };
        if later.days <= sooner.days || later.percent >= sooner.percent {
            let detail = format!(
                "{} % within {} days after {} % within {}: who pays later gets less",
                later.percent, later.days, sooner.percent, sooner.days
            );
            fields.report(&format!("discount/{}", at.saturating_add(1)), "unordered", detail);
        }
    }
    terms
}

/// What may be deducted, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// How much.
    pub amount: Money,
    /// The last day on which a payment is in time, without days of grace.
    pub until: NaiveDate,
    /// The share that it is.
    pub percent: Percent,
}

/// What each of `terms` comes to on an invoice, of which `base` is the total less what was credited on it.
pub fn offers(terms: &[DiscountTerm], base: Money, issue_on: NaiveDate) -> Result<Vec<Offer>, MoneyError> {
    let offer = |term: &DiscountTerm| {
        Ok(Offer {
            amount: term.percent.of(base)?,
            until: plus_days(issue_on, i64::from(term.days)),
            percent: term.percent,
        })
    };
    terms.iter().map(offer).collect()
}

/// What may be deducted from an invoice by a payment that arrives on `on`: the first of `terms` that it is in time
/// for, the policy's days of grace included. `base` is the invoice's total less what was credited on it.
pub fn on_offer(
    terms: &[DiscountTerm],
    base: Money,
    issue_on: NaiveDate,
    on: NaiveDate,
    grace_days: u32,
) -> Result<Option<Offer>, MoneyError> {
    let offers = offers(terms, base, issue_on)?;
    let in_time = |offer: &Offer| on <= plus_days(offer.until, i64::from(grace_days));
    Ok(offers
        .into_iter()
        .find(in_time)
        .filter(|offer| offer.amount.is_positive()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::currency::Currency;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::parse("EUR").unwrap())
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn terms(value: serde_json::Value) -> Result<Vec<DiscountTerm>, Vec<crate::fields::FieldError>> {
        let document = json!({ "discount": value });
        let mut fields = Fields::of(&document);
        let terms = read(&mut fields);
        fields.finish(|| Some(terms))
    }

    #[test]
    fn the_first_term_that_is_in_time_counts_and_none_does_afterwards() {
        let stepped = terms(json!([{"percent": "3", "days": 7}, {"percent": "2", "days": 14}])).unwrap();
        // Issued on 1 March. "3/7, 2/14": until the 8th, until the 15th.
        let cases = [
            ("2026-03-01", 0, Some((300, "2026-03-08"))),
            ("2026-03-08", 0, Some((300, "2026-03-08"))),
            ("2026-03-09", 0, Some((200, "2026-03-15"))),
            ("2026-03-09", 1, Some((300, "2026-03-08"))),
            ("2026-03-15", 0, Some((200, "2026-03-15"))),
            ("2026-03-16", 0, None),
            ("2026-03-18", 3, Some((200, "2026-03-15"))),
            ("2026-03-19", 3, None),
            // A value date before the issue date: paid in advance, so in time.
            ("2026-02-20", 0, Some((300, "2026-03-08"))),
        ];
        for (on, grace, expected) in cases {
            let offer = on_offer(&stepped, eur(10_000), day("2026-03-01"), day(on), grace).unwrap();
            let shown = offer.map(|offer| (offer.amount.minor(), offer.until.to_string()));
            assert_eq!(
                shown,
                expected.map(|(minor, until)| (minor, until.to_owned())),
                "{on} + {grace}"
            );
        }
    }

    #[test]
    fn the_deduction_is_rounded_half_up_to_the_currencys_digits() {
        let two_in_ten = terms(json!([{"percent": "2", "days": 10}])).unwrap();
        let offer = |base: Money| {
            let (issue, on) = (day("2026-03-01"), day("2026-03-05"));
            on_offer(&two_in_ten, base, issue, on, 0)
                .unwrap()
                .map(|offer| offer.amount)
        };
        // 2 % of 123.25 is 2.465; of 1.001 KWD 0.02002; of 25 yen half a yen; of 0.24 not half a cent.
        let (kwd, jpy) = (Currency::parse("KWD").unwrap(), Currency::parse("JPY").unwrap());
        assert_eq!(offer(eur(12_325)), Some(eur(247)));
        assert_eq!(offer(Money::new(1_001, kwd)), Some(Money::new(20, kwd)));
        assert_eq!(offer(Money::new(25, jpy)), Some(Money::new(1, jpy)));
        assert_eq!(offer(eur(24)), None);
        assert_eq!(offer(eur(0)), None);
    }

    #[test]
    fn terms_that_make_no_sense_are_refused() {
        let cases = [
            (
                json!([{"percent": "100", "days": 10}]),
                "/discount/0/percent",
                "out_of_range",
            ),
            (
                json!([{"percent": "2", "days": 366}]),
                "/discount/0/days",
                "out_of_range",
            ),
            (json!([{"percent": "2"}]), "/discount/0/days", "required"),
            // What is wrong with a term comes first: the order is judged of good ones.
            (
                json!([{"days": 7}, {"percent": "2", "days": 14}, {"percent": "3", "days": 21}]),
                "/discount/0/percent",
                "required",
            ),
            (
                json!([{"percent": "2", "days": 7}, {"percent": "3", "days": 14}]),
                "/discount/1",
                "unordered",
            ),
            (
                json!([{"percent": "3", "days": 7}, {"percent": "2", "days": 7}]),
                "/discount/1",
                "unordered",
            ),
            (json!({"percent": "2", "days": 7}), "/discount", "wrong_type"),
            (json!([1, 2, 3, 4, 5]), "/discount", "too_many_items"),
        ];
        for (value, pointer, code) in cases {
            let errors = terms(value.clone()).unwrap_err();
            let found: Vec<_> = errors
                .iter()
                .map(|e| (e.pointer.as_str(), e.code.as_ref()))
                .collect();
            assert_eq!(found, [(pointer, code)], "{value}");
        }
        assert_eq!(terms(json!([])), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn who_pays_later_never_gets_more(minor in 1i64..10_000_000, first in 0i64..40, wait in 0i64..40, grace in 0u32..5) {
            let stepped = terms(json!([{"percent": "3", "days": 7}, {"percent": "2", "days": 14}])).unwrap();
            let issue = day("2026-03-01");
            let deducted = |days| {
                let offer = on_offer(&stepped, eur(minor), issue, plus_days(issue, days), grace).unwrap();
                offer.map_or(0, |offer| offer.amount.minor())
            };
            prop_assert!(deducted(first) >= deducted(first + wait));
            prop_assert!(deducted(first) < minor);
        }
    }
}
