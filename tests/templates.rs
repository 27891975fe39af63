//! The words of messages, over the API: one's own over the shipped, versions, what is refused, previews and tests.

use serde_json::{Value, json};

use crate::harness::{App, customer, own, unique};

/// The day after an invoice of the 12th is due.
const DAY: &str = "2026-01-13T09:00:00Z";

fn put(app: &App, template: &str, document: &Value, status: u16) -> Value {
    let path = format!("/v1/templates/{template}");
    app.put(&path).json(document).send(status).json()
}

#[test]
fn every_template_is_listed_and_its_shipped_words_can_be_read() {
    let app = own!(App::start());
    let list = app.get("/v1/templates").send(200).json();
    let data = list["data"].as_array().expect("data");
    assert_eq!(data.len(), 20);
    for template in data {
        let name = template["name"].as_str().expect("a name");
        assert_eq!(
            (&template["tone"], &template["own"]),
            (&json!("neutral"), &json!([]))
        );
        for (locale, channel, block) in [
            ("hi", "sms", "sms"),
            ("fr-CH", "voice", "spoken"),
            ("es", "letter", "opening"),
        ] {
            let path = format!("/v1/templates/{name}?locale={locale}&channel={channel}");
            let shown = app.get(&path).send(200).json();
            assert!(shown["blocks"][block].is_string(), "{shown}");
            assert_eq!((&shown["version"], &shown["own"]), (&json!(0), &Value::Null));
            assert_eq!(shown["blocks"], shown["shipped"]);
        }
    }
    app.get("/v1/templates/nonsense").send(404).problem("not_found");
    app.get("/v1/templates/firm?locale=it")
        .send(400)
        .problem("bad_request");
    app.get("/v1/templates/firm?channel=fax")
        .send(400)
        .problem("bad_request");
}

#[test]
fn own_words_are_sent_from_their_version_on_until_they_are_taken_back() {
    let app = own!(App::start());
    let known = app.new_customer();
    let (_, number) = app.new_invoice(&known, "1250.00", "2026-01-12");
    let document = json!({"channel": "email", "locale": "en", "base_version": 0,
        "blocks": {"subject": "Dear {{ addressee }}: {{ self.numbers() }}", "opening": "{{ overdue_total|money }} <b>now</b>"}});
    let added = put(&app, "friendly", &document, 201);
    assert_eq!(
        (&added["version"], &added["findings"], &added["sms"]),
        (&json!(1), &json!([]), &Value::Null)
    );
    // The same again is the same version; another that builds on none is told.
    let same = json!({"channel": "email", "locale": "en", "blocks": document["blocks"]});
    assert_eq!(put(&app, "friendly", &same, 200)["version"], 1);
    let stale = json!({"channel": "email", "locale": "en", "base_version": 0, "blocks": {"subject": "x"}});
    let path = "/v1/templates/friendly";
    app.put(path).json(&stale).send(409).problem("stale");
    app.clock(DAY);
    app.job("sweep");
    app.job("deliver");
    let messages = app.messages(&known);
    let mail = app.mail(&messages[0]);
    assert_eq!(mail.subject, format!("Dear Ada Braun: invoice {number}"));
    assert!(mail.text.contains("EUR 1,250.00 <b>now</b>"), "{}", mail.text);
    assert!(mail.html.contains("&lt;b&gt;now"), "{}", mail.html);
    assert!(
        mail.text.contains("Would you please arrange"),
        "as shipped: {}",
        mail.text
    );
    // Back to the shipped words, and forth again.
    let revert = |version: u32, status: u16| {
        let path = "/v1/templates/friendly/revert";
        let document = json!({"channel": "email", "locale": "en", "version": version});
        app.post(path).json(&document).send(status)
    };
    assert_eq!(revert(0, 201).json()["blocks"], Value::Null);
    assert_eq!(app.get(path).send(200).json()["own"], Value::Null);
    assert_eq!(revert(1, 201).json()["version"], 3);
    assert_eq!(revert(1, 200).json()["version"], 3);
    assert_eq!(revert(9, 422).pointers(), ["/version"]);
    let versions = app
        .get("/v1/templates/friendly/versions?limit=2")
        .send(200)
        .json();
    let numbers: Vec<&Value> = versions["data"]
        .as_array()
        .expect("data")
        .iter()
        .map(|one| &one["version"])
        .collect();
    assert_eq!(numbers, [&json!(3), &json!(2)]);
    let after = versions["next"].as_str().expect("a cursor");
    let rest = app
        .get(&format!("/v1/templates/friendly/versions?after={after}"))
        .send(200)
        .json();
    assert_eq!(rest["data"][0]["version"], 1);
    let list = app.get("/v1/templates").send(200).json();
    let friendly = list["data"]
        .as_array()
        .expect("data")
        .iter()
        .find(|one| one["name"] == "friendly");
    assert_eq!(
        friendly.expect("a template")["own"],
        json!([{"channel": "email", "tone": "neutral", "locale": "en", "version": 3}])
    );
}

#[test]
fn words_that_may_not_be_sent_are_refused_with_every_reason() {
    let app = own!(App::start());
    let path = "/v1/templates/firm";
    let words = |channel: &str, blocks: Value| json!({"channel": channel, "locale": "en", "blocks": blocks});
    let refused = app
        .put(path)
        .json(&words(
            "email",
            json!({"subject": "{{ nonsense }}", "opening": "{% set x = 1 %}", "sms": "x"}),
        ))
        .send(422);
    refused.problem("invalid");
    assert_eq!(
        refused.pointers(),
        ["/blocks/opening", "/blocks/sms", "/blocks/subject"]
    );
    let refused = app
        .put(path)
        .json(&words("sms", json!({"sms": "Pay now."})))
        .send(422)
        .json();
    let codes: Vec<&Value> = refused["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| &error["code"])
        .collect();
    assert_eq!(codes, [&json!("missing_link"), &json!("missing_opt_out")]);
    let refused = app
        .put(path)
        .json(&json!({"channel": "fax", "locale": "it"}))
        .send(422);
    assert_eq!(refused.pointers(), ["/blocks", "/channel", "/locale"]);
    // A warning is told, and no more.
    let long = format!("{} {{{{ pay_url }}}} STOP", "word ".repeat(100));
    let added = put(&app, "firm", &words("sms", json!({"sms": long})), 201);
    assert_eq!(added["findings"][0]["code"], "many_segments");
    assert_eq!(added["sms"]["encoding"], "GSM-7");
    assert!(added["sms"]["segments"].as_u64().expect("a number") > 3);
    app.put("/v1/templates/nonsense")
        .json(&words("sms", json!({"sms": "x"})))
        .send(404)
        .problem("not_found");
}

#[test]
fn a_preview_speaks_of_what_the_customer_owes_and_of_a_sample_where_it_owes_nothing() {
    let app = own!(App::start());
    let external_id = unique("C");
    let mut document = customer(&external_id);
    document["locale"] = json!("de-CH");
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    let preview = |more: Value| {
        let mut asked = json!({"channel": "email", "locale": "de-CH", "customer": id});
        for (name, value) in more.as_object().into_iter().flatten() {
            asked[name] = value.clone();
        }
        app.post("/v1/templates/firm/preview")
            .json(&asked)
            .send(200)
            .json()
    };
    assert_eq!(preview(json!({}))["of"], "sample");
    let known = crate::harness::Known {
        external_id,
        id: id.clone(),
    };
    let (_, number) = app.new_invoice(&known, "1234.50", "2026-01-02");
    app.clock(DAY);
    let written = preview(json!({}));
    assert_eq!(written["of"], "customer");
    let text = written["text"].as_str().expect("a text");
    assert!(text.contains(&number) && text.contains("EUR 1'234.50"), "{text}");
    assert!(text.contains("/pay/sample"), "a link that leads nowhere: {text}");
    assert!(
        written["parts"]["greeting"]
            .as_str()
            .expect("a greeting")
            .starts_with("Guten Tag")
    );
    // A draft, over another channel.
    let draft = preview(
        json!({"channel": "sms", "blocks": {"sms": "{{ first.number }} {{ pay_url }} {{ self.stop() }}"}}),
    );
    assert!(
        draft["text"].as_str().expect("a text").starts_with(&number),
        "{draft}"
    );
    assert_eq!(draft["sms"]["segments"], 1);
    let nobody = json!({"channel": "sms", "locale": "de", "customer": "cus_01kerpxzmveajww06wkd284ebd"});
    let refused = app.post("/v1/templates/firm/preview").json(&nobody).send(422);
    assert_eq!(refused.pointers(), ["/customer"]);
    // Nothing was kept and nothing queued.
    assert_eq!(
        app.get("/v1/templates/firm?locale=de-CH&channel=sms")
            .send(200)
            .json()["version"],
        0
    );
    assert!(app.messages(&known).is_empty());
}

#[test]
fn a_tone_changes_the_salutation_and_takes_words_of_its_own() {
    let app = own!(App::start());
    let answer = app
        .put("/v1/templates/statement/tone")
        .json(&json!({"tone": "firm"}))
        .send(200)
        .json();
    assert_eq!(
        (&answer["name"], &answer["tone"]),
        (&json!("statement"), &json!("firm"))
    );
    let preview = |tone: &str| {
        let asked = json!({"channel": "letter", "locale": "en", "tone": tone});
        let path = "/v1/templates/statement/preview";
        app.post(path).json(&asked).send(200).json()["parts"]["greeting"].clone()
    };
    assert_eq!(preview("firm"), "Dear Ana Silva,");
    assert_eq!(preview("friendly"), "Hi Ana Silva,");
    let words = json!({"channel": "letter", "locale": "en", "tone": "firm", "blocks": {"greeting": "To {{ addressee }}:"}});
    put(&app, "statement", &words, 201);
    assert_eq!(preview("firm"), "To Ana Silva:");
    assert_eq!(preview("neutral"), "Hello Ana Silva,");
}

#[test]
fn a_test_goes_to_ones_own_side_and_the_customer_gets_nothing() {
    let app = own!(App::start_with(&[
        ("creditor_email", "answers@sandpiper.example"),
        ("sender_email", "receivables@sandpiper.example"),
    ]));
    let known = app.new_customer();
    let (_, number) = app.new_invoice(&known, "1250.00", "2026-01-02");
    app.clock(DAY);
    let path = "/v1/templates/firm/test";
    let asked = json!({"channel": "email", "locale": "en", "customer": known.id});
    let queued = app.post(path).json(&asked).send(202).json();
    assert_eq!(
        (&queued["to"], &queued["of"]),
        (&json!("answers@sandpiper.example"), &json!("customer"))
    );
    let mut elsewhere = asked.clone();
    elsewhere["to"] = json!("ada@nordwind.example");
    assert_eq!(app.post(path).json(&elsewhere).send(422).pointers(), ["/to"]);
    let mut sms = asked.clone();
    sms["channel"] = json!("sms");
    sms["to"] = json!("me@sandpiper.example");
    app.post(path).json(&sms).send(202);
    app.job("deliver");
    let tests: Vec<Value> = app
        .mailbox()
        .into_iter()
        .filter(|mail| {
            mail["subject"]
                .as_str()
                .is_some_and(|subject| subject.starts_with("[Test] "))
        })
        .collect();
    assert_eq!(tests.len(), 2, "{tests:?}");
    let to = |address: &str| {
        tests
            .iter()
            .find(|mail| mail["recipient"] == address || mail["to"] == address)
    };
    let mail = to("answers@sandpiper.example").expect("the email");
    assert_eq!(
        mail["subject"],
        format!("[Test] Overdue: invoice {number} from Accounts receivable")
    );
    assert!(to("me@sandpiper.example").is_some(), "{tests:?}");
    // The step is still to come: a test takes none.
    let messages = app.messages(&known);
    assert!(
        messages.iter().all(|message| message["step"] == "test:firm"),
        "{messages:?}"
    );
    app.job("sweep");
    app.job("deliver");
    let steps = app.messages(&known);
    assert!(
        steps.iter().any(|message| message["step"] != "test:firm"),
        "{steps:?}"
    );
}
