//! What documents come to, and what is said about bad ones.

use chrono::NaiveDate;
use receivables::fields::FieldError;

use crate::document::DueSource::{DueDate, Note, PaymentMeans, PaymentTerms, SettlementPeriod};
use crate::document::{Document, Due, DueSource, Intake, Kind, parse};

mod samples;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

const ROOT: &str = r#"<u:Invoice xmlns:u="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
  xmlns:a="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:b="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">"#;

const BODY: &str = r#"
  <b:ID>A-1</b:ID>
  <b:IssueDate>2026-01-10</b:IssueDate>
  <b:DueDate>2026-01-20</b:DueDate>
  <b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>
  <a:AccountingCustomerParty><a:Party>
    <a:PartyName><b:Name>Käufer &amp; Söhne</b:Name></a:PartyName>
    <a:PostalAddress><a:Country><b:IdentificationCode>DE</b:IdentificationCode></a:Country></a:PostalAddress>
  </a:Party></a:AccountingCustomerParty>
  <a:LegalMonetaryTotal><b:PayableAmount currencyID="EUR">1250.0000</b:PayableAmount></a:LegalMonetaryTotal>"#;

fn invoice(change: &[(&str, &str)]) -> String {
    let body = change.iter().fold(BODY.to_owned(), |body, (from, to)| {
        assert!(body.contains(from), "{from}");
        body.replacen(from, to, 1)
    });
    format!("{ROOT}{body}</u:Invoice>")
}

fn problems(result: Result<Document, Vec<FieldError>>) -> Vec<(String, String)> {
    result
        .unwrap_err()
        .into_iter()
        .map(|e| (e.pointer, e.code.into_owned()))
        .collect()
}

fn owned(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned()))
        .collect()
}

#[test]
fn a_minimal_document_is_read_whatever_its_prefixes() {
    let read = parse(invoice(&[]).as_bytes()).unwrap();
    assert_eq!(read.payable.to_string(), "1250.00 EUR");
    assert_eq!(read.external_id(), "Käufer & Söhne");
    let Intake::Invoice { customer, .. } = read.as_intake().unwrap() else {
        panic!("an invoice")
    };
    assert_eq!(
        (customer.time_zone.name(), customer.locale.as_str()),
        ("Europe/Berlin", "de")
    );
    assert_eq!(customer.contacts, []);
}

#[test]
fn text_may_hold_comments_cdata_and_line_breaks_and_a_date_an_offset() {
    let change = [
        ("A-1", "<!-- the number --> A<![CDATA[-1]]>\n"),
        ("2026-01-10", "2026-01-10+01:00"),
        ("Käufer &amp; Söhne", "Käufer\n   GmbH"),
    ];
    let read = parse(invoice(&change).as_bytes()).unwrap();
    assert_eq!(
        (read.number.as_str(), read.buyer.name.as_str()),
        ("A-1", "Käufer GmbH")
    );
    assert_eq!(read.issue_on, day("2026-01-10"));
}

#[test]
fn the_due_date_comes_from_the_clearest_place() {
    let due = "<b:DueDate>2026-01-20</b:DueDate>";
    let means =
        |on: &str| format!("<a:PaymentMeans><b:PaymentDueDate>{on}</b:PaymentDueDate></a:PaymentMeans>");
    let terms = |inner: &str| format!("<a:PaymentTerms>{inner}</a:PaymentTerms>");
    let period = r#"<a:SettlementPeriod><b:DurationMeasure unitCode="DAY">21</b:DurationMeasure></a:SettlementPeriod>"#;
    let discount = "<b:SettlementDiscountPercent>2</b:SettlementDiscountPercent>";
    let on = "<b:PaymentDueDate>2026-02-02</b:PaymentDueDate>";
    let cases = [
        (
            format!("{due}{}", means("2026-02-01")),
            Some(("2026-01-20", DueDate)),
        ),
        (
            means("2026-02-01") + &terms(on),
            Some(("2026-02-01", PaymentMeans)),
        ),
        (
            means("2026-02-01") + &means("2026-03-01"),
            Some(("2026-03-01", PaymentMeans)),
        ),
        (
            terms(&format!("{on}{period}")),
            Some(("2026-02-02", PaymentTerms)),
        ),
        (terms(period), Some(("2026-01-31", SettlementPeriod))),
        (terms(&format!("{discount}{period}")), None),
        (terms(&format!("<b:Note>3% Skonto</b:Note>{period}")), None),
        (
            terms("<b:Note>Zahlbar innerhalb von 14 Tagen</b:Note>"),
            Some(("2026-01-24", Note)),
        ),
        (terms("<b:Note>14 days 2% discount, 30 days net</b:Note>"), None),
        (String::new(), None),
    ];
    for (text, expected) in cases {
        let read = parse(invoice(&[(due, &text)]).as_bytes()).unwrap();
        assert_eq!(
            read.due,
            expected.map(|(on, source)| Due { on: day(on), source }),
            "{text}"
        );
    }
}

/// What is replaced in the document by what, and the problems that makes.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)]);

#[test]
fn each_problem_is_named_with_its_place() {
    let cases: [Case<'_>; 10] = [
        (
            &[("2026-01-20", "2026-02-30")],
            &[("/Invoice/cbc:DueDate", "invalid_date")],
        ),
        (
            &[("2026-01-20", "2026-01-09")],
            &[("/Invoice/cbc:DueDate", "before_issue_date")],
        ),
        (&[("A-1", " ")], &[("/Invoice/cbc:ID", "required")]),
        (&[("<b:ID>A-1</b:ID>", "")], &[("/Invoice/cbc:ID", "required")]),
        (
            &[(">EUR<", ">EUX<")],
            &[("/Invoice/cbc:DocumentCurrencyCode", "unknown_currency")],
        ),
        (
            &[("1250.0000", "1250.001")],
            &[(
                "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount",
                "amount_too_many_digits",
            )],
        ),
        (
            &[("1250.0000", "1.250,00")],
            &[(
                "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount",
                "amount_separator",
            )],
        ),
        (
            &[("currencyID=\"EUR\"", "currencyID=\"USD\"")],
            &[(
                "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount/@currencyID",
                "currency_mismatch",
            )],
        ),
        (
            &[(" currencyID=\"EUR\"", "")],
            &[(
                "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount/@currencyID",
                "required",
            )],
        ),
        (
            &[(">DE<", ">GER<")],
            &[(
                "/Invoice/cac:AccountingCustomerParty/cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode",
                "unknown_country",
            )],
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(
            problems(parse(invoice(change).as_bytes())),
            owned(expected),
            "{change:?}"
        );
    }
}

#[test]
fn an_empty_document_has_all_its_problems_named_at_once() {
    let expected = [
        ("/Invoice/cbc:ID", "required"),
        ("/Invoice/cbc:IssueDate", "required"),
        ("/Invoice/cbc:DocumentCurrencyCode", "required"),
        ("/Invoice/cac:AccountingCustomerParty/cac:Party", "required"),
        ("/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount", "required"),
    ];
    assert_eq!(
        problems(parse(format!("{ROOT}</u:Invoice>").as_bytes())),
        owned(&expected)
    );
}

#[test]
fn lines_are_numbered_in_the_places_of_their_problems() {
    let line = |id: &str, amount: &str| {
        format!(
            r#"<a:InvoiceLine><b:ID>{id}</b:ID><b:LineExtensionAmount currencyID="EUR">{amount}</b:LineExtensionAmount></a:InvoiceLine>"#
        )
    };
    let text = invoice(&[]).replace(
        "</u:Invoice>",
        &(line("1", "5.00") + &line("2", "x") + "</u:Invoice>"),
    );
    let expected = [(
        "/Invoice/cac:InvoiceLine[2]/cbc:LineExtensionAmount",
        "amount_not_decimal",
    )];
    assert_eq!(problems(parse(text.as_bytes())), owned(&expected));
}

#[test]
fn a_contact_that_cannot_be_reached_does_not_keep_an_invoice_out() {
    let contact =
        "<a:Contact><b:Name>Jo</b:Name><b:ElectronicMail>n/a</b:ElectronicMail></a:Contact></a:Party>";
    let read = parse(invoice(&[("</a:Party>", contact)]).as_bytes()).unwrap();
    let place = "/Invoice/cac:AccountingCustomerParty/cac:Party/cac:Contact/cbc:ElectronicMail";
    assert_eq!(read.remarks.len(), 1);
    assert_eq!(
        (read.remarks[0].pointer.as_str(), read.remarks[0].code.as_ref()),
        (place, "invalid_email")
    );
    let Intake::Invoice { customer, .. } = read.as_intake().unwrap() else {
        panic!("an invoice")
    };
    assert_eq!(
        (customer.contacts[0].name.as_str(), &customer.contacts[0].email),
        ("Jo", &None)
    );
}

#[test]
fn what_cannot_be_taken_in_is_said_by_the_intake() {
    let code = |change: &[(&str, &str)]| {
        let errors = parse(invoice(change).as_bytes())
            .unwrap()
            .as_intake()
            .unwrap_err();
        errors
            .into_iter()
            .map(|e| (e.pointer, e.code.into_owned()))
            .collect::<Vec<_>>()
    };
    let country = "<b:IdentificationCode>DE</b:IdentificationCode>";
    let payable = "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount";
    let place =
        "/Invoice/cac:AccountingCustomerParty/cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode";
    assert_eq!(code(&[(country, "")]), owned(&[(place, "required")]));
    assert_eq!(
        code(&[("1250.0000", "0.00"), (country, "")]),
        owned(&[(place, "required"), (payable, "not_positive")])
    );
}

#[test]
fn documents_of_another_kind_are_refused() {
    let without_namespaces = BODY.replace("a:", "").replace("b:", "");
    let cases = [
        (
            format!("<Invoice>{without_namespaces}</Invoice>"),
            "unknown_document",
        ),
        (
            "<CrossIndustryInvoice xmlns=\"urn:un:unece:uncefact:data\"/>".to_owned(),
            "unknown_document",
        ),
        ("<html/>".to_owned(), "unknown_document"),
        ("{\"number\": \"1\"}".to_owned(), "malformed_xml"),
        (String::new(), "malformed_xml"),
        (invoice(&[]).replace("</u:Invoice>", ""), "malformed_xml"),
        (invoice(&[("</b:ID>", "</b:Id>")]), "malformed_xml"),
        (invoice(&[("A-1", "&bomb;")]), "malformed_xml"),
    ];
    for (text, code) in cases {
        let errors = parse(text.as_bytes()).unwrap_err();
        assert_eq!(errors[0].code, code, "{text}: {errors:?}");
    }
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let entities = r#"<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><lolz>&b;</lolz>"#;
    let external = r#"<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>"#;
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=''")).collect();
    let namespaces: String = (0..5_000).map(|n| format!("<x xmlns:n{n}='u'/>")).collect();
    let cases = [
        (entities.to_owned(), "dtd_refused"),
        (external.to_owned(), "dtd_refused"),
        ("<!DOCTYPE x><x/>".to_owned(), "dtd_refused"),
        ("<a>".repeat(200_000), "too_deep"),
        ("<a>".repeat(65) + &"</a>".repeat(65), "too_deep"),
        (format!("<a{attributes}/>"), "too_many_attributes"),
        (format!("<a>{namespaces}</a>"), "too_many_namespaces"),
        (format!("<a>{}</a>", "<b/>".repeat(600_000)), "too_large"),
    ];
    for (text, code) in cases {
        let errors = parse(text.as_bytes()).unwrap_err();
        assert_eq!(
            errors[0].code,
            code,
            "{}",
            text.chars().take(80).collect::<String>()
        );
    }
    let deep_enough = "<a>".repeat(64) + &"</a>".repeat(64);
    assert_eq!(
        parse(deep_enough.as_bytes()).unwrap_err()[0].code,
        "unknown_document"
    );
}

#[test]
fn only_utf8_is_read_and_what_else_it_is_gets_named() {
    let mut with_mark = vec![0xef, 0xbb, 0xbf];
    with_mark.extend(format!("<?xml version='1.0' encoding='utf-8'?>{}", invoice(&[])).bytes());
    assert!(parse(&with_mark).is_ok());

    let utf16: Vec<u8> = "\u{feff}<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe4</a>".to_vec();
    let cases = [
        (utf16, "UTF-16"),
        (latin, "ISO-8859-1"),
        (b"<a>\xe4</a>".to_vec(), "byte 3"),
    ];
    for (bytes, word) in cases {
        let errors = parse(&bytes).unwrap_err();
        assert_eq!(errors[0].code, "unsupported_encoding");
        assert!(errors[0].detail.contains(word), "{}", errors[0].detail);
    }
}

proptest::proptest! {
    #[test]
    fn no_change_of_a_byte_makes_it_panic(at in 0usize..1_200, byte: u8) {
        let mut bytes = invoice(&[]).into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(document) = parse(&bytes) {
            let _ = document.as_intake();
        }
    }
}
