//! Email by Mailgun, Resend, Amazon SES and a mail server: what leaves, who takes over, what is told later, and how its
//! reader has no more.

mod smtp;

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::{App, Known, Recorder, Reply, Request, customer, own, unique};

/// When messages to customers with an invoice due on the 9th are queued: 13 January 2026, 08:00 UTC.
const DAY: &str = "2026-01-13T08:00:00Z";
const DAY_S: i64 = 1_768_291_200;

/// The secret of the examples of Standard Webhooks.
const SVIX: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What each of them answers to a message that it takes.
fn takes(request: &Request) -> Reply {
    match request.path.as_str() {
        "/v3/mg.sandpiper.example/messages.mime" => Reply::json(
            200,
            &json!({"id": "<mg-1@sandpiper.example>", "message": "Queued. Thank you."}),
        ),
        "/emails" => Reply::json(200, &json!({"id": "re-1"})),
        "/emails/batch" => {
            let batch: Value = serde_json::from_str(&request.body).expect("JSON");
            let ids = 0..batch.as_array().expect("a batch").len();
            let data: Vec<Value> = ids.map(|at| json!({"id": format!("re-{at}")})).collect();
            Reply::json(200, &json!({"data": data}))
        }
        "/v2/email/outbound-emails" => Reply::json(200, &json!({"MessageId": "ses-1"})),
        path => Reply::json(404, &json!({"message": path})),
    }
}

/// An app that sends through `providers`, all of which one recorder plays.
struct Post {
    app: App,
    provider: Recorder,
}

impl Post {
    fn start(providers: &str, more: &[(&str, &str)]) -> Self {
        let provider = Recorder::start(takes);
        let url = provider.url();
        let mut variables = vec![
            ("email_providers", providers),
            ("creditor_name", "Sandpiper Tools"),
            ("creditor_email", "answers@sandpiper.example"),
            ("sender_email", "receivables@sandpiper.example"),
            ("mailgun_url", &url),
            ("mailgun_domain", "mg.sandpiper.example"),
            ("mailgun_api_key", "mg-key"),
            ("mailgun_signing_key", "mg-signs"),
            ("resend_url", &url),
            ("resend_api_key", "re_key"),
            ("resend_webhook_secret", SVIX),
            ("ses_url", &url),
            ("ses_region", "eu-central-1"),
            ("ses_access_key", "AKIDEXAMPLE"),
            ("ses_secret_key", "secret"),
            ("ses_configuration_set", "events"),
        ];
        variables.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        variables.extend(more);
        let app = App::start_with(&variables);
        app.clock(DAY);
        Self { app, provider }
    }

    /// A customer to whom a message is queued.
    fn queued(&self) -> Known {
        let external_id = unique("C");
        let mut document = customer(&external_id);
        document["contacts"] = json!([{"name": "Braun, Åda", "role": "billing",
            "email": format!("{}@nordwind.example", unique("ada").to_lowercase()), "phone": "+46 8 123 45 67"}]);
        let call = self.app.post("/v1/customers").json(&document);
        let id = call.send(201).string("/id");
        let known = Known { external_id, id };
        self.app.new_invoice(&known, "10.00", "2026-01-09");
        assert_eq!(self.app.job("sweep")["queued"], 1);
        known
    }

    #[track_caller]
    fn message(&self, known: &Known) -> Value {
        let messages = self.app.messages(known);
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages[0].clone()
    }

    #[track_caller]
    fn only_request(&self) -> Request {
        let [request] = &self.provider.journal()[..] else {
            panic!("one request: {:?}", self.provider.journal())
        };
        request.clone()
    }
}

/// The header of an email, unfolded.
#[track_caller]
fn header(email: &str, name: &str) -> String {
    let head = email
        .split_once("\r\n\r\n")
        .expect("a head")
        .0
        .replace("\r\n ", " ");
    let start = format!("{name}: ");
    let line = head.split("\r\n").find_map(|line| line.strip_prefix(&start));
    line.unwrap_or_else(|| panic!("no {name}: {head}")).to_owned()
}

/// Every email says which message it is, to which thread it belongs, and how to have no more; answers the path of the last.
#[track_caller]
fn carries(message: &Value, header: impl Fn(&str) -> String, app: &App) -> String {
    let id = message["id"].as_str().expect("an id");
    assert_eq!(header("X-Dunlin-Message"), id);
    assert_eq!(header("Message-ID"), format!("<{id}@sandpiper.example>"));
    let thread = format!(
        "<thread.{}@sandpiper.example>",
        message["customer_id"].as_str().expect("a customer")
    );
    assert_eq!(
        (header("In-Reply-To"), header("References")),
        (thread.clone(), thread)
    );
    assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    let url = header("List-Unsubscribe");
    let path = url.trim_matches(['<', '>']).strip_prefix(&app.url());
    path.expect("an address of ours").to_owned()
}

#[test]
fn a_message_leaves_as_mailgun_documents_it() {
    own!();
    let post = Post::start("mailgun", &[("reply_to_case", "plus")]);
    let known = post.queued();
    assert_eq!(post.app.job("deliver")["sent"], 1);
    let (message, request) = (post.message(&known), post.only_request());
    let basic = format!("Basic {}", BASE64.encode(b"api:mg-key"));
    assert_eq!(request.header("authorization"), Some(basic.as_str()));
    let kind = request.header("content-type").expect("a media type");
    let boundary = kind
        .strip_prefix("multipart/form-data; boundary=")
        .expect("a form");
    let parts: Vec<&str> = request.body.split(&format!("--{boundary}")).collect();
    let field = |name: &str| {
        let start = format!("\r\nContent-Disposition: form-data; name=\"{name}\"");
        let part = parts.iter().find(|part| part.starts_with(&start)).expect(name);
        part.split_once("\r\n\r\n")
            .expect("a value")
            .1
            .trim_end()
            .to_owned()
    };
    assert_eq!(field("to"), message["recipient"]);
    assert_eq!(field("v:dunlin_message"), message["id"]);
    assert_eq!(field("o:tracking"), "no");
    let email = field("message");
    carries(&message, |name| header(&email, name), &post.app);
    assert_eq!(
        header(&email, "Reply-To"),
        format!("<answers+{}-eur@sandpiper.example>", known.id)
    );
    assert_eq!(
        (&message["status"], &message["provider_id"]),
        (&json!("sent"), &json!("mg-1@sandpiper.example"))
    );
}

#[test]
fn a_message_leaves_as_resend_documents_it_and_several_with_one_call() {
    own!();
    let post = Post::start("resend", &[]);
    let known = post.queued();
    assert_eq!(post.app.job("deliver")["sent"], 1);
    let (message, request) = (post.message(&known), post.only_request());
    assert_eq!(request.path, "/emails");
    assert_eq!(request.header("authorization"), Some("Bearer re_key"));
    assert_eq!(request.header("idempotency-key"), message["id"].as_str());
    let body: Value = serde_json::from_str(&request.body).expect("JSON");
    let named = |name: &str| body["headers"][name].as_str().unwrap_or_default().to_owned();
    carries(&message, named, &post.app);
    assert_eq!(
        body["tags"],
        json!([{"name": "dunlin_message", "value": message["id"]}])
    );
    assert_eq!(body["reply_to"], json!(["answers@sandpiper.example"]));

    let both = [post.queued(), post.queued()];
    assert_eq!(post.app.job("deliver")["sent"], 2);
    let journal = post.provider.journal();
    assert_eq!((journal.len(), journal[1].path.as_str()), (2, "/emails/batch"));
    for known in &both {
        assert_eq!(post.message(known)["status"], "sent");
    }
}

#[test]
fn a_message_leaves_as_ses_documents_it() {
    own!();
    let post = Post::start("ses", &[("ses_session_token", "session")]);
    let known = post.queued();
    assert_eq!(post.app.job("deliver")["sent"], 1);
    let (message, request) = (post.message(&known), post.only_request());
    let authorization = request.header("authorization").expect("a signature");
    let scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260113/eu-central-1/ses/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=";
    assert!(authorization.starts_with(scope), "{authorization}");
    assert_eq!(request.header("x-amz-security-token"), Some("session"));
    let body: Value = serde_json::from_str(&request.body).expect("JSON");
    assert_eq!(
        body["Destination"],
        json!({"ToAddresses": [message["recipient"]]})
    );
    assert_eq!(
        body["EmailTags"],
        json!([{"Name": "dunlin_message", "Value": message["id"]}])
    );
    assert_eq!(body["ConfigurationSetName"], "events");
    let data = body["Content"]["Raw"]["Data"].as_str().expect("an email");
    let email = String::from_utf8(BASE64.decode(data.as_bytes()).expect("base64")).expect("text");
    carries(&message, |name| header(&email, name), &post.app);
    assert_eq!(message["provider_id"], "ses-1");
}

#[test]
fn who_is_away_or_has_had_enough_or_is_not_set_up_hands_over_to_the_next() {
    own!();
    let nowhere = [("mailgun_url", "http://127.0.0.1:1")];
    let absent = [("mailgun_api_key", "")];
    for more in [&nowhere[..], &absent] {
        let post = Post::start("mailgun resend", more);
        let known = post.queued();
        let delivered = post.app.job("deliver");
        let message = post.message(&known);
        assert_eq!(
            (&message["status"], &message["provider"]),
            (&json!("sent"), &json!("resend")),
            "{delivered}"
        );
        assert_eq!(message["attempts"], 1, "{message}");
    }
    // It says for how long: the next takes over now, and in the runs until then.
    let post = Post::start("mailgun resend", &[]);
    let busy = Reply::json(429, &json!({"message": "slow down"})).header("retry-after", "1800");
    post.provider.next([crate::harness::Fault::Refused(busy)]);
    let first = post.queued();
    post.app.job("deliver");
    let second = post.queued();
    post.app.job("deliver");
    for known in [&first, &second] {
        assert_eq!(post.message(known)["provider"], "resend");
    }
    let asked = |path: &str| {
        post.provider
            .journal()
            .iter()
            .filter(|request| request.path.contains(path))
            .count()
    };
    assert_eq!((asked("messages.mime"), asked("/emails")), (1, 2));
    // What is wrong with a message is wrong with it everywhere: nobody else is asked.
    post.app.clock("2026-01-13T09:00:00Z");
    let refused = Reply::json(400, &json!({"message": "not a valid address"}));
    post.provider.next([crate::harness::Fault::Refused(refused)]);
    let third = post.queued();
    post.app.job("deliver");
    assert_eq!(post.message(&third)["status"], "failed");
}

fn mailgun_signed(event: Value, key: &str) -> Value {
    let (timestamp, token) = (
        DAY_S.to_string(),
        "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0",
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key");
    mac.update(format!("{timestamp}{token}").as_bytes());
    let signature = HEXLOWER.encode(&mac.finalize().into_bytes());
    json!({"signature": {"timestamp": timestamp, "token": token, "signature": signature}, "event-data": event})
}

#[test]
fn mailgun_tells_what_became_of_a_message() {
    own!();
    let post = Post::start("mailgun", &[]);
    let known = post.queued();
    post.app.job("deliver");
    let message = post.message(&known);
    let event = |id: &str, more: Value| {
        let mut event = json!({"id": id, "timestamp": DAY_S as f64 + 0.5, "recipient": message["recipient"],
            "user-variables": {"dunlin_message": message["id"]}});
        event
            .as_object_mut()
            .expect("members")
            .extend(more.as_object().expect("members").clone());
        event
    };
    let tell = |body: &Value, status| {
        post.app
            .post("/webhooks/mailgun")
            .anonymous()
            .json(body)
            .send(status)
    };
    let delivered = event("e1", json!({"event": "delivered"}));
    tell(&mailgun_signed(delivered.clone(), "wrong"), 401).problem("unauthorized");
    assert_eq!(post.message(&known)["status"], "sent");
    assert_eq!(
        tell(&mailgun_signed(delivered.clone(), "mg-signs"), 200).json()["processed"],
        1
    );
    assert_eq!(
        tell(&mailgun_signed(delivered, "mg-signs"), 200).json()["duplicate"],
        1
    );
    assert_eq!(post.message(&known)["status"], "delivered");
    let complained = event("e2", json!({"event": "complained"}));
    tell(&mailgun_signed(complained, "mg-signs"), 200);
    let suppressed = post.app.get("/v1/suppressions").send(200).json();
    assert_eq!(suppressed["data"][0]["reason"], "complaint", "{suppressed}");
}

#[test]
fn resend_tells_what_became_of_a_message() {
    own!();
    let post = Post::start("resend", &[]);
    let known = post.queued();
    post.app.job("deliver");
    let message = post.message(&known);
    let body = json!({"type": "email.bounced", "created_at": "2026-01-13T08:00:05.126Z", "data": {"email_id": "re-1",
        "to": [message["recipient"]], "tags": {"dunlin_message": message["id"]},
        "bounce": {"type": "Permanent", "subType": "General", "message": "no such user"}}})
    .to_string();
    let tell = |secret: &str, status| {
        let signature = web::webhook::sign(secret, "msg_1", DAY_S, body.as_bytes()).expect("a signature");
        let call = post.app.post("/webhooks/resend").anonymous();
        let call = call
            .header("svix-id", "msg_1")
            .header("svix-timestamp", &DAY_S.to_string());
        let call = call.header("svix-signature", &signature);
        call.body("application/json", body.clone()).send(status)
    };
    tell("whsec_b3RoZXIgc2VjcmV0IG9mIG91cnM=", 401).problem("unauthorized");
    assert_eq!(tell(SVIX, 200).json()["processed"], 1);
    assert_eq!(tell(SVIX, 200).json()["duplicate"], 1);
    assert_eq!(post.message(&known)["status"], "bounced");
    let suppressed = post.app.get("/v1/suppressions").send(200).json();
    assert_eq!(suppressed["data"][0]["reason"], "bounce", "{suppressed}");
}

#[test]
fn one_click_and_there_is_no_more_and_a_look_changes_nothing() {
    own!();
    let post = Post::start("resend", &[]);
    let known = post.queued();
    post.app.job("deliver");
    let body: Value = serde_json::from_str(&post.only_request().body).expect("JSON");
    let named = |name: &str| body["headers"][name].as_str().unwrap_or_default().to_owned();
    let path = carries(&post.message(&known), named, &post.app);
    let suppressed = || post.app.get("/v1/suppressions").send(200).json()["data"].clone();

    let page = post.app.get(&path).anonymous().send(200).text();
    assert!(
        page.contains("nordwind.example") && page.contains("value=\"sms\""),
        "{page}"
    );
    assert!(
        !page.contains("123 45 67"),
        "a number that whoever has the email need not know: {page}"
    );
    assert_eq!(suppressed(), json!([]));
    // Neither does a form that chooses nothing.
    post.app
        .post(&path)
        .anonymous()
        .form(&[("channel", "letter")])
        .send(200);
    assert_eq!(suppressed(), json!([]));

    let click = || {
        post.app
            .post(&path)
            .anonymous()
            .form(&[("List-Unsubscribe", "One-Click")])
            .send(200)
            .text()
    };
    click();
    click();
    let rows = suppressed();
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    assert_eq!(
        (&rows[0]["reason"], &rows[0]["source"]),
        (&json!("unsubscribe"), &json!("recipient"))
    );
    post.app
        .get("/unsubscribe/nobody-was-given-this")
        .anonymous()
        .send(404);
    post.app
        .post("/unsubscribe/nobody-was-given-this")
        .anonymous()
        .form(&[("channel", "email")])
        .send(404);

    // What is due next goes to nobody.
    post.app.clock("2026-01-26T08:00:00Z");
    post.app.job("sweep");
    post.app.job("deliver");
    let left = post.provider.journal().len();
    assert_eq!(left, 1, "{:?}", post.app.messages(&known));
}
