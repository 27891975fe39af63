use proptest::prelude::*;

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap())
}

fn receivable(
    number: &str,
    kind: ReceivableKind,
    charged_on: Option<&str>,
    due: &str,
    balance: i64,
) -> Receivable {
    Receivable {
        number: number.to_owned(),
        kind,
        charged_on: charged_on.map(str::to_owned),
        issue_date: day("2026-01-01"),
        due_date: day(due),
        original: eur(balance + 50),
        balance: eur(balance),
        disputed: eur(0),
        po_number: None,
        reckoning: None,
    }
}

fn parts(receivables: Vec<Receivable>) -> Parts {
    Parts {
        as_of: day("2026-04-01"),
        currency: Currency::parse("EUR").unwrap(),
        debtor: Debtor {
            creditor_reference: "C-1".to_owned(),
            name: "Nord, \"Bygg\" AB".to_owned(),
            kind: "business".to_owned(),
            country: "SE".to_owned(),
            region: None,
            locale: "sv-SE".to_owned(),
            contacts: Vec::new(),
        },
        receivables,
        on_account: eur(0),
        payments: Vec::new(),
        messages: Vec::new(),
        history: Vec::new(),
    }
}

use ReceivableKind::{Compensation, Fee, Interest, Invoice};

#[test]
fn each_charge_stands_after_its_invoice_and_the_claim_adds_up() {
    let document = Document::of(parts(vec![
        receivable("F-2", Invoice, None, "2026-03-01", 3_000),
        receivable("F-1-I1", Interest, Some("F-1"), "2026-03-20", 57),
        receivable("F-0-F1", Fee, Some("F-0"), "2026-01-20", 500),
        receivable("F-1-F1", Fee, Some("F-1"), "2026-02-20", 1_000),
        receivable("F-3", Invoice, None, "2026-02-01", 0),
        receivable("F-1-C1", Compensation, Some("F-1"), "2026-03-20", 4_000),
        receivable("F-1", Invoice, None, "2026-02-01", 10_000),
    ]))
    .unwrap();
    let numbers: Vec<&str> = document.receivables.iter().map(|r| r.number.as_str()).collect();
    // F-0 is paid: its fee stands by itself, at its own date. F-3 is paid.
    assert_eq!(numbers, ["F-0-F1", "F-1", "F-1-F1", "F-1-I1", "F-1-C1", "F-2"]);
    let totals = document.totals;
    assert_eq!(totals.principal, eur(13_000));
    assert_eq!(totals.fees, eur(1_500));
    assert_eq!(totals.interest, eur(57));
    assert_eq!(totals.compensation, eur(4_000));
    assert_eq!(totals.claim, eur(18_557));
}

#[test]
fn csv_is_what_rfc_4180_says_and_no_formula() {
    let mut formula = receivable("=1+2", Invoice, None, "2026-03-02", 12_345);
    formula.po_number = Some("PO \"7\"\r\nrest".to_owned());
    formula.disputed = eur(100);
    let document = Document::of(parts(vec![formula])).unwrap();
    // 2 March to 1 April are 30 days.
    let expected = "creditor_reference,debtor,number,kind,charged_on,issue_date,due_date,days_overdue,currency,\
        original,settled,balance,disputed,po_number\r\n\
        C-1,\"Nord, \"\"Bygg\"\" AB\",'=1+2,invoice,,2026-01-01,2026-03-02,30,EUR,123.95,0.50,123.45,1.00,\
        \"PO \"\"7\"\"\r\nrest\"\r\n";
    assert_eq!(document.csv().unwrap(), expected);
}

#[test]
fn a_cell_is_one_cell_whatever_a_spreadsheet_cuts_at() {
    for (number, cell) in [
        ("x;=1+2", "\"x;=1+2\""),
        ("x|=1+2", "\"x|=1+2\""),
        ("\u{ff1d}1+2", "'\u{ff1d}1+2"),
        (" =1+2", "\" =1+2\""),
    ] {
        let odd = receivable(number, Invoice, None, "2026-05-01", 1);
        let csv = Document::of(parts(vec![odd])).unwrap().csv().unwrap();
        assert!(csv.contains(&format!(",{cell},invoice,")), "{csv}");
    }
}

#[test]
fn what_is_not_due_is_no_days_overdue() {
    let document = Document::of(parts(vec![receivable("F-1", Invoice, None, "2026-05-01", 1)])).unwrap();
    assert!(document.csv().unwrap().contains(",2026-05-01,0,EUR,"));
}

#[test]
fn history_comes_in_order() {
    let entry = |at: &str| Entry {
        at: at.to_owned(),
        kind: "note_added".to_owned(),
        title: String::new(),
        detail: String::new(),
    };
    let message = |at: &str| Message {
        sent_at: at.to_owned(),
        step: "firm".to_owned(),
        channel: "email".to_owned(),
        recipient: None,
        subject: None,
        status: "sent".to_owned(),
    };
    let payment = |on: &str| Payment {
        received_on: day(on),
        amount: eur(50),
        method: "card".to_owned(),
        reference: on.to_owned(),
        allocations: vec![Allocation {
            invoice_number: "F-1".to_owned(),
            amount: eur(50),
        }],
    };
    let (early, late) = ("2026-02-01T08:00:00Z", "2026-03-01T08:00:00Z");
    let document = Document::of(Parts {
        history: vec![entry(late), entry(early)],
        messages: vec![message(late), message(early)],
        payments: vec![payment("2026-03-01"), payment("2026-02-01")],
        ..parts(Vec::new())
    })
    .unwrap();
    // What is kept as JSON is read again as it was.
    let kept = serde_json::to_value(&document).unwrap();
    assert_eq!(Document::deserialize(&kept).unwrap(), document);
    assert_eq!(document.history.first().map(|e| e.at.as_str()), Some(early));
    assert_eq!(document.messages.first().map(|m| m.sent_at.as_str()), Some(early));
    assert_eq!(
        document.payments.first().map(|p| p.received_on),
        Some(day("2026-02-01"))
    );
}

#[test]
fn currencies_never_mix() {
    let usd = Money::new(1, Currency::parse("USD").unwrap());
    let mut foreign = receivable("F-1", Invoice, None, "2026-03-01", 1);
    foreign.balance = usd;
    assert!(Document::of(parts(vec![foreign])).is_err());
    let credit = Parts {
        on_account: usd,
        ..parts(Vec::new())
    };
    assert!(Document::of(credit).is_err());
    let paid = Payment {
        received_on: day("2026-03-01"),
        amount: usd,
        method: "card".to_owned(),
        reference: "1".to_owned(),
        allocations: Vec::new(),
    };
    let payments = Parts {
        payments: vec![paid],
        ..parts(Vec::new())
    };
    assert!(Document::of(payments).is_err());
}

#[test]
fn what_was_taken_back_is_handed_over_as_another() {
    for (name, status) in HandOverStatus::NAMES {
        assert_eq!(HandOverStatus::parse(name), Some(*status));
        assert_eq!(status.as_str(), *name);
        assert_eq!(serde_json::to_value(status).unwrap(), *name);
        for (_, next) in HandOverStatus::NAMES {
            let expected = *status == HandOverStatus::Active && *next == HandOverStatus::Recalled;
            assert_eq!(status.can_become(*next), expected, "{status:?} to {next:?}");
        }
    }
    assert_eq!(HandOverStatus::parse("closed"), None);
}

#[test]
fn kinds_are_named_as_they_are_written() {
    for kind in [Invoice, Fee, Interest, Compensation] {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}

fn kinds() -> impl Strategy<Value = ReceivableKind> {
    prop::sample::select(vec![Invoice, Fee, Interest, Compensation])
}

proptest! {
    /// In whatever order receivables are told, the document is the same, its parts add up to the claim, and nothing
    /// that is owed is missing.
    #[test]
    fn the_claim_is_the_sum_of_its_parts(
        told in prop::collection::vec((kinds(), 0i64..90, 0i64..5_000, prop::option::of(0usize..12)), 0..12),
        turn in 0usize..12,
    ) {
        let number = |at: usize| format!("F-{at:02}");
        let mut receivables: Vec<Receivable> = told.iter().enumerate().map(|(at, (kind, late, balance, on))| {
            let on = on.filter(|_| *kind != Invoice).map(number);
            let due = calendar::plus_days(day("2026-01-01"), *late).to_string();
            receivable(&number(at), *kind, on.as_deref(), &due, *balance)
        }).collect();
        let owed: i64 = receivables.iter().map(|r| r.balance.minor()).sum();
        let one = Document::of(parts(receivables.clone())).unwrap();
        let shift = turn.min(receivables.len());
        receivables.rotate_left(shift);
        let other = Document::of(parts(receivables)).unwrap();
        let totals = one.totals;
        prop_assert_eq!(totals.claim, eur(owed));
        let parts = [totals.principal, totals.fees, totals.interest, totals.compensation];
        prop_assert_eq!(parts.iter().map(Money::minor).sum::<i64>(), owed);
        prop_assert_eq!(one.csv().unwrap().lines().count(), one.receivables.len() + 1);
        prop_assert_eq!(one, other);
    }
}
