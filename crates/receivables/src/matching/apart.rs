//! What several books say of one line, where one book of everything would not fit.
//!
//! Each holds some customers and all that they owe. A candidate is of one customer, so none is lost; what is lost is that
//! one book sees what the line says of another's invoices. Therefore a match stays automatic only where nothing in the
//! other books comes near it, and nothing there is named.
//!
//! Source: Dunlin's own rule.

use super::judge::MARGIN;
use super::{CANDIDATES, Candidate, Verdict};

/// Puts the verdicts of books that share no customer together.
pub fn together(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    let (mut automatic, mut others): (Vec<Candidate>, Vec<Candidate>) = (Vec::new(), Vec::new());
    for verdict in verdicts {
        match verdict {
            Verdict::Automatic(candidate) => automatic.push(candidate),
            Verdict::Review(candidates) => others.extend(candidates),
            Verdict::Unknown => {}
        }
    }
    if let [only] = automatic.as_slice() {
        let near = |other: &Candidate| other.score.saturating_add(MARGIN.unsigned_abs()) > only.score;
        let named = |other: &Candidate| other.reasons.iter().any(|reason| reason.code.is_sure());
        if !others.iter().any(|other| near(other) || named(other)) {
            return Verdict::Automatic(only.clone());
        }
    }
    automatic.append(&mut others);
    automatic.sort_by_key(|candidate| std::cmp::Reverse(candidate.score));
    automatic.truncate(CANDIDATES);
    match automatic.is_empty() {
        true => Verdict::Unknown,
        false => Verdict::Review(automatic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;
    use crate::id::CustomerId;
    use crate::matching::{Evidence, Fit, Reason};
    use crate::money::Money;

    fn candidate(customer: u8, score: u32, code: Evidence) -> Candidate {
        let nothing = Money::zero(Currency::parse("EUR").unwrap());
        Candidate {
            customer: CustomerId::from_parts(1, [customer; 10]),
            shares: Vec::new(),
            on_account: nothing,
            short: nothing,
            fit: Fit::Exact,
            score,
            reasons: vec![Reason {
                code,
                points: 1,
                detail: String::new(),
            }],
        }
    }

    #[test]
    fn a_match_is_automatic_only_where_nothing_else_comes_near() {
        let sure = || Verdict::Automatic(candidate(1, 80, Evidence::Number));
        let review = |score, code| Verdict::Review(vec![candidate(2, score, code)]);
        let first = |verdict: Verdict| match verdict {
            Verdict::Review(candidates) => candidates.first().map(|candidate| candidate.score),
            _ => None,
        };
        let alone = together([sure(), Verdict::Unknown]);
        assert_eq!(alone, sure());
        assert_eq!(together([Verdict::Unknown, Verdict::Unknown]), Verdict::Unknown);
        assert_eq!(together([review(65, Evidence::Amount), sure()]), sure());
        assert_eq!(
            first(together([review(66, Evidence::Amount), sure()])),
            Some(80),
            "within the margin"
        );
        assert_eq!(
            first(together([review(50, Evidence::Number), sure()])),
            Some(80),
            "it is named"
        );
        assert_eq!(first(together([sure(), sure()])), Some(80), "two of them");
        let listed = together((0..9).map(|score| review(score, Evidence::Amount)));
        assert!(matches!(&listed, Verdict::Review(candidates) if candidates.len() == CANDIDATES));
        assert_eq!(first(listed), Some(8));
    }
}
