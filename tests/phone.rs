//! Texts and calls through Twilio and Vonage, each played by a server that keeps a journal: what we ask, what becomes of it,
//! what whoever answers can do, and whom we believe.

mod letters;
mod partners;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use crate::harness::{Answer, App, Known, Recorder, Reply, Request, customer, own, unique};

/// When messages to customers with an invoice due on the 9th are queued: nine in Berlin.
const DAY: &str = "2026-01-13T08:00:00Z";
const LATER: &str = "2026-01-13T08:11:00Z";
/// [`DAY`] in seconds since 1970.
const DAY_S: i64 = 1_768_291_200;
const PUBLIC_URL: &str = "https://pay.sandpiper.example";
const TWILIO_KEY: &str = "webhooks-sharedkey-secret";
const VONAGE_KEY: &str = "vonage-signature-secret-of-32-bytes";
/// An RSA key made for tests.
pub(crate) const VONAGE_PRIVATE_KEY: &str = include_str!("../crates/carriers/src/vonage/token/test_key.pem");

fn fields(form: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

/// What both would answer to what we ask.
fn serve(request: &Request) -> Reply {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let (status, body) = match request.path.as_str() {
        "/2010-04-01/Accounts/AC1/Messages.json" => {
            match fields(&request.body).get("To").map(String::as_str) {
                // A landline.
                Some("+4930555009") => (
                    400,
                    json!({"code": 21614, "message": "'To' is not a mobile number"}),
                ),
                Some("+15005550001") => (
                    400,
                    json!({"code": 21211, "message": "Invalid 'To' Phone Number"}),
                ),
                _ => (201, json!({"sid": format!("SM{number}"), "status": "queued"})),
            }
        }
        "/2010-04-01/Accounts/AC1/Calls.json" => {
            (201, json!({"sid": format!("CA{number}"), "status": "queued"}))
        }
        "/v1/messages" => (202, json!({"message_uuid": format!("vm-{number}")})),
        "/v1/calls" => (201, json!({"uuid": format!("vc-{number}"), "status": "started"})),
        path => (404, json!({"message": path})),
    };
    Reply::json(status, &body)
}

/// An app that writes and calls through carriers which a recorder plays.
struct Phone {
    app: App,
    carrier: Recorder,
}

impl Phone {
    fn start(sms: &str, voice: &str) -> Self {
        Self::start_with(sms, voice, &[])
    }

    /// With other variables than ours.
    fn start_with(sms: &str, voice: &str, other: &[(&str, &str)]) -> Self {
        let carrier = Recorder::start(serve);
        let url = carrier.url();
        let ours = [
            ("public_url", PUBLIC_URL),
            ("creditor_name", "Sandpiper Tools"),
            ("creditor_email", "answers@sandpiper.example"),
            ("sms_providers", sms),
            ("voice_providers", voice),
            ("twilio_url", &url),
            ("twilio_account_sid", "AC1"),
            ("twilio_auth_token", "twilio-token"),
            ("twilio_webhook_keys", TWILIO_KEY),
            ("twilio_sms_from", "+15005550006"),
            ("twilio_voice_from", "+15005550006"),
            ("vonage_url", &url),
            ("vonage_api_key", "vk"),
            ("vonage_api_secret", "vs"),
            ("vonage_sms_from", "Sandpiper"),
            ("vonage_voice_from", "+15005550006"),
            ("vonage_application_id", "app-1"),
            ("vonage_private_key", VONAGE_PRIVATE_KEY),
            ("vonage_signature_secrets", VONAGE_KEY),
        ];
        let kept = ours
            .into_iter()
            .filter(|(name, _)| other.iter().all(|(other, _)| other != name));
        let variables: Vec<(&str, &str)> = kept.chain(other.iter().copied()).collect();
        let app = App::start_with(&variables);
        app.clock("2026-01-12T09:00:00Z");
        Self { app, carrier }
    }

    /// A customer with this number, under a policy that takes this channel the day after; its message is delivered.
    #[track_caller]
    fn reached(&self, channel: &str, number: &str) -> Known {
        let policy = unique("by").to_lowercase();
        self.app
            .put(&format!("/v1/policies/{policy}"))
            .json(
                &json!({"name": policy, "send_at": "09:00", "business_days_only": false,
                "min_days_between_contacts": 0,
                "steps": [{"id": "reminder", "day": 1, "channels": [channel], "template": "friendly"}]}),
            )
            .send(201);
        let external_id = unique("C");
        let mut document = customer(&external_id);
        document["policy"] = json!(policy);
        document["contacts"] = json!([{"name": "Ada Braun", "role": "billing", "phone": number}]);
        let id = self
            .app
            .post("/v1/customers")
            .json(&document)
            .send(201)
            .string("/id");
        let known = Known { external_id, id };
        self.app.new_invoice(&known, "120.00", "2026-01-09");
        self.app.clock(DAY);
        self.app.job("sweep");
        self.app.job("deliver");
        known
    }

    #[track_caller]
    fn message(&self, known: &Known) -> Value {
        let mut messages = self.app.messages(known);
        messages.retain(|message| message["step"] == "reminder");
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages[0].clone()
    }

    /// What was asked of the carrier last.
    fn asked(&self) -> Request {
        self.carrier.journal().last().expect("a request").clone()
    }

    /// A request of Twilio's, signed with a shared key.
    #[track_caller]
    fn twilio(&self, path: &str, form: &[(&str, &str)], expected: u16) -> Answer {
        let mut signed = format!("{PUBLIC_URL}{path}");
        let mut sorted = form.to_vec();
        sorted.sort_unstable();
        sorted.iter().for_each(|(name, value)| {
            signed.push_str(name);
            signed.push_str(value);
        });
        let mac = Hmac::<Sha256>::new_from_slice(TWILIO_KEY.as_bytes()).expect("any length");
        let tag = mac.chain_update(signed.as_bytes()).finalize().into_bytes();
        self.app
            .post(path)
            .anonymous()
            .header("x-twilio-signature", &BASE64.encode(&tag))
            .header(
                "x-twilio-webhooks-signature-settings",
                "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256",
            )
            .form(form)
            .send(expected)
    }

    /// A request of Vonage's, signed.
    #[track_caller]
    fn vonage(&self, path: &str, event: &Value) -> Answer {
        let body = event.to_string();
        let claims = json!({"iat": DAY_S, "jti": "j", "iss": "Vonage", "api_key": "vk",
            "payload_hash": HEXLOWER.encode(&Sha256::digest(body.as_bytes()))});
        let signed = [json!({"alg": "HS256", "typ": "JWT"}), claims]
            .map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()))
            .join(".");
        let mac = Hmac::<Sha256>::new_from_slice(VONAGE_KEY.as_bytes()).expect("any length");
        let tag = mac.chain_update(signed.as_bytes()).finalize().into_bytes();
        self.app
            .post(path)
            .anonymous()
            .header(
                "authorization",
                &format!("Bearer {signed}.{}", BASE64URL_NOPAD.encode(&tag)),
            )
            .body("application/json", body)
            .send(200)
    }

    /// The channels over which a number is not reached.
    fn closed(&self, number: &str) -> Vec<Value> {
        let list = self.app.get("/v1/suppressions?limit=500").send(200).json();
        let rows = list["data"].as_array().expect("data").iter();
        rows.filter(|row| row["address"] == number)
            .map(|row| row["channel"].clone())
            .collect()
    }

    fn kinds(&self, known: &Known) -> Vec<String> {
        let path = format!("/v1/customers/{}/timeline?limit=100", known.id);
        let list = self.app.get(&path).send(200).json();
        let rows = list["data"].as_array().expect("data").iter();
        rows.map(|row| row["kind"].as_str().expect("a kind").to_owned())
            .collect()
    }

    /// The promises of a customer.
    fn promises(&self, known: &Known) -> Vec<Value> {
        let path = format!("/v1/promises?customer={}", known.id);
        self.app.get(&path).send(200).json()["data"]
            .as_array()
            .expect("data")
            .clone()
    }
}

#[test]
fn a_text_leaves_through_twilio_and_what_becomes_of_it_comes_back() {
    own!();
    let phone = Phone::start("twilio", "");
    let known = phone.reached("sms", "+49 (0)30 123 456");
    let message = phone.message(&known);
    assert_eq!(
        (&message["status"], &message["channel"]),
        (&json!("sent"), &json!("sms")),
        "{message}"
    );
    let asked = phone.asked();
    assert_eq!(asked.path, "/2010-04-01/Accounts/AC1/Messages.json");
    assert_eq!(
        asked.header("authorization"),
        Some(format!("Basic {}", BASE64.encode(b"AC1:twilio-token")).as_str())
    );
    let form = fields(&asked.body);
    assert_eq!(
        (form["To"].as_str(), form["From"].as_str()),
        ("+4930123456", "+15005550006")
    );
    assert!(form["Body"].contains("120.00"), "{form:?}");
    let hook = format!(
        "/webhooks/twilio?message={}",
        message["id"].as_str().expect("an id")
    );
    assert_eq!(form["StatusCallback"], format!("{PUBLIC_URL}{hook}"));

    let told = |status| {
        let form = [
            ("MessageSid", message["provider_id"].as_str().expect("an id")),
            ("MessageStatus", status),
            ("To", "+4930123456"),
        ];
        phone.twilio(&hook, &form, 200).json()["status"].clone()
    };
    assert_eq!(told("delivered"), "processed");
    assert_eq!(phone.message(&known)["status"], "delivered");
    assert_eq!(told("delivered"), "duplicate");
    // Late news changes nothing.
    told("sent");
    assert_eq!(phone.message(&known)["status"], "delivered");
    assert_eq!(phone.closed("+4930123456"), Vec::<Value>::new());
}

#[test]
fn a_number_that_takes_no_texts_is_closed_to_texts_alone() {
    own!();
    let phone = Phone::start("twilio", "");
    // Twilio says so at once, or later.
    phone.reached("sms", "+4930555009");
    assert_eq!(phone.closed("+4930555009"), ["sms"]);
    let known = phone.reached("sms", "+49 30 123 457");
    let message = phone.message(&known);
    let hook = format!(
        "/webhooks/twilio?message={}",
        message["id"].as_str().expect("an id")
    );
    let form = [
        ("MessageSid", message["provider_id"].as_str().expect("an id")),
        ("MessageStatus", "undelivered"),
        ("ErrorCode", "30006"),
        ("To", "+4930123457"),
    ];
    phone.twilio(&hook, &form, 200);
    assert_eq!(phone.message(&known)["status"], "bounced");
    assert_eq!(phone.closed("+4930123457"), ["sms"]);
}

#[test]
fn stop_is_heard_at_once_and_answered() {
    own!();
    let phone = Phone::start("twilio", "");
    let known = phone.reached("sms", "+49 30 123 458");
    let says = |sid: &str, text: &str| {
        let form = [
            ("MessageSid", sid),
            ("From", "+4930123458"),
            ("To", "+15005550006"),
            ("Body", text),
        ];
        phone.twilio("/webhooks/twilio", &form, 200).text()
    };
    let answer = says("SM1", "STOP");
    assert!(
        answer.contains("<Message>Sandpiper Tools:") && answer.contains("START"),
        "{answer}"
    );
    assert_eq!(phone.closed("+4930123458"), ["sms"]);
    let before = phone.kinds(&known).len();
    says("SM1", "STOP");
    assert_eq!(phone.kinds(&known).len(), before);
    says("SM2", "start");
    assert_eq!(phone.closed("+4930123458"), Vec::<Value>::new());
    says("SM3", "stop calling me");
    assert_eq!(phone.closed("+4930123458"), ["voice"]);
    let help = says("SM4", "HELP");
    assert!(
        help.contains("Sandpiper Tools") && help.contains("answers@sandpiper.example"),
        "{help}"
    );
    // What is neither is a person's to answer.
    let other = says("SM5", "I have paid <yesterday>");
    assert!(!other.contains("<Message>"), "{other}");
    let kinds = phone.kinds(&known);
    for kind in [
        "contact_opted_out",
        "contact_opted_in",
        "contact_asked_for_help",
        "message_received",
        "task_opened",
    ] {
        assert!(kinds.iter().any(|one| one == kind), "{kind} in {kinds:?}");
    }
    // A person opens the channel again.
    phone
        .app
        .delete("/v1/suppressions/%2B4930123458?channel=voice")
        .send(204);
    assert_eq!(phone.closed("+4930123458"), Vec::<Value>::new());
    phone
        .app
        .delete("/v1/suppressions/%2B4930123458?channel=pigeon")
        .send(400)
        .problem("bad_request");
}

/// The page of the call that the carrier was asked for last.
fn page(url: &str) -> String {
    url.strip_prefix(PUBLIC_URL)
        .expect("an address of ours")
        .to_owned()
}

#[test]
fn a_call_through_twilio_is_read_and_its_keys_do_what_they_say() {
    own!();
    let phone = Phone::start("", "twilio");
    let known = phone.reached("voice", "+49 30 123 459");
    assert_eq!(phone.message(&known)["status"], "sent");
    let asked = phone.asked();
    assert_eq!(asked.path, "/2010-04-01/Accounts/AC1/Calls.json");
    let form = fields(&asked.body);
    assert_eq!(
        (form["To"].as_str(), form["MachineDetection"].as_str()),
        ("+4930123459", "Enable")
    );
    let first = page(&form["Url"]);
    let next = format!("{first}?step=key");
    let press = |digits| {
        phone
            .twilio(&next, &[("CallSid", "CA1"), ("Digits", digits)], 200)
            .text()
    };

    // A machine is told nothing.
    let machine = phone
        .twilio(
            &first,
            &[("CallSid", "CA1"), ("AnsweredBy", "machine_start")],
            200,
        )
        .text();
    assert!(
        machine.contains("<Hangup/>") && !machine.contains("<Say"),
        "{machine}"
    );
    let opening = phone
        .twilio(&first, &[("CallSid", "CA1"), ("AnsweredBy", "human")], 200)
        .text();
    assert!(
        opening.contains("<Gather") && opening.contains("120.00") && opening.contains("press 9"),
        "{opening}"
    );
    assert!(
        opening.contains(&format!("action=\"{PUBLIC_URL}{first}?step=key\"")),
        "{opening}"
    );
    assert_eq!(press("1"), opening);

    let promised = press("2");
    assert!(
        promised.contains("120.00") && promised.contains("20 January 2026"),
        "{promised}"
    );
    assert_eq!(press("2"), promised);
    let promises = phone.promises(&known);
    assert_eq!(promises.len(), 1);
    assert_eq!(
        (
            &promises[0]["promised_on"],
            &promises[0]["amount"]["amount"],
            &promises[0]["made_by"]
        ),
        (&json!("2026-01-20"), &json!("120.00"), &json!("twilio"))
    );

    let gone = press("9");
    assert!(gone.contains("<Hangup/>"), "{gone}");
    assert_eq!(phone.closed("+4930123459"), ["voice"]);

    // A page that nobody has says nothing of anybody.
    let unknown = phone
        .twilio("/webhooks/twilio/voice/nobodys", &[("CallSid", "CA1")], 200)
        .text();
    assert!(
        unknown.contains("Goodbye.") && !unknown.contains("120.00"),
        "{unknown}"
    );
    // It was heard: that is a delivery.
    let hook = format!(
        "/webhooks/twilio?message={}",
        phone.message(&known)["id"].as_str().expect("an id")
    );
    let sid = phone.message(&known)["provider_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let over = [
        ("CallSid", sid.as_str()),
        ("CallStatus", "completed"),
        ("To", "+4930123459"),
    ];
    phone.twilio(&hook, &over, 200);
    assert_eq!(phone.message(&known)["status"], "delivered");
}

#[test]
fn who_finds_no_key_is_let_go_and_a_call_that_only_a_machine_took_is_none() {
    own!();
    let phone = Phone::start("", "twilio");
    let known = phone.reached("voice", "+49 30 123 460");
    let first = page(&fields(&phone.asked().body)["Url"]);
    let next = format!("{first}?step=key");
    let press = |digits| {
        phone
            .twilio(&next, &[("CallSid", "CA1"), ("Digits", digits)], 200)
            .text()
    };
    for digits in ["5", ""] {
        let again = press(digits);
        assert!(
            again.contains("did not understand") && again.contains("<Gather"),
            "{again}"
        );
    }
    let end = press("8");
    assert!(
        end.contains("Goodbye.") && end.contains("<Hangup/>") && !end.contains("<Gather"),
        "{end}"
    );

    let other = phone.reached("voice", "+49 30 123 461");
    let message = phone.message(&other);
    let hook = format!(
        "/webhooks/twilio?message={}",
        message["id"].as_str().expect("an id")
    );
    let sid = message["provider_id"].as_str().expect("an id");
    let first = page(&fields(&phone.asked().body)["Url"]);
    phone.twilio(&first, &[("CallSid", sid), ("AnsweredBy", "machine_start")], 200);
    phone.twilio(
        &hook,
        &[
            ("CallSid", sid),
            ("CallStatus", "completed"),
            ("To", "+4930123461"),
        ],
        200,
    );
    assert_eq!(phone.message(&other)["status"], "bounced");
    assert_eq!(phone.closed("+4930123461"), Vec::<Value>::new());
    drop(known);
}

#[test]
fn vonage_carries_texts_and_calls_as_well() {
    own!();
    let phone = Phone::start("vonage", "vonage");
    let known = phone.reached("sms", "+49 30 123 462");
    let message = phone.message(&known);
    let asked = phone.asked();
    assert_eq!(
        (asked.path.as_str(), asked.header("authorization")),
        ("/v1/messages", Some("Basic dms6dnM="))
    );
    let body: Value = serde_json::from_str(&asked.body).expect("JSON");
    assert_eq!(
        (&body["to"], &body["from"], &body["client_ref"]),
        (&json!("4930123462"), &json!("Sandpiper"), &message["id"])
    );
    let status = json!({"message_uuid": message["provider_id"], "client_ref": message["id"], "channel": "sms",
        "to": "4930123462", "from": "Sandpiper", "timestamp": DAY, "status": "delivered"});
    assert_eq!(
        phone.vonage("/webhooks/vonage", &status).string("/status"),
        "processed"
    );
    assert_eq!(phone.message(&known)["status"], "delivered");

    let text = json!({"message_uuid": "in-1", "channel": "sms", "to": "15005550006", "from": "4930123462",
        "timestamp": DAY, "text": "Abmelden"});
    assert_eq!(
        phone.vonage("/webhooks/vonage", &text).string("/status"),
        "processed"
    );
    assert_eq!(phone.closed("+4930123462"), ["sms"]);
    let answer: Value = serde_json::from_str(&phone.asked().body).expect("JSON");
    assert!(
        answer["text"]
            .as_str()
            .expect("a text")
            .starts_with("Sandpiper Tools:"),
        "{answer}"
    );
    let asked = phone.carrier.journal().len();
    assert_eq!(
        phone.vonage("/webhooks/vonage", &text).string("/status"),
        "duplicate"
    );
    assert_eq!(phone.carrier.journal().len(), asked, "answered once");

    let known = phone.reached("voice", "+49 30 123 463");
    let asked = phone.asked();
    assert_eq!(asked.path, "/v1/calls");
    let bearer = asked.header("authorization").expect("a token");
    assert_eq!(bearer.matches('.').count(), 2, "{bearer}");
    let body: Value = serde_json::from_str(&asked.body).expect("JSON");
    assert_eq!(body["to"][0]["number"], "4930123463");
    let first = page(body["answer_url"][0].as_str().expect("an address"));
    let opening = phone
        .vonage(&first, &json!({"uuid": "vc-1", "to": "4930123463"}))
        .json();
    assert!(
        opening[0]["text"].as_str().expect("a text").contains("120.00"),
        "{opening}"
    );
    assert_eq!(opening[2]["eventUrl"][0], format!("{PUBLIC_URL}{first}?step=key"));
    let key = json!({"uuid": "vc-1", "dtmf": {"digits": "2", "timed_out": false}});
    phone.vonage(&format!("{first}?step=key"), &key);
    assert_eq!(phone.promises(&known).len(), 1);
    let key = json!({"uuid": "vc-1", "dtmf": {"digits": "9", "timed_out": false}});
    phone.vonage(&format!("{first}?step=key"), &key);
    assert_eq!(phone.closed("+4930123463"), ["voice"]);
}

/// Whoever sent these does not send them again.
#[test]
fn what_a_crash_left_over_is_taken_up_and_takes_effect_once() {
    own!();
    let phone = Phone::start("twilio", "vonage");
    let known = phone.reached("sms", "+49 30 123 470");
    let message = phone.message(&known);
    let sid = message["provider_id"].as_str().expect("an id");
    let delivered = format!("MessageSid={sid}&MessageStatus=delivered&To=%2B4930123470");
    let stop = "MessageSid=SM70&From=%2B4930123470&To=%2B15005550006&Body=STOP";
    let text = json!({"message_uuid": "in-70", "channel": "sms", "to": "15005550006", "from": "4930123471",
        "timestamp": DAY, "text": "Abmelden"});
    let letter = json!({"id": "evt_70", "event_type": {"id": "letter.mailed"}, "reference_id": "ltr_70"});
    phone
        .app
        .left_over("twilio", &format!("{sid}:delivered"), DAY, &delivered);
    phone.app.left_over("twilio", "SM70:received", DAY, stop);
    phone
        .app
        .left_over("vonage", "in-70:received", DAY, &text.to_string());
    phone.app.left_over("lob", "evt_70", DAY, &letter.to_string());
    phone.app.left_over("vonage", "in-71:received", DAY, "no event");
    let taken_up = || {
        let run = phone.app.job("replies");
        ["examined", "answered", "failed"].map(|name| run[name].as_i64().expect("a count"))
    };
    // They may be at work.
    assert_eq!(taken_up(), [0, 0, 0]);
    phone.app.clock(LATER);
    let asked = phone.carrier.journal().len();
    assert_eq!(taken_up(), [5, 4, 1]);
    assert_eq!(phone.closed("+4930123470"), ["sms"]);
    assert_eq!(phone.closed("+4930123471"), ["sms"]);
    assert_eq!(phone.message(&known)["status"], "delivered");
    // Vonage takes an answer to a text at any time, Twilio only with the request.
    let answers = phone.carrier.journal().split_off(asked);
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers[0].body.contains("4930123471"), "{answers:?}");
    let before = phone.kinds(&known).len();
    assert_eq!(taken_up(), [1, 0, 1], "what cannot be read is in nobody's way");
    assert_eq!(phone.kinds(&known).len(), before);
    // It is listed, for a person.
    let listed = phone
        .app
        .get("/v1/webhook-events?status=received")
        .send(200)
        .json();
    let ids: Vec<&Value> = listed["data"]
        .as_array()
        .expect("data")
        .iter()
        .map(|event| &event["event_id"])
        .collect();
    assert_eq!(ids, [&json!("in-71:received")], "{listed}");
}

#[test]
fn who_signs_nothing_or_another_thing_is_not_believed() {
    own!();
    let phone = Phone::start("twilio", "");
    let form = [("MessageSid", "SM1"), ("From", "+4930123464"), ("Body", "STOP")];
    let unsigned = |path: &str| phone.app.post(path).anonymous();
    unsigned("/webhooks/twilio")
        .form(&form)
        .send(401)
        .problem("unauthorized");
    unsigned("/webhooks/twilio")
        .header("x-twilio-signature", "AAAA")
        .form(&form)
        .send(401);
    unsigned("/webhooks/twilio/voice/t").form(&form).send(401);
    unsigned("/webhooks/vonage")
        .json(&json!({"text": "STOP"}))
        .send(401);
    unsigned("/webhooks/vonage")
        .header("authorization", "Bearer e30.e30.e30")
        .json(&json!({"text": "STOP"}))
        .send(401);
    unsigned("/webhooks/lob").json(&json!({"id": "evt_1"})).send(401);
    assert_eq!(phone.closed("+4930123464"), Vec::<Value>::new());
}

#[test]
fn a_number_without_its_country_is_not_dialled_by_guess() {
    own!();
    let phone = Phone::start("twilio", "");
    let known = phone.reached("sms", "030 123 456");
    let message = phone.message(&known);
    assert_ne!(message["status"], "sent", "{message}");
    assert_eq!(phone.carrier.journal().len(), 0);
}
