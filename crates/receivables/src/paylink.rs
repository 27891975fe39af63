//! What a message and a payment link ask for, what its visitor may pay, and where a visitor who presses pay is sent.
//!
//! **Nothing is charged twice.** A link has at most one hand-over to a provider at a time. Whoever presses pay again
//! is sent to the same one as long as it asks for the right amount; before another is begun the provider must have
//! closed it. One whose session's address never reached us can have been seen by nobody, so it is asked for again
//! under the same name, and given up without asking once that has become pointless.
//!
//! Source: Dunlin's own rule.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::currency::Currency;
use crate::id::CheckoutId;
use crate::money::{Money, MoneyError};

/// What a creditor's list of methods calls a plain transfer to its account.
pub const BANK_TRANSFER: &str = "bank_transfer";

/// A way to pay that a creditor could offer.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// The provider's name, or [`BANK_TRANSFER`].
    pub name: &'static str,
    /// What a customer's preference may call it besides: `card`, `direct_debit`, ...
    pub ways: &'static [&'static str],
    /// Whether it only plays: no money moves.
    pub plays: bool,
    /// Whether it can be had in a country (ISO 3166-1 alpha-2), for a currency.
    pub takes: fn(&str, Currency) -> bool,
}

/// A way to pay that a customer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// On the page of this payment provider.
    Provider(&'static str),
    /// By a transfer to the creditor's account, with a reference that tells what it is for.
    BankTransfer,
}

/// The ways to pay that a customer in `country` sees for an amount of `currency`: those of `offers` that the creditor
/// names, in the creditor's order (all of them where it names none), and that can be had there; what the customer
/// prefers comes first, in the customer's order. One that only plays is offered where there is no real provider: what
/// a real invoice is paid with must be money.
pub fn methods(
    offers: &[Offer],
    creditor: &[String],
    country: &str,
    currency: Currency,
    preferred: &[String],
) -> Vec<Method> {
    let named = |name: &String| offers.iter().find(|offer| offer.name == name);
    let chosen: Vec<&Offer> = match creditor.is_empty() {
        true => offers.iter().collect(),
        false => creditor.iter().filter_map(named).collect(),
    };
    let real = chosen
        .iter()
        .any(|offer| !offer.plays && offer.name != BANK_TRANSFER);
    let mut shown: Vec<&Offer> = Vec::new();
    for offer in chosen {
        let barred = (offer.plays && real) || shown.iter().any(|other| other.name == offer.name);
        if !barred && (offer.takes)(country, currency) {
            shown.push(offer);
        }
    }
    let wish = |offer: &Offer| {
        let is = |wanted: &String| wanted == offer.name || offer.ways.contains(&wanted.as_str());
        preferred.iter().position(is).unwrap_or(usize::MAX)
    };
    shown.sort_by_key(|offer| wish(offer));
    let method = |offer: &Offer| match offer.name {
        BANK_TRANSFER => Method::BankTransfer,
        name => Method::Provider(name),
    };
    shown.into_iter().map(method).collect()
}

/// How long a provider is waited for before it is asked what became of a session.
const LOOK_FIRST: TimeDelta = TimeDelta::minutes(15);
/// And how long at most between two such looks.
const LOOK_LAST: TimeDelta = TimeDelta::hours(24);

/// When a session that began at `began` is to be looked at next: as long again as it has lasted, so that a lost event
/// is made good soon, and a bank that takes days is asked daily.
pub fn look_next(began: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let lasted = now.signed_duration_since(began);
    now.checked_add_signed(lasted.clamp(LOOK_FIRST, LOOK_LAST))
        .unwrap_or(now)
}

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
    /// The payer has agreed, and the money is being fetched.
    Approved,
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
            Turn::Approved | Turn::Pending => "pending",
            Turn::Failed => "failed",
            Turn::Expired => "expired",
        }
    }

    /// From what it can become so.
    pub fn from(self) -> &'static [&'static str] {
        match self {
            // A session can run out at the provider while the payer's last press is on its way.
            Turn::Pending => &["open", "expired"],
            // Not once it was given up: what nobody fetches is not paid.
            Turn::Approved | Turn::Expired => &["open"],
            Turn::Failed => &["open", "pending"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::parse("EUR").unwrap())
    }

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-01-12T{text}Z").parse().unwrap()
    }

    fn anywhere(_: &str, _: Currency) -> bool {
        true
    }

    fn euro(_: &str, currency: Currency) -> bool {
        currency.code() == "EUR"
    }

    fn britain(country: &str, _: Currency) -> bool {
        country == "GB"
    }

    #[test]
    fn a_customer_sees_what_creditor_country_currency_and_preference_allow() {
        let offer = |name, ways, plays, takes| Offer {
            name,
            ways,
            plays,
            takes,
        };
        let offers = [
            offer(
                "cards",
                &["card"][..],
                false,
                anywhere as fn(&str, Currency) -> bool,
            ),
            offer("debit", &["direct_debit"][..], false, britain),
            offer("wallet", &[][..], false, euro),
            offer(BANK_TRANSFER, &[][..], false, euro),
            offer("play", &["card"][..], true, anywhere),
        ];
        // Creditor's list, country, currency, preference -> what is shown.
        let cases: [(&str, &str, &str, &str, &str); 11] = [
            ("", "DE", "EUR", "", "cards wallet bank_transfer"),
            ("", "GB", "EUR", "", "cards debit wallet bank_transfer"),
            ("", "GB", "GBP", "", "cards debit"),
            ("wallet cards", "GB", "EUR", "", "wallet cards"),
            ("wallet cards wallet gone", "GB", "USD", "", "cards"),
            (
                "",
                "DE",
                "EUR",
                "bank_transfer wallet",
                "bank_transfer wallet cards",
            ),
            (
                "",
                "GB",
                "EUR",
                "direct_debit card",
                "debit cards wallet bank_transfer",
            ),
            ("play", "DE", "EUR", "", "play"),
            ("play bank_transfer", "DE", "EUR", "", "play bank_transfer"),
            ("play wallet", "DE", "USD", "card", ""),
            ("gone", "DE", "EUR", "", ""),
        ];
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for case in cases {
            let (creditor, country, currency, preferred, expected) = case;
            let currency = Currency::parse(currency).unwrap();
            let shown = methods(&offers, &words(creditor), country, currency, &words(preferred));
            let name = |method: &Method| match method {
                Method::Provider(name) => *name,
                Method::BankTransfer => BANK_TRANSFER,
            };
            let shown: Vec<_> = shown.iter().map(name).collect();
            assert_eq!(shown.join(" "), expected, "{case:?}");
        }
    }

    #[test]
    fn a_session_is_looked_at_ever_later() {
        // Minutes that it has lasted -> minutes until the next look.
        for (lasted, next) in [
            (0, 15),
            (14, 15),
            (20, 20),
            (60, 60),
            (1_440, 1_440),
            (100_000, 1_440),
        ] {
            let now = at("09:00:00");
            let began = now - TimeDelta::minutes(lasted);
            assert_eq!(look_next(began, now), now + TimeDelta::minutes(next), "{lasted}");
        }
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
