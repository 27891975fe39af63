//! What the API takes in and what it refuses.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::currency::Currency;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn problems<T: std::fmt::Debug>(result: Result<T, Vec<FieldError>>) -> Vec<(String, String)> {
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

/// `base` with the fields of `change` put over it.
fn with(base: &Value, change: Value) -> Value {
    let mut changed = base.clone();
    for (key, value) in change.as_object().unwrap() {
        changed[key] = value.clone();
    }
    changed
}

fn customer() -> Value {
    json!({
        "external_id": "C-1", "name": "Buyer AS", "kind": "business", "country": "SE",
        "time_zone": "Europe/Stockholm", "locale": "en", "currency": "EUR"
    })
}

fn invoice() -> Value {
    json!({
        "number": "2026-001", "customer": {"external_id": "C-1"}, "issue_date": "2025-12-21",
        "due_date": "2026-01-20", "currency": "EUR", "total": "1250.00"
    })
}

fn payment() -> Value {
    json!({
        "amount": "1250.00", "currency": "EUR", "received_on": "2026-01-21", "method": "bank_transfer",
        "reference": "bank-1"
    })
}

fn link() -> Value {
    json!({"customer": {"external_id": "C-1"}})
}

#[test]
fn a_customer_needs_all_that_decides_about_its_messages() {
    let expected = [
        ("/external_id", "required"),
        ("/name", "required"),
        ("/kind", "required"),
        ("/country", "required"),
        ("/time_zone", "required"),
        ("/locale", "required"),
        ("/currency", "required"),
    ];
    assert_eq!(problems(CustomerInput::parse(&json!({}))), owned(&expected));
}

#[test]
fn a_full_customer_is_read() {
    let full = with(
        &customer(),
        json!({
            "region": "Skåne", "terms_days": 0, "credit_limit": {"amount": "5000", "currency": "EUR"},
            "policy": "standard", "po_required": true, "preferred_channel": "sms",
            "preferred_payment_methods": ["card", "bank_transfer"],
            "contacts": [{
                "name": "Lisa Johnson", "role": "billing", "email": "lj@buyer.se", "phone": "23434234",
                "postal": {"lines": ["Hovedgatan 32"], "postal_code": "456 34", "city": "Stockholm", "country": "SE"}
            }]
        }),
    );
    let read = CustomerInput::parse(&full).unwrap();
    assert_eq!(read.terms_days, Some(0));
    assert_eq!(read.credit_limit.unwrap().minor(), 500_000);
    assert_eq!(read.contacts[0].email.as_deref(), Some("lj@buyer.se"));
    assert_eq!(
        CustomerInput::parse(&serde_json::to_value(&read).unwrap()),
        Ok(read)
    );
}

#[test]
fn each_wrong_field_of_a_customer_is_named() {
    let cases: [(Value, &[(&str, &str)]); 10] = [
        (json!({"kind": "company"}), &[("/kind", "unknown_value")]),
        (json!({"country": "UK"}), &[("/country", "unknown_country")]),
        (
            json!({"time_zone": "CET/Berlin"}),
            &[("/time_zone", "unknown_time_zone")],
        ),
        (json!({"currency": "EURO"}), &[("/currency", "unknown_currency")]),
        (json!({"terms_days": 366}), &[("/terms_days", "out_of_range")]),
        (json!({"terms_days": -1}), &[("/terms_days", "out_of_range")]),
        (
            json!({"credit_limit": {"amount": "1", "currency": "USD"}}),
            &[("/credit_limit", "currency_mismatch")],
        ),
        (
            json!({"credit_limit": "-1"}),
            &[("/credit_limit", "out_of_range")],
        ),
        (
            json!({"contacts": [{"name": "A", "role": "boss"}]}),
            &[("/contacts/0/role", "unknown_value")],
        ),
        (
            json!({"contacts": [{"name": "A", "role": "sales", "postal": {}}], "vat": "1"}),
            &[
                ("/contacts/0/postal/lines", "required"),
                ("/vat", "unknown_field"),
            ],
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(
            problems(CustomerInput::parse(&with(&customer(), change.clone()))),
            owned(expected),
            "{change}"
        );
    }
}

#[test]
fn a_full_invoice_is_read() {
    let full = with(
        &invoice(),
        json!({
            "total": {"amount": "1250", "currency": "EUR"},
            "lines": [
                {"description": "Consulting,\nMay", "quantity": "7.50", "amount": "1300.00"},
                {"description": "Discount", "quantity": 1, "amount": "-50.00"}
            ],
            "po_number": "PO-1", "order_number": "O-1", "payment_reference": "RF18539007547034",
            "documents": [{"name": "Invoice", "url": "https://example.org/1.pdf"}]
        }),
    );
    let read = InvoiceInput::parse(&full).unwrap();
    assert_eq!(read.total.to_string(), "1250.00 EUR");
    assert_eq!(read.lines[1].amount.unwrap().minor(), -5_000);
    let canonical = serde_json::to_value(&read).unwrap();
    assert_eq!(canonical["lines"][0]["quantity"], "7.5");
    assert_eq!(InvoiceInput::parse(&canonical), Ok(read));
}

#[test]
fn each_wrong_field_of_an_invoice_is_named() {
    let cases: [(Value, &[(&str, &str)]); 12] = [
        (
            json!({"due_date": "2025-12-20"}),
            &[("/due_date", "before_issue_date")],
        ),
        (
            json!({"due_date": "2026-02-30"}),
            &[("/due_date", "invalid_date")],
        ),
        (json!({"total": "0.00"}), &[("/total", "not_positive")]),
        (json!({"total": "-5.00"}), &[("/total", "not_positive")]),
        (json!({"total": 1250.0}), &[("/total", "wrong_type")]),
        (
            json!({"total": "1250.005"}),
            &[("/total", "amount_too_many_digits")],
        ),
        (
            json!({"currency": "JPY"}),
            &[("/total", "amount_too_many_digits")],
        ),
        (
            json!({"total": {"amount": "1", "currency": "USD"}}),
            &[("/total", "currency_mismatch")],
        ),
        (json!({"currency": "XXX"}), &[("/currency", "unknown_currency")]),
        (json!({"customer": {}}), &[("/customer", "one_of")]),
        (
            json!({"customer": {"external_id": "C-1", "id": "cus_00000000000000000000000000"}}),
            &[("/customer", "one_of")],
        ),
        (
            json!({"customer": {"id": "inv_1"}, "lines": [{"quantity": 1.5}], "documents": [{"name": "a", "url": "x"}]}),
            &[
                ("/customer/id", "invalid_id"),
                ("/lines/0/description", "required"),
                ("/lines/0/quantity", "invalid_quantity"),
                ("/documents/0/url", "invalid_url"),
            ],
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(
            problems(InvoiceInput::parse(&with(&invoice(), change.clone()))),
            owned(expected),
            "{change}"
        );
    }
}

#[test]
fn a_credit_note_is_read_and_its_total_is_positive() {
    let note = json!({
        "number": "CN-1", "customer": {"external_id": "C-1"}, "issue_date": "2026-01-21", "currency": "EUR",
        "total": "50.00", "invoice_number": "2026-001", "reason": "Damaged"
    });
    let read = CreditNoteInput::parse(&note).unwrap();
    assert_eq!(
        CreditNoteInput::parse(&serde_json::to_value(&read).unwrap()),
        Ok(read)
    );
    let refused = CreditNoteInput::parse(&with(&note, json!({"total": "-50.00"})));
    assert_eq!(problems(refused), owned(&[("/total", "not_positive")]));
}

#[test]
fn a_payment_is_read_with_its_remittance() {
    let full = with(
        &payment(),
        json!({
            "customer": {"external_id": "C-1"},
            "remittance": [{"invoice_number": "2026-001", "amount": "1000.00"}, {"invoice_number": "2026-002"}]
        }),
    );
    let read = PaymentInput::parse(&full).unwrap();
    assert_eq!(read.remittance[0].amount.unwrap().minor(), 100_000);
    assert_eq!(
        PaymentInput::parse(&serde_json::to_value(&read).unwrap()),
        Ok(read)
    );
    let bad = with(
        &payment(),
        json!({"reference": null, "method": "Bank Transfer", "amount": "1e3", "remittance": [{}]}),
    );
    let expected = [
        ("/amount", "amount_exponent"),
        ("/method", "invalid_name"),
        ("/reference", "required"),
        ("/remittance/0/invoice_number", "required"),
    ];
    assert_eq!(problems(PaymentInput::parse(&bad)), owned(&expected));
}

#[test]
fn a_payment_link_is_read_and_its_parts_agree() {
    let eur = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    let full = with(
        &link(),
        json!({
            "invoices": ["inv_00000000000000000000000000"], "amount": eur("100"), "allow_partial": true,
            "minimum": eur("10"), "expires_at": "2026-03-01T00:00:00+01:00"
        }),
    );
    let read = PaymentLinkInput::parse(&full).unwrap();
    assert_eq!(read.expires_at.unwrap().to_rfc3339(), "2026-02-28T23:00:00+00:00");
    assert_eq!(
        PaymentLinkInput::parse(&serde_json::to_value(&read).unwrap()),
        Ok(read)
    );

    let twice = ["inv_00000000000000000000000000", "inv_00000000000000000000000000"];
    let cases: [(Value, &[(&str, &str)]); 5] = [
        (json!({"minimum": eur("10")}), &[("/minimum", "not_allowed")]),
        (
            json!({"allow_partial": true, "minimum": eur("10"), "amount": eur("9")}),
            &[("/minimum", "out_of_range")],
        ),
        (
            json!({"allow_partial": true, "minimum": eur("10"), "amount": {"amount": "9", "currency": "USD"}}),
            &[("/minimum", "currency_mismatch")],
        ),
        (json!({"amount": eur("0")}), &[("/amount", "not_positive")]),
        (
            json!({"invoices": twice, "expires_at": "soon"}),
            &[("/invoices", "duplicate"), ("/expires_at", "invalid_instant")],
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(
            problems(PaymentLinkInput::parse(&with(&link(), change.clone()))),
            owned(expected),
            "{change}"
        );
    }
}

#[test]
fn equal_content_has_one_canonical_form() {
    let other_words = json!({
        "total": {"currency": "EUR", "amount": "1250"}, "currency": "EUR", "due_date": "2026-01-20",
        "issue_date": "2025-12-21", "customer": {"external_id": "C-1"}, "number": " 2026-001 ", "lines": []
    });
    let text = |value: &Value| serde_json::to_string(&InvoiceInput::parse(value).unwrap()).unwrap();
    assert_eq!(text(&invoice()), text(&other_words));
    assert_ne!(
        text(&invoice()),
        text(&with(&invoice(), json!({"total": "1250.01"})))
    );
}

#[test]
fn a_due_date_is_given_or_follows_from_the_terms() {
    let issue = day("2026-01-10");
    let read = |change: Value| {
        let base = with(
            &invoice(),
            json!({"issue_date": issue.to_string(), "due_date": null}),
        );
        InvoiceInput::parse(&with(&base, change)).unwrap()
    };
    let end_of_month = Terms::EndOfMonth { months: 0, days: 0 };
    let halves = json!({"kind": "instalments", "parts": [{"percent": "50", "days": 0}, {"percent": "50", "days": 20}]});
    let halves_of_a_customer = Terms::parse_default(&halves).unwrap();
    let on = |on: &str| json!({ "due_date": on });
    let terms = json!({"terms": {"kind": "net", "days": 7}});
    let cases = [
        (on("2026-01-20"), None, Some(14), "2026-01-20", DueSource::Invoice),
        (on("2026-01-10"), None, None, "2026-01-10", DueSource::Invoice),
        (
            on("2026-01-20"),
            Some(&end_of_month),
            None,
            "2026-01-20",
            DueSource::Invoice,
        ),
        (terms, Some(&end_of_month), None, "2026-01-17", DueSource::Terms),
        (
            json!({"terms": halves}),
            None,
            Some(14),
            "2026-01-10",
            DueSource::Terms,
        ),
        (
            json!({}),
            Some(&end_of_month),
            None,
            "2026-01-31",
            DueSource::CustomerTerms,
        ),
        (
            json!({}),
            Some(&halves_of_a_customer),
            None,
            "2026-01-10",
            DueSource::CustomerTerms,
        ),
        (json!({}), None, Some(14), "2026-01-24", DueSource::CustomerTerms),
        (json!({}), None, Some(0), "2026-01-10", DueSource::CustomerTerms),
        (json!({}), None, None, "2026-02-09", DueSource::DefaultTerms),
    ];
    for (change, customer, days, due_on, source) in cases {
        let due = due(&read(change.clone()), customer, days).unwrap();
        assert_eq!(
            (due.schedule.due_on, due.source),
            (day(due_on), source),
            "{change}"
        );
    }
    let refused = |invoice: &InvoiceInput, customer: Option<&Terms>| {
        let error = due(invoice, customer, None).unwrap_err();
        (error.pointer, error.code.into_owned())
    };
    let mut early = read(json!({}));
    early.due_date = Some(day("2026-01-09"));
    assert_eq!(
        refused(&early, None),
        ("/due_date".to_owned(), "before_issue_date".to_owned())
    );
    let discounted = read(json!({"discount": [{"percent": "2", "days": 10}]}));
    assert!(due(&discounted, Some(&end_of_month), None).is_ok());
    assert_eq!(
        refused(&discounted, Some(&halves_of_a_customer)),
        ("/discount".to_owned(), "not_allowed".to_owned())
    );
}

#[test]
fn terms_and_discounts_of_an_invoice_are_judged_with_it() {
    let parts = |first: &str| {
        json!({"due_date": null, "terms": {"kind": "instalments", "parts": [
            {"amount": first, "days": 0}, {"amount": "1000.00", "days": 30}]}})
    };
    let discount = json!([{"percent": "2", "days": 10}]);
    assert!(InvoiceInput::parse(&with(&invoice(), parts("250.00"))).is_ok());
    let cases: [(Value, &[(&str, &str)]); 5] = [
        (parts("250.01"), &[("/terms/parts", "not_the_total")]),
        (
            json!({"terms": {"kind": "net", "days": 7}}),
            &[("/terms", "one_of")],
        ),
        (
            with(&parts("250.00"), json!({"discount": discount})),
            &[("/discount", "not_allowed")],
        ),
        (
            json!({"due_date": null, "terms": {"kind": "net"}, "discount": [{"percent": "2"}]}),
            &[("/terms/days", "required"), ("/discount/0/days", "required")],
        ),
        // Where the terms themselves cannot be read, nothing is said of their fit.
        (
            json!({"due_date": null, "terms": {"kind": "instalments", "parts": [{"amount": "1", "days": 0}]}}),
            &[("/terms/parts", "required")],
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(
            problems(InvoiceInput::parse(&with(&invoice(), change.clone()))),
            owned(expected),
            "{change}"
        );
    }
    let mut read = InvoiceInput::parse(&with(&invoice(), json!({"discount": discount}))).unwrap();
    assert_eq!(
        InvoiceInput::parse(&serde_json::to_value(&read).unwrap()),
        Ok(read.clone())
    );
    read.discount.clear();
    assert_eq!(Ok(read), InvoiceInput::parse(&invoice()));
    let both = with(
        &customer(),
        json!({"terms_days": 30, "terms": {"kind": "net", "days": 30}}),
    );
    assert_eq!(
        problems(CustomerInput::parse(&both)),
        owned(&[("/terms", "one_of")])
    );
}

#[test]
fn a_credit_note_corrects_one_invoice_or_several() {
    let base = json!({"number": "G-1", "customer": {"external_id": "C-1"}, "issue_date": "2026-01-10",
        "currency": "EUR", "total": "50.00"});
    let lines = json!([{"invoice_number": "R-1", "amount": "20.00"}, {"invoice_number": "R-2"}]);
    let read = CreditNoteInput::parse(&with(&base, json!({"invoices": lines}))).unwrap();
    assert_eq!(read.invoices.len(), 2);
    assert_eq!(
        CreditNoteInput::parse(&serde_json::to_value(&read).unwrap()),
        Ok(read)
    );
    let both = with(&base, json!({"invoice_number": "R-1", "invoices": lines}));
    assert_eq!(
        problems(CreditNoteInput::parse(&both)),
        owned(&[("/invoices", "one_of")])
    );
}

#[test]
fn what_a_person_does_with_money_is_read() {
    let lines = json!([
        {"invoice_number": "R-1", "amount": {"amount": "5.00", "currency": "EUR"}},
        {"invoice_id": "inv_01aryz6s41zzzzzzzzzzzzzzzz"},
        {}, {"invoice_number": "R-1", "invoice_id": "x"}, {"invoice_number": "R-1", "amount": "5.00"}
    ]);
    let expected = [
        ("/allocations/2", "one_of"),
        ("/allocations/3/invoice_id", "invalid_id"),
        ("/allocations/3", "one_of"),
        ("/allocations/4/amount", "wrong_type"),
    ];
    assert_eq!(
        problems(AllocationsInput::parse(&json!({"allocations": lines}))),
        owned(&expected)
    );
    assert_eq!(
        problems(AllocationsInput::parse(&json!({}))),
        owned(&[("/allocations", "required")])
    );
    assert_eq!(
        AllocationsInput::parse(&json!({"allocations": []}))
            .unwrap()
            .allocations,
        []
    );

    assert_eq!(
        RefundInput::parse(&json!({"reason": "asked for it"}))
            .unwrap()
            .amount,
        None
    );
    let expected = [("/amount", "not_positive"), ("/reason", "required")];
    let nothing = json!({"amount": {"amount": "0.00", "currency": "EUR"}});
    assert_eq!(problems(RefundInput::parse(&nothing)), owned(&expected));

    let five = json!({"amount": {"amount": "5.00", "currency": "EUR"}});
    assert_eq!(
        ApplyCreditInput::parse(&five).unwrap().currency,
        Currency::parse("EUR").ok()
    );
    assert_eq!(
        problems(ApplyCreditInput::parse(&with(&five, json!({"currency": "USD"})))),
        owned(&[("/amount", "currency_mismatch")])
    );
}

proptest! {
    #[test]
    fn what_is_taken_reads_back_the_same(
        number in "\\PC{0,12}", total in "-?[0-9]{1,6}(\\.[0-9]{1,3})?", issue in "20[0-9]{2}-[01][0-9]-[0-3][0-9]",
    ) {
        let document = with(&invoice(), json!({"number": number, "total": total, "issue_date": issue, "due_date": null}));
        if let Ok(read) = InvoiceInput::parse(&document) {
            prop_assert_eq!(InvoiceInput::parse(&serde_json::to_value(&read).unwrap()), Ok(read));
        }
    }
}

#[test]
fn a_contact_is_named_for_purposes_and_a_customer_for_domains() {
    let with = |contact: Value| {
        let mut customer = customer();
        customer["contacts"] = json!([contact]);
        customer
    };
    let full = json!({"name": "Books", "role": "billing", "email": "books@nordwind.example",
        "purposes": ["statement", "receipt"], "locale": "fr"});
    let mut customer = with(full.clone());
    customer["known_domains"] = json!(["Nordwind.Example", "nordwind.de"]);
    let read = CustomerInput::parse(&customer).unwrap();
    assert_eq!(read.known_domains, ["nordwind.example", "nordwind.de"]);
    assert_eq!(serde_json::to_value(&read.contacts).unwrap(), json!([full]));

    let sales = json!({"name": "Sam", "role": "sales", "purposes": ["statement"]});
    let internal = json!({"name": "Ada", "role": "billing", "purposes": ["internal"], "locale": "German"});
    for (contact, expected) in [
        (sales, vec![("/contacts/0/purposes", "out_of_place")]),
        (
            internal,
            vec![
                ("/contacts/0/purposes/0", "unknown_value"),
                ("/contacts/0/locale", "invalid_locale"),
            ],
        ),
    ] {
        assert_eq!(problems(CustomerInput::parse(&with(contact))), owned(&expected));
    }
    let mut customer = with(full);
    customer["known_domains"] = json!(["nowhere"]);
    assert_eq!(
        problems(CustomerInput::parse(&customer)),
        owned(&[("/known_domains/0", "invalid_domain")])
    );
    assert_eq!(
        problems(VerifyInput::parse(&json!({}))),
        owned(&[("/address", "required")])
    );
}
