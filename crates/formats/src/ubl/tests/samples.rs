//! The public sample documents, with what they come to.

use std::path::PathBuf;

use super::*;

/// Expected of a sample: file; number; issue date; due date and its source; payable; buyer's key; buyer;
/// remittance reference; number of lines.
type Sample = (
    &'static str,
    &'static str,
    &'static str,
    Option<(&'static str, DueSource)>,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    usize,
);

/// The figures were read off the documents by eye. Vat-Z has no due date but "Payment within 30 days":
/// thirty days after 30 August are 29 September.
#[rustfmt::skip]
const SAMPLES: [Sample; 10] = [
    ("peppol-Allowance-example.xml", "Snippet1", "2017-11-13", Some(("2017-12-01", DueDate)), "6125.00 EUR", "0002:4598375937", "Buyer Official Name", Some("Snippet1"), 3),
    ("peppol-Vat-category-S.xml", "Snippet1", "2017-11-13", Some(("2017-12-01", DueDate)), "8550.00 EUR", "0002:FR23342", "Buyer Official Name", Some("Snippet1"), 3),
    ("peppol-base-creditnote-correction.xml", "Snippet1", "2017-11-13", None, "1656.25 EUR", "0002:FR23342", "Buyer Official Name", Some("Snippet1"), 2),
    ("peppol-base-example.xml", "Snippet1", "2017-11-13", Some(("2017-12-01", DueDate)), "1656.25 EUR", "0002:FR23342", "Buyer Official Name", Some("Snippet1"), 2),
    ("peppol-base-negative-inv-correction.xml", "Correction1", "2017-11-13", Some(("2017-12-01", DueDate)), "-1656.25 EUR", "0002:FR23342", "Buyer Official Name", Some("Snippet1"), 2),
    ("peppol-vat-category-E.xml", "Vat-Z", "2018-08-30", Some(("2018-09-29", Note)), "1200.00 GBP", "0184:12345678", "The Buyercompany", None, 1),
    ("ubl-tc434-example1.xml", "12115118", "2015-01-09", Some(("2015-01-09", DueDate)), "250.33 EUR", "10202", "ODIN 59", Some("Deb. 10202 / Fact. 12115118"), 20),
    ("ubl-tc434-example2.xml", "TOSL108", "2013-06-30", Some(("2013-07-20", DueDate)), "801.78 NOK", "0088:3456789012098", "The Buyercompany", Some("0003434323213231"), 5),
    ("ubl-tc434-example3.xml", "TOSL108", "2013-04-10", Some(("2013-05-10", DueDate)), "2005.00 DKK", "0088:5790000435975", "Buyercompany ltd", Some("Payref1"), 2),
    ("ubl-tc434-example4.xml", "TOSL110", "2013-04-10", Some(("2013-05-10", DueDate)), "4675.00 DKK", "0088:5790000436057", "Buyercompany ltd", Some("Payref1"), 3),
];

/// The sample's bytes; `None`, and a loud word, where the folder is not there.
fn sample(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/samples/ubl")
        .join(name);
    let read = std::fs::read(&path);
    if let Err(error) = &read {
        eprintln!("SKIPPED: the sample {} cannot be read: {error}", path.display());
    }
    read.ok()
}

#[test]
fn every_sample_is_read_with_the_right_amounts_and_dates() {
    for (file, number, issue, due, payable, key, buyer, reference, lines) in SAMPLES {
        let Some(bytes) = sample(file) else { continue };
        let read = parse(&bytes).unwrap_or_else(|errors| panic!("{file}: {errors:?}"));
        let kind = if file.contains("creditnote") {
            Kind::CreditNote
        } else {
            Kind::Invoice
        };
        assert_eq!(read.kind, kind, "{file}");
        assert_eq!(read.number, number, "{file}");
        assert_eq!(read.issue_on, day(issue), "{file}");
        assert_eq!(
            read.due,
            due.map(|(on, source)| Due { on: day(on), source }),
            "{file}"
        );
        assert_eq!(read.payable.to_string(), payable, "{file}");
        assert_eq!(read.external_id(), key, "{file}");
        assert_eq!(read.buyer.name, buyer, "{file}");
        assert_eq!(read.payment_means[0].payment_id.as_deref(), reference, "{file}");
        assert_eq!(read.lines.len(), lines, "{file}");
        // `www.techspec.no` says no scheme: nobody knows what to link to.
        let expected: &[&str] = match file {
            "peppol-Allowance-example.xml" => &["invalid_url"],
            _ => &[],
        };
        let remarks: Vec<&str> = read.remarks.iter().map(|remark| remark.code.as_ref()).collect();
        assert_eq!(remarks, expected, "{file}");
    }
}

#[test]
fn every_sample_becomes_an_input_of_the_api() {
    for (file, number, _, due, payable, key, ..) in SAMPLES {
        let Some(bytes) = sample(file) else { continue };
        let intake = parse(&bytes)
            .unwrap()
            .as_intake()
            .unwrap_or_else(|errors| panic!("{file}: {errors:?}"));
        let customer = match &intake {
            Intake::Invoice { customer, invoice } => {
                assert_eq!(invoice.number, number, "{file}");
                assert_eq!(invoice.total.to_string(), payable, "{file}");
                assert_eq!(invoice.due_date, due.map(|(on, _)| day(on)), "{file}");
                let json = serde_json::to_value(invoice).unwrap();
                assert_eq!(
                    receivables::intake::InvoiceInput::parse(&json).as_ref(),
                    Ok(invoice),
                    "{file}"
                );
                customer
            }
            Intake::CreditNote {
                customer,
                credit_note,
            } => {
                assert!(file.contains("creditnote") || file.contains("negative"), "{file}");
                assert_eq!(
                    credit_note.total.to_string(),
                    payable.trim_start_matches('-'),
                    "{file}"
                );
                assert_eq!(credit_note.invoice_number.as_deref(), Some("Snippet1"), "{file}");
                customer
            }
        };
        assert_eq!(customer.external_id, key, "{file}");
        let json = serde_json::to_value(customer).unwrap();
        assert_eq!(
            receivables::intake::CustomerInput::parse(&json).as_ref(),
            Ok(customer),
            "{file}"
        );
    }
}

#[test]
fn what_a_sample_says_beyond_that_is_read_too() {
    let Some(bytes) = sample("ubl-tc434-example2.xml") else {
        return;
    };
    let read = parse(&bytes).unwrap();
    assert_eq!(read.tax_inclusive.unwrap().to_string(), "1801.78 NOK");
    assert_eq!(read.prepaid.unwrap().to_string(), "1000.00 NOK");
    assert_eq!(read.order_reference.as_deref(), Some("123"));
    assert_eq!(read.seller_name.as_deref(), Some("Salescompany ltd."));
    assert_eq!(read.type_code.as_deref(), Some("380"));
    assert_eq!(
        read.terms_note.as_deref(),
        Some("2 % discount if paid within 2 days Penalty percentage 10% from due date")
    );
    let means = &read.payment_means[0];
    assert_eq!(means.account.as_deref(), Some("NO9386011117947"));
    assert_eq!(
        (means.code.as_deref(), means.bic.as_deref()),
        (Some("30"), Some("DNBANOKK"))
    );
    assert_eq!(read.buyer.ids.vat_id.as_deref(), Some("NO987654321MVA"));
    assert_eq!(
        read.buyer.ids.company_id.as_ref().unwrap().to_string(),
        "987654321"
    );
    assert_eq!(read.buyer.address_lines, ["Anystreet 8", "Back door"]);

    let Intake::Invoice { customer, invoice } = read.as_intake().unwrap() else {
        panic!("an invoice")
    };
    assert_eq!(customer.time_zone.name(), "Europe/Oslo");
    assert_eq!(
        customer.contacts[0].email.as_deref(),
        Some("john@buyercompany.no")
    );
    assert_eq!(customer.contacts[0].phone.as_deref(), Some("5121230"));
    assert_eq!(invoice.po_number.as_deref(), Some("123"));
    assert_eq!(invoice.payment_reference.as_deref(), Some("0003434323213231"));
}
