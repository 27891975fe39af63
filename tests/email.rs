//! Email through Postmark and SendGrid, each played by a server that keeps a journal: what we send, what we make of
//! every answer, and what becomes of a message when the answer is late, wrong or never comes.

mod rate;
mod suppressions;
mod trouble;
mod webhooks;

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::harness::{App, Known, Recorder, Reply, Request, customer, own, unique};

/// When messages to customers with an invoice due on the 9th are queued.
const DAY: &str = "2026-01-13T08:00:00Z";

/// Name and password of Postmark's webhooks.
const WEBHOOK_AUTH: &str = "postmark:s3cret";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Postmark,
    SendGrid,
}

impl Kind {
    const BOTH: [Self; 2] = [Self::Postmark, Self::SendGrid];

    fn name(self) -> &'static str {
        match self {
            Self::Postmark => "postmark",
            Self::SendGrid => "sendgrid",
        }
    }

    /// Whether the provider would take a request as it stands, and what it answers.
    fn serve(self, request: &Request) -> Reply {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let body: Value = serde_json::from_str(&request.body).expect("JSON");
        match self {
            Self::Postmark => {
                let batch = body.as_array().expect("a batch").iter().enumerate();
                let said: Vec<Value> = batch
                    .map(|(at, one)| postmark_says(one, &format!("{number}-{at}")))
                    .collect();
                Reply::json(200, &Value::Array(said))
            }
            Self::SendGrid => Reply::json(202, &Value::Null).header("x-message-id", &format!("sg{number}")),
        }
    }
}

/// Postmark's answer to one message of a batch: by its address it is refused, or known to be inactive.
fn postmark_says(message: &Value, id: &str) -> Value {
    let to = message["To"].as_str().expect("an address").to_lowercase();
    if to.contains("invalid@") {
        return json!({"ErrorCode": 300, "Message": "Invalid 'To' address"});
    }
    if to.contains("inactive@") {
        return json!({"ErrorCode": 406, "Message": "You tried to send to a recipient that has been marked as inactive."});
    }
    json!({"ErrorCode": 0, "Message": "OK", "MessageID": format!("pm-{id}"), "To": to,
        "SubmittedAt": "2026-01-13T08:00:01.0000000Z"})
}

/// An app that sends through a provider which a recorder plays.
struct Post {
    app: App,
    provider: Recorder,
}

impl Post {
    fn start(kind: Kind) -> Self {
        Self::start_with(kind, move |request| kind.serve(request), &[])
    }

    fn start_with(
        kind: Kind,
        service: impl Fn(&Request) -> Reply + Send + Sync + 'static,
        more: &[(&str, &str)],
    ) -> Self {
        let provider = Recorder::start(service);
        let url = provider.url();
        let mut variables = vec![
            ("email_providers", kind.name()),
            ("creditor_name", "Sandpiper \"S\" Tools, Ltd"),
            ("creditor_email", "answers@sandpiper.example"),
            ("sender_email", "receivables@sandpiper.example"),
        ];
        variables.extend(match kind {
            Kind::Postmark => [
                ("postmark_url", url.as_str()),
                ("postmark_server_token", "pm-token"),
                ("postmark_webhook_auth", WEBHOOK_AUTH),
            ],
            Kind::SendGrid => [
                ("sendgrid_url", url.as_str()),
                ("sendgrid_api_key", "SG.key"),
                ("postmark_stream", "outbound"),
            ],
        });
        variables.extend(more);
        let app = App::start_with(&variables);
        app.clock(DAY);
        Self { app, provider }
    }

    /// A customer with these billing contacts, to whom a message is queued.
    fn queued_to(&self, emails: &[&str]) -> Known {
        let external_id = unique("C");
        let mut document = customer(&external_id);
        let contact = |email: &&str| json!({"name": "Braun, Ada", "role": "billing", "email": email});
        document["contacts"] = emails.iter().map(contact).collect();
        let id = self
            .app
            .post("/v1/customers")
            .json(&document)
            .send(201)
            .string("/id");
        let known = Known { external_id, id };
        self.app.new_invoice(&known, "10.00", "2026-01-09");
        assert_eq!(self.app.job("sweep")["queued"], 1, "{emails:?}");
        known
    }

    fn queued(&self) -> Known {
        self.queued_to(&[&format!("{}@nordwind.example", unique("ada").to_lowercase())])
    }

    /// The one message of a customer as it stands.
    #[track_caller]
    fn message(&self, known: &Known) -> Value {
        let messages = self.app.messages(known);
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages[0].clone()
    }

    /// How often the provider was asked to send the customer's message, whatever came of it.
    fn asked(&self, known: &Known) -> usize {
        let message = self.message(known);
        let id = message["id"].as_str().expect("an id");
        let journal = self.provider.journal();
        journal
            .iter()
            .map(|request| {
                request
                    .body
                    .matches(&format!("{{\"dunlin_message\":\"{id}\""))
                    .count()
            })
            .sum()
    }

    fn retry(&self, known: &Known, expected: u16) {
        let id = self.message(known)["id"].as_str().expect("an id").to_owned();
        self.app.post(&format!("/v1/messages/{id}/retry")).send(expected);
    }

    fn timeline(&self, known: &Known) -> String {
        self.app
            .get(&format!("/v1/customers/{}/timeline?limit=500", known.id))
            .send(200)
            .text()
    }

    /// What the app has logged.
    fn log(&self) -> String {
        std::fs::read_to_string(self.app.state_file("test.log")).expect("a log")
    }
}

/// Insists on members of a message by name.
#[track_caller]
fn assert_has(message: &Value, expected: Value) {
    for (name, value) in expected.as_object().expect("members") {
        assert_eq!(&message[name], value, "{name} of {message}");
    }
}

#[test]
fn a_message_leaves_as_postmark_documents_it() {
    own!();
    let post = Post::start(Kind::Postmark);
    let known = post.queued_to(&["ada@nordwind.example"]);
    assert_eq!(
        post.app.job("deliver"),
        json!({"examined": 1, "sent": 1, "queued": 0, "skipped": 0, "more": false})
    );
    let message = post.message(&known);
    let id = &message["id"];

    let [request] = &post.provider.journal()[..] else {
        panic!("one request")
    };
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/email/batch")
    );
    for (name, value) in [
        ("x-postmark-server-token", "pm-token"),
        ("accept", "application/json"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    assert_eq!(
        request.header("content-length"),
        Some(request.body.len().to_string().as_str())
    );
    let body: Value = serde_json::from_str(&request.body).expect("JSON");
    let (text, html) = (&body[0]["TextBody"], &body[0]["HtmlBody"]);
    assert_eq!(
        body,
        json!([{
            "From": "\"Sandpiper \\\"S\\\" Tools, Ltd\" <receivables@sandpiper.example>",
            "To": "\"Braun, Ada\" <ada@nordwind.example>",
            "ReplyTo": "answers@sandpiper.example",
            "Subject": message["subject"],
            "TextBody": text,
            "HtmlBody": html,
            "MessageStream": "outbound",
            "Metadata": {"dunlin_message": id},
            "Headers": body[0]["Headers"],
            "TrackOpens": false,
            "TrackLinks": "None",
        }])
    );
    reads(&post, &message, text, html);
    assert_has(
        &message,
        json!({"status": "sent", "provider": "postmark", "recipient": "ada@nordwind.example", "attempts": 1,
            "last_error": null, "delivered_at": null}),
    );
    assert!(
        message["provider_id"]
            .as_str()
            .is_some_and(|id| id.starts_with("pm-")),
        "{message}"
    );
}

#[test]
fn a_message_leaves_as_sendgrid_documents_it() {
    own!();
    let post = Post::start(Kind::SendGrid);
    let known = post.queued_to(&["ada@nordwind.example"]);
    assert_eq!(post.app.job("deliver")["sent"], 1);
    let message = post.message(&known);
    let id = &message["id"];

    let [request] = &post.provider.journal()[..] else {
        panic!("one request")
    };
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/v3/mail/send")
    );
    assert_eq!(request.header("authorization"), Some("Bearer SG.key"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_str(&request.body).expect("JSON");
    let (text, html) = (&body["content"][0]["value"], &body["content"][1]["value"]);
    assert_eq!(
        body,
        json!({
            "personalizations": [{
                "to": [{"email": "ada@nordwind.example", "name": "Braun, Ada"}],
                "custom_args": {"dunlin_message": id},
            }],
            "from": {"email": "receivables@sandpiper.example", "name": "Sandpiper \"S\" Tools, Ltd"},
            "reply_to": {"email": "answers@sandpiper.example"},
            "subject": message["subject"],
            "content": [{"type": "text/plain", "value": text}, {"type": "text/html", "value": html}],
            "headers": body["headers"],
            "tracking_settings": {
                "click_tracking": {"enable": false, "enable_text": false},
                "open_tracking": {"enable": false},
            },
        })
    );
    reads(&post, &message, text, html);
    assert_has(&message, json!({"status": "sent", "provider": "sendgrid"}));
    assert!(
        message["provider_id"]
            .as_str()
            .is_some_and(|id| id.starts_with("sg")),
        "{message}"
    );
}

/// Both parts of a message name its invoice and hold a payment link that opens.
#[track_caller]
fn reads(post: &Post, message: &Value, text: &Value, html: &Value) {
    let number = message["invoices"][0].as_str().expect("a number");
    let (text, html) = (text.as_str().expect("text"), html.as_str().expect("html"));
    assert!(text.contains(number) && html.contains(number), "{text}\n{html}");
    let start = format!("{}/pay/", post.app.url());
    let link = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix(&start))
        .expect("a payment link");
    let page = post.app.get(&format!("/pay/{link}")).anonymous().send(200).text();
    assert!(page.contains(number), "{page}");
}

#[test]
fn one_message_of_a_batch_can_be_refused_without_the_others() {
    own!();
    let post = Post::start(Kind::Postmark);
    let good = post.queued();
    let invalid = post.queued_to(&["invalid@nordwind.example"]);
    let inactive = post.queued_to(&["inactive@nordwind.example"]);
    let two = post.queued_to(&["Inactive@Fallow.example", "ben@fallow.example"]);
    let delivered = post.app.job("deliver");
    assert_eq!(
        (&delivered["sent"], &delivered["more"]),
        (&json!(2), &json!(false)),
        "{delivered}"
    );

    assert_eq!(post.message(&good)["status"], "sent");
    assert_has(
        &post.message(&invalid),
        json!({"status": "failed", "attempts": 1,
            "last_error": "postmark: Invalid 'To' address (error code 300)"}),
    );
    // The address is at fault: it is suppressed, and the message goes to the next contact or to nobody.
    assert_eq!(post.message(&inactive)["status"], "suppressed");
    assert!(
        post.timeline(&inactive)
            .contains("Rule suppression: inactive@nordwind.example (inactive)")
    );
    assert_has(
        &post.message(&two),
        json!({"status": "sent", "recipient": "ben@fallow.example"}),
    );
    let suppressed = post.app.get("/v1/suppressions").send(200).json();
    let addresses: Vec<&Value> = suppressed["data"]
        .as_array()
        .expect("data")
        .iter()
        .map(|row| &row["address"])
        .collect();
    assert_eq!(
        addresses,
        ["inactive@fallow.example", "inactive@nordwind.example"]
    );

    // All four went with one call; the fifth attempt is the one to the other contact.
    let sizes: Vec<usize> = post
        .provider
        .journal()
        .iter()
        .map(|request| {
            serde_json::from_str::<Vec<Value>>(&request.body)
                .expect("a batch")
                .len()
        })
        .collect();
    assert_eq!(sizes, [4, 1]);
}
