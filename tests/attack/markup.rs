//! Mark-up in text: whatever a field is given, on every page, in every mail and on paper it is a text.
//!
//! The fields are those of the API's description ([`fields`]); pages are read as browsers read them ([`page`]).

use serde_json::{Value, json};

use super::{
    Tried,
    fields::{self, Door},
    page::{self, MARK},
};
use crate::console::sign_in;
use crate::harness::{Answer, App, Known, own, say, unique};

/// Texts that want to be more, each short enough for a name. The last one wants to be evaluated, and read backwards.
const HOSTILE: [&str; 4] = [
    "'\"><xqz onxqz=1 src=//xqz.example>",
    "</style></script></title><svg onload=xqz()>",
    "javascript:xqz()//\" style=xqz:1 onxqz=\"",
    "{{7+191}}xqz{{7+191}}{%include'xqz'%}\u{202e}\u{200b}",
];
/// What would stand where the last one was evaluated.
const EVALUATED: &str = "198xqz198";

/// What a request speaks of: a customer of its own, who owes something.
struct About {
    known: Known,
    invoice: String,
    number: String,
}

impl About {
    fn new(app: &App) -> Self {
        let known = app.new_customer();
        let (invoice, number) = app.new_invoice(&known, "1250.00", "2026-01-09");
        Self {
            known,
            invoice,
            number,
        }
    }

    /// An example of the description, speaking of them, and of nothing that is there already.
    fn example(&self, example: &Value) -> Value {
        let text = example
            .to_string()
            .replace("C-2001", &self.known.external_id)
            .replace("inv_01kerpxzmw76f6s5peagy4mabq", &self.invoice)
            .replace("cus_01kerpxzmveajww06wkd284ebd", &self.known.id)
            .replace("2026-0201", &self.number);
        serde_json::from_str(&text).expect("JSON")
    }
}

/// What a door takes, complete, so that there is a place for each text.
fn document(door: &Door, about: &About) -> Value {
    let mut document = about.example(&door.example);
    match door.path.as_str() {
        "/v1/customers" => {
            document["external_id"] = json!(unique("M"));
            document["contacts"][0]["phone"] = json!("+31 20 555 0100");
            document["contacts"][0]["postal"] = json!({"lines": ["Kade 1", "Achter"], "postal_code": "1011",
                "city": "Amsterdam", "region": "NH", "country": "NL"});
        }
        "/v1/invoices" | "/v1/credit-notes" | "/v1/orders" => document["number"] = json!(unique("M")),
        "/v1/disputes" => document["reason"] = json!("wrong_price"),
        "/v1/payments" => document["reference"] = json!(unique("M")),
        "/v1/payouts" => document["id"] = json!(unique("M")),
        _ => {}
    }
    document
}

/// The path of a door, with what it names made for it; nothing for what only others can make.
fn path(app: &App, doors: &[Door], door: &Door, about: &About) -> Option<String> {
    let (collection, rest) = match door.path.split_once("/{") {
        None => return Some(door.path.clone()),
        Some((collection, rest)) => (collection, rest.split_once('}').map_or("", |(_, rest)| rest)),
    };
    let made = |path: &str, example: &Value, status: u16| {
        let answer = app.post(path).json(example).send(status);
        answer.string("/id")
    };
    let id = match collection {
        "/v1/customers" => about.known.id.clone(),
        "/v1/invoices" => about.invoice.clone(),
        "/v1/document-requests" => {
            let path = format!("/v1/customers/{}/document-requests", about.known.id);
            made(&path, &json!({"what": "a form"}), 201)
        }
        "/v1/dispute-codes" => unique("code"),
        "/v1/intake/mappings" | "/v1/bank-statements/mappings" => unique("m").to_lowercase(),
        "/v1/disputes"
        | "/v1/promises"
        | "/v1/plans"
        | "/v1/tasks"
        | "/v1/payments"
        | "/v1/webhook-endpoints" => {
            let maker = doors
                .iter()
                .find(|maker| maker.path == collection && maker.method == "POST")?;
            made(collection, &document(maker, about), 201)
        }
        _ => return None,
    };
    let rest = rest.replace("{channel}", "sms");
    Some(format!("{collection}/{id}{rest}"))
}

/// Everything that is shown of what was taken.
#[derive(Default)]
struct Seen {
    names: Vec<String>,
    documents: Vec<String>,
}

impl Seen {
    fn page(&mut self, name: impl Into<String>, answer: &Answer) {
        let kind = answer.header("content-type").unwrap_or_default().to_owned();
        if kind.starts_with("text/html") {
            self.document(name, answer.text());
        } else {
            // What is no page is no page to any browser.
            assert!(
                answer.header("x-content-type-options") == Some("nosniff") || answer.bytes().is_empty(),
                "{kind}: {}",
                answer.text()
            );
        }
    }

    fn document(&mut self, name: impl Into<String>, html: String) {
        self.names.push(name.into());
        self.documents.push(html);
    }

    /// How many documents show a hostile text, by what their names begin with.
    fn judge(&self) {
        let Some(all) = page::read(&self.documents) else {
            return;
        };
        let mut breaches = Vec::new();
        for (name, parts) in self.names.iter().zip(&all) {
            breaches.extend(
                parts
                    .breaches()
                    .into_iter()
                    .map(|breach| format!("{name}: {breach}")),
            );
            if parts.text().contains(EVALUATED) {
                breaches.push(format!("{name}: a text was evaluated"));
            }
        }
        assert_eq!(breaches, Vec::<String>::new());
        for kind in ["console", "mailbox", "pay", "mail"] {
            let of_kind = self
                .names
                .iter()
                .zip(&all)
                .filter(|(name, _)| name.split(' ').next() == Some(kind));
            let (mut documents, mut marked) = (0, 0);
            for (_, parts) in of_kind {
                documents += 1;
                marked += usize::from(parts.shows_the_mark());
            }
            assert!(marked > 0, "no hostile text is shown at all: {kind}");
            say(&format!(
                "markup: {kind}: {documents} documents, {marked} with hostile texts in them"
            ));
        }
    }
}

#[test]
fn whatever_a_field_is_given_is_shown_as_a_text() {
    let app = own!(App::start_with(&[
        (
            "webhook_signing_keys",
            "a-signing-key-of-thirty-two-bytes-at-least"
        ),
        ("creditor_name", "Sandpiper <Tools> & \"Sons\""),
    ]));
    let (doors, mut tried) = (fields::doors(), Tried::of("hostile texts in fields of the API"));
    let (mut customers, mut accepted) = (Vec::new(), 0);
    for door in &doors {
        for place in &door.places {
            for text in HOSTILE {
                let about = About::new(&app);
                let Some(path) = path(&app, &doors, door, &about) else {
                    continue;
                };
                let mut body = document(door, &about);
                fields::put(&mut body, place, text);
                let answer = app.call(&door.method, &path).json(&body).answer();
                assert!(
                    answer.status < 500,
                    "{} {path} {place}: {}",
                    door.method,
                    answer.text()
                );
                tried.one();
                if answer.status < 300 {
                    accepted += 1;
                    customers.push(about.known.id);
                    let id = answer.json()["id"].as_str().unwrap_or_default().to_owned();
                    if id.starts_with("cus_") && door.path == "/v1/customers" {
                        let external_id = body["external_id"].as_str().unwrap_or_default();
                        let document =
                            crate::harness::invoice(&unique("R"), external_id, "10.00", "2026-01-09");
                        app.post("/v1/invoices").json(&document).send(201);
                        customers.push(id);
                    }
                }
            }
            for text in [format!("a\0{MARK}"), MARK.repeat(50_000)] {
                let about = About::new(&app);
                let Some(path) = path(&app, &doors, door, &about) else {
                    continue;
                };
                let mut body = document(door, &about);
                fields::put(&mut body, place, &text);
                let answer = app.call(&door.method, &path).json(&body).answer();
                assert!(
                    (400..500).contains(&answer.status),
                    "{} {path} {place}: a text of {} bytes, one of them perhaps NUL: {}",
                    door.method,
                    text.len(),
                    answer.status
                );
                tried.one();
            }
        }
    }
    say(&format!("markup: {} doors, {accepted} texts taken", doors.len()));
    assert!(
        accepted > 150,
        "{accepted} texts were taken: the test shows nothing"
    );
    // Who is sure to get mail with such texts in it.
    for text in HOSTILE {
        let external_id = unique("M");
        let mut document = crate::harness::customer(&external_id);
        document["name"] = json!(text);
        document["contacts"][0]["name"] = json!(text);
        if app.post("/v1/customers").json(&document).answer().status == 201 {
            let number = format!("{MARK} {}", unique("R"));
            let document = crate::harness::invoice(&number, &external_id, "10.00", "2026-01-09");
            app.post("/v1/invoices").json(&document).send(201);
        }
    }
    judge(&app, &customers, &mut tried);
}

/// Looks at every page and message that speaks of these customers.
fn judge(app: &App, customers: &[String], tried: &mut Tried) {
    let mut seen = Seen::default();
    let cookie = sign_in(app, &app.admin_key);
    for id in customers {
        seen.page(
            format!("console {id}"),
            &as_person(app, &cookie, &format!("/console/customers/{id}")),
        );
        let link = json!({"customer": {"id": id}});
        let link = app.post("/v1/payment-links").json(&link).answer();
        if link.status == 201 {
            let url = link.string("/url");
            let path = url.find("/pay/").map_or("", |at| &url[at..]).to_owned();
            seen.page(format!("pay {id}"), &app.get(&path).anonymous().send(200));
        }
    }
    app.clock("2026-01-13T09:00:00Z");
    app.job("risk");
    while app.job("sweep")["more"] == true {}
    while app.job("deliver")["more"] == true {}
    // A day later the session is over.
    let cookie = sign_in(app, &app.admin_key);
    let console = |path: &str| as_person(app, &cookie, path);
    seen.page("console home", &console("/console"));
    seen.page("console customers", &console("/console/customers"));
    seen.page("console mailbox", &console("/console/mailbox"));
    for mail in mails(app) {
        let id = mail["id"].as_str().expect("an id");
        let html = mail["html"].as_str().expect("a mail").to_owned();
        if let Some((_, token)) = html.split_once("/unsubscribe/") {
            let token: String = token
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
                .collect();
            let page = app.get(&format!("/unsubscribe/{token}")).anonymous().answer();
            seen.page(format!("unsubscribe {id}"), &page);
        }
        seen.document(format!("mail {id}"), html);
        seen.page(
            format!("mailbox {id}"),
            &console(&format!("/console/mailbox/{id}")),
        );
    }
    let hostile = "%3Cxqz%20onxqz%3D1%3E%22%27%3E%3Csvg%20onload%3Dxqz%28%29%3E";
    for place in [
        "",
        "console/",
        "console/customers/",
        "console/mailbox/",
        "pay/",
        "unsubscribe/",
        "docs/",
        "v1/",
        "sandbox/checkout/",
    ] {
        seen.page(format!("error {place}"), &console(&format!("/{place}{hostile}")));
        tried.one();
    }
    for place in [
        "console",
        "console/customers",
        "docs",
        "pay/x",
        "unsubscribe/x",
        "v1/invoices",
    ] {
        seen.page(
            format!("error {place}"),
            &console(&format!("/{place}?{hostile}={hostile}&after={hostile}")),
        );
        tried.one();
    }
    let wrong = app
        .post("/console/login")
        .anonymous()
        .form(&[("key", HOSTILE[0])]);
    seen.page("error login", &wrong.answer());
    seen.page("docs", &app.get("/docs").anonymous().send(200));
    seen.judge();
}

fn as_person(app: &App, cookie: &str, path: &str) -> Answer {
    app.get(path).anonymous().header("cookie", cookie).answer()
}

/// Every mail that says anything of what was sent, from all pages of the mailbox.
fn mails(app: &App) -> Vec<Value> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("/v1/mailbox?limit=500{after}")).send(200).json();
        let data = page["data"].as_array().expect("data").iter();
        found.extend(data.filter(|mail| mail.to_string().contains(MARK)).cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

/// Names of PDF by which a document does something, or has something fetched (ISO 32000-2, 12.6.4 and 7.11).
const DOES: [&str; 9] = [
    "/JavaScript",
    "/JS",
    "/Launch",
    "/OpenAction",
    "/AA",
    "/SubmitForm",
    "/ImportData",
    "/RichMedia",
    "/GoToR",
];

#[test]
fn paper_says_it_and_does_nothing() {
    let app = own!(App::start());
    let mut tried = Tried::of("hostile texts on paper");
    let texts = [
        "xqz) Tj ET << /S /JavaScript /JS (xqz) >>",
        "xqz>> endobj 99 0 obj << /OpenAction",
        "\u{202e}xqz\u{200b}\u{fffd}\\)\\(",
        "javascript:xqz()",
    ];
    for text in texts {
        let key = unique("C");
        let mut customer = crate::harness::customer(&key);
        customer["name"] = json!(text);
        customer["contacts"][0]["name"] = json!(text);
        customer["contacts"][0]["postal"] =
            json!({"lines": [text], "postal_code": "1010", "city": text, "country": "AT"});
        let id = app.post("/v1/customers").json(&customer).send(201).string("/id");
        let number = format!("{text} {}", unique("R"));
        let mut invoice = crate::harness::invoice(&number, &key, "10.00", "2026-01-09");
        invoice["po_number"] = json!(text);
        app.post("/v1/invoices").json(&invoice).send(201);
        let paper = app.get(&format!(
            "/v1/customers/{id}/statement.pdf?from=2025-12-01&to=2026-01-12"
        ));
        let paper = paper.send(200);
        let whole = String::from_utf8_lossy(paper.bytes()).into_owned();
        assert!(whole.starts_with("%PDF-"));
        // What is in a stream is drawn, and is packed besides.
        let outside = |part: &str| {
            part.split_once("\nstream")
                .map_or(part, |(before, _)| before)
                .to_owned()
        };
        let names: String = whole.split("endstream").map(outside).collect();
        for does in DOES {
            let found = names.match_indices(does).find(|(at, _)| {
                // A name ends where no letter follows: `/AAPL` is another.
                !names[at + does.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
            });
            assert!(found.is_none(), "{text}: {does}");
        }
        tried.one();
    }
}
