//! One table of documents for all formats, and what must hold of every statement.

use super::*;

pub(crate) const CAMT_053_02: &[u8] = include_bytes!("../../../../tests/fixtures/statements/camt053-02.xml");
const CAMT_053_08: &[u8] = include_bytes!("../../../../tests/fixtures/statements/camt053-08.xml");
const CAMT_054_04: &[u8] = include_bytes!("../../../../tests/fixtures/statements/camt054-04.xml");
const GERMAN: &[u8] = include_bytes!("../../../../tests/fixtures/statements/german.mt940");
const DUTCH: &[u8] = include_bytes!("../../../../tests/fixtures/statements/dutch.mt940");
const BAI2: &[u8] = include_bytes!("../../../../tests/fixtures/statements/plain.bai2");

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn money(text: &str) -> Money {
    let (amount, code) = text.split_once(' ').unwrap();
    Money::parse(amount, Currency::parse(code).unwrap()).unwrap()
}

fn one(bytes: &[u8]) -> Statement {
    let mut statements = read(bytes).unwrap();
    assert_eq!(statements.len(), 1);
    statements.pop().unwrap()
}

fn refused(bytes: &[u8]) -> Vec<(String, String)> {
    let errors = read(bytes).unwrap_err();
    errors
        .into_iter()
        .map(|error| (error.code.to_string(), error.detail))
        .collect()
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn party(name: &str, account: &str, bank: &str) -> Party {
    Party {
        name: some(name),
        account: some(account),
        bank: some(bank),
    }
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn heads_say_whose_account_which_number_and_what_was_on_it() {
    let cases = [
        (
            CAMT_053_02,
            Format::Camt053,
            "DE02120300000000202051",
            Some(7),
            "1000.00 EUR",
            "2640.50 EUR",
        ),
        (
            CAMT_053_08,
            Format::Camt053,
            "CH4431999123000889012",
            Some(8),
            "-10.00 CHF",
            "1939.75 CHF",
        ),
        (
            GERMAN,
            Format::Mt940,
            "10020030/1234567",
            Some(12),
            "1000.00 EUR",
            "2129.50 EUR",
        ),
        (
            DUTCH,
            Format::Mt940,
            "NL69INGB0123456789",
            Some(0),
            "662.23 EUR",
            "654.79 EUR",
        ),
        (
            BAI2,
            Format::Bai2,
            "0975312468",
            None,
            "5000.00 USD",
            "5700.00 USD",
        ),
    ];
    for (bytes, format, account, number, opening, closing) in cases {
        let statement = one(bytes);
        assert_eq!(
            (statement.format, statement.account.as_str(), statement.number),
            (format, account, number)
        );
        assert_eq!(statement.opening.unwrap().amount, money(opening), "{account}");
        assert_eq!(statement.closing.unwrap().amount, money(closing), "{account}");
    }
    let notification = one(CAMT_054_04);
    assert_eq!(notification.format, Format::Camt054);
    assert_eq!((notification.opening, notification.closing), (None, None));
}

#[test]
fn camt_lines_say_who_paid_what_for_and_why_it_came_back() {
    let lines = one(CAMT_053_02).lines;
    let amounts: Vec<String> = lines.iter().map(|line| line.amount.to_string()).collect();
    assert_eq!(
        amounts,
        [
            "1190.00 EUR",
            "300.00 EUR",
            "200.50 EUR",
            "-50.00 EUR",
            "99.00 EUR"
        ]
    );
    let [transfer, first, second, back, announced] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    assert_eq!(
        transfer.party,
        party("Nordwind GmbH", "DE89370400440532013000", "COBADEFFXXX")
    );
    assert_eq!(transfer.text, "Rechnung INV-2026-\n0102 vom 12.12.");
    assert_eq!(transfer.end_to_end.as_deref(), Some("ZAHLUNG-4711"));
    assert_eq!(
        (transfer.booked_on, transfer.value_on),
        (day("2026-01-12"), day("2026-01-13"))
    );
    assert_eq!(transfer.code.as_deref(), Some("PMNT-RCDT-ESCT"));
    assert_eq!(transfer.reference.as_deref(), Some("2026011200000001"));
    assert_eq!(first.references, ["RF18539007547034"]);
    assert_eq!(
        (first.reference.as_deref(), first.mandate.as_deref()),
        (None, Some("M-1"))
    );
    let batch = first.batch.clone().unwrap();
    assert_eq!(
        (batch.reference.as_deref(), batch.part, batch.of),
        (Some("2026011200000002"), 1, 2)
    );
    assert_eq!(second.end_to_end, None, "NOTPROVIDED is no reference");
    assert_eq!(back.return_reason.as_deref(), Some("AM04"));
    assert!(back.reversal);
    // The sides are those of the debit that came back: ours is not the other side.
    assert_eq!(back.party.name.as_deref(), Some("Specht e.K."));
    assert_eq!(
        (back.booked_on, back.value_on),
        (day("2026-01-12"), day("2026-01-12"))
    );
    assert_eq!(announced.booking, Booking::Pending);
}

#[test]
fn later_camt_versions_put_things_elsewhere() {
    let line = one(CAMT_053_08).lines.remove(0);
    assert_eq!(line.party, party("Pia Rutschmann", "01-39139-1", "POFICHBEXXX"));
    assert_eq!(line.references, ["210000000003139471430009017", "INV-7"]);
    assert_eq!(line.instructed, Some(money("2000.00 EUR")));
    assert_eq!(line.charges, Some(money("5.25 CHF")));
    assert_eq!(
        line.reference.as_deref(),
        Some("CH-REF-1"),
        "the entry's own goes first"
    );
    assert_eq!(line.booking, Booking::Booked);
    let charged = one(CAMT_054_04).lines.remove(1);
    assert_eq!(charged.charges, Some(money("0.40 EUR")));
}

/// The documents of versions 02 and 08, under every version's namespace: what a version does not have is not there to be
/// found, and nothing else changes.
#[test]
fn versions_02_to_08_are_read_and_no_others() {
    for version in 2..=8 {
        for (bytes, own) in [
            (CAMT_053_02, "053.001.02"),
            (CAMT_053_08, "053.001.08"),
            (CAMT_054_04, "054.001.04"),
        ] {
            let (message, _) = own.rsplit_once('.').unwrap();
            let other = replaced(bytes, own, &format!("{message}.{version:02}"));
            assert_eq!(read(&other), read(bytes), "{own} as {version}");
        }
    }
    for other in [
        "053.001.01",
        "053.001.09",
        "052.001.02",
        "053.001.2",
        "053.001.002",
        "053.001.+2",
    ] {
        let other = replaced(CAMT_053_02, "053.001.02", other);
        assert_eq!(refused(&other)[0].0, "unsupported_document");
    }
}

#[test]
fn mt940_lines_are_read_in_all_three_ways_of_field_86() {
    let lines = one(GERMAN).lines;
    let amounts: Vec<String> = lines.iter().map(|line| line.amount.to_string()).collect();
    assert_eq!(amounts, ["1190.00 EUR", "-50.00 EUR", "-10.50 EUR"]);
    let [transfer, back, reversed] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    // Booked on the last day of the year before.
    assert_eq!(
        (transfer.booked_on, transfer.value_on),
        (day("2025-12-31"), day("2026-01-01"))
    );
    let name = "NORDWIND GMBH UND CO. KOMMA NDITGESELLSCHAFT";
    assert_eq!(
        transfer.party,
        party(name, "DE89370400440532013000", "COBADEFFXXX")
    );
    assert_eq!(transfer.end_to_end.as_deref(), Some("ZAHLUNG-4711"));
    assert_eq!(transfer.text, "RECHNUNG INV-2026-01\n02 VOM 12.12.");
    assert_eq!(back.return_reason.as_deref(), Some("AM04"));
    assert_eq!(
        (back.reference.as_deref(), back.mandate.as_deref()),
        (Some("RUECK-1"), Some("M-9"))
    );
    assert!(reversed.reversal);

    let lines = one(DUTCH).lines;
    let (interest, back) = (&lines[0], &lines[1]);
    let name = "ING BANK N.V. INZAKE INTEREST";
    assert_eq!(interest.party, party(name, "NL32INGB0000012345", "INGBNL2A"));
    assert_eq!(interest.end_to_end.as_deref(), Some("EV12341REP1231456T1234"));
    assert_eq!(interest.text, "/TRCD/00100/\nEV10001REP1000000T1000");
    assert_eq!(interest.reference.as_deref(), Some("00000000001005"));
    assert_eq!(back.return_reason.as_deref(), Some("MS03"));

    let plain = replaced(
        DUTCH,
        "/EREF/20120123456789//RTRN/MS03//CNTP/NL32INGB0000012346/INGBNL2A/J.JANSSEN//\r\n/REMI/USTD//CONTRIBUTIE 2012/",
        "Thank you for\r\nINV-2026-0102",
    );
    assert!(
        one(&plain).lines[1]
            .text
            .ends_with("Thank you for\nINV-2026-0102")
    );
}

#[test]
fn bai2_records_go_on_in_the_next_and_carry_funds_types() {
    let lines = one(BAI2).lines;
    let amounts: Vec<String> = lines.iter().map(|line| line.amount.to_string()).collect();
    assert_eq!(amounts, ["1500.00 USD", "150.00 USD", "-950.00 USD"]);
    assert_eq!(
        lines[0].text,
        "DEALER PAYMENTS INV-2026-0102\nAND INV-2026-0103, THANKS"
    );
    assert_eq!(
        (lines[0].booked_on, lines[0].value_on),
        (day("2026-01-11"), day("2026-01-12"))
    );
    assert_eq!(
        (lines[0].reference.as_deref(), lines[0].end_to_end.as_deref()),
        (Some("DD1620"), Some("IMD-1"))
    );
    assert_eq!(
        (lines[1].reference.as_deref(), lines[1].end_to_end.as_deref()),
        (Some("REF-2"), None)
    );
    assert_eq!(lines[2].return_reason.as_deref(), Some("MS03"));
    // Digits follow from the currency: yen have none.
    let yen = replaced(BAI2, "0975312468,USD", "0975312468,JPY");
    assert_eq!(one(&yen).lines[0].amount, money("150000 JPY"));
}

#[test]
fn what_does_not_add_up_is_refused_with_the_difference() {
    let off = |bytes: &[u8], from, to, says: &str| {
        let found = refused(&replaced(bytes, from, to));
        assert!(found.iter().any(|(_, detail)| detail.contains(says)), "{found:?}");
        found[0].0.clone()
    };
    let cases = [
        off(CAMT_053_02, ">2640.50<", ">2640.51<", "0.01 EUR is missing"),
        off(CAMT_053_02, ">1190.00<", ">1190.01<", "-0.01 EUR is missing"),
        off(
            GERMAN,
            ":62F:C260102EUR2129,50",
            ":62F:C260102EUR2139,50",
            "10.00 EUR is missing",
        ),
        off(
            BAI2,
            "015,570000",
            "015,570001",
            "account control total is stated as 1495000 and comes to 1495001",
        ),
        off(
            BAI2,
            "\n49,1495000,6/",
            "\n49,1495000,5/",
            "number of records is stated as 5 and comes to 6",
        ),
        off(
            BAI2,
            "\n98,1495000,1",
            "\n98,1495000,2",
            "number of accounts is stated as 2 and comes to 1",
        ),
        off(
            BAI2,
            "\n99,1495000,1,10/",
            "\n99,1495001,1,10/",
            "file control total",
        ),
        off(BAI2, "\n99,1495000,1,10/", "", "cut off"),
    ];
    let codes: Vec<&str> = cases.iter().map(String::as_str).collect();
    let mismatch = ["balance_mismatch"; 3];
    assert_eq!(codes[..3], mismatch);
    assert_eq!(codes[3..7], ["control_total"; 4]);
}

#[test]
fn what_cannot_be_read_is_named_with_its_place() {
    let cases = [
        (
            replaced(
                CAMT_053_02,
                "<IBAN>DE02120300000000202051</IBAN>",
                "<Othr><Id> </Id></Othr>",
            ),
            "required",
        ),
        (
            replaced(
                CAMT_053_02,
                "<Amt Ccy=\"EUR\">1190.00",
                "<Amt Ccy=\"USD\">1190.00",
            ),
            "currency_mismatch",
        ),
        (
            replaced(
                CAMT_053_02,
                "<Amt Ccy=\"EUR\">1190.00",
                "<Amt Ccy=\"EUR\">1190.001",
            ),
            "amount_too_many_digits",
        ),
        (
            replaced(
                CAMT_053_02,
                "<Dt>2026-01-12</Dt></BookgDt>",
                "<Dt>2026-13-12</Dt></BookgDt>",
            ),
            "invalid_date",
        ),
        (replaced(CAMT_053_02, "</Ntry>", "</Other>"), "malformed_xml"),
        (
            replaced(
                CAMT_053_02,
                "<Document",
                "<!DOCTYPE x [<!ENTITY a \"b\">]><Document",
            ),
            "dtd_refused",
        ),
        (replaced(GERMAN, ":25:", ":26:"), "required"),
        (replaced(GERMAN, "C251230EUR", "C251230EU"), "unknown_currency"),
        (replaced(GERMAN, "2601011231CR", "2601011231X"), "invalid_line"),
        (replaced(GERMAN, "2601011231CR", "2613011231CR"), "invalid_line"),
        (
            replaced(BAI2, "16,165,150000", "16,165,1500.00"),
            "invalid_amount",
        ),
        (
            replaced(BAI2, "16,165,150000", "16,920,150000"),
            "unknown_type_code",
        ),
        (b"Hello, world".to_vec(), "unknown_format"),
        (Vec::new(), "unknown_format"),
        (b"<a/>".to_vec(), "unsupported_document"),
    ];
    for (bytes, code) in cases {
        let found = refused(&bytes);
        assert!(found.iter().any(|(found, _)| found == code), "{code}: {found:?}");
    }
}

/// Two equal payments on one day in one statement are two lines; the same statement again, and the notification of an
/// entry that the statement has too, have none that is new.
#[test]
fn the_same_line_has_the_same_key_and_its_twin_another() {
    let statement = one(CAMT_053_02);
    assert_eq!(statement.keys(), one(CAMT_053_02).keys());
    assert_eq!(statement.keys()[1..3], one(CAMT_054_04).keys()[..]);
    for bytes in [GERMAN, DUTCH, BAI2] {
        let mut twice = one(bytes);
        let before = twice.keys();
        let twin = twice.lines[0].clone();
        twice.lines.push(twin);
        let keys = twice.keys();
        assert_eq!(keys[..before.len()], before[..]);
        let distinct: std::collections::BTreeSet<&String> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }
}
