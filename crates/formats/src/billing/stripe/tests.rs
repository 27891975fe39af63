use super::*;
use serde_json::json;

const ASSUMED: Assumed = Assumed {
    country: None,
    kind: CustomerKind::Consumer,
};

/// An event around an invoice in the shape of docs.stripe.com/api/invoices/object, with `change` put over it.
fn told(kind: &str, change: Value) -> Value {
    let mut invoice = json!({
        "id": "in_1MtHbELkdIwHu7ixl4OzzPMv", "object": "invoice", "account_country": "US",
        "amount_due": 125_000, "amount_paid": 0, "amount_remaining": 125_000, "total": 150_000,
        "collection_method": "send_invoice", "created": 1_767_571_200, "currency": "eur",
        "customer": "cus_NeZwdNtLEOXuvB", "customer_name": "Jenny Rosen GmbH",
        "customer_email": "jenny@rosen.example", "customer_phone": null,
        "customer_address": {"city": "Hamburg", "country": "DE", "line1": "Kai 1", "line2": "",
            "postal_code": "20095", "state": null},
        "customer_tax_ids": [{"type": "eu_vat", "value": "DE123456789"}],
        "due_date": 1_770_163_200, "effective_at": 1_767_657_600,
        "hosted_invoice_url": "https://invoice.stripe.com/i/acct_1/test_1?s=ap",
        "lines": {"object": "list", "data": [{"description": "Seats", "quantity": 5, "amount": 150_000}]},
        "number": "D8B6C2-0001", "paid_out_of_band": false, "payment_intent": null, "status": "open",
        "status_transitions": {"finalized_at": 1_767_657_600, "marked_uncollectible_at": null, "paid_at": null,
            "voided_at": null}
    });
    for (name, value) in change.as_object().unwrap() {
        invoice[name] = value.clone();
    }
    json!({"id": "evt_1", "object": "event", "created": 1_767_657_600, "type": kind, "data": {"object": invoice}})
}

fn state(kind: &str, change: Value) -> (CustomerInput, InvoiceState) {
    match event(&told(kind, change), ASSUMED) {
        Ok(Reading::Said(said)) => match (said.customer, said.object) {
            (Some(customer), Object::Invoice(state)) => (customer, *state),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn an_invoice_is_read_with_its_customer() {
    let (customer, state) = state("invoice.finalized", json!({}));
    assert_eq!(
        (
            customer.external_id.as_str(),
            customer.country.code(),
            customer.kind,
            customer.locale.as_str()
        ),
        ("cus_NeZwdNtLEOXuvB", "DE", CustomerKind::Business, "de")
    );
    assert_eq!(customer.contacts[0].email.as_deref(), Some("jenny@rosen.example"));
    assert_eq!(customer.contacts[0].postal.as_ref().unwrap().lines, ["Kai 1"]);
    let invoice = state.invoice.unwrap();
    // 1767657600 and 1770163200 are midnights in UTC.
    assert_eq!(
        (invoice.number.as_str(), invoice.issue_date, invoice.due_date),
        ("D8B6C2-0001", day("2026-01-06"), Some(day("2026-02-04")))
    );
    // What the customer had to its credit is not owed.
    assert_eq!(invoice.total.to_string(), "1250.00 EUR");
    assert_eq!(invoice.lines[0].amount.unwrap().to_string(), "1500.00 EUR");
    assert_eq!((state.standing, state.payments.len()), (Standing::Owed, 0));
}

#[test]
fn amounts_have_the_digits_that_stripe_gives_a_currency() {
    // docs.stripe.com/currencies: zero-decimal, three-decimal, and ISK, which is written with two.
    for (currency, due, expected) in [
        ("jpy", 500, "500 JPY"),
        ("kwd", 5_120, "5.120 KWD"),
        ("isk", 50_000, "500 ISK"),
        ("usd", 1_099, "10.99 USD"),
    ] {
        let change = json!({"currency": currency, "amount_due": due});
        let (_, state) = state("invoice.finalized", change);
        assert_eq!(state.invoice.unwrap().total.to_string(), expected);
    }
}

#[test]
fn each_status_stands_where_it_should() {
    for (kind, status, expected) in [
        ("invoice.finalized", "open", Standing::Owed),
        ("invoice.updated", "open", Standing::Owed),
        ("invoice.voided", "void", Standing::Void),
        (
            "invoice.marked_uncollectible",
            "uncollectible",
            Standing::Uncollectible,
        ),
        ("invoice.paid", "paid", Standing::Owed),
    ] {
        let (_, state) = state(kind, json!({"status": status}));
        assert_eq!(state.standing, expected, "{kind}");
        assert!(state.invoice.is_some());
    }
}

#[test]
fn of_one_second_the_status_that_can_follow_the_other_is_the_later() {
    let version = |status: &str| match event(&told("invoice.updated", json!({"status": status})), ASSUMED) {
        Ok(Reading::Said(said)) => said.version,
        other => panic!("{other:?}"),
    };
    assert!(version("open") < version("uncollectible"));
    assert!(version("uncollectible") < version("paid"));
    assert!(version("uncollectible") < version("void"));
}

#[test]
fn what_was_paid_bears_the_name_under_which_a_payment_link_would_have_recorded_it() {
    let paid = |more: Value| {
        let mut change = json!({"status": "paid", "amount_paid": 125_000,
            "status_transitions": {"finalized_at": 1_767_657_600, "paid_at": 1_768_000_000}});
        for (name, value) in more.as_object().unwrap() {
            change[name] = value.clone();
        }
        let (_, state) = state("invoice.paid", change);
        let parts = |payment: PaymentOnInvoice| {
            assert_eq!(payment.received_on, day("2026-01-09"));
            (payment.reference, payment.amount.map(|amount| amount.to_string()))
        };
        state.payments.into_iter().map(parts).collect::<Vec<_>>()
    };
    let of = |reference: &str, amount: &str| vec![(reference.to_owned(), Some(amount.to_owned()))];
    assert_eq!(
        paid(json!({"payment_intent": "pi_1", "charge": "ch_1"})),
        of("pi_1", "1250.00 EUR")
    );
    assert_eq!(
        paid(json!({"payment_intent": {"id": "pi_1"}})),
        of("pi_1", "1250.00 EUR")
    );
    assert_eq!(paid(json!({"charge": "ch_1"})), of("ch_1", "1250.00 EUR"));
    assert_eq!(paid(json!({})), of("in_1MtHbELkdIwHu7ixl4OzzPMv", "1250.00 EUR"));
    // API versions from 2025-03-31 list the payments.
    let listed = json!({"payments": {"data": [
        {"id": "inpay_1", "status": "paid", "amount_paid": 25_000, "payment": {"payment_intent": "pi_1"},
            "status_transitions": {"paid_at": 1_768_000_000}},
        {"id": "inpay_2", "status": "canceled", "amount_paid": null, "payment": {"payment_intent": "pi_2"}},
        {"id": "inpay_3", "status": "paid", "amount_paid": 100_000, "payment": {"type": "out_of_band"}}]}});
    assert_eq!(
        paid(listed),
        [of("pi_1", "250.00 EUR"), of("inpay_3", "1000.00 EUR")].concat()
    );
    let elsewhere = json!({"paid_out_of_band": true});
    assert_eq!(
        paid(elsewhere),
        [("in_1MtHbELkdIwHu7ixl4OzzPMv".to_owned(), None)]
    );
}

#[test]
fn an_invoice_that_stripe_charges_by_itself_has_no_due_date_of_its_own() {
    let (_, state) = state(
        "invoice.finalized",
        json!({"collection_method": "charge_automatically", "due_date": null}),
    );
    assert_eq!(state.invoice.unwrap().due_date, None);
}

#[test]
fn what_comes_to_nothing_is_owed_by_nobody() {
    let (_, state) = state("invoice.paid", json!({"status": "paid", "amount_due": 0}));
    assert_eq!((state.invoice, state.standing), (None, Standing::Void));
}

#[test]
fn what_needs_nothing_done_says_so() {
    for value in [
        told("invoice.created", json!({})),
        told("invoice.updated", json!({"status": "draft", "number": null})),
        told("customer.updated", json!({})),
    ] {
        assert!(
            matches!(event(&value, ASSUMED), Ok(Reading::Nothing(_))),
            "{value}"
        );
    }
}

#[test]
fn a_country_is_the_customers_else_the_assumed_else_the_sellers() {
    let country = |change: Value, assumed| match event(
        &told("invoice.finalized", change),
        Assumed {
            country: assumed,
            ..ASSUMED
        },
    ) {
        Ok(Reading::Said(said)) => Ok(said.customer.unwrap().country.code()),
        Ok(other) => panic!("{other:?}"),
        Err(errors) => Err(errors[0].pointer.clone()),
    };
    let nowhere = json!({"customer_address": null});
    assert_eq!(country(json!({}), Country::parse("AT")), Ok("DE"));
    assert_eq!(country(nowhere.clone(), Country::parse("AT")), Ok("AT"));
    assert_eq!(country(nowhere, None), Ok("US"));
    let lost = json!({"customer_address": null, "account_country": null});
    assert_eq!(
        country(lost, None),
        Err("/data/object/customer_address/country".to_owned())
    );
}

#[test]
fn every_problem_comes_with_its_place() {
    let problems = |value: &Value| {
        let errors = event(value, ASSUMED).unwrap_err();
        errors
            .into_iter()
            .map(|error| (error.pointer, error.code.into_owned()))
            .collect::<Vec<_>>()
    };
    let pairs = |expected: &[(&str, &str)]| {
        expected
            .iter()
            .map(|(at, code)| ((*at).to_owned(), (*code).to_owned()))
            .collect::<Vec<_>>()
    };
    let broken = json!({"number": null, "currency": "euro", "created": "soon", "effective_at": null,
        "status_transitions": null, "customer": null});
    assert_eq!(
        problems(&told("invoice.finalized", broken)),
        pairs(&[
            ("/data/object/number", "required"),
            ("/data/object/currency", "unknown_currency"),
            ("/data/object/created", "invalid_instant"),
            ("/data/object/customer", "required"),
        ])
    );
    assert_eq!(
        problems(&told("invoice.updated", json!({"status": "lost"}))),
        pairs(&[("/data/object/status", "unknown_value")])
    );
    assert_eq!(
        problems(&json!([])),
        pairs(&[
            ("/type", "required"),
            ("/id", "required"),
            ("/created", "required")
        ])
    );
}
