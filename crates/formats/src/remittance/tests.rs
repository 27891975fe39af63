use super::*;

fn euros(text: &str) -> Money {
    Money::parse(text, Currency::parse("EUR").unwrap()).unwrap()
}

fn shown(advice: &Advice) -> Vec<(String, String, Option<String>, Option<String>)> {
    let lines = advice.lines.iter().map(|line| {
        let deduction = line.deduction.map(|deduction| deduction.amount());
        (
            line.invoice_number.clone(),
            line.amount.amount(),
            deduction,
            line.reason.clone(),
        )
    });
    lines.collect()
}

fn line(
    number: &str,
    amount: &str,
    deduction: &str,
    reason: &str,
) -> (String, String, Option<String>, Option<String>) {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    (
        number.to_owned(),
        amount.to_owned(),
        some(deduction),
        some(reason),
    )
}

#[test]
fn amounts_are_read_as_people_write_them() {
    let euro = Currency::parse("EUR").unwrap();
    let cases = [
        ("1.190,00", Some("1190.00")),
        ("1,190.00", Some("1190.00")),
        ("1 190,00", Some("1190.00")),
        ("1'190.00", Some("1190.00")),
        ("€1190", Some("1190.00")),
        ("-5,00", Some("-5.00")),
        ("5,00-", Some("-5.00")),
        ("+5.00", Some("5.00")),
        ("1.190", Some("1190.00")),
        ("11.90.00", None),
        ("1,19,000.00", None),
        ("12.1.2026", None),
        ("", None),
        ("x", None),
        ("5.000.0", None),
    ];
    for (text, expected) in cases {
        assert_eq!(
            amount(text, euro).map(|money| money.amount()).as_deref(),
            expected,
            "{text}"
        );
    }
    let yen = Currency::parse("JPY").unwrap();
    assert_eq!(amount("12,000", yen).map(|money| money.minor()), Some(12_000));
}

#[test]
fn the_text_of_an_email_is_read_line_by_line() {
    let text = "Dear all,\n\nplease find below what we pay on 2026-01-12 (EUR).\n\
        Payment reference: PAY-4711\nPayment date: 12.01.2026\n\n\
        Invoice          Gross      Deduction   Net\n\
        INV-2026-0102    1.190,00   -23,80      1.166,20  Skonto 2%\n\
        > INV-2026-0103 | 500,00\n\
        20260104   100,00 EUR\n\
        CN-77  -50,00  credit note\n\
        Total: 1.716,20\n\nKind regards\nTel. +49 30 1234567, 10115 Berlin";
    let advice = email(text.as_bytes()).unwrap();
    assert_eq!(advice.reference.as_deref(), Some("PAY-4711"));
    assert_eq!(advice.paid_on, "2026-01-12".parse().ok());
    assert_eq!(advice.total, euros("1716.20"));
    let expected = [
        line("INV-2026-0102", "1166.20", "23.80", "Skonto"),
        line("INV-2026-0103", "500.00", "", ""),
        line("20260104", "100.00", "", ""),
        line("CN-77", "-50.00", "", "credit note"),
    ];
    assert_eq!(shown(&advice), expected);
}

#[test]
fn what_does_not_add_up_or_has_no_currency_is_refused() {
    let code = |text: &str| email(text.as_bytes()).unwrap_err()[0].code.to_string();
    assert_eq!(code("INV-1 100.00"), "required");
    assert_eq!(code("EUR USD\nINV-1 100.00"), "required");
    assert_eq!(code("EUR\nHello"), "no_lines");
    assert_eq!(code("EUR\nINV-1 100.00\nTotal 101.00"), "does_not_add_up");
    assert_eq!(code("EUR\nINV-1 -100.00"), "not_positive");
    let signed = email("INV-1 €100.00".as_bytes()).unwrap();
    assert_eq!(signed.total, euros("100.00"));
}

#[test]
fn tables_have_columns_by_their_usual_names() {
    let table = "\u{feff}Rechnungsnummer;Brutto;Skonto;Zahlbetrag;Währung;Grund\r\n\
        INV-1;\"1.190,00\";23,80;\"1.166,20\";EUR;2 % Skonto\r\nINV-2;;;500,00;EUR;\r\n";
    let advice = csv(table.as_bytes(), None).unwrap();
    let expected = [
        line("INV-1", "1166.20", "23.80", "2 % Skonto"),
        line("INV-2", "500.00", "", ""),
    ];
    assert_eq!(shown(&advice), expected);
    let bare = b"invoice,amount,gross\nINV-1,98.00,100.00\n";
    let advice = csv(bare, Currency::parse("EUR").ok()).unwrap();
    assert_eq!(shown(&advice), [line("INV-1", "98.00", "2.00", "")]);
    let code = |table: &str| csv(table.as_bytes(), None).unwrap_err()[0].code.to_string();
    assert_eq!(code("invoice,amount\nINV-1,98.00\n"), "required");
    assert_eq!(code("a,b\n1,2\n"), "required");
    assert_eq!(
        code("invoice,amount,currency\nINV-1,98.00,EUR\nINV-2,1.00,USD\n"),
        "currency_mismatch"
    );
    assert_eq!(code("invoice,amount,currency\nINV-1,x,EUR\n"), "invalid_amount");
}

fn ubl(lines: &str, total: &str) -> String {
    format!(
        r#"<RemittanceAdvice xmlns="urn:oasis:names:specification:ubl:schema:xsd:RemittanceAdvice-2"
            xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
            xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
            <cbc:ID>RA-1</cbc:ID><cbc:IssueDate>2026-01-12</cbc:IssueDate>
            <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
            <cbc:TotalPaymentAmount currencyID="EUR">{total}</cbc:TotalPaymentAmount>
            <cbc:PaymentOrderReference>PAY-1</cbc:PaymentOrderReference>{lines}</RemittanceAdvice>"#
    )
}

#[test]
fn ubl_lines_pay_invoices_and_deduct_credit_notes() {
    let reference = |kind: &str, id: &str| {
        format!(
            "<cac:BillingReference><cac:{kind}DocumentReference><cbc:ID>{id}</cbc:ID></cac:{kind}DocumentReference></cac:BillingReference>"
        )
    };
    let lines = format!(
        r#"<cac:RemittanceAdviceLine><cbc:ID>1</cbc:ID><cbc:DebitLineAmount currencyID="EUR">100.00</cbc:DebitLineAmount>{}</cac:RemittanceAdviceLine>
        <cac:RemittanceAdviceLine><cbc:ID>2</cbc:ID><cbc:CreditLineAmount currencyID="EUR">20.00</cbc:CreditLineAmount>{}</cac:RemittanceAdviceLine>"#,
        reference("Invoice", "INV-1"),
        reference("CreditNote", "CN-1"),
    );
    let advice = xml(ubl(&lines, "80.00").as_bytes()).unwrap();
    assert_eq!(
        (advice.reference.as_deref(), advice.total),
        (Some("PAY-1"), euros("80.00"))
    );
    assert_eq!(
        shown(&advice),
        [line("INV-1", "100.00", "", ""), line("CN-1", "-20.00", "", "")]
    );
    assert_eq!(
        xml(ubl(&lines, "81.00").as_bytes()).unwrap_err()[0].code,
        "does_not_add_up"
    );
    let nameless = r#"<cac:RemittanceAdviceLine><cbc:ID>1</cbc:ID><cbc:DebitLineAmount currencyID="EUR">80.00</cbc:DebitLineAmount></cac:RemittanceAdviceLine>"#;
    assert_eq!(
        xml(ubl(nameless, "80.00").as_bytes()).unwrap_err()[0].code,
        "required"
    );
    assert_eq!(xml(b"<a/>").unwrap_err()[0].code, "unsupported_document");
}

fn cii(lines: &str, total: &str) -> String {
    format!(
        r#"<r:CrossIndustryRemittanceAdvice xmlns:r="urn:un:unece:uncefact:data:standard:CrossIndustryRemittanceAdvice:100"
            xmlns:a="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
            xmlns:u="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
            <r:ExchangedDocument><a:ID>RA-1</a:ID>
              <a:IssueDateTime><u:DateTimeString format="102">20260112</u:DateTimeString></a:IssueDateTime>
            </r:ExchangedDocument>
            <r:TradeSettlementPayment><a:EndToEndID>PAY-1</a:EndToEndID><a:SpecifiedPaymentTradeSettlement>
              <a:SpecifiedTradeSettlementPaymentMonetarySummation>{total}</a:SpecifiedTradeSettlementPaymentMonetarySummation>
            </a:SpecifiedPaymentTradeSettlement></r:TradeSettlementPayment>{lines}</r:CrossIndustryRemittanceAdvice>"#
    )
}

fn transaction(number: &str, code: &str, amount: &str) -> String {
    let summation = "SpecifiedTradeSettlementHeaderMonetarySummation";
    format!(
        "<r:SupplyChainTradeTransaction><a:AssociatedReferencedDocument><a:IssuerAssignedID>{number}</a:IssuerAssignedID>
        <a:TypeCode>{code}</a:TypeCode></a:AssociatedReferencedDocument><a:ApplicableHeaderTradeSettlement><a:{summation}>
        {amount}</a:{summation}></a:ApplicableHeaderTradeSettlement></r:SupplyChainTradeTransaction>"
    )
}

#[test]
fn cii_transactions_pay_invoices_and_deduct_credit_notes() {
    let paid = |amount: &str| format!("<a:PaymentTotalAmount>{amount}</a:PaymentTotalAmount>");
    let total =
        |amount: &str| format!(r#"<a:PaymentTotalAmount currencyID="EUR">{amount}</a:PaymentTotalAmount>"#);
    let invoice = transaction("INV-1", "380", &paid("100.00"));
    // A credit note's amount is deducted, whichever sign it has.
    for credited in ["20.00", "-20.00"] {
        let lines = format!("{invoice}{}", transaction("CN-1", "381", &paid(credited)));
        let advice = xml(cii(&lines, &total("80.00")).as_bytes()).unwrap();
        assert_eq!(
            (advice.reference.as_deref(), advice.total),
            (Some("PAY-1"), euros("80.00"))
        );
        assert_eq!(advice.paid_on, "2026-01-12".parse().ok());
        assert_eq!(
            shown(&advice),
            [line("INV-1", "100.00", "", ""), line("CN-1", "-20.00", "", "")]
        );
    }
    let problem = |lines: &str, total: &str| {
        let error = xml(cii(lines, total).as_bytes()).unwrap_err().remove(0);
        (error.pointer, error.code.into_owned())
    };
    assert_eq!(problem(&invoice, &total("99.00")).1, "does_not_add_up");
    assert_eq!(problem(&invoice, &paid("100.00")).1, "required");
    let (place, code) = problem(&transaction("INV-1", "380", ""), &total("1.00"));
    assert_eq!(code, "required");
    assert!(
        place.starts_with("/CrossIndustryRemittanceAdvice/rsm:SupplyChainTradeTransaction"),
        "{place}"
    );
    let other = r#"<a:PaymentTotalAmount currencyID="USD">100.00</a:PaymentTotalAmount>"#;
    assert_eq!(
        problem(&transaction("INV-1", "380", other), &total("100.00")).1,
        "currency_mismatch"
    );
}
