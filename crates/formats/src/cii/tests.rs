//! What documents come to, and what is said about bad ones.

use chrono::NaiveDate;
use receivables::fields::FieldError;

use crate::document::DueSource::{self, Note, PaymentTerms};
use crate::document::{Document, Due, Intake, Kind, parse};

mod samples;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

const ROOT: &str = r#"<i:CrossIndustryInvoice xmlns:i="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
  xmlns:a="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
  xmlns:u="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">"#;

const BODY: &str = r#"
  <i:ExchangedDocument>
    <a:ID>R-1</a:ID><a:TypeCode>380</a:TypeCode>
    <a:IssueDateTime><u:DateTimeString format="102">20260110</u:DateTimeString></a:IssueDateTime>
  </i:ExchangedDocument>
  <i:SupplyChainTradeTransaction>
    <a:ApplicableHeaderTradeAgreement>
      <a:SellerTradeParty><a:Name>Verkäufer AG</a:Name>
        <a:SpecifiedTaxRegistration><a:ID schemeID="FC">201/113/40209</a:ID></a:SpecifiedTaxRegistration>
        <a:SpecifiedTaxRegistration><a:ID schemeID="VA">DE123456789</a:ID></a:SpecifiedTaxRegistration>
      </a:SellerTradeParty>
      <a:BuyerTradeParty>
        <a:ID>4711</a:ID><a:GlobalID schemeID="0088">4000001987658</a:GlobalID>
        <a:Name>Käufer &amp; Söhne</a:Name>
        <a:PostalTradeAddress><a:CountryID>DE</a:CountryID></a:PostalTradeAddress>
      </a:BuyerTradeParty>
    </a:ApplicableHeaderTradeAgreement>
    <a:ApplicableHeaderTradeSettlement>
      <a:PaymentReference>RF18539007547034</a:PaymentReference>
      <a:InvoiceCurrencyCode>EUR</a:InvoiceCurrencyCode>
      <a:SpecifiedTradePaymentTerms>
        <a:DueDateDateTime><u:DateTimeString format="102">20260120</u:DateTimeString></a:DueDateDateTime>
      </a:SpecifiedTradePaymentTerms>
      <a:SpecifiedTradeSettlementHeaderMonetarySummation>
        <a:AllowanceTotalAmount>100</a:AllowanceTotalAmount>
        <a:GrandTotalAmount>1450.00</a:GrandTotalAmount>
        <a:TotalPrepaidAmount>200</a:TotalPrepaidAmount>
        <a:DuePayableAmount>1250.0000</a:DuePayableAmount>
      </a:SpecifiedTradeSettlementHeaderMonetarySummation>
    </a:ApplicableHeaderTradeSettlement>
  </i:SupplyChainTradeTransaction>"#;

const AGREEMENT: &str =
    "/CrossIndustryInvoice/rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeAgreement";
const SETTLEMENT: &str =
    "/CrossIndustryInvoice/rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement";
const TERMS: &str =
    "<a:DueDateDateTime><u:DateTimeString format=\"102\">20260120</u:DateTimeString></a:DueDateDateTime>";

fn invoice(change: &[(&str, &str)]) -> String {
    let body = change.iter().fold(BODY.to_owned(), |body, (from, to)| {
        assert!(body.contains(from), "{from}");
        body.replacen(from, to, 1)
    });
    format!("{ROOT}{body}</i:CrossIndustryInvoice>")
}

fn read(change: &[(&str, &str)]) -> Document {
    parse(invoice(change).as_bytes()).unwrap_or_else(|errors| panic!("{change:?}: {errors:?}"))
}

fn problems(errors: Vec<FieldError>) -> Vec<(String, String)> {
    errors
        .into_iter()
        .map(|e| (e.pointer, e.code.into_owned()))
        .collect()
}

#[test]
fn a_minimal_document_is_read_whatever_its_prefixes() {
    let read = read(&[]);
    assert_eq!(
        (read.kind, read.number.as_str(), read.type_code.as_deref()),
        (Kind::Invoice, "R-1", Some("380"))
    );
    assert_eq!(read.payable.to_string(), "1250.00 EUR");
    assert_eq!(read.tax_inclusive.unwrap().to_string(), "1450.00 EUR");
    assert_eq!(read.prepaid.unwrap().to_string(), "200.00 EUR");
    assert_eq!(
        (read.external_id().as_str(), read.seller_key.as_deref()),
        ("0088:4000001987658", Some("DE123456789"))
    );
    let Intake::Invoice { customer, invoice } = read.as_intake().unwrap() else {
        panic!("an invoice")
    };
    assert_eq!(
        (customer.time_zone.name(), customer.locale.as_str()),
        ("Europe/Berlin", "de")
    );
    assert_eq!(invoice.total.to_string(), "1250.00 EUR");
    assert_eq!(invoice.payment_reference.as_deref(), Some("RF18539007547034"));
    assert_eq!(
        invoice.numbering.as_deref(),
        Some("DE123456789 to 0088:4000001987658")
    );
}

#[test]
fn the_type_says_whether_it_is_a_credit_note() {
    // UNTDID 1001, in the halves of EN 16931's code list.
    for (code, kind) in [
        ("380", Kind::Invoice),
        ("384", Kind::Invoice),
        ("389", Kind::Invoice),
        ("326", Kind::Invoice),
        ("875", Kind::Invoice),
        ("381", Kind::CreditNote),
        ("261", Kind::CreditNote),
        ("396", Kind::CreditNote),
        ("532", Kind::CreditNote),
    ] {
        let read = read(&[(">380<", &format!(">{code}<"))]);
        assert_eq!(read.kind, kind, "{code}");
        let intake = read.as_intake().unwrap();
        assert_eq!(
            matches!(intake, Intake::CreditNote { .. }),
            kind == Kind::CreditNote,
            "{code}"
        );
    }
    // An order's confirmation, a delivery note, no code at all.
    for code in ["231", "270", "invoice", "99999999"] {
        let errors = parse(invoice(&[(">380<", &format!(">{code}<"))]).as_bytes()).unwrap_err();
        let place = "/CrossIndustryInvoice/rsm:ExchangedDocument/ram:TypeCode";
        assert_eq!(
            problems(errors),
            [(place.to_owned(), "unknown_type".to_owned())],
            "{code}"
        );
    }
}

#[test]
fn an_invoice_over_a_negative_amount_credits_and_a_credit_note_over_one_is_none() {
    let negative = [("1250.0000", "-1250.00")];
    let Intake::CreditNote { credit_note, .. } = read(&negative).as_intake().unwrap() else {
        panic!("a credit")
    };
    assert_eq!(credit_note.total.to_string(), "1250.00 EUR");
    assert_eq!(
        credit_note.numbering.as_deref(),
        Some("DE123456789 to 0088:4000001987658, invoices")
    );
    let credited = read(&[("1250.0000", "-1250.00"), (">380<", ">381<")]);
    let payable =
        format!("{SETTLEMENT}/ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:DuePayableAmount");
    assert_eq!(
        problems(credited.as_intake().unwrap_err()),
        [(payable, "not_positive".to_owned())]
    );
    let homeless = read(&[("<a:CountryID>DE</a:CountryID>", "")]);
    let country = format!("{AGREEMENT}/ram:BuyerTradeParty/ram:PostalTradeAddress/ram:CountryID");
    assert_eq!(
        problems(homeless.as_intake().unwrap_err()),
        [(country, "required".to_owned())]
    );
}

#[test]
fn a_credit_note_names_the_invoice_that_it_corrects() {
    let one = "<a:InvoiceReferencedDocument><a:IssuerAssignedID>R-0</a:IssuerAssignedID></a:InvoiceReferencedDocument>";
    let end = "</a:ApplicableHeaderTradeSettlement>";
    let number = |references: String| {
        let read = read(&[(">380<", ">381<"), (end, &format!("{references}{end}"))]);
        match read.as_intake().unwrap() {
            Intake::CreditNote { credit_note, .. } => (read.billing_references, credit_note.invoice_number),
            Intake::Invoice { .. } => panic!("a credit note"),
        }
    };
    assert_eq!(
        number(one.to_owned()),
        (vec!["R-0".to_owned()], Some("R-0".to_owned()))
    );
    let two = number(format!("{one}{}", one.replace("R-0", "R-9")));
    assert_eq!(two, (vec!["R-0".to_owned(), "R-9".to_owned()], None));
}

#[test]
fn the_due_date_comes_from_the_terms_by_date_or_in_words() {
    let on = |day: &str| TERMS.replace("20260120", day);
    let again = "</a:SpecifiedTradePaymentTerms><a:SpecifiedTradePaymentTerms>";
    let words = |note: &str| format!("<a:Description>{note}</a:Description>");
    let cases: [(String, Option<(&str, DueSource)>); 6] = [
        (on("20260131"), Some(("2026-01-31", PaymentTerms))),
        // Two instalments: nobody is reminded before the last.
        (
            on("20260131") + again + &on("20260228"),
            Some(("2026-02-28", PaymentTerms)),
        ),
        (
            words("Zahlbar innerhalb von 14 Tagen"),
            Some(("2026-01-24", Note)),
        ),
        (
            words("Zahlbar innerhalb von 14 Tagen") + &on("20260131"),
            Some(("2026-01-31", PaymentTerms)),
        ),
        (words("14 Tage 2 % Skonto, 30 Tage netto"), None),
        (String::new(), None),
    ];
    for (terms, expected) in cases {
        let expected = expected.map(|(on, source)| Due { on: day(on), source });
        assert_eq!(read(&[(TERMS, &terms)]).due, expected, "{terms}");
    }
}

#[test]
fn an_amount_may_state_its_currency_which_is_the_documents() {
    let stated = |currency: &str| {
        let amount = format!("<a:DuePayableAmount currencyID=\"{currency}\">");
        parse(invoice(&[("<a:DuePayableAmount>", &amount)]).as_bytes())
    };
    assert_eq!(stated("EUR").unwrap().payable.to_string(), "1250.00 EUR");
    let place = format!(
        "{SETTLEMENT}/ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:DuePayableAmount/@currencyID"
    );
    assert_eq!(
        problems(stated("USD").unwrap_err()),
        [(place, "currency_mismatch".to_owned())]
    );
}

#[test]
fn each_problem_is_named_with_its_place() {
    let header = "/CrossIndustryInvoice/rsm:ExchangedDocument";
    let issued = format!("{header}/ram:IssueDateTime/udt:DateTimeString");
    let due = format!("{SETTLEMENT}/ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime");
    let totals = format!("{SETTLEMENT}/ram:SpecifiedTradeSettlementHeaderMonetarySummation");
    let cases = [
        ("<a:ID>R-1</a:ID>", "", format!("{header}/ram:ID"), "required"),
        ("20260110", "20260230", issued.clone(), "invalid_date"),
        ("20260110", "2026-01-10", issued.clone(), "invalid_date"),
        ("20260110", "2026011é", issued.clone(), "invalid_date"),
        ("format=\"102\"", "format=\"203\"", issued, "invalid_date"),
        ("20260110", "", format!("{header}/ram:IssueDateTime"), "required"),
        ("20260120", "20260109", due, "before_issue_date"),
        (
            ">EUR<",
            ">EUX<",
            format!("{SETTLEMENT}/ram:InvoiceCurrencyCode"),
            "unknown_currency",
        ),
        (
            "1250.0000",
            "1.250,00",
            format!("{totals}/ram:DuePayableAmount"),
            "amount_separator",
        ),
        (
            ">1450.00<",
            ">1450.001<",
            format!("{totals}/ram:GrandTotalAmount"),
            "amount_too_many_digits",
        ),
        (
            "Käufer &amp; Söhne",
            "",
            format!(
                "{AGREEMENT}/ram:BuyerTradeParty/ram:Name | ram:SpecifiedLegalOrganization/ram:TradingBusinessName"
            ),
            "required",
        ),
    ];
    for (from, to, place, code) in cases {
        let errors = parse(invoice(&[(from, to)]).as_bytes()).unwrap_err();
        assert_eq!(problems(errors), [(place, code.to_owned())], "{from} to {to}");
    }
    let nothing = parse(format!("{ROOT}</i:CrossIndustryInvoice>").as_bytes()).unwrap_err();
    assert_eq!(nothing.len(), 6, "{nothing:?}");
}

#[test]
fn what_is_embedded_is_read_and_what_cannot_be_kept_is_said() {
    let attachment = |inner: &str| {
        format!(
            "<a:AdditionalReferencedDocument><a:IssuerAssignedID>Doc1</a:IssuerAssignedID>{inner}</a:AdditionalReferencedDocument>"
        )
    };
    let file = |attributes: &str, base64: &str| {
        attachment(&format!(
            "<a:Name>Time sheet</a:Name><a:AttachmentBinaryObject {attributes}>{base64}</a:AttachmentBinaryObject>"
        ))
    };
    let pdf = "mimeCode=\"application/pdf\" filename=\"hours.pdf\"";
    let end = "</a:ApplicableHeaderTradeAgreement>";
    let with = |attachments: &str| read(&[(end, &format!("{attachments}{end}"))]);

    let read = with(&format!(
        "{}{}{}",
        file(pdf, "JVBE\n  Ri0x"),
        attachment("<a:URIID>https://seller.example/hours</a:URIID>"),
        attachment("<a:TypeCode>130</a:TypeCode>"),
    ));
    assert_eq!(read.remarks, []);
    let [kept, linked] = read.attachments.as_slice() else {
        panic!("two: {:?}", read.attachments)
    };
    let embedded = kept.embedded.as_ref().unwrap();
    assert_eq!(
        (
            kept.name.as_str(),
            embedded.file_name.as_str(),
            embedded.content.as_slice()
        ),
        ("Time sheet", "hours.pdf", b"%PDF-1".as_slice())
    );
    let Intake::Invoice { invoice, .. } = read.as_intake().unwrap() else {
        panic!("an invoice")
    };
    let links: Vec<(&str, &str)> = invoice
        .documents
        .iter()
        .map(|link| (link.name.as_str(), link.url.as_str()))
        .collect();
    assert_eq!(links, [("Doc1", "https://seller.example/hours")]);
    assert_eq!(linked.embedded, None);

    let cases = [
        (file("mimeCode=\"text/html\"", "PGI+"), "unsupported_file"),
        (file("", "PGI+"), "unsupported_file"),
        (file(pdf, "PG"), "invalid_encoding"),
        (file(pdf, "Päd"), "invalid_encoding"),
        (file(pdf, &"A".repeat(12 << 20)), "file_too_large"),
        (attachment("<a:URIID>file:///etc/passwd</a:URIID>"), "invalid_url"),
    ];
    for (text, code) in cases {
        let read = with(&text);
        assert_eq!(read.attachments, [], "{code}");
        assert_eq!(
            read.remarks
                .iter()
                .map(|remark| remark.code.as_ref())
                .collect::<Vec<_>>(),
            [code]
        );
    }
}

proptest::proptest! {
    #[test]
    fn no_change_of_a_byte_makes_it_panic(at in 0usize..3_000, byte: u8) {
        let mut bytes = invoice(&[]).into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(document) = parse(&bytes) {
            let _ = document.as_intake();
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = parse(&bytes);
    }
}
