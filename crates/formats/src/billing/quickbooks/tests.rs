use super::*;
use receivables::country::Country;
use receivables::intake::CustomerKind;
use serde_json::json;

fn assumed() -> Assumed {
    Assumed {
        country: Country::parse("US"),
        kind: CustomerKind::Business,
    }
}

fn put(mut document: Value, change: Value) -> Value {
    for (name, value) in change.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

/// In the shape of the documentation's sample invoice.
fn answer(change: Value) -> Value {
    let invoice = json!({
        "TxnDate": "2014-09-19", "domain": "QBO", "CurrencyRef": {"name": "United States Dollar", "value": "USD"},
        "PrintStatus": "NeedToPrint", "SalesTermRef": {"value": "3"}, "TotalAmt": 362.07, "Line": [
            {"Description": "Rock Fountain", "DetailType": "SalesItemLineDetail", "LineNum": 1, "Amount": 275.0,
                "Id": "1", "SalesItemLineDetail": {"Qty": 1, "UnitPrice": 275}},
            {"DetailType": "SubTotalLineDetail", "Amount": 335.25, "SubTotalLineDetail": {}}],
        "DueDate": "2014-10-19", "DocNumber": "1037", "sparse": false, "Balance": 362.07,
        "CustomerRef": {"name": "Sonnenschein Family Store", "value": "24"}, "SyncToken": "0",
        "BillEmail": {"Address": "Familiystore@intuit.com"}, "BillAddr": {"Line1": "Russ Sonnenschein",
            "Line2": "Family Store", "Line3": "5647 Cypress Hill Ave.", "Id": "95"},
        "Id": "130", "MetaData": {"CreateTime": "2014-09-19T13:16:17-07:00",
            "LastUpdatedTime": "2014-09-19T13:16:17-07:00"}});
    json!({"Invoice": put(invoice, change), "time": "2015-07-24T10:48:27.082-07:00"})
}

fn said_of(read: Result<Reading, Problems>) -> Said {
    match read {
        Ok(Reading::Said(said)) => *said,
        other => panic!("{other:?}"),
    }
}

#[test]
fn notifications_of_either_form_say_the_same() {
    // Both as Intuit publishes them.
    let old = json!({"eventNotifications": [{"realmId": "310687", "dataChangeEvent": {"entities": [
        {"name": "Customer", "id": "1234", "operation": "Create", "lastUpdated": "2015-10-05T14:42:19-0700"},
        {"name": "Vendor", "id": "1", "operation": "Create", "lastUpdated": "2015-10-05T14:42:19-0700"}]}}]});
    let new = json!([{"specversion": "1.0", "id": "88cd52aa-33b6-4351-9aa4-47572edbd068",
        "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=", "type": "qbo.customer.created.v1",
        "datacontenttype": "application/json", "time": "2025-09-10T21:31:25.179550Z", "intuitentityid": "1234",
        "intuitaccountid": "310687", "data": {}}]);
    let (old, new) = (events(&old), events(&new));
    assert_eq!(old[0].0, "310687_Customer_1234_Create_2015-10-05T14:42:19-0700");
    assert_eq!(new[0].0, "88cd52aa-33b6-4351-9aa4-47572edbd068");
    let wanted = Ok(Reading::Fetch(Wanted {
        account: "310687".into(),
        kind: Kind::Customer,
        id: "1234".into(),
        gone_at: None,
    }));
    assert_eq!((event(&old[0].1), event(&new[0].1)), (wanted.clone(), wanted));
    assert!(matches!(event(&old[1].1), Ok(Reading::Nothing(_))));
}

#[test]
fn what_was_deleted_is_not_fetched() {
    let deleted = json!({"id": "x", "type": "qbo.invoice.deleted.v1", "time": "2025-09-10T21:31:25Z",
        "intuitentityid": "130", "intuitaccountid": "310687"});
    let Ok(Reading::Fetch(wanted)) = event(&deleted) else {
        panic!()
    };
    let at = wanted.gone_at.unwrap();
    let said = said_of(Ok(gone(wanted.kind, &wanted.id, at)));
    let Object::Invoice(state) = said.object else {
        panic!()
    };
    assert_eq!(
        (state.id.as_str(), state.standing, state.invoice),
        ("130", Standing::Void, None)
    );
    // Of the same instant it is the last word.
    assert!(said.version > Version::new(at, u32::MAX - 1, ""));
    let mut climbing = deleted;
    climbing["intuitentityid"] = json!("1/../2");
    assert_eq!(event(&climbing).unwrap_err()[0].pointer, "/intuitentityid");
}

#[test]
fn an_invoice_is_read_with_its_customer() {
    let said = said_of(invoice(&answer(json!({})), "310687", assumed()));
    let customer = said.customer.unwrap();
    assert_eq!(
        (customer.external_id.as_str(), customer.name.as_str()),
        ("quickbooks-310687-24", "Sonnenschein Family Store")
    );
    let Object::Invoice(state) = said.object else {
        panic!()
    };
    let read = state.invoice.unwrap();
    assert_eq!(
        (
            read.number.as_str(),
            read.total.to_string().as_str(),
            read.lines.len()
        ),
        ("1037", "362.07 USD", 1)
    );
    assert_eq!((state.id.as_str(), state.standing), ("130", Standing::Owed));
}

#[test]
fn the_later_answer_has_the_later_version() {
    let version = |time: &str, token: &str| {
        let change = json!({"SyncToken": token, "MetaData": {"LastUpdatedTime": time}});
        said_of(invoice(&answer(change), "1", assumed())).version
    };
    let first = version("2014-09-19T13:16:17-07:00", "0");
    assert!(first < version("2014-09-19T13:16:17-07:00", "1"));
    assert!(version("2014-09-19T13:16:17-07:00", "9") < version("2014-09-19T20:16:18+00:00", "10"));
}

#[test]
fn a_void_invoice_comes_to_nothing() {
    let change = json!({"TotalAmt": 0, "Balance": 0, "PrivateNote": "Voided"});
    let said = said_of(invoice(&answer(change), "310687", assumed()));
    let Object::Invoice(state) = said.object else {
        panic!()
    };
    assert_eq!((state.standing, state.invoice), (Standing::Void, None));
}

#[test]
fn a_payment_names_its_invoices() {
    let payment_answer = |change: Value| {
        let payment = json!({"SyncToken": "0", "domain": "QBO", "UnappliedAmt": 10.0, "TotalAmt": 65.0, "Id": "163",
            "ProcessPayment": false, "TxnDate": "2015-01-16", "CustomerRef": {"name": "Red Rock Diner", "value": "20"},
            "CurrencyRef": {"value": "USD"}, "MetaData": {"LastUpdatedTime": "2015-01-16T15:08:12-08:00"},
            "Line": [{"Amount": 55.0, "LinkedTxn": [{"TxnId": "69", "TxnType": "Invoice"}]},
                {"Amount": 5.0, "LinkedTxn": [{"TxnId": "70", "TxnType": "CreditMemo"}]}]});
        json!({"Payment": put(payment, change)})
    };
    let read = |change| match said_of(payment(&payment_answer(change), "310687")).object {
        Object::Payment(state) => *state,
        other => panic!("{other:?}"),
    };
    let state = read(json!({}));
    assert_eq!(state.customer.as_deref(), Some("quickbooks-310687-20"));
    assert_eq!(state.amount.unwrap().to_string(), "65.00 USD");
    let [(invoice, amount)] = state.invoices.as_slice() else {
        panic!()
    };
    assert_eq!(
        (invoice.as_str(), amount.to_string().as_str()),
        ("69", "55.00 USD")
    );
    assert_eq!(
        read(json!({"TotalAmt": 0, "PrivateNote": "Voided", "Line": []})).amount,
        None
    );
}

#[test]
fn customers_and_credit_memos_are_read() {
    let customer = json!({"Customer": {"Id": "67", "SyncToken": "0", "DisplayName": "Bill's Windsurf Shop",
        "PrimaryEmailAddr": {"Address": "Surf@Intuit.com, two@intuit.com"}, "CurrencyRef": {"value": "USD"},
        "BillAddr": {"Line1": "12 Ocean Dr.", "City": "Half Moon Bay", "Country": "USA"},
        "MetaData": {"LastUpdatedTime": "2015-07-23T11:07:55-07:00"}}});
    let input = said_of(customer_answer(&customer, "1", None, assumed()))
        .customer
        .unwrap();
    assert_eq!(input.contacts[0].email.as_deref(), Some("Surf@Intuit.com"));
    assert_eq!(input.country.code(), "US");
    let memo = json!({"CreditMemo": {"Id": "73", "DocNumber": "1026", "SyncToken": "3", "TotalAmt": 100.0,
        "TxnDate": "2014-09-02", "CurrencyRef": {"value": "USD"}, "CustomerRef": {"name": "Pye's Cakes",
        "value": "15"}, "MetaData": {"LastUpdatedTime": "2014-09-17T11:42:11-07:00"}}});
    let Object::CreditNote(state) = said_of(credit_note(&memo, "1", assumed())).object else {
        panic!()
    };
    let note = state.note.unwrap();
    assert_eq!(
        (note.number.as_str(), note.total.to_string().as_str()),
        ("1026", "100.00 USD")
    );
    let mut void = memo;
    void["CreditMemo"]["TotalAmt"] = json!(0);
    let said = said_of(credit_note(&void, "1", assumed()));
    assert!(matches!(said.object, Object::CreditNote(state) if state.id == "73" && state.note.is_none()));
}

#[test]
fn every_problem_comes_with_its_place() {
    let broken = json!({"DocNumber": null, "SyncToken": 1, "TotalAmt": "x", "CustomerRef": {}});
    let errors = invoice(
        &answer(broken),
        "1",
        Assumed {
            country: None,
            ..assumed()
        },
    )
    .unwrap_err();
    let found: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        found,
        [
            "/Invoice/SyncToken",
            "/Invoice/TotalAmt",
            "/Invoice/DocNumber",
            "/Invoice/CustomerRef/value",
            "/Invoice/BillAddr/Country",
        ]
    );
}
