use super::*;
use receivables::country::Country;
use receivables::intake::CustomerKind;
use serde_json::json;

fn assumed() -> Assumed {
    Assumed {
        country: Country::parse("NZ"),
        kind: CustomerKind::Business,
    }
}

/// The payload of the webhooks overview.
fn delivery() -> Value {
    json!({"events": [{
        "resourceUrl": "https://api.xero.com/api.xro/2.0/Contacts/717f2bfc-c6d4-41fd-b238-3f2f0c0cf777",
        "resourceId": "717f2bfc-c6d4-41fd-b238-3f2f0c0cf777", "eventDateUtc": "2017-06-21T01:15:39.902",
        "eventType": "UPDATE", "eventCategory": "CONTACT",
        "tenantId": "c2cc9b6e-9458-4c7d-93cc-f02b81b0594f", "tenantType": "ORGANISATION"}],
        "lastEventSequence": 1, "firstEventSequence": 1, "entropy": "S0m3r4Nd0mt3xt"})
}

/// An invoice in the shape of the documentation's example of `GET Invoices/{InvoiceID}`.
fn answer(change: Value) -> Value {
    let mut invoice = json!({
        "Type": "ACCREC", "InvoiceID": "243216c5-369e-4056-ac67-05388f86dc81", "InvoiceNumber": "OIT00546",
        "Reference": "PO 7", "Payments": [{"Date": "/Date(1518685950940+0000)/", "Amount": 1000.00,
            "PaymentID": "0d666415-cf77-43fa-80c7-56775591d426"}],
        "CreditNotes": [], "Prepayments": [], "Overpayments": [],
        "AmountDue": 1025.00, "AmountPaid": 1000.00, "AmountCredited": 0.00, "CurrencyRate": 1.000_000,
        "Contact": {"ContactID": "025867f1-d741-4d6b-b1af-9ac774b59ba7", "ContactStatus": "ACTIVE",
            "Name": "City Agency", "EmailAddress": "bills@city.example", "Addresses": [
                {"AddressType": "STREET"},
                {"AddressType": "POBOX", "AddressLine1": "L4, CA House", "AddressLine2": "14 Boulevard Quay",
                    "City": "Wellington", "PostalCode": "6012"}]},
        "DateString": "2009-05-27T00:00:00", "Date": "/Date(1243382400000+0000)/",
        "DueDateString": "2009-06-06T00:00:00", "DueDate": "/Date(1244246400000+0000)/", "Status": "AUTHORISED",
        "LineAmountTypes": "Exclusive", "LineItems": [{"Description": "Onsite project management ",
            "Quantity": 1.0000, "UnitAmount": 1800.00, "LineAmount": 1800.00}],
        "SubTotal": 1800.00, "TotalTax": 225.00, "Total": 2025.00, "UpdatedDateUTC": "/Date(1243388888000+0000)/",
        "CurrencyCode": "NZD"});
    for (name, value) in change.as_object().unwrap() {
        invoice[name] = value.clone();
    }
    json!({"Id": "1", "Status": "OK", "Invoices": [invoice]})
}

fn state(change: Value) -> (CustomerInput, InvoiceState) {
    match invoice(&answer(change), assumed()) {
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
fn a_notification_says_what_to_fetch() {
    let events = events(&delivery());
    let [(id, only)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(
        id,
        "c2cc9b6e-9458-4c7d-93cc-f02b81b0594f_CONTACT_717f2bfc-c6d4-41fd-b238-3f2f0c0cf777_UPDATE_2017-06-21T01:15:39.902"
    );
    assert_eq!(
        event(only),
        Ok(Reading::Fetch(Wanted {
            account: "c2cc9b6e-9458-4c7d-93cc-f02b81b0594f".into(),
            kind: Kind::Customer,
            id: "717f2bfc-c6d4-41fd-b238-3f2f0c0cf777".into(),
            gone_at: None,
        }))
    );
    let mut climbing = only.clone();
    climbing["resourceId"] = json!("../Users");
    assert_eq!(event(&climbing).unwrap_err()[0].pointer, "/resourceId");
    assert_eq!(super::events(&json!({"events": []})), []);
}

#[test]
fn an_invoice_is_read_with_its_payments() {
    let (customer, state) = state(json!({}));
    assert_eq!(
        (
            customer.external_id.as_str(),
            customer.name.as_str(),
            customer.country.code()
        ),
        ("025867f1-d741-4d6b-b1af-9ac774b59ba7", "City Agency", "NZ")
    );
    let postal = customer.contacts[0].postal.as_ref().unwrap();
    assert_eq!(postal.lines, ["L4, CA House", "14 Boulevard Quay"]);
    let invoice = state.invoice.unwrap();
    assert_eq!(
        (
            invoice.number.as_str(),
            invoice.issue_date,
            invoice.due_date,
            invoice.total.to_string().as_str()
        ),
        (
            "OIT00546",
            day("2009-05-27"),
            Some(day("2009-06-06")),
            "2025.00 NZD"
        )
    );
    assert_eq!(invoice.lines[0].description, "Onsite project management");
    assert!(state.all_payments);
    let [payment] = state.payments.as_slice() else {
        panic!()
    };
    // 1518685950940 is 2018-02-15T09:12:30.940Z.
    assert_eq!(
        (payment.amount.unwrap().to_string().as_str(), payment.received_on),
        ("1000.00 NZD", day("2018-02-15"))
    );
}

#[test]
fn prepayments_and_overpayments_are_money_that_came() {
    let applied = |id: &str| json!([{"ID": id, "AppliedAmount": 5.00, "Date": "/Date(1518685950940+0000)/"}]);
    let (_, state) = state(json!({"Payments": [{"PaymentID": "gone", "Status": "DELETED"}],
        "Prepayments": applied("pre"), "Overpayments": applied("over")}));
    let references: Vec<&str> = state
        .payments
        .iter()
        .map(|payment| payment.reference.as_str())
        .collect();
    assert_eq!(references, ["pre", "over"]);
}

#[test]
fn each_status_stands_where_it_should_and_what_is_not_owed_is_left_alone() {
    for (status, expected) in [
        ("AUTHORISED", Standing::Owed),
        ("PAID", Standing::Owed),
        ("VOIDED", Standing::Void),
        ("DELETED", Standing::Void),
    ] {
        assert_eq!(state(json!({"Status": status})).1.standing, expected, "{status}");
    }
    for change in [
        json!({"Status": "DRAFT"}),
        json!({"Status": "SUBMITTED"}),
        json!({"Type": "ACCPAY"}),
    ] {
        assert!(matches!(
            invoice(&answer(change), assumed()),
            Ok(Reading::Nothing(_))
        ));
    }
    let (_, empty) = state(json!({"Total": 0.00, "Payments": []}));
    assert_eq!((empty.invoice, empty.standing), (None, Standing::Void));
}

#[test]
fn dates_are_milliseconds_with_or_without_an_offset() {
    let read = |text: &str| instant(&json!(text)).ok().map(|at| at.to_rfc3339());
    for (text, expected) in [
        (
            "/Date(1518685950940+0000)/",
            Some("2018-02-15T09:12:30.940+00:00"),
        ),
        ("/Date(1439434356790)/", Some("2015-08-13T02:52:36.790+00:00")),
        ("/Date(-86400000+0000)/", Some("1969-12-31T00:00:00+00:00")),
        ("/Date(--1)/", None),
        ("/Date()/", None),
        ("2018-02-15T09:12:30", None),
    ] {
        assert_eq!(read(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_contact_is_a_customer_once_it_has_a_currency() {
    let contact = json!({"ContactID": "bd2270c3-8706-4c11-9cfb-000b551c3f51", "Name": "ABC Limited",
        "EmailAddress": "a.dutchess@abclimited.com", "DefaultCurrency": "NZD", "IsCustomer": true,
        "Addresses": [{"AddressType": "POBOX", "AddressLine1": "PO Box 1", "Country": "DE"}],
        "UpdatedDateUTC": "/Date(1488391422280+0000)/"});
    let read = |contact: &Value| contact_answer(&json!({"Contacts": [contact]}), None, assumed());
    let Ok(Reading::Said(said)) = read(&contact) else {
        panic!()
    };
    let customer = said.customer.unwrap();
    assert_eq!(
        (customer.name.as_str(), customer.country.code()),
        ("ABC Limited", "DE")
    );
    let mut without = contact.clone();
    without["DefaultCurrency"] = json!("");
    assert!(matches!(read(&without), Ok(Reading::Nothing(_))));
    without["DefaultCurrency"] = json!("kiwi");
    assert!(read(&without).is_err());
    let mut supplier = contact;
    supplier["IsCustomer"] = json!(false);
    assert!(matches!(read(&supplier), Ok(Reading::Nothing(_))));
}

#[test]
fn a_credit_note_names_the_invoices_that_it_is_set_against() {
    let note = |status: &str| {
        json!({"CreditNotes": [{"Type": "ACCRECCREDIT", "CreditNoteID": "a1", "CreditNoteNumber": "CN-7542",
        "Status": status, "CurrencyCode": "NZD", "Total": 30.00, "Date": "/Date(1481846400000+0000)/",
        "UpdatedDateUTC": "/Date(1481846400000+0000)/", "Contact": {"ContactID": "c1", "Name": "Liam"},
        "Allocations": [{"Amount": 12.50, "Invoice": {"InvoiceID": "i", "InvoiceNumber": "OIT00546"}}]}]})
    };
    let Ok(Reading::Said(said)) = credit_note(&note("AUTHORISED"), assumed()) else {
        panic!()
    };
    let Object::CreditNote(state) = said.object else {
        panic!()
    };
    let input = state.note.unwrap();
    assert_eq!(
        (input.number.as_str(), input.invoices[0].invoice_number.as_str()),
        ("CN-7542", "OIT00546")
    );
    assert!(matches!(
        credit_note(&note("DRAFT"), assumed()),
        Ok(Reading::Nothing(_))
    ));
    let Ok(Reading::Said(said)) = credit_note(&note("VOIDED"), assumed()) else {
        panic!()
    };
    assert!(matches!(said.object, Object::CreditNote(state) if state.id == "a1" && state.note.is_none()));
}

#[test]
fn every_problem_comes_with_its_place() {
    let broken = json!({"InvoiceNumber": "", "CurrencyCode": "NZ", "UpdatedDateUTC": "today", "Date": null,
        "Contact": {"Name": "x"}});
    let nowhere = Assumed {
        country: None,
        ..assumed()
    };
    let errors = invoice(&answer(broken), nowhere).unwrap_err();
    let found: Vec<(&str, &str)> = errors
        .iter()
        .map(|error| (error.pointer.as_str(), error.code.as_ref()))
        .collect();
    assert_eq!(
        found,
        [
            ("/Invoices/0/UpdatedDateUTC", "invalid_instant"),
            ("/Invoices/0/InvoiceNumber", "empty"),
            ("/Invoices/0/CurrencyCode", "unknown_currency"),
            ("/Invoices/0/Date", "required"),
            ("/Invoices/0/Contact/ContactID", "required"),
            ("/Invoices/0/Contact/Addresses", "required"),
        ]
    );
    assert_eq!(
        invoice(&json!({}), assumed()).unwrap_err()[0].pointer,
        "/Invoices/0"
    );
}

#[test]
fn the_credit_notes_of_an_invoice_are_fetched_as_well() {
    let notes = json!([{"CreditNoteID": "0d666415-cf77-43fa-80c7-56775591d426", "AppliedAmount": 10.0}]);
    let found = credit_notes_of(&answer(json!({ "CreditNotes": notes })), "c2cc9b6e");
    let [(id, only)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(id, "c2cc9b6e_CREDITNOTE_0d666415-cf77-43fa-80c7-56775591d426");
    assert!(matches!(event(only), Ok(Reading::Fetch(wanted)) if wanted.kind == Kind::CreditNote));
}
