//! Holds: why nobody contacts a customer, or speaks of an invoice, and until when.
//!
//! Shape: a reason and, where it is to end by itself, its last day. A hold without one lasts until a person releases it.
//! It ends because its day has passed, not because something ran: whoever asks, asks with today's date.
//!
//! Source: Dunlin's own rule.

use chrono::NaiveDate;
use serde_json::Value;

use crate::calendar;
use crate::fields::{FieldError, Fields, kinds};
use crate::limits;

/// A hold as a person sets it: `{"reason", "until"?}`. Setting it again replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldInput {
    /// Why.
    pub reason: String,
    /// Its last day, in the customer's civil time.
    pub until: Option<NaiveDate>,
}

impl HoldInput {
    /// Reads a hold that is set `today`; every problem at once. One that has ended already, and one that would last for
    /// more than [`limits::MAX_HOLD_DAYS`], are refused.
    pub fn parse(value: &Value, today: NaiveDate) -> Result<HoldInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let reason = fields.required("reason", kinds::text(limits::TEXT));
        let until = fields.optional("until", kinds::date);
        let last = calendar::plus_days(today, limits::MAX_HOLD_DAYS);
        match until {
            Some(until) if until < today => {
                let detail = format!("{until} has passed; a hold ends today, {today}, at the earliest");
                fields.report("until", "in_the_past", detail);
            }
            Some(until) if until > last => {
                let detail = format!("a hold that ends by itself ends by {last}");
                fields.report("until", "out_of_range", detail);
            }
            _ => {}
        }
        fields.finish(|| {
            Some(HoldInput {
                reason: reason?,
                until,
            })
        })
    }
}

/// Whether a hold whose last day is `until` is in force on a day. Its last day belongs to it.
pub fn in_force(until: Option<NaiveDate>, on: NaiveDate) -> bool {
    until.is_none_or(|until| on <= until)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_hold_has_a_reason_and_may_have_a_last_day() {
        let parse = |document: Value| {
            let code = |errors: Vec<FieldError>| errors.first().map(|e| format!("{} {}", e.pointer, e.code));
            HoldInput::parse(&document, day("2026-03-06")).map_err(code)
        };
        let hold = |until: Option<&str>| HoldInput {
            reason: "Fire".to_owned(),
            until: until.map(day),
        };
        let refused = |what: &str| Err(Some(what.to_owned()));
        let cases = [
            (json!({"reason": "Fire"}), Ok(hold(None))),
            (
                json!({"reason": "Fire", "until": "2026-03-06"}),
                Ok(hold(Some("2026-03-06"))),
            ),
            (
                json!({"reason": "Fire", "until": "2027-03-07"}),
                Ok(hold(Some("2027-03-07"))),
            ),
            (
                json!({"reason": "Fire", "until": "2027-03-08"}),
                refused("/until out_of_range"),
            ),
            (
                json!({"reason": "Fire", "until": "2026-03-05"}),
                refused("/until in_the_past"),
            ),
            (json!({"until": "2026-03-09"}), refused("/reason required")),
            (json!({"reason": "Fire", "for": 3}), refused("/for unknown_field")),
        ];
        for (document, expected) in cases {
            assert_eq!(parse(document.clone()), expected, "{document}");
        }
    }

    #[test]
    fn its_last_day_belongs_to_it() {
        let until = Some(day("2026-03-06"));
        assert!(in_force(until, day("2026-03-05")));
        assert!(in_force(until, day("2026-03-06")));
        assert!(!in_force(until, day("2026-03-07")));
        assert!(in_force(None, day("2199-12-31")));
    }
}
