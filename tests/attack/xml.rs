//! XML that wants to be more than a document: bombs, entities from elsewhere, trees without end, other encodings; and
//! files that unpack to more than they are.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Tried;
use crate::harness::{App, Recorder, Reply, own, unique};

/// Within this a hostile document is done with, on a machine that does much else.
const QUICK: Duration = Duration::from_secs(20);

/// Every reader of XML: where it is reached, and a document that it takes.
fn readers(app: &App) -> [(&'static str, String); 5] {
    let known = app.new_customer();
    let (_, number) = app.new_invoice(&known, "100.00", "2026-01-09");
    let advice = format!(
        "<RemittanceAdvice xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:RemittanceAdvice-2\" \
         xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\" \
         xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\">\
         <cbc:ID>{id}</cbc:ID><cbc:IssueDate>2026-01-12</cbc:IssueDate>\
         <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>\
         <cac:RemittanceAdviceLine><cbc:ID>1</cbc:ID><cbc:DebitLineAmount currencyID=\"EUR\">100.00\
         </cbc:DebitLineAmount>\
         <cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>{number}</cbc:ID>\
         </cac:InvoiceDocumentReference></cac:BillingReference></cac:RemittanceAdviceLine></RemittanceAdvice>",
        id = unique("RA"),
    );
    [
        ("/v1/invoices", crate::ubl::document(&unique("UBL"))),
        ("/v1/invoices", crate::cii::document(&unique("CII"), "380", "")),
        (
            "/v1/credit-notes",
            crate::cii::document(&unique("CII"), "381", ""),
        ),
        (
            "/v1/bank-statements",
            crate::bank::camt(&unique("A"), 1, "2026-01-12", 0, &[]),
        ),
        ("/v1/remittances", advice),
    ]
}

/// The document with something before its root.
fn before(document: &str, what: &str) -> Vec<u8> {
    let root = document.find('<').expect("a root");
    let root = match document[root..].starts_with("<?") {
        true => root + document[root..].find("?>").expect("its end") + 2,
        false => root,
    };
    format!("{}{what}{}", &document[..root], &document[root..]).into_bytes()
}

/// The document with something at the beginning of its root.
fn inside(document: &str, what: &str) -> Vec<u8> {
    let end = document.rfind("</").expect("an end tag");
    format!("{}{what}{}", &document[..end], &document[end..]).into_bytes()
}

/// The document with something in the root's start tag.
fn attributes(document: &str, what: &str) -> Vec<u8> {
    let at = document.find(" xmlns").expect("a namespace");
    format!("{} {what}{}", &document[..at], &document[at..]).into_bytes()
}

fn utf16(document: &str, big: bool, mark: bool) -> Vec<u8> {
    let units = mark.then_some(0xfeff).into_iter().chain(document.encode_utf16());
    units
        .flat_map(|unit| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

/// What no document of business has: refused, whatever else is in it.
fn refused(document: &str, elsewhere: &str) -> Vec<(&'static str, Vec<u8>)> {
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let quadratic = format!("<!DOCTYPE a [<!ENTITY q \"{}\">]>", "q".repeat(50_000));
    let declared = |encoding: &str| {
        let bare = document
            .split_once("?>")
            .filter(|(head, _)| head.starts_with("<?xml"));
        let bare = bare.map_or(document, |(_, bare)| bare);
        format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{bare}").into_bytes()
    };
    let mut invalid = inside(document, "<x>");
    let at = invalid.len() - 20;
    invalid.splice(at..at, [0xc0, 0xaf, 0xff, 0xfe]);
    vec![
        (
            "a billion laughs",
            before(document, &format!("<!DOCTYPE a [<!ENTITY l0 \"ha\">{laughs}]>")),
        ),
        (
            "a quadratic bomb",
            inside(
                &String::from_utf8_lossy(&before(document, &quadratic)),
                &"&q;".repeat(10_000),
            ),
        ),
        (
            "a file",
            before(
                document,
                "<!DOCTYPE a [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>",
            ),
        ),
        (
            "an address",
            before(
                document,
                &format!("<!DOCTYPE a [<!ENTITY f SYSTEM \"{elsewhere}/entity\">]>"),
            ),
        ),
        (
            "a parameter entity",
            before(
                document,
                &format!("<!DOCTYPE a [<!ENTITY % p SYSTEM \"{elsewhere}/p\">%p;]>"),
            ),
        ),
        (
            "a type from elsewhere",
            before(document, &format!("<!DOCTYPE a SYSTEM \"{elsewhere}/dtd\">")),
        ),
        (
            "a public type",
            before(
                document,
                &format!("<!DOCTYPE a PUBLIC \"x\" \"{elsewhere}/dtd\">"),
            ),
        ),
        (
            "a type behind a comment",
            before(document, "<!-- > --><!DOCTYPE a [<!ENTITY f \"x\">]>"),
        ),
        (
            "a type behind an instruction",
            before(document, "<?x >?><!DOCTYPE a []>"),
        ),
        ("a type in lower case", before(document, "<!doctype a>")),
        ("an undefined entity", inside(document, "&nobody;")),
        ("NUL by its number", inside(document, "<x>&#0;</x>")),
        (
            "a number beyond all characters",
            inside(document, "<x>&#xFFFFFFFFFF;</x>"),
        ),
        (
            "deep nesting",
            inside(
                document,
                &format!("{}{}", "<a>".repeat(200_000), "</a>".repeat(200_000)),
            ),
        ),
        ("deep nesting, unclosed", inside(document, &"<a>".repeat(200_000))),
        (
            "many attributes",
            attributes(
                document,
                &(0..50_000).map(|n| format!("a{n}=\"\" ")).collect::<String>(),
            ),
        ),
        (
            "many prefixes",
            attributes(
                document,
                &(0..5_000)
                    .map(|n| format!("xmlns:p{n}=\"urn:{n}\" "))
                    .collect::<String>(),
            ),
        ),
        (
            "many prefixes, one an element",
            inside(
                document,
                &(0..5_000)
                    .map(|n| format!("<x xmlns:p{n}=\"urn:{n}\"/>"))
                    .collect::<String>(),
            ),
        ),
        ("an attribute twice", attributes(document, "a=\"1\" a=\"2\"")),
        ("a million elements", inside(document, &"<a/>".repeat(1_000_000))),
        ("an unclosed comment", inside(document, "<!-- ")),
        ("an unclosed section", inside(document, "<![CDATA[ ")),
        ("two roots", format!("{document}{document}").into_bytes()),
        ("UTF-16, little", utf16(document, false, true)),
        ("UTF-16, big", utf16(document, true, true)),
        ("UTF-16, unmarked", utf16(document, false, false)),
        ("UTF-16, declared", declared("UTF-16")),
        ("UTF-7, declared", declared("UTF-7")),
        ("EBCDIC, declared", declared("IBM037")),
        ("UTF-8 that is none", invalid),
        (
            "another namespace",
            document.replace("urn:", "urn:xqz:").into_bytes(),
        ),
        ("packed", packed(document.as_bytes())),
    ]
}

/// What is odd, and may be a document all the same: whatever comes of it, nothing is fetched and nothing breaks.
fn odd(document: &str, elsewhere: &str) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "an inclusion",
            inside(
                document,
                "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/passwd\" parse=\"text\"/>",
            ),
        ),
        (
            "a style sheet",
            before(
                document,
                &format!("<?xml-stylesheet href=\"{elsewhere}/x.xsl\" type=\"text/xsl\"?>"),
            ),
        ),
        (
            "a schema's place",
            attributes(
                document,
                &format!(
                    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"urn:x {elsewhere}/x.xsd\""
                ),
            ),
        ),
        (
            "a long attribute",
            attributes(document, &format!("a=\"{}\"", "x".repeat(8 << 20))),
        ),
        (
            "a long name",
            inside(document, &format!("<{0}></{0}>", "x".repeat(1 << 20))),
        ),
        (
            "a long text",
            inside(document, &format!("<x>{}</x>", "x".repeat(8 << 20))),
        ),
        ("many comments", inside(document, &"<!---->".repeat(200_000))),
        ("many sections", inside(document, &"<![CDATA[]]>".repeat(200_000))),
        ("many instructions", inside(document, &"<?a?>".repeat(200_000))),
        (
            "many brackets in a text",
            inside(document, &format!("<x>{}</x>", "]]&gt;".repeat(500_000))),
        ),
    ]
}

/// A gzip file of stored blocks (RFC 1951, 3.2.4): packed, as far as anybody can tell from outside.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for block in bytes.chunks(0xffff) {
        let length = u16::try_from(block.len()).expect("a block's length");
        file.push(0);
        file.write_all(&length.to_le_bytes()).expect("memory");
        file.write_all(&(!length).to_le_bytes()).expect("memory");
        file.write_all(block).expect("memory");
    }
    file
}

#[test]
fn every_reader_of_xml_refuses_what_no_business_document_has() {
    let app = own!(App::start());
    let elsewhere = Recorder::start(|_| Reply::json(200, &json!("<!ENTITY x \"xqz\">")));
    let mut tried = Tried::of("hostile XML documents");
    for (path, document) in readers(&app) {
        let (bad, strange) = (
            refused(&document, &elsewhere.url()),
            odd(&document, &elsewhere.url()),
        );
        let cases = bad
            .into_iter()
            .map(|case| (case, true))
            .chain(strange.into_iter().map(|case| (case, false)));
        for ((what, body), must_refuse) in cases {
            let started = Instant::now();
            let answer = app.post(path).xml(body).answer();
            let took = started.elapsed();
            assert!(
                answer.status < 500,
                "{path}: {what}: {} {}",
                answer.status,
                answer.text()
            );
            assert!(
                !must_refuse || answer.status >= 400,
                "{path}: {what} was taken: {}",
                answer.text()
            );
            assert!(
                !answer.text().contains("root:") && !answer.text().contains("xqz\""),
                "{path}: {what}"
            );
            assert!(took < QUICK, "{path}: {what}: {took:?}");
            tried.one();
        }
        // The document itself was never the reason.
        let taken = app.post(path).xml(document).answer();
        assert!(taken.status < 300, "{path}: {}", taken.text());
    }
    assert!(
        elsewhere.journal().is_empty(),
        "something was fetched: {:?}",
        elsewhere.journal()
    );
    let log = std::fs::read_to_string(app.state_file("test.log")).expect("a log");
    assert!(!log.contains("wasm trap"), "{log}");
}

/// A file that says that it holds a gigabyte: as a PDF with packed streams of objects, as a workbook, as a picture.
#[test]
fn nothing_is_unpacked() {
    let app = own!(App::start());
    let mut tried = Tried::of("files that unpack to more than they are");
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let pdf = b"%PDF-1.7\n1 0 obj<</Type/ObjStm/N 1000000/First 9/Filter[/FlateDecode/FlateDecode/FlateDecode]\
        /Length 1073741824>>stream\n\x78\xda\xed\xc1\x01\nendstream endobj\n2 0 obj<</Type/EmbeddedFile/Length 3 0 R>>\
        endobj 3 0 obj 2 0 R endobj\ntrailer<</Root 1 0 R/Prev 0>>startxref 0 %%EOF";
    let zip = [
        b"PK\x03\x04".as_slice(),
        &[0xff; 26],
        b"xl/worksheets/sheet1.xml",
        &[0; 64],
    ]
    .concat();
    let png = [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff".as_slice(),
        &[8, 6, 0, 0, 0],
    ]
    .concat();
    for (kind, file) in [
        ("application/pdf", pdf.to_vec()),
        (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            zip,
        ),
        ("image/png", png),
    ] {
        let started = Instant::now();
        // An invoice is no file: only its text is read.
        app.post("/v1/invoices")
            .body(kind, file.clone())
            .send(415)
            .problem("unsupported_media_type");
        let kept = app
            .post(&format!("/v1/invoices/{id}/documents?name=bomb"))
            .body(kind, file.clone())
            .send(201);
        let back = app
            .get(&format!("/v1/documents/{}", kept.string("/id")))
            .send(200);
        assert!(back.bytes() == file.as_slice(), "{kind}: other bytes came back");
        assert!(started.elapsed() < QUICK, "{kind}: {:?}", started.elapsed());
        tried.one();
        // Said to be packed on its way, it would have to be unpacked: no body is.
        for coding in ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-gzip"] {
            for (path, kind) in [
                ("/v1/invoices", "application/json"),
                ("/v1/invoices", "application/xml"),
                ("/v1/invoices", "text/csv"),
                ("/v1/bank-statements", "application/octet-stream"),
                ("/v1/remittances", "text/plain"),
                ("/v1/payments", "application/json"),
            ] {
                let call = app.post(path).body(kind, packed(&[b' '; 70_000]));
                let answer = call.header("content-encoding", coding).send(415);
                answer.problem("unsupported_media_type");
                tried.one();
            }
        }
    }
}
