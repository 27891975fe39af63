//! Invoices as tables: whatever a program exports goes in as it is meant, or is told why not; what is bad is kept,
//! corrected and sent again; what goes out harms no spreadsheet.

use serde_json::{Value, json};

use crate::harness::{App, own, unique};

/// The mapping of a German export, saved under a name of its own.
fn saved(app: &App, change: impl Fn(&mut Value)) -> String {
    let source = unique("datev").to_lowercase();
    let mut mapping = json!({"columns": {"Rechnungsnr": "number", "Debitor": "customer", "Datum": "issue_date",
        "Fällig": "due_date", "Brutto": "total", "Text": "description"},
        "decimal": "comma", "date_format": "DD.MM.YYYY", "defaults": {"currency": "EUR"}});
    change(&mut mapping);
    let address = format!("/v1/intake/mappings/{source}");
    let shown = app.put(&address).json(&mapping).send(200).json();
    assert_eq!(app.get(&address).send(200).json(), shown);
    assert_eq!(
        (&shown["source"], &shown["columns"]),
        (&json!(source), &mapping["columns"])
    );
    source
}

fn post(app: &App, target: &str, charset: &str, table: impl Into<Vec<u8>>) -> Value {
    app.post(target)
        .body(&format!("text/csv{charset}"), table)
        .send(200)
        .json()
}

/// The only invoice of a number.
fn invoice(app: &App, number: &str) -> Value {
    let found = app.get(&format!("/v1/invoices?number={number}")).send(200).json();
    let rows = found["data"].as_array().expect("data");
    assert_eq!(rows.len(), 1, "{number}: {found}");
    rows[0].clone()
}

#[test]
fn a_table_goes_in_by_the_names_of_its_columns() {
    let app = App::shared();
    let known = app.new_customer();
    let [one, two] = [unique("T"), unique("T")];
    // A byte order mark, a quoted cell with a line break, quotes and the delimiter in it, and rows of nothing.
    let table = format!(
        "\u{feff}Number,Customer,Issue date,Due date,Currency,Total,Description,Colour\r\n\
         {one},{c},2026-01-05,2026-02-04,EUR,1250.5,\"Winch,\r\n \"\"self-tailing\"\"\",red\r\n\
         {two},{c},2026-01-06,,EUR,7,,\r\n,,,,,,,\r\n\r\n",
        c = known.external_id
    );
    let report = post(app, "/v1/invoices", "", table.clone());
    assert_eq!(
        (
            &report["accepted"],
            &report["duplicates"],
            &report["rejected_count"]
        ),
        (&json!(2), &json!(0), &json!(0)),
        "{report}"
    );
    assert_eq!(
        (&report["table"]["unmapped"], &report["table"]["decimal"]),
        (&json!(["Colour"]), &json!("point"))
    );
    let taken = invoice(app, &one);
    assert_eq!(
        (
            &taken["total"]["amount"],
            &taken["due_date"],
            &taken["lines"][0]["description"]
        ),
        (
            &json!("1250.50"),
            &json!("2026-02-04"),
            &json!("Winch, \"self-tailing\"")
        )
    );
    let again = post(app, "/v1/invoices", "; charset=utf-8", table);
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(2)));
}

#[test]
fn a_saved_mapping_reads_what_its_source_exports() {
    let app = App::shared();
    let known = app.new_customer();
    let source = saved(app, |_| {});
    let number = unique("T");
    let table = format!(
        "Rechnungsnr;Debitor;Datum;Fällig;Brutto;Text;Sachbearbeiter\n{number};{};3.4.2026;04.05.2026;1.234;Müller – 5 €;Ada\n",
        known.external_id
    );
    let latin: Vec<u8> = table
        .chars()
        .map(|c| match c {
            '€' => 0x80,
            '–' => 0x96,
            c => u8::try_from(c).expect("a character of the code page"),
        })
        .collect();
    let target = format!("/v1/invoices?source={source}");
    let report = post(app, &target, "; charset=windows-1252", latin.clone());
    assert_eq!(report["accepted"], 1, "{report}");
    assert_eq!(report["table"]["unmapped"], json!(["Sachbearbeiter"]));
    let taken = invoice(app, &number);
    assert_eq!(
        (
            &taken["issue_date"],
            &taken["total"]["amount"],
            &taken["lines"][0]["description"]
        ),
        (&json!("2026-04-03"), &json!("1234.00"), &json!("Müller – 5 €"))
    );
    // The same bytes without the charset are no UTF-8, from the header on.
    let refused = app.post(&target).body("text/csv", latin).send(422);
    assert!(
        refused.text().contains("unsupported_encoding"),
        "{}",
        refused.text()
    );
    app.post(&target)
        .body("text/csv; charset=utf-16", "x")
        .send(415)
        .problem("unsupported_media_type");
    app.post("/v1/invoices?source=No%20Slug")
        .body("text/csv", "x")
        .send(400);
    app.get("/v1/intake/mappings/nobody").send(404);
    let bad = json!({"columns": {"A": "colour"}});
    app.put("/v1/intake/mappings/erp")
        .json(&bad)
        .send(422)
        .problem("invalid");
}

#[test]
fn what_nobody_can_tell_is_refused_with_the_way_out_and_nothing_is_taken() {
    let app = App::shared();
    let known = app.new_customer();
    let number = unique("T");
    let head = "number,customer,issue_date,currency,total\n";
    let row = |date: &str, total: &str| format!("{number},{},{date},EUR,\"{total}\"\n", known.external_id);
    let cases = [
        (
            format!("{head}{}", row("2026-01-05", "1,234")),
            vec!["decimal_ambiguous"],
        ),
        (
            format!("{head}{}{}", row("2026-01-05", "1,23"), row("2026-01-05", "1.23")),
            vec!["decimal_conflict"],
        ),
        (
            format!("{head}{}", row("03/04/2026", "1.5")),
            vec!["date_ambiguous"],
        ),
        (
            "number;total\n1;2\n".to_owned(),
            vec!["required", "required", "required"],
        ),
        ("a;b,c\n".to_owned(), vec!["delimiter_ambiguous"]),
        (String::new(), vec!["required"]),
        (",".repeat(10_000), vec!["too_many_columns"]),
        (format!("number,\"{}", "x".repeat(100_000)), vec!["too_long"]),
    ];
    for (table, codes) in cases {
        let refused = app.post("/v1/invoices").body("text/csv", table.clone()).send(422);
        let errors = refused.json()["errors"].clone();
        let found: Vec<&str> = errors
            .as_array()
            .expect("errors")
            .iter()
            .map(|error| error["code"].as_str().expect("a code"))
            .collect();
        assert_eq!(found, codes, "{}", table.chars().take(80).collect::<String>());
    }
    let listed = app.get(&format!("/v1/invoices?number={number}")).send(200).json();
    assert_eq!(listed["data"], json!([]));
}

#[test]
fn each_bad_row_is_told_with_its_line_and_spoils_no_other() {
    let app = App::shared();
    let known = app.new_customer();
    let source = saved(app, |_| {});
    let numbers: Vec<String> = (0..3).map(|_| unique("T")).collect();
    let good = |at: usize| format!("{};{};05.01.2026;;10,00;\n", numbers[at], known.external_id);
    let million = "7".repeat(1_000_000);
    let table = format!(
        "Rechnungsnr;Debitor;Datum;Fällig;Brutto;Text\n{}{}{}{}{}{}{}{}",
        good(0),
        ";nobody;31.02.2026;;1.5;\n",
        format_args!(
            "{};{};05.01.2026;;1,00;\"two\nlines\"\n",
            unique("T"),
            unique("nobody")
        ),
        good(1),
        format_args!("1;2;05.01.2026;;{million};\n"),
        "1;2;05.01.2026;;1,00;\"open\n",
        "1;2;3\n",
        good(2),
    );
    let report = post(app, &format!("/v1/invoices?source={source}"), "", table);
    assert_eq!(
        (&report["accepted"], &report["rejected_count"]),
        (&json!(3), &json!(5)),
        "{report}"
    );
    let told: Vec<(u64, Vec<&str>)> = report["rejected"]
        .as_array()
        .expect("rejected")
        .iter()
        .map(|reject| {
            let errors = reject["errors"].as_array().expect("errors");
            let codes = errors.iter().map(|error| error["code"].as_str().expect("a code"));
            (reject["line"].as_u64().expect("a line"), codes.collect())
        })
        .collect();
    // The third row goes over two lines.
    assert_eq!(
        told,
        [
            (3, vec!["invalid_date", "amount_not_decimal", "required"]),
            (4, vec!["unknown_customer"]),
            (7, vec!["too_long"]),
            (8, vec!["unclosed_quote"]),
            (9, vec!["column_count"]),
        ]
    );
    let kept = app
        .get(&format!("/v1/intake/rejects?source={source}"))
        .send(200)
        .json();
    let kept = kept["data"].as_array().expect("data").clone();
    assert_eq!(kept.len(), 5);
    let body = kept[1]["body"].as_str().expect("a body");
    assert!(
        body.starts_with("Rechnungsnr;Debitor;") && body.ends_with("\"two\nlines\""),
        "{body}"
    );
    assert_eq!(
        (&kept[1]["format"], &kept[1]["source"]),
        (&json!("csv"), &json!(source))
    );
}

/// Sends a table of one row for a customer who is not there, and answers the kept line and the customer's key.
fn rejected(app: &App, source: &str, total: &str) -> (String, String, String) {
    let (number, customer) = (unique("T"), unique("late"));
    let table =
        format!("Rechnungsnr;Debitor;Datum;Fällig;Brutto;Text\n{number};{customer};05.01.2026;;{total};\n");
    let report = post(app, &format!("/v1/invoices?source={source}"), "", table);
    assert_eq!(report["rejected_count"], 1, "{report}");
    let kept = app
        .get(&format!("/v1/intake/rejects?source={source}&limit=500"))
        .send(200)
        .json();
    let rows = kept["data"].as_array().expect("data");
    let id = rows.last().expect("a row")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    (id, number, customer)
}

fn new_customer(app: &App, external_id: &str) {
    app.post("/v1/customers")
        .json(&crate::harness::customer(external_id))
        .send(201);
}

#[test]
fn a_kept_row_is_sent_again_as_it_is_or_corrected_and_is_kept_no_more() {
    let app = App::shared();
    // The decimal comma was seen in the column; the row alone would not show it.
    let source = saved(app, |mapping| {
        mapping.as_object_mut().expect("object").remove("decimal");
    });
    let (id, number, customer) = rejected(app, &source, "1.234,50");
    let address = format!("/v1/intake/rejects/{id}");
    let refused = app.post(&address).send(422);
    assert_eq!(refused.pointers(), ["/customer"]);
    new_customer(app, &customer);
    let key = unique("idem");
    let again = || app.post(&address).header("idempotency-key", &key).send(201);
    let made = again();
    assert_eq!(
        (&made.json()["number"], &made.json()["total"]["amount"]),
        (&json!(number), &json!("1234.50"))
    );
    assert_eq!(again().header("idempotent-replayed"), Some("true"));
    app.post(&address).send(404).problem("not_found");

    // Corrected as a row, as a row after its header, as JSON.
    let row = |number: &str, customer: &str, total: &str| format!("{number};{customer};05.01.2026;;{total};");
    let (id, _, customer) = rejected(app, &source, "1,50");
    new_customer(app, &customer);
    let corrected = unique("T");
    let made = app
        .post(&format!("/v1/intake/rejects/{id}"))
        .body("text/csv", row(&corrected, &customer, "1.234"))
        .send(201);
    assert_eq!(
        made.json()["total"]["amount"],
        "1234.00",
        "as the column was understood"
    );

    let (id, _, customer) = rejected(app, &source, "1,50");
    new_customer(app, &customer);
    let address = format!("/v1/intake/rejects/{id}");
    let table = format!(
        "Rechnungsnr;Debitor;Datum;Fällig;Brutto;Text\n{}\n",
        row(&unique("T"), &customer, "2,50")
    );
    app.post(&address)
        .body("text/csv", format!("{table}{table}"))
        .send(422);
    app.post(&address).body("text/plain", "x").send(415);
    let made = app.post(&address).body("text/csv", table).send(201);
    assert_eq!(made.json()["total"]["amount"], "2.50");

    let (id, number, _) = rejected(app, &source, "1,50");
    let known = app.new_customer();
    let document = crate::harness::invoice(&number, &known.external_id, "3.00", "2026-02-01");
    app.post(&format!("/v1/intake/rejects/{id}"))
        .json(&document)
        .send(201);

    // A number that stands for something else: the line stays.
    let (id, _, _) = rejected(app, &source, "1,50");
    let taken = crate::harness::invoice(&number, &known.external_id, "4.00", "2026-02-01");
    let address = format!("/v1/intake/rejects/{id}");
    app.post(&address).json(&taken).send(409).problem("number_taken");
    app.delete(&address).send(204);
    app.delete(&address).send(404);
    let left = app
        .get(&format!("/v1/intake/rejects?source={source}"))
        .send(200)
        .json();
    assert_eq!(left["data"], json!([]));
}

#[test]
fn kept_lines_of_json_are_sent_again_too() {
    let app = App::shared();
    let source = unique("erp").to_lowercase();
    let (number, customer) = (unique("R"), unique("late"));
    let document = crate::harness::invoice(&number, &customer, "10.00", "2026-02-01");
    app.post(&format!("/v1/invoices?source={source}"))
        .body("application/x-ndjson", format!("{document}\n"))
        .send(200);
    let kept = app
        .get(&format!("/v1/intake/rejects?source={source}"))
        .send(200)
        .json();
    let id = kept["data"][0]["id"].as_str().expect("an id");
    new_customer(app, &customer);
    app.post(&format!("/v1/intake/rejects/{id}")).send(201);
    app.delete(&format!("/v1/intake/rejects/{id}")).send(404);

    // A customer's line too: among those of the app it is the newest.
    let mut customer = crate::harness::customer(&unique("C"));
    customer["country"] = json!("XX");
    let report = app
        .post("/v1/customers")
        .body("application/x-ndjson", customer.to_string())
        .send(200)
        .json();
    assert_eq!(report["rejected_count"], 1);
    let mut after = String::new();
    let id = loop {
        let page = app
            .get(&format!("/v1/intake/rejects?limit=500{after}"))
            .send(200)
            .json();
        let rows = page["data"].as_array().expect("data");
        let body = customer.to_string();
        let ours = |row: &&Value| row["body"].as_str().expect("a body") == body;
        if let Some(row) = rows.iter().find(ours) {
            assert_eq!(
                (&row["kind"], &row["format"]),
                (&json!("customer"), &json!("json"))
            );
            break row["id"].as_str().expect("an id").to_owned();
        }
        after = format!("&after={}", page["next"].as_str().expect("it is among them"));
    };
    let address = format!("/v1/intake/rejects/{id}");
    assert_eq!(app.post(&address).send(422).pointers(), ["/country"]);
    customer["country"] = json!("DE");
    app.post(&address).json(&customer).send(201);
}

#[test]
fn a_table_of_kept_lines_is_corrected_and_sent_back() {
    let app = App::shared();
    let source = saved(app, |_| {});
    let (id, number, _) = rejected(app, &source, "1.234,50");
    let known = app.new_customer();
    let table = app
        .get(&format!("/v1/intake/rejects?source={source}"))
        .header("accept", "text/csv")
        .send(200);
    assert_eq!(
        table.header("content-type"),
        Some("text/csv; charset=utf-8; header=present")
    );
    let table = table.text();
    let mut lines = table.lines();
    let (header, row) = (lines.next().expect("a header"), lines.next().expect("a row"));
    assert!(
        header.starts_with("reject_id,line,errors,number,customer,issue_date"),
        "{header}"
    );
    assert!(
        row.starts_with(&format!("{id},2,")) && row.contains(",2026-01-05,,EUR,1234.50,"),
        "{row}"
    );
    let late = row
        .split(',')
        .find(|cell| cell.starts_with("late-"))
        .expect("the customer");
    let corrected = table.replace(late, &known.external_id);
    let report = post(app, "/v1/invoices", "", corrected);
    assert_eq!(
        (&report["accepted"], &report["rejected_count"]),
        (&json!(1), &json!(0)),
        "{report}"
    );
    assert_eq!(invoice(app, &number)["total"]["amount"], "1234.50");
    let left = app
        .get(&format!("/v1/intake/rejects?source={source}"))
        .send(200)
        .json();
    assert_eq!(left["data"], json!([]), "it took the place of the kept line");
}

#[test]
fn a_customer_who_is_named_in_the_table_is_made() {
    let app = App::shared();
    let [one, two, three] = [unique("T"), unique("T"), unique("T")];
    let (new, nameless) = (unique("C"), unique("C"));
    let table = format!(
        "number,customer,issue_date,currency,total,customer_name,customer_country,customer_email\n\
         {one},{new},2026-01-05,CHF,10.50,Meier & Co,CH,ap@meier.example\n\
         {two},{new},2026-01-05,CHF,20.50,Meier & Co,CH,ap@meier.example\n\
         {three},{nameless},2026-01-05,CHF,30.50,Ohne Land,,\n"
    );
    let report = post(app, "/v1/invoices", "", table);
    assert_eq!(
        (&report["accepted"], &report["rejected_count"]),
        (&json!(2), &json!(1)),
        "{report}"
    );
    assert_eq!(report["rejected"][0]["errors"][0]["pointer"], "/customer/country");
    let customer = app.customer(invoice(app, &one)["customer"]["id"].as_str().expect("an id"));
    assert_eq!(
        (
            &customer["external_id"],
            &customer["time_zone"],
            &customer["balance"]["amount"]
        ),
        (&json!(new), &json!("Europe/Zurich"), &json!("31.00"))
    );
}

#[test]
fn what_goes_out_as_a_table_is_no_formula_and_comes_in_pages() {
    let app = own!(App::start());
    let mut customer = crate::harness::customer("=HYPERLINK(\"http://evil.example\")");
    customer["name"] = json!("Evil");
    app.post("/v1/customers").json(&customer).send(201);
    for number in ["-1+1", "@SUM(A1)", "R-3"] {
        let document = crate::harness::invoice(
            number,
            "=HYPERLINK(\"http://evil.example\")",
            "1250.00",
            "2026-02-01",
        );
        app.post("/v1/invoices").json(&document).send(201);
    }
    let first = app
        .get("/v1/invoices?status=open&limit=2")
        .header("accept", "text/csv")
        .send(200);
    let text = first.text();
    assert!(
        text.contains("'-1+1,\"'=HYPERLINK(\"\"http://evil.example\"\")\",2025-12-15,"),
        "{text}"
    );
    assert!(
        text.contains("\r\n'@SUM(A1),") && text.contains(",1250.00,1250.00,open,"),
        "{text}"
    );
    let link = first.header("link").expect("the next page");
    let next = link
        .strip_prefix('<')
        .and_then(|link| link.strip_suffix(">; rel=\"next\""))
        .expect("RFC 8288");
    let second = app.get(next).header("accept", "text/csv").send(200);
    assert!(second.text().contains("\r\nR-3,"), "{}", second.text());
    assert_eq!(second.header("link"), None);
    // And in again, under its own names: all of it is known.
    let report = post(
        &app,
        "/v1/invoices",
        "",
        format!("{}{}", first.text(), second.text()),
    );
    assert_eq!(report["duplicates"], 3, "{report}");
}
