//! GoCardless: a bank debit. The payer signs a mandate (a billing request and its flow), and the amount is collected
//! under it; that takes days, and can still fail after it seemed done (developer.gocardless.com/api-reference).
//!
//! **Once.** Billing request, payment and refund carry our names as `Idempotency-Key`; asked for again, GoCardless answers
//! 409 with the name of what there is.
//! **Believed** is what is signed with one of `gocardless_webhook_secrets`. An event says what it is about and no
//! amount, so that is fetched: the document says how things stand, in whatever order events come.

use crate::api::{Api, Ask, Settled, words};
use crate::{Closed, Doing, Event, Order, Provider, Row, Unopened, content_id, ours};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use receivables::currency::Currency;
use receivables::id::RefundId;
use receivables::money::Money;
use receivables::paylink::{Offer, Session, Turn};
use receivables::told::{Chargeback, ChargebackStage, Paid, Refund, RefundState, Told};
use receivables::units::GOCARDLESS;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::checkouts::Looked;
use store::refunds::{self, Answered};
use web::outbound::Answer;
use web::webhook::body_hex;
use web::{Cx, Problem};

pub(crate) const ROW: Row = Row {
    offer: Offer {
        name: "gocardless",
        ways: &["direct_debit", "sepa_debit", "bank_debit"],
        plays: false,
        takes,
    },
    // A key is known for 30 days.
    remembers: TimeDelta::days(29),
    acknowledged: None,
    set_up,
    hear,
    read,
};

const KEY: &str = "idempotency-key";
const VERSION: &str = "2015-07-06";

/// Where each currency is collected: Bacs, SEPA Core, ACH, BECS, PAD, BECS NZ, Autogiro, Betalingsservice.
const SCHEMES: &[(&str, &[&str])] = &[
    ("GBP", &["GB", "GG", "IM", "JE"]),
    (
        "EUR",
        &[
            "AT", "BE", "BG", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU", "LV",
            "MC", "MT", "NL", "PT", "SI", "SK", "SM",
        ],
    ),
    ("USD", &["US"]),
    ("AUD", &["AU"]),
    ("CAD", &["CA"]),
    ("NZD", &["NZ"]),
    ("SEK", &["SE"]),
    ("DKK", &["DK"]),
];

fn takes(country: &str, currency: Currency) -> bool {
    let scheme = SCHEMES.iter().find(|(code, _)| *code == currency.code());
    scheme.is_some_and(|(_, countries)| countries.contains(&country))
}

struct GoCardless(Api);

async fn gocardless(cx: &Cx) -> Result<Option<GoCardless>, Problem> {
    let Some(token) = cx.setting("gocardless_access_token").await? else {
        return Ok(None);
    };
    let url = cx.required_setting("gocardless_url").await?;
    let headers = vec![
        ("authorization", format!("Bearer {token}")),
        ("gocardless-version", VERSION.to_owned()),
    ];
    Ok(Some(GoCardless(Api::new("gocardless", &url, headers))))
}

fn set_up(cx: &Cx) -> Doing<'_, Result<Option<Box<dyn Provider>>, Problem>> {
    Box::pin(async move { Ok(gocardless(cx).await?.map(|it| Box::new(it) as Box<dyn Provider>)) })
}

#[derive(Deserialize)]
struct Delivery {
    events: Vec<Sent>,
}

#[derive(Deserialize)]
struct Sent {
    id: String,
    resource_type: String,
    action: String,
    #[serde(default)]
    links: Links,
}

#[derive(Deserialize, Default)]
struct Links {
    payment: Option<String>,
    refund: Option<String>,
    billing_request: Option<String>,
    mandate_request_mandate: Option<String>,
    conflicting_resource_id: Option<String>,
}

impl Sent {
    /// Where what it is about is found.
    fn path(&self) -> Option<String> {
        let (id, folder) = match self.resource_type.as_str() {
            "payments" => (self.links.payment.as_ref(), "payments"),
            "refunds" => (self.links.refund.as_ref(), "refunds"),
            "billing_requests" => (self.links.billing_request.as_ref(), "billing_requests"),
            _ => (None, ""),
        };
        id.filter(|id| is_id(id)).map(|id| format!("/{folder}/{id}"))
    }
}

/// An id becomes a part of an address, so it must be one.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn hear<'a>(cx: &'a Cx, body: &'a [u8]) -> Doing<'a, Result<Vec<Event>, Problem>> {
    Box::pin(async move {
        let secrets = cx.secrets("gocardless_webhook_secrets").await?;
        let api = gocardless(cx).await?.filter(|_| !secrets.is_empty());
        let Some(GoCardless(api)) = api else {
            return Err(Problem::unauthorized(
                "GoCardless's events are not taken: `gocardless_access_token` or `gocardless_webhook_secrets` is not set.",
            ));
        };
        body_hex::verify(&secrets, cx.header("webhook-signature"), body)?;
        let delivery: Delivery = serde_json::from_slice(body)
            .map_err(|error| Problem::bad_request(format!("The body has no events: {error}.")))?;
        let mut events = Vec::with_capacity(delivery.events.len());
        // Several events of one delivery are often about the same: that is asked about once.
        let mut known: BTreeMap<String, Value> = BTreeMap::new();
        for sent in delivery.events {
            let mut document = json!({"action": sent.action});
            if let Some(path) = sent.path() {
                let found = match known.get(&path) {
                    Some(found) => found.clone(),
                    None => api.read(&api.get(&path).await?)?,
                };
                known.insert(path, found.clone());
                if let (Some(into), Value::Object(found)) = (document.as_object_mut(), found) {
                    into.extend(found);
                }
            }
            events.push(Event {
                id: sent.id,
                body: document.to_string(),
            });
        }
        Ok(events)
    })
}

#[derive(Deserialize)]
struct Requests {
    billing_requests: Request,
}

#[derive(Deserialize)]
struct Request {
    id: String,
    status: String,
    #[serde(default)]
    links: Links,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
struct Metadata {
    checkout: Option<String>,
    refund: Option<String>,
}

#[derive(Deserialize)]
struct Flows {
    billing_request_flows: Flow,
}

#[derive(Deserialize)]
struct Flow {
    authorisation_url: String,
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Failure {
    error: Errors,
}

#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    links: Links,
}

/// What there is already under the key of a request that was answered 409.
fn conflicting(answer: &Answer) -> Option<String> {
    let failure: Failure = serde_json::from_slice(&answer.body).ok()?;
    let mut ids = failure
        .error
        .errors
        .into_iter()
        .filter_map(|reason| reason.links.conflicting_resource_id);
    ids.find(|id| is_id(id))
}

impl GoCardless {
    /// Makes something under a key, or finds what was made under it before.
    async fn make(&self, cx: &Cx, folder: &str, key: &str, body: Value) -> Settled {
        let path = format!("/{folder}");
        let ask = Ask::post(&path, Some((KEY, key)), body);
        let first = match self.0.once(&ask).await {
            Ok(answer) => Some(answer),
            Err(problem) => {
                cx.log(&problem);
                None
            }
        };
        let answer = match first {
            Some(answer) if answer.status < 500 && answer.status != 429 => answer,
            // Asked again, it tells whether the first one was heard.
            _ => match self.0.once(&ask).await {
                Ok(answer) => answer,
                Err(problem) => return Settled::Open(problem),
            },
        };
        match (answer.status, conflicting(&answer)) {
            (200..300, _) => Settled::Done(answer),
            (409, Some(id)) => match self.0.get(&format!("/{folder}/{id}")).await {
                Ok(answer) => Settled::Done(answer),
                Err(problem) => Settled::Open(problem),
            },
            (status, _) if crate::api::is_final(status) => Settled::Refused(answer),
            _ => Settled::Open(self.0.refusal(&answer)),
        }
    }

    async fn open_flow(&self, cx: &Cx, order: &Order<'_>) -> Result<Session, Unopened> {
        let again = Unopened::TryAgain;
        GOCARDLESS
            .to_minor(order.amount)
            .map_err(|error| Unopened::Over(self.0.failed(&error.to_string())))?;
        let request = match self
            .make(cx, "billing_requests", order.checkout.as_str(), mandate(order))
            .await
        {
            Settled::Done(answer) => self.0.read::<Requests>(&answer).map_err(again)?.billing_requests,
            Settled::Refused(answer) => return Err(Unopened::Over(self.0.refusal(&answer))),
            Settled::Open(problem) => return Err(again(problem)),
        };
        // Without a key: a second flow of the same request leads to the same mandate.
        let ask = Ask::post("/billing_request_flows", None, flow(order, &request.id));
        let flow: Flows = self.0.open(cx, &ask).await?;
        let flow = flow.billing_request_flows;
        Ok(Session {
            id: request.id,
            url: flow.authorisation_url,
            expires_at: flow.expires_at.unwrap_or(order.expires_at).min(order.expires_at),
        })
    }

    /// Collects what the payer has signed for.
    async fn collect(&self, cx: &Cx, looked: &Looked, mandate: &str) -> Result<String, Problem> {
        let minor = GOCARDLESS
            .to_minor(looked.amount)
            .map_err(|error| self.0.failed(&error.to_string()))?;
        let body = json!({"payments": {"amount": minor, "currency": looked.amount.currency().code(),
            "metadata": {"checkout": looked.id}, "links": {"mandate": mandate}}});
        // A name of its own: the mandate was asked for under the checkout's.
        let key = format!("{}-payment", looked.id);
        match self.make(cx, "payments", &key, body).await {
            Settled::Done(answer) => self.0.text(&answer),
            Settled::Open(problem) => Err(problem),
            Settled::Refused(answer) => {
                cx.log(&self.0.refusal(&answer));
                Ok(
                    json!({"billing_requests": {"id": looked.session, "status": "uncollectable",
                    "metadata": {"checkout": looked.id}}})
                    .to_string(),
                )
            }
        }
    }
}

/// The mandate that is asked for. Every field follows from the order alone.
fn mandate(order: &Order<'_>) -> Value {
    json!({"billing_requests": {
        "mandate_request": {"currency": order.amount.currency().code()},
        "metadata": {"checkout": order.checkout, "customer": order.customer, "link": order.link},
    }})
}

/// The pages on which the payer signs it.
fn flow(order: &Order<'_>, request: &str) -> Value {
    let mut flow = json!({
        "redirect_uri": order.success_url,
        "exit_uri": order.cancel_url,
        "lock_currency": true,
        "links": {"billing_request": request},
    });
    if let (Some(email), Some(flow)) = (order.email, flow.as_object_mut()) {
        flow.insert(
            "prefilled_customer".to_owned(),
            json!({"email": email, "country_code": order.country}),
        );
    }
    json!({"billing_request_flows": flow})
}

impl Provider for GoCardless {
    fn open<'a>(&'a self, cx: &'a Cx, order: &'a Order<'_>) -> Doing<'a, Result<Session, Unopened>> {
        Box::pin(self.open_flow(cx, order))
    }

    fn close<'a>(&'a self, session: &'a str) -> Doing<'a, Result<Closed, Problem>> {
        Box::pin(async move {
            let path = format!("/billing_requests/{session}");
            let cancel = format!("{path}/actions/cancel");
            let answer = self
                .0
                .once(&Ask::post(&cancel, None, json!({"data": {}})))
                .await?;
            if answer.status == 200 {
                return Ok(Closed::Unpaid);
            }
            let refused = self.0.refusal(&answer);
            let found: Requests = self.0.read(&self.0.get(&path).await?)?;
            match found.billing_requests.status.as_str() {
                "cancelled" => Ok(Closed::Unpaid),
                "fulfilling" | "fulfilled" => Ok(Closed::Paid),
                _ => Err(refused),
            }
        })
    }

    fn look<'a>(&'a self, cx: &'a Cx, looked: &'a Looked) -> Doing<'a, Result<Vec<Event>, Problem>> {
        Box::pin(async move {
            let answer = self
                .0
                .get(&format!("/billing_requests/{}", looked.session))
                .await?;
            let request = self.0.read::<Requests>(&answer)?.billing_requests;
            let body = match request.links.mandate_request_mandate {
                Some(mandate) if looked.pending && request.status == "fulfilled" => {
                    self.collect(cx, looked, &mandate).await?
                }
                _ => self.0.text(&answer)?,
            };
            Ok(vec![Event {
                id: content_id(&format!("{}-", looked.session), &body),
                body,
            }])
        })
    }

    fn refund<'a>(&'a self, cx: &'a Cx, refund: &'a refunds::Order) -> Doing<'a, Result<Answered, Problem>> {
        Box::pin(async move {
            let minor = |amount| GOCARDLESS.to_minor(amount).map_err(|error| error.to_string());
            let (amount, total) = match (minor(refund.amount), minor(refund.total)) {
                (Ok(amount), Ok(total)) => (amount, total),
                (Err(error), _) | (_, Err(error)) => return Ok(Answered::Refused(error)),
            };
            let body = json!({"refunds": {"amount": amount, "total_amount_confirmation": total,
                "metadata": {"refund": refund.id}, "links": {"payment": refund.payment}}});
            match self.make(cx, "refunds", refund.id.as_str(), body).await {
                Settled::Open(problem) => Err(problem),
                Settled::Refused(answer) => Ok(Answered::Refused(words(&answer))),
                Settled::Done(answer) => {
                    let made = self.0.read::<Refunds>(&answer)?.refunds;
                    Ok(match refund_state(made.status.as_deref()) {
                        Some(RefundState::Done) => Answered::Done(made.id),
                        Some(RefundState::Failed) => Answered::Refused(format!("refund {} failed", made.id)),
                        _ => Answered::Asked(made.id),
                    })
                }
            }
        })
    }
}

#[derive(Deserialize)]
struct Document {
    action: Option<String>,
    payments: Option<Payment>,
    refunds: Option<RefundObject>,
    billing_requests: Option<Request>,
}

#[derive(Deserialize)]
struct Payment {
    id: String,
    amount: i64,
    currency: String,
    status: String,
    charge_date: Option<NaiveDate>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Refunds {
    refunds: RefundObject,
}

#[derive(Deserialize)]
struct RefundObject {
    id: String,
    amount: i64,
    currency: String,
    /// Absent in older versions: it is in hand.
    status: Option<String>,
    #[serde(default)]
    links: Links,
    #[serde(default)]
    metadata: Metadata,
}

fn refund_state(status: Option<&str>) -> Option<RefundState> {
    match status {
        None | Some("created" | "pending_submission" | "submitted") => Some(RefundState::Requested),
        Some("paid") => Some(RefundState::Done),
        Some("cancelled" | "bounced" | "funds_returned" | "failed") => Some(RefundState::Failed),
        Some(_) => None,
    }
}

fn money(minor: i64, currency: &str) -> Result<Money, String> {
    GOCARDLESS
        .from_minor(minor, currency)
        .map_err(|error| error.to_string())
}

fn read(text: &str) -> Result<Vec<Told>, String> {
    let document: Document =
        serde_json::from_str(text).map_err(|error| format!("not an event of GoCardless's: {error}"))?;
    let action = document.action.as_deref().unwrap_or_default();
    let told = if let Some(payment) = document.payments {
        payment_told(payment, action)?
    } else if let Some(refund) = document.refunds {
        refund_told(refund)?
    } else if let Some(request) = document.billing_requests {
        request_told(&request)
    } else {
        Told::Nothing(format!("{action:?} needs nothing done"))
    };
    Ok(vec![told])
}

fn payment_told(payment: Payment, action: &str) -> Result<Told, String> {
    let checkout = match ours(payment.metadata.checkout.as_deref()) {
        Ok(checkout) => checkout,
        Err(why) => return Ok(Told::Nothing(why)),
    };
    let amount = money(payment.amount, &payment.currency)?;
    let chargeback = |stage| {
        Told::Chargeback(Chargeback {
            id: format!("{}-chargeback", payment.id),
            payment: payment.id.clone(),
            amount: Some(amount),
            reason: "the payer has claimed the debit back".to_owned(),
            stage,
        })
    };
    Ok(match payment.status.as_str() {
        "pending_customer_approval" | "pending_submission" | "submitted" => {
            Told::Turned(checkout, Turn::Pending)
        }
        "confirmed" | "paid_out" if action == "chargeback_cancelled" => chargeback(ChargebackStage::Won),
        "confirmed" | "paid_out" => Told::Paid(Paid {
            checkout,
            reference: payment.id,
            amount: Some(amount),
            method: "direct_debit".to_owned(),
            at: payment
                .charge_date
                .map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc()),
        }),
        "failed" | "cancelled" | "customer_approval_denied" => Told::Fell {
            checkout,
            reason: format!("payment {} {}", payment.id, payment.status),
        },
        "charged_back" => chargeback(ChargebackStage::Lost),
        other => return Err(format!("payment status {other} is not one that we know")),
    })
}

fn refund_told(refund: RefundObject) -> Result<Told, String> {
    let state = refund_state(refund.status.as_deref());
    let payment = refund.links.payment.ok_or("a refund of no payment")?;
    Ok(Told::Refund(Refund {
        ours: refund
            .metadata
            .refund
            .and_then(|name| RefundId::parse(&name).ok()),
        id: refund.id,
        payment,
        amount: Some(money(refund.amount, &refund.currency)?),
        state: state.ok_or_else(|| format!("refund status {:?} is not one that we know", refund.status))?,
    }))
}

fn request_told(request: &Request) -> Told {
    let checkout = match ours(request.metadata.checkout.as_deref()) {
        Ok(checkout) => checkout,
        Err(why) => return Told::Nothing(why),
    };
    match request.status.as_str() {
        "fulfilled" => Told::Approved(checkout),
        "cancelled" => Told::Turned(checkout, Turn::Expired),
        "uncollectable" => Told::Turned(checkout, Turn::Failed),
        _ => Told::Nothing(format!("{} is open", request.id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use receivables::id::CheckoutId;

    const CHECKOUT: &str = "chk_01kerpxzmw76f6s5peagy4mabq";

    fn gbp(minor: i64) -> Money {
        Money::new(minor, Currency::parse("GBP").unwrap())
    }

    fn payment(status: &str, action: &str) -> Result<Vec<Told>, String> {
        read(
            &json!({"action": action, "payments": {"id": "PM123", "amount": 1_000, "currency": "GBP",
            "status": status, "charge_date": "2026-01-15", "metadata": {"checkout": CHECKOUT}}})
            .to_string(),
        )
    }

    #[test]
    fn each_status_of_a_payment_is_known() {
        let checkout = || CheckoutId::parse(CHECKOUT).unwrap();
        let pending = || Told::Turned(checkout(), Turn::Pending);
        let paid = || {
            Told::Paid(Paid {
                checkout: checkout(),
                reference: "PM123".to_owned(),
                amount: Some(gbp(1_000)),
                method: "direct_debit".to_owned(),
                at: "2026-01-15T00:00:00Z".parse().ok(),
            })
        };
        let fell = |status: &str| Told::Fell {
            checkout: checkout(),
            reason: format!("payment PM123 {status}"),
        };
        for (status, expected) in [
            ("pending_submission", pending()),
            ("submitted", pending()),
            ("confirmed", paid()),
            ("paid_out", paid()),
            ("failed", fell("failed")),
            ("cancelled", fell("cancelled")),
        ] {
            assert_eq!(payment(status, "any"), Ok(vec![expected]), "{status}");
        }
        for (status, action, stage) in [
            ("charged_back", "charged_back", ChargebackStage::Lost),
            ("paid_out", "chargeback_cancelled", ChargebackStage::Won),
        ] {
            let told = payment(status, action).unwrap();
            assert!(
                matches!(&told[..], [Told::Chargeback(told)] if told.stage == stage),
                "{status}"
            );
        }
        assert!(payment("lost", "lost").is_err());
    }

    #[test]
    fn a_request_and_a_refund_say_how_far_they_are() {
        let request = |status: &str| {
            read(&json!({"billing_requests": {"id": "BRQ1", "status": status, "metadata": {"checkout": CHECKOUT}}}).to_string())
        };
        let checkout = || CheckoutId::parse(CHECKOUT).unwrap();
        assert_eq!(request("fulfilled"), Ok(vec![Told::Approved(checkout())]));
        assert_eq!(
            request("cancelled"),
            Ok(vec![Told::Turned(checkout(), Turn::Expired)])
        );
        assert_eq!(
            request("pending"),
            Ok(vec![Told::Nothing("BRQ1 is open".to_owned())])
        );
        for (status, state) in [
            (json!(null), RefundState::Requested),
            (json!("submitted"), RefundState::Requested),
            (json!("paid"), RefundState::Done),
            (json!("bounced"), RefundState::Failed),
        ] {
            let told = read(
                &json!({"refunds": {"id": "RF1", "amount": 100, "currency": "GBP", "status": status,
                "links": {"payment": "PM123"}, "metadata": {}}})
                .to_string(),
            );
            let expected = Refund {
                ours: None,
                id: "RF1".to_owned(),
                payment: "PM123".to_owned(),
                amount: Some(gbp(100)),
                state,
            };
            assert_eq!(told, Ok(vec![Told::Refund(expected)]), "{status}");
        }
    }

    #[test]
    fn a_mandate_and_its_pages_follow_from_the_order() {
        let ids = crate::tests::Ids::new();
        let order = ids.order("125.00", "GBP");
        let expected = json!({"billing_requests": {"mandate_request": {"currency": "GBP"},
            "metadata": {"checkout": ids.checkout, "customer": ids.customer, "link": ids.link}}});
        assert_eq!(mandate(&order), expected);
        let expected = json!({"billing_request_flows": {"redirect_uri": "https://pay.example/back?returned=1",
            "exit_uri": "https://pay.example/back", "lock_currency": true, "links": {"billing_request": "BRQ1"},
            "prefilled_customer": {"email": "ada@nordwind.example", "country_code": "DE"}}});
        assert_eq!(flow(&order, "BRQ1"), expected);
    }

    #[test]
    fn a_debit_can_be_had_where_its_scheme_is() {
        for (country, currency, expected) in [
            ("GB", "GBP", true),
            ("DE", "EUR", true),
            ("DE", "GBP", false),
            ("US", "EUR", false),
            ("US", "USD", true),
            ("JP", "JPY", false),
        ] {
            assert_eq!(
                takes(country, Currency::parse(currency).unwrap()),
                expected,
                "{country} {currency}"
            );
        }
    }
}
