//! UBL documents: every published sample goes in with its amounts and dates, and what is no UBL is refused safely.

use std::{fs, path::PathBuf};

use serde_json::json;

use crate::harness::{App, own, unique};

/// File, number, due date, currency, payable amount. Issue dates and terms are read from the documents themselves:
/// where one states no due date, `Payment within 30 days` or the default terms of 30 days count.
const INVOICES: [(&str, &str, &str, &str, &str); 8] = [
    (
        "peppol-Allowance-example.xml",
        "Snippet1",
        "2017-12-01",
        "EUR",
        "6125.00",
    ),
    (
        "peppol-Vat-category-S.xml",
        "Snippet1",
        "2017-12-01",
        "EUR",
        "8550.00",
    ),
    (
        "peppol-base-example.xml",
        "Snippet1",
        "2017-12-01",
        "EUR",
        "1656.25",
    ),
    (
        "peppol-vat-category-E.xml",
        "Vat-Z",
        "2018-09-29",
        "GBP",
        "1200.00",
    ),
    (
        "ubl-tc434-example1.xml",
        "12115118",
        "2015-01-09",
        "EUR",
        "250.33",
    ),
    ("ubl-tc434-example2.xml", "TOSL108", "2013-07-20", "NOK", "801.78"),
    (
        "ubl-tc434-example3.xml",
        "TOSL108",
        "2013-05-10",
        "DKK",
        "2005.00",
    ),
    (
        "ubl-tc434-example4.xml",
        "TOSL110",
        "2013-05-10",
        "DKK",
        "4675.00",
    ),
];

/// File, number, amount credited: a credit note, and an invoice over a negative amount.
const CREDITS: [(&str, &str, &str); 2] = [
    ("peppol-base-creditnote-correction.xml", "Snippet1", "1656.25"),
    (
        "peppol-base-negative-inv-correction.xml",
        "Correction1",
        "1656.25",
    ),
];

/// A published file. None where they are not there.
fn published(file: &str) -> Option<String> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/samples/ubl"
    ))
    .join(file);
    let text = fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("SKIPPED: the published samples are not at {}", path.display());
    }
    text
}

/// A published file under a number of its own, so that tests which share an app do not meet.
fn sample(file: &str, number: &str) -> Option<(String, String)> {
    let text = published(file)?;
    let own = unique("UBL");
    let (old, new) = (format!(":ID>{number}<"), format!(":ID>{own}<"));
    assert!(text.contains(&old), "{file} does not have the number {number}");
    Some((text.replacen(&old, &new, 1), own))
}

#[test]
fn every_published_invoice_goes_in_with_its_amount_and_dates() {
    let app = App::shared();
    for (file, number, due, currency, amount) in INVOICES {
        let Some((document, own)) = sample(file, number) else {
            return;
        };
        let made = app.post("/v1/invoices").xml(document.clone()).send(201).json();
        assert_eq!(made["number"], own, "{file}");
        assert_eq!(made["due_date"], due, "{file}");
        assert_eq!(
            made["total"],
            json!({"amount": amount, "currency": currency}),
            "{file}"
        );
        let issued = document
            .split("IssueDate>")
            .nth(1)
            .and_then(|rest| rest.get(..10));
        assert_eq!(made["issue_date"].as_str(), issued, "{file}");
        app.post("/v1/invoices").xml(document).send(200);
    }
}

#[test]
fn every_published_credit_goes_in_too() {
    let app = App::shared();
    for (file, number, amount) in CREDITS {
        let Some((document, own)) = sample(file, number) else {
            return;
        };
        let made = app.post("/v1/invoices").xml(document.clone()).send(201).json();
        assert_eq!(
            (&made["number"], &made["total"]["amount"]),
            (&json!(own), &json!(amount)),
            "{file}: {made}"
        );
        app.post("/v1/credit-notes").xml(document).send(200);
    }
}

#[test]
fn the_published_files_go_into_one_ledger_as_they_are() {
    let app = own!(App::start());
    let files = INVOICES
        .iter()
        .map(|invoice| invoice.0)
        .chain(CREDITS.iter().map(|credit| credit.0));
    // Several of them share a number: another seller's or buyer's document is another document.
    for (file, expected) in files
        .clone()
        .map(|file| (file, 201))
        .chain(files.map(|file| (file, 200)))
    {
        let Some(document) = published(file) else { return };
        app.post("/v1/invoices").xml(document).send(expected);
    }
    let listed = app.get("/v1/invoices?limit=500").send(200).json();
    let mut totals: Vec<&str> = listed["data"]
        .as_array()
        .expect("data")
        .iter()
        .filter_map(|row| row["total"]["amount"].as_str())
        .collect();
    let mut expected: Vec<&str> = INVOICES.iter().map(|invoice| invoice.4).collect();
    totals.sort_unstable();
    expected.sort_unstable();
    assert_eq!(totals, expected);
}

/// A small but complete document.
pub(crate) fn document(number: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:ID>{number}</cbc:ID>
  <cbc:IssueDate>2026-01-05</cbc:IssueDate>
  <cbc:DueDate>2026-01-19</cbc:DueDate>
  <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  <cac:AccountingSupplierParty><cac:Party>
    <cac:PartyLegalEntity><cbc:RegistrationName>Seller BV</cbc:RegistrationName></cac:PartyLegalEntity>
  </cac:Party></cac:AccountingSupplierParty>
  <cac:AccountingCustomerParty><cac:Party>
    <cbc:EndpointID schemeID="0088">{number}</cbc:EndpointID>
    <cac:PostalAddress><cac:Country><cbc:IdentificationCode>NL</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
    <cac:PartyLegalEntity><cbc:RegistrationName>Buyer {number} BV</cbc:RegistrationName></cac:PartyLegalEntity>
    <cac:Contact><cbc:Name>Jan</cbc:Name><cbc:ElectronicMail>jan@buyer.example</cbc:ElectronicMail></cac:Contact>
  </cac:Party></cac:AccountingCustomerParty>
  <cac:LegalMonetaryTotal><cbc:PayableAmount currencyID="EUR">121.00</cbc:PayableAmount></cac:LegalMonetaryTotal>
</Invoice>"#
    )
}

#[test]
fn a_buyer_who_is_not_known_becomes_a_customer() {
    let app = App::shared();
    let number = unique("UBL");
    let made = app
        .post("/v1/invoices")
        .body("text/xml; charset=utf-8", document(&number))
        .send(201);
    let customer = app.customer(&made.string("/customer/id"));
    assert_eq!(customer["external_id"], format!("0088:{number}"));
    assert_eq!(
        (&customer["country"], &customer["time_zone"]),
        (&json!("NL"), &json!("Europe/Amsterdam"))
    );
    assert_eq!(customer["contacts"][0]["email"], "jan@buyer.example");
    assert_eq!(customer["balance"]["amount"], "121.00");
}

#[test]
fn a_document_with_a_mistake_names_its_elements() {
    let app = App::shared();
    for (from, to, pointers) in [
        ("2026-01-19", "2026-02-30", vec!["/Invoice/cbc:DueDate"]),
        (">EUR<", ">EUX<", vec!["/Invoice/cbc:DocumentCurrencyCode"]),
        (
            ">121.00<",
            ">121.001<",
            vec!["/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount"],
        ),
    ] {
        let spoiled = document(&unique("UBL")).replace(from, to);
        let answer = app.post("/v1/invoices").xml(spoiled).send(422);
        answer.problem("invalid");
        assert_eq!(answer.pointers(), pointers, "{to}: {}", answer.text());
    }
    let several = document(&unique("UBL"))
        .replace("2026-01-19", "never")
        .replace(">NL<", ">XX<");
    assert_eq!(
        app.post("/v1/invoices").xml(several).send(422).pointers().len(),
        2
    );
}

#[test]
fn what_is_no_document_is_refused_and_harms_nothing() {
    let app = App::shared();
    let bomb = r#"<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>"#;
    let external = r#"<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>"#;
    let with = |dtd: &str| document(&unique("UBL")).replace("<Invoice ", &format!("{dtd}<Invoice "));
    let cases = [
        ("an entity bomb", with(bomb)),
        ("an external entity", with(external)),
        (
            "an unclosed element",
            document(&unique("UBL")).replace("</Invoice>", ""),
        ),
        ("nothing", String::new()),
        ("no XML", "{\"number\": \"1\"}".to_owned()),
        ("another document", "<Order xmlns=\"urn:x\"/>".to_owned()),
        (
            "deep nesting",
            format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000)),
        ),
        (
            "many attributes",
            format!(
                "<a {}/>",
                (0..50_000).map(|n| format!("a{n}=\"\" ")).collect::<String>()
            ),
        ),
    ];
    for (what, body) in cases {
        let answer = app.post("/v1/invoices").xml(body).answer();
        assert!(
            [400, 422].contains(&answer.status),
            "{what}: {} {}",
            answer.status,
            answer.text()
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{what}"
        );
        assert!(!answer.text().contains("root:"), "{what}");
    }
    app.get("/health").send(200);
}

#[test]
fn a_credit_lowers_its_own_sellers_invoice_and_no_other() {
    let app = own!(App::start());
    let number = unique("UBL");
    let invoice = document(&number);
    // An invoice over a negative amount that corrects the one of this number.
    let credit = |own: &str| {
        let id = format!("<cbc:ID>{number}</cbc:ID>");
        let refers = format!(
            "<cac:BillingReference><cac:InvoiceDocumentReference>{id}</cac:InvoiceDocumentReference></cac:BillingReference>"
        );
        invoice
            .replacen(&id, &format!("<cbc:ID>{own}</cbc:ID>"), 1)
            .replace(
                "<cac:AccountingSupplierParty>",
                &format!("{refers}<cac:AccountingSupplierParty>"),
            )
            .replace("121.00", "-121.00")
    };
    app.post("/v1/invoices")
        .xml(invoice.replace("Seller BV", "Another Seller BV"))
        .send(201);
    let early = app.post("/v1/invoices").xml(credit("K-1")).send(201).json();
    assert_eq!(early["applied"]["amount"], "0.00", "{early}");

    app.post("/v1/invoices").xml(invoice.clone()).send(201);
    let made = app.post("/v1/invoices").xml(credit("K-2")).send(201).json();
    assert_eq!(made["applied"]["amount"], "121.00", "{made}");
}
