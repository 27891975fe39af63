//! Policies: written, assigned, previewed, explained; what a whole one does from the first reminder to the agency.

use serde_json::{Value, json};

use crate::harness::{App, Known, customer, own, unique};

/// A policy of this name with these steps, every day, nothing between messages.
fn policy(name: &str, steps: Value) -> Value {
    json!({"name": name, "send_at": "09:00", "business_days_only": false, "min_days_between_contacts": 0, "steps": steps})
}

fn says(id: &str, day: i64, template: &str) -> Value {
    json!({"id": id, "day": day, "channels": ["email"], "template": template})
}

#[track_caller]
fn put(app: &App, policy: &Value) -> Value {
    let name = policy["name"].as_str().expect("a name");
    app.put(&format!("/v1/policies/{name}"))
        .json(policy)
        .send(201)
        .json()
}

/// A customer under a policy of its own.
#[track_caller]
fn under(app: &App, policy: &str) -> Known {
    let known = app.new_customer();
    let body = json!({"policy": policy});
    app.post(&format!("/v1/customers/{}/policy", known.id))
        .json(&body)
        .send(200);
    known
}

fn run_at(app: &App, instant: &str) -> Value {
    app.clock(instant);
    let swept = app.job("sweep");
    app.job("deliver");
    swept
}

/// The steps of a customer's messages, the oldest first.
fn steps(app: &App, known: &Known) -> Vec<String> {
    let mut steps: Vec<String> = app
        .reminders(known)
        .iter()
        .map(|message| message["step"].as_str().expect("a step").to_owned())
        .collect();
    steps.reverse();
    steps
}

#[track_caller]
fn explained(app: &App, known: &Known) -> Value {
    let path = format!("/v1/customers/{}/explain", known.id);
    app.get(&path).send(200).json()["accounts"][0].clone()
}

#[track_caller]
fn event_types(app: &App, known: &Known) -> Vec<String> {
    let page = app
        .get(&format!("/v1/events?customer={}&limit=500", known.id))
        .send(200)
        .json();
    let events = page["data"].as_array().expect("data").iter();
    events
        .map(|event| event["type"].as_str().expect("a type").to_owned())
        .collect()
}

#[test]
fn a_change_to_a_policy_is_a_new_version() {
    let app = App::shared();
    let name = unique("versions").to_lowercase();
    let first = put(app, &policy(&name, json!([says("reminder", 1, "friendly")])));
    assert_eq!(first["version"], 1);
    // What was read may be sent back; it changes nothing.
    let again = app.put(&format!("/v1/policies/{name}"));
    let mut same = first.clone();
    same["effective_on"] = Value::Null;
    assert_eq!(again.json(&same).send(200).json()["version"], 1);
    let second = put(app, &policy(&name, json!([says("reminder", 2, "friendly")])));
    assert_eq!(second["version"], 2);
    let far = json!({"effective_on": "2199-01-01"});
    let mut third = policy(&name, json!([says("reminder", 3, "friendly")]));
    third["effective_on"] = far["effective_on"].clone();
    assert_eq!(put(app, &third)["version"], 3);
    // The third is not in force before its day.
    let path = format!("/v1/policies/{name}");
    assert_eq!(app.get(&path).send(200).json()["version"], 2);
    assert_eq!(
        app.get(&format!("{path}?version=1")).send(200).json()["steps"][0]["day"],
        1
    );
    app.get(&format!("{path}?version=9")).send(404);
    let versions = app.get(&format!("{path}/versions")).send(200).json();
    let numbers: Vec<&Value> = versions["data"]
        .as_array()
        .expect("data")
        .iter()
        .map(|v| &v["version"])
        .collect();
    assert_eq!(numbers, [3, 2, 1]);
    let listed = app.get("/v1/policies").send(200).json();
    let names: Vec<&Value> = listed["data"]
        .as_array()
        .expect("data")
        .iter()
        .map(|p| &p["name"])
        .collect();
    assert!(
        names.contains(&&json!(name)) && names.contains(&&json!("standard")),
        "{names:?}"
    );
}

#[test]
fn a_policy_that_cannot_work_is_refused_with_every_reason() {
    let app = App::shared();
    let name = unique("wrong").to_lowercase();
    let mut wrong = policy(
        &name,
        json!([
            says("b", 9, "poem"),
            {"id": "a", "day": 5},
            {"id": "c", "day": 30, "channels": ["letter"], "template": "firm", "fee": {"kind": "flat"}},
            {"id": "d", "day": 40, "act": "hand_over", "announced_by": "nobody", "channels": ["email"], "template": "final"},
        ]),
    );
    wrong["effective_on"] = json!("2020-01-01");
    wrong["name"] = json!("another");
    let answer = app.put(&format!("/v1/policies/{name}")).json(&wrong).send(422);
    answer.problem("invalid");
    for pointer in [
        "/effective_on",
        "/name",
        "/steps/0/template",
        "/steps/1",
        "/steps/2/fee/amount",
        "/steps/3/act",
    ] {
        assert!(
            answer.pointers().contains(&pointer.to_owned()),
            "{pointer}: {:?}",
            answer.pointers()
        );
    }
    app.get(&format!("/v1/policies/{name}")).send(404);
    app.put(&format!("/v1/policies/{name}"))
        .key("nonsense")
        .json(&wrong)
        .send(401);
}

#[test]
fn a_case_that_is_under_way_keeps_its_version_until_it_ends_or_is_moved() {
    let app = own!(App::start());
    put(
        &app,
        &policy(
            "levels",
            json!([says("one", 1, "friendly"), says("two", 10, "firm")]),
        ),
    );
    let (kept, moved) = (under(&app, "levels"), under(&app, "levels"));
    for known in [&kept, &moved] {
        app.new_invoice(known, "100.00", "2026-01-16");
    }
    run_at(&app, "2026-01-17T10:00:00Z");
    put(
        &app,
        &policy(
            "levels",
            json!([says("one", 1, "friendly"), says("sooner", 5, "firm")]),
        ),
    );
    let body = json!({"policy": "levels", "move": true});
    app.post(&format!("/v1/customers/{}/policy", moved.id))
        .json(&body)
        .send(200);
    run_at(&app, "2026-01-21T10:00:00Z");
    assert_eq!(steps(&app, &kept), ["one"]);
    assert_eq!(steps(&app, &moved), ["one", "sooner"]);
    assert_eq!(explained(&app, &kept)["policy"]["version"], 1);
    assert_eq!(explained(&app, &moved)["policy"]["version"], 2);
    run_at(&app, "2026-01-26T10:00:00Z");
    assert_eq!(steps(&app, &kept), ["one", "two"]);
    // Once all is paid, the next invoice is met by the version in force.
    app.pay(&kept, "100.00");
    app.new_invoice(&kept, "50.00", "2026-02-16");
    let account = explained(&app, &kept);
    assert_eq!(
        (&account["policy"]["version"], &account["policy"]["under_way"]),
        (&json!(2), &json!(false))
    );
    run_at(&app, "2026-02-21T10:00:00Z");
    assert_eq!(steps(&app, &kept), ["one", "two", "sooner"]);
}

#[test]
fn a_customers_own_policy_comes_first_then_its_pool_then_the_default() {
    let app = own!(App::start());
    put(&app, &policy("mild", json!([says("mild", 20, "friendly")])));
    put(&app, &policy("strict", json!([says("strict", 1, "firm")])));
    let unknown = json!({"pools": [{"name": "p", "policy": "nobodys", "rule": {"tags": ["vip"]}}]});
    let refused = app.put("/v1/pools").json(&unknown).send(422);
    assert_eq!(refused.pointers(), ["/pools/0/policy"]);
    let pools = json!({"pools": [
        {"name": "vips", "policy": "mild", "rule": {"tags": ["vip"]}},
        {"name": "large", "policy": "strict", "rule": {"country": ["DE"], "balance": {"EUR": {"min": "1000.00"}}}},
    ]});
    assert_eq!(app.put("/v1/pools").json(&pools).send(200).json(), pools);
    let of = |amount: &str, tags: &[&str]| {
        let external_id = unique("pool");
        let mut body = customer(&external_id);
        body["tags"] = json!(tags);
        let id = app.post("/v1/customers").json(&body).send(201).string("/id");
        let known = Known { id, external_id };
        app.new_invoice(&known, amount, "2026-01-16");
        explained(&app, &known)["policy"].clone()
    };
    let vip = of("5000.00", &["vip"]);
    assert_eq!(vip["name"], "mild");
    assert!(vip["why"].as_str().expect("why").contains("vips"), "{vip}");
    assert_eq!(of("5000.00", &[])["name"], "strict");
    assert_eq!(of("10.00", &[])["name"], "standard");
    let known = under(&app, "mild");
    app.new_invoice(&known, "5000.00", "2026-01-16");
    assert_eq!(explained(&app, &known)["policy"]["name"], "mild");
    // Pools that change are felt by the next sweep, without anything else having to happen.
    let later = app.new_customer();
    app.new_invoice(&later, "2000.00", "2026-01-16");
    assert_eq!(
        app.put("/v1/pools").json(&json!({"pools": []})).send(200).json(),
        json!({"pools": []})
    );
    run_at(&app, "2026-01-17T10:00:00Z");
    assert_eq!(explained(&app, &later)["policy"]["name"], "standard");
    let nobodys = json!({"policy": "nobodys"});
    app.post(&format!("/v1/customers/{}/policy", later.id))
        .json(&nobodys)
        .send(422);
}

#[test]
fn a_policy_rests_on_days_that_an_administrator_adds() {
    let app = own!(App::start());
    app.clock("2026-01-16T10:00:00Z");
    let days = json!({"days": [{"on": "2026-01-21", "name": "Company closed"}]});
    app.put("/v1/rest-days/DE").json(&days).send(200);
    let doubled = json!({"days": [{"on": "2026-01-21", "name": "a"}, {"on": "2026-01-21", "name": "b"}]});
    assert_eq!(
        app.put("/v1/rest-days/DE").json(&doubled).send(422).pointers(),
        ["/days/1/on"]
    );
    app.get("/v1/rest-days/XX").send(404);
    assert_eq!(
        app.get("/v1/rest-days/DE").send(200).json()["days"][0]["name"],
        "Company closed"
    );
    let known = app.new_customer();
    // Due on Tuesday the 20th: the reminder would go on the 21st.
    app.new_invoice(&known, "100.00", "2026-01-20");
    run_at(&app, "2026-01-21T10:00:00Z");
    let account = explained(&app, &known);
    assert_eq!(account["due_now"], false);
    assert!(
        account["why"].as_str().expect("why").contains("Company closed"),
        "{account}"
    );
    run_at(&app, "2026-01-22T10:00:00Z");
    assert_eq!(steps(&app, &known), ["reminder"]);
}

#[test]
fn a_preview_tells_what_would_happen_and_changes_nothing() {
    let app = own!(App::start());
    let fee = json!({"kind": "flat", "amount": {"EUR": "10.00"}});
    let firm = json!({"id": "two", "day": 10, "channels": ["email"], "template": "firm", "fee": fee});
    let full = policy(
        "full",
        json!([says("one", 1, "friendly"), firm, {"id": "ask", "day": 15, "task": "call"}]),
    );
    put(&app, &full);
    let known = under(&app, "full");
    let (invoice, _) = app.new_invoice(&known, "100.00", "2026-01-16");
    let before = app.customer(&known.id);
    let path = "/v1/policies/full/preview?from=2026-01-12&to=2026-02-07";
    let preview = app.post(path).send(200).json();
    let seen: Vec<(String, String)> = preview["data"]
        .as_array()
        .expect("data")
        .iter()
        .map(|entry| {
            assert_eq!(entry["invoices"], json!([invoice]));
            (
                entry["at"].as_str().expect("at")[..10].to_owned(),
                entry["step"].as_str().expect("step").to_owned(),
            )
        })
        .collect();
    let expected = [
        ("2026-01-17", "one"),
        ("2026-01-26", "two"),
        ("2026-01-31", "ask"),
    ];
    assert_eq!(
        seen,
        expected.map(|(day, step)| (day.to_owned(), step.to_owned()))
    );
    assert_eq!(preview["totals"]["messages"], 2);
    assert_eq!(preview["totals"]["deeds"], 1);
    assert_eq!(
        preview["totals"]["charges"],
        json!({"EUR": {"amount": "10.00", "currency": "EUR"}})
    );
    // A draft instead, and one against the other.
    let draft = policy("full", json!([says("one", 1, "friendly")]));
    let tried = app.post(path).json(&json!({"policy": draft})).send(200).json();
    assert_eq!(
        (&tried["draft"], &tried["totals"]["messages"]),
        (&json!(true), &json!(1))
    );
    let compare = "/v1/policies/full/compare?from=2026-01-12&to=2026-02-07";
    let compared = app.post(compare).json(&json!({"with": draft})).send(200).json();
    assert_eq!(compared["policy"]["totals"]["messages"], 2);
    assert_eq!(compared["with"]["totals"]["messages"], 1);
    assert_eq!(compared["data"].as_array().expect("data").len(), 1);
    let same = app.post(compare).json(&json!({"with": "full"})).send(200).json();
    assert_eq!(same["data"], json!([]));
    app.post(compare).json(&json!({"with": "nobodys"})).send(422);
    app.post("/v1/policies/full/preview?from=2025-12-01").send(400);
    app.post("/v1/policies/nobodys/preview").send(404);
    assert_eq!(app.customer(&known.id), before);
    assert_eq!(app.messages(&known), Vec::<Value>::new());
    // What was foreseen is what happens.
    for day in ["2026-01-17", "2026-01-26", "2026-01-31"] {
        run_at(&app, &format!("{day}T10:00:00Z"));
    }
    assert_eq!(steps(&app, &known), ["one", "two"]);
}

#[test]
fn why_a_customer_is_or_is_not_contacted_is_answered_rule_by_rule() {
    let app = own!(App::start());
    app.clock("2026-01-21T10:00:00Z");
    let known = app.new_customer();
    assert_eq!(
        app.get(&format!("/v1/customers/{}/explain", known.id))
            .send(200)
            .json()["accounts"],
        json!([])
    );
    let (id, number) = app.new_invoice(&known, "100.00", "2026-01-20");
    let account = explained(&app, &known);
    assert_eq!(
        (&account["due_now"], &account["policy"]["name"]),
        (&json!(true), &json!("standard"))
    );
    assert!(
        account["why"].as_str().expect("why").contains(&number),
        "{account}"
    );
    assert_eq!(account["invoices"][0]["invoice"], json!(id));
    assert_eq!(account["invoices"][0]["carrying"], true);
    let refusal = |account: &Value| {
        let rules = account["rules"].as_array().expect("rules").iter();
        let refused = rules
            .filter(|rule| rule["passed"] == false)
            .map(|rule| rule["rule"].clone());
        refused.collect::<Vec<_>>()
    };
    assert_eq!(refusal(&account), Vec::<Value>::new());
    let hold = format!("/v1/customers/{}/hold", known.id);
    app.post(&hold).json(&json!({"reason": "lawyers talk"})).send(200);
    let held = explained(&app, &known);
    assert_eq!(refusal(&held), ["hold"]);
    let rule = &held["rules"][0];
    assert_eq!(rule["input"]["hold"], "lawyers talk");
    app.delete(&hold).send(200);
    run_at(&app, "2026-01-21T11:00:00Z");
    let after = explained(&app, &known);
    assert_eq!(after["due_now"], false);
    assert!(
        refusal(&after).contains(&json!("min_days_between_contacts")),
        "{after}"
    );
    assert_eq!(after["next_action"]["step"], "firm");
    app.get("/v1/customers/cus_00000000000000000000000000/explain")
        .send(404);
}

#[test]
fn what_was_missed_is_caught_up_as_the_policy_says() {
    let app = own!(App::start());
    let levels = json!([
        says("l5", 5, "friendly"),
        says("l20", 20, "firm"),
        says("l40", 40, "final")
    ]);
    for catch_up in ["latest", "all", "skip"] {
        let mut policy = policy(catch_up, levels.clone());
        policy["catch_up"] = json!(catch_up);
        policy["min_days_between_contacts"] = json!(3);
        put(&app, &policy);
    }
    let known = ["latest", "all", "skip"].map(|name| under(&app, name));
    // 45 days overdue at first sight.
    app.clock("2026-03-02T10:00:00Z");
    for known in &known {
        app.new_invoice(known, "100.00", "2026-01-16");
    }
    for _ in 0..4 {
        run_at(&app, "2026-03-02T11:00:00Z");
    }
    assert_eq!(steps(&app, &known[0]), ["l40"]);
    assert_eq!(steps(&app, &known[1]), ["l5"]);
    assert_eq!(steps(&app, &known[2]), Vec::<String>::new());
    for day in 3..20 {
        run_at(&app, &format!("2026-03-{day:02}T11:00:00Z"));
    }
    assert_eq!(steps(&app, &known[0]), ["l40"]);
    assert_eq!(steps(&app, &known[1]), ["l5", "l20", "l40"]);
    assert_eq!(steps(&app, &known[2]), Vec::<String>::new());
    // All is said: that is told once.
    let finished = |known: &Known| {
        event_types(&app, known)
            .iter()
            .filter(|kind| *kind == "dunning.finished")
            .count()
    };
    assert_eq!((finished(&known[0]), finished(&known[1])), (1, 1));
}

#[test]
fn a_whole_policy_goes_from_the_reminder_to_the_agency_each_step_announced() {
    let app = own!(App::start());
    let flat = json!({"kind": "flat", "amount": {"EUR": "10.00"}});
    let warning = json!({"id": "warning", "day": 20, "channels": ["email"], "template": "suspension_warning",
        "then": {"after_days": 7, "act": "suspend"}});
    let agency =
        json!({"id": "agency", "day": 40, "act": "hand_over", "announced_by": "last", "approval": "manager"});
    let interest = json!({"kind": "interest", "percent": "10"});
    let steps_of = json!([
        says("reminder", 1, "friendly"),
        {"id": "firm", "day": 10, "channels": ["email"], "template": "firm", "fee": flat, "notify": ["sales"]},
        {"id": "call", "day": 15, "task": "call"},
        warning,
        {"id": "interest", "day": 25, "charge": interest},
        says("last", 30, "hand_over_notice"),
        agency,
    ]);
    put(&app, &policy("whole", steps_of));
    let known = under(&app, "whole");
    let (_, number) = app.new_invoice(&known, "100.00", "2026-01-17");
    run_at(&app, "2026-01-18T10:00:00Z");
    run_at(&app, "2026-01-27T10:00:00Z");
    assert_eq!(steps(&app, &known), ["reminder", "firm"]);
    // The fee is a receivable of its own, and the message that charges it lists it.
    assert_eq!(app.customer(&known.id)["balance"]["amount"], "110.00");
    let firm = app.mail(&app.messages(&known)[0]);
    assert!(
        firm.text.contains(&number) && firm.text.contains("10.00"),
        "{}",
        firm.text
    );
    run_at(&app, "2026-02-01T10:00:00Z");
    let tasks = app
        .get(&format!("/v1/tasks?customer={}", known.id))
        .send(200)
        .json();
    assert_eq!(tasks["data"][0]["kind"], "call");
    run_at(&app, "2026-02-06T10:00:00Z");
    run_at(&app, "2026-02-11T10:00:00Z");
    // 100.00 at 10 % for 25 days, simple, of 365: 0.68.
    assert_eq!(app.customer(&known.id)["balance"]["amount"], "110.68");
    assert!(!event_types(&app, &known).contains(&"customer.suspended".to_owned()));
    run_at(&app, "2026-02-13T10:00:00Z");
    assert!(event_types(&app, &known).contains(&"customer.suspended".to_owned()));
    run_at(&app, "2026-02-16T10:00:00Z");
    assert_eq!(steps(&app, &known), ["reminder", "firm", "warning", "last"]);
    run_at(&app, "2026-02-26T10:00:00Z");
    let approvals = app
        .get(&format!("/v1/approvals?customer={}", known.id))
        .send(200)
        .json();
    let asked = &approvals["data"][0];
    assert_eq!(
        (&asked["kind"], &asked["status"]),
        (&json!("hand_over"), &json!("pending"))
    );
    let decision = format!("/v1/approvals/{}/decision", asked["id"].as_str().expect("an id"));
    app.post(&decision)
        .json(&json!({"decision": "approve"}))
        .send(200);
    assert!(event_types(&app, &known).contains(&"customer.handed_over".to_owned()));
    let account = explained(&app, &known);
    assert_eq!(account["due_now"], false);
    assert!(
        account["why"].as_str().expect("why").contains("agency"),
        "{account}"
    );
    // Money ends the suspension, whoever it was paid to.
    app.pay(&known, "110.68");
    assert!(event_types(&app, &known).contains(&"customer.reinstated".to_owned()));
}

#[test]
fn the_example_is_taken_as_the_manual_shows_it() {
    let app = own!(App::start());
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |file: &str| std::fs::read_to_string(root.join(file)).expect("a file of the repo");
    let example = read("examples/policy.json");
    assert!(read("docs/policies.md").contains(example.trim_end()));
    let body: Value = serde_json::from_str(&example).expect("JSON");
    assert_eq!(put(&app, &body)["version"], 2);
    // Every step of it is foreseen for whoever never pays.
    let known = app.new_customer();
    app.new_invoice(&known, "100.00", "2026-01-20");
    let path = "/v1/policies/standard/preview?from=2026-01-12&to=2026-12-31";
    let preview = app.post(path).send(200).json();
    let steps = body["steps"].as_array().expect("steps");
    for step in steps {
        let id = step["id"].as_str().expect("an id");
        assert!(
            preview["totals"]["by_step"][id].as_u64() > Some(0),
            "{id}: {}",
            preview["totals"]
        );
    }
}
