//! Every reader of what strangers send, as something to throw bytes at. Each may refuse whatever it likes; none may
//! panic, run for long or need much memory, and what it takes must keep what is promised of it.
//!
//! The fuzz targets run these, and so does a test of `formats`, on all seeds and everything that was ever found.

use formats::billing::{quickbooks, stripe, xero};
use formats::csv::layout::Layout;
use formats::csv::records::{Form, Record, Splitter};
use formats::statement::{Statement, bai2, camt, mt940};
use formats::{document, remittance};
use receivables::billing::Assumed;
use receivables::currency::Currency;
use receivables::fields::FieldError;
use receivables::intake::{
    BillingEvent, CreditNoteInput, CustomerInput, CustomerKind, InvoiceInput, PaymentInput,
};
use receivables::limits;
use receivables::policy::Policy;

/// A name, which is also the folder of its seeds, and what is done with bytes.
pub type Reader = (&'static str, fn(&[u8]));

/// Every reader.
pub const READERS: &[Reader] = &[
    ("document", document),
    ("table", table),
    ("camt", camt),
    ("mt940", mt940),
    ("bai2", bai2),
    ("advice_xml", advice_xml),
    ("advice_email", advice_email),
    ("advice_csv", advice_csv),
    ("billing", billing),
    ("json", json),
];

/// What is refused says why, and not endlessly.
fn refused(errors: &[FieldError]) {
    assert!(
        !errors.is_empty() && errors.len() <= limits::PROBLEMS,
        "{} problems",
        errors.len()
    );
}

/// Electronic invoices and credit notes.
pub fn document(bytes: &[u8]) {
    match document::parse(bytes) {
        Err(errors) => refused(&errors),
        Ok(document) => {
            if let Err(errors) = document.as_intake() {
                refused(&errors);
            }
        }
    }
}

/// A table of invoices: cut into records the same in whatever pieces it comes, then read. The first byte says how long
/// the pieces are.
pub fn table(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let whole = records(bytes, bytes.len().max(1));
    assert_eq!(records(bytes, usize::from(*first).max(1)), whole);
    let mut texts = whole
        .iter()
        .filter_map(|record| std::str::from_utf8(&record.bytes).ok());
    let Some(header) = texts.next() else { return };
    let encoding = formats::csv::cells::Encoding::Utf8;
    match Layout::of(header, encoding, None) {
        Err(errors) => refused(&errors),
        Ok(mut layout) => {
            let rows: Vec<&str> = texts.take(50).collect();
            if let Err(errors) = layout.settle(rows.iter().copied()) {
                refused(&errors);
            }
            for row in rows {
                match layout.row(row).invoice {
                    Ok(invoice) => assert!(invoice.total.is_positive()),
                    Err(errors) => refused(&errors),
                }
            }
        }
    }
}

fn records(bytes: &[u8], piece: usize) -> Vec<Record> {
    let mut splitter = Splitter::new(Form::Csv(None), 1, 0);
    let mut found = Vec::new();
    for piece in bytes.chunks(piece) {
        splitter.push(piece);
        while let Some(record) = splitter.record() {
            found.push(record);
        }
    }
    splitter.end();
    while let Some(record) = splitter.record() {
        found.push(record);
    }
    found
}

fn statements(read: Result<Vec<Statement>, Vec<FieldError>>) {
    match read {
        Err(errors) => refused(&errors),
        Ok(statements) => {
            for statement in statements {
                let mut keys = statement.keys();
                assert_eq!(keys.len(), statement.lines.len());
                keys.sort();
                keys.dedup();
                assert_eq!(
                    keys.len(),
                    statement.lines.len(),
                    "two lines are known by one key"
                );
                // A sum may be beyond all measure; that is an error and no panic.
                let _ = statement.turnover();
            }
        }
    }
}

/// camt.053 and camt.054.
pub fn camt(bytes: &[u8]) {
    statements(camt::read(bytes));
}

/// MT940.
pub fn mt940(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        statements(mt940::read(text));
    }
}

/// BAI2.
pub fn bai2(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        statements(bai2::read(text));
    }
}

fn advice(read: Result<remittance::Advice, Vec<FieldError>>) {
    match read {
        Err(errors) => refused(&errors),
        Ok(advice) => {
            assert!(advice.total.is_positive());
            assert!(!advice.lines.is_empty() && advice.lines.len() <= limits::REMITTANCE_LINES);
        }
    }
}

/// UBL remittance advices.
pub fn advice_xml(bytes: &[u8]) {
    advice(remittance::xml(bytes));
}

/// Remittance advices in the text of an e-mail.
pub fn advice_email(bytes: &[u8]) {
    advice(remittance::email(bytes));
}

/// Remittance advices as tables.
pub fn advice_csv(bytes: &[u8]) {
    advice(remittance::csv(bytes, None));
    advice(remittance::csv(bytes, Currency::parse("EUR").ok()));
}

/// Webhooks of billing systems, and what these answer when they are asked.
pub fn billing(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice(bytes) else {
        return;
    };
    let assumed = Assumed {
        country: None,
        kind: CustomerKind::Business,
    };
    let _ = stripe::event(&value, assumed);
    let _ = xero::event(&value);
    let _ = xero::invoice(&value, assumed);
    let _ = xero::credit_note(&value, assumed);
    let _ = quickbooks::event(&value);
    let _ = quickbooks::invoice(&value, "1", assumed);
    let _ = quickbooks::payment(&value, "1");
    let _ = quickbooks::credit_note(&value, "1", assumed);
    for (_, event) in xero::events(&value) {
        let _ = xero::event(&event);
    }
    for (_, event) in quickbooks::events(&value) {
        let _ = quickbooks::event(&event);
    }
}

/// What the API takes as JSON.
pub fn json(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice(bytes) else {
        return;
    };
    let problems = [
        InvoiceInput::parse(&value).err(),
        CreditNoteInput::parse(&value).err(),
        CustomerInput::parse(&value).err(),
        PaymentInput::parse(&value).err(),
        BillingEvent::parse(&value).err(),
        Policy::parse(&value).err(),
    ];
    for errors in problems.iter().flatten() {
        refused(errors);
    }
}
