//! What a message and a payment link ask for, what its visitor may pay, and where a visitor who presses pay is sent.
//!
//! **Nothing is charged twice.** A link has at most one hand-over to a provider at a time. Whoever presses pay again
//! is sent to the same one as long as it asks for the right amount; before another is begun the provider must have
//! closed it. One whose session's address never reached us can have been seen by nobody, so it is asked for again
//! under the same name, and given up without asking once that has become pointless.
//!
//! Source: Dunlin's own rule.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::id::CheckoutId;
use crate::money::{Money, MoneyError};

/// What is owed on an invoice, as far as asking for it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// All that is still owed.
    pub balance: Money,
    /// How much of it stands in open disputes.
    pub disputed: Money,
    /// The open instalments, each with its due date; none, where the invoice falls due as a whole.
    pub parts: Vec<(NaiveDate, Money)>,
}

impl Owed {
    /// What a message, or a link, asks for on a civil day of the customer: what is not disputed, and of an invoice in
    /// instalments no more than those that have come due, or the next one where none has.
    pub fn asked_on(&self, today: NaiveDate) -> Result<Money, MoneyError> {
        let zero = Money::zero(self.balance.currency());
        let undisputed = self.balance.checked_sub(self.disputed)?;
        let undisputed = if undisputed.is_negative() {
            zero
        } else {
            undisputed
        };
        let Some(next) = self.parts.iter().map(|(due_on, _)| *due_on).min() else {
            return Ok(undisputed);
        };
        let due = self.parts.iter().filter(|(due_on, _)| *due_on <= today.max(next));
        due.map(|(_, part)| *part)
            .try_fold(zero, Money::checked_add)?
            .checked_min(undisputed)
    }
}

/// What a link asks for now: `fixed`, where it asks for a certain amount, else what is to be `asked` for its invoices.
/// A certain amount is asked for once (`paid`), and never more of it than is `owed` on them in all; one without invoices
/// is owed as it stands.
pub fn asked(
    fixed: Option<Money>,
    asked: Money,
    owed: Money,
    has_invoices: bool,
    paid: bool,
) -> Result<Money, MoneyError> {
    match fixed {
        Some(_) if paid => Ok(Money::zero(owed.currency())),
        Some(amount) if has_invoices => amount.checked_min(owed),
        Some(amount) => Ok(amount),
        None => Ok(asked),
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

/// A provider's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The provider's name for it.
    pub id: String,
    /// Where the payer is sent.
    pub url: String,
    /// Until when it can be paid.
    pub expires_at: DateTime<Utc>,
}

/// A hand-over that was begun and is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Underway {
    /// Our name for it.
    pub id: CheckoutId,
    /// Through whom.
    pub provider: String,
    /// How much it asks for.
    pub amount: Money,
    /// How far it is.
    pub stage: Stage,
}

/// How far a hand-over is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The provider was asked for a session that lasts until then, and what it did is not known.
    Asked(DateTime<Utc>),
    /// It can be paid.
    Open(Session),
    /// The visitor has paid and the bank has yet to confirm.
    Pending,
}

/// Where a visitor who presses pay is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Onward {
    /// To a new session.
    Begin,
    /// To the provider's page at this address, which is open already.
    To(String),
    /// To the session of this hand-over, which is asked for again; it is to last until then.
    AskAgain(CheckoutId, DateTime<Utc>),
    /// To a new session, after this one's provider has closed it.
    Replace(Underway, Session),
    /// To a new session; nobody has ever seen this one.
    GiveUp(CheckoutId),
    /// Nowhere: the money is on its way.
    Wait,
}

/// Where a visitor is sent who wants to pay `amount` through `provider`.
pub fn onward(earlier: Option<Underway>, provider: &str, amount: Money, now: DateTime<Utc>) -> Onward {
    let Some(earlier) = earlier else {
        return Onward::Begin;
    };
    let same = earlier.amount == amount && earlier.provider == provider;
    let lasts =
        |until: DateTime<Utc>, time: TimeDelta| now.checked_add_signed(time).is_some_and(|at| until >= at);
    match earlier.stage.clone() {
        Stage::Pending => Onward::Wait,
        Stage::Open(session) if same && lasts(session.expires_at, USABLE) => Onward::To(session.url),
        Stage::Open(session) => Onward::Replace(earlier, session),
        Stage::Asked(until) if same && lasts(until, ASKABLE) => Onward::AskAgain(earlier.id, until),
        Stage::Asked(_) => Onward::GiveUp(earlier.id),
    }
}

/// Where a hand-over can go without a payment. What a provider tells may arrive in any order: a move from anywhere
/// else comes too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Paid, and the bank has yet to confirm.
    Pending,
    /// The bank has refused.
    Failed,
    /// Nobody can pay it any more.
    Expired,
}

impl Turn {
    /// What it becomes.
    pub fn status(self) -> &'static str {
        match self {
            Turn::Pending => "pending",
            Turn::Failed => "failed",
            Turn::Expired => "expired",
        }
    }

    /// From what it can become so.
    pub fn from(self) -> &'static [&'static str] {
        match self {
            // A session can run out at the provider while the payer's last press is on its way.
            Turn::Pending => &["open", "expired"],
            Turn::Failed => &["open", "pending"],
            Turn::Expired => &["open"],
        }
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
    fn what_is_disputed_or_not_due_yet_is_not_asked_for() {
        let day = |text: &str| format!("2026-01-{text}").parse::<NaiveDate>().unwrap();
        // Balance, disputed, parts, today -> asked.
        let parts = [("10", 3_000), ("20", 5_000), ("30", 2_000)];
        let (whole, parts) = (parts.get(..0).unwrap(), parts.as_slice());
        let cases = [
            (10_000, 0, whole, "01", 10_000),
            (10_000, 2_500, whole, "31", 7_500),
            (10_000, 10_000, whole, "31", 0),
            // A dispute over more than is left: money came in since.
            (1_000, 2_500, whole, "31", 0),
            // The next part where none is due; a part is due on its day; what is due, added up.
            (10_000, 0, parts, "01", 3_000),
            (10_000, 0, parts, "19", 3_000),
            (10_000, 0, parts, "20", 8_000),
            (10_000, 0, parts, "31", 10_000),
            // What falls due first is what is not disputed.
            (10_000, 6_000, parts, "20", 4_000),
        ];
        for case in cases {
            let (balance, disputed, parts, today, expected) = case;
            let owed = Owed {
                balance: eur(balance),
                disputed: eur(disputed),
                parts: parts.iter().map(|(on, minor)| (day(on), eur(*minor))).collect(),
            };
            assert_eq!(owed.asked_on(day(today)), Ok(eur(expected)), "{case:?}");
        }
    }

    #[test]
    fn a_link_asks_for_what_a_message_asks_for_and_a_certain_amount_once() {
        // Fixed, asked, owed, has invoices, paid -> asked.
        let cases = [
            (None, 8_000, 10_000, true, false, 8_000),
            (None, 8_000, 10_000, true, true, 8_000),
            (None, 0, 0, true, true, 0),
            (Some(4_000), 10_000, 10_000, true, false, 4_000),
            // Who is asked for a certain amount may be asked for what is not due yet.
            (Some(4_000), 2_000, 10_000, true, false, 4_000),
            (Some(4_000), 3_000, 3_000, true, false, 3_000),
            (Some(4_000), 10_000, 10_000, true, true, 0),
            (Some(4_000), 0, 0, false, false, 4_000),
            (Some(4_000), 0, 0, false, true, 0),
        ];
        for case in cases {
            let (fixed, now, owed, has_invoices, paid, expected) = case;
            assert_eq!(
                asked(fixed.map(eur), eur(now), eur(owed), has_invoices, paid),
                Ok(eur(expected)),
                "{case:?}"
            );
        }
        let usd = Money::zero(Currency::parse("USD").unwrap());
        assert!(asked(Some(eur(1)), usd, usd, true, false).is_err());
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
        let id = CheckoutId::from_parts(1, [0; 10]);
        let session = Session {
            id: "cs_1".to_owned(),
            url: "https://pay.example".to_owned(),
            expires_at: at("10:00:00"),
        };
        let underway = |stage| Underway {
            id: id.clone(),
            provider: "stripe".to_owned(),
            amount: eur(100),
            stage,
        };
        let open = underway(Stage::Open(session.clone()));
        let asked = underway(Stage::Asked(at("10:00:00")));
        let pending = underway(Stage::Pending);
        let to = Onward::To("https://pay.example".to_owned());
        let replace = Onward::Replace(open.clone(), session);
        // Earlier, provider, amount, time -> onward.
        let cases = [
            (None, "stripe", 100, "09:00:00", Onward::Begin),
            (Some(&open), "stripe", 100, "09:55:00", to),
            (Some(&open), "stripe", 100, "09:55:01", replace.clone()),
            (Some(&open), "stripe", 99, "09:00:00", replace.clone()),
            (Some(&open), "other", 100, "09:00:00", replace),
            (
                Some(&asked),
                "stripe",
                100,
                "09:29:00",
                Onward::AskAgain(id.clone(), at("10:00:00")),
            ),
            (
                Some(&asked),
                "stripe",
                100,
                "09:29:01",
                Onward::GiveUp(id.clone()),
            ),
            (Some(&asked), "stripe", 99, "09:00:00", Onward::GiveUp(id.clone())),
            (Some(&asked), "other", 100, "09:00:00", Onward::GiveUp(id.clone())),
            (Some(&pending), "stripe", 100, "09:00:00", Onward::Wait),
            (Some(&pending), "stripe", 99, "23:00:00", Onward::Wait),
        ];
        for (earlier, provider, amount, time, expected) in cases {
            assert_eq!(
                onward(earlier.cloned(), provider, eur(amount), at(time)),
                expected,
                "{earlier:?} {provider} {amount} {time}"
            );
        }
    }
}
