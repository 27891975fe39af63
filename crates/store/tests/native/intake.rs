//! What an intake keeps beside the ledger: documents, mappings, lines that were not taken, how far it came.
//!
//! Runs where the store is built with `native`: `cargo test -p store --features native`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::ground::now;
use chrono::{DateTime, Utc};
use receivables::fields::FieldError;
use receivables::id::{CustomerId, InvoiceId, RejectId};
use receivables::intake::{CustomerInput, InvoiceInput};
use receivables::limits;
use serde_json::json;
use store::documents::{self, NewDocument, Owner};
use store::progress::{self, Progress};
use store::rejects::{self, Origin, Reject};
use store::{Db, Moment, StoreError, Tx, customers, dunning, invoices, mappings, views};

crate::ground::own_ledger!();

fn moment() -> Moment {
    Moment::at("2026-01-12T09:00:00Z".parse::<DateTime<Utc>>().unwrap())
}

fn within<T>(db: &Db, work: impl AsyncFn(&Tx<'_>) -> Result<T, StoreError>) -> T {
    now(db.transaction(async |tx: &Tx<'_>| work(tx).await)).unwrap()
}

#[test]
fn the_same_bytes_are_kept_once_for_an_owner_and_have_limits_together() {
    let db = ledger();
    let invoice = moment().id(InvoiceId::from_parts).unwrap();
    let other = moment().id(InvoiceId::from_parts).unwrap();
    let add = |owner: &InvoiceId, name: &str, content: &[u8]| {
        let new = NewDocument {
            name,
            media_type: "application/pdf",
            content,
        };
        within(&db, async |tx| {
            documents::add(tx, moment(), Owner::Invoice(owner), &new).await
        })
        .map_err(|problem| problem.code)
    };
    let (first, new) = add(&invoice, "a.pdf", b"%PDF-1.7").unwrap();
    assert!(new);
    // SHA-256 of `%PDF-1.7`, by `printf '%%PDF-1.7' | sha256sum`.
    assert_eq!(
        first.sha256,
        "86edbaa24831badfa0a8b04bb410141e2ee4182b6d0014493fe262a7a331c20b"
    );
    assert_eq!(add(&invoice, "b.pdf", b"%PDF-1.7"), Ok((first.clone(), false)));
    assert!(add(&other, "a.pdf", b"%PDF-1.7").unwrap().1);
    assert_eq!(add(&invoice, "c.pdf", b""), Err("empty"));
    let large = vec![7; limits::DOCUMENT_BYTES];
    assert!(add(&invoice, "d.pdf", &large).is_ok());
    let longer: Vec<u8> = large.iter().copied().chain([7]).collect();
    assert_eq!(add(&invoice, "e.pdf", &longer), Err("file_too_large"));
    assert!(add(&invoice, "f.pdf", &vec![8; limits::DOCUMENT_BYTES]).is_ok());
    assert_eq!(
        add(&invoice, "g.pdf", &vec![9; limits::DOCUMENT_BYTES]),
        Err("file_too_large")
    );
    for n in 0_u8..60 {
        let added = add(&other, "n.pdf", &[n, 1]);
        let room = usize::from(n) + 1 < limits::DOCUMENTS;
        assert_eq!(added.err(), (!room).then_some("too_many_items"), "{n}");
    }
    assert_eq!(
        now(documents::of(&db, Owner::Invoice(&invoice))).unwrap().len(),
        3
    );
    let content = now(documents::content(&db, &first.id)).unwrap().unwrap();
    assert_eq!(
        (
            content.name.as_str(),
            content.media_type.as_str(),
            content.bytes.as_slice()
        ),
        ("a.pdf", "application/pdf", b"%PDF-1.7".as_slice())
    );
}

#[test]
fn a_line_is_kept_until_it_is_corrected_or_dismissed() {
    let db = ledger();
    let reject = |line: u32, body: &str, code: &'static str| Reject {
        line,
        errors: vec![FieldError::new("/total", code, "no")],
        body: body.to_owned(),
    };
    let origin = Origin {
        kind: "invoice",
        source: Some("datev"),
        layout: Some(r#"{"delimiter":";"}"#),
    };
    let lines = [reject(2, "a;b", "required"), reject(5, "c;d", "required")];
    for _ in 0..2 {
        within(&db, async |tx| rejects::keep(tx, moment(), origin, &lines).await);
    }
    let of = |source: Option<&str>| now(rejects::list(&db, source, "", 100)).unwrap();
    let kept = of(Some("datev"));
    assert_eq!(kept.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 5]);
    assert_eq!(kept.first().unwrap().layout, Some(json!({"delimiter": ";"})));
    assert!(of(Some("nobody")).is_empty());
    assert!(of(None).len() >= 2);

    let first = now(rejects::one(&db, &kept.first().unwrap().id))
        .unwrap()
        .unwrap();
    assert_eq!((first.body.as_str(), first.kind.as_str()), ("a;b", "invoice"));

    let ids: Vec<RejectId> = of(Some("datev")).into_iter().map(|row| row.id).collect();
    assert_eq!(within(&db, async |tx| rejects::remove(tx, &ids).await), 2);
    assert_eq!(within(&db, async |tx| rejects::remove(tx, &ids).await), 0);
    assert_eq!(within(&db, async |tx| rejects::remove(tx, &[]).await), 0);
}

#[test]
fn progress_is_one_rows_and_goes_with_the_answer() {
    let db = ledger();
    let at = |bytes: u64| Progress {
        bytes,
        digest: format!("{bytes:x}"),
        state: json!({"accepted": bytes}),
    };
    let find = |principal: &str| now(progress::find(&db, principal, "k")).unwrap();
    for bytes in [1_000, 2_000] {
        within(&db, async |tx| {
            progress::save(tx, moment(), "p", "k", &at(bytes)).await
        });
        assert_eq!(find("p"), Some(at(bytes)));
    }
    assert_eq!(find("q"), None);
    within(&db, async |tx| progress::clear(tx, "p", "k").await);
    assert_eq!(find("p"), None);
}

#[test]
fn a_mapping_is_replaced_as_a_whole() {
    let db = ledger();
    for mapping in [json!({"columns": {"A": "number"}}), json!({"columns": {}})] {
        within(&db, async |tx| mappings::put(tx, moment(), "erp", &mapping).await);
        assert_eq!(now(mappings::find(&db, "erp")).unwrap(), Some(mapping));
    }
    assert_eq!(now(mappings::find(&db, "other")).unwrap(), None);
}

/// A new customer.
fn customer(db: &Db, external_id: &str) -> CustomerId {
    let input = json!({"external_id": external_id, "name": "Nordwind", "kind": "business", "country": "DE",
        "time_zone": "Europe/Berlin", "locale": "de", "currency": "EUR"});
    let input = CustomerInput::parse(&input).unwrap();
    let stored = within(db, async |tx| {
        customers::upsert(tx, moment(), std::slice::from_ref(&input)).await
    });
    stored.into_iter().next().unwrap().0
}

fn owed(external_id: &str, number: &str, due: &str) -> InvoiceInput {
    let input = json!({"number": format!("{external_id}-{number}"), "customer": {"external_id": external_id},
        "issue_date": "2025-12-01", "due_date": due, "currency": "EUR",
        "total": {"amount": "10.00", "currency": "EUR"}});
    InvoiceInput::parse(&input).unwrap()
}

/// What a page shows of a customer's case: the next action, and what is overdue.
fn case(db: &Db, id: &CustomerId) -> serde_json::Value {
    let shown = now(views::customer(db, moment(), id)).unwrap().unwrap();
    let shown = serde_json::to_value(shown).unwrap();
    let part = |pointer: &str| shown.pointer(pointer).cloned();
    json!([part("/next_action"), part("/balance"), part("/overdue")])
}

#[test]
fn parts_come_to_the_same_plan_as_the_whole() {
    let db = ledger();
    let dues = ["2026-03-01", "2026-01-02", "2026-02-01", "2025-12-20"];
    let of = |external_id: &str| -> Vec<InvoiceInput> {
        let number = |at: usize| at.to_string();
        let invoice = |(at, due): (usize, &&str)| owed(external_id, &number(at), due);
        dues.iter().enumerate().map(invoice).collect()
    };
    let whole = customer(&db, "whole");
    let parts = customer(&db, "parts");
    within(&db, async |tx| invoices::take(tx, moment(), &of("whole")).await);
    for part in of("parts").chunks(2) {
        within(&db, async |tx| invoices::take_part(tx, moment(), part).await);
        assert_ne!(case(&db, &parts), case(&db, &whole));
    }
    let mut after: Option<CustomerId> = None;
    let mut planned = 0;
    loop {
        after = within(&db, async |tx| {
            dunning::replan_marked(tx, moment(), after.as_ref(), 1).await
        });
        if after.is_none() {
            break;
        }
        planned += 1;
    }
    assert!(planned >= 1);
    let whole = case(&db, &whole).to_string().replace("whole-", "parts-");
    assert_eq!(case(&db, &parts).to_string(), whole);
    let again = within(&db, async |tx| {
        dunning::replan_marked(tx, moment(), None, 50).await
    });
    assert_eq!(again, None, "each is planned once");
}
