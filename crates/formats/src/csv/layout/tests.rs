use super::*;
use proptest::prelude::*;

fn layout(header: &str, mapping: Option<Value>) -> Result<Layout, Vec<(String, String)>> {
    let mapping = mapping.map(|mapping| Mapping::parse(&mapping).unwrap());
    Layout::of(header, Encoding::Utf8, mapping.as_ref()).map_err(codes)
}

fn codes(errors: Vec<FieldError>) -> Vec<(String, String)> {
    errors
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

/// The mapping of a German export.
fn german() -> Value {
    json!({"columns": {"Rechnungsnr": "number", "Debitor": "customer", "Datum": "issue_date", "Fällig": "due_date",
        "Brutto": "total"}, "decimal": "comma", "date_format": "DD.MM.YYYY", "defaults": {"currency": "EUR"}})
}

#[test]
fn a_file_with_the_apis_names_needs_no_mapping() {
    let mut layout = layout("number,customer,issue_date,due_date,currency,total,colour", None).unwrap();
    assert_eq!(layout.unmapped(), ["colour"]);
    let record = "A-1,C-1,2026-01-10,2026-02-09,EUR,1250.5,blue";
    layout.settle([record].into_iter()).unwrap();
    let row = layout.row(record);
    let invoice = row.invoice.unwrap();
    assert_eq!(
        serde_json::to_value(&invoice).unwrap(),
        json!({"number": "A-1", "customer": {"external_id": "C-1"}, "issue_date": "2026-01-10",
            "due_date": "2026-02-09", "currency": "EUR", "total": {"amount": "1250.50", "currency": "EUR"}})
    );
    assert!(row.customer.is_none());
}

#[test]
fn well_known_names_are_known_in_any_spelling() {
    let german = "Rechnungs-Nr.;KUNDENNUMMER;Rechnungsdatum;Fällig am;Währung;Bruttobetrag;Bemerkung";
    let mut layout = layout(german, None).unwrap();
    assert_eq!((layout.delimiter, layout.unmapped()), (';', vec!["Bemerkung"]));
    let records = [
        "17;4711;31.01.2026;;EUR;1.234,50;x",
        "18;4711;1.2.2026;;EUR;1.234;y",
    ];
    layout.settle(records.into_iter()).unwrap();
    assert_eq!(layout.decimal, Some(DecimalMark::Comma));
    let totals = records.map(|record| layout.row(record).invoice.unwrap().total.to_string());
    assert_eq!(totals, ["1234.50 EUR", "1234.00 EUR"]);
}

#[test]
fn a_mapping_says_what_is_what_and_nothing_else_is() {
    let header = "Rechnungsnr;Debitor;Datum;Fällig;Brutto;total";
    let mut layout = layout(header, Some(german())).unwrap();
    assert_eq!(layout.unmapped(), ["total"]);
    layout.settle(std::iter::empty()).unwrap();
    let invoice = layout.row("17;4711;03.04.2026;;1.234;999").invoice.unwrap();
    assert_eq!(
        (invoice.issue_date.to_string(), invoice.total.to_string()),
        ("2026-04-03".to_owned(), "1234.00 EUR".to_owned())
    );
}

#[test]
fn a_file_that_lacks_a_column_is_told_all_that_it_lacks() {
    assert_eq!(
        layout("number,amount", None).unwrap_err(),
        owned(&[
            ("/customer", "required"),
            ("/issue_date", "required"),
            ("/currency", "required")
        ])
    );
    assert_eq!(
        layout("number,customer,date,currency,Betrag,Bruttobetrag", None).unwrap_err(),
        owned(&[("/total", "duplicate_column")])
    );
    assert_eq!(
        layout("number;customer,total", None).unwrap_err(),
        owned(&[("", "delimiter_ambiguous")])
    );
    assert_eq!(
        layout("a,\"b", None).unwrap_err(),
        owned(&[("", "unclosed_quote")])
    );
    assert_eq!(
        layout(&",".repeat(10_000), None).unwrap_err(),
        owned(&[("", "too_many_columns")])
    );
}

#[test]
fn what_cannot_be_told_from_the_column_is_refused_with_the_way_out() {
    let header = "number,customer,issue_date,currency,total";
    let settle = |records: &[&str]| {
        let mut layout = layout(header, None).unwrap();
        layout.settle(records.iter().copied()).map_err(|errors| {
            assert!(errors.iter().all(|e| e.detail.contains("mapping")), "{errors:?}");
            codes(errors)
        })
    };
    assert_eq!(
        settle(&["1,C,2026-01-10,EUR,\"1,234\""]),
        Err(owned(&[("/total", "decimal_ambiguous")]))
    );
    assert_eq!(
        settle(&["1,C,2026-01-10,EUR,\"1,23\"", "2,C,2026-01-10,EUR,1.23"]),
        Err(owned(&[("/total", "decimal_conflict")]))
    );
    assert_eq!(
        settle(&["1,C,03/04/2026,EUR,1.234", "2,C,04/03/2026,EUR,1"]),
        Err(owned(&[
            ("/total", "decimal_ambiguous"),
            ("/issue_date", "date_ambiguous")
        ]))
    );
    assert_eq!(
        settle(&["1,C,2026-01-10,EUR,100", "2,C,2026-01-11,EUR,7"]),
        Ok(())
    );
}

#[test]
fn a_bad_row_has_all_its_problems_named_each_with_its_column() {
    let header = "Rechnungsnr;Debitor;Datum;Fällig;Brutto";
    let layout = layout(header, Some(german())).unwrap();
    let cases: [(&str, &[(&str, &str)]); 6] = [
        (
            ";4711;31.02.2026;;12.50",
            &[
                ("/issue_date", "invalid_date"),
                ("/total", "amount_not_decimal"),
                ("/number", "required"),
            ],
        ),
        (
            "17;4711;31.01.2026;30.01.2026;1",
            &[("/due_date", "before_issue_date")],
        ),
        ("17;4711;31.01.2026;;0,00", &[("/total", "not_positive")]),
        (
            "17;4711;31.01.2026;;1,234",
            &[("/total", "amount_too_many_digits")],
        ),
        ("17;4711;31.01.2026;1", &[("", "column_count")]),
        ("17;\"4711;31.01.2026;;1", &[("", "unclosed_quote")]),
    ];
    for (record, expected) in cases {
        let errors = layout.row(record).invoice.unwrap_err();
        let named = |e: &FieldError| e.pointer.is_empty() || e.detail.starts_with("column `");
        assert!(errors.iter().all(named), "{errors:?}");
        assert_eq!(codes(errors), owned(expected), "{record}");
    }
}

#[test]
fn a_row_may_name_the_customer_too() {
    let header = "number,customer,issue_date,currency,total,customer name,country,email,street,city";
    let mut layout = layout(header, None).unwrap();
    let record = "1,C-9,2026-01-10,EUR,10.00,\"Meier\n& Co\",CH,ap@meier.example,Gasse 1,Bern";
    layout.settle([record].into_iter()).unwrap();
    let customer = layout.row(record).customer.unwrap().unwrap();
    assert_eq!(
        (
            customer.external_id.as_str(),
            customer.name.as_str(),
            customer.time_zone.name()
        ),
        ("C-9", "Meier & Co", "Europe/Zurich")
    );
    assert_eq!(customer.contacts[0].email.as_deref(), Some("ap@meier.example"));
    assert_eq!(
        customer.contacts[0].postal.as_ref().unwrap().city.as_deref(),
        Some("Bern")
    );
    // Without a country the account cannot be made; the invoice can still be another's.
    let row = layout.row("1,C-9,2026-01-10,EUR,10.00,Meier,,nonsense,,");
    assert!(row.invoice.is_ok());
    assert_eq!(
        codes(row.customer.unwrap().unwrap_err()),
        owned(&[
            ("/customer/country", "required"),
            ("/customer/contacts/0/email", "invalid_email")
        ])
    );
    assert!(layout.row("1,C-9,2026-01-10,EUR,10.00,,,,,").customer.is_none());
}

#[test]
fn an_apostrophe_before_a_formula_is_taken_off_again() {
    let mut layout = layout("number,customer,issue_date,currency,total", None).unwrap();
    let record = "'=A1,'+49,2026-01-10,EUR,10.00";
    layout.settle([record].into_iter()).unwrap();
    let row = layout.row(record).invoice.unwrap();
    assert_eq!(row.number, "=A1");
    assert_eq!(layout.plain(record)["customer"], "+49");
}

#[test]
fn a_mapping_is_checked_when_it_is_saved() {
    let bad = json!({"columns": {"A": "number", "B": "number", "C": "colour"}, "delimiter": "::", "decimal": "dot",
        "date_format": "TT.MM.JJJJ", "defaults": {"currency": 5, "what": "x"}});
    let errors = codes(Mapping::parse(&bad).unwrap_err());
    assert_eq!(
        errors,
        owned(&[
            ("/columns/B", "duplicate_column"),
            ("/columns/C", "unknown_field"),
            ("/delimiter", "unknown_value"),
            ("/decimal", "unknown_value"),
            ("/date_format", "invalid_date_format"),
            ("/defaults/currency", "wrong_type"),
            ("/defaults/what", "unknown_field"),
        ])
    );
    assert_eq!(
        codes(Mapping::parse(&json!({})).unwrap_err()),
        owned(&[("/columns", "required")])
    );
    let good = Mapping::parse(&german()).unwrap();
    let kept: Mapping = serde_json::from_value(serde_json::to_value(&good).unwrap()).unwrap();
    assert_eq!(kept, good);
}

#[test]
fn a_layout_is_kept_and_read_again() {
    let layout = layout("Rechnungsnr;Debitor;Datum;Fällig;Brutto", Some(german())).unwrap();
    let kept: Layout = serde_json::from_str(&serde_json::to_string(&layout).unwrap()).unwrap();
    assert_eq!(kept, layout);
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(header in any::<String>(), record in any::<String>(), delimiter in "[,;|]") {
        let joined = format!("number{delimiter}customer{delimiter}date{delimiter}currency{delimiter}total{delimiter}{header}");
        if let Ok(mut layout) = Layout::of(&joined, Encoding::Utf8, None) {
            let _ = layout.settle([record.as_str()].into_iter());
            let _ = layout.row(&record);
            let _ = layout.plain(&record);
        }
    }

    #[test]
    fn any_cells_make_an_invoice_or_a_problem(cells in proptest::collection::vec("[-0-9.,/A-Z '\"=]{0,12}", 5)) {
        let mut layout = Layout::of("number|customer|date|currency|total", Encoding::Utf8, None).unwrap();
        let record = cells.join("|");
        let _ = layout.settle([record.as_str()].into_iter());
        if let Ok(invoice) = layout.row(&record).invoice {
            prop_assert!(invoice.total.is_positive());
        }
    }
}
