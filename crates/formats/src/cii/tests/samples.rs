//! The published sample documents, with what they come to.

use std::path::PathBuf;

use super::*;

/// Expected of a sample: file; number; issue date; due date; payable; buyer's key; buyer; remittance reference; number
/// of lines; embedded files; links.
type Sample = (
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    usize,
    usize,
    usize,
);

/// The figures were read off the documents by eye.
#[rustfmt::skip]
const SAMPLES: [Sample; 5] = [
    ("CII_example1.xml", "12115118", "2015-01-09", Some("2015-01-09"), "250.33 EUR", "10202", "ODIN 59", Some("Deb. 10202 / Fact. 12115118"), 20, 0, 0),
    ("CII_example2.xml", "TOSL108", "2013-06-30", Some("2013-07-20"), "801.78 NOK", "0088:3456789012098", "The Buyercompany", Some("0003434323213231"), 5, 1, 1),
    ("CII_example3.xml", "TOSL108", "2013-04-10", Some("2013-05-10"), "1125.00 DKK", "0088:5790000435975", "Buyercompany ltd", Some("Payref1"), 1, 0, 0),
    ("CII_example4.xml", "TOSL110", "2013-04-10", Some("2013-05-10"), "4675.00 DKK", "0088:5790000436057", "Buyercompany ltd", Some("Payref1"), 3, 0, 0),
    ("CII_example5.xml", "TOSL110", "2013-04-10", Some("2013-05-10"), "2337.50 DKK", "EM:info@buyercompany.dk", "Buyercompany ltd", Some("Payref1"), 3, 1, 0),
];

/// The sample's bytes; `None`, and a loud word, where the folder is not there.
fn sample(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/samples/cii")
        .join(name);
    let read = std::fs::read(&path);
    if let Err(error) = &read {
        eprintln!("SKIPPED: the sample {} cannot be read: {error}", path.display());
    }
    read.ok()
}

#[test]
fn every_sample_is_read_with_the_right_amounts_and_dates_and_becomes_an_input_of_the_api() {
    for (file, number, issue, due, payable, key, buyer, reference, lines, files, links) in SAMPLES {
        let Some(bytes) = sample(file) else { continue };
        let read = parse(&bytes).unwrap_or_else(|errors| panic!("{file}: {errors:?}"));
        assert_eq!(read.kind, Kind::Invoice, "{file}");
        assert_eq!(read.number, number, "{file}");
        assert_eq!(read.issue_on, day(issue), "{file}");
        assert_eq!(read.due.map(|due| due.on), due.map(day), "{file}");
        assert_eq!(read.payable.to_string(), payable, "{file}");
        assert_eq!(read.external_id(), key, "{file}");
        assert_eq!(read.buyer.name, buyer, "{file}");
        assert_eq!(read.payment_means[0].payment_id.as_deref(), reference, "{file}");
        assert_eq!(read.lines.len(), lines, "{file}");
        assert_eq!(read.remarks, [], "{file}");
        let embedded = |attachment: &&crate::document::Attachment| attachment.embedded.is_some();
        assert_eq!(read.attachments.iter().filter(embedded).count(), files, "{file}");
        let Intake::Invoice { customer, invoice } = read.as_intake().unwrap() else {
            panic!("{file}: an invoice")
        };
        assert_eq!(invoice.total.to_string(), payable, "{file}");
        assert_eq!(invoice.documents.len(), links, "{file}");
        let json = serde_json::to_value(&invoice).unwrap();
        assert_eq!(
            receivables::intake::InvoiceInput::parse(&json).as_ref(),
            Ok(&invoice),
            "{file}"
        );
        let json = serde_json::to_value(&customer).unwrap();
        assert_eq!(
            receivables::intake::CustomerInput::parse(&json).as_ref(),
            Ok(&customer),
            "{file}"
        );
    }
}

#[test]
fn what_a_sample_says_beyond_that_is_read_too() {
    let Some(bytes) = sample("CII_example5.xml") else {
        return;
    };
    let read = parse(&bytes).unwrap();
    assert_eq!(read.tax_inclusive.unwrap().to_string(), "4675.00 DKK");
    assert_eq!(read.prepaid.unwrap().to_string(), "2337.50 DKK");
    assert_eq!(read.buyer_reference.as_deref(), Some("qwerty"));
    assert_eq!(read.order_reference.as_deref(), Some("PO4711"));
    assert_eq!(read.sales_order.as_deref(), Some("123"));
    assert_eq!(read.billing_references, ["TOSL109"]);
    assert_eq!(
        read.terms_note.as_deref(),
        Some("50% prepaid, 50% within one month")
    );
    assert_eq!(
        read.payment_means[0].account.as_deref(),
        Some("DK1212341234123412")
    );
    assert_eq!(read.payment_means[0].code.as_deref(), Some("58"));
    assert_eq!(read.buyer.ids.vat_id.as_deref(), Some("DK16356607"));
    assert_eq!(
        read.buyer.ids.company_id.as_ref().unwrap().to_string(),
        "DK16356607"
    );
    assert_eq!(read.buyer.address_lines, ["Anystreet, Building 1", "5th floor"]);
    assert_eq!(read.buyer.region.as_deref(), Some("Jutland"));
    let contact = read.buyer.contact.as_ref().unwrap();
    assert_eq!(contact.email.as_deref(), Some("john.hansen@buyercompany.dk"));
    let file = read.attachments[0].embedded.as_ref().unwrap();
    assert_eq!(
        (read.attachments[0].name.as_str(), file.file_name.as_str()),
        ("your sales slip", "EHF.pdf")
    );
}

/// Two of the examples are published in either syntax with the same figures (a third differs in them, and quantities
/// differ here and there): they come to the same.
#[test]
fn either_syntax_of_one_invoice_comes_to_the_same_claim() {
    for (cii, ubl) in [
        ("CII_example2.xml", "../ubl/ubl-tc434-example2.xml"),
        ("CII_example4.xml", "../ubl/ubl-tc434-example4.xml"),
    ] {
        let (Some(cii), Some(ubl)) = (sample(cii), sample(ubl)) else {
            continue;
        };
        let [one, other] = [cii, ubl].map(|bytes| parse(&bytes).unwrap());
        assert_eq!(one.number, other.number);
        assert_eq!(one.external_id(), other.external_id());
        assert_eq!(one.payable, other.payable);
        assert_eq!(one.due.map(|due| due.on), other.due.map(|due| due.on));
        assert_eq!(one.order_reference, other.order_reference);
        let amounts = |read: &Document| read.lines.iter().map(|line| line.amount).collect::<Vec<_>>();
        assert_eq!(amounts(&one), amounts(&other));
    }
}
