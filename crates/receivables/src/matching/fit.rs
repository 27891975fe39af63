//! How an amount fits what some invoices owe, and what each of them gets.

use super::book::{Account, Book};
use super::{Credit, Fit, Share};
use crate::money::{Money, MoneyError};

/// Taxes that payers withhold, in thousandths of what is paid, by the laws that say so: sections 194Q (0.1), 194C (1, 2)
/// and 194J (2, 10) of the Indian Income-tax Act 1961; 3 Thailand, Revenue Department order 4/2528; 5 United Kingdom
/// and others on services by treaty; 10 Spain and Japan by treaty; 15 § 50a EStG; 20 article 25 of the Italian D.P.R.
/// 600/1973; 30 section 1441 of the US Internal Revenue Code. They only explain a difference to a person: nothing is
/// matched automatically by them.
const WITHHELD: &[i128] = &[1, 10, 20, 30, 50, 100, 150, 200, 300];

/// The part of what is owed, as its divisor, up to which what is missing is plainly a charge of banks, within what the
/// policy lets them keep. Dunlin's own.
const CHARGED: i64 = 10;

/// The same, up to which it may be one: a person looks at it. Beyond, something was paid in part.
const PERHAPS_CHARGED: i64 = 4;

/// What some invoices get of an amount.
pub(super) struct Fitted {
    pub(super) fit: Fit,
    pub(super) shares: Vec<Share>,
    pub(super) on_account: Money,
    pub(super) short: Money,
    /// Whether the policy lets the difference go by itself, or there is none.
    pub(super) is_settled: bool,
}

/// The discount that an invoice is in time for.
fn discount(book: &Book, at: usize, credit: &Credit) -> Option<Money> {
    let owed = book.invoices.get(at)?;
    let in_time = owed
        .discounts
        .iter()
        .find(|discount| credit.booked_on <= discount.until)?;
    let is_less = in_time.amount.currency() == owed.balance.currency()
        && in_time.amount.is_positive()
        && in_time.amount.minor() < owed.balance.minor();
    is_less.then_some(in_time.amount)
}

/// How the amount of a line fits some open invoices of its currency, each given once.
pub(super) fn fit(
    book: &Book,
    debtor: &Account,
    credit: &Credit,
    which: &[usize],
) -> Result<Fitted, MoneyError> {
    let amount = credit.amount;
    let nothing = Money::zero(amount.currency());
    let balances = || {
        which
            .iter()
            .filter_map(|at| book.invoices.get(*at))
            .map(|owed| owed.balance)
    };
    let owed = Money::checked_sum(amount.currency(), balances())?;
    let deducted = which.iter().filter_map(|at| discount(book, *at, credit));
    let off = Money::checked_sum(amount.currency(), deducted)?;
    let short = owed.checked_sub(amount)?;
    let (fit, is_settled) = match short {
        short if short.is_zero() => (Fit::Exact, true),
        short if off.is_positive() && short == off => (Fit::Discount, true),
        short if short.is_positive() => missing(debtor, credit, owed, short)?,
        short => {
            let surplus = short.checked_neg()?;
            match surplus.minor() <= debtor.rules.over.tolerance.limit(owed)?.minor() {
                true => (Fit::Tolerance, true),
                false => (Fit::Over, false),
            }
        }
    };
    let mut left = amount;
    let mut shares = Vec::with_capacity(which.len());
    for at in which {
        let Some(invoice) = book.invoices.get(*at) else {
            continue;
        };
        let wanted = match fit {
            Fit::Discount => {
                let off = discount(book, *at, credit).unwrap_or(nothing);
                invoice.balance.checked_sub(off)?
            }
            _ => invoice.balance,
        };
        let given = wanted.checked_min(left)?;
        if given.is_positive() {
            left = left.checked_sub(given)?;
            shares.push(Share {
                invoice: invoice.id.clone(),
                amount: given,
            });
        }
    }
    Ok(Fitted {
        fit,
        shares,
        on_account: left,
        short: if short.is_positive() { short } else { nothing },
        is_settled,
    })
}

/// What explains that something is missing, and whether the policy lets it go.
fn missing(debtor: &Account, credit: &Credit, owed: Money, short: Money) -> Result<(Fit, bool), MoneyError> {
    // Who pays less than half did not mean to settle, as in `allocation`.
    let is_most = short.minor() < credit.amount.minor();
    let kept_by_banks = debtor.rules.bank_charges().limit(owed)?.minor();
    let within = |limit: i64| is_most && short.minor() <= limit;
    if within(debtor.rules.under.limit(owed)?.minor()) {
        return Ok((Fit::Tolerance, true));
    }
    if credit.charges == Some(short) {
        return Ok((Fit::BankCharge, within(kept_by_banks)));
    }
    let is_withheld = |thousandths: &i128| {
        let product = i128::from(owed.minor()).checked_mul(*thousandths);
        let tax = product.and_then(|product| product.checked_add(500)?.checked_div(1_000));
        tax == Some(i128::from(short.minor()))
    };
    // What may be a tax is claimed from an authority, not let go: a person looks at it first.
    if WITHHELD.iter().any(is_withheld) {
        return Ok((Fit::Withholding, false));
    }
    let part = |divisor: i64| short.minor().saturating_mul(divisor) <= owed.minor();
    match within(kept_by_banks) && part(PERHAPS_CHARGED) {
        true => Ok((Fit::BankCharge, part(CHARGED))),
        false => Ok((Fit::Short, false)),
    }
}
