//! What bank statements mean to a ledger: whether one follows the other, and why money came back.
//!
//! Source: ISO 20022 external code sets (return reasons); for what makes a gap, Dunlin's own rule.

pub mod payout;

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use crate::money::Money;

/// Reasons for which a bank returns money, in words.
///
/// Source: ISO 20022 External Code Sets, list ExternalReturnReason1Code, those that concern credit transfers and direct
/// debits; EPC135-18 for which of them SEPA uses.
const RETURN_REASONS: &[(&str, &str)] = &[
    ("AC01", "the account number is not valid"),
    ("AC03", "the creditor's account number is not valid"),
    ("AC04", "the account is closed"),
    ("AC06", "the account is blocked"),
    (
        "AC13",
        "the debtor is a consumer, which the scheme does not allow",
    ),
    ("AG01", "this kind of transaction is not allowed on the account"),
    ("AG02", "the bank operation code is not valid"),
    ("AM01", "the amount is zero"),
    ("AM02", "the amount is higher than allowed"),
    ("AM03", "the currency is not allowed"),
    ("AM04", "there is not enough money on the account"),
    ("AM05", "it was sent twice"),
    ("AM09", "the amount is not the one agreed"),
    ("BE01", "the name and the account do not belong together"),
    ("BE04", "the creditor's address is missing or wrong"),
    ("BE05", "the creditor is not recognised"),
    ("CNOR", "the creditor's bank cannot be reached under this code"),
    ("CUST", "the payer asked for it back"),
    ("DNOR", "the debtor's bank cannot be reached under this code"),
    ("DT01", "the date is not valid"),
    ("ED05", "settlement failed"),
    ("FF05", "the local instrument is wrong"),
    ("FOCR", "it follows a request to cancel"),
    ("FR01", "there is a suspicion of fraud"),
    ("MD01", "there is no valid mandate"),
    ("MD02", "data of the mandate are missing or wrong"),
    ("MD06", "the payer wants back an authorised debit"),
    ("MD07", "the payer has died"),
    ("MS02", "the payer refused it, for no reason given"),
    ("MS03", "the bank gives no reason"),
    ("NARR", "the reason is given in words"),
    ("RC01", "the bank's identifier is not valid"),
    (
        "RR01",
        "the payer's account is not named, which regulation asks for",
    ),
    (
        "RR02",
        "the payer's name or address is not given, which regulation asks for",
    ),
    (
        "RR03",
        "the creditor's name or address is not given, which regulation asks for",
    ),
    ("RR04", "regulation forbids it"),
    ("SL01", "the payer's bank offers a service that stopped it"),
    ("SL11", "the creditor is not on the payer's list of those allowed"),
    ("SL12", "the creditor is on the payer's list of those refused"),
    ("SL13", "it is more than the payer allows a debit to be"),
    ("SL14", "it is more often than the payer allows"),
    ("TM01", "it came after the time limit"),
];

/// What a return reason says, if it is one that is known.
pub fn return_reason(code: &str) -> Option<&'static str> {
    let at = RETURN_REASONS
        .binary_search_by_key(&code, |(known, _)| known)
        .ok()?;
    RETURN_REASONS.get(at).map(|(_, words)| *words)
}

/// The ends of a statement, as far as another may follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Its number, where the bank counts.
    pub number: Option<u64>,
    /// Its page within the number.
    pub page: Option<u64>,
    /// The day of its opening balance.
    pub from: NaiveDate,
    /// What it opens with.
    pub opening: Money,
    /// The day of its closing balance.
    pub to: NaiveDate,
    /// What it closes with.
    pub closing: Money,
}

/// Something that is missing between two statements of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The day on which the earlier one closes.
    pub after: NaiveDate,
    /// What it closes with.
    pub closing: Money,
    /// The day on which the later one opens.
    pub before: NaiveDate,
    /// What it opens with.
    pub opening: Money,
    /// What is missing between the two, in a sentence.
    pub detail: String,
}

/// A bank that puts the date into its statements' numbers does not count them: numbers from here on are no count.
const COUNTED_BELOW: u64 = 10_000;

/// Where statements of one account and currency do not follow one another: the earlier's closing balance is not the
/// later's opening one, or a number between theirs is not there. In whatever order they are given; the same twice is
/// one. Numbers are compared within a year, since banks begin anew with each.
pub fn gaps(mut statements: Vec<Ends>) -> Vec<Gap> {
    let place = |ends: &Ends| (ends.to, ends.number, ends.page, ends.from);
    statements.sort_by_key(place);
    statements.dedup();
    statements
        .iter()
        .zip(statements.iter().skip(1))
        .filter_map(|(earlier, later)| {
            let difference = later.opening.checked_sub(earlier.closing).ok()?;
            let missing = match (earlier.number, later.number) {
                (Some(one), Some(other)) if earlier.to.year() == later.to.year() && other < COUNTED_BELOW => {
                    other.checked_sub(one)?.saturating_sub(1)
                }
                _ => 0,
            };
            let detail = match (difference.is_zero(), missing) {
                (true, 0) => return None,
                (true, _) => format!("{missing} statement(s) between the two are missing"),
                (false, 0) => format!("lines that come to {difference} are missing"),
                (false, _) => {
                    format!(
                        "{missing} statement(s) between the two are missing, whose lines come to {difference}"
                    )
                }
            };
            Some(Gap {
                after: earlier.to,
                closing: earlier.closing,
                before: later.from,
                opening: later.opening,
                detail,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::currency::Currency;

    #[test]
    fn reasons_are_sorted_so_that_they_can_be_searched() {
        assert!(RETURN_REASONS.is_sorted_by_key(|(code, _)| code));
        for (code, words) in RETURN_REASONS {
            assert_eq!(return_reason(code), Some(*words));
        }
        for code in ["", "AC", "AC99", "ac04"] {
            assert_eq!(return_reason(code), None, "{code}");
        }
    }

    fn euros(minor: i64) -> Money {
        Money::new(minor, Currency::parse("EUR").unwrap())
    }

    fn ends(number: Option<u64>, day: u32, opening: i64, closing: i64) -> Ends {
        let on = |day| NaiveDate::from_ymd_opt(2026, 1, day).unwrap();
        Ends {
            number,
            page: None,
            from: on(day),
            opening: euros(opening),
            to: on(day),
            closing: euros(closing),
        }
    }

    #[test]
    fn a_gap_is_a_difference_or_a_number_that_is_not_there() {
        let details = |statements: &[Ends]| -> Vec<String> {
            gaps(statements.to_vec())
                .into_iter()
                .map(|gap| gap.detail)
                .collect()
        };
        let (first, second, third) = (
            ends(Some(1), 5, 0, 100),
            ends(Some(2), 6, 100, 150),
            ends(Some(3), 7, 150, 90),
        );
        assert_eq!(details(&[first, second, third]), Vec::<String>::new());
        // What comes late closes the gap, in whatever order they are.
        assert_eq!(details(&[third, first, second, first]), Vec::<String>::new());
        let both = "1 statement(s) between the two are missing, whose lines come to 0.50 EUR";
        assert_eq!(details(&[first, third]), [both]);
        let same = ends(Some(3), 7, 100, 90);
        assert_eq!(
            details(&[first, same]),
            ["1 statement(s) between the two are missing"]
        );
        let uncounted = ends(None, 7, 150, 90);
        assert_eq!(
            details(&[first, uncounted]),
            ["lines that come to 0.50 EUR are missing"]
        );
        // A bank that numbers by date does not count.
        let (friday, monday) = (ends(Some(20_260_109), 9, 0, 1), ends(Some(20_260_112), 12, 1, 2));
        assert_eq!(details(&[friday, monday]), Vec::<String>::new());
    }

    #[test]
    fn numbers_begin_anew_with_a_year() {
        let mut last = ends(Some(251), 5, 0, 100);
        last.from = NaiveDate::from_ymd_opt(2025, 12, 30).unwrap();
        last.to = last.from;
        assert_eq!(gaps(vec![ends(Some(1), 5, 100, 110), last]), []);
    }

    proptest! {
        #[test]
        fn a_chain_has_no_gap_and_each_link_that_is_taken_out_is_one(
            turnovers in proptest::collection::vec(1i64..1_000, 3..20), out in 1usize..100,
        ) {
            let mut balance = 0;
            let chain: Vec<Ends> = turnovers.iter().zip(1u32..).map(|(turnover, day)| {
                let opening = balance;
                balance += turnover;
                ends(Some(u64::from(day)), day, opening, balance)
            }).collect();
            prop_assert_eq!(gaps(chain.clone()), []);
            let mut broken = chain;
            // Neither the first nor the last: nobody could miss these.
            broken.remove(1 + out % (broken.len() - 2));
            prop_assert_eq!(gaps(broken).len(), 1);
        }
    }
}
