//! Payment providers: one trait, one file and one row of [`PROVIDERS`] a provider.
//!
//! **Shape.** [`Provider`] is what is asked of one: open a session, close it, say what became of it, pay money back. What
//! one tells, by webhook or when asked, becomes [`Event`]s, documents in its own words; its `read` makes of each what we
//! call it ([`receivables::told`]), and `store::told` gives that its effect. Bodies and readers are pure; what calls out
//! is the trait's methods.
//! **Once.** Whatever is asked carries our name for it as the key under which the provider does it once. How long it
//! remembers such a key is in its row.
//! **Refuses** to guess: an answer that cannot be understood changes nothing here.

mod adyen;
mod api;
mod gocardless;
mod mollie;
mod paypal;
mod razorpay;
mod sandbox;
mod stripe;

use chrono::{DateTime, TimeDelta, Utc};
use receivables::currency::Currency;
use receivables::id::{CheckoutId, CustomerId, LinkId};
use receivables::money::Money;
use receivables::paylink::{self, Offer, Session};
use std::pin::Pin;
use store::checkouts::Looked;
use store::refunds::{self, Answered};
use store::told::{Read, Teller};
use web::{Cx, Problem};

/// What a provider is asked to collect. Asked again with the same checkout it must be the same in every field, since a
/// provider refuses another request under a name that it knows.
pub struct Order<'a> {
    /// Our name for it: the provider's client reference and idempotency key.
    pub checkout: &'a CheckoutId,
    /// Who pays.
    pub customer: &'a CustomerId,
    /// Through which link.
    pub link: &'a LinkId,
    /// How much.
    pub amount: Money,
    /// Who is paid.
    pub creditor_name: String,
    /// What the payer sees as its purpose.
    pub purpose: String,
    /// Where the payer gets mail.
    pub email: Option<&'a str>,
    /// The payer's country, ISO 3166-1 alpha-2.
    pub country: &'a str,
    /// The payer's language.
    pub locale: &'a str,
    /// Where the payer comes back to after paying.
    pub success_url: String,
    /// And without.
    pub cancel_url: String,
    /// Where the provider may tell of it.
    pub webhook_url: String,
    /// Until when the session is to last.
    pub expires_at: DateTime<Utc>,
}

/// Why there is no session.
pub enum Unopened {
    /// Asked again under the same name, the provider may still open it.
    TryAgain(Problem),
    /// Under this name there never will be one.
    Over(Problem),
}

/// What has become of a session that was to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// Nobody can pay it any more.
    Unpaid,
    /// The payer was faster; the provider's confirmation is on its way.
    Paid,
}

/// Something that a provider tells, believed: a document in its words that its `read` understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What tells it from every other of the provider's.
    pub id: String,
    /// The document.
    pub body: String,
}

/// What a provider will have done.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Somebody who collects money for us.
pub trait Provider {
    /// Opens a session.
    fn open<'a>(&'a self, cx: &'a Cx, order: &'a Order<'_>) -> Doing<'a, Result<Session, Unopened>>;

    /// Makes sure that a session is not paid from now on.
    fn close<'a>(&'a self, session: &'a str) -> Doing<'a, Result<Closed, Problem>>;

    /// Asks what has become of a session, and does what is left to do once its payer has agreed.
    fn look<'a>(&'a self, cx: &'a Cx, looked: &'a Looked) -> Doing<'a, Result<Vec<Event>, Problem>>;

    /// Has money paid back. A problem: what became of it is not known, and it may be asked again under its name.
    fn refund<'a>(&'a self, cx: &'a Cx, refund: &'a refunds::Order) -> Doing<'a, Result<Answered, Problem>>;
}

/// A provider as it is set up here; `None` where it is not.
type SetUp = for<'a> fn(&'a Cx) -> Doing<'a, Result<Option<Box<dyn Provider>>, Problem>>;

/// A provider's webhook: believed or refused; what it tells.
type Hear = for<'a> fn(&'a Cx, &'a [u8]) -> Doing<'a, Result<Vec<Event>, Problem>>;

/// A provider.
pub struct Row {
    /// What is offered of it, to whom.
    pub offer: Offer,
    /// Until when it knows a refund again under our name.
    pub remembers: TimeDelta,
    /// What its webhook wants to be answered; `None`: anything that says it was taken.
    pub acknowledged: Option<&'static str>,
    set_up: SetUp,
    hear: Hear,
    read: Read,
}

/// Every provider. Where the creditor names none, those that are set up are offered in this order.
pub const PROVIDERS: &[Row] = &[
    stripe::ROW,
    mollie::ROW,
    adyen::ROW,
    razorpay::ROW,
    gocardless::ROW,
    paypal::ROW,
    sandbox::ROW,
];

impl Row {
    /// Its name: in the ledger, in addresses and in what the creditor lists.
    pub fn name(&self) -> &'static str {
        self.offer.name
    }

    /// How what it tells is given its effect.
    pub fn teller(&self) -> Teller {
        Teller {
            name: self.offer.name,
            read: self.read,
        }
    }

    /// As it is set up here; `None` where it is not.
    pub async fn set_up(&self, cx: &Cx) -> Result<Option<Box<dyn Provider>>, Problem> {
        (self.set_up)(cx).await
    }

    /// What its webhook tells, once it is believed.
    pub async fn hear(&self, cx: &Cx, body: &[u8]) -> Result<Vec<Event>, Problem> {
        (self.hear)(cx, body).await
    }
}

/// The provider of that name.
pub fn row(name: &str) -> Option<&'static Row> {
    PROVIDERS.iter().find(|row| row.name() == name)
}

/// The provider of that name, if it is set up: an earlier session may be with another than takes new payments.
pub async fn named(cx: &Cx, name: &str) -> Result<Option<Box<dyn Provider>>, Problem> {
    match row(name) {
        Some(row) => row.set_up(cx).await,
        None => Ok(None),
    }
}

/// The ways to pay that a customer sees ([`paylink::methods`]), of those that are set up; `more` are those that are no
/// provider's.
pub async fn methods(
    cx: &Cx,
    more: &[Offer],
    country: &str,
    currency: Currency,
    preferred: &[String],
) -> Result<Vec<paylink::Method>, Problem> {
    let mut offers = Vec::new();
    for row in PROVIDERS {
        if row.set_up(cx).await?.is_some() {
            offers.push(row.offer);
        }
    }
    offers.extend_from_slice(more);
    let creditor = cx.secrets("payment_providers").await?;
    Ok(paylink::methods(&offers, &creditor, country, currency, preferred))
}

/// A document's id where its sender gives none: the same when it says the same.
fn content_id(prefix: &str, body: &str) -> String {
    format!("{prefix}{}", web::secrets::hash(body))
}

/// Our name for a hand-over, out of what a provider was given with the order.
fn ours(name: Option<&str>) -> Result<CheckoutId, String> {
    let name = name.unwrap_or_default();
    CheckoutId::parse(name).map_err(|_| format!("{name:?} is no hand-over of ours"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Our names for what an order is about.
    pub(crate) struct Ids {
        pub(crate) checkout: CheckoutId,
        pub(crate) customer: CustomerId,
        pub(crate) link: LinkId,
    }

    impl Ids {
        pub(crate) fn new() -> Self {
            Self {
                checkout: CheckoutId::from_parts(1, [1; 10]),
                customer: CustomerId::from_parts(1, [2; 10]),
                link: LinkId::from_parts(1, [3; 10]),
            }
        }

        /// An order for an Austrian reader who lives in Germany.
        pub(crate) fn order(&self, amount: &str, currency: &str) -> Order<'_> {
            Order {
                checkout: &self.checkout,
                customer: &self.customer,
                link: &self.link,
                amount: Money::parse(amount, Currency::parse(currency).unwrap()).unwrap(),
                creditor_name: "Sandpiper Tools".to_owned(),
                purpose: "R-1, R-2".to_owned(),
                email: Some("ada@nordwind.example"),
                country: "DE",
                locale: "de-AT",
                success_url: "https://pay.example/back?returned=1".to_owned(),
                cancel_url: "https://pay.example/back".to_owned(),
                webhook_url: "https://pay.example/webhooks/x".to_owned(),
                expires_at: "2026-01-13T08:00:00Z".parse().unwrap(),
            }
        }
    }

    #[test]
    fn each_provider_is_there_once_and_can_be_had_somewhere() {
        for row in PROVIDERS {
            let same = PROVIDERS.iter().filter(|other| other.name() == row.name());
            assert_eq!(same.count(), 1, "{}", row.name());
            let currencies = Currency::all().filter(|currency| (row.offer.takes)("GB", *currency));
            assert!(currencies.count() > 0, "{}", row.name());
            assert!(row.remembers > TimeDelta::zero());
            // Nonsense is said to be that, by each.
            for text in ["", "[]", "{}", "{\"type\":7}"] {
                let read = (row.read)(text);
                let nothing =
                    |told: &receivables::told::Told| matches!(told, receivables::told::Told::Nothing(_));
                assert!(
                    read.is_err() || read.is_ok_and(|told| told.iter().all(nothing)),
                    "{} {text}",
                    row.name()
                );
            }
        }
    }
}
