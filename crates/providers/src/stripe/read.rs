//! Stripe's events, read. They come in any order and more than once, in the API version of the endpoint that they were
//! set up for; so as little as possible is read of each.
//!
//! The money of a session is one payment, whose reference is the payment intent's id: what refunds and chargebacks refer
//! to. A refund that we have asked for is told by itself; any other as the sum of all refunds of its charge. An inquiry
//! (`warning_...`) is a question; nothing is demanded yet. What is about a charge of the same Stripe account that is none
//! of ours waits for good, to nobody's harm: that it is not, its event does not say.

use chrono::{DateTime, Utc};
use receivables::currency::Currency;
use receivables::id::{CheckoutId, RefundId};
use receivables::money::Money;
use receivables::paylink::Turn;
use receivables::stripe::from_minor;
use receivables::told::{Chargeback, ChargebackStage, Paid, Refund, RefundState, Told};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

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

/// An event's id, where it has one.
pub(super) fn id(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let Named { id } = serde_json::from_str(text).ok()?;
    (!id.is_empty()).then_some(id)
}

/// A session that was asked for, as the event that would tell of it.
pub(super) fn as_event(session: &[u8]) -> Result<String, String> {
    let session: Value = serde_json::from_slice(session).map_err(|error| error.to_string())?;
    let kind = match session.get("status").and_then(Value::as_str) {
        Some("complete") => "checkout.session.completed",
        Some("expired") => "checkout.session.expired",
        _ => "checkout.session.open",
    };
    Ok(json!({"type": kind, "data": {"object": session}}).to_string())
}

/// What an event tells.
pub(super) fn read(text: &str) -> Result<Vec<Told>, String> {
    let event: Event =
        serde_json::from_str(text).map_err(|error| format!("not an event of Stripe's: {error}"))?;
    let told = match event.r#type.as_str() {
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed"
        | "checkout.session.expired" => session(event)?,
        "charge.refunded" => refunds(event)?,
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => refund(event)?,
        "charge.dispute.created" => demanded(event)?,
        "charge.dispute.closed" => decided(event)?,
        kind => Told::Nothing(format!("type {kind} needs nothing done")),
    };
    Ok(vec![told])
}

/// An event's object; one that is not as it should be is for a person to see.
fn object<T: DeserializeOwned>(event: Event) -> Result<T, String> {
    serde_json::from_value(event.data.object)
        .map_err(|error| format!("{} without what it is about: {error}", event.r#type))
}

/// An amount as Stripe writes it.
fn money(minor: i64, currency: &str) -> Result<Money, String> {
    let currency = Currency::parse(&currency.to_uppercase()).map_err(|error| error.to_string())?;
    from_minor(minor, currency).map_err(|error| error.to_string())
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
    fn amount(&self) -> Result<Option<Money>, String> {
        match (self.amount_total, &self.currency) {
            (Some(minor), Some(currency)) => money(minor, currency).map(Some),
            (None, None) => Ok(None),
            _ => Err("an amount without its currency".to_owned()),
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

fn session(event: Event) -> Result<Told, String> {
    let at = event
        .created
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let kind = event.r#type.clone();
    let session: Session = object(event)?;
    let Some(checkout) = session.checkout() else {
        return Ok(Told::Nothing(format!("session {} is none of ours", session.id)));
    };
    match (kind.as_str(), session.payment_status.as_deref()) {
        ("checkout.session.completed", Some("paid")) | ("checkout.session.async_payment_succeeded", _) => {
            paid(session, checkout, at)
        }
        ("checkout.session.completed", Some("unpaid")) => Ok(Told::Turned(checkout, Turn::Pending)),
        ("checkout.session.async_payment_failed", _) => Ok(Told::Turned(checkout, Turn::Failed)),
        ("checkout.session.expired", _) => Ok(Told::Turned(checkout, Turn::Expired)),
        (_, status) => Err(format!("payment status {status:?} is not one that we know")),
    }
}

fn paid(session: Session, checkout: CheckoutId, at: Option<DateTime<Utc>>) -> Result<Told, String> {
    Ok(Told::Paid(Paid {
        checkout,
        amount: session.amount()?,
        method: session.method(),
        at,
        reference: session.payment_intent.map_or(session.id, Reference::id),
    }))
}

#[derive(Deserialize)]
struct Charge {
    payment_intent: Option<Reference>,
    amount_refunded: i64,
    currency: String,
}

fn without_intent() -> Told {
    Told::Nothing("a charge without a payment intent is none of ours".to_owned())
}

fn refunds(event: Event) -> Result<Told, String> {
    let charge: Charge = object(event)?;
    let total = money(charge.amount_refunded, &charge.currency)?;
    Ok(match charge.payment_intent.map(Reference::id) {
        Some(payment) => Told::Refunds { payment, total },
        None => without_intent(),
    })
}

#[derive(Deserialize)]
struct RefundObject {
    id: String,
    payment_intent: Option<Reference>,
    amount: i64,
    currency: String,
    status: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
}

fn refund(event: Event) -> Result<Told, String> {
    let refund: RefundObject = object(event)?;
    let name = refund
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.get("refund"));
    let Some(ours) = name.and_then(|name| RefundId::parse(name).ok()) else {
        return Ok(Told::Nothing(format!("{} is told of with its charge", refund.id)));
    };
    let state = match refund.status.as_deref() {
        Some("pending" | "requires_action") => RefundState::Requested,
        Some("succeeded") => RefundState::Done,
        Some("failed" | "canceled") => RefundState::Failed,
        status => return Err(format!("refund status {status:?} is not one that we know")),
    };
    let amount = money(refund.amount, &refund.currency)?;
    Ok(match refund.payment_intent.map(Reference::id) {
        Some(payment) => Told::Refund(Refund {
            ours: Some(ours),
            id: refund.id,
            payment,
            amount: Some(amount),
            state,
        }),
        None => without_intent(),
    })
}

#[derive(Deserialize)]
struct Dispute {
    id: String,
    payment_intent: Option<Reference>,
    amount: i64,
    currency: String,
    reason: Option<String>,
    status: String,
}

fn demanded(event: Event) -> Result<Told, String> {
    let dispute: Dispute = object(event)?;
    match dispute.status.starts_with("warning_") {
        true => Ok(Told::Nothing(format!("{} is an inquiry", dispute.id))),
        false => chargeback(dispute, ChargebackStage::Demanded),
    }
}

fn decided(event: Event) -> Result<Told, String> {
    let dispute: Dispute = object(event)?;
    let stage = match dispute.status.as_str() {
        "lost" => ChargebackStage::Lost,
        // Refunded meanwhile: the refund has an event of its own.
        "won" | "warning_closed" | "charge_refunded" => ChargebackStage::Won,
        other => return Err(format!("dispute status {other} is not one that we know")),
    };
    chargeback(dispute, stage)
}

fn chargeback(dispute: Dispute, stage: ChargebackStage) -> Result<Told, String> {
    let amount = money(dispute.amount, &dispute.currency)?;
    Ok(match dispute.payment_intent.map(Reference::id) {
        Some(payment) => Told::Chargeback(Chargeback {
            id: dispute.id,
            payment,
            amount: Some(amount),
            reason: dispute.reason.unwrap_or_default(),
            stage,
        }),
        None => without_intent(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKOUT: &str = "chk_01kerpxzmw76f6s5peagy4mabq";

    #[test]
    fn a_session_that_was_looked_at_tells_what_its_event_would() {
        // Status, payment status -> what is told.
        let checkout = || CheckoutId::parse(CHECKOUT).unwrap();
        for (status, payment_status, expected) in [
            ("complete", "unpaid", Told::Turned(checkout(), Turn::Pending)),
            ("expired", "unpaid", Told::Turned(checkout(), Turn::Expired)),
            (
                "open",
                "unpaid",
                Told::Nothing("type checkout.session.open needs nothing done".to_owned()),
            ),
        ] {
            let session = json!({"id": "cs_1", "client_reference_id": CHECKOUT, "status": status,
                "payment_status": payment_status});
            let event = as_event(session.to_string().as_bytes()).unwrap();
            assert_eq!(read(&event), Ok(vec![expected]), "{status}");
        }
    }

    #[test]
    fn a_refund_is_told_by_itself_only_where_we_asked_for_it() {
        let told = |metadata: Value, status: &str| {
            read(
                &json!({"type": "refund.updated", "data": {"object": {"id": "re_1", "payment_intent": "pi_1",
                "amount": 500, "currency": "eur", "status": status, "metadata": metadata}}})
                .to_string(),
            )
        };
        let foreign = Told::Nothing("re_1 is told of with its charge".to_owned());
        assert_eq!(told(json!({}), "failed"), Ok(vec![foreign]));
        let name = "rfd_01kerpxzmw76f6s5peagy4mabq";
        for (status, expected) in [
            ("pending", RefundState::Requested),
            ("succeeded", RefundState::Done),
            ("failed", RefundState::Failed),
        ] {
            let told = told(json!({"refund": name}), status).unwrap();
            assert!(
                matches!(&told[..], [Told::Refund(refund)] if refund.state == expected),
                "{told:?}"
            );
        }
        assert!(told(json!({"refund": name}), "lost").is_err());
    }
}
