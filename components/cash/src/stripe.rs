//! Stripe's webhook: verified, stored, acknowledged, applied once. Events come in any order and more than once, in
//! the API version of the endpoint that they were set up for; so as little as possible is read of each.
//!
//! The money of a session is one payment, whose reference is the payment intent's id: what refunds and chargebacks
//! refer to. One that comes before its payment waits for it, and takes effect in the transaction that records it.

mod money_back;
mod session;

use self::money_back::MoneyBack;
use receivables::currency::Currency;
use receivables::money::Money;
use receivables::stripe::from_minor;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::inbound::Effect;
use store::{StoreError, Tx};
use web::webhook::stripe;
use web::{Cx, Problem, Reply, inbox, limits, secrets};

const SOURCE: &str = "stripe";

#[derive(Deserialize)]
struct Event {
    r#type: String,
    /// Seconds since 1970.
    created: Option<i64>,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

/// `POST /webhooks/stripe`.
pub(crate) async fn webhook(cx: &Cx) -> Result<Reply, Problem> {
    let secrets = cx.secrets("stripe_webhook_secrets").await?;
    if secrets.is_empty() {
        return Err(Problem::unauthorized(
            "Stripe's events are not taken: the variable `stripe_webhook_secrets` is not set.",
        ));
    }
    let body = cx.bytes(limits::BODY).await?;
    stripe::verify(&secrets, stripe::signature(cx)?, &body, cx.moment().now)?;
    let text = inbox::text(&body)?;
    let id = id(text);
    let event = inbox::Event {
        source: SOURCE,
        id: &id,
        body: text,
    };
    inbox::receive(cx, event, async |tx| apply(cx, tx, text).await).await
}

/// What tells an event from every other: its id. One without (nonsense, or a stand-in for Stripe that gives none) is
/// the same as another when it says the same.
fn id(text: &str) -> String {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    match serde_json::from_str(text) {
        Ok(Named { id }) if !id.is_empty() => id,
        _ => format!("sha256-{}", secrets::hash(text)),
    }
}

/// Gives an event its effect. What cannot be understood is kept for a person.
async fn apply(cx: &Cx, tx: &Tx<'_>, text: &str) -> Result<Effect, Problem> {
    match effect(cx, tx, text).await {
        Ok(effect) | Err(Stop::Here(effect)) => Ok(effect),
        Err(Stop::Problem(problem)) => Err(problem),
    }
}

async fn effect(cx: &Cx, tx: &Tx<'_>, text: &str) -> Result<Effect, Stop> {
    let event = read(text)?;
    match event.r#type.as_str() {
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed"
        | "checkout.session.expired" => session::apply(cx, tx, event).await,
        kind => match MoneyBack::of(kind) {
            Some(kind) => money_back::apply(cx, tx, kind, event).await,
            None => Ok(Effect::Ignored(format!("type {kind} needs nothing done"))),
        },
    }
}

fn read(text: &str) -> Result<Event, Effect> {
    serde_json::from_str(text).map_err(|error| Effect::Failed(format!("not an event of Stripe's: {error}")))
}

/// Why an event does not come to its end.
enum Stop {
    /// This is all that it does.
    Here(Effect),
    /// Our side could not do it just now; it is to be sent again.
    Problem(Problem),
}

impl From<Effect> for Stop {
    fn from(effect: Effect) -> Self {
        Self::Here(effect)
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Problem(error.into())
    }
}

/// Another object, by its id or spelled out.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reference {
    Id(String),
    Object { id: String },
}

impl Reference {
    fn id(self) -> String {
        match self {
            Self::Id(id) | Self::Object { id } => id,
        }
    }
}

/// An event's object; the effect of one that is not as it should be is for a person to see.
fn object<T: DeserializeOwned>(event: Event) -> Result<T, Effect> {
    serde_json::from_value(event.data.object)
        .map_err(|error| Effect::Failed(format!("{} without what it is about: {error}", event.r#type)))
}

/// An amount as Stripe writes it.
fn money(minor: i64, currency: &str) -> Result<Money, Effect> {
    let failed = |error: String| Effect::Failed(error);
    let currency = Currency::parse(&currency.to_uppercase()).map_err(|error| failed(error.to_string()))?;
    from_minor(minor, currency).map_err(|error| failed(error.to_string()))
}
