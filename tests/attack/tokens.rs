//! Who guesses: what is unknown, expired, revoked and no token at all looks the same, and who goes on is made to wait,
//! also after a restart. Whoever has the real one is never refused.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::attack::Tried;
use crate::harness::{Answer, App, Call, own, unique};

/// How many attempts may fail: of an address, and of what begins alike.
const OF_ADDRESS: usize = 60;
const OF_PREFIX: usize = 20;

fn link(app: &App, more: Value) -> (String, String) {
    let known = app.new_customer();
    app.new_invoice(&known, "50.00", "2026-02-09");
    let mut body = json!({"customer": {"id": known.id}});
    body.as_object_mut()
        .expect("an object")
        .extend(more.as_object().expect("an object").clone());
    let made = app.post("/v1/payment-links").json(&body).send(201);
    let url = made.string("/url");
    let token = url.rsplit('/').next().expect("a token").to_owned();
    (made.string("/id"), token)
}

/// A token to be unsubscribed with, out of a message that was delivered.
pub(super) fn unsubscribing(app: &App) -> (String, Value) {
    let known = app.new_customer();
    app.new_invoice(&known, "75.00", "2026-01-09");
    app.job("sweep");
    app.clock("2026-01-13T09:00:00Z");
    app.job("sweep");
    app.job("deliver");
    let message = app
        .messages(&known)
        .into_iter()
        .find(|message| message["status"] == "sent");
    let message = message.expect("a message that left");
    let mail = app.mail(&message);
    let all = format!("{} {}", mail.text, mail.html);
    let (_, rest) = all.split_once("/unsubscribe/").expect("a way to unsubscribe");
    let token = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    (token, json!(known.id))
}

/// All that a visitor sees of an answer, but what differs each time by design.
fn seen(answer: &Answer) -> String {
    let mut text = answer.text();
    let nonce = answer.header("content-security-policy").and_then(|policy| {
        let (_, rest) = policy.split_once("'nonce-")?;
        Some(rest.split('\'').next()?.to_owned())
    });
    let mut headers: Vec<String> = [
        "content-type",
        "content-length",
        "cache-control",
        "content-security-policy",
        "www-authenticate",
        "set-cookie",
        "retry-after",
        "x-content-type-options",
        "referrer-policy",
        "x-frame-options",
        "location",
        "etag",
        "vary",
    ]
    .iter()
    .map(|name| format!("{name}: {}", answer.header(name).unwrap_or("-")))
    .collect();
    if let Some(nonce) = nonce {
        text = text.replace(&nonce, "NONCE");
        headers
            .iter_mut()
            .for_each(|line| *line = line.replace(&nonce, "NONCE"));
    }
    if let Ok(mut problem) = serde_json::from_str::<Value>(&text) {
        problem["request_id"] = Value::Null;
        text = problem.to_string();
    }
    format!("{}\n{}\n{text}", answer.status, headers.join("\n"))
}

/// Everything that is nobody's token, in the shapes that people try.
fn wrong(token: &str) -> Vec<String> {
    let mut flipped: Vec<String> = (0..token.len())
        .map(|at| {
            let mut letters: Vec<char> = token.chars().collect();
            letters[at] = if letters[at] == 'A' { 'B' } else { 'A' };
            letters.into_iter().collect()
        })
        .collect();
    flipped.extend([
        token[..token.len() - 1].to_owned(),
        format!("{token}A"),
        format!("{token}="),
        format!("{token}%00"),
        format!("{token}%20"),
        format!("{token}%0a"),
        format!("%20{token}"),
        token.to_lowercase(),
        token.to_uppercase(),
        "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "%27%20OR%201=1--".to_owned(),
        "null".to_owned(),
        "..%2f..%2fhealth".to_owned(),
        "%ff%fe".to_owned(),
        "x".repeat(4_000),
    ]);
    flipped.retain(|other| other != token);
    flipped
}

/// A GET and the POST that a browser's form makes, by nobody.
fn both<'a>(app: &'a App, door: &str, token: &str) -> [Call<'a>; 2] {
    let path = format!("/{door}/{token}");
    let form: &[(&str, &str)] = if door == "pay" {
        &[]
    } else {
        &[("List-Unsubscribe", "One-Click")]
    };
    [app.get(&path).anonymous(), app.post(&path).anonymous().form(form)]
}

#[test]
fn what_is_unknown_expired_revoked_or_no_token_looks_the_same() {
    let app = own!(App::start());
    let mut tried = Tried::of("tokens and keys that do not work, told apart");
    let (_, expired) = link(&app, json!({"expires_at": "2026-01-12T10:00:00Z"}));
    let (id, revoked) = link(&app, json!({}));
    app.post(&format!("/v1/payment-links/{id}/revoke")).send(200);
    let (_, open) = link(&app, json!({}));
    let (unsubscribe, _) = unsubscribing(&app);
    let mut now: DateTime<Utc> = "2026-01-13T10:00:00Z".parse().expect("an instant");
    for (door, own, others) in [
        ("pay", &open, vec![expired, revoked]),
        ("unsubscribe", &unsubscribe, vec![open.clone()]),
    ] {
        let [page, _] = both(&app, door, own);
        page.send(200);
        let expected = both(&app, door, "q83vEjRWeJCrze8SNFZ4kA").map(|call| seen(&call.send(404)));
        for (number, token) in others.into_iter().chain(wrong(own)).enumerate() {
            // Many of these begin alike: time passes between them, or they would have to wait.
            if number % 4 == 0 {
                now += TimeDelta::minutes(16);
                app.clock(&now.to_rfc3339_opts(SecondsFormat::Secs, true));
            }
            let found = both(&app, door, &token).map(|call| seen(&call.answer()));
            assert_eq!(found, expected, "{door}/{token}");
            tried.one();
        }
        // And what is somebody's still works.
        let [page, _] = both(&app, door, own);
        page.send(200);
    }

    let key = |scopes: &[&str]| {
        let made = app
            .post("/v1/api-keys")
            .json(&json!({"name": unique("key"), "scopes": scopes}))
            .send(201);
        (made.string("/id"), made.string("/key"))
    };
    let (id, revoked) = key(&["read"]);
    app.delete(&format!("/v1/api-keys/{id}")).send(200);
    let (_, open) = key(&["read"]);
    let unknown = format!("dk_01kez00000000000000000000_{}", "A".repeat(22));
    let expected = seen(&app.get("/v1/invoices").key(&unknown).send(401));
    let (public, secret) = open.rsplit_once('_').expect("a secret");
    let (of_revoked, _) = revoked.rsplit_once('_').expect("a secret");
    for token in [
        revoked.clone(),
        format!("{of_revoked}_{secret}"),
        format!("{public}_"),
        public.to_owned(),
        format!("{public}_{secret}x"),
        open.to_uppercase(),
        open.replace("dk_", "sk_"),
        format!("dk__{secret}"),
        "dk_".to_owned(),
        "nobody".to_owned(),
        format!("{} {open}", app.admin_key),
        format!("{open},{open}"),
        app.cron_key.clone(),
        app.sandbox_secret.clone(),
        app.admin_key[1..].to_owned(),
        format!("{}0", app.admin_key),
        app.admin_key.to_uppercase(),
    ] {
        assert_eq!(
            seen(&app.get("/v1/invoices").key(&token).answer()),
            expected,
            "{token}"
        );
        tried.one();
    }
    app.get("/v1/invoices").key(&open).send(200);
}

/// From an address, as the one proxy in front of the app has it.
fn from<'a>(call: Call<'a>, address: &str) -> Call<'a> {
    call.header("x-forwarded-for", address)
}

#[test]
fn an_address_that_guesses_is_made_to_wait_and_nobody_else_is() {
    let mut app = own!(App::start_with(&[("proxies_in_front", "1")]));
    let mut tried = Tried::of("guesses from one address");
    let (_, open) = link(&app, json!({}));
    let guess = |app: &App, address: &str, number: usize| {
        let token = format!("{number:0>4}{:A<18}", number * 7_919 % 9_973);
        from(app.get(&format!("/pay/{token}")).anonymous(), address).answer()
    };
    for number in 0..OF_ADDRESS {
        assert_eq!(guess(&app, "203.0.113.9", number).status, 404, "{number}");
        tried.one();
    }
    let refused = |app: &App, address: &str| {
        let answer = guess(app, address, 99);
        assert_eq!(answer.status, 429, "{address}: {}", answer.text());
        let wait: i64 = answer
            .header("retry-after")
            .expect("a time")
            .parse()
            .expect("seconds");
        assert!((1..=901).contains(&wait), "{wait}");
        // The page is the one of a link that leads nowhere.
        assert!(answer.text().starts_with("<!doctype html>"), "{}", answer.text());
    };
    refused(&app, "203.0.113.9");
    // What the sender writes before its proxy's word changes nothing, and neither does what the host says of itself.
    for forged in [
        "198.51.100.1, 203.0.113.9",
        "127.0.0.1,203.0.113.9",
        "203.0.113.9:443",
        "unknown, 203.0.113.9",
    ] {
        refused(&app, forged);
        tried.one();
    }
    let forged = app
        .get("/pay/nothing")
        .anonymous()
        .header("spin-client-addr", "198.51.100.1:1");
    assert_eq!(from(forged, "203.0.113.9").answer().status, 429);
    // Every door is the same to it.
    let knock = |app: &App, expected| {
        from(app.get("/unsubscribe/nothing").anonymous(), "203.0.113.9").send(expected);
        from(app.get("/v1/invoices").key("nobody"), "203.0.113.9").send(expected);
        from(app.get("/internal/sweep").key("nobody"), "203.0.113.9").send(expected);
        let form = app.post("/console/login").anonymous().form(&[("key", "nobody")]);
        from(form, "203.0.113.9").send(expected);
    };
    knock(&app, 429);
    let problem = from(app.get("/v1/invoices").key("nobody"), "203.0.113.9").send(429);
    problem.problem("too_many_attempts");
    // Whoever has something is let in from there, and others are not its neighbours' keepers.
    let honest = |app: &App| {
        from(app.get(&format!("/pay/{open}")).anonymous(), "203.0.113.9").send(200);
        from(app.get("/v1/invoices"), "203.0.113.9").send(200);
        from(app.get("/internal/risk").key(&app.cron_key), "203.0.113.9").send(200);
    };
    honest(&app);
    assert_eq!(guess(&app, "203.0.113.10", 1).status, 404);
    assert_eq!(guess(&app, "2001:db8::1", 1).status, 404);

    // A virtual clock goes on where it was last set, without the moments between looks at it.
    app.clock("2026-01-12T09:01:00Z");
    app.restart();
    refused(&app, "203.0.113.9");
    app.crash();
    refused(&app, "203.0.113.9");
    honest(&app);
    app.clock("2026-01-12T09:20:00Z");
    assert_eq!(guess(&app, "203.0.113.9", 5).status, 404);
}

#[test]
fn a_network_of_addresses_is_one() {
    let app = own!(App::start_with(&[("proxies_in_front", "1")]));
    let mut tried = Tried::of("guesses from a network");
    for number in 0..OF_ADDRESS {
        let token = format!("{number:0>4}{:B<18}", number * 7_919 % 9_973);
        let address = format!("2001:db8:5:6::{number:x}");
        from(app.get(&format!("/pay/{token}")).anonymous(), &address).send(404);
        tried.one();
    }
    from(app.get("/pay/nothing").anonymous(), "2001:db8:5:6:ffff::1").send(429);
    from(app.get("/pay/nothing").anonymous(), "2001:db8:5:7::1").send(404);
}

#[test]
fn what_begins_like_a_token_is_guessed_a_few_times_from_wherever() {
    let app = own!(App::start_with(&[("proxies_in_front", "1")]));
    let mut tried = Tried::of("guesses of one token and one key from many addresses");
    let (_, open) = link(&app, json!({}));
    let address = |number: usize| format!("198.51.{}.{}", number / 250, number % 250 + 1);
    for number in 0..OF_PREFIX {
        let token = format!("{}{number:C<14}", &open[..8]);
        from(app.get(&format!("/pay/{token}")).anonymous(), &address(number)).send(404);
        tried.one();
    }
    let token = format!("{}{:C<14}", &open[..8], 77);
    from(app.get(&format!("/pay/{token}")).anonymous(), "192.0.2.1").send(429);
    from(app.get(&format!("/pay/{open}")).anonymous(), "192.0.2.1").send(200);

    let made = app
        .post("/v1/api-keys")
        .json(&json!({"name": "ERP", "scopes": ["read"]}))
        .send(201);
    let key = made.string("/key");
    let (public, _) = key.rsplit_once('_').expect("a secret");
    for number in 0..OF_PREFIX {
        let wrong = format!("{public}_{number:D<22}");
        from(app.get("/v1/invoices").key(&wrong), &address(100 + number)).send(401);
        tried.one();
    }
    let answer = from(
        app.get("/v1/invoices").key(&format!("{public}_{:D<22}", 77)),
        "192.0.2.2",
    )
    .send(429);
    answer.problem("too_many_attempts");
    from(app.get("/v1/invoices").key(&key), "192.0.2.2").send(200);
}

#[test]
fn a_key_that_can_be_guessed_opens_nothing_while_somebody_guesses() {
    let mut app = own!(App::start_with(&[("proxies_in_front", "1")]));
    let mut tried = Tried::of("guesses of a short key");
    app.admin_key = "sesame".to_owned();
    app.restart();
    from(app.get("/v1/invoices"), "203.0.113.9").send(200);
    for number in 0..OF_ADDRESS {
        from(
            app.get("/v1/invoices").key(&format!("sesam{number}")),
            "203.0.113.9",
        )
        .send(401);
        tried.one();
    }
    // Who tries on does not learn that it has found it; others go on with it.
    from(app.get("/v1/invoices"), "203.0.113.9").send(429);
    from(app.get("/v1/invoices"), "203.0.113.10").send(200);
}
