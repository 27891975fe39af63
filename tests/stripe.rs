//! Stripe, from the payment link to the money and back: what is asked of it, what is made of its events, and that
//! nothing is lost or charged twice when either fails.

mod events;
mod fake;
mod money_back;
mod partners;
mod sessions;

use std::sync::OnceLock;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use self::fake::FakeStripe;
use crate::harness::{Answer, App, Known, unique};

/// 2026-01-12T09:00:00Z, at which every app starts, in seconds.
const NOW: i64 = 1_768_208_400;
/// Where customers reach the app, also when it has moved to another port.
const PUBLIC_URL: &str = "https://pay.sandpiper.example";
const KEY: &str = "sk_test_sandpiper";
const SECRET: &str = "whsec_sandpiper";
const OLD_SECRET: &str = "whsec_of_last_year";

/// An app whose links are paid through a Stripe of its own.
struct Setup {
    app: App,
    stripe: FakeStripe,
}

impl Setup {
    fn start() -> Self {
        let stripe = FakeStripe::start();
        let app = App::start_with(&[
            ("public_url", PUBLIC_URL),
            ("stripe_url", &stripe.url()),
            ("stripe_secret_key", KEY),
            ("stripe_webhook_secrets", &format!("{OLD_SECRET}, {SECRET}")),
        ]);
        Self { app, stripe }
    }

    /// The one that tests share which only add customers of their own.
    fn shared() -> &'static Self {
        static SHARED: OnceLock<Setup> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A customer with invoices of these amounts, one a day later than the other, and a link to pay them all.
    fn owing(&self, amounts: &[&str]) -> Owing {
        let known = self.app.new_customer();
        let ids = amounts
            .iter()
            .zip(10..)
            .map(|(amount, day)| self.app.new_invoice(&known, amount, &format!("2026-01-{day}")).0)
            .collect();
        let link = self.link(&json!({"customer": {"id": known.id}}));
        Owing { known, ids, link }
    }

    /// Makes a link and answers its path.
    fn link(&self, link: &Value) -> String {
        let made = self.app.post("/v1/payment-links").json(link).send(201);
        path(&made.string("/url")).to_owned()
    }

    /// Presses pay and answers the session that it leads to.
    #[track_caller]
    fn press(&self, link: &str) -> Value {
        self.press_for(link, &[])
    }

    #[track_caller]
    fn press_for(&self, link: &str, fields: &[(&str, &str)]) -> Value {
        let answer = self.app.post(link).anonymous().form(fields).send(303);
        let location = answer.header("location").expect("a location");
        self.stripe.session_at(location)
    }

    fn page(&self, link: &str) -> String {
        self.app.get(link).anonymous().send(200).text()
    }

    /// Tells the app of an event and answers what it made of it.
    #[track_caller]
    fn tell(&self, event: &Value) -> String {
        tell(&self.app, event)
    }

    /// Presses pay, pays, and answers the session and its payment, as the API shows it.
    #[track_caller]
    fn paid(&self, owing: &Owing) -> (Value, Value) {
        let session = self.press(&owing.link);
        let done = self.stripe.complete(&session, "paid");
        assert_eq!(
            self.tell(&event("checkout.session.completed", &done)),
            "processed"
        );
        let payment = self.payment(owing);
        (done, payment)
    }

    /// The payment that the customer's timeline speaks of.
    #[track_caller]
    fn payment(&self, owing: &Owing) -> Value {
        let received = self.activities(owing, "payment_received");
        let [activity] = received.as_slice() else {
            panic!("not one payment: {received:?}");
        };
        let id = activity["refers_to"].as_str().expect("a payment");
        self.app.get(&format!("/v1/payments/{id}")).send(200).json()
    }

    /// The customer's activities of a kind.
    fn activities(&self, owing: &Owing, kind: &str) -> Vec<Value> {
        let timeline = self
            .app
            .get(&format!("/v1/customers/{}/timeline?limit=500", owing.known.id))
            .send(200)
            .json();
        let all = timeline["data"].as_array().expect("data").iter();
        all.filter(|activity| activity["kind"] == kind).cloned().collect()
    }

    fn balances(&self, owing: &Owing) -> Vec<String> {
        owing
            .ids
            .iter()
            .map(|id| balance(&self.app.invoice(id)))
            .collect()
    }

    fn holds(&self) {
        let proof = self.app.get("/v1/reports/integrity").send(200).json();
        assert_eq!((&proof["holds"], &proof["drift"]), (&json!(true), &json!([])));
    }
}

/// The path of a link's address.
#[track_caller]
fn path(address: &str) -> &str {
    address
        .strip_prefix(PUBLIC_URL)
        .unwrap_or_else(|| panic!("{address} is not on {PUBLIC_URL}"))
}

fn balance(invoice: &Value) -> String {
    invoice["balance"]["amount"]
        .as_str()
        .expect("a balance")
        .to_owned()
}

/// A customer, what it owes, and its link.
struct Owing {
    known: Known,
    ids: Vec<String>,
    link: String,
}

/// An event as Stripe sends it.
fn event(kind: &str, object: &Value) -> Value {
    json!({"id": unique("evt"), "object": "event", "api_version": "2025-09-30.clover", "created": NOW, "type": kind,
        "data": {"object": object}, "livemode": false, "pending_webhooks": 1})
}

/// `t=..,v1=..` over a body.
fn sign(secret: &str, at: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(format!("{at}.{body}").as_bytes());
    format!(
        "t={at},v1={}",
        data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes())
    )
}

#[track_caller]
fn send(app: &App, body: &str, signature: &str, expected: u16) -> Answer {
    app.post("/webhooks/stripe")
        .anonymous()
        .header("stripe-signature", signature)
        .body("application/json", body)
        .send(expected)
}

#[track_caller]
fn tell(app: &App, event: &Value) -> String {
    let body = event.to_string();
    send(app, &body, &sign(SECRET, NOW, &body), 200).string("/status")
}
