//! Stripe's webhook: verified, stored, acknowledged, applied once. Events come in any order and more than once, in
//! the API version of the endpoint that they were set up for; so as little as possible is read of each.
//!
//! The money of a session is one payment, whose reference is the payment intent's id: what refunds and chargebacks
//! refer to. One that comes before its payment waits for it, and takes effect in the transaction that records it.

mod money_back;

use chrono::DateTime;
use receivables::allocation::{InvoiceRef, RemittanceLine};
use receivables::currency::Currency;
use receivables::id::CheckoutId;
use receivables::intake::CustomerRef;
use receivables::money::Money;
use receivables::policy::Policy;
use receivables::stripe::from_minor;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use store::Tx;
use store::activities::{self, Activity};
use store::checkouts::{self, Checkout, Turn};
use store::inbound::{self, Effect};
use store::payments::{self, Incoming, Recorded};
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
    let event: Event = match serde_json::from_str(text) {
        Ok(event) => event,
        Err(error) => return Ok(Effect::Failed(format!("not an event of Stripe's: {error}"))),
    };
    match event.r#type.as_str() {
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed"
        | "checkout.session.expired" => session(cx, tx, event).await,
        "charge.refunded" | "charge.dispute.created" | "charge.dispute.closed" => {
            money_back::apply(cx, tx, event).await
        }
        other => Ok(Effect::Ignored(format!("type {other} needs nothing done"))),
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

#[derive(Deserialize)]
struct Session {
    id: String,
    client_reference_id: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    payment_status: Option<String>,
    payment_intent: Option<Reference>,
    amount_total: Option<i64>,
    currency: Option<String>,
    payment_method_types: Option<Vec<String>>,
}

impl Session {
    /// Our name for it.
    fn checkout(&self) -> Option<CheckoutId> {
        let in_metadata = || self.metadata.as_ref()?.get("checkout");
        let name = self.client_reference_id.as_ref().or_else(in_metadata)?;
        CheckoutId::parse(name).ok()
    }

    /// The amount that counts is the provider's, not the link's. Where an event names none it is what the session was
    /// opened for: a session is paid as a whole or not at all.
    fn amount(&self, checkout: &Checkout) -> Result<Money, Effect> {
        match (self.amount_total, &self.currency) {
            (Some(minor), Some(currency)) => money(minor, currency),
            (None, None) => Ok(Money::new(checkout.amount_minor, checkout.currency)),
            _ => Err(Effect::Failed("an amount without its currency".to_owned())),
        }
    }

    /// How it was paid, where the session leaves one way only; which of several it was, the event does not say.
    fn method(&self) -> String {
        match self.payment_method_types.as_deref() {
            Some([only]) => only.clone(),
            _ => "online".to_owned(),
        }
    }
}

async fn session(cx: &Cx, tx: &Tx<'_>, event: Event) -> Result<Effect, Problem> {
    let (kind, created) = (event.r#type.clone(), event.created);
    let session: Session = match object(event) {
        Ok(session) => session,
        Err(effect) => return Ok(effect),
    };
    let checkout = match session.checkout() {
        Some(id) => checkouts::checkout(tx, &id).await?,
        None => None,
    };
    let Some(checkout) = checkout.filter(|checkout| checkout.provider == SOURCE) else {
        return Ok(Effect::Ignored(format!("session {} is none of ours", session.id)));
    };
    match (kind.as_str(), session.payment_status.as_deref()) {
        ("checkout.session.completed", Some("paid")) | ("checkout.session.async_payment_succeeded", _) => {
            paid(cx, tx, &checkout, session, created).await
        }
        ("checkout.session.completed", Some("unpaid")) => turn(cx, tx, &checkout, Turn::Pending).await,
        ("checkout.session.async_payment_failed", _) => turn(cx, tx, &checkout, Turn::Failed).await,
        ("checkout.session.expired", _) => turn(cx, tx, &checkout, Turn::Expired).await,
        (_, status) => Ok(Effect::Failed(format!(
            "payment status {status:?} is not one that we know"
        ))),
    }
}

async fn turn(cx: &Cx, tx: &Tx<'_>, checkout: &Checkout, to: Turn) -> Result<Effect, Problem> {
    if !checkouts::turn(tx, &checkout.id, to).await? {
        return Ok(Effect::Ignored(format!("{} is further than that", checkout.id)));
    }
    let amount = Money::new(checkout.amount_minor, checkout.currency);
    let told = match to {
        Turn::Pending => Some((
            "payment_pending",
            format!("Payment of {amount} under way"),
            "The customer has paid through a link and the bank has yet to confirm.",
        )),
        Turn::Failed => Some((
            "payment_failed",
            format!("Payment of {amount} failed"),
            "The customer paid through a link and the bank did not confirm. The link can be paid again.",
        )),
        Turn::Expired => None,
    };
    if let Some((kind, title, detail)) = told {
        let activity = Activity {
            customer_id: checkout.customer.clone(),
            kind,
            title,
            detail: detail.to_owned(),
            refers_to: Some(checkout.id.to_string()),
        };
        activities::record(tx, cx.moment(), &[activity]).await?;
    }
    Ok(Effect::Processed(
        format!("{} {to:?}", checkout.id).to_lowercase(),
    ))
}

/// One payment a session, however many events tell of it.
async fn paid(
    cx: &Cx,
    tx: &Tx<'_>,
    checkout: &Checkout,
    session: Session,
    created: Option<i64>,
) -> Result<Effect, Problem> {
    if let Some(payment) = &checkout.payment {
        return Ok(Effect::Processed(payment.to_string()));
    }
    let amount = match session.amount(checkout) {
        Ok(amount) => amount,
        Err(effect) => return Ok(effect),
    };
    let at = created.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let method = session.method();
    let incoming = Incoming {
        source: SOURCE.to_owned(),
        reference: session.payment_intent.map_or(session.id, Reference::id),
        customer: Some(CustomerRef::Id(checkout.customer.clone())),
        amount,
        received_on: at.unwrap_or(cx.moment().now).date_naive(),
        method,
        remittance: checkout
            .invoices
            .iter()
            .map(|id| RemittanceLine {
                invoice: InvoiceRef::Id(id.clone()),
                amount: None,
            })
            .collect(),
    };
    let id = match payments::record(tx, cx.moment(), &Policy::standard(), &incoming).await? {
        Recorded::Accepted(id) | Recorded::Duplicate(id) => id,
        Recorded::Conflict(id) => {
            return Ok(Effect::Failed(format!(
                "{id} has this reference and other content"
            )));
        }
        Recorded::UnknownCustomer | Recorded::SeveralCustomers => {
            return Ok(Effect::Failed(
                "the customer of this hand-over is gone".to_owned(),
            ));
        }
    };
    checkouts::settle(tx, &checkout.id, &id).await?;
    for event in inbound::waiting(tx, SOURCE, std::slice::from_ref(&incoming.reference)).await? {
        let effect = apply_waiting(cx, tx, &event.body).await?;
        inbound::conclude(tx, SOURCE, &event.id, &effect).await?;
    }
    Ok(Effect::Processed(id.to_string()))
}

/// Only money that goes back ever waits.
async fn apply_waiting(cx: &Cx, tx: &Tx<'_>, text: &str) -> Result<Effect, Problem> {
    match serde_json::from_str(text) {
        Ok(event) => money_back::apply(cx, tx, event).await,
        Err(error) => Ok(Effect::Failed(format!("not an event of Stripe's: {error}"))),
    }
}
