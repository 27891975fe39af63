//! What holds of every payment, whatever the account and the policy.

use proptest::prelude::*;
use serde_json::json;

use super::tests::{eur, id, invoice, rules};
use super::*;
use crate::calendar::plus_days;

const KINDS: [ReceivableKind; 4] = [
    ReceivableKind::Invoice,
    ReceivableKind::Fee,
    ReceivableKind::Interest,
    ReceivableKind::Compensation,
];

/// An account of up to eight receivables of every kind, some due in parts, some with a discount.
fn account() -> impl Strategy<Value = Vec<OpenInvoice>> {
    let one = (
        -100i64..200_000,
        0i64..60,
        0usize..4,
        prop::option::of(1i64..10),
        0i64..=100,
    );
    prop::collection::vec(one, 0..8).prop_map(|all| {
        let receivables = all.into_iter().zip('A'..);
        let made = receivables.map(|((minor, days, kind, discount, split), letter)| {
            let plain = invoice(letter, "2026-01-01", minor);
            let due_on = plus_days(plain.due_on, days);
            let first = minor.max(0) * split / 100;
            let parts = [(due_on, first), (plus_days(due_on, 30), minor - first)];
            OpenInvoice {
                due_on,
                kind: KINDS[kind],
                parts: match (1..minor).contains(&first) {
                    true => parts
                        .map(|(due_on, minor)| OpenPart {
                            due_on,
                            balance: eur(minor),
                        })
                        .to_vec(),
                    false => Vec::new(),
                },
                discount: discount.map(|percent| eur(minor.max(0) * percent / 100)),
                ..plain
            }
        });
        made.collect()
    })
}

fn remittance() -> impl Strategy<Value = Vec<RemittanceLine>> {
    let line = (0usize..10, prop::option::of(-5i64..200_000)).prop_map(|(at, minor)| RemittanceLine {
        invoice: InvoiceRef::Id(id(('A'..).nth(at).unwrap())),
        amount: minor.map(eur),
    });
    prop::collection::vec(line, 0..8)
}

fn policy() -> impl Strategy<Value = Rules> {
    let orders = ["due_date", "charges_first", "principal_first", "remittance"];
    let amount = |minor: i64| json!({"EUR": eur(minor).amount()});
    (
        0usize..4,
        0i64..500,
        1i64..100,
        0i64..500,
        any::<bool>(),
        0i64..2_000,
    )
        .prop_map(move |(order, under, percent, over, keep, bank)| {
            rules(json!({
                "order": orders[order],
                "under": {"amount": amount(under), "percent": percent.to_string()},
                "over": {"amount": amount(over), "keep": if keep { "write_off" } else { "on_account" }},
                "bank_charge": amount(bank),
            }))
        })
}

fn minor_of(amounts: impl Iterator<Item = Money>) -> i64 {
    amounts.map(|amount| amount.minor()).sum()
}

/// What an invoice gets of an allocation: in money, and by what is posted beside it.
fn effect(allocation: &Allocation, invoice: &InvoiceId) -> (i64, i64) {
    let parts = allocation.parts.iter().filter(|part| part.invoice == *invoice);
    let beside = allocation.differences.iter().filter(|d| d.invoice == *invoice);
    (
        minor_of(parts.map(|part| part.amount)),
        minor_of(beside.map(|d| d.posted)),
    )
}

proptest! {
    #[test]
    fn not_a_cent_is_lost_or_made(
        amount in 1i64..1_000_000, open in account(), lines in remittance(), policy in policy(), through_banks: bool,
    ) {
        let receipt = Receipt { amount: eur(amount), remittance: &lines, through_banks };
        let allocation = allocate(&policy, &receipt, &open).unwrap();
        let applied = minor_of(allocation.parts.iter().map(|part| part.amount));
        prop_assert_eq!(applied + allocation.unapplied.minor(), amount);
        prop_assert!(!allocation.unapplied.is_negative());
        for invoice in &open {
            let (paid, beside) = effect(&allocation, &invoice.id);
            let left = invoice.balance.minor() - paid + beside;
            prop_assert!(paid >= 0 && (left >= 0 || paid == 0), "{} of {:?}", left, invoice);
        }
        for (at, part) in allocation.parts.iter().enumerate() {
            prop_assert!(part.amount.is_positive());
            prop_assert!(allocation.parts[..at].iter().all(|before| before.invoice != part.invoice), "once each");
        }
    }

    #[test]
    fn nothing_stays_on_account_while_something_is_owed(
        amount in 1i64..1_000_000, open in account(), lines in remittance(), policy in policy(),
    ) {
        let policy = Rules { order: Order::DueDate, ..policy };
        let receipt = Receipt { amount: eur(amount), remittance: &lines, through_banks: false };
        let allocation = allocate(&policy, &receipt, &open).unwrap();
        if allocation.unapplied.is_positive() {
            for invoice in open.iter().filter(|invoice| invoice.balance.is_positive()) {
                let (paid, beside) = effect(&allocation, &invoice.id);
                prop_assert_eq!(invoice.balance.minor() - paid + beside, 0);
            }
        }
    }

    #[test]
    fn no_more_is_let_go_than_was_agreed(
        amount in 1i64..1_000_000, open in account(), lines in remittance(), policy in policy(), through_banks: bool,
    ) {
        let receipt = Receipt { amount: eur(amount), remittance: &lines, through_banks };
        let allocation = allocate(&policy, &receipt, &open).unwrap();
        let by = |cause| -minor_of(allocation.differences.iter().filter(|d| d.cause == cause).map(|d| d.posted));
        let euro = eur(0).currency();
        prop_assert!(by(Cause::Underpayment) <= policy.under.amount.get(euro).unwrap().minor());
        let charge = i64::from(through_banks) * policy.bank_charge.get(euro).unwrap().minor();
        prop_assert!(by(Cause::BankCharge) <= charge);
        prop_assert!(by(Cause::Underpayment) == 0 || by(Cause::BankCharge) == 0);
        let kept = i64::from(policy.over.keep == Keep::WriteOff) * policy.over.tolerance.amount.get(euro).unwrap().minor();
        prop_assert!(-by(Cause::Overpayment) <= kept);
        for invoice in &open {
            let discounts = allocation.differences.iter().filter(|d| d.cause == Cause::Discount && d.invoice == invoice.id);
            let deducted = -minor_of(discounts.map(|d| d.posted));
            prop_assert!(deducted <= invoice.discount.map_or(0, |discount| discount.minor()));
            let (paid, beside) = effect(&allocation, &invoice.id);
            prop_assert!(deducted == 0 || (paid > 0 && invoice.balance.minor() - paid + beside == 0), "a discount settles");
        }
        // What goes back when the money does must be found by the money.
        for difference in &allocation.differences {
            prop_assert!(effect(&allocation, &difference.invoice).0 > 0, "{:?}", difference);
        }
        let silent = Rules { order: policy.order, ..Rules::default() };
        let plain: Vec<OpenInvoice> = open.iter().map(|i| OpenInvoice { discount: None, ..i.clone() }).collect();
        prop_assert!(allocate(&silent, &receipt, &plain).unwrap().differences.is_empty());
    }

    /// Balances come from the database in whatever order it finds them.
    #[test]
    fn the_order_in_which_invoices_are_read_does_not_matter(
        amount in 1i64..1_000_000, open in account(), lines in remittance(), policy in policy(), turn in 0usize..8,
    ) {
        let receipt = Receipt { amount: eur(amount), remittance: &lines, through_banks: true };
        let mut turned = open.clone();
        turned.rotate_left(turn.min(open.len()));
        turned.reverse();
        let (one, other) = (allocate(&policy, &receipt, &open).unwrap(), allocate(&policy, &receipt, &turned).unwrap());
        prop_assert_eq!(&one.parts, &other.parts);
        prop_assert_eq!(&one.unapplied, &other.unapplied);
        for invoice in &open {
            prop_assert_eq!(effect(&one, &invoice.id), effect(&other, &invoice.id));
        }
    }

    /// Payments and credit notes in any order: the same total, and, once what is on account is used, the same is open.
    #[test]
    fn in_whatever_order_money_comes_the_same_is_owed_in_the_end(
        open in account(),
        events in prop::collection::vec((any::<bool>(), 1i64..150_000, remittance()), 0..6),
        turn in 0usize..6,
        order in 0usize..3,
    ) {
        let open: Vec<OpenInvoice> = open.into_iter()
            .filter(|invoice| invoice.balance.is_positive())
            .map(|invoice| OpenInvoice { discount: None, parts: Vec::new(), ..invoice }).collect();
        let order = [Order::DueDate, Order::ChargesFirst, Order::PrincipalFirst][order];
        let policy = Rules { order, ..Rules::default() };
        let replay = |events: &[(bool, i64, Vec<RemittanceLine>)]| {
            let (mut now, mut credits) = (open.clone(), Vec::new());
            for (at, (payment, minor, lines)) in events.iter().enumerate() {
                let receipt = Receipt { amount: eur(*minor), remittance: lines, through_banks: false };
                let allocation = match payment {
                    true => allocate(&policy, &receipt, &now).unwrap(),
                    false => credit(eur(*minor), lines, &now).unwrap(),
                };
                for invoice in &mut now {
                    invoice.balance = eur(invoice.balance.minor() - effect(&allocation, &invoice.id).0);
                }
                credits.push(Credit {
                    source: CreditSource::Payment(crate::id::PaymentId::from_parts(at as u64, [0; 10])),
                    on: "2026-01-01".parse().unwrap(),
                    left: allocation.unapplied,
                });
            }
            let owed = minor_of(now.iter().map(|invoice| invoice.balance));
            let on_account = minor_of(credits.iter().map(|credit| credit.left));
            let used = match on_account {
                0 => 0,
                _ => {
                    let applied = apply_on_account(order, &now, &credits, eur(on_account)).unwrap();
                    let used = minor_of(applied.applications.iter().map(|application| application.amount));
                    assert_eq!(used + applied.left.minor(), on_account);
                    used
                }
            };
            (owed - on_account, owed - used)
        };
        let mut turned = events.clone();
        turned.rotate_left(turn.min(events.len()));
        turned.reverse();
        prop_assert_eq!(replay(&events), replay(&turned));
    }

    #[test]
    fn a_new_list_adds_up_like_the_old_one(
        open in account(), held in prop::collection::vec((0usize..8, 1i64..50_000), 0..4), unapplied in 0i64..50_000,
        wanted in remittance(),
    ) {
        let held: Vec<Held> = held.into_iter()
            .filter_map(|(at, minor)| Some(Held { invoice: open.get(at)?.id.clone(), amount: eur(minor) }))
            .collect();
        let amount = minor_of(held.iter().map(|held| held.amount)) + unapplied;
        let Ok(new) = reallocate(eur(amount), &held, &open, &wanted) else { return Ok(()) };
        let moved = minor_of(new.changes.iter().map(|change| change.amount));
        prop_assert_eq!(moved + new.unapplied.minor(), unapplied);
        prop_assert!(!new.unapplied.is_negative());
        prop_assert!(new.changes.is_sorted_by_key(|change| change.amount.is_positive()), "takings first");
        for invoice in &open {
            let change = minor_of(new.changes.iter().filter(|c| c.invoice == invoice.id).map(|c| c.amount));
            let before = minor_of(held.iter().filter(|held| held.invoice == invoice.id).map(|held| held.amount));
            prop_assert!(before + change >= 0);
            prop_assert!(change <= invoice.balance.minor().max(0) || change <= 0);
        }
    }
}
