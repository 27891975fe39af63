use super::*;
use crate::currency::Currency;
use proptest::prelude::*;
use serde_json::json;

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap())
}

fn facts(kind: Kind, minor: i64, on: Option<ReceivableKind>) -> Facts {
    Facts {
        kind,
        amount: eur(minor),
        on,
        within: false,
        gain: false,
    }
}

/// Which sides each kind has: textbook entries (an invoice debits receivables and credits revenue, money debits cash
/// and credits receivables, ...).
#[test]
fn every_kind_has_its_entry() {
    use ReceivableKind::{Compensation, Fee, Interest, Invoice};
    use Role::*;
    let cases = [
        (Kind::Invoice, 100, Some(Invoice), Receivables, Revenue),
        (Kind::Void, -100, Some(Invoice), Receivables, Revenue),
        (Kind::WriteOff, -100, Some(Invoice), Receivables, WriteOffs),
        (Kind::CreditNote, -100, Some(Invoice), Receivables, CreditNotes),
        (Kind::CreditNote, -100, None, CustomerCredits, CreditNotes),
        (Kind::Payment, -100, Some(Invoice), Receivables, Cash),
        (Kind::Payment, -100, None, CustomerCredits, Cash),
        (Kind::PaymentReversal, 100, Some(Invoice), Receivables, Cash),
        (Kind::Refund, 100, None, CustomerCredits, Refunds),
        (Kind::Discount, -2, Some(Invoice), Receivables, Discounts),
        (Kind::Tolerance, -1, Some(Invoice), Receivables, ToleranceLosses),
        (Kind::Charge, 40, Some(Compensation), Receivables, LateFees),
        (Kind::Charge, 10, Some(Fee), Receivables, LateFees),
        (Kind::Charge, 3, Some(Interest), Receivables, Role::Interest),
        (
            Kind::ChargeReversal,
            -3,
            Some(Interest),
            Receivables,
            Role::Interest,
        ),
        (Kind::Settlement, -50, Some(Invoice), Receivables, Settlements),
    ];
    for (kind, minor, on, owed, other) in cases {
        let [first, second] = entry(&facts(kind, minor, on)).unwrap();
        assert_eq!(first, (owed, eur(minor)), "{kind:?}");
        assert_eq!(second, (other, eur(-minor)), "{kind:?}");
    }
    let kept = Facts {
        gain: true,
        ..facts(Kind::Tolerance, 1, Some(Invoice))
    };
    assert_eq!(entry(&kept).unwrap()[1], (ToleranceGains, eur(-1)));
    for (kind, on) in [(Kind::Payment, None), (Kind::CreditNote, Some(Invoice))] {
        let moved = Facts {
            within: true,
            ..facts(kind, 5, on)
        };
        assert_eq!(entry(&moved).unwrap()[1], (Transfers, eur(-5)));
    }
}

#[test]
fn the_smallest_amount_has_no_other_side() {
    assert!(entry(&facts(Kind::Payment, i64::MIN, None)).is_err());
}

#[test]
fn a_chart_names_what_differs() {
    let chart =
        Chart::parse(&json!({"revenue": "8400", "cash_by": {"stripe": "1361", "card": "1360"}})).unwrap();
    assert_eq!(chart.account(Role::Revenue), "8400");
    assert_eq!(chart.account(Role::Receivables), "1200");
    assert_eq!(chart.account_of(Role::Cash, Some("stripe"), Some("card")), "1361");
    assert_eq!(chart.account_of(Role::Cash, Some("mollie"), Some("card")), "1360");
    assert_eq!(
        chart.account_of(Role::Cash, Some("api"), Some("bank_transfer")),
        "1000"
    );
    assert_eq!(
        chart.account_of(Role::Refunds, Some("stripe"), Some("card")),
        "1090"
    );
    let stored: Vec<_> = chart
        .named()
        .map(|(role, method, account)| (role.as_str().to_owned(), method.to_owned(), account.to_owned()))
        .collect();
    assert_eq!(Chart::stored(stored), chart);
    let errors = Chart::parse(&json!({"revenue": "", "sales": "1", "cash_by": {"card": 7}})).unwrap_err();
    let mut at: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    at.sort_unstable();
    assert_eq!(at, ["/cash_by/card", "/revenue", "/sales"]);
}

fn kinds_of_posting() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![
        Kind::Invoice,
        Kind::Void,
        Kind::WriteOff,
        Kind::CreditNote,
        Kind::Payment,
        Kind::PaymentReversal,
        Kind::Refund,
        Kind::Discount,
        Kind::Tolerance,
        Kind::Charge,
        Kind::ChargeReversal,
        Kind::Settlement,
    ])
}

fn receivables() -> impl Strategy<Value = Option<ReceivableKind>> {
    prop::sample::select(vec![
        None,
        Some(ReceivableKind::Invoice),
        Some(ReceivableKind::Fee),
        Some(ReceivableKind::Interest),
        Some(ReceivableKind::Compensation),
    ])
}

proptest! {
    /// Whatever the ledger holds: each entry balances, and receivables and credits are what the postings say.
    #[test]
    fn a_random_ledger_balances(
        lines in prop::collection::vec(
            (kinds_of_posting(), receivables(), -1_000_000_i64..1_000_000, any::<bool>(), any::<bool>()), 0..60)
    ) {
        let (mut accounts, mut invoices, mut credits) = (BTreeMap::<Role, i64>::new(), 0, 0);
        for (kind, on, minor, within, gain) in lines {
            let lines = entry(&Facts { kind, amount: eur(minor), on, within, gain }).unwrap();
            prop_assert_eq!(lines.iter().map(|(_, amount)| amount.minor()).sum::<i64>(), 0);
            for (role, amount) in lines {
                *accounts.entry(role).or_default() += amount.minor();
            }
            if on.is_some() { invoices += minor } else { credits += minor }
        }
        prop_assert_eq!(accounts.values().sum::<i64>(), 0);
        prop_assert_eq!(accounts.get(&Role::Receivables).copied().unwrap_or_default(), invoices);
        prop_assert_eq!(accounts.get(&Role::CustomerCredits).copied().unwrap_or_default(), credits);
    }
}
