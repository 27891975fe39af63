//! Where the money of a payment goes.
//!
//! What the payer says comes first: each remittance line takes up to its amount, up to what its invoice
//! still owes, up to what is left. The rest goes to the oldest due invoice first (then the earliest issued,
//! then the lowest number), and what no invoice takes stays unapplied, as credit on account. Parts and
//! unapplied rest always add up to the payment. Refused: amounts that are not positive, currencies that mix.
//!
//! Source: Dunlin's own rule.

mod take_back;

pub use take_back::{Held, TakeBackError, TakenBack, take_back};

use chrono::NaiveDate;
use serde::Serialize;

use crate::id::InvoiceId;
use crate::money::{Money, MoneyError};

/// An open invoice that may take money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenInvoice {
    /// Its id.
    pub id: InvoiceId,
    /// The creditor's number, as a payer would quote it.
    pub number: String,
    /// Its due date.
    pub due_on: NaiveDate,
    /// Its issue date.
    pub issue_on: NaiveDate,
    /// What is still owed; those that owe nothing take nothing.
    pub balance: Money,
}

/// How a remittance line names its invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceRef {
    /// By number, as the payer wrote it.
    Number(String),
    /// By id, as our own payment page says.
    Id(InvoiceId),
}

/// What the payer says a part of the payment is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemittanceLine {
    /// For which invoice.
    pub invoice: InvoiceRef,
    /// How much; without an amount, as much as the invoice owes.
    pub amount: Option<Money>,
}

/// What one invoice gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Which invoice; each comes once.
    pub invoice: InvoiceId,
    /// More than nothing, and no more than it owes.
    pub amount: Money,
    /// Why, in a sentence.
    pub why: String,
}

/// Where a payment goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Allocation {
    /// What each invoice gets, in the order in which it was decided.
    pub parts: Vec<Part>,
    /// What stays as credit on account.
    pub unapplied: Money,
    /// What could not be done as the payer said, and what became of the rest.
    pub why: Vec<String>,
}

/// Why a payment cannot be allocated at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllocationError {
    /// The payment is zero or less.
    #[error("a payment is more than zero, not {0}")]
    NotPositive(Money),
    /// Amounts of two currencies, or too large to add up.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Allocates a payment to open invoices.
pub fn allocate(
    amount: Money,
    open: &[OpenInvoice],
    remittance: &[RemittanceLine],
) -> Result<Allocation, AllocationError> {
    if !amount.is_positive() {
        return Err(AllocationError::NotPositive(amount));
    }
    // One currency throughout: adding anything of another is an error.
    let amounts = open
        .iter()
        .map(|invoice| invoice.balance)
        .chain(remittance.iter().filter_map(|line| line.amount));
    for other in amounts {
        if other.currency() != amount.currency() {
            return Err(MoneyError::CurrencyMismatch {
                left: amount.currency(),
                right: other.currency(),
            }
            .into());
        }
    }
    let mut spending = Spending {
        left: amount,
        invoices: open,
        parts: Vec::new(),
        why: Vec::new(),
    };
    for line in remittance {
        spending.as_told(line)?;
    }
    spending.oldest_first()?;
    Ok(spending.finish())
}

/// A payment on its way to invoices.
struct Spending<'a> {
    left: Money,
    invoices: &'a [OpenInvoice],
    parts: Vec<Part>,
    why: Vec<String>,
}

impl<'a> Spending<'a> {
    fn as_told(&mut self, line: &RemittanceLine) -> Result<(), MoneyError> {
        let invoice = match find(self.invoices, &line.invoice) {
            Ok(invoice) => invoice,
            Err(problem) => {
                self.why.push(problem);
                return Ok(());
            }
        };
        let wanted = line.amount.unwrap_or(invoice.balance);
        if !wanted.is_positive() {
            self.why.push(format!(
                "the remittance names {wanted} for {}, which is nothing to apply",
                invoice.number
            ));
            return Ok(());
        }
        let given = self.give(invoice, wanted, "named in the remittance")?;
        let missing = wanted.checked_sub(given)?;
        if missing.is_positive() && line.amount.is_some() {
            let reason = if self.left.is_zero() {
                "the payment is used up"
            } else {
                "it owes no more"
            };
            self.why.push(format!(
                "{} gets {given} of the {wanted} named for it: {reason}",
                invoice.number
            ));
        }
        Ok(())
    }

    fn oldest_first(&mut self) -> Result<(), MoneyError> {
        let mut by_age: Vec<&OpenInvoice> = self.invoices.iter().collect();
        by_age.sort_by_key(|invoice| (invoice.due_on, invoice.issue_on, &invoice.number, &invoice.id));
        for invoice in by_age {
            let reason = format!("the oldest open invoice, due on {}", invoice.due_on);
            self.give(invoice, invoice.balance, &reason)?;
        }
        Ok(())
    }

    /// Gives an invoice up to `wanted`, what it still owes and what is left; says how much that was.
    fn give(&mut self, invoice: &OpenInvoice, wanted: Money, reason: &str) -> Result<Money, MoneyError> {
        let before = self.parts.iter_mut().find(|part| part.invoice == invoice.id);
        let got = before
            .as_ref()
            .map_or(Money::zero(self.left.currency()), |part| part.amount);
        let owed = invoice.balance.checked_sub(got)?;
        let given = wanted.checked_min(owed)?.checked_min(self.left)?;
        if !given.is_positive() {
            return Ok(Money::zero(self.left.currency()));
        }
        self.left = self.left.checked_sub(given)?;
        match before {
            Some(part) => {
                part.amount = part.amount.checked_add(given)?;
                part.why.push_str(&format!("; {given} more: {reason}"));
            }
            None => self.parts.push(Part {
                invoice: invoice.id.clone(),
                amount: given,
                why: format!("{}: {reason}", invoice.number),
            }),
        }
        Ok(given)
    }

    fn finish(mut self) -> Allocation {
        if self.left.is_positive() {
            self.why.push(format!(
                "{} stays on account: no open invoice is left to take it",
                self.left
            ));
        }
        Allocation {
            parts: self.parts,
            unapplied: self.left,
            why: self.why,
        }
    }
}

/// The invoice a reference means: the one of that id or number; failing that, the only one whose number
/// differs in nothing but case, spaces and punctuation, which payers drop as they please.
fn find<'a>(invoices: &'a [OpenInvoice], named: &InvoiceRef) -> Result<&'a OpenInvoice, String> {
    let number = match named {
        InvoiceRef::Id(id) => {
            let unknown = || format!("the remittance names {id}, which is not open");
            return invoices
                .iter()
                .find(|invoice| invoice.id == *id)
                .ok_or_else(unknown);
        }
        InvoiceRef::Number(number) => number.trim(),
    };
    let exact: Vec<&OpenInvoice> = invoices
        .iter()
        .filter(|invoice| invoice.number == number)
        .collect();
    let alike = || {
        invoices
            .iter()
            .filter(|invoice| plain(&invoice.number) == plain(number))
            .collect()
    };
    let found: Vec<&OpenInvoice> = if exact.is_empty() && !plain(number).is_empty() {
        alike()
    } else {
        exact
    };
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(format!("the remittance names {number}, which is not open")),
        several => Err(format!(
            "the remittance names {number}, which could be {} open invoices",
            several.len()
        )),
    }
}

fn plain(number: &str) -> String {
    number
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::currency::Currency;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::parse("EUR").unwrap())
    }

    fn id(letter: char) -> InvoiceId {
        InvoiceId::from_parts(u64::from(u32::from(letter)), [0; 10])
    }

    fn invoice(letter: char, due_on: &str, minor: i64) -> OpenInvoice {
        OpenInvoice {
            id: id(letter),
            number: format!("2026-{letter}"),
            due_on: due_on.parse().unwrap(),
            issue_on: "2026-01-01".parse().unwrap(),
            balance: eur(minor),
        }
    }

    fn told(number: &str, minor: Option<i64>) -> RemittanceLine {
        RemittanceLine {
            invoice: InvoiceRef::Number(number.to_owned()),
            amount: minor.map(eur),
        }
    }

    /// `A 50.00 B 25.00 | 5.00`: what each gets, and what is left.
    fn shown(allocation: &Allocation) -> String {
        let letter = |found: &InvoiceId| ('A'..='Z').find(|letter| id(*letter) == *found).unwrap();
        let parts = allocation
            .parts
            .iter()
            .map(|part| format!("{} {} ", letter(&part.invoice), part.amount.amount()));
        format!("{}| {}", parts.collect::<String>(), allocation.unapplied.amount())
    }

    #[test]
    fn money_goes_where_the_payer_says_and_then_to_the_oldest() {
        let open = [
            invoice('B', "2026-02-01", 5_000),
            invoice('A', "2026-01-01", 10_000),
            invoice('C', "2026-02-01", 2_000),
            invoice('D', "2026-03-01", 0),
        ];
        let cases = [
            ("exact, oldest first", 10_000, vec![], "A 100.00 | 0.00"),
            ("partial", 4_000, vec![], "A 40.00 | 0.00"),
            (
                "on to the next, of one day by number",
                16_000,
                vec![],
                "A 100.00 B 50.00 C 10.00 | 0.00",
            ),
            ("too much", 20_000, vec![], "A 100.00 B 50.00 C 20.00 | 30.00"),
            ("as told", 5_000, vec![told("2026-B", None)], "B 50.00 | 0.00"),
            (
                "as told, with an amount",
                5_000,
                vec![told("2026-B", Some(3_000))],
                "B 30.00 A 20.00 | 0.00",
            ),
            (
                "told more than is owed",
                7_000,
                vec![told("2026-B", Some(7_000))],
                "B 50.00 A 20.00 | 0.00",
            ),
            (
                "told more than was paid",
                4_000,
                vec![told("2026-B", Some(5_000)), told("2026-C", None)],
                "B 40.00 | 0.00",
            ),
            (
                "told twice",
                5_000,
                vec![told("2026-B", Some(1_000)), told("2026-B", Some(9_000))],
                "B 50.00 | 0.00",
            ),
            (
                "told some, and the rest reaches it again",
                16_000,
                vec![told("2026-B", Some(1_000))],
                "B 50.00 A 100.00 C 10.00 | 0.00",
            ),
            (
                "an unknown number",
                4_000,
                vec![told("2025-9", Some(4_000))],
                "A 40.00 | 0.00",
            ),
            (
                "a paid one",
                4_000,
                vec![told("2026-D", Some(4_000))],
                "A 40.00 | 0.00",
            ),
            (
                "written carelessly",
                2_000,
                vec![told(" 2026 c", None)],
                "C 20.00 | 0.00",
            ),
            (
                "by id",
                2_000,
                vec![RemittanceLine {
                    invoice: InvoiceRef::Id(id('C')),
                    amount: None,
                }],
                "C 20.00 | 0.00",
            ),
        ];
        for (name, amount, remittance, expected) in cases {
            assert_eq!(
                shown(&allocate(eur(amount), &open, &remittance).unwrap()),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn what_was_not_done_as_told_is_said() {
        let mut open = vec![
            invoice('A', "2026-01-01", 10_000),
            invoice('B', "2026-02-01", 5_000),
        ];
        let why =
            |open: &[OpenInvoice], minor, line| allocate(eur(minor), open, &[line]).unwrap().why.join("; ");
        assert_eq!(
            why(&open, 100, told("X-1", None)),
            "the remittance names X-1, which is not open"
        );
        assert_eq!(
            why(&open, 7_000, told("2026-B", Some(7_000))),
            "2026-B gets 50.00 EUR of the 70.00 EUR named for it: it owes no more"
        );
        assert_eq!(
            why(&open, 17_000, told("2026-A", None)),
            "20.00 EUR stays on account: no open invoice is left to take it"
        );
        open.push(OpenInvoice {
            id: id('C'),
            ..open[0].clone()
        });
        assert_eq!(
            why(&open, 100, told("2026-A", None)),
            "the remittance names 2026-A, which could be 2 open invoices"
        );
        let parts = allocate(eur(12_000), &open[..2], &[told("2026-A", Some(500))])
            .unwrap()
            .parts;
        assert_eq!(
            parts[0].why,
            "2026-A: named in the remittance; 95.00 EUR more: the oldest open invoice, due on 2026-01-01"
        );
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        let open = [invoice('A', "2026-01-01", 10_000)];
        let usd = Money::new(100, Currency::parse("USD").unwrap());
        let (left, right) = (eur(0).currency(), usd.currency());
        assert_eq!(
            allocate(eur(0), &open, &[]),
            Err(AllocationError::NotPositive(eur(0)))
        );
        let mixed = MoneyError::CurrencyMismatch {
            left: right,
            right: left,
        };
        assert_eq!(allocate(usd, &open, &[]), Err(mixed.into()));
        let line = RemittanceLine {
            invoice: InvoiceRef::Id(id('A')),
            amount: Some(usd),
        };
        assert_eq!(
            allocate(eur(1), &open, &[line]),
            Err(MoneyError::CurrencyMismatch { left, right }.into())
        );
    }

    proptest! {
        #[test]
        fn not_a_cent_is_lost_or_made(
            amount in 1i64..1_000_000,
            balances in prop::collection::vec((-100i64..200_000, 0i64..60), 0..8),
            lines in prop::collection::vec((0usize..10, prop::option::of(-5i64..200_000)), 0..8),
        ) {
            let open: Vec<OpenInvoice> = balances.iter().zip('A'..).map(|((minor, days), letter)| {
                let mut invoice = invoice(letter, "2026-01-01", *minor);
                invoice.due_on = crate::calendar::plus_days(invoice.due_on, *days);
                invoice
            }).collect();
            let remittance: Vec<RemittanceLine> = lines.into_iter().map(|(at, minor)| {
                let letter = ('A'..).nth(at).unwrap();
                RemittanceLine { invoice: InvoiceRef::Id(id(letter)), amount: minor.map(eur) }
            }).collect();
            let allocation = allocate(eur(amount), &open, &remittance).unwrap();
            let applied: i64 = allocation.parts.iter().map(|part| part.amount.minor()).sum();
            prop_assert_eq!(applied + allocation.unapplied.minor(), amount);
            prop_assert!(!allocation.unapplied.is_negative());
            let owed: i64 = open.iter().map(|invoice| invoice.balance.minor().max(0)).sum();
            prop_assert_eq!(applied, amount.min(owed), "nothing stays on account while something is owed");
            for part in &allocation.parts {
                let invoice = open.iter().find(|invoice| invoice.id == part.invoice).unwrap();
                prop_assert!(part.amount.is_positive() && part.amount.minor() <= invoice.balance.minor());
            }
        }
    }
}
