//! What the bank says, over the API: statements in every format, matching, what people decide, advices, payouts,
//! reconciliation.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{App, Known, Partner, own, say, unique};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/statements");

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FIXTURES}/{name}")).expect("a fixture")
}

/// Cents of an amount.
fn cents(amount: &str) -> i64 {
    amount.replace('.', "").parse().expect("an amount")
}

/// A camt.053 over euros: each line its amount, end-to-end id, payer's name and account, text, and return reason.
pub(crate) fn camt(account: &str, number: u32, day: &str, opening: i64, lines: &[[&str; 6]]) -> String {
    let moved: i64 = lines.iter().map(|[amount, ..]| cents(amount)).sum();
    let money = |minor: i64| format!("{}.{:02}", minor.abs() / 100, minor.abs() % 100);
    let side = |minor: i64| if minor < 0 { "DBIT" } else { "CRDT" };
    let balance = |code: &str, minor: i64| {
        format!(
            r#"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{}</Amt><CdtDbtInd>{}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"#,
            money(minor),
            side(minor)
        )
    };
    let tag = |name: &str, text: &str| match text {
        "" => String::new(),
        text => format!("<{name}>{text}</{name}>"),
    };
    let entries: String = lines
        .iter()
        .enumerate()
        .map(|(at, [amount, end_to_end, name, iban, text, back])| {
            let minor = cents(amount);
            let who = if minor < 0 { "Cdtr" } else { "Dbtr" };
            let iban = tag(&format!("{who}Acct"), &tag("Id", &tag("IBAN", iban)));
            let parties = format!("{}{iban}", tag(who, &tag("Nm", name)));
            format!(
                r#"<Ntry><Amt Ccy="EUR">{}</Amt><CdtDbtInd>{}</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{number}-{at}</AcctSvcrRef><NtryDtls><TxDtls>{}{}{}{}</TxDtls></NtryDtls></Ntry>"#,
                money(minor),
                side(minor),
                tag("Refs", &tag("EndToEndId", end_to_end)),
                tag("RltdPties", &parties),
                tag("RmtInf", &tag("Ustrd", text)),
                tag("RtrInf", &tag("Rsn", &tag("Cd", back))),
            )
        })
        .collect();
    format!(
        r#"<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt><Id>{account}-{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>EUR</Ccy></Acct>{}{}{entries}</Stmt></BkToCstmrStmt></Document>"#,
        balance("OPBD", opening),
        balance("CLBD", opening + moved)
    )
}

fn tally(answer: &Value) -> [i64; 5] {
    ["lines", "duplicates", "matched", "review", "ignored"].map(|name| answer[name].as_i64().expect(name))
}

trait Bank {
    fn statement(&self, document: &str) -> Value;
    fn lines_of(&self, answer: &Value) -> Vec<Value>;
    fn balance(&self, invoice: &str) -> String;
}

impl Bank for App {
    fn statement(&self, document: &str) -> Value {
        self.post("/v1/bank-statements").xml(document).send(200).json()
    }

    fn lines_of(&self, answer: &Value) -> Vec<Value> {
        let statement = &answer["statements"][0]["id"];
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let page = self
                .get(&format!("/v1/bank-lines?limit=500&after={after}"))
                .send(200)
                .json();
            let rows = page["data"].as_array().expect("rows").clone();
            found.extend(rows.into_iter().filter(|line| line["statement"] == *statement));
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => return found,
            }
        }
    }

    fn balance(&self, invoice: &str) -> String {
        self.invoice(invoice)["balance"]["amount"]
            .as_str()
            .expect("an amount")
            .to_owned()
    }
}

fn id(line: &Value) -> &str {
    line["id"].as_str().expect("an id")
}

/// A customer whose name no other test has.
fn known(app: &App) -> (Known, String) {
    let known = app.new_customer();
    let name = format!("Handel {} GmbH", known.external_id);
    let mut document = crate::harness::customer(&known.external_id);
    document["name"] = json!(name);
    app.post("/v1/customers").json(&document).send(200);
    (known, name)
}

#[test]
fn every_format_is_taken_and_the_same_lines_once() {
    let app = own!(App::start());
    let first = app
        .post("/v1/bank-statements")
        .xml(fixture("camt054-04.xml"))
        .send(200)
        .json();
    assert_eq!(tally(&first)[..2], [2, 0]);
    // The statement has the batch that the notification told of: its two lines are known.
    let second = app
        .post("/v1/bank-statements")
        .xml(fixture("camt053-02.xml"))
        .send(200)
        .json();
    assert_eq!(tally(&second)[..2], [4, 2]);
    assert_eq!(second["pending"], 1);
    let again = app
        .post("/v1/bank-statements")
        .xml(fixture("camt053-02.xml"))
        .send(200)
        .json();
    assert_eq!(tally(&again)[..2], [4, 4]);
    for (name, format, lines) in [
        ("german.mt940", "mt940", 3),
        ("dutch.mt940", "mt940", 2),
        ("plain.bai2", "bai2", 3),
    ] {
        let call = app.post("/v1/bank-statements").body("text/plain", fixture(name));
        let answer = call.send(200).json();
        assert_eq!(
            (answer["format"].as_str(), tally(&answer)[0]),
            (Some(format), lines),
            "{name}"
        );
    }
    let listed = app.get("/v1/bank-statements").send(200).json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(5));
    assert_eq!(listed["data"][4]["format"], "camt054");
    let line = &app.lines_of(&second)[1];
    assert_eq!(
        line["return_reason"]["detail"],
        "there is not enough money on the account"
    );
    assert_eq!(
        app.get(&format!("/v1/bank-lines/{}", id(line))).send(200).json(),
        *line
    );
}

#[test]
fn a_csv_statement_is_read_as_its_mapping_says() {
    let app = App::shared();
    let (name, account) = (unique("map"), unique("DE-CSV-"));
    let mapping = json!({"account": account, "currency": "EUR", "decimal": "comma", "date_format": "DD.MM.YYYY",
        "columns": {"Buchungstag": "booked_on", "Soll": "debit", "Haben": "credit", "Saldo": "balance",
            "Verwendungszweck": "text", "Auftraggeber": "name", "IBAN": "party_account"}});
    let path = format!("/v1/bank-statements/mappings/{name}");
    app.get(&path).send(404).problem("not_found");
    let mut with_null = mapping.clone();
    with_null["delimiter"] = Value::Null;
    assert_eq!(app.put(&path).json(&with_null).send(200).json(), mapping);
    assert_eq!(app.get(&path).send(200).json(), mapping);
    let table = "Buchungstag;Soll;Haben;Saldo;Verwendungszweck;Auftraggeber;IBAN\r\n\
        13.01.2026;12,50;;1.177,50;\"Miete; Januar\";Vermieter;DE1\r\n\
        12.01.2026;;1.190,00;1.190,00;nichts;Niemand;DE2\r\n";
    let send = |table: &str| {
        let path = format!("/v1/bank-statements?mapping={name}");
        app.post(&path).body("text/csv", table)
    };
    let answer = send(table).send(200).json();
    assert_eq!(tally(&answer), [2, 0, 0, 1, 1]);
    let lines = app.lines_of(&answer);
    assert_eq!(lines[0]["amount"]["amount"], "1190.00", "the newest stood first");
    assert_eq!(lines[1]["text"], "Miete; Januar");
    send(&table.replace("1.177,50", "1.177,51"))
        .send(422)
        .problem("invalid");
    app.post("/v1/bank-statements").body("text/csv", table).send(400);
    app.post("/v1/bank-statements?mapping=nobody")
        .body("text/csv", table)
        .send(400);
    let mut wrong = mapping;
    wrong["columns"]["Saldo"] = json!("nonsense");
    app.put(&path).json(&wrong).send(422).problem("invalid");
}

#[test]
fn what_does_not_add_up_is_refused_whole() {
    let app = App::shared();
    let document = String::from_utf8(fixture("camt053-02.xml")).expect("UTF-8");
    let off = document.replace(">2640.50<", ">2641.00<");
    let refused = app.post("/v1/bank-statements").xml(off).send(422);
    assert!(
        refused.text().contains("0.50 EUR is missing"),
        "{}",
        refused.text()
    );
    app.post("/v1/bank-statements").json(&json!({})).send(415);
    let nothing = app.post("/v1/bank-statements").body("text/plain", "Hello");
    assert!(nothing.send(422).text().contains("unknown_format"));
}

#[test]
fn safe_lines_are_applied_the_rest_is_for_people_and_returns_reopen() {
    let app = own!(App::start());
    let (customer, name) = known(&app);
    let (first, number) = app.new_invoice(&customer, "119.00", "2026-01-20");
    let (second, other) = app.new_invoice(&customer, "80.00", "2026-01-20");
    let account = unique("DE-BANK-");
    let end_to_end = unique("E2E-");
    let document = camt(
        &account,
        1,
        "2026-01-12",
        0,
        &[
            [
                "119.00",
                &end_to_end,
                &name,
                "DE11100000000000000001",
                &number,
                "",
            ],
            ["60.00", "", "Somebody else", "DE11100000000000000002", &other, ""],
            ["-5.00", "", "The bank", "", "fees", ""],
        ],
    );
    let sent = || {
        app.post("/v1/bank-statements")
            .header("idempotency-key", &end_to_end)
            .xml(document.as_str())
            .send(200)
    };
    let answer = sent();
    assert_eq!(tally(&answer.json()), [3, 0, 1, 1, 1]);
    let replayed = sent();
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    assert_eq!(replayed.json(), answer.json());
    let lines = app.lines_of(&answer.json());
    assert_eq!(
        (app.balance(&first), app.balance(&second)),
        ("0.00".to_owned(), "80.00".to_owned())
    );
    let payment = lines[0]["payment_id"].as_str().expect("a payment");
    let payment = app.get(&format!("/v1/payments/{payment}")).send(200).json();
    assert_eq!(
        (payment["source"].as_str(), payment["reference"].as_str()),
        (Some("bank"), Some(id(&lines[0])))
    );

    // A person looks: the true one stands first.
    let waiting = app.get("/v1/bank-lines?status=review").send(200).json();
    assert_eq!(waiting["data"][0]["id"], lines[1]["id"]);
    assert_eq!(lines[1]["candidates"][0]["shares"][0]["invoice"], json!(second));
    let path = format!("/v1/bank-lines/{}", id(&lines[1]));
    app.post(&format!("{path}/match"))
        .json(&json!({}))
        .send(422)
        .problem("invalid");
    app.post(&format!("{path}/match"))
        .json(&json!({"candidate": 5}))
        .send(422)
        .problem("invalid");
    let matched = app
        .post(&format!("{path}/match"))
        .json(&json!({"candidate": 1}))
        .send(200)
        .json();
    assert_eq!(matched["status"], "matched");
    assert_eq!(app.balance(&second), "20.00");
    app.post(&format!("{path}/match"))
        .json(&json!({"candidate": 1}))
        .send(409)
        .problem("line_not_open");
    let back = app
        .post(&format!("{path}/unmatch"))
        .json(&json!({"reason": "another's"}))
        .send(200)
        .json();
    assert_eq!(
        (back["status"].as_str(), app.balance(&second)),
        (Some("review"), "80.00".to_owned())
    );
    let ignored = app
        .post(&format!("{path}/match"))
        .json(&json!({"ignore": "sent back"}))
        .send(200)
        .json();
    assert_eq!(ignored["status"], "ignored");

    let document = camt(
        &account,
        2,
        "2026-01-13",
        17_400,
        &[["-119.00", &end_to_end, &name, "", "", "AM04"]],
    );
    let answer = app.statement(&document);
    assert_eq!(tally(&answer), [1, 0, 1, 0, 0]);
    assert_eq!(app.balance(&first), "119.00");
    let integrity = app.get("/v1/reports/integrity").send(200).json();
    assert_eq!(integrity["holds"], true, "{integrity}");
}

#[test]
fn an_advice_tells_what_a_payment_is_for() {
    let app = own!(App::start());
    let (customer, name) = known(&app);
    let (first, number) = app.new_invoice(&customer, "100.00", "2026-01-20");
    let (second, other) = app.new_invoice(&customer, "50.00", "2026-01-20");
    let reference = unique("PAY-");
    let text =
        format!("EUR\nReference: {reference}\n{number} 100.00\n{other} 30.00 damaged goods\nTotal 130.00");
    let advice = app
        .post("/v1/remittances")
        .body("text/plain", text.as_str())
        .send(201)
        .json();
    assert_eq!(
        (advice["status"].as_str(), advice["lines"][1]["reason"].as_str()),
        (Some("open"), Some("damaged goods"))
    );
    app.post("/v1/remittances")
        .body("text/plain", text.as_str())
        .send(200);
    let document = camt(
        &unique("DE-ADV-"),
        1,
        "2026-01-12",
        0,
        &[["130.00", &reference, &name, "", "", ""]],
    );
    assert_eq!(tally(&app.statement(&document)), [1, 0, 1, 0, 0]);
    assert_eq!(
        (app.balance(&first), app.balance(&second)),
        ("0.00".to_owned(), "20.00".to_owned())
    );
    let used = app
        .get(&format!("/v1/remittances/{}", id(&advice)))
        .send(200)
        .json();
    assert_eq!(used["status"], "used");
    assert_eq!(app.get("/v1/remittances").send(200).json()["data"][0], used);
    app.post("/v1/remittances")
        .body("text/plain", "Hello")
        .send(422)
        .problem("invalid");
    let table = format!("invoice,amount\n{other},20.00\n");
    let late = app
        .post("/v1/remittances?currency=EUR")
        .body("text/csv", table)
        .send(201)
        .json();
    assert_eq!(late["lines"][0]["invoice_id"], json!(second));
}

#[test]
fn payouts_and_the_report_name_every_difference() {
    let app = own!(App::start());
    let report = json!({"provider": "sandbox", "id": "po-1", "currency": "EUR", "arrival_date": "2026-01-14",
        "gross": "100.00", "fee": "1.75", "net": "98.25",
        "items": [{"payment": "unheard-of", "gross": "100.00", "fee": "1.75", "net": "98.25"}]});
    let payout = app.post("/v1/payouts").json(&report).send(201).json();
    assert_eq!(payout["differences"][0]["code"], "unknown_payment");
    app.post("/v1/payouts").json(&report).send(200);
    let mut other = report.clone();
    other["arrival_date"] = json!("2026-01-15");
    app.post("/v1/payouts")
        .json(&other)
        .send(409)
        .problem("reference_taken");
    other["net"] = json!("98.26");
    app.post("/v1/payouts").json(&other).send(422).problem("invalid");

    let codes = || -> Vec<String> {
        let report = app
            .get("/v1/reports/reconciliation?from=2026-01-01&to=2026-01-31")
            .send(200)
            .json();
        let found = report["differences"].as_array().expect("differences").iter();
        found
            .map(|found| found["code"].as_str().expect("a code").to_owned())
            .collect()
    };
    assert_eq!(codes(), ["payout_missing", "payout_item_differs"]);
    let account = unique("DE-OUT-");
    let arrived = camt(
        &account,
        1,
        "2026-01-14",
        0,
        &[["98.25", "", "Sandbox Payments", "", "po-1", ""]],
    );
    assert_eq!(tally(&app.statement(&arrived)), [1, 0, 1, 0, 0]);
    let shown = app.get(&format!("/v1/payouts/{}", id(&payout))).send(200).json();
    assert!(shown["bank_line_id"].is_string());
    assert_eq!(codes(), ["payout_item_differs"]);
    // The third statement without the second.
    let third = camt(
        &account,
        3,
        "2026-01-16",
        9_925,
        &[["1.00", "", "Nobody", "", "", ""]],
    );
    assert_eq!(
        app.statement(&third)["statements"][0]["gaps"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    assert_eq!(
        codes(),
        ["statement_gap", "line_unmatched", "payout_item_differs"]
    );
    let second = camt(
        &account,
        2,
        "2026-01-15",
        9_825,
        &[["1.00", "", "Nobody", "", "", ""]],
    );
    assert_eq!(app.statement(&second)["statements"][0]["gaps"], json!([]));
    app.get("/v1/reports/reconciliation?from=2026-01-31&to=2026-01-01")
        .send(400);
    let job = app.post("/internal/match").key(&app.cron_key).send(200).json();
    assert_eq!(job, json!({"examined": 0, "more": false}));
}

/// As much as a large creditor has in a month. What lines are matched against must fit an instance, and be made and asked
/// in seconds.
#[test]
fn ten_thousand_lines_find_their_invoices_among_a_hundred_thousand() {
    const CUSTOMERS: usize = 2_000;
    const INVOICES: usize = 100_000;
    const LINES: usize = 10_000;
    let app = own!(App::start());
    let run = unique("M");
    let key = |at: usize| format!("{run}-{at}");
    let number = |at: usize| format!("BULK-{:06}", at * 7 + 1);
    // No two alike, so that a slip of the keys never fits another's amount.
    let amount = |at: usize| format!("{}.{:02}", 100 + at * 37 / 100, at * 37 % 100);
    let bulk = |path: &str, documents: Vec<Value>| {
        let lines: Vec<String> = documents.iter().map(Value::to_string).collect();
        let answer = app
            .post(path)
            .body("application/x-ndjson", lines.join("\n"))
            .send(200)
            .json();
        assert_eq!(answer["rejected"], json!([]));
    };
    bulk(
        "/v1/customers",
        (0..CUSTOMERS)
            .map(|at| crate::harness::customer(&key(at)))
            .collect(),
    );
    for from in (0..INVOICES).step_by(10_000) {
        let some = from..from + 10_000;
        let of = |at| crate::harness::invoice(&number(at), &key(at % CUSTOMERS), &amount(at), "2026-01-20");
        bulk("/v1/invoices", some.map(of).collect());
    }
    // Of ten lines, nine name what they pay, and one says nothing.
    let lines: Vec<[String; 2]> = (0..LINES)
        .map(|at| match at % 10 {
            0 => [amount(at), "thank you".to_owned()],
            _ => [amount(at), format!("Invoice {} of December", number(at))],
        })
        .collect();
    let lines: Vec<[&str; 6]> = lines
        .iter()
        .map(|[amount, text]| [amount.as_str(), "", "", "", text.as_str(), ""])
        .collect();
    let document = camt(&unique("DE-BULK-"), 1, "2026-01-12", 0, &lines);
    let began = Instant::now();
    let mut answer = app.statement(&document);
    // A slow machine takes more than one request; nothing is lost in between.
    while answer["received"] != 0 {
        app.post("/internal/match").key(&app.cron_key).send(200);
        answer = app.statement(&document);
    }
    let took = began.elapsed();
    say(&format!(
        "{LINES} bank lines against {INVOICES} open invoices: {took:.1?}"
    ));
    assert_eq!(answer["matched"], LINES / 10 * 9);
    assert_eq!(answer["review"], LINES / 10);
    assert!(took < Duration::from_secs(60), "{took:?}");
}

#[test]
fn the_fixtures_are_what_the_standards_schemas_allow() {
    let Some(python) = Partner::python("camt053") else {
        return;
    };
    let files =
        ["camt053-02.xml", "camt053-08.xml", "camt054-04.xml"].map(|name| format!("{FIXTURES}/{name}"));
    let valid = python.run("camt_validate.py", &files.each_ref().map(String::as_str), "");
    let messages: Vec<&str> = valid.lines().collect();
    assert_eq!(
        messages,
        ["camt.053.001.02", "camt.053.001.08", "camt.054.001.04"]
    );
}

#[test]
fn another_reader_of_mt940_finds_the_same() {
    let Some(python) = Partner::python("mt940") else {
        return;
    };
    let app = own!(App::start());
    for name in ["german.mt940", "dutch.mt940"] {
        let text = String::from_utf8(fixture(name)).expect("UTF-8");
        let theirs: Value = serde_json::from_str(&python.run("mt940_read.py", &[], &text)).expect("JSON");
        let answer = app
            .post("/v1/bank-statements")
            .body("text/plain", text)
            .send(200)
            .json();
        let statement = &app.get("/v1/bank-statements?limit=1").send(200).json()["data"][0];
        assert_eq!(
            (&statement["opening"]["amount"], &statement["closing"]["amount"]),
            (&theirs["opening"], &theirs["closing"])
        );
        let ours = app.lines_of(&answer);
        let lines = theirs["lines"].as_array().expect("lines");
        assert_eq!(ours.len(), lines.len());
        for (ours, theirs) in ours.iter().zip(lines) {
            assert_eq!(ours["amount"]["amount"], theirs["amount"], "{name}");
            assert_eq!(
                (&ours["value_on"], &ours["reference"]),
                (&theirs["value_on"], &theirs["reference"]),
                "{name}"
            );
            // It reads what the subfields of German banks say, and nothing of the codes of others.
            if theirs["end_to_end"].is_string() {
                assert_eq!(ours["end_to_end"], theirs["end_to_end"]);
                let text = ours["text"].as_str().expect("a text").replace('\n', "");
                assert_eq!(text, theirs["text"].as_str().expect("a text").replace('\n', ""));
            }
        }
    }
}
