//! What being late costs, over the API: charges that a policy's steps make, what takes them back, reference rates,
//! and what is owed on a date.

use serde_json::{Value, json};

use crate::harness::{App, Known, customer, invoice, own, payment, unique};

impl App {
    /// A customer with fields of its own.
    #[track_caller]
    fn customer_with(&self, fields: Value) -> Known {
        let external_id = unique("C");
        let mut document = customer(&external_id);
        for (name, value) in fields.as_object().expect("fields") {
            document[name] = value.clone();
        }
        let id = self.post("/v1/customers").json(&document).send(201).string("/id");
        Known { external_id, id }
    }

    /// A policy with the standard steps and these.
    #[track_caller]
    fn policy_with(&self, steps: &[Value]) -> String {
        let name = unique("p").to_lowercase();
        let mut document = json!({
            "name": name, "unit": "customer", "send_at": "09:00", "business_days_only": false,
            "min_balance": {}, "min_days_between_contacts": 0,
            "steps": [{"id": "reminder", "day": 1, "channels": ["email"], "template": "friendly"}]
        });
        document["steps"]
            .as_array_mut()
            .expect("steps")
            .extend_from_slice(steps);
        self.put(&format!("/v1/policies/{name}"))
            .json(&document)
            .send(201);
        name
    }

    #[track_caller]
    fn charges_of(&self, known: &Known) -> Vec<Value> {
        let list = self
            .get(&format!("/v1/charges?customer={}", known.id))
            .send(200)
            .json();
        list["data"].as_array().expect("data").clone()
    }

    #[track_caller]
    fn dues_of(&self, known: &Known, on: &str) -> Value {
        self.get(&format!("/v1/customers/{}/dues?on={on}", known.id))
            .send(200)
            .json()
    }
}

fn run_at(app: &App, instant: &str) {
    app.clock(instant);
    app.job("sweep");
    app.job("deliver");
}

fn amounts(charges: &[Value]) -> Vec<String> {
    let line = |charge: &Value| {
        let number = charge["number"].as_str().expect("a number");
        let amount = charge["amount"]["amount"].as_str().unwrap_or("-");
        format!("{} {amount}", number.rsplit('-').next().expect("an end"))
    };
    charges.iter().map(line).collect()
}

#[test]
fn levels_charge_on_the_invoice_and_never_on_what_they_charged_before() {
    // Levels at 5, 20, 40 days, fee 10 flat then 15 % of the invoice: 100 -> 110 -> 125, not 126.50.
    let app = own!(App::start());
    let policy = app.policy_with(&[
        json!({"id": "level1", "day": 5, "channels": ["email"], "template": "friendly"}),
        json!({"id": "level2", "day": 20, "channels": ["email"], "template": "firm",
            "fee": {"kind": "flat", "amount": {"EUR": "10.00"}}}),
        json!({"id": "level3", "day": 40, "channels": ["email"], "template": "final",
            "fee": {"kind": "percent", "percent": "15"}}),
    ]);
    let known = app.customer_with(json!({"policy": policy}));
    let (id, number) = app.new_invoice(&known, "100.00", "2026-01-20");
    for (instant, balance) in [
        ("2026-01-26T09:00:00Z", "100.00"),
        ("2026-02-10T09:00:00Z", "110.00"),
        ("2026-03-02T09:00:00Z", "125.00"),
        ("2026-03-03T09:00:00Z", "125.00"),
    ] {
        run_at(&app, instant);
        assert_eq!(app.customer(&known.id)["balance"]["amount"], balance, "{instant}");
    }
    let charges = app.charges_of(&known);
    assert_eq!(amounts(&charges), ["F1 10.00", "F2 15.00"]);
    assert_eq!(charges[0]["number"], format!("{number}-F1"));
    assert_eq!(charges[0]["charged_on"]["id"], id);
    assert_eq!(charges[0]["step"], "level2");
    // Each is a receivable of its own, and paid as one.
    let receivable = app.invoice(charges[0]["id"].as_str().expect("an id"));
    assert_eq!(
        (&receivable["kind"], &receivable["charged_on"]),
        (&json!("fee"), &json!(id))
    );
    assert_eq!(receivable["interest"], Value::Null);
    assert_eq!(app.get("/v1/reports/integrity").send(200).json()["holds"], true);
}

#[test]
fn a_step_charges_what_the_law_grants() {
    // The United Kingdom: 3,000 at 11.75 % for 60 days: 57.95 + 70.00.
    let app = own!(App::start());
    let policy = app.policy_with(&[json!({"id": "interest", "day": 60, "charge": {"kind": "statutory"}})]);
    let known = app.customer_with(json!({"policy": policy, "country": "GB", "currency": "GBP",
        "time_zone": "Europe/London"}));
    let mut document = invoice(&unique("R"), &known.external_id, "3000.00", "2026-01-15");
    document["currency"] = json!("GBP");
    document["total"]["currency"] = json!("GBP");
    let id = app.post("/v1/invoices").json(&document).send(201).string("/id");
    run_at(&app, "2026-03-16T10:00:00Z");
    let charges = app.charges_of(&known);
    let mut found = amounts(&charges);
    found.sort();
    assert_eq!(found, ["C1 70.00", "I1 57.95"]);
    let shown = app.invoice(&id);
    assert_eq!(shown["interest"]["accrued"]["amount"], "57.95");
    assert_eq!(shown["interest"]["posted"]["amount"], "57.95");

    // A consumer is charged nothing that is for businesses only.
    let consumer = app.customer_with(json!({"policy": policy, "kind": "consumer", "country": "GB"}));
    app.new_invoice(&consumer, "3000.00", "2026-01-16");
    run_at(&app, "2026-03-17T10:00:00Z");
    assert_eq!(app.charges_of(&consumer), Vec::<Value>::new());
}

#[test]
fn after_the_principal_is_paid_interest_and_fee_are_still_owed() {
    // 100 at 10 % for 15 days, fee 10: 110.41; after 100 is paid to principal, 10.41.
    let app = own!(App::start());
    let policy = app.policy_with(&[
        json!({"id": "firm", "day": 14, "channels": ["email"], "template": "firm",
            "fee": {"kind": "flat", "amount": {"EUR": "10.00"}}}),
        json!({"id": "interest", "day": 15, "charge": {"kind": "interest", "percent": "10"}}),
    ]);
    let known = app.customer_with(json!({"policy": policy}));
    let (_, number) = app.new_invoice(&known, "100.00", "2026-01-15");
    run_at(&app, "2026-01-29T10:00:00Z");
    let dues = app.dues_of(&known, "2026-01-30");
    assert_eq!(dues["dues"][0]["total"]["amount"], "110.41");
    assert_eq!(dues["dues"][0]["interest_accrued"]["amount"], "0.41");
    run_at(&app, "2026-01-30T10:00:00Z");
    assert_eq!(app.customer(&known.id)["balance"]["amount"], "110.41");
    let mut document = payment(&unique("P"), &known.external_id, "100.00");
    document["received_on"] = json!("2026-01-30");
    document["remittance"] = json!([{"invoice_number": number}]);
    app.post("/v1/payments").json(&document).send(201);
    for on in ["2026-01-30", "2026-12-31"] {
        let dues = app.dues_of(&known, on);
        assert_eq!(dues["dues"][0]["to_settle"]["amount"], "10.41", "{on}");
    }
}

#[test]
fn a_charge_is_waived_or_reversed_by_a_collector() {
    let app = own!(App::start());
    let policy = app.policy_with(&[
        json!({"id": "firm", "day": 14, "channels": ["email"], "template": "firm",
        "fee": {"kind": "flat", "amount": {"EUR": "10.00"}}}),
    ]);
    for (act, other, status) in [("waive", "reverse", "waived"), ("reverse", "waive", "reversed")] {
        let known = app.customer_with(json!({"policy": policy}));
        app.new_invoice(&known, "100.00", "2026-01-15");
        run_at(&app, "2026-01-29T10:00:00Z");
        let id = app.charges_of(&known)[0]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let reason = json!({"reason": "Our delivery was late too"});
        app.post(&format!("/v1/charges/{id}/{act}"))
            .json(&json!({}))
            .send(422)
            .problem("invalid");
        let charge = app
            .post(&format!("/v1/charges/{id}/{act}"))
            .json(&reason)
            .send(200)
            .json();
        assert_eq!(
            (&charge["status"], &charge["reason"]),
            (&json!(status), &reason["reason"])
        );
        app.post(&format!("/v1/charges/{id}/{act}"))
            .json(&reason)
            .send(200);
        app.post(&format!("/v1/charges/{id}/{other}"))
            .json(&reason)
            .send(409)
            .problem(status);
        assert_eq!(app.get(&format!("/v1/charges/{id}")).send(200).json(), charge);
        assert_eq!(app.customer(&known.id)["balance"]["amount"], "100.00");
        let timeline = app
            .get(&format!("/v1/customers/{}/timeline", known.id))
            .send(200)
            .text();
        assert!(timeline.contains(&format!("charge_{status}")), "{timeline}");
    }
    app.get("/v1/charges/inv_00000000000000000000000000")
        .send(404)
        .problem("not_found");
    app.get("/v1/charges?status=lost")
        .send(400)
        .problem("bad_request");
}

#[test]
fn a_fee_goes_with_the_message_that_never_left() {
    let app = own!(App::start());
    let policy = app.policy_with(&[
        json!({"id": "firm", "day": 14, "channels": ["email"], "template": "firm",
        "fee": {"kind": "flat", "amount": {"EUR": "10.00"}}}),
    ]);
    let known = app.customer_with(json!({"policy": policy}));
    app.new_invoice(&known, "100.00", "2026-01-15");
    app.clock("2026-01-29T10:00:00Z");
    app.job("sweep");
    assert_eq!(app.customer(&known.id)["balance"]["amount"], "110.00");
    let message = app.messages(&known)[0]["id"].as_str().expect("an id").to_owned();
    app.post(&format!("/v1/messages/{message}/cancel")).send(200);
    assert_eq!(app.customer(&known.id)["balance"]["amount"], "100.00");
    assert_eq!(app.charges_of(&known)[0]["status"], "reversed");
    // The step comes due again, and its fee with it.
    run_at(&app, "2026-01-30T10:00:00Z");
    assert_eq!(amounts(&app.charges_of(&known)), ["F1 10.00", "F2 10.00"]);
    assert_eq!(app.customer(&known.id)["balance"]["amount"], "110.00");
}

#[test]
fn a_period_without_a_rate_is_told_and_charged_when_an_administrator_adds_it() {
    let app = own!(App::start());
    let policy = app.policy_with(&[json!({"id": "interest", "day": 30, "charge": {"kind": "statutory"}})]);
    let known = app.customer_with(json!({"policy": policy, "country": "SE"}));
    let (id, _) = app.new_invoice(&known, "1000.00", "2026-01-15");
    run_at(&app, "2026-02-14T10:00:00Z");
    let charges = app.charges_of(&known);
    let blocked = charges
        .iter()
        .find(|charge| charge["status"] == "blocked")
        .expect("a blocked charge");
    let missing = json!({"series": "reference_se", "from": "2026-01-16", "to": "2026-02-14"});
    assert_eq!(blocked["missing"], missing);
    assert_eq!(app.invoice(&id)["interest"]["missing"], missing);
    let problem = app.get(&format!("/v1/customers/{}/dues", known.id)).send(409);
    assert!(
        problem.string("/detail").contains("reference_se"),
        "{}",
        problem.text()
    );
    let batch = json!({"customers": [known.id], "on": "2026-02-14"});
    let dues = app.post("/v1/dues").json(&batch).send(200).json();
    assert_eq!(
        (&dues["data"][0]["missing"], &dues["totals"]),
        (&missing, &json!([]))
    );

    let entries = json!({"entries": [{"from": "2026-01-01", "percent": "2", "source": "Riksbanken"}]});
    let series = app.put("/v1/rates/reference_se").json(&entries).send(200).json();
    assert_eq!(series["entries"][0]["to"], "2026-06-30");
    let list = app.get("/v1/charges?status=posted").send(200).text();
    assert!(list.contains(blocked["id"].as_str().expect("an id")), "{list}");
    // 1,000 x 10 % x 30 / 365, and EUR 40.
    assert_eq!(app.customer(&known.id)["balance"]["amount"], "1048.22");
}

#[test]
fn a_policy_that_charges_by_a_law_without_a_rate_is_refused() {
    let app = own!(App::start());
    let name = unique("p").to_lowercase();
    let policy = |profile: &str| {
        json!({
            "name": name, "unit": "customer", "send_at": "09:00", "business_days_only": false,
            "min_balance": {}, "min_days_between_contacts": 0, "effective_on": "2026-07-15",
            "steps": [{"id": "interest", "day": 30, "charge": {"kind": "statutory", "profile": profile}}]
        })
    };
    let path = format!("/v1/policies/{name}");
    let refused = app.put(&path).json(&policy("gb")).send(422).json();
    let error = &refused["errors"][0];
    assert_eq!(
        (&error["pointer"], &error["code"]),
        (&json!("/steps/0/charge"), &json!("no_rate"))
    );
    assert!(
        error["detail"]
            .to_string()
            .contains("gb_bank_rate for 2026-07-15"),
        "{refused}"
    );
    let entries = json!({"entries": [{"from": "2026-07-01", "percent": "3.5", "source": "Bank of England"}]});
    app.put("/v1/rates/gb_bank_rate").json(&entries).send(200);
    app.put(&path).json(&policy("gb")).send(201);
}

#[test]
fn reference_rates_are_listed_and_extended_by_an_administrator() {
    let app = own!(App::start());
    let series = |name: &str| {
        let all = app.get("/v1/rates").send(200).json();
        let found = all["data"]
            .as_array()
            .expect("data")
            .iter()
            .find(|series| series["series"] == name);
        found.expect(name).clone()
    };
    let latest = &series("gb_bank_rate")["entries"][0];
    assert_eq!(
        (&latest["from"], &latest["percent"], &latest["shipped"]),
        (&json!("2026-01-01"), &json!("3.75"), &json!(true))
    );
    let entries = json!({"entries": [{"from": "2026-07-01", "percent": "3.5", "source": "Bank of England"}]});
    app.put("/v1/rates/gb_bank_rate").json(&entries).send(200);
    app.put("/v1/rates/gb_bank_rate").json(&entries).send(200);
    let latest = &series("gb_bank_rate")["entries"][0];
    assert_eq!(
        (&latest["from"], &latest["to"], &latest["shipped"]),
        (&json!("2026-07-01"), &json!("2026-12-31"), &json!(false))
    );
    app.put("/v1/rates/gb_bank_rate")
        .json(&json!({"entries": []}))
        .send(200);
    assert_eq!(series("gb_bank_rate")["entries"][0]["from"], "2026-01-01");

    app.put("/v1/rates/libor")
        .json(&entries)
        .send(404)
        .problem("not_found");
    for (entry, code) in [
        (
            json!({"from": "2026-08-06", "percent": "3", "source": "s"}),
            "not_a_half_year",
        ),
        (
            json!({"from": "2026-07-01", "percent": "3.12345", "source": "s"}),
            "too_many_digits",
        ),
        (
            json!({"from": "2026-07-01", "to": "2027-01-01", "percent": "3", "source": "s"}),
            "out_of_range",
        ),
    ] {
        let refused = app
            .put("/v1/rates/gb_bank_rate")
            .json(&json!({"entries": [entry]}))
            .send(422);
        assert_eq!(refused.json()["errors"][0]["code"], code);
    }
}

#[test]
fn dues_are_computed_for_many_customers_at_once() {
    let app = App::shared();
    let (one, other) = (app.new_customer(), app.new_customer());
    app.new_invoice(&one, "100.00", "2026-02-09");
    app.new_invoice(&other, "50.50", "2026-02-09");
    let batch = json!({"customers": [one.id, other.id], "on": "2026-03-01"});
    let dues = app.post("/v1/dues").json(&batch).send(200).json();
    assert_eq!(dues["totals"][0]["to_settle"]["amount"], "150.50");
    assert_eq!(dues["data"].as_array().expect("data").len(), 2);
    let alone = app.dues_of(&one, "2026-03-01");
    assert_eq!(alone["dues"][0]["items"][0]["balance"]["amount"], "100.00");
    let none = app.dues_of(&one, "2025-01-01");
    assert_eq!(none["dues"], json!([]), "before it was issued nothing was owed");
    // What is on account settles what is owed.
    app.pay(&other, "60.50");
    app.new_invoice(&other, "30.00", "2026-02-20");
    let alone = app.dues_of(&other, "2026-03-01");
    assert_eq!(
        (
            &alone["dues"][0]["on_account"]["amount"],
            &alone["dues"][0]["to_settle"]["amount"]
        ),
        (&json!("10.00"), &json!("20.00"))
    );

    let stranger = json!({"customers": ["cus_00000000000000000000000000"]});
    app.post("/v1/dues").json(&stranger).send(422).problem("invalid");
    app.post("/v1/dues").json(&json!({})).send(422).problem("invalid");
    app.get("/v1/customers/cus_00000000000000000000000000/dues")
        .send(404)
        .problem("not_found");
    app.get(&format!("/v1/customers/{}/dues?on=tomorrow", one.id))
        .send(400)
        .problem("bad_request");
}
