//! PayPal: an order of the Orders API v2, approved by the payer and captured by us
//! (developer.paypal.com/docs/api/orders/v2).
//!
//! **Once.** Order, capture and refund carry our names as `PayPal-Request-Id`.
//! **Closing** needs no call that could fail: nobody but us captures, and an order that was given up is not captured.
//! **Believed** is an event that PayPal's API says it has sent (`verify-webhook-signature`), asked with the very bytes.
//! **Refuses**: `PAYMENT.CAPTURE.REVERSED` does not say whether a dispute tells of the same money, so a person looks.

use crate::api::{Api, Ask, Settled, words};
use crate::{Closed, Doing, Event, Order, Provider, Row, Unopened, content_id, ours};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use receivables::id::{CheckoutId, RefundId};
use receivables::money::Money;
use receivables::paylink::{Offer, Session, Turn};
use receivables::told::{Chargeback, ChargebackStage, Paid, Refund, RefundState, Told};
use receivables::units::{PAYPAL, UnitError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use store::checkouts::Looked;
use store::refunds::{self, Answered};
use web::{Cx, Problem, limits, outbound};

pub(crate) const ROW: Row = Row {
    offer: Offer {
        name: "paypal",
        ways: &[],
        plays: false,
        takes: |_, currency| PAYPAL.takes(currency),
    },
    // The least that PayPal promises for a request's id.
    remembers: TimeDelta::hours(5),
    acknowledged: None,
    set_up,
    hear,
    read,
};

const KEY: &str = "paypal-request-id";
/// How long an order waits for its payer.
const APPROVABLE: TimeDelta = TimeDelta::hours(3);

struct PayPal {
    url: String,
    basic: String,
}

async fn paypal(cx: &Cx) -> Result<Option<PayPal>, Problem> {
    let id = cx.setting("paypal_client_id").await?;
    let Some((id, secret)) = id.zip(cx.setting("paypal_client_secret").await?) else {
        return Ok(None);
    };
    let url = cx
        .required_setting("paypal_url")
        .await?
        .trim_end_matches('/')
        .to_owned();
    let basic = format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()));
    Ok(Some(PayPal { url, basic }))
}

fn set_up(cx: &Cx) -> Doing<'_, Result<Option<Box<dyn Provider>>, Problem>> {
    Box::pin(async move {
        Ok(paypal(cx)
            .await?
            .map(|paypal| Box::new(paypal) as Box<dyn Provider>))
    })
}

/// What is asked about an event, with the event as it came.
#[derive(Serialize)]
struct Verification<'a> {
    auth_algo: &'a str,
    cert_url: &'a str,
    transmission_id: &'a str,
    transmission_sig: &'a str,
    transmission_time: &'a str,
    webhook_id: &'a str,
    webhook_event: &'a RawValue,
}

#[derive(Deserialize)]
struct Verdict {
    verification_status: String,
}

fn hear<'a>(cx: &'a Cx, body: &'a [u8]) -> Doing<'a, Result<Vec<Event>, Problem>> {
    Box::pin(async move {
        let setting = cx.setting("paypal_webhook_id").await?;
        let Some((paypal, webhook_id)) = paypal(cx).await?.zip(setting) else {
            return Err(Problem::unauthorized(
                "PayPal's events are not taken: the variable `paypal_webhook_id` is not set.",
            ));
        };
        let unbelieved = || Problem::unauthorized("This event is not believed: PayPal does not know it.");
        let header = |name| cx.header(name).ok_or_else(unbelieved);
        let text = web::inbox::text(body)?;
        let event: &RawValue = serde_json::from_str(text)
            .map_err(|error| Problem::bad_request(format!("The body is not JSON: {error}.")))?;
        let question = Verification {
            auth_algo: header("paypal-auth-algo")?,
            cert_url: header("paypal-cert-url")?,
            transmission_id: header("paypal-transmission-id")?,
            transmission_sig: header("paypal-transmission-sig")?,
            transmission_time: header("paypal-transmission-time")?,
            webhook_id: &webhook_id,
            webhook_event: event,
        };
        let api = paypal.api().await?;
        let question = serde_json::to_string(&question).map_err(|error| api.failed(&error.to_string()))?;
        let path = "/v1/notifications/verify-webhook-signature";
        let answer = api
            .once(&Ask {
                method: "POST",
                path,
                key: None,
                body: Some(question),
            })
            .await?;
        match answer.status {
            200 if api.read::<Verdict>(&answer)?.verification_status == "SUCCESS" => {}
            // What it cannot read it has not sent.
            200 | 400 | 422 => return Err(unbelieved()),
            _ => return Err(api.refusal(&answer)),
        }
        let id = match serde_json::from_str(text) {
            Ok(Named { id }) => id,
            Err(_) => content_id("sha256-", text),
        };
        Ok(vec![Event {
            id,
            body: text.to_owned(),
        }])
    })
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

impl PayPal {
    /// The API, with a token of this request's own.
    async fn api(&self) -> Result<Api, Problem> {
        let api = Api::new("paypal", &self.url, Vec::new());
        let url = format!("{}/v1/oauth2/token", api.url);
        let fields = [("grant_type".to_owned(), "client_credentials".to_owned())];
        let headers = [
            ("authorization", self.basic.as_str()),
            ("accept", "application/json"),
        ];
        let answer = outbound::post_form(&url, &headers, &fields, limits::CHECKOUT_TIMEOUT_S).await;
        let answer = answer.map_err(|error| api.failed(&error.to_string()))?;
        if answer.status != 200 {
            return Err(api.refusal(&answer));
        }
        let token: Token = api.read(&answer)?;
        let headers = vec![
            ("authorization", format!("Bearer {}", token.access_token)),
            ("prefer", "return=representation".to_owned()),
        ];
        Ok(Api { headers, ..api })
    }

    async fn open_order(&self, cx: &Cx, order: &Order<'_>) -> Result<Session, Unopened> {
        let api = self.api().await.map_err(Unopened::TryAgain)?;
        let body = order_of(order).map_err(|error| Unopened::Over(api.failed(&error.to_string())))?;
        let ask = Ask::post("/v2/checkout/orders", Some((KEY, order.checkout.as_str())), body);
        let opened: OrderObject = api.open(cx, &ask).await?;
        let page = opened
            .links
            .into_iter()
            .find(|link| matches!(link.rel.as_str(), "payer-action" | "approve"));
        let Some(page) = page else {
            return Err(Unopened::Over(
                api.failed(&format!("order {} has no address", opened.id)),
            ));
        };
        let now = cx.moment().now;
        let until = now.checked_add_signed(APPROVABLE).unwrap_or(now);
        Ok(Session {
            id: opened.id,
            url: page.href,
            expires_at: until.min(order.expires_at),
        })
    }

    /// How an order stands; what the payer has approved is captured once we have said so in the ledger.
    async fn stands(&self, cx: &Cx, looked: &Looked) -> Result<String, Problem> {
        let api = self.api().await?;
        let path = format!("/v2/checkout/orders/{}", looked.session);
        let gone = |status: &str| {
            json!({"id": looked.session, "status": status, "purchase_units": [{"custom_id": looked.id}]})
                .to_string()
        };
        let answer = api.once(&Ask::get(&path)).await?;
        match answer.status {
            200 => {}
            // An order that nobody approved in time is forgotten.
            404 => return Ok(gone("VOIDED")),
            _ => return Err(api.refusal(&answer)),
        }
        if !looked.pending || api.read::<OrderObject>(&answer)?.status != "APPROVED" {
            return api.text(&answer);
        }
        let name = format!("{}-capture", looked.id);
        let capture = format!("{path}/capture");
        match api
            .insist(cx, &Ask::post(&capture, Some((KEY, name.as_str())), json!({})))
            .await
        {
            Settled::Done(answer) => api.text(&answer),
            Settled::Open(problem) => Err(problem),
            Settled::Refused(answer) => {
                cx.log(&api.refusal(&answer));
                match words(&answer).contains("ORDER_ALREADY_CAPTURED") {
                    true => api.text(&api.get(&path).await?),
                    false => Ok(gone("REFUSED")),
                }
            }
        }
    }
}

impl Provider for PayPal {
    fn open<'a>(&'a self, cx: &'a Cx, order: &'a Order<'_>) -> Doing<'a, Result<Session, Unopened>> {
        Box::pin(self.open_order(cx, order))
    }

    fn close<'a>(&'a self, session: &'a str) -> Doing<'a, Result<Closed, Problem>> {
        Box::pin(async move {
            let api = self.api().await?;
            let answer = api
                .once(&Ask::get(&format!("/v2/checkout/orders/{session}")))
                .await?;
            match answer.status {
                200 if api.read::<OrderObject>(&answer)?.status == "COMPLETED" => Ok(Closed::Paid),
                200 | 404 => Ok(Closed::Unpaid),
                _ => Err(api.refusal(&answer)),
            }
        })
    }

    fn look<'a>(&'a self, cx: &'a Cx, looked: &'a Looked) -> Doing<'a, Result<Vec<Event>, Problem>> {
        Box::pin(async move {
            let body = self.stands(cx, looked).await?;
            Ok(vec![Event {
                id: content_id(&format!("{}-", looked.session), &body),
                body,
            }])
        })
    }

    fn refund<'a>(&'a self, cx: &'a Cx, refund: &'a refunds::Order) -> Doing<'a, Result<Answered, Problem>> {
        Box::pin(async move {
            let api = self.api().await?;
            let amount = match amount(refund.amount) {
                Ok(amount) => amount,
                Err(error) => return Ok(Answered::Refused(error.to_string())),
            };
            let body = json!({"amount": amount, "custom_id": refund.id});
            let path = format!("/v2/payments/captures/{}/refund", refund.payment);
            match api
                .insist(cx, &Ask::post(&path, Some((KEY, refund.id.as_str())), body))
                .await
            {
                Settled::Open(problem) => Err(problem),
                Settled::Refused(answer) => Ok(Answered::Refused(words(&answer))),
                Settled::Done(answer) => {
                    let made: Made = api.read(&answer)?;
                    Ok(match made.status.as_str() {
                        "COMPLETED" => Answered::Done(made.id),
                        "FAILED" | "CANCELLED" => Answered::Refused(format!("refund {} failed", made.id)),
                        _ => Answered::Asked(made.id),
                    })
                }
            }
        })
    }
}

#[derive(Deserialize)]
struct Made {
    id: String,
    status: String,
}

fn amount(amount: Money) -> Result<Value, UnitError> {
    Ok(json!({"currency_code": amount.currency().code(), "value": PAYPAL.to_text(amount)?}))
}

/// Characters of a description and of a brand's name that PayPal takes.
const SHOWN: usize = 127;

/// The order that is asked for. Every field follows from ours alone.
fn order_of(order: &Order<'_>) -> Result<Value, UnitError> {
    let purpose = if order.purpose.is_empty() {
        &order.creditor_name
    } else {
        &order.purpose
    };
    let shown = |text: &str| text.chars().take(SHOWN).collect::<String>();
    Ok(json!({
        "intent": "CAPTURE",
        "purchase_units": [{
            "custom_id": order.checkout,
            "description": shown(purpose),
            "amount": amount(order.amount)?,
        }],
        "payment_source": {"paypal": {"experience_context": {
            "brand_name": shown(&order.creditor_name),
            "locale": order.locale,
            "shipping_preference": "NO_SHIPPING",
            "user_action": "PAY_NOW",
            "return_url": order.success_url,
            "cancel_url": order.cancel_url,
        }}},
    }))
}

#[derive(Deserialize)]
struct OrderObject {
    id: String,
    status: String,
    #[serde(default)]
    purchase_units: Vec<Unit>,
    #[serde(default)]
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Unit {
    custom_id: Option<String>,
    payments: Option<Payments>,
}

#[derive(Deserialize)]
struct Payments {
    #[serde(default)]
    captures: Vec<Capture>,
}

#[derive(Deserialize)]
struct Capture {
    id: String,
    status: String,
    amount: Option<Amount>,
    custom_id: Option<String>,
    create_time: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Link {
    rel: String,
    href: String,
}

#[derive(Deserialize)]
struct Amount {
    value: String,
    currency_code: String,
}

impl Amount {
    fn money(&self) -> Result<Money, String> {
        PAYPAL
            .from_text(&self.value, &self.currency_code)
            .map_err(|error| error.to_string())
    }
}

#[derive(Deserialize)]
struct Sent {
    event_type: String,
    resource: Value,
}

#[derive(Deserialize)]
struct RefundObject {
    id: String,
    status: Option<String>,
    amount: Amount,
    custom_id: Option<String>,
    #[serde(default)]
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Dispute {
    dispute_id: String,
    #[serde(default)]
    disputed_transactions: Vec<Transaction>,
    dispute_amount: Option<Amount>,
    reason: Option<String>,
    dispute_outcome: Option<Outcome>,
}

#[derive(Deserialize)]
struct Transaction {
    seller_transaction_id: Option<String>,
}

#[derive(Deserialize)]
struct Outcome {
    outcome_code: String,
}

/// An order that was looked at, or an event.
fn read(text: &str) -> Result<Vec<Told>, String> {
    let Ok(Sent { event_type, resource }) = serde_json::from_str(text) else {
        let order: OrderObject =
            serde_json::from_str(text).map_err(|error| format!("not an event of PayPal's: {error}"))?;
        return Ok(vec![order_told(&order)?]);
    };
    let kind = event_type.as_str();
    let told = match kind {
        "CHECKOUT.ORDER.APPROVED" => order_told(&of(kind, resource)?)?,
        "PAYMENT.CAPTURE.COMPLETED"
        | "PAYMENT.CAPTURE.PENDING"
        | "PAYMENT.CAPTURE.DENIED"
        | "PAYMENT.CAPTURE.DECLINED" => {
            let capture: Capture = of(kind, resource)?;
            match ours(capture.custom_id.as_deref()) {
                Ok(checkout) => capture_told(&capture, checkout)?,
                Err(why) => Told::Nothing(why),
            }
        }
        "PAYMENT.CAPTURE.REFUNDED" | "PAYMENT.REFUND.PENDING" | "PAYMENT.REFUND.FAILED" => {
            refund_told(of(kind, resource)?)?
        }
        "PAYMENT.CAPTURE.REVERSED" => {
            return Err(
                "PayPal has taken a payment back: see there whether a dispute told of it, and reverse it"
                    .to_owned(),
            );
        }
        "CUSTOMER.DISPUTE.CREATED" | "CUSTOMER.DISPUTE.RESOLVED" => {
            dispute_told(of(kind, resource)?, kind.ends_with("RESOLVED"))?
        }
        other => Told::Nothing(format!("type {other} needs nothing done")),
    };
    Ok(vec![told])
}

fn of<T: DeserializeOwned>(kind: &str, resource: Value) -> Result<T, String> {
    serde_json::from_value(resource).map_err(|error| format!("{kind} without what it is about: {error}"))
}

fn order_told(order: &OrderObject) -> Result<Told, String> {
    let captures = order
        .purchase_units
        .iter()
        .filter_map(|unit| unit.payments.as_ref());
    let capture = captures.flat_map(|payments| &payments.captures).next();
    let in_units = order
        .purchase_units
        .iter()
        .find_map(|unit| unit.custom_id.as_deref());
    let name = in_units.or_else(|| capture?.custom_id.as_deref());
    let checkout = match ours(name) {
        Ok(checkout) => checkout,
        Err(why) => return Ok(Told::Nothing(why)),
    };
    match (order.status.as_str(), capture) {
        (_, Some(capture)) => capture_told(capture, checkout),
        ("APPROVED", None) => Ok(Told::Approved(checkout)),
        ("VOIDED", None) => Ok(Told::Turned(checkout, Turn::Expired)),
        ("REFUSED", None) => Ok(Told::Turned(checkout, Turn::Failed)),
        ("CREATED" | "SAVED" | "PAYER_ACTION_REQUIRED", None) => {
            Ok(Told::Nothing(format!("{} is open", order.id)))
        }
        (other, None) => Err(format!("order status {other} is not one that we know")),
    }
}

fn capture_told(capture: &Capture, checkout: CheckoutId) -> Result<Told, String> {
    Ok(match capture.status.as_str() {
        // Refunded since, it was paid all the same; the refund is told by itself.
        "COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED" => Told::Paid(Paid {
            checkout,
            reference: capture.id.clone(),
            amount: capture.amount.as_ref().map(Amount::money).transpose()?,
            method: "paypal".to_owned(),
            at: capture.create_time,
        }),
        "PENDING" => Told::Turned(checkout, Turn::Pending),
        "DECLINED" | "FAILED" => Told::Fell {
            checkout,
            reason: format!("capture {} {}", capture.id, capture.status.to_lowercase()),
        },
        other => return Err(format!("capture status {other} is not one that we know")),
    })
}

fn refund_told(refund: RefundObject) -> Result<Told, String> {
    let up = refund
        .links
        .iter()
        .find(|link| link.rel == "up" && link.href.contains("/captures/"));
    let payment = up.and_then(|link| link.href.rsplit('/').next());
    let state = match refund.status.as_deref() {
        Some("PENDING") => RefundState::Requested,
        Some("COMPLETED") => RefundState::Done,
        Some("FAILED" | "CANCELLED") => RefundState::Failed,
        status => return Err(format!("refund status {status:?} is not one that we know")),
    };
    Ok(Told::Refund(Refund {
        payment: payment.ok_or("a refund of no capture")?.to_owned(),
        ours: refund.custom_id.and_then(|name| RefundId::parse(&name).ok()),
        amount: Some(refund.amount.money()?),
        id: refund.id,
        state,
    }))
}

fn dispute_told(dispute: Dispute, resolved: bool) -> Result<Told, String> {
    let transaction = dispute
        .disputed_transactions
        .into_iter()
        .find_map(|one| one.seller_transaction_id);
    let stage = match (resolved, dispute.dispute_outcome) {
        (false, _) => ChargebackStage::Demanded,
        (true, Some(outcome)) if outcome.outcome_code == "RESOLVED_BUYER_FAVOUR" => ChargebackStage::Lost,
        (true, Some(outcome))
            if matches!(
                outcome.outcome_code.as_str(),
                "RESOLVED_SELLER_FAVOUR" | "CANCELED_BY_BUYER" | "DENIED"
            ) =>
        {
            ChargebackStage::Won
        }
        (true, outcome) => {
            let outcome = outcome.map(|outcome| outcome.outcome_code);
            return Err(format!(
                "dispute {} ended with {outcome:?}: a person must look",
                dispute.dispute_id
            ));
        }
    };
    Ok(Told::Chargeback(Chargeback {
        id: dispute.dispute_id,
        payment: transaction.ok_or("a dispute of no transaction")?,
        amount: dispute.dispute_amount.as_ref().map(Amount::money).transpose()?,
        reason: dispute.reason.unwrap_or_default(),
        stage,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use receivables::currency::Currency;

    const CHECKOUT: &str = "chk_01kerpxzmw76f6s5peagy4mabq";

    fn checkout() -> CheckoutId {
        CheckoutId::parse(CHECKOUT).unwrap()
    }

    fn usd(minor: i64) -> Option<Money> {
        Some(Money::new(minor, Currency::parse("USD").unwrap()))
    }

    fn capture(status: &str) -> Value {
        json!({"id": "3C6", "status": status, "custom_id": CHECKOUT, "create_time": "2026-01-12T09:00:00Z",
            "amount": {"currency_code": "USD", "value": "10.00"}})
    }

    fn paid() -> Told {
        Told::Paid(Paid {
            checkout: checkout(),
            reference: "3C6".to_owned(),
            amount: usd(1_000),
            method: "paypal".to_owned(),
            at: "2026-01-12T09:00:00Z".parse().ok(),
        })
    }

    #[test]
    fn an_order_follows_from_ours() {
        let ids = crate::tests::Ids::new();
        let expected = json!({"intent": "CAPTURE", "purchase_units": [{"custom_id": ids.checkout,
            "description": "R-1, R-2", "amount": {"currency_code": "HUF", "value": "1250"}}],
            "payment_source": {"paypal": {"experience_context": {"brand_name": "Sandpiper Tools", "locale": "de-AT",
                "shipping_preference": "NO_SHIPPING", "user_action": "PAY_NOW",
                "return_url": "https://pay.example/back?returned=1", "cancel_url": "https://pay.example/back"}}}});
        assert_eq!(order_of(&ids.order("1250.00", "HUF")), Ok(expected));
        assert!(order_of(&ids.order("1250.50", "HUF")).is_err());
    }

    #[test]
    fn an_order_says_how_far_it_is() {
        for (status, expected) in [
            ("CREATED", Told::Nothing("5O1 is open".to_owned())),
            ("PAYER_ACTION_REQUIRED", Told::Nothing("5O1 is open".to_owned())),
            ("APPROVED", Told::Approved(checkout())),
            ("VOIDED", Told::Turned(checkout(), Turn::Expired)),
            ("REFUSED", Told::Turned(checkout(), Turn::Failed)),
        ] {
            let order = json!({"id": "5O1", "status": status, "purchase_units": [{"custom_id": CHECKOUT}]});
            assert_eq!(read(&order.to_string()), Ok(vec![expected.clone()]), "{status}");
            if status == "APPROVED" {
                let event = json!({"id": "WH-1", "event_type": "CHECKOUT.ORDER.APPROVED", "resource": order});
                assert_eq!(read(&event.to_string()), Ok(vec![expected]));
            }
        }
        let order = json!({"id": "5O1", "status": "COMPLETED", "purchase_units": [
            {"payments": {"captures": [capture("COMPLETED")]}}]});
        assert_eq!(read(&order.to_string()), Ok(vec![paid()]));
    }

    #[test]
    fn each_event_is_known() {
        let told = |kind: &str, resource: &Value| {
            read(&json!({"event_type": kind, "resource": resource}).to_string())
        };
        assert_eq!(
            told("PAYMENT.CAPTURE.COMPLETED", &capture("COMPLETED")),
            Ok(vec![paid()])
        );
        let pending = Told::Turned(checkout(), Turn::Pending);
        assert_eq!(
            told("PAYMENT.CAPTURE.PENDING", &capture("PENDING")),
            Ok(vec![pending])
        );
        let fell = Told::Fell {
            checkout: checkout(),
            reason: "capture 3C6 declined".to_owned(),
        };
        assert_eq!(
            told("PAYMENT.CAPTURE.DENIED", &capture("DECLINED")),
            Ok(vec![fell])
        );
        let refund = json!({"id": "1JU", "status": "COMPLETED", "amount": {"currency_code": "USD", "value": "4.00"},
            "links": [{"rel": "self", "href": "https://api-m.paypal.com/v2/payments/refunds/1JU"},
                {"rel": "up", "href": "https://api-m.paypal.com/v2/payments/captures/3C6"}]});
        let expected = Refund {
            ours: None,
            id: "1JU".to_owned(),
            payment: "3C6".to_owned(),
            amount: usd(400),
            state: RefundState::Done,
        };
        assert_eq!(
            told("PAYMENT.CAPTURE.REFUNDED", &refund),
            Ok(vec![Told::Refund(expected)])
        );
        assert!(told("PAYMENT.CAPTURE.REVERSED", &refund).is_err());
        for (kind, outcome, stage) in [
            ("CREATED", "NONE", Some(ChargebackStage::Demanded)),
            ("RESOLVED", "RESOLVED_BUYER_FAVOUR", Some(ChargebackStage::Lost)),
            ("RESOLVED", "RESOLVED_SELLER_FAVOUR", Some(ChargebackStage::Won)),
            ("RESOLVED", "RESOLVED_WITH_PAYOUT", None),
        ] {
            let dispute = json!({"dispute_id": "PP-D-1", "reason": "UNAUTHORISED",
                "disputed_transactions": [{"seller_transaction_id": "3C6"}],
                "dispute_amount": {"currency_code": "USD", "value": "10.00"}, "dispute_outcome": {"outcome_code": outcome}});
            let told = told(&format!("CUSTOMER.DISPUTE.{kind}"), &dispute);
            let found = told.ok().map(|told| match &told[..] {
                [Told::Chargeback(told)] => told.stage,
                other => panic!("{other:?}"),
            });
            assert_eq!(found, stage, "{kind} {outcome}");
        }
    }
}
