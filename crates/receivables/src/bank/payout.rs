//! Payouts of payment providers: what they report, and where that differs from the ledger.
//!
//! Shape: Dunlin's own JSON ([`Payout::parse`]), or a Stripe payout with its balance transactions, of which the same is
//! made. Refused: a report that does not add up: each item's gross less its fee is its net, and the items come to the
//! whole.
//!
//! Source: Stripe API reference, Payout and BalanceTransaction objects; else Dunlin's own.

use chrono::{DateTime, NaiveDate};
use serde::Serialize;
use serde_json::Value;

use crate::currency::Currency;
use crate::fields::{FieldError, Fields, kinds};
use crate::id::PaymentId;
use crate::limits;
use crate::money::{Money, MoneyError};

/// What a provider has paid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Payout {
    /// Whose: `stripe`, `mollie`, ...; the source of its payments.
    pub provider: String,
    /// What the provider calls it.
    pub reference: String,
    /// The day on which it arrives on the bank account.
    pub arrives_on: NaiveDate,
    /// What was paid, less what went back.
    pub gross: Money,
    /// What the provider kept.
    pub fee: Money,
    /// What arrives: gross less fee.
    pub net: Money,
    /// Payment by payment.
    pub items: Vec<Item>,
}

/// One payment of a payout, or a refund or a fee, which are negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What the provider calls the payment.
    pub reference: String,
    /// What was paid.
    pub gross: Money,
    /// What was kept of it.
    pub fee: Money,
    /// What is left.
    pub net: Money,
}

/// A payment of the ledger that an item names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Ours.
    pub payment: PaymentId,
    /// How much was received.
    pub amount: Money,
    /// How much of it was refunded or reversed.
    pub back: Money,
}

impl Payout {
    /// Reads a report, ours or Stripe's; every problem at once.
    pub fn parse(value: &Value) -> Result<Payout, Vec<FieldError>> {
        let payout = match value.get("balance_transactions").is_some() {
            true => stripe(value)?,
            false => ours(value)?,
        };
        let problems = payout.problems();
        match problems.is_empty() {
            true => Ok(payout),
            false => Err(problems),
        }
    }

    fn problems(&self) -> Vec<FieldError> {
        let currency = self.net.currency();
        let mut problems = Vec::new();
        let mut check =
            |pointer: String, what: &str, found: Result<Money, MoneyError>, stated: Money| match found {
                Ok(found) if found == stated => {}
                Ok(found) => {
                    let detail = format!("the {what} comes to {found} and is stated as {stated}");
                    problems.push(FieldError::new(pointer, "does_not_add_up", detail));
                }
                Err(error) => problems.push(FieldError::new(pointer, error.code(), error.to_string())),
            };
        check(
            "/net".to_owned(),
            "net amount",
            self.gross.checked_sub(self.fee),
            self.net,
        );
        for (item, at) in self.items.iter().zip(0usize..) {
            let net = item.gross.checked_sub(item.fee);
            check(format!("/items/{at}/net"), "net amount", net, item.net);
        }
        let sums = [
            (
                "/gross",
                "gross amount of the items",
                self.items.iter().map(|item| item.gross).collect::<Vec<_>>(),
                self.gross,
            ),
            (
                "/fee",
                "fee of the items",
                self.items.iter().map(|item| item.fee).collect(),
                self.fee,
            ),
        ];
        for (pointer, what, amounts, stated) in sums {
            check(
                pointer.to_owned(),
                what,
                Money::checked_sum(currency, amounts),
                stated,
            );
        }
        problems.truncate(limits::PROBLEMS);
        problems
    }
}

fn ours(value: &Value) -> Result<Payout, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let provider = fields.required("provider", kinds::slug);
    let reference = fields.required("id", kinds::text(limits::KEY));
    let currency = fields.required("currency", kinds::currency);
    let arrives_on = fields.required("arrival_date", kinds::date);
    let gross = fields.required_given("gross", currency, kinds::money_in);
    let fee = fields.required_given("fee", currency, kinds::money_in);
    let net = fields.required_given("net", currency, kinds::money_in);
    let items = fields.objects("items", limits::PAYOUT_ITEMS, |item| {
        let reference = item.required("payment", kinds::text(limits::KEY));
        let gross = item.required_given("gross", currency, kinds::money_in);
        let fee = item.required_given("fee", currency, kinds::money_in);
        let net = item.required_given("net", currency, kinds::money_in);
        Some(Item {
            reference: reference?,
            gross: gross?,
            fee: fee?,
            net: net?,
        })
    });
    fields.finish(|| {
        Some(Payout {
            provider: provider?,
            reference: reference?,
            arrives_on: arrives_on?,
            gross: gross?,
            fee: fee?,
            net: net?,
            items,
        })
    })
}

/// A Stripe payout object with what `GET /v1/balance_transactions?payout=` lists. The payout's own transaction, of type
/// `payout`, is the money that leaves Stripe and no part of what it is made of. Other fields are Stripe's business.
fn stripe(value: &Value) -> Result<Payout, Vec<FieldError>> {
    let mut problems = Vec::new();
    let mut missing = |pointer: &str, what: &str| {
        problems.push(FieldError::new(
            pointer,
            "required",
            format!("{what} is required"),
        ));
    };
    let of = |pointer: &str| value.pointer(pointer);
    let reference = of("/payout/id").and_then(Value::as_str);
    if reference.is_none() {
        missing("/payout/id", "the payout's id");
    }
    let currency = of("/payout/currency").and_then(Value::as_str);
    let currency = currency.and_then(|code| Currency::parse(&code.to_ascii_uppercase()).ok());
    if currency.is_none() {
        missing("/payout/currency", "a currency");
    }
    let arrives = of("/payout/arrival_date").and_then(Value::as_i64);
    let arrives_on = arrives
        .and_then(|at| DateTime::from_timestamp(at, 0))
        .map(|at| at.date_naive());
    if arrives_on.is_none() {
        missing(
            "/payout/arrival_date",
            "the day of arrival, in seconds since 1970,",
        );
    }
    let amount = of("/payout/amount").and_then(Value::as_i64);
    if amount.is_none() {
        missing("/payout/amount", "a whole amount in the smallest unit");
    }
    let listed = of("/balance_transactions/data").or(of("/balance_transactions"));
    let listed = listed
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    if listed.len() > limits::PAYOUT_ITEMS {
        let detail = format!("at most {} balance transactions are taken", limits::PAYOUT_ITEMS);
        return Err(vec![FieldError::new(
            "/balance_transactions",
            "too_many_items",
            detail,
        )]);
    }
    let mut items = Vec::new();
    for (each, at) in listed.iter().zip(0usize..) {
        if each.get("type").and_then(Value::as_str) == Some("payout") {
            continue;
        }
        let whole = |name: &str| each.get(name).and_then(Value::as_i64);
        let named = payment_of(each);
        match (named, whole("amount"), whole("fee"), whole("net"), currency) {
            (Some(reference), Some(gross), Some(fee), Some(net), Some(currency)) => {
                let money = |minor| Money::new(minor, currency);
                let (gross, fee, net) = (money(gross), money(fee), money(net));
                let reference = reference.chars().take(limits::KEY).collect();
                items.push(Item {
                    reference,
                    gross,
                    fee,
                    net,
                });
            }
            (_, _, _, _, None) => {}
            _ => missing(
                &format!("/balance_transactions/{at}"),
                "a source with amount, fee and net",
            ),
        }
    }
    let (Some(reference), Some(currency), Some(arrives_on), Some(amount), true) =
        (reference, currency, arrives_on, amount, problems.is_empty())
    else {
        return Err(problems);
    };
    let sum = |amounts: Vec<Money>| {
        let sum = Money::checked_sum(currency, amounts);
        sum.map_err(|error| {
            vec![FieldError::new(
                "/balance_transactions",
                error.code(),
                error.to_string(),
            )]
        })
    };
    Ok(Payout {
        provider: "stripe".to_owned(),
        reference: reference.chars().take(limits::KEY).collect(),
        arrives_on,
        gross: sum(items.iter().map(|item| item.gross).collect())?,
        fee: sum(items.iter().map(|item| item.fee).collect())?,
        net: Money::new(amount, currency),
        items,
    })
}

/// What a balance transaction is about. A payment is known by its payment intent, which Stripe tells where it was asked
/// to expand the source (`expand[]=data.source`); else by the source's own id.
fn payment_of(transaction: &Value) -> Option<&str> {
    let source = transaction.get("source").filter(|source| !source.is_null());
    let Some(source) = source else {
        return transaction.get("id").and_then(Value::as_str);
    };
    let intent = source.get("payment_intent").and_then(Value::as_str);
    let id = source.get("id").and_then(Value::as_str);
    intent.or(id).or(source.as_str())
}

/// Where a payout and the ledger do not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `unknown_payment`, `amount_differs`, `not_taken_back` or `currency_differs`.
    pub code: &'static str,
    /// What the provider calls the payment.
    pub reference: String,
    /// Ours, where there is one.
    pub payment_id: Option<PaymentId>,
    /// What the provider says.
    pub reported: Money,
    /// What the ledger says.
    pub recorded: Option<Money>,
    /// The same in a sentence.
    pub detail: String,
}

/// Holds items against the payments that they name. What is negative is a refund or a chargeback, and must be off the
/// payment.
pub fn differences(items: &[(Item, Option<Known>)]) -> Vec<Difference> {
    let found = items.iter().filter_map(|(item, known)| {
        let reported = item.gross;
        let (code, recorded, detail) = match known {
            // A fee of its own has no payment.
            None if reported.is_zero() => return None,
            None => (
                "unknown_payment",
                None,
                format!("no payment is on record for these {reported}"),
            ),
            Some(known) if known.amount.currency() != reported.currency() => (
                "currency_differs",
                Some(known.amount),
                format!(
                    "reported in {}, recorded in {}",
                    reported.currency(),
                    known.amount.currency()
                ),
            ),
            Some(known) if reported.is_negative() => {
                let back = reported.checked_neg().ok()?;
                if known.back.minor() >= back.minor() {
                    return None;
                }
                let detail = format!("{back} went back by the report, {} by the ledger", known.back);
                ("not_taken_back", Some(known.back), detail)
            }
            Some(known) if known.amount != reported => (
                "amount_differs",
                Some(known.amount),
                format!("{reported} by the report, {} by the ledger", known.amount),
            ),
            Some(_) => return None,
        };
        Some(Difference {
            code,
            reference: item.reference.clone(),
            payment_id: known.as_ref().map(|known| known.payment.clone()),
            reported,
            recorded,
            detail,
        })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Value {
        json!({"provider": "mollie", "id": "stl_1", "currency": "EUR", "arrival_date": "2026-01-14",
            "gross": "150.00", "fee": "1.75", "net": "148.25", "items": [
                {"payment": "tr_1", "gross": "100.00", "fee": "1.25", "net": "98.75"},
                {"payment": "tr_2", "gross": "50.00", "fee": "0.50", "net": "49.50"}]})
    }

    #[test]
    fn a_report_must_add_up() {
        assert_eq!(Payout::parse(&report()).unwrap().items.len(), 2);
        let cases = [
            ("/net", "148.26", "/net"),
            ("/gross", "151.00", "/gross"),
            ("/fee", "1.76", "/fee"),
            ("/items/1/net", "49.51", "/items/1/net"),
        ];
        for (pointer, amount, wrong) in cases {
            let mut off = report();
            *off.pointer_mut(pointer).unwrap() = json!(amount);
            let problems = Payout::parse(&off).unwrap_err();
            assert!(
                problems
                    .iter()
                    .any(|problem| problem.pointer == wrong && problem.code == "does_not_add_up"),
                "{pointer}: {problems:?}"
            );
        }
    }

    /// Shapes after Stripe's API reference: the payout, and its balance transactions with that of the payout itself.
    #[test]
    fn stripes_report_comes_to_the_same() {
        let stripe = json!({
            "payout": {"id": "po_1", "object": "payout", "amount": 9825, "currency": "eur", "arrival_date": 1_768_348_800},
            "balance_transactions": {"object": "list", "data": [
                {"id": "txn_0", "type": "payout", "amount": -9825, "fee": 0, "net": -9825, "source": "po_1"},
                {"id": "txn_1", "type": "charge", "amount": 10000, "fee": 175, "net": 9825, "source": "ch_1"}]}});
        let payout = Payout::parse(&stripe).unwrap();
        let euro = Currency::parse("EUR").unwrap();
        assert_eq!(
            (payout.reference.as_str(), payout.arrives_on.to_string()),
            ("po_1", "2026-01-14".to_owned())
        );
        assert_eq!(
            (payout.gross, payout.fee),
            (Money::new(10_000, euro), Money::new(175, euro))
        );
        assert_eq!(payout.items.len(), 1);
        let empty = Payout::parse(&json!({"balance_transactions": []})).unwrap_err();
        assert_eq!(empty.len(), 4);
    }

    #[test]
    fn each_difference_is_named() {
        let euros = |minor| Money::new(minor, Currency::parse("EUR").unwrap());
        let item = |reference: &str, gross| Item {
            reference: reference.to_owned(),
            gross: euros(gross),
            fee: euros(0),
            net: euros(gross),
        };
        let known = |amount, back| {
            Some(Known {
                payment: PaymentId::from_parts(1, [1; 10]),
                amount,
                back,
            })
        };
        let dollars = Money::new(100, Currency::parse("USD").unwrap());
        let items = [
            (item("same", 100), known(euros(100), euros(0))),
            (item("nobody", 100), None),
            (item("less", 100), known(euros(99), euros(0))),
            (item("refunded", -100), known(euros(100), euros(100))),
            (item("not_refunded", -100), known(euros(100), euros(40))),
            (item("dollars", 100), known(dollars, dollars)),
            (item("fee_only", 0), None),
        ];
        let found: Vec<(&str, String)> = differences(&items)
            .into_iter()
            .map(|found| (found.code, found.reference))
            .collect();
        let expected = [
            ("unknown_payment", "nobody"),
            ("amount_differs", "less"),
            ("not_taken_back", "not_refunded"),
            ("currency_differs", "dollars"),
        ];
        let expected = expected.map(|(code, reference)| (code, reference.to_owned()));
        assert_eq!(found, expected);
    }
}
