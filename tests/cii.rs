//! CII documents, and what comes with electronic documents of either syntax: files that are kept, links that are told.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::harness::{App, own, unique};

/// File, number, due date, currency, payable amount, embedded files, links.
const INVOICES: [(&str, &str, &str, &str, &str, usize, usize); 5] = [
    (
        "CII_example1.xml",
        "12115118",
        "2015-01-09",
        "EUR",
        "250.33",
        0,
        0,
    ),
    ("CII_example2.xml", "TOSL108", "2013-07-20", "NOK", "801.78", 1, 1),
    (
        "CII_example3.xml",
        "TOSL108",
        "2013-05-10",
        "DKK",
        "1125.00",
        0,
        0,
    ),
    (
        "CII_example4.xml",
        "TOSL110",
        "2013-05-10",
        "DKK",
        "4675.00",
        0,
        0,
    ),
    (
        "CII_example5.xml",
        "TOSL110",
        "2013-05-10",
        "DKK",
        "2337.50",
        1,
        0,
    ),
];

fn published(file: &str) -> Option<String> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/samples/cii"
    ))
    .join(file);
    let text = fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("SKIPPED: the published samples are not at {}", path.display());
    }
    text
}

#[test]
fn every_published_invoice_goes_in_with_its_amount_its_date_and_its_files() {
    let app = own!(App::start());
    for (file, number, due, currency, amount, files, links) in INVOICES {
        let Some(document) = published(file) else { return };
        let made = app.post("/v1/invoices").xml(document.clone()).send(201).json();
        assert_eq!(
            (&made["number"], &made["due_date"]),
            (&json!(number), &json!(due)),
            "{file}"
        );
        assert_eq!(
            made["total"],
            json!({"amount": amount, "currency": currency}),
            "{file}"
        );
        let documents = made["documents"].as_array().expect("documents");
        let count = |member: &str| {
            documents
                .iter()
                .filter(|document| document[member].is_string())
                .count()
        };
        assert_eq!((count("sha256"), count("url")), (files, links), "{file}: {made}");
        let again = app.post("/v1/invoices").xml(document).send(200).json();
        assert_eq!(again["documents"], made["documents"], "{file}");
    }
}

/// A small but complete document, with what else stands in its agreement.
pub(crate) fn document(number: &str, kind: &str, attachments: &str) -> String {
    format!(
        r#"<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
  xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
  xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
  <rsm:ExchangedDocument><ram:ID>{number}</ram:ID><ram:TypeCode>{kind}</ram:TypeCode>
    <ram:IssueDateTime><udt:DateTimeString format="102">20260105</udt:DateTimeString></ram:IssueDateTime>
  </rsm:ExchangedDocument>
  <rsm:SupplyChainTradeTransaction>
    <ram:ApplicableHeaderTradeAgreement>
      <ram:SellerTradeParty><ram:Name>Seller BV</ram:Name></ram:SellerTradeParty>
      <ram:BuyerTradeParty><ram:Name>Buyer {number}</ram:Name>
        <ram:PostalTradeAddress><ram:CountryID>NL</ram:CountryID></ram:PostalTradeAddress></ram:BuyerTradeParty>
      {attachments}
    </ram:ApplicableHeaderTradeAgreement>
    <ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
      <ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:DuePayableAmount>121.00</ram:DuePayableAmount>
      </ram:SpecifiedTradeSettlementHeaderMonetarySummation>
    </ram:ApplicableHeaderTradeSettlement>
  </rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>"#
    )
}

fn attached(media_type: &str, name: &str, base64: &str) -> String {
    format!(
        "<ram:AdditionalReferencedDocument><ram:IssuerAssignedID>{name}</ram:IssuerAssignedID>\
         <ram:AttachmentBinaryObject mimeCode=\"{media_type}\" filename=\"{name}\">{base64}\
         </ram:AttachmentBinaryObject></ram:AdditionalReferencedDocument>"
    )
}

#[test]
fn a_file_within_a_document_comes_back_as_it_was() {
    let app = App::shared();
    let bytes: Vec<u8> = b"%PDF-1.7\n"
        .iter()
        .copied()
        .chain((0..=255).cycle().take(10_000))
        .collect();
    let base64 = data_encoding::BASE64.encode(&bytes);
    let pdf = attached("application/pdf", "hours.pdf", &base64);
    let html = attached("text/html", "page.html", "PGI+");
    // As CII and, under the same limits, in UBL.
    let cii = document(&unique("CII"), "380", &format!("{pdf}{html}"));
    let ubl_pdf = format!(
        "<cac:AdditionalDocumentReference><cbc:ID>D1</cbc:ID><cac:Attachment><cbc:EmbeddedDocumentBinaryObject \
         mimeCode=\"application/pdf\" filename=\"hours.pdf\">{base64}</cbc:EmbeddedDocumentBinaryObject></cac:Attachment>\
         </cac:AdditionalDocumentReference><cac:AdditionalDocumentReference><cbc:ID>D2</cbc:ID><cac:Attachment>\
         <cbc:EmbeddedDocumentBinaryObject mimeCode=\"text/html\" filename=\"page.html\">PGI+\
         </cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>"
    );
    let number = unique("UBL");
    let ubl = crate::ubl::document(&number).replace(
        "<cac:AccountingSupplierParty>",
        &format!("{ubl_pdf}<cac:AccountingSupplierParty>"),
    );
    for xml in [cii, ubl] {
        let made = app.post("/v1/invoices").xml(xml).send(201).json();
        assert_eq!(made["remarks"][0]["code"], "unsupported_file", "{made}");
        let listed = app.invoice(made["id"].as_str().expect("an id"))["documents"].clone();
        assert_eq!(listed.as_array().expect("documents").len(), 1, "{listed}");
        assert_eq!(
            (&listed[0]["name"], &listed[0]["size"]),
            (&json!("hours.pdf"), &json!(bytes.len()))
        );
        let id = listed[0]["id"].as_str().expect("an id");
        let file = app.get(&format!("/v1/documents/{id}")).send(200);
        assert!(file.bytes() == bytes.as_slice(), "other bytes");
        for (name, value) in [
            ("content-type", "application/pdf"),
            (
                "content-disposition",
                "attachment; filename=\"hours.pdf\"; filename*=UTF-8''hours%2Epdf",
            ),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox"),
        ] {
            assert_eq!(file.header(name), Some(value), "{name}");
        }
    }
    app.get("/v1/documents/doc_00000000000000000000000000").send(404);
    app.get("/v1/documents/x").anonymous().send(401);
}

#[test]
fn a_credit_note_is_one_by_its_type() {
    let app = App::shared();
    let number = unique("CII");
    let pdf = attached("application/pdf", "why.pdf", "JVBERi0x");
    let made = app
        .post("/v1/credit-notes")
        .xml(document(&number, "381", &pdf))
        .send(201)
        .json();
    assert_eq!(
        (
            &made["kind"],
            &made["total"]["amount"],
            &made["documents"][0]["name"]
        ),
        (&json!("credit_note"), &json!("121.00"), &json!("why.pdf")),
        "{made}"
    );
    let refused = app
        .post("/v1/invoices")
        .xml(document(&number, "231", ""))
        .send(422);
    assert_eq!(
        refused.pointers(),
        ["/CrossIndustryInvoice/rsm:ExchangedDocument/ram:TypeCode"]
    );
}

#[test]
fn a_document_is_added_to_an_invoice_once() {
    let app = App::shared();
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "10.00", "2026-02-01");
    let address = format!("/v1/invoices/{id}/documents");
    let named = format!("{address}?name=..%2FR%C3%A9sum%C3%A9.pdf");
    let made = app
        .post(&named)
        .body("application/pdf", "%PDF-1.7")
        .send(201)
        .json();
    assert_eq!((&made["name"], &made["size"]), (&json!("Résumé.pdf"), &json!(8)));
    let wrapped = json!({"name": "again.pdf", "media_type": "application/pdf", "content": "JVBERi0xLjc="});
    let again = app.post(&address).json(&wrapped).send(200).json();
    assert_eq!(again, made, "the same bytes");
    let table = json!({"name": "hours", "media_type": "text/csv", "content": "YSxiDQo="});
    let hours = app.post(&address).json(&table).send(201).json();
    assert_eq!(hours["name"], "hours.csv");
    assert_eq!(app.invoice(&id)["documents"], json!([made, hours]));

    app.post(&address).body("text/html", "<b>").send(415);
    app.post(&address)
        .body("application/pdf", "")
        .send(422)
        .problem("invalid");
    let large = vec![b'x'; (8 << 20) + 1];
    app.post(&address)
        .body("application/pdf", large)
        .send(413)
        .problem("too_large");
    let bad = json!({"name": "x", "media_type": "image/svg+xml", "content": "?"});
    let refused = app.post(&address).json(&bad).send(422);
    assert_eq!(refused.pointers(), ["/content", "/media_type"]);
    app.post("/v1/invoices/inv_00000000000000000000000000/documents")
        .body("application/pdf", "x")
        .send(404);
    let nothing: Value = app
        .get(&format!("/v1/invoices?customer={}", known.id))
        .send(200)
        .json();
    assert_eq!(
        nothing["data"][0]["documents"]
            .as_array()
            .expect("documents")
            .len(),
        2
    );
}
