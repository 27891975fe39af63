//! Data that tests send: complete and valid, each with keys of its own, so that no test sees another's.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::App;
use super::app::random_hex;

/// A key that no other test uses, in this run or another on the same deployment.
pub(crate) fn unique(prefix: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    static RUN: OnceLock<String> = OnceLock::new();
    let run = RUN.get_or_init(|| random_hex()[..8].to_owned());
    format!("{prefix}-{run}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A German business that pays in euros.
pub(crate) fn customer(external_id: &str) -> Value {
    json!({
        "external_id": external_id,
        "name": format!("Nordwind {external_id} GmbH"),
        "kind": "business",
        "country": "DE",
        "time_zone": "Europe/Berlin",
        "locale": "en",
        "currency": "EUR",
        "contacts": [{"name": "Ada Braun", "role": "billing", "email": "ada@nordwind.example"}],
    })
}

/// An invoice of [`START`](super::START)'s day for a customer.
pub(crate) fn invoice(number: &str, external_id: &str, total: &str, due: &str) -> Value {
    json!({
        "number": number,
        "customer": {"external_id": external_id},
        "issue_date": "2025-12-15",
        "due_date": due,
        "currency": "EUR",
        "total": {"amount": total, "currency": "EUR"},
    })
}

/// A bank transfer of a customer.
pub(crate) fn payment(reference: &str, external_id: &str, amount: &str) -> Value {
    json!({
        "customer": {"external_id": external_id},
        "amount": amount,
        "currency": "EUR",
        "received_on": "2026-01-12",
        "method": "bank_transfer",
        "reference": reference,
    })
}

/// A customer that exists.
pub(crate) struct Known {
    /// Its key in the billing system.
    pub(crate) external_id: String,
    /// Ours.
    pub(crate) id: String,
}

impl App {
    /// Makes a customer.
    #[track_caller]
    pub(crate) fn new_customer(&self) -> Known {
        let external_id = unique("C");
        let id = self
            .post("/v1/customers")
            .json(&customer(&external_id))
            .send(201)
            .string("/id");
        Known { external_id, id }
    }

    /// Makes an invoice in euros and answers its id and number.
    #[track_caller]
    pub(crate) fn new_invoice(&self, customer: &Known, total: &str, due: &str) -> (String, String) {
        let number = unique("R");
        let document = invoice(&number, &customer.external_id, total, due);
        (
            self.post("/v1/invoices").json(&document).send(201).string("/id"),
            number,
        )
    }

    /// An invoice as it stands.
    #[track_caller]
    pub(crate) fn invoice(&self, id: &str) -> Value {
        self.get(&format!("/v1/invoices/{id}")).send(200).json()
    }

    /// A customer as it stands.
    #[track_caller]
    pub(crate) fn customer(&self, id: &str) -> Value {
        self.get(&format!("/v1/customers/{id}")).send(200).json()
    }

    /// Takes a bank transfer in and answers the payment.
    #[track_caller]
    pub(crate) fn pay(&self, customer: &Known, amount: &str) -> Value {
        self.post("/v1/payments")
            .json(&payment(&unique("P"), &customer.external_id, amount))
            .send(201)
            .json()
    }

    /// A customer's messages, newest first.
    #[track_caller]
    pub(crate) fn messages(&self, customer: &Known) -> Vec<Value> {
        let list = self
            .get(&format!("/v1/messages?customer={}&limit=500", customer.id))
            .send(200)
            .json();
        list["data"].as_array().expect("data").clone()
    }

    /// Of a customer's messages those by which it is asked to pay, newest first: no notices.
    #[track_caller]
    pub(crate) fn reminders(&self, customer: &Known) -> Vec<Value> {
        let mut messages = self.messages(customer);
        messages.retain(|message| message["purpose"] == "reminder" || message["purpose"] == "collection");
        messages
    }

    /// Everything that was delivered.
    #[track_caller]
    pub(crate) fn mailbox(&self) -> Vec<Value> {
        self.get("/v1/mailbox?limit=500").send(200).json()["data"]
            .as_array()
            .expect("data")
            .clone()
    }

    /// What was delivered of a message.
    #[track_caller]
    pub(crate) fn mail(&self, message: &Value) -> Mail {
        let id = message["id"].as_str().expect("an id");
        let mail = self.get(&format!("/v1/mailbox/{id}")).send(200);
        Mail {
            subject: mail.string("/subject"),
            text: mail.string("/text"),
            html: mail.string("/html"),
        }
    }
}

/// A delivered message.
pub(crate) struct Mail {
    /// Its subject.
    pub(crate) subject: String,
    /// Its plain text.
    pub(crate) text: String,
    /// Its HTML.
    pub(crate) html: String,
}

impl Mail {
    /// The payment link in it.
    #[track_caller]
    pub(crate) fn pay_link(&self, app: &App) -> String {
        let start = format!("{}/pay/", app.url());
        let link = self.text.split_whitespace().find(|word| word.starts_with(&start));
        link.unwrap_or_else(|| panic!("no payment link in\n{}", self.text))
            .to_owned()
    }
}
