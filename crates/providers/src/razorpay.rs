//! Razorpay: a payment link (razorpay.com/docs/api/payments/payment-links).
//!
//! **Once.** Our name is the link's `reference_id`, of which there is one: asked for again it is refused, and the link
//! that there is is found by it. A refund carries `X-Refund-Idempotency`.
//! **Believed** is what is signed with one of `razorpay_webhook_secrets`; an event is known by `x-razorpay-event-id`.

use crate::api::{Api, Ask, Settled, words};
use crate::{Closed, Doing, Event, Order, Provider, Row, Unopened, content_id, ours};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use receivables::id::RefundId;
use receivables::money::Money;
use receivables::paylink::{Offer, Session, Turn};
use receivables::told::{Chargeback, ChargebackStage, Paid, Refund, RefundState, Told};
use receivables::units::{RAZORPAY, UnitError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::checkouts::Looked;
use store::refunds::{self, Answered};
use web::webhook::body_hex;
use web::{Cx, Problem};

pub(crate) const ROW: Row = Row {
    offer: Offer {
        name: "razorpay",
        ways: &["upi", "card", "netbanking", "online"],
        plays: false,
        takes: |_, currency| RAZORPAY.takes(currency),
    },
    // The documentation promises no end, so a day is what we rely on.
    remembers: TimeDelta::hours(23),
    acknowledged: None,
    set_up,
    hear,
    read,
};

struct Razorpay(Api);

fn set_up(cx: &Cx) -> Doing<'_, Result<Option<Box<dyn Provider>>, Problem>> {
    Box::pin(async move {
        let id = cx.setting("razorpay_key_id").await?;
        let Some((id, secret)) = id.zip(cx.setting("razorpay_key_secret").await?) else {
            return Ok(None);
        };
        let url = cx.required_setting("razorpay_url").await?;
        let key = format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()));
        let api = Api::new("razorpay", &url, vec![("authorization", key)]);
        Ok(Some(Box::new(Razorpay(api)) as Box<dyn Provider>))
    })
}

fn hear<'a>(cx: &'a Cx, body: &'a [u8]) -> Doing<'a, Result<Vec<Event>, Problem>> {
    Box::pin(async move {
        let secrets = cx.secrets("razorpay_webhook_secrets").await?;
        if secrets.is_empty() {
            return Err(Problem::unauthorized(
                "Razorpay's events are not taken: the variable `razorpay_webhook_secrets` is not set.",
            ));
        }
        body_hex::verify(&secrets, cx.header("x-razorpay-signature"), body)?;
        let text = web::inbox::text(body)?;
        let id = match cx.header("x-razorpay-event-id").filter(|id| !id.is_empty()) {
            Some(id) => id.to_owned(),
            None => content_id("sha256-", text),
        };
        Ok(vec![Event {
            id,
            body: text.to_owned(),
        }])
    })
}

impl Provider for Razorpay {
    fn open<'a>(&'a self, cx: &'a Cx, order: &'a Order<'_>) -> Doing<'a, Result<Session, Unopened>> {
        Box::pin(async move {
            let body = link(order).map_err(|error| Unopened::Over(self.0.failed(&error.to_string())))?;
            let settled = self
                .0
                .insist(cx, &Ask::post("/v1/payment_links", None, body))
                .await;
            let link = match settled {
                Settled::Done(answer) => self.0.read(&answer).map_err(Unopened::TryAgain)?,
                Settled::Open(problem) => return Err(Unopened::TryAgain(problem)),
                Settled::Refused(answer) => {
                    let refused = self.0.refusal(&answer);
                    let known = self.known(order).await.map_err(Unopened::TryAgain)?;
                    known.ok_or(Unopened::Over(refused))?
                }
            };
            Ok(Session {
                id: link.id,
                url: link.short_url,
                expires_at: order.expires_at,
            })
        })
    }

    fn close<'a>(&'a self, session: &'a str) -> Doing<'a, Result<Closed, Problem>> {
        Box::pin(async move {
            let path = format!("/v1/payment_links/{session}/cancel");
            let answer = self.0.once(&Ask::post(&path, None, json!({}))).await?;
            if answer.status == 200 {
                return Ok(Closed::Unpaid);
            }
            let refused = self.0.refusal(&answer);
            let link: LinkObject = self
                .0
                .read(&self.0.get(&format!("/v1/payment_links/{session}")).await?)?;
            match link.status.as_str() {
                "cancelled" | "expired" => Ok(Closed::Unpaid),
                "paid" => Ok(Closed::Paid),
                _ => Err(refused),
            }
        })
    }

    fn look<'a>(&'a self, _: &'a Cx, looked: &'a Looked) -> Doing<'a, Result<Vec<Event>, Problem>> {
        Box::pin(async move {
            let answer = self
                .0
                .get(&format!("/v1/payment_links/{}", looked.session))
                .await?;
            let link: Value = self.0.read(&answer)?;
            let body = json!({"event": "payment_link.looked", "payload": {"payment_link": {"entity": link}}});
            let body = body.to_string();
            Ok(vec![Event {
                id: content_id(&format!("{}-", looked.session), &body),
                body,
            }])
        })
    }

    fn refund<'a>(&'a self, cx: &'a Cx, refund: &'a refunds::Order) -> Doing<'a, Result<Answered, Problem>> {
        Box::pin(async move {
            let amount = match RAZORPAY.to_minor(refund.amount) {
                Ok(amount) => amount,
                Err(error) => return Ok(Answered::Refused(error.to_string())),
            };
            let body = json!({"amount": amount, "receipt": refund.id, "notes": {"refund": refund.id}});
            let path = format!("/v1/payments/{}/refund", refund.payment);
            let key = Some(("x-refund-idempotency", refund.id.as_str()));
            match self.0.insist(cx, &Ask::post(&path, key, body)).await {
                Settled::Open(problem) => Err(problem),
                Settled::Refused(answer) => Ok(Answered::Refused(words(&answer))),
                Settled::Done(answer) => {
                    let made: RefundObject = self.0.read(&answer)?;
                    Ok(match made.status.as_str() {
                        "processed" => Answered::Done(made.id),
                        "failed" => Answered::Refused(format!("refund {} failed", made.id)),
                        _ => Answered::Asked(made.id),
                    })
                }
            }
        })
    }
}

#[derive(Deserialize)]
struct Links {
    payment_links: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    id: String,
    short_url: String,
    status: String,
}

impl Razorpay {
    /// The link that an earlier try has made, if it did.
    async fn known(&self, order: &Order<'_>) -> Result<Option<Link>, Problem> {
        let path = format!("/v1/payment_links?reference_id={}", order.checkout);
        let found: Links = self.0.read(&self.0.get(&path).await?)?;
        Ok(found
            .payment_links
            .into_iter()
            .find(|link| link.status == "created"))
    }
}

/// Characters of a description that Razorpay takes.
const DESCRIPTION: usize = 2_048;

/// The link that is asked for. Every field follows from the order alone.
fn link(order: &Order<'_>) -> Result<Value, UnitError> {
    let purpose = if order.purpose.is_empty() {
        &order.creditor_name
    } else {
        &order.purpose
    };
    let mut link = json!({
        "amount": RAZORPAY.to_minor(order.amount)?,
        "currency": order.amount.currency().code(),
        "accept_partial": false,
        "reference_id": order.checkout,
        "description": purpose.chars().take(DESCRIPTION).collect::<String>(),
        // Who pays hears from us.
        "notify": {"sms": false, "email": false},
        "reminder_enable": false,
        "notes": {"checkout": order.checkout, "customer": order.customer, "link": order.link},
        "callback_url": order.success_url,
        "callback_method": "get",
        "expire_by": order.expires_at.timestamp(),
    });
    if let (Some(email), Some(link)) = (order.email, link.as_object_mut()) {
        link.insert("customer".to_owned(), json!({"email": email}));
    }
    Ok(link)
}

#[derive(Deserialize)]
struct Sent {
    event: String,
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    payment_link: Option<Entity>,
    payment: Option<Entity>,
    refund: Option<Entity>,
    dispute: Option<Entity>,
}

#[derive(Deserialize)]
struct Entity {
    entity: Value,
}

#[derive(Deserialize)]
struct LinkObject {
    id: String,
    reference_id: Option<String>,
    status: String,
    amount_paid: Option<i64>,
    currency: Option<String>,
    #[serde(default)]
    payments: Option<Vec<LinkPayment>>,
}

#[derive(Deserialize)]
struct LinkPayment {
    payment_id: String,
    method: Option<String>,
    status: Option<String>,
    created_at: Option<i64>,
}

#[derive(Deserialize)]
struct PaymentObject {
    id: String,
    amount: i64,
    currency: String,
    method: Option<String>,
    created_at: Option<i64>,
}

#[derive(Deserialize)]
struct RefundObject {
    id: String,
    payment_id: String,
    amount: i64,
    currency: String,
    status: String,
    /// An empty list where there are none.
    notes: Option<Value>,
}

#[derive(Deserialize)]
struct DisputeObject {
    id: String,
    payment_id: String,
    amount: i64,
    currency: String,
    #[serde(default)]
    amount_deducted: i64,
    reason_code: Option<String>,
}

fn entity<T: DeserializeOwned>(kind: &str, entity: Option<Entity>) -> Result<T, String> {
    let entity = entity.ok_or_else(|| format!("{kind} without what it is about"))?;
    serde_json::from_value(entity.entity).map_err(|error| format!("{kind} without what it is about: {error}"))
}

fn money(minor: i64, currency: &str) -> Result<Money, String> {
    RAZORPAY
        .from_minor(minor, currency)
        .map_err(|error| error.to_string())
}

fn read(text: &str) -> Result<Vec<Told>, String> {
    let told: Sent =
        serde_json::from_str(text).map_err(|error| format!("not an event of Razorpay's: {error}"))?;
    let (kind, payload) = (told.event.as_str(), told.payload);
    let told = match kind {
        "payment_link.paid" | "payment_link.expired" | "payment_link.cancelled" | "payment_link.looked" => {
            link_told(kind, payload)?
        }
        "refund.created" | "refund.processed" | "refund.failed" => refund_told(kind, payload)?,
        "payment.dispute.created"
        | "payment.dispute.won"
        | "payment.dispute.lost"
        | "payment.dispute.closed" => dispute_told(kind, payload)?,
        other => Told::Nothing(format!("event {other} needs nothing done")),
    };
    Ok(vec![told])
}

fn link_told(kind: &str, payload: Payload) -> Result<Told, String> {
    let link: LinkObject = entity(kind, payload.payment_link)?;
    let checkout = match ours(link.reference_id.as_deref()) {
        Ok(checkout) => checkout,
        Err(why) => return Ok(Told::Nothing(why)),
    };
    match link.status.as_str() {
        "created" => return Ok(Told::Nothing(format!("{} is open", link.id))),
        "expired" | "cancelled" => return Ok(Told::Turned(checkout, Turn::Expired)),
        "paid" => {}
        other => return Err(format!("link status {other} is not one that we know")),
    }
    let instant =
        |seconds: Option<i64>| seconds.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
    let online = |method: Option<String>| method.unwrap_or_else(|| "online".to_owned());
    if payload.payment.is_some() {
        let payment: PaymentObject = entity(kind, payload.payment)?;
        return Ok(Told::Paid(Paid {
            checkout,
            amount: Some(money(payment.amount, &payment.currency)?),
            reference: payment.id,
            method: online(payment.method),
            at: instant(payment.created_at),
        }));
    }
    let captured = |payment: &LinkPayment| payment.status.as_deref() == Some("captured");
    let payment = link.payments.unwrap_or_default().into_iter().find(captured);
    let payment = payment.ok_or_else(|| format!("{} is paid and names no payment", link.id))?;
    let amount = match (link.amount_paid, &link.currency) {
        (Some(minor), Some(currency)) => Some(money(minor, currency)?),
        _ => None,
    };
    Ok(Told::Paid(Paid {
        checkout,
        amount,
        reference: payment.payment_id,
        method: online(payment.method),
        at: instant(payment.created_at),
    }))
}

fn refund_told(kind: &str, payload: Payload) -> Result<Told, String> {
    let refund: RefundObject = entity(kind, payload.refund)?;
    let state = match refund.status.as_str() {
        "pending" => RefundState::Requested,
        "processed" => RefundState::Done,
        "failed" => RefundState::Failed,
        other => return Err(format!("refund status {other} is not one that we know")),
    };
    let name = refund
        .notes
        .as_ref()
        .and_then(|notes| notes.get("refund")?.as_str());
    Ok(Told::Refund(Refund {
        ours: name.and_then(|name| RefundId::parse(name).ok()),
        amount: Some(money(refund.amount, &refund.currency)?),
        id: refund.id,
        payment: refund.payment_id,
        state,
    }))
}

fn dispute_told(kind: &str, payload: Payload) -> Result<Told, String> {
    let dispute: DisputeObject = entity(kind, payload.dispute)?;
    let stage = match kind {
        "payment.dispute.created" => ChargebackStage::Demanded,
        "payment.dispute.lost" => ChargebackStage::Lost,
        "payment.dispute.closed" if dispute.amount_deducted > 0 => ChargebackStage::Lost,
        _ => ChargebackStage::Won,
    };
    Ok(Told::Chargeback(Chargeback {
        amount: Some(money(dispute.amount, &dispute.currency)?),
        id: dispute.id,
        payment: dispute.payment_id,
        reason: dispute.reason_code.unwrap_or_default(),
        stage,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use receivables::currency::Currency;
    use receivables::id::CheckoutId;

    const CHECKOUT: &str = "chk_01kerpxzmw76f6s5peagy4mabq";

    fn inr(minor: i64) -> Option<Money> {
        Some(Money::new(minor, Currency::parse("INR").unwrap()))
    }

    fn event(kind: &str, payload: &Value) -> String {
        json!({"entity": "event", "event": kind, "payload": payload}).to_string()
    }

    #[test]
    fn a_link_is_paid_by_its_event_or_as_it_was_looked_at() {
        let paid = |reference: &str| {
            vec![Told::Paid(Paid {
                checkout: CheckoutId::parse(CHECKOUT).unwrap(),
                reference: reference.to_owned(),
                amount: inr(50_000),
                method: "upi".to_owned(),
                at: DateTime::from_timestamp(1_768_208_400, 0),
            })]
        };
        // The shape of the documentation's payloads of `payment_link.paid` and of "Fetch a payment link".
        let told = read(&event(
            "payment_link.paid",
            &json!({
            "payment_link": {"entity": {"id": "plink_1", "reference_id": CHECKOUT, "status": "paid"}},
            "payment": {"entity": {"id": "pay_1", "amount": 50_000, "currency": "INR", "method": "upi",
                "created_at": 1_768_208_400}}}),
        ));
        assert_eq!(told, Ok(paid("pay_1")));
        let told = read(&event(
            "payment_link.looked",
            &json!({"payment_link": {"entity": {"id": "plink_1",
            "reference_id": CHECKOUT, "status": "paid", "amount_paid": 50_000, "currency": "INR", "payments": [
                {"payment_id": "pay_0", "status": "failed", "method": "card", "created_at": 1},
                {"payment_id": "pay_2", "status": "captured", "method": "upi", "created_at": 1_768_208_400}]}}}),
        ));
        assert_eq!(told, Ok(paid("pay_2")));
        for (status, expected) in [
            (
                "expired",
                Told::Turned(CheckoutId::parse(CHECKOUT).unwrap(), Turn::Expired),
            ),
            (
                "cancelled",
                Told::Turned(CheckoutId::parse(CHECKOUT).unwrap(), Turn::Expired),
            ),
            ("created", Told::Nothing("plink_1 is open".to_owned())),
        ] {
            let link = json!({"payment_link": {"entity": {"id": "plink_1", "reference_id": CHECKOUT, "status": status,
                "payments": null}}});
            assert_eq!(
                read(&event("payment_link.looked", &link)),
                Ok(vec![expected]),
                "{status}"
            );
        }
        assert!(read(&event("payment_link.paid", &json!({}))).is_err());
    }

    #[test]
    fn a_link_follows_from_the_order() {
        let ids = crate::tests::Ids::new();
        let expected = json!({"amount": 12_500, "currency": "INR", "accept_partial": false,
            "reference_id": ids.checkout, "description": "R-1, R-2", "notify": {"sms": false, "email": false},
            "reminder_enable": false,
            "notes": {"checkout": ids.checkout, "customer": ids.customer, "link": ids.link},
            "callback_url": "https://pay.example/back?returned=1", "callback_method": "get",
            "expire_by": 1_768_291_200, "customer": {"email": "ada@nordwind.example"}});
        assert_eq!(link(&ids.order("125.00", "INR")), Ok(expected));
        assert!(link(&ids.order("1.001", "KWD")).is_err());
    }

    #[test]
    fn refunds_and_disputes_name_their_payment() {
        for (status, state) in [
            ("pending", RefundState::Requested),
            ("processed", RefundState::Done),
            ("failed", RefundState::Failed),
        ] {
            let refund = json!({"refund": {"entity": {"id": "rfnd_1", "payment_id": "pay_1", "amount": 100,
                "currency": "INR", "status": status, "notes": []}}});
            let expected = Refund {
                ours: None,
                id: "rfnd_1".to_owned(),
                payment: "pay_1".to_owned(),
                amount: inr(100),
                state,
            };
            assert_eq!(
                read(&event("refund.processed", &refund)),
                Ok(vec![Told::Refund(expected)])
            );
        }
        for (kind, deducted, stage) in [
            ("created", 0, ChargebackStage::Demanded),
            ("won", 0, ChargebackStage::Won),
            ("lost", 100, ChargebackStage::Lost),
            ("closed", 0, ChargebackStage::Won),
            ("closed", 100, ChargebackStage::Lost),
        ] {
            let dispute = json!({"dispute": {"entity": {"id": "disp_1", "payment_id": "pay_1", "amount": 100,
                "currency": "INR", "amount_deducted": deducted, "reason_code": "chargeback"}}});
            let told = read(&event(&format!("payment.dispute.{kind}"), &dispute)).unwrap();
            assert!(
                matches!(&told[..], [Told::Chargeback(told)] if told.stage == stage),
                "{kind}"
            );
        }
    }
}
