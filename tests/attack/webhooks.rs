//! Webhooks that somebody else has made: forged, cut short, said again, too old, signed with another secret or in another
//! way. A row a source ([`sources::SOURCES`]); a source without a row fails.

mod sources;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::sources::{
    DAY, DAY_S, PAYPAL_SIGNATURE, PUBLIC_URL, SES_BASE, SES_CERTIFICATE, SES_TOPIC, SOURCES, Sent, Source,
};
use crate::attack::Tried;
use crate::harness::{Answer, App, Recorder, Reply, Request, own};
use crate::openapi::document;

/// The providers whom some webhooks are checked with: each knows its own and nothing else.
fn providers(request: &Request) -> Reply {
    let found = |body| Reply::json(200, &body);
    match request.path.split('?').next().unwrap_or_default() {
        "/v1/oauth2/token" => {
            found(json!({"access_token": "t", "token_type": "Bearer", "expires_in": 3_600}))
        }
        "/v1/notifications/verify-webhook-signature" => {
            let asked: Value = serde_json::from_str(&request.body).expect("JSON");
            let genuine = asked["transmission_sig"] == PAYPAL_SIGNATURE
                && asked["webhook_event"]["id"] == "WH-1"
                && request.body.contains(
                    r#""webhook_event":{"id":"WH-1","event_type":"PAYMENT.CAPTURE.PENDING","resource":{}}"#,
                );
            found(json!({"verification_status": if genuine { "SUCCESS" } else { "FAILURE" }}))
        }
        "/v2/payments/tr_1" => found(json!({"resource": "payment", "id": "tr_1", "status": "open",
            "amount": {"value": "1.00", "currency": "EUR"}, "metadata": {}})),
        "/cert.pem" => Reply::text(200, SES_CERTIFICATE),
        _ => Reply::json(404, &json!({"title": "not found"})),
    }
}

/// An app that hears every source.
struct Door {
    app: App,
    providers: Recorder,
}

impl Door {
    fn start() -> Self {
        let providers = Recorder::start(providers);
        let url = providers.url();
        let mut variables = vec![
            ("public_url", PUBLIC_URL),
            ("mollie_url", &url),
            ("paypal_url", &url),
            ("paypal_client_id", "paypal"),
            ("paypal_webhook_id", "WH-SANDPIPER"),
            ("gocardless_url", &url),
            ("gocardless_access_token", "gc"),
            ("adyen_merchant_account", "SandpiperTools"),
            ("sns_url", &url),
            ("ses_topic", SES_TOPIC),
            ("twilio_auth_token", "twilio-token-of-sandpiper"),
            ("vonage_api_key", "vk"),
        ];
        for source in SOURCES {
            let (variable, secret) = source.secret;
            if !secret.is_empty() && variables.iter().all(|(held, _)| *held != variable) {
                variables.push((variable, secret));
            }
        }
        let app = App::start_with(&variables);
        // A schema and its standing rows are there before anything is counted.
        app.get("/health").anonymous().send(200);
        app.clock(DAY);
        Self { app, providers }
    }

    fn secret(&self, source: &Source) -> String {
        match source.secret {
            (_, "") => self.app.sandbox_secret.clone(),
            (_, secret) => secret.to_owned(),
        }
    }

    fn send(&self, source: &Source, sent: &Sent) -> Answer {
        send(
            &self.app,
            source,
            &sent.body.replace(SES_BASE, &self.providers.url()),
            sent,
        )
    }

    /// How many rows the ledger has, and how many events of each source.
    fn rows(&self) -> (i64, Vec<(String, i64)>) {
        let ledger = rusqlite::Connection::open(self.app.state_file("sqlite_db.db")).expect("the ledger");
        let mut tables = ledger
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
            .expect("tables");
        let tables: Vec<String> = tables
            .query_map([], |row| row.get(0))
            .expect("tables")
            .map(|name| name.expect("a name"))
            .collect();
        let count = |table: &String| -> i64 {
            ledger
                .query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0))
                .expect("a count")
        };
        let mut events = ledger
            .prepare("SELECT source, count(*) FROM inbound_events GROUP BY source")
            .expect("events");
        let events = events
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("events");
        (
            tables.iter().map(count).sum(),
            events.map(|row| row.expect("a row")).collect(),
        )
    }
}

fn send(app: &App, source: &Source, body: &str, sent: &Sent) -> Answer {
    let call = app.post(&format!("/webhooks/{}", source.path)).anonymous();
    let call = sent
        .headers
        .iter()
        .fold(call, |call, (name, value)| call.header(name, value.trim()));
    call.body(sent.media_type, body).answer()
}

/// What anybody can make without a secret, out of what they have seen.
fn anybody(source: &Source, genuine: &Sent) -> Vec<Sent> {
    let unsigned = Sent {
        headers: Vec::new(),
        ..genuine.clone()
    };
    let mut made = Vec::new();
    if !genuine.headers.is_empty() {
        made.push(unsigned);
    }
    for (at, (_, value)) in genuine.headers.iter().enumerate() {
        // What says how it is signed is tried by the source's own.
        if value.contains("algorithm=")
            || value.starts_with("https:")
            || value.starts_with("SHA")
            || value == "t-1"
        {
            continue;
        }
        for other in ["", "x", "null", "0", "undefined"] {
            let mut sent = genuine.clone();
            sent.headers[at].1 = other.to_owned();
            // PayPal alone can say what its time is.
            if source.name != "paypal" || value == PAYPAL_SIGNATURE {
                made.push(sent);
            }
        }
    }
    let bodies = [
        genuine.body[..genuine.body.len() - 1].to_owned(),
        genuine.body[..genuine.body.len() / 2].to_owned(),
        String::new(),
        format!("{} ", genuine.body),
        format!("\u{feff}{}", genuine.body),
        format!("{0}{0}", genuine.body),
    ];
    if source.covers_body {
        made.extend(bodies.into_iter().map(|body| Sent {
            body,
            ..genuine.clone()
        }));
    }
    made
}

/// Secrets that are not this source's.
fn others(door: &Door, source: &Source) -> BTreeSet<String> {
    let own = door.secret(source);
    let mut others: BTreeSet<String> = SOURCES.iter().map(|other| door.secret(other)).collect();
    let app = &door.app;
    others.extend([&app.admin_key, &app.cron_key, &format!("{own}x")].map(Clone::clone));
    let known = [
        "",
        "whsec_",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "secret",
        "00",
        "null",
        PUBLIC_URL,
        "old-secret-of-last-year",
    ];
    others.extend(known.map(str::to_owned));
    others.remove(&own);
    others
}

/// What a refusal looks like. Of what Mollie does not know there is nothing to refuse: it is asked, and nothing comes of it.
fn refusals(source: &Source) -> &'static [u16] {
    match source.name {
        "mollie" => &[200, 400, 401],
        _ => &[400, 401],
    }
}

#[test]
fn every_source_is_attacked() {
    let document = document();
    let paths = document["paths"].as_object().expect("paths").keys();
    let described: BTreeSet<String> = paths
        .filter_map(|path| path.strip_prefix("/webhooks/"))
        .map(|path| path.replace("{token}", "tok"))
        .collect();
    let attacked: BTreeSet<String> = SOURCES.iter().map(|source| source.path.to_owned()).collect();
    assert_eq!(
        described, attacked,
        "a source without a row in tests/attack/webhooks/sources.rs"
    );
}

#[test]
fn only_what_a_source_has_signed_is_believed_and_once() {
    let door = own!(Door::start());
    let mut forged = Tried::of("webhooks, forged, cut short or signed in another way");
    let mut resigned = Tried::of("webhooks, signed with another secret");
    let mut stale = Tried::of("webhooks, too old or ahead of us");
    let mut replayed = Tried::of("webhooks, said again");
    for source in SOURCES {
        let secret = door.secret(source);
        let genuine = (source.sign)(&secret, DAY_S);
        let before = door.rows();
        let refused = |tried: &mut Tried, sent: &Sent| {
            let answer = door.send(source, sent);
            assert!(
                refusals(source).contains(&answer.status),
                "{}: {}: {sent:?}\n{}",
                source.path,
                answer.status,
                answer.text()
            );
            tried.one();
        };
        for sent in anybody(source, &genuine) {
            refused(&mut forged, &sent);
        }
        for sent in (source.tries)(&genuine, &secret, DAY_S) {
            refused(&mut forged, &sent);
        }
        for other in others(&door, source) {
            refused(&mut resigned, &(source.sign)(&other, DAY_S));
        }
        if let Some(oldest_s) = source.oldest_s {
            for at in [
                DAY_S - oldest_s - 60,
                DAY_S + 360,
                DAY_S - 400 * 86_400,
                DAY_S + 400 * 86_400,
                0,
                -DAY_S,
            ] {
                refused(&mut stale, &(source.sign)(&secret, at));
            }
        }
        assert_eq!(
            door.rows(),
            before,
            "{}: what is refused leaves nothing behind",
            source.path
        );

        door.believed(source, &genuine);
        let taken = door.rows();
        let events = |rows: &(i64, Vec<(String, i64)>)| rows.1.iter().map(|(_, count)| count).sum::<i64>();
        assert_eq!(
            events(&taken) - events(&before),
            i64::from(source.keeps),
            "{}",
            source.path
        );
        for _ in 0..3 {
            door.believed(source, &genuine);
            replayed.one();
        }
        assert_eq!(
            door.rows(),
            taken,
            "{}: said again it changes nothing",
            source.path
        );
    }

    // Nor does it two days later, by when most are not even believed.
    door.app.clock("2026-01-15T08:00:00Z");
    let before = door.rows();
    for source in SOURCES {
        let answer = door.send(source, &(source.sign)(&door.secret(source), DAY_S));
        let expected = if source.oldest_s.is_some() { 401 } else { 200 };
        assert_eq!(answer.status, expected, "{}: {}", source.path, answer.text());
        replayed.one();
    }
    assert_eq!(door.rows(), before);
    // Nobody was led elsewhere: only what is ours was asked for.
    for request in door.providers.journal() {
        let path = request.path.split('?').next().unwrap_or_default();
        assert!(
            [
                "/v1/oauth2/token",
                "/v1/notifications/verify-webhook-signature",
                "/cert.pem"
            ]
            .contains(&path)
                || path
                    .strip_prefix("/v2/payments/tr_")
                    .is_some_and(|id| id.bytes().all(|b| b.is_ascii_alphanumeric())),
            "{path}"
        );
    }
}

impl Door {
    fn believed(&self, source: &Source, sent: &Sent) {
        let answer = self.send(source, sent);
        assert_eq!(answer.status, 200, "{}: {sent:?}\n{}", source.path, answer.text());
    }
}

#[test]
fn where_nothing_is_set_nobody_is_believed() {
    let app = own!(App::without_keys());
    app.clock(DAY);
    let mut tried = Tried::of("webhooks of sources that are not set up");
    for source in SOURCES {
        for secret in ["", "whsec_", "null", "undefined", "{{ secret }}", source.secret.1] {
            let sent = (source.sign)(secret, DAY_S);
            let answer = send(&app, source, &sent.body, &sent);
            assert_eq!(
                answer.status,
                401,
                "{} with {secret:?}: {}",
                source.path,
                answer.text()
            );
            tried.one();
        }
    }
}
