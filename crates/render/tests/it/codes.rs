//! The codes of the pay page, read back by a reader that others wrote, and references judged by others' rules.

use receivables::currency::Currency;
use receivables::money::Money;
use receivables::payment_code::{self, Code, Payee};
use receivables::reference::Key;
use render::Language;
use render::pages::*;
use serde_json::{Value, json};

use crate::partner::Partner;
use crate::samples::{self, pay};

/// Asks `tests/partners/codes.py`; none where its packages are absent, which is said.
fn asked(package: &str, what: &str, input: &Value) -> Option<Value> {
    let partner = Partner::python(package)?;
    let answer = partner.run("codes.py", &[what], &input.to_string());
    Some(serde_json::from_str(&answer).unwrap())
}

fn key() -> Key {
    Key::of(samples::LINK).unwrap()
}

/// The text of the code for an amount.
fn payload(minor: i64, currency: &str) -> String {
    let amount = Money::new(minor, Currency::parse(currency).unwrap());
    let payee = Payee::read(&samples::SETTINGS).unwrap();
    match payment_code::transfer(&payee, amount, key())
        .unwrap()
        .code
        .unwrap()
    {
        Code::Epc(text) | Code::Swiss(text) | Code::Upi(text) => text,
    }
}

/// Drawn as the page has it and read by zxing-cpp: EPC069-12 and the QR-bill ask for error correction M.
#[test]
fn a_reader_reads_the_codes_of_the_pay_page() {
    let currencies = ["EUR", "CHF", "INR"];
    let images = currencies.map(|currency| {
        let page = PayPage {
            transfer: Some(samples::transfer("1830.50", currency)),
            ..pay(Language::De, PayState::Open)
        };
        let html = pay_page(&page).unwrap();
        let (_, rest) = html.split_once("<figure class=\"code\">").unwrap();
        rest.split_once("<figcaption>").unwrap().0.trim().to_owned()
    });
    let expected = currencies.map(|currency| json!([[payload(183_050, currency), "M"]]));
    if let Some(read) = asked("zxingcpp", "read", &json!(images)) {
        assert_eq!(read, json!(expected));
    }
}

/// The payload, line by line, as the package `qrbill` makes it.
#[test]
fn another_implementation_writes_the_same_swiss_payload() {
    let fields = json!({"account": "CH4431999123000889012", "amount": "1830.50", "currency": "CHF",
        "creditor": {"name": "Nordlicht Druck & Söhne", "street": "Bahnhofstrasse", "house_num": "1", "pcode": "8001",
            "city": "Zürich", "country": "CH"},
        "reference_number": key().qrr()});
    if let Some(written) = asked("qrbill", "bill", &fields) {
        assert_eq!(written, json!(payload(183_050, "CHF")));
    }
}

#[test]
fn others_hold_our_references_to_be_right_and_wrong_ones_to_be_wrong() {
    let (rf, qrr) = (key().rf(), key().qrr());
    let right = [
        rf.clone(),
        qrr.clone(),
        receivables::reference::rf("INV20260102").unwrap(),
    ];
    let wrong = [rf.replacen("RF", "RF0", 1), format!("1{}", &qrr[1..])];
    let all: Vec<&String> = right.iter().chain(&wrong).collect();
    if let Some(valid) = asked("stdnum", "references", &json!(all)) {
        assert_eq!(valid, json!(right));
    }
}
