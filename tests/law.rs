//! The law of contacts, over the API: whether one may call, what customers say of it, a person's data.

use serde_json::{Value, json};

use crate::harness::{App, Known, customer, own, unique};

/// A consumer in New York.
#[track_caller]
fn consumer(app: &App) -> Known {
    let external_id = unique("C");
    let mut document = customer(&external_id);
    document["kind"] = json!("consumer");
    document["country"] = json!("US");
    document["region"] = json!("NY");
    document["time_zone"] = json!("America/New_York");
    document["contacts"] = json!([{"name": "Ada Braun", "role": "billing", "email": format!("{external_id}@braun.example"),
        "phone": "+1 212 555 0100"}]);
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    Known { external_id, id }
}

/// The verdict, the rule's id and until when.
#[track_caller]
fn may(app: &App, known: &Known, query: &str) -> (String, Value, Value) {
    let path = format!("/v1/customers/{}/may-contact?{query}", known.id);
    let answer = app.get(&path).send(200);
    let document = answer.json();
    (
        answer.string("/verdict"),
        document["rule"]["id"].clone(),
        document["until"].clone(),
    )
}

#[track_caller]
fn kinds(app: &App, known: &Known) -> Vec<String> {
    let path = format!("/v1/customers/{}/timeline?limit=500", known.id);
    let timeline = app.get(&path).send(200).json();
    let entries = timeline["data"].as_array().expect("data").iter();
    entries
        .map(|entry| entry["kind"].as_str().expect("a kind").to_owned())
        .collect()
}

/// 12 CFR 1006.6(b)(1)(i) and 1006.14(b)(2)(i)(B): not before eight, and not for a week after a conversation.
#[test]
fn a_person_knows_before_dialling_whether_they_may() {
    let app = own!(App::start());
    let known = consumer(&app);
    let settings = json!({"creditor_role": "original_creditor", "consumer_rules": true});
    let rules = app.put("/v1/contact-rules").json(&settings).send(200).json();
    assert_eq!(rules["settings"]["consumer_rules"], true);
    assert_eq!(app.get("/v1/contact-rules").send(200).json(), rules);
    assert!(rules["rules"].as_array().expect("rules").len() > 20);

    let call = "channel=voice&purpose=collection&by=person";
    let (verdict, rule, until) = may(&app, &known, call);
    assert_eq!(
        (verdict.as_str(), rule, until),
        ("defer", json!("hours_us"), json!("2026-01-12T13:00:00Z"))
    );
    // Who asks has contacted nobody, and was kept from nobody.
    assert!(!kinds(&app, &known).contains(&"contact_refused".to_owned()));
    app.clock("2026-01-12T13:00:00Z");
    assert_eq!(may(&app, &known, call).0, "allow");
    // A machine needs consent.
    let machine = "channel=voice&purpose=collection";
    assert_eq!(may(&app, &known, machine).1, "consent_missing");

    let spoken = json!({"customer": {"id": known.id}, "outcome": "done", "text": "She will see to it."});
    app.post("/v1/calls").json(&spoken).send(201);
    let (verdict, rule, until) = may(&app, &known, call);
    assert_eq!(
        (verdict.as_str(), rule, until),
        (
            "defer",
            json!("days_after_conversation"),
            json!("2026-01-19T13:00:00Z")
        )
    );
    let record = app
        .get(&format!("/v1/customers/{}/contact-record", known.id))
        .send(200)
        .json();
    assert_eq!(record["calls"][0]["conversation"], true);
    app.clock("2026-01-19T13:00:00Z");
    assert_eq!(may(&app, &known, call).0, "allow");

    // A debt collector gives the validation notice first.
    app.put("/v1/contact-rules")
        .json(&json!({"creditor_role": "debt_collector"}))
        .send(200);
    let email = "channel=email&purpose=collection";
    assert_eq!(may(&app, &known, email).1, "validation_notice");
    let notice = format!("/v1/customers/{}/validation-notice", known.id);
    app.post(&notice).json(&json!({"how": "letter"})).send(200);
    assert_eq!(may(&app, &known, email).0, "allow");
    app.delete(&notice).send(200);
    assert_eq!(may(&app, &known, email).1, "validation_notice");
}

#[test]
fn what_a_customer_says_decides() {
    let app = App::shared();
    let known = consumer(app);
    let base = format!("/v1/customers/{}", known.id);
    let sms = "channel=sms&purpose=collection&address=%2B12125550100";
    assert_eq!(may(app, &known, sms).1, "consent_missing");
    let consents = format!("{base}/consents/sms");
    let record = app
        .put(&consents)
        .json(&json!({"how": "web form", "evidence": "form 17", "address": "+1 (212) 555-0100"}))
        .send(200)
        .json();
    assert_eq!(record["consents"][0]["address"], "+12125550100");
    assert_ne!(may(app, &known, sms).0, "deny");
    let record = app
        .delete(&format!(
            "{consents}?how=text+message&evidence=STOP&address=%2B12125550100"
        ))
        .send(200)
        .json();
    assert_eq!(record["consents"][0]["given"], false);
    assert_eq!(may(app, &known, sms).1, "consent_revoked");
    assert_ne!(may(app, &known, "channel=email&purpose=collection").0, "deny");
    app.put(&format!("{base}/consents/pigeon"))
        .json(&json!({"how": "x"}))
        .send(404);
    let refused = app
        .put(&consents)
        .json(&json!({"at": "2199-01-01T00:00:00Z"}))
        .send(422);
    assert_eq!(refused.pointers(), ["/at", "/how"]);

    let attorney = format!("{base}/attorney");
    let refused = app.post(&attorney).json(&json!({"name": "Reed"})).send(422);
    assert_eq!(refused.pointers(), ["/email"]);
    let reed = json!({"name": "Reed & Partners", "email": "office@reed.example"});
    let record = app.post(&attorney).json(&reed).send(200).json();
    assert_eq!(record["attorney"], reed);
    let letter = "channel=letter&purpose=statement";
    assert_eq!(may(app, &known, letter).1, "attorney");
    let theirs = "channel=email&purpose=order&address=office%40reed.example";
    assert_eq!(may(app, &known, theirs).0, "allow");
    app.delete(&attorney).send(200);
    assert_eq!(may(app, &known, letter).0, "allow");

    let times = json!({"times": [{"days": ["tuesday"], "from": "12:00", "until": "14:00"}, {"address": "+1 212 555 0177"}]});
    let record = app
        .post(&format!("{base}/inconvenient-times"))
        .json(&times)
        .send(200)
        .json();
    assert_eq!(record["inconvenient_times"][0], times["times"][0]);
    let nothing = json!({"times": [{"days": []}]});
    let refused = app
        .post(&format!("{base}/inconvenient-times"))
        .json(&nothing)
        .send(422);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/times/0/days");
    let work = "channel=voice&purpose=collection&by=person&address=%2B12125550177";
    assert_eq!(may(app, &known, work).1, "inconvenient_place");

    let cease = format!("{base}/cease");
    app.post(&cease).json(&json!({"how": "letter"})).send(200);
    let email = "channel=email&purpose=collection";
    assert_eq!(may(app, &known, email).1, "cease_paper");
    app.delete(&cease).send(200);
    let said = kinds(app, &known);
    for kind in [
        "consent_given",
        "consent_revoked",
        "attorney_recorded",
        "attorney_removed",
        "inconvenient_times_set",
        "contact_ceased",
        "contact_resumed",
    ] {
        assert!(said.contains(&kind.to_owned()), "{kind}: {said:?}");
    }
}

/// Regulation (EU) 2016/679, articles 15, 17 and 17(3).
#[test]
fn a_person_is_exported_and_erased() {
    let app = App::shared();
    let known = app.new_customer();
    let (invoice, number) = app.new_invoice(&known, "80.00", "2026-01-30");
    let base = format!("/v1/customers/{}", known.id);
    let key = unique("key");
    let told_again = || {
        let same = customer(&known.external_id);
        app.post("/v1/customers")
            .json(&same)
            .header("idempotency-key", &key)
    };
    let first = told_again().send(200).json();
    assert_eq!(told_again().send(200).json(), first);
    let exported = app.get(&format!("{base}/export")).send(200).json();
    assert_eq!(exported["customer"]["external_id"], known.external_id.as_str());
    assert_eq!(exported["invoices"][0]["number"], number.as_str());

    let erase = format!("{base}/erase");
    let reason = json!({"reason": "He asked by letter"});
    let waits = app.post(&erase).json(&reason).send(202).json();
    assert_eq!(
        (&waits["status"], &waits["waits_for"]),
        (&json!("pending"), &json!("money"))
    );
    let pending = app.get("/v1/erasures?limit=500").send(200).json();
    let of = |list: &Value| {
        let rows = list["data"].as_array().expect("data");
        rows.iter().any(|row| row["customer_id"] == known.id.as_str())
    };
    assert!(of(&pending));

    app.pay(&known, "80.00");
    let done = app.post(&erase).json(&reason).send(200).json();
    assert_eq!(
        (&done["status"], &done["reason"]),
        (&json!("done"), &json!("erased"))
    );
    assert!(!of(&app.get("/v1/erasures?limit=500").send(200).json()));
    let view = app.customer(&known.id);
    assert_eq!(view["name"], "erased");
    assert_eq!(view["contacts"], json!([]));
    let exported = app.get(&format!("{base}/export")).send(200).text();
    assert!(!exported.contains(&known.external_id), "{exported}");
    assert!(!exported.contains("Ada Braun"), "{exported}");
    // What was done once is not done again, although the answer to it cannot be given any more.
    told_again().send(409).problem("answer_erased");
    // The books stay: the invoice is there, paid, under its number.
    let left = app.invoice(&invoice);
    assert_eq!(
        (&left["number"], &left["status"]),
        (&json!(number), &json!("paid"))
    );
    let integrity = app.get("/v1/reports/integrity").send(200).json();
    assert_eq!(integrity["holds"], true, "{integrity}");
}
