//! What a page of somebody else's could have a visitor's browser do: frame us, post to us, lead through us, read what was
//! cached. Every page there is, whoever may see it.

use serde_json::json;

use super::tokens::unsubscribing;
use crate::attack::Tried;
use crate::console::sign_in;
use crate::harness::{Answer, App, Call, own};
use crate::openapi::{document, operations};

/// An app with something on every page, and who is signed in.
struct Site {
    app: App,
    cookie: String,
    /// Address of a page, and whether it is the console's.
    pages: Vec<(String, bool)>,
}

impl Site {
    fn start() -> Self {
        let app = App::start();
        let (token, customer) = unsubscribing(&app);
        let customer = customer.as_str().expect("an id");
        let link = app
            .post("/v1/payment-links")
            .json(&json!({"customer": {"id": customer}}))
            .send(201)
            .string("/url");
        let onward = app.post(&link).anonymous().form(&[]).send(303);
        let checkout = onward.header("location").expect("a location").to_owned();
        let mail = app.mailbox()[0]["id"].as_str().expect("an id").to_owned();
        let own = |path: &str| path.replace(&app.url(), "");
        let public = [
            own(&link),
            format!("{}?returned=1", own(&link)),
            "/pay/nobody".to_owned(),
            own(&checkout),
            format!("/unsubscribe/{token}"),
            "/unsubscribe/nobody".to_owned(),
            "/docs".to_owned(),
            "/console".to_owned(),
        ];
        let console = [
            "/console".to_owned(),
            "/console/customers".to_owned(),
            format!("/console/customers/{customer}"),
            "/console/customers/cus_00000000000000000000000000".to_owned(),
            "/console/mailbox".to_owned(),
            format!("/console/mailbox/{mail}"),
            "/console/mailbox/nothing".to_owned(),
            "/console/nothing".to_owned(),
        ];
        let pages = public
            .map(|page| (page, false))
            .into_iter()
            .chain(console.map(|page| (page, true)))
            .collect();
        let cookie = sign_in(&app, &app.admin_key);
        Self { app, cookie, pages }
    }

    fn get(&self, page: &(String, bool)) -> Call<'_> {
        let call = self.app.get(&page.0).anonymous();
        if page.1 {
            call.header("cookie", &self.cookie)
        } else {
            call
        }
    }
}

fn is_page(answer: &Answer) -> bool {
    answer
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("text/html"))
}

#[track_caller]
fn guarded(what: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy").expect("a policy");
    for word in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(word), "{what}: {policy}");
    }
    for word in [
        "script-src",
        "'unsafe-inline'",
        "'unsafe-eval'",
        "data:",
        "http:",
        "https:",
        "*",
    ] {
        assert!(!policy.contains(word), "{what}: {word} in {policy}");
    }
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{what}");
    }
    assert_eq!(answer.header("access-control-allow-origin"), None, "{what}");
    let text = answer.text().to_lowercase();
    for word in [
        "<script",
        "javascript:",
        " onclick=",
        " onload=",
        " onerror=",
        "<base",
        "<object",
        "<embed",
        "http-equiv",
    ] {
        assert!(!text.contains(word), "{what}: {word} in {text}");
    }
}

#[test]
fn every_page_is_guarded() {
    let site = own!(Site::start());
    let mut tried = Tried::of("pages that could be framed, scripted, cached or betrayed by their address");
    let mut nonces = std::collections::BTreeSet::new();
    for page in &site.pages {
        let mut answers = vec![site.get(page).answer()];
        answers.push(site.get(page).header("accept-language", "de").answer());
        for answer in answers {
            assert!(is_page(&answer), "{}: {}", page.0, answer.text());
            guarded(&page.0, &answer);
            let policy = answer.header("content-security-policy").expect("a policy");
            let (_, nonce) = policy.split_once("'nonce-").expect("a nonce");
            assert!(
                nonces.insert(nonce.split('\'').next().map(str::to_owned)),
                "{}: a nonce again",
                page.0
            );
            tried.one();
        }
    }
    // And what a form that is refused is answered with.
    let pages: Vec<&str> = site.pages.iter().map(|(path, _)| path.as_str()).collect();
    for (path, form) in [
        (pages[0], &[("amount", "nonsense")][..]),
        (pages[0], &[("method", "nonsense")]),
        (pages[2], &[]),
        (pages[4], &[("channel", "nonsense")]),
        (pages[5], &[]),
        ("/console/login", &[("key", "nonsense")]),
        ("/console/login", &[]),
    ] {
        let answer = site.app.post(path).anonymous().form(form).answer();
        if is_page(&answer) {
            guarded(path, &answer);
        }
        assert!(answer.status != 303 || form[0].1 == "nonsense", "{path}");
        tried.one();
    }
    // Every operation that the description calls a page is one of these.
    let walked = |path: &str| {
        let start = path.split('{').next().unwrap_or(path);
        pages.iter().any(|page| page.starts_with(start))
    };
    for (path, method, operation) in operations(&document()) {
        if operation["responses"]["200"]["content"]["text/html"].is_object() && method == "GET" {
            assert!(walked(&path), "{path} is a page that nobody looks at here");
        }
    }
}

#[test]
fn what_is_no_page_is_not_shown_and_not_kept() {
    let site = own!(Site::start());
    let app = &site.app;
    let mut tried = Tried::of("answers that a browser could show or keep");
    for path in [
        "/v1/customers",
        "/v1/mailbox",
        "/v1/api-keys",
        "/health",
        "/openapi.json",
        "/nothing",
        "/v1/nothing",
        "/internal/risk",
    ] {
        for call in [app.get(path), app.get(path).anonymous(), app.post(path)] {
            let answer = call.header("origin", "https://evil.example").answer();
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
            assert!(!is_page(&answer), "{path}");
            tried.one();
        }
    }
}

#[test]
fn another_site_changes_nothing() {
    let site = own!(Site::start());
    let app = &site.app;
    let mut tried = Tried::of("forms of other sites");
    for from in ["cross-site", "same-site"] {
        for path in ["/console/login", "/console/logout"] {
            let form = app
                .post(path)
                .anonymous()
                .header("cookie", &site.cookie)
                .header("sec-fetch-site", from);
            form.form(&[("key", &app.admin_key)])
                .send(403)
                .problem("forbidden");
            tried.one();
        }
    }
    let home = app
        .get("/console")
        .anonymous()
        .header("cookie", &site.cookie)
        .send(200)
        .text();
    assert!(!home.contains("type=\"password\""), "it was signed out");
    // The cookie opens nothing but the console's pages, which change nothing.
    for (path, method, operation) in operations(&document()) {
        if method == "GET" || !path.starts_with("/v1/") {
            continue;
        }
        let target = crate::openapi::filled(&document(), &path, &operation);
        let call = app
            .call(&method, &target)
            .anonymous()
            .header("cookie", &site.cookie);
        call.header("origin", "https://evil.example").send(401);
        tried.one();
    }
    for (page, _) in site.pages.iter().filter(|(_, console)| *console) {
        for method in ["POST", "PUT", "DELETE"] {
            let answer = app
                .call(method, page)
                .anonymous()
                .header("cookie", &site.cookie)
                .answer();
            assert!(
                [404, 405].contains(&answer.status),
                "{method} {page}: {}",
                answer.status
            );
            tried.one();
        }
    }
}

#[test]
fn the_cookie_is_the_consoles_alone() {
    let mut tried = Tried::of("ways to a session");
    for (public_url, secure) in [
        ("https://pay.sandpiper.example", true),
        ("http://127.0.0.1:3000", false),
    ] {
        let app = own!(App::start_with(&[("public_url", public_url)]));
        let form = || {
            app.post("/console/login")
                .anonymous()
                .form(&[("key", &app.admin_key)])
        };
        // One that was brought along is not taken over.
        let fixed = form()
            .header("cookie", "dunlin_session=AAAAAAAAAAAAAAAAAAAAAA")
            .send(303);
        let (first, second) = (form().send(303), fixed);
        let text = |answer: &Answer| answer.header("set-cookie").expect("a cookie").to_owned();
        let (first, second) = (text(&first), text(&second));
        assert_ne!(first, second);
        assert!(!second.contains("AAAAAAAAAAAA"), "{second}");
        for cookie in [&first, &second] {
            for flag in ["; HttpOnly", "; SameSite=Strict", "; Path=/console", "; Max-Age="] {
                assert!(cookie.contains(flag), "{flag}: {cookie}");
                tried.one();
            }
            assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
        // Who signs out is out, also whoever has kept the cookie.
        let pair = first.split(';').next().expect("a pair");
        app.post("/console/logout")
            .anonymous()
            .header("cookie", pair)
            .send(303);
        let page = app
            .get("/console")
            .anonymous()
            .header("cookie", pair)
            .send(200)
            .text();
        assert!(page.contains("type=\"password\""), "{page}");
        tried.one();
    }
}

#[test]
fn nobody_is_led_elsewhere() {
    let site = own!(Site::start());
    let app = &site.app;
    let mut tried = Tried::of("redirects to where an address says");
    let elsewhere = [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "%2f%2fevil.example",
    ];
    let names = [
        "next",
        "return",
        "returned",
        "return_to",
        "redirect",
        "url",
        "continue",
        "success_url",
        "cancel_url",
    ];
    let link = site.pages[0].0.clone();
    for target in elsewhere {
        for name in names {
            for (method, path) in [
                ("GET", "/"),
                ("POST", "/console/login"),
                ("POST", "/console/logout"),
                ("POST", link.as_str()),
                ("GET", &link),
            ] {
                let call = app.call(method, &format!("{path}?{name}={target}")).anonymous();
                let call = if method == "POST" {
                    call.form(&[("key", &app.admin_key), (name, target)])
                } else {
                    call
                };
                let answer = call.answer();
                if let Some(location) = answer.header("location") {
                    let own = location.starts_with("/console")
                        || location.starts_with(&app.url())
                        || location.starts_with("http://127.0.0.1:3000/");
                    assert!(
                        own && !location.contains("evil"),
                        "{path}?{name}={target}: {location}"
                    );
                }
                if is_page(&answer) {
                    assert!(!answer.text().contains("evil.example"), "{path}?{name}={target}");
                }
                tried.one();
            }
        }
        let path = format!("/{target}");
        let answer = app.get(&path).anonymous().answer();
        assert!(
            answer
                .header("location")
                .is_none_or(|location| !location.contains("evil")),
            "{path}"
        );
        tried.one();
    }
}
