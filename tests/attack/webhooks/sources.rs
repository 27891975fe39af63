//! Every source of webhooks: how each signs, and what there is to try on its scheme in particular.

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};
use web::webhook::twilio::{self, Algorithm};

/// A request as its sender, or somebody who would like to be, makes it.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) media_type: &'static str,
    pub(super) body: String,
}

impl Sent {
    fn json(body: impl ToString) -> Self {
        Self {
            headers: Vec::new(),
            media_type: "application/json",
            body: body.to_string(),
        }
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(held, _)| *held != name);
        self.headers.push((name, value.into()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(held, _)| *held != name);
        self
    }

    fn value(&self, name: &str) -> String {
        let mut found = self.headers.iter().filter(|(held, _)| *held == name);
        found.next().map_or_else(String::new, |(_, value)| value.clone())
    }
}

/// One way in.
pub(super) struct Source {
    /// Below `/webhooks/`.
    pub(super) path: &'static str,
    /// As the ledger calls who sends.
    pub(super) name: &'static str,
    /// What it is believed by: variable and value.
    pub(super) secret: (&'static str, &'static str),
    /// A request signed with a secret at a time, in seconds; with another secret than its own, one that differs.
    pub(super) sign: fn(&str, i64) -> Sent,
    /// Whether the signature covers the body, byte by byte.
    pub(super) covers_body: bool,
    /// How old a signature may be, in seconds; `None`: its scheme knows no time.
    pub(super) oldest_s: Option<i64>,
    /// Whether an event like ours is kept.
    pub(super) keeps: bool,
    /// What is tried on this scheme alone, on a request that is genuine.
    pub(super) tries: fn(&Sent, &str, i64) -> Vec<Sent>,
}

/// 13 January 2026, 08:00 UTC: when recorded signatures were made.
pub(super) const DAY_S: i64 = 1_768_291_200;
/// See [`DAY_S`].
pub(super) const DAY: &str = "2026-01-13T08:00:00Z";
pub(super) const PUBLIC_URL: &str = "https://pay.sandpiper.example";

const MINUTES: Option<i64> = Some(300);
const A_DAY: Option<i64> = Some(86_400 + 300);

fn sha256(key: &[u8], text: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.chain_update(text.as_bytes()).finalize().into_bytes().to_vec()
}

fn sha512(key: &[u8], text: &str) -> Vec<u8> {
    let mac = Hmac::<Sha512>::new_from_slice(key).expect("any length");
    mac.chain_update(text.as_bytes()).finalize().into_bytes().to_vec()
}

/// Twilio's old scheme over nothing but an address: HMAC-SHA1 of a text.
fn sha1(key: &str, text: &str) -> Vec<u8> {
    twilio::sign(Algorithm::Sha1, key, text, &[])
}

/// What anybody would try instead of a tag in this encoding.
fn tags(key: &[u8], text: &str, encode: fn(&[u8]) -> String) -> Vec<String> {
    let tag = sha256(key, text);
    let (half, _) = tag.split_at(16);
    let key = String::from_utf8_lossy(key);
    vec![
        encode(&sha512(key.as_bytes(), text)),
        encode(&sha1(&key, text)),
        encode(&Sha256::digest(text.as_bytes())),
        encode(&Sha256::digest(format!("{key}{text}").as_bytes())),
        encode(half),
        encode(&[0; 32]),
        encode(&[]),
        format!("sha256={}", encode(&tag)),
        format!("{}, ", encode(&[tag.as_slice(), b"x"].concat())),
    ]
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Standard Webhooks, under the names that its headers have here.
fn standard(names: [&'static str; 3], secret: &str, at: i64, body: &str) -> Sent {
    let [id, timestamp, signature] = names;
    let key = BASE64.decode(secret.trim_start_matches("whsec_").as_bytes());
    let tag = sha256(
        &key.unwrap_or_else(|_| secret.as_bytes().to_vec()),
        &format!("evt_1.{at}.{body}"),
    );
    Sent::json(body)
        .header(id, "evt_1")
        .header(timestamp, at.to_string())
        .header(signature, format!("v1,{}", base64(&tag)))
}

fn standard_tries(names: [&'static str; 3], sent: &Sent, secret: &str, at: i64) -> Vec<Sent> {
    let [id, timestamp, signature] = names;
    let key = BASE64
        .decode(secret.trim_start_matches("whsec_").as_bytes())
        .expect("base64");
    let text = format!("evt_1.{at}.{}", sent.body);
    let good = sent.value(signature);
    let tag = good.trim_start_matches("v1,").to_owned();
    let signatures = tags(&key, &text, base64)
        .into_iter()
        .map(|tag| format!("v1,{tag}"))
        .chain([
            format!("v0,{tag}"),
            format!("v2,{tag}"),
            format!("V1,{tag}"),
            format!("v1a,{tag}"),
            format!("v1={tag}"),
            format!("v1,{}", tag.to_lowercase()),
            format!(
                "v1,{}",
                BASE64URL.encode(&sha256(&key, &text)).replace(['-', '_'], "*")
            ),
            format!("v1,{}", hex(&sha256(&key, &text))),
            format!("v1,{}", base64(&sha256(secret.as_bytes(), &text))),
            format!("v1,{}", base64(&sha256(&key, &sent.body))),
            tag,
        ]);
    let mut tries: Vec<Sent> = signatures
        .map(|value| sent.clone().header(signature, value))
        .collect();
    tries.extend([
        sent.clone().header(id, "evt_2"),
        sent.clone().header(id, ""),
        sent.clone().header(timestamp, (at + 1).to_string()),
        sent.clone().header(timestamp, format!("{at}.0")),
        sent.clone().header(timestamp, "1e9"),
        sent.clone().header(timestamp, "9223372036854775808"),
        sent.clone().without(id),
        sent.clone().without(timestamp),
    ]);
    tries
}

const WEBHOOK: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];
const SVIX: [&str; 3] = ["svix-id", "svix-timestamp", "svix-signature"];

fn stripe(secret: &str, at: i64) -> Sent {
    let body = json!({"id": "evt_1", "object": "event", "type": "charge.updated", "data": {"object": {}}})
        .to_string();
    let tag = hex(&sha256(secret.as_bytes(), &format!("{at}.{body}")));
    Sent::json(body).header("stripe-signature", format!("t={at},v1={tag}"))
}

fn stripe_tries(sent: &Sent, secret: &str, at: i64) -> Vec<Sent> {
    let text = format!("{at}.{}", sent.body);
    let tag = hex(&sha256(secret.as_bytes(), &text));
    let later = at + 60;
    let decoded = secret.trim_start_matches("whsec_");
    let made = tags(secret.as_bytes(), &text, hex)
        .into_iter()
        .map(|tag| format!("t={at},v1={tag}"));
    made.chain([
        format!("t={at},v0={tag}"),
        format!("t={at},V1={tag}"),
        format!("t={at},v1={}", base64(&sha256(secret.as_bytes(), &text))),
        format!("t={at},v1={}", hex(&sha256(decoded.as_bytes(), &text))),
        format!("t={at},v1={}", hex(&sha256(secret.as_bytes(), &sent.body))),
        format!("t={later},v1={tag}"),
        format!("t={at},t={later},v1={tag}"),
        format!("v1={tag}"),
        format!("t=,v1={tag}"),
        format!("t={at}"),
        tag.clone(),
    ])
    .map(|value| sent.clone().header("stripe-signature", value))
    .collect()
}

/// A tag of the whole body in one header.
fn tagged(header: &'static str, encode: fn(&[u8]) -> String, secret: &str, body: &str) -> Sent {
    Sent::json(body).header(header, encode(&sha256(secret.as_bytes(), body)))
}

fn tagged_tries(header: &'static str, encode: fn(&[u8]) -> String, sent: &Sent, secret: &str) -> Vec<Sent> {
    let tag = sha256(secret.as_bytes(), &sent.body);
    let other = if encode(&[251]) == base64(&[251]) {
        hex(&tag)
    } else {
        base64(&tag)
    };
    let made = tags(secret.as_bytes(), &sent.body, encode).into_iter();
    made.chain([
        other,
        format!("v1,{}", encode(&tag)),
        format!("{} {}", encode(&[0; 32]), encode(&tag)),
    ])
    .map(|value| sent.clone().header(header, value))
    .collect()
}

const XERO: &str = r#"{"events":[{"resourceId":"r","eventDateUtc":"2026-01-13T07:00:00","eventType":"UPDATE","eventCategory":"INVOICE","tenantId":"t"}]}"#;
const QUICKBOOKS: &str = r#"[{"specversion":"1.0","id":"q1","time":"2026-01-13T07:00:00Z","type":"qbo.invoice.created.v1","intuitentityid":"7","intuitaccountid":"310687"}]"#;
const RAZORPAY: &str = r#"{"entity":"event","event":"payment.authorized","payload":{}}"#;
const GOCARDLESS: &str =
    r#"{"events":[{"id":"EV1","resource_type":"mandates","action":"created","links":{}}]}"#;

fn adyen_item(text: &str, minor: i64, success: &str) -> Value {
    let key = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes());
    let key = key.unwrap_or_else(|_| text.as_bytes().to_vec());
    let signed = format!("P1::SandpiperTools:chk_1:{minor}:EUR:AUTHORISATION:{success}");
    json!({"NotificationRequestItem": {"eventCode": "AUTHORISATION", "success": success, "pspReference": "P1",
        "originalReference": "", "merchantAccountCode": "SandpiperTools", "merchantReference": "chk_1",
        "amount": {"value": minor, "currency": "EUR"}, "additionalData": {"hmacSignature": base64(&sha256(&key, &signed))}}})
}

fn adyen(key: &str, _: i64) -> Sent {
    Sent::json(json!({"live": "false", "notificationItems": [adyen_item(key, 100, "true")]}))
}

fn adyen_tries(_: &Sent, key: &str, _: i64) -> Vec<Sent> {
    let item = |change: &dyn Fn(&mut Value)| {
        let mut item = adyen_item(key, 100, "true");
        change(&mut item["NotificationRequestItem"]);
        item
    };
    let text = base64(&sha256(
        key.as_bytes(),
        "P1::SandpiperTools:chk_1:100:EUR:AUTHORISATION:true",
    ));
    let items = [
        item(&|item| item["amount"]["value"] = json!(10_000)),
        item(&|item| item["amount"]["currency"] = json!("JPY")),
        item(&|item| item["success"] = json!("false")),
        item(&|item| item["eventCode"] = json!("CAPTURE")),
        item(&|item| item["merchantReference"] = json!("chk_2")),
        item(&|item| item["pspReference"] = json!("P1:")),
        item(&|item| item["originalReference"] = json!("P1")),
        item(&|item| item["merchantAccountCode"] = json!("Another")),
        item(&|item| item["additionalData"] = json!({})),
        item(&|item| item["additionalData"]["hmacSignature"] = json!("")),
        item(&|item| item["additionalData"]["hmacSignature"] = json!(null)),
        item(&|item| item["additionalData"]["hmacSignature"] = json!(text)),
    ];
    let alone = items
        .iter()
        .map(|item| json!({"live": "false", "notificationItems": [item]}));
    let (good, bad) = (item(&|_| {}), &items[0]);
    // One that is signed vouches for no other.
    let beside = [json!([good, bad]), json!([bad, good])]
        .map(|items| json!({"live": "false", "notificationItems": items}));
    alone.chain(beside).map(Sent::json).collect()
}

fn form(media_type: &'static str, body: &str) -> Sent {
    Sent {
        headers: Vec::new(),
        media_type,
        body: body.to_owned(),
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn mollie(key: &str, _: i64) -> Sent {
    // Nothing is signed: what nobody with our key can fetch is nothing.
    form(
        FORM,
        if key == "live_sandpiper" {
            "id=tr_1"
        } else {
            "id=tr_unknown"
        },
    )
}

fn mollie_tries(_: &Sent, _: &str, _: i64) -> Vec<Sent> {
    let ids = [
        "tr_2",
        "",
        "tr_",
        "../refunds/re_1",
        "tr_1/refunds",
        "tr_1%2Frefunds",
        "tr_1?testmode=true",
        "tr_1%00",
        "tr_1&id=tr_2",
        "http://127.0.0.1/",
        "tr_1%0d%0aHost:%20x",
        "ord_1",
    ];
    let bodies = ids.map(|id| form(FORM, &format!("id={id}")));
    bodies
        .into_iter()
        .chain([
            form(FORM, "ID=tr_1"),
            Sent::json(json!({"id": "tr_1"})),
            form(FORM, "x=1&id=tr_1"),
        ])
        .collect()
}

/// What PayPal, as it is played, knows to be its own.
pub(super) const PAYPAL_SIGNATURE: &str = "genuine";
const PAYPAL_EVENT: &str = r#"{"id":"WH-1","event_type":"PAYMENT.CAPTURE.PENDING","resource":{}}"#;

fn paypal(secret: &str, at: i64) -> Sent {
    let signature = if secret == "paypal-secret" {
        PAYPAL_SIGNATURE
    } else {
        secret
    };
    Sent::json(PAYPAL_EVENT)
        .header("paypal-auth-algo", "SHA256withRSA")
        .header(
            "paypal-cert-url",
            "https://api.paypal.com/v1/notifications/certs/CERT-1",
        )
        .header("paypal-transmission-id", "t-1")
        .header("paypal-transmission-sig", signature)
        .header("paypal-transmission-time", at.to_string())
}

fn paypal_tries(sent: &Sent, _: &str, _: i64) -> Vec<Sent> {
    let names = [
        "paypal-auth-algo",
        "paypal-cert-url",
        "paypal-transmission-id",
        "paypal-transmission-sig",
        "paypal-transmission-time",
    ];
    let mut tries: Vec<Sent> = names.map(|name| sent.clone().without(name)).into();
    tries.push(sent.clone().header("paypal-transmission-sig", "forged"));
    tries.push(
        sent.clone()
            .header("paypal-transmission-sig", "forged")
            .header("paypal-cert-url", "https://evil.example/cert"),
    );
    tries
}

fn postmark(secret: &str, _: i64) -> Sent {
    let body = json!({"RecordType": "Bounce", "MessageID": "m", "ID": 4, "Type": "HardBounce", "MessageStream": "outbound",
        "Email": "a@nordwind.example", "BouncedAt": "2026-01-13T08:00:00Z", "Metadata": {}});
    Sent::json(body).header("authorization", format!("Basic {}", base64(secret.as_bytes())))
}

fn postmark_tries(sent: &Sent, secret: &str, _: i64) -> Vec<Sent> {
    let pair = base64(secret.as_bytes());
    let (name, _) = secret.split_once(':').expect("a pair");
    let values = [
        format!("Bearer {pair}"),
        format!("Digest {pair}"),
        format!("Basic {secret}"),
        format!("Basic{pair}"),
        format!("Basic {}", base64(format!("{name}:").as_bytes())),
        format!("Basic {}", base64(name.as_bytes())),
        format!("Basic {}", base64(format!("{secret}x").as_bytes())),
        format!("Basic {}", base64(format!("{secret}\0").as_bytes())),
        format!("Basic {}", base64(secret.to_uppercase().as_bytes())),
        format!("Basic {pair}, Basic {pair}"),
        pair,
    ];
    values
        .map(|value| sent.clone().header("authorization", value))
        .into()
}

/// Made with SendGrid's own library, as `tests/partners/sendgrid_webhook.py` does.
const SENDGRID_BODY: &str = r#"[{"email":"gone@nordwind.example","timestamp":1768291190,"event":"bounce","type":"bounce","status":"5.1.1","reason":"550 no such user","sg_event_id":"vector-1","sg_message_id":"recorded.filter0001.1.2.3-0"}]"#;
const SENDGRID_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEkfSG0JllS07v6PvML09CbJRN5ivHSb3cf5Xd5IHFL9M8XJgGSYWHml0+AF/FxSfZRQu+IUIul+lxkTyUGWsWXA==";
const SENDGRID_SIGNATURE: &str =
    "MEUCIQCJukJGY05SAA5CWG8oFIa/5WZZ83lDrzfjj6HvpjPMuwIgc1sbR5RPHl9bUeNZ4aiVEk1Iay7sq1hBJ7kvXsuK7X4=";
const SENDGRID: [&str; 2] = [
    "x-twilio-email-event-webhook-timestamp",
    "x-twilio-email-event-webhook-signature",
];

fn sendgrid(key: &str, at: i64) -> Sent {
    let [timestamp, signature] = SENDGRID;
    let tag = match key == SENDGRID_KEY {
        true => SENDGRID_SIGNATURE.to_owned(),
        // The public key is no secret: it makes no signature.
        false => base64(&sha256(key.as_bytes(), &format!("{at}{SENDGRID_BODY}"))),
    };
    Sent::json(SENDGRID_BODY)
        .header(timestamp, at.to_string())
        .header(signature, tag)
}

fn sendgrid_tries(sent: &Sent, key: &str, at: i64) -> Vec<Sent> {
    let [timestamp, signature] = SENDGRID;
    let der = BASE64.decode(SENDGRID_SIGNATURE.as_bytes()).expect("base64");
    let raw = [&der[5..37], &der[39..]].concat();
    let public = BASE64.decode(key.as_bytes()).expect("base64");
    let text = format!("{at}{}", sent.body);
    let zero = [0x30, 6, 2, 1, 0, 2, 1, 0];
    let tags = [
        raw,
        sha256(&public, &text),
        sha256(key.as_bytes(), &text),
        zero.to_vec(),
        der[..der.len() - 1].to_vec(),
        Vec::new(),
    ];
    let mut tries: Vec<Sent> = tags
        .iter()
        .map(|tag| sent.clone().header(signature, base64(tag)))
        .collect();
    tries.extend([
        sent.clone().header(timestamp, (at + 1).to_string()),
        sent.clone().header(timestamp, format!("0{at}")),
        sent.clone().without(timestamp),
        sent.clone().without(signature),
    ]);
    tries
}

fn mailgun_of(key: &str, at: i64, encode: impl Fn(&[u8], &str) -> String) -> Sent {
    let text = format!("{at}t0ken");
    Sent::json(
        json!({"signature": {"timestamp": at.to_string(), "token": "t0ken", "signature": encode(key.as_bytes(), &text)},
        "event-data": {"event": "delivered", "id": "e1", "timestamp": at, "recipient": "a@nordwind.example"}}),
    )
}

fn mailgun(key: &str, at: i64) -> Sent {
    mailgun_of(key, at, |key, text| hex(&sha256(key, text)))
}

fn mailgun_tries(sent: &Sent, key: &str, at: i64) -> Vec<Sent> {
    let body: Value = serde_json::from_str(&sent.body).expect("JSON");
    let changed = |name: &str, value: Value| {
        let mut body = body.clone();
        body["signature"][name] = value;
        Sent::json(body)
    };
    let made = tags(key.as_bytes(), &format!("{at}t0ken"), hex).into_iter();
    let mut tries: Vec<Sent> = made.map(|tag| changed("signature", json!(tag))).collect();
    tries.extend([
        changed("token", json!("t1ken")),
        changed("timestamp", json!((at + 1).to_string())),
        changed("timestamp", json!("")),
        changed("signature", Value::Null),
        mailgun_of(key, at, |key, text| base64(&sha256(key, text))),
        // What is signed is a timestamp and a token, one after the other: no digit moves from one to the other.
        changed("timestamp", json!(format!("{at}t0ken"))),
    ]);
    tries
}

/// The certificate and what OpenSSL signed with its key.
pub(super) const SES_CERTIFICATE: &str = include_str!("../../../components/courier/src/webhook/sns/test.pem");
const SES_NOTIFICATION: &str = include_str!("../../../components/courier/src/webhook/sns/notification.json");
pub(super) const SES_TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:mail";
/// Stands for the address at which SNS, as it is played, has its certificate.
pub(super) const SES_BASE: &str = "https://sns.played.example";

fn ses_changed(changes: &[(&str, Value)]) -> Sent {
    let mut body: Value = serde_json::from_str(SES_NOTIFICATION).expect("JSON");
    body["SigningCertURL"] = json!(format!("{SES_BASE}/cert.pem"));
    for (name, value) in changes {
        body[*name] = value.clone();
    }
    Sent {
        media_type: "text/plain",
        ..Sent::json(body)
    }
}

fn ses(topic: &str, at: i64) -> Sent {
    let time = chrono::DateTime::from_timestamp(at, 0).expect("an instant");
    let mut changes = vec![("TopicArn", json!(topic))];
    if at != DAY_S {
        changes.push((
            "Timestamp",
            json!(time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()),
        ));
    }
    ses_changed(&changes)
}

fn ses_tries(_: &Sent, _: &str, _: i64) -> Vec<Sent> {
    let elsewhere = |url: &str| ses_changed(&[("SigningCertURL", json!(url))]);
    vec![
        ses_changed(&[("Message", json!("{\"eventType\":\"Bounce\"}"))]),
        ses_changed(&[("MessageId", json!("another"))]),
        ses_changed(&[("Subject", json!("a subject"))]),
        ses_changed(&[("SignatureVersion", json!("1"))]),
        ses_changed(&[("SignatureVersion", json!("3"))]),
        ses_changed(&[("Signature", json!(""))]),
        ses_changed(&[("Signature", json!(base64(&[0; 256])))]),
        ses_changed(&[("Type", json!("UnsubscribeConfirmation"))]),
        ses_changed(&[
            ("Type", json!("SubscriptionConfirmation")),
            ("SubscribeURL", json!(format!("{SES_BASE}/confirm"))),
            ("Token", json!("t")),
        ]),
        elsewhere("https://evil.example/cert.pem"),
        elsewhere(&format!("{SES_BASE}.evil.example/cert.pem")),
        elsewhere(&format!("{SES_BASE}@evil.example/cert.pem")),
        elsewhere(&format!("{SES_BASE}:443@evil.example/cert.pem")),
        elsewhere("file:///etc/passwd"),
        elsewhere(""),
    ]
}

const TWILIO: [(&str, &str); 3] = [("Body", "hello"), ("From", "+4930555001"), ("MessageSid", "SM1")];

fn twilio_at(path: &str, secret: &str) -> Sent {
    let fields: Vec<(String, String)> = TWILIO
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    let tag = twilio::sign(Algorithm::Sha256, secret, &format!("{PUBLIC_URL}{path}"), &fields);
    form(FORM, "Body=hello&From=%2B4930555001&MessageSid=SM1")
        .header("x-twilio-signature", base64(&tag))
        .header(
            "x-twilio-webhooks-signature-settings",
            "key=k,algorithm=HMAC_SHA256",
        )
}

fn twilio_tries(path: &'static str) -> impl Fn(&Sent, &str, i64) -> Vec<Sent> {
    move |sent: &Sent, secret: &str, _: i64| {
        let settings = |value: &str| sent.clone().header("x-twilio-webhooks-signature-settings", value);
        let signed = |url: &str, body: &str, algorithm| {
            let fields = twilio::fields(body.as_bytes());
            sent.clone().header(
                "x-twilio-signature",
                base64(&twilio::sign(algorithm, secret, url, &fields)),
            )
        };
        let url = format!("{PUBLIC_URL}{path}");
        vec![
            settings("key=k,algorithm=HMAC_SHA1"),
            settings("key=k,algorithm=HMAC_MD5"),
            settings("key=k,algorithm=none"),
            settings("key=k"),
            sent.clone().without("x-twilio-webhooks-signature-settings"),
            signed(&url, &sent.body, Algorithm::Sha1),
            signed(&url.replace("https:", "http:"), &sent.body, Algorithm::Sha256),
            signed(
                &url.replace("sandpiper.example", "evil.example"),
                &sent.body,
                Algorithm::Sha256,
            ),
            signed(&format!("{url}?message=msg_1"), &sent.body, Algorithm::Sha256),
            signed(&url, "", Algorithm::Sha256),
            // A body that is no form is covered by its hash in the address or not at all.
            Sent {
                media_type: "application/json",
                body: "{}".to_owned(),
                ..signed(&url, "", Algorithm::Sha256)
            },
            Sent {
                body: format!("{}&OptOutType=START", sent.body),
                ..sent.clone()
            },
        ]
    }
}

const VONAGE_BODY: &str = r#"{"message_uuid":"vm-1","text":"hello","from":"4930555001","to":"1"}"#;

fn vonage_of(header: &Value, claims: &Value, tag: impl Fn(&str) -> Vec<u8>) -> Sent {
    let part = |part: &Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let tag = BASE64URL_NOPAD.encode(&tag(&signed));
    Sent::json(VONAGE_BODY).header("authorization", format!("Bearer {signed}.{tag}"))
}

fn vonage_claims(at: i64) -> Value {
    json!({"iat": at, "jti": "j", "iss": "Vonage", "payload_hash": hex(&Sha256::digest(VONAGE_BODY.as_bytes()))})
}

fn vonage(secret: &str, at: i64) -> Sent {
    let header = json!({"alg": "HS256", "typ": "JWT"});
    vonage_of(&header, &vonage_claims(at), |text| {
        sha256(secret.as_bytes(), text)
    })
}

fn vonage_tries(sent: &Sent, secret: &str, at: i64) -> Vec<Sent> {
    let (key, claims) = (secret.as_bytes(), vonage_claims(at));
    let token = sent.value("authorization");
    let (unsigned, _) = token.rsplit_once('.').expect("a token");
    let mut tries: Vec<Sent> = [
        "none", "None", "NONE", "nOnE", "", "HS512", "HS384", "RS256", "ES256", "hs256",
    ]
    .iter()
    .flat_map(|alg| {
        let header = json!({"alg": alg, "typ": "JWT"});
        [
            vonage_of(&header, &claims, |text| sha256(key, text)),
            vonage_of(&header, &claims, |_| Vec::new()),
        ]
    })
    .collect();
    let header = json!({"alg": "HS256", "typ": "JWT", "jwk": {"kty": "oct", "k": BASE64URL_NOPAD.encode(b"mine")}, "kid": "../../dev/null"});
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        vonage_of(&json!({"alg": "HS256"}), &claims, |text| sha256(key, text))
    };
    tries.extend([
        vonage_of(&header, &claims, |text| sha256(b"mine", text)),
        vonage_of(&header, &claims, |text| sha256(b"", text)),
        vonage_of(&json!({"typ": "JWT"}), &claims, |text| sha256(key, text)),
        vonage_of(&json!({"alg": "HS256"}), &claims, |text| sha512(key, text)),
        with("payload_hash", Value::Null),
        with("payload_hash", json!("")),
        with("payload_hash", json!(hex(&Sha256::digest(b"{}")))),
        with("iat", Value::Null),
        with("iat", json!("now")),
        sent.clone().header("authorization", format!("{unsigned}.")),
        sent.clone().header("authorization", unsigned),
        sent.clone()
            .header("authorization", token.replace("Bearer", "Basic")),
    ]);
    tries
}

fn lob(secret: &str, at: i64) -> Sent {
    let body = r#"{"id":"evt_1","event_type":{"id":"letter.viewed"}}"#;
    Sent::json(body)
        .header("lob-signature-timestamp", at.to_string())
        .header(
            "lob-signature",
            hex(&sha256(secret.as_bytes(), &format!("{at}.{body}"))),
        )
}

fn lob_tries(sent: &Sent, secret: &str, at: i64) -> Vec<Sent> {
    let text = format!("{at}.{}", sent.body);
    let made = tags(secret.as_bytes(), &text, hex).into_iter();
    let mut tries: Vec<Sent> = made
        .map(|tag| sent.clone().header("lob-signature", tag))
        .collect();
    tries.extend([
        sent.clone()
            .header("lob-signature", hex(&sha256(secret.as_bytes(), &sent.body))),
        sent.clone()
            .header("lob-signature", base64(&sha256(secret.as_bytes(), &text))),
        sent.clone()
            .header("lob-signature-timestamp", (at * 1_000).to_string()),
        sent.clone().header("lob-signature-timestamp", ""),
        sent.clone().without("lob-signature-timestamp"),
    ]);
    tries
}

const BILLING: &str = r#"{"type":"invoice.nonsense","data":{}}"#;
const SANDBOX: &str = r#"{"type":"nonsense"}"#;
const RESEND: &str = r#"{"type":"email.delivered","created_at":"2026-01-13T08:00:00Z","data":{"email_id":"r","to":["a@nordwind.example"]}}"#;

/// Every source. The secret of the sandbox is the harness's own.
pub(super) const SOURCES: &[Source] = &[
    Source {
        path: "billing",
        name: "billing",
        secret: ("billing_webhook_secrets", "whsec_YmlsbGluZyBvZiBzYW5kcGlwZXI="),
        sign: |secret, at| standard(WEBHOOK, secret, at, BILLING),
        covers_body: true,
        oldest_s: MINUTES,
        keeps: true,
        tries: |sent, secret, at| standard_tries(WEBHOOK, sent, secret, at),
    },
    Source {
        path: "sandbox",
        name: "sandbox",
        secret: ("sandbox_secret", ""),
        sign: |secret, at| standard(WEBHOOK, secret, at, SANDBOX),
        covers_body: true,
        oldest_s: MINUTES,
        keeps: true,
        tries: |sent, secret, at| standard_tries(WEBHOOK, sent, secret, at),
    },
    Source {
        path: "resend",
        name: "resend",
        secret: ("resend_webhook_secret", "whsec_cmVzZW5kIG9mIHNhbmRwaXBlcg=="),
        sign: |secret, at| standard(SVIX, secret, at, RESEND),
        covers_body: true,
        oldest_s: MINUTES,
        keeps: true,
        tries: |sent, secret, at| standard_tries(SVIX, sent, secret, at),
    },
    Source {
        path: "stripe",
        name: "stripe",
        secret: ("stripe_webhook_secrets", "whsec_payments_of_sandpiper"),
        sign: stripe,
        covers_body: true,
        oldest_s: MINUTES,
        keeps: true,
        tries: stripe_tries,
    },
    Source {
        path: "stripe-billing",
        name: "stripe-billing",
        secret: ("stripe_billing_webhook_secrets", "whsec_invoices_of_sandpiper"),
        sign: stripe,
        covers_body: true,
        oldest_s: MINUTES,
        keeps: true,
        tries: stripe_tries,
    },
    Source {
        path: "xero",
        name: "xero",
        secret: ("xero_webhook_keys", "xero-key-of-sandpiper"),
        sign: |secret, _| tagged("x-xero-signature", base64, secret, XERO),
        covers_body: true,
        oldest_s: None,
        keeps: true,
        tries: |sent, secret, _| tagged_tries("x-xero-signature", base64, sent, secret),
    },
    Source {
        path: "quickbooks",
        name: "quickbooks",
        secret: ("quickbooks_webhook_tokens", "verifier-of-sandpiper"),
        sign: |secret, _| tagged("intuit-signature", base64, secret, QUICKBOOKS),
        covers_body: true,
        oldest_s: None,
        keeps: true,
        tries: |sent, secret, _| tagged_tries("intuit-signature", base64, sent, secret),
    },
    Source {
        path: "razorpay",
        name: "razorpay",
        secret: ("razorpay_webhook_secrets", "razorpay-of-sandpiper"),
        sign: |secret, _| tagged("x-razorpay-signature", hex, secret, RAZORPAY),
        covers_body: true,
        oldest_s: None,
        keeps: true,
        tries: |sent, secret, _| tagged_tries("x-razorpay-signature", hex, sent, secret),
    },
    Source {
        path: "gocardless",
        name: "gocardless",
        secret: ("gocardless_webhook_secrets", "gocardless-of-sandpiper"),
        sign: |secret, _| tagged("webhook-signature", hex, secret, GOCARDLESS),
        covers_body: true,
        oldest_s: None,
        keeps: true,
        tries: |sent, secret, _| tagged_tries("webhook-signature", hex, sent, secret),
    },
    Source {
        path: "adyen",
        name: "adyen",
        secret: (
            "adyen_hmac_keys",
            "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
        ),
        sign: adyen,
        covers_body: false,
        oldest_s: None,
        keeps: true,
        tries: adyen_tries,
    },
    Source {
        path: "mollie",
        name: "mollie",
        secret: ("mollie_api_key", "live_sandpiper"),
        sign: mollie,
        covers_body: false,
        oldest_s: None,
        keeps: true,
        tries: mollie_tries,
    },
    Source {
        path: "paypal",
        name: "paypal",
        secret: ("paypal_client_secret", "paypal-secret"),
        sign: paypal,
        covers_body: true,
        oldest_s: None,
        keeps: true,
        tries: paypal_tries,
    },
    Source {
        path: "postmark",
        name: "postmark",
        secret: ("postmark_webhook_auth", "postmark:s3cret-of-sandpiper"),
        sign: postmark,
        covers_body: false,
        oldest_s: None,
        keeps: true,
        tries: postmark_tries,
    },
    Source {
        path: "sendgrid",
        name: "sendgrid",
        secret: ("sendgrid_webhook_key", SENDGRID_KEY),
        sign: sendgrid,
        covers_body: true,
        oldest_s: A_DAY,
        keeps: true,
        tries: sendgrid_tries,
    },
    Source {
        path: "mailgun",
        name: "mailgun",
        secret: ("mailgun_signing_key", "mailgun-of-sandpiper"),
        sign: mailgun,
        covers_body: false,
        oldest_s: A_DAY,
        keeps: true,
        tries: mailgun_tries,
    },
    Source {
        path: "ses",
        name: "ses",
        secret: ("ses_topic", SES_TOPIC),
        sign: ses,
        covers_body: false,
        oldest_s: A_DAY,
        keeps: true,
        tries: ses_tries,
    },
    Source {
        path: "twilio",
        name: "twilio",
        secret: ("twilio_webhook_keys", "twilio-of-sandpiper"),
        sign: |secret, _| twilio_at("/webhooks/twilio", secret),
        covers_body: true,
        oldest_s: None,
        keeps: true,
        tries: |sent, secret, at| twilio_tries("/webhooks/twilio")(sent, secret, at),
    },
    Source {
        path: "twilio/voice/tok",
        name: "twilio",
        secret: ("twilio_webhook_keys", "twilio-of-sandpiper"),
        sign: |secret, _| twilio_at("/webhooks/twilio/voice/tok", secret),
        covers_body: true,
        oldest_s: None,
        keeps: false,
        tries: |sent, secret, at| twilio_tries("/webhooks/twilio/voice/tok")(sent, secret, at),
    },
    Source {
        path: "vonage",
        name: "vonage",
        secret: ("vonage_signature_secrets", "vonage-signature-secret-of-32-bytes"),
        sign: vonage,
        covers_body: true,
        oldest_s: A_DAY,
        keeps: true,
        tries: vonage_tries,
    },
    Source {
        path: "vonage/voice/tok",
        name: "vonage",
        secret: ("vonage_signature_secrets", "vonage-signature-secret-of-32-bytes"),
        sign: vonage,
        covers_body: true,
        oldest_s: A_DAY,
        keeps: false,
        tries: vonage_tries,
    },
    Source {
        path: "lob",
        name: "lob",
        secret: ("lob_webhook_secrets", "lob-of-sandpiper"),
        sign: lob,
        covers_body: true,
        oldest_s: A_DAY,
        keeps: true,
        tries: lob_tries,
    },
];
