//! What a payment link asks for, what its visitor may pay, and where a visitor who presses pay is sent.
//!
//! **Nothing is charged twice.** A link has at most one hand-over to a provider at a time. Whoever presses pay again
//! is sent to the same one as long as it asks for the right amount; before another is begun the provider must have
//! closed it. One whose session's address never reached us can have been seen by nobody, so it is asked for again
//! under the same name, and given up without asking once that has become pointless.

use chrono::{DateTime, TimeDelta, Utc};

use crate::money::{Money, MoneyError};

/// What a link asks for now: `fixed`, where it asks for a certain amount, else whatever its invoices still need
/// (`open`). A certain amount is asked for once (`paid`), and never more of it than is owed; one without invoices is
/// owed as it stands.
pub fn asked(fixed: Option<Money>, open: Money, has_invoices: bool, paid: bool) -> Result<Money, MoneyError> {
    match fixed {
        Some(_) if paid => Ok(Money::zero(open.currency())),
        Some(amount) if has_invoices => amount.checked_min(open),
        Some(amount) => Ok(amount),
        None => Ok(open),
    }
}

/// Why a visitor may not pay what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Zero, less, or another currency.
    #[error("no amount to pay")]
    NotAnAmount,
    /// Less than the link allows.
    #[error("the least is {minimum}")]
    TooLittle {
        /// The least that may be paid.
        minimum: Money,
    },
    /// More than is asked for.
    #[error("the most is {most}")]
    TooMuch {
        /// What is asked for.
        most: Money,
    },
}

/// Whether a visitor may pay `chosen` of the `asked`. The minimum yields to what is asked for: the last rest may
/// always be paid.
pub fn chosen(chosen: Money, asked: Money, minimum: Option<Money>) -> Result<Money, Refused> {
    let same_currency = |money: Money| money.currency() == asked.currency();
    if !same_currency(chosen) || !chosen.is_positive() {
        return Err(Refused::NotAnAmount);
    }
    if chosen.minor() > asked.minor() {
        return Err(Refused::TooMuch { most: asked });
    }
    match minimum.filter(|minimum| same_currency(*minimum)) {
        Some(minimum) if chosen.minor() < minimum.minor().min(asked.minor()) => {
            Err(Refused::TooLittle { minimum })
        }
        _ => Ok(chosen),
    }
}

/// How long a session with a provider lasts: below the 24 hours that Stripe allows, by more than clocks differ.
const SESSION: TimeDelta = TimeDelta::hours(23);
/// How long at least: above the 30 minutes that Stripe wants, by as much as a few tries may take.
const SESSION_AT_LEAST: TimeDelta = TimeDelta::minutes(35);
/// What must be left of a session for asking again under its name: Stripe's 30 minutes.
const ASKABLE: TimeDelta = TimeDelta::minutes(31);
/// What must be left of a session for sending a visitor there: time to find a card.
const USABLE: TimeDelta = TimeDelta::minutes(5);

/// Until when a session that begins now is to last: not beyond its link where that is long enough to pay in.
pub fn session_end(now: DateTime<Utc>, link_expires_at: DateTime<Utc>) -> DateTime<Utc> {
    let after = |time: TimeDelta| now.checked_add_signed(time).unwrap_or(now);
    link_expires_at.min(after(SESSION)).max(after(SESSION_AT_LEAST))
}

/// A hand-over that was begun earlier and is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier<'a> {
    /// Through whom.
    pub provider: &'a str,
    /// How much it asks for.
    pub amount: Money,
    /// Whether the visitor has paid and the bank has not confirmed.
    pub pending: bool,
    /// The provider's name for it and the address of its page, once known.
    pub session: Option<(&'a str, &'a str)>,
    /// Until when it can be paid; `None`: for good.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Where a visitor who presses pay is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onward<'a> {
    /// To a new session.
    Begin,
    /// To the provider's page at this address, which is open already.
    To(&'a str),
    /// To the session of the earlier hand-over, which is asked for again.
    AskAgain,
    /// To a new session, after the provider has closed this one.
    Replace(&'a str),
    /// To a new session; nobody has ever seen the earlier one.
    GiveUp,
    /// Nowhere: the money is on its way.
    Wait,
}

/// Where a visitor is sent who wants to pay `amount` through `provider`.
pub fn onward<'a>(
    earlier: Option<&Earlier<'a>>,
    provider: &str,
    amount: Money,
    now: DateTime<Utc>,
) -> Onward<'a> {
    let Some(earlier) = earlier else {
        return Onward::Begin;
    };
    let lasts = |time: TimeDelta| {
        let needed = now.checked_add_signed(time).unwrap_or(now);
        earlier.expires_at.is_none_or(|at| at >= needed)
    };
    let same = earlier.amount == amount && earlier.provider == provider;
    match earlier.session {
        _ if earlier.pending => Onward::Wait,
        Some((_, url)) if same && lasts(USABLE) => Onward::To(url),
        Some((session, _)) => Onward::Replace(session),
        None if same && lasts(ASKABLE) => Onward::AskAgain,
        None => Onward::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::parse("EUR").unwrap())
    }

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-01-12T{text}Z").parse().unwrap()
    }

    #[test]
    fn a_link_asks_for_what_is_owed_and_a_certain_amount_once() {
        // Fixed, open, has invoices, paid -> asked.
        let cases = [
            (None, 10_000, true, false, 10_000),
            (None, 10_000, true, true, 10_000),
            (None, 0, true, true, 0),
            (Some(4_000), 10_000, true, false, 4_000),
            (Some(4_000), 3_000, true, false, 3_000),
            (Some(4_000), 10_000, true, true, 0),
            (Some(4_000), 0, false, false, 4_000),
            (Some(4_000), 0, false, true, 0),
        ];
        for case in cases {
            let (fixed, open, has_invoices, paid, expected) = case;
            assert_eq!(
                asked(fixed.map(eur), eur(open), has_invoices, paid),
                Ok(eur(expected)),
                "{case:?}"
            );
        }
        let usd = Money::zero(Currency::parse("USD").unwrap());
        assert!(asked(Some(eur(1)), usd, true, false).is_err());
    }

    #[test]
    fn a_visitor_pays_between_the_minimum_and_what_is_asked() {
        let minimum = eur(2_000);
        // Chosen, asked -> what is wrong.
        let cases = [
            (2_000, 10_000, None),
            (10_000, 10_000, None),
            (1_999, 10_000, Some(Refused::TooLittle { minimum })),
            (10_001, 10_000, Some(Refused::TooMuch { most: eur(10_000) })),
            (1_500, 1_500, None),
            (1_499, 1_500, Some(Refused::TooLittle { minimum })),
            (0, 10_000, Some(Refused::NotAnAmount)),
            (-1, 10_000, Some(Refused::NotAnAmount)),
        ];
        for (wanted, of, expected) in cases {
            assert_eq!(
                chosen(eur(wanted), eur(of), Some(minimum)).err(),
                expected,
                "{wanted} of {of}"
            );
        }
        assert_eq!(chosen(eur(1), eur(100), None), Ok(eur(1)));
        let usd = Money::new(5, Currency::parse("USD").unwrap());
        assert_eq!(chosen(usd, eur(100), None), Err(Refused::NotAnAmount));
    }

    #[test]
    fn a_session_lasts_as_long_as_its_link_within_what_the_provider_allows() {
        let now = at("09:00:00");
        let ends = |link: DateTime<Utc>| session_end(now, link).to_rfc3339();
        assert_eq!(ends(at("12:00:00")), "2026-01-12T12:00:00+00:00");
        assert_eq!(ends(at("09:10:00")), "2026-01-12T09:35:00+00:00");
        let later = at("09:00:00") + TimeDelta::days(30);
        assert_eq!(ends(later), "2026-01-13T08:00:00+00:00");
    }

    #[test]
    fn pressing_pay_again_leads_to_the_same_session_or_to_none_before_it_is_closed() {
        let open = Earlier {
            provider: "stripe",
            amount: eur(100),
            pending: false,
            session: Some(("cs_1", "https://pay.example")),
            expires_at: Some(at("10:00:00")),
        };
        let unanswered = Earlier {
            session: None,
            ..open.clone()
        };
        let pending = Earlier {
            pending: true,
            ..open.clone()
        };
        let for_good = Earlier {
            expires_at: None,
            ..open.clone()
        };
        // Earlier, provider, amount, time -> onward.
        let cases = [
            (None, "stripe", 100, "09:00:00", Onward::Begin),
            (
                Some(&open),
                "stripe",
                100,
                "09:55:00",
                Onward::To("https://pay.example"),
            ),
            (Some(&open), "stripe", 100, "09:55:01", Onward::Replace("cs_1")),
            (Some(&open), "stripe", 99, "09:00:00", Onward::Replace("cs_1")),
            (Some(&open), "other", 100, "09:00:00", Onward::Replace("cs_1")),
            (
                Some(&for_good),
                "stripe",
                100,
                "23:00:00",
                Onward::To("https://pay.example"),
            ),
            (Some(&unanswered), "stripe", 100, "09:29:00", Onward::AskAgain),
            (Some(&unanswered), "stripe", 100, "09:29:01", Onward::GiveUp),
            (Some(&unanswered), "stripe", 99, "09:00:00", Onward::GiveUp),
            (Some(&pending), "stripe", 100, "09:00:00", Onward::Wait),
            (Some(&pending), "stripe", 99, "23:00:00", Onward::Wait),
        ];
        for (earlier, provider, amount, time, expected) in cases {
            assert_eq!(
                onward(earlier, provider, eur(amount), at(time)),
                expected,
                "{earlier:?} {provider} {amount} {time}"
            );
        }
    }
}
