//! Credit limits: how much of one is used, and what becomes of an order that goes beyond it.
//!
//! Shape: a customer's limit is in the currency of its account and says nothing about other currencies, since amounts
//! of different currencies never meet in a sum. Used is what is owed on invoices and what open orders will add to it,
//! less what is on account. An order that goes beyond is warned of or blocked, as the policy says; a blocked one waits
//! for a person and uses no credit meanwhile.
//!
//! Source: Dunlin's own rule.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::currency::Currency;
use crate::fields::{FieldError, Fields, kinds};
use crate::intake::CustomerRef;
use crate::limits;
use crate::money::{Money, MoneyError};
use crate::names::names;

/// What happens to an order beyond the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OverLimit {
    /// It is open, and whoever placed it is told.
    #[default]
    Warn,
    /// It is blocked until a person releases it.
    Block,
}

/// What a policy says of credit. In JSON, under its `credit`: `{"over_limit": "warn"|"block"}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// What happens to an order beyond the limit.
    pub over_limit: OverLimit,
}

impl Rules {
    /// Reads the inside of a policy's `credit`; what is absent is as in [`Rules::default`].
    pub fn read(fields: &mut Fields<'_>) -> Option<Rules> {
        const WORDS: &[(&str, OverLimit)] = &[("warn", OverLimit::Warn), ("block", OverLimit::Block)];
        let over_limit = fields.optional("over_limit", kinds::one_of(WORDS));
        Some(Rules {
            over_limit: over_limit.unwrap_or_default(),
        })
    }
}

/// What stands between us and a customer in one currency, as far as credit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// The limit; none: as much as the customer likes.
    pub limit: Option<Money>,
    /// What is owed on invoices.
    pub open_balance: Money,
    /// What open orders come to; blocked ones are not among them.
    pub open_orders: Money,
    /// Money and credit on account.
    pub on_account: Money,
}

/// How much of a limit is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Credit {
    /// The limit; `null`: none.
    pub limit: Option<Money>,
    /// What is owed on invoices and ordered, less what is on account; less than nothing where more is on account.
    pub used: Money,
    /// The part of it that is ordered and not invoiced yet.
    pub open_orders: Money,
    /// What may be ordered still; less than nothing where the limit is exceeded, `null` where there is none.
    pub available: Option<Money>,
}

/// How a limit takes an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within the limit, or there is none.
    Ok,
    /// Beyond it; the order stands.
    Warn,
    /// Beyond it; the order waits.
    Block,
}

names! {
    Verdict {
        "ok" => Ok,
        "warn" => Warn,
        "block" => Block,
    }
}

impl Exposure {
    /// How much of the limit is used. An error where currencies differ or a sum does not fit.
    pub fn credit(&self) -> Result<Credit, MoneyError> {
        let used = self
            .open_balance
            .checked_add(self.open_orders)?
            .checked_sub(self.on_account)?;
        let available = self.limit.map(|limit| limit.checked_sub(used)).transpose()?;
        Ok(Credit {
            limit: self.limit,
            used,
            open_orders: self.open_orders,
            available,
        })
    }

    /// How the limit takes one more order. One that takes it to the limit exactly is within it; with the limit exceeded
    /// already, every order goes beyond.
    pub fn judge(&self, order: Money, rules: &Rules) -> Result<Verdict, MoneyError> {
        let with = Exposure {
            open_orders: self.open_orders.checked_add(order)?,
            ..*self
        };
        let beyond = with
            .credit()?
            .available
            .is_some_and(|available| available.is_negative());
        Ok(match rules.over_limit {
            _ if !beyond => Verdict::Ok,
            OverLimit::Warn => Verdict::Warn,
            OverLimit::Block => Verdict::Block,
        })
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// To be delivered: uses credit.
    Open,
    /// Beyond the limit, and waits for a person: uses none.
    Blocked,
    /// Invoiced, or done otherwise: what it used is owed now, or never will be.
    Closed,
    /// Will not be delivered.
    Cancelled,
}

use OrderStatus::{Blocked, Cancelled, Closed, Open};

/// What each status can become. A blocked order that is invoiced was delivered all the same.
const BECOMES: [(OrderStatus, &[OrderStatus]); 4] = [
    (Open, &[Closed, Cancelled]),
    (Blocked, &[Open, Closed, Cancelled]),
    (Closed, &[]),
    (Cancelled, &[]),
];

names! {
    OrderStatus {
        "open" => Open,
        "blocked" => Blocked,
        "closed" => Closed,
        "cancelled" => Cancelled,
    }
}

impl OrderStatus {
    /// Where an order of a verdict begins.
    pub fn of(verdict: Verdict) -> OrderStatus {
        match verdict {
            Verdict::Block => Blocked,
            Verdict::Ok | Verdict::Warn => Open,
        }
    }

    /// Whether it can become `next`.
    pub fn can_become(self, next: OrderStatus) -> bool {
        BECOMES
            .iter()
            .any(|(from, into)| *from == self && into.contains(&next))
    }
}

/// An order as it comes in: `{"number", "customer": {...}, "currency", "amount", "placed_on"?, "po_number"?}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderInput {
    /// The creditor's number: the natural key of an order.
    pub number: String,
    /// Whose.
    pub customer: CustomerRef,
    /// Currency of the amount.
    pub currency: Currency,
    /// What it will be invoiced at: more than nothing.
    pub amount: Money,
    /// When it was placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placed_on: Option<NaiveDate>,
    /// The customer's own number for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub po_number: Option<String>,
}

impl OrderInput {
    /// Reads an order; every problem at once.
    pub fn parse(value: &Value) -> Result<OrderInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let number = fields.required("number", kinds::text(limits::NUMBER));
        let customer = fields.object("customer", CustomerRef::read);
        let currency = fields.required("currency", kinds::currency);
        let amount = fields.required_given("amount", currency, kinds::positive_money_in);
        let placed_on = fields.optional("placed_on", kinds::date);
        let po_number = fields.optional("po_number", kinds::text(limits::NUMBER));
        fields.finish(|| {
            Some(OrderInput {
                number: number?,
                customer: customer?,
                currency: currency?,
                amount: amount?,
                placed_on,
                po_number,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::parse("EUR").unwrap())
    }

    fn exposure(limit: Option<i64>, balance: i64, orders: i64, on_account: i64) -> Exposure {
        Exposure {
            limit: limit.map(eur),
            open_balance: eur(balance),
            open_orders: eur(orders),
            on_account: eur(on_account),
        }
    }

    const BLOCK: Rules = Rules {
        over_limit: OverLimit::Block,
    };

    #[test]
    fn every_word_is_its_own() {
        for (name, verdict) in Verdict::NAMES {
            assert_eq!(verdict.as_str(), *name);
            assert_eq!(serde_json::to_value(verdict).unwrap(), *name);
        }
        for (name, status) in OrderStatus::NAMES {
            assert_eq!(OrderStatus::parse(name), Some(*status));
            assert_eq!(status.as_str(), *name);
            assert_eq!(serde_json::to_value(status).unwrap(), *name);
        }
        assert_eq!(OrderStatus::parse("shipped"), None);
    }

    #[test]
    fn how_a_limit_takes_an_order() {
        // Limit, balance, open orders, on account, the order -> used before it, available before it, verdict.
        let cases = [
            (Some(1_000), 600, 100, 0, 300, 700, Some(300), Verdict::Ok),
            (Some(1_000), 600, 100, 0, 301, 700, Some(300), Verdict::Block),
            (Some(1_000), 600, 100, 50, 350, 650, Some(350), Verdict::Ok),
            (Some(1_000), 1_200, 0, 0, 1, 1_200, Some(-200), Verdict::Block),
            // Paid in advance: what is on account may be ordered beyond the limit.
            (Some(1_000), 0, 0, 500, 1_500, -500, Some(1_500), Verdict::Ok),
            (Some(1_000), 0, 0, 500, 1_501, -500, Some(1_500), Verdict::Block),
            // A limit of nothing: only what is paid in advance.
            (Some(0), 0, 0, 0, 1, 0, Some(0), Verdict::Block),
            (None, 9_999, 9_999, 0, 9_999, 19_998, None, Verdict::Ok),
        ];
        for case in cases {
            let (limit, balance, orders, on_account, order, used, available, expected) = case;
            let exposure = exposure(limit, balance, orders, on_account);
            let credit = exposure.credit().unwrap();
            assert_eq!(credit.used, eur(used), "{case:?}");
            assert_eq!(credit.available, available.map(eur), "{case:?}");
            assert_eq!(exposure.judge(eur(order), &BLOCK), Ok(expected), "{case:?}");
            let warned = match expected {
                Verdict::Block => Verdict::Warn,
                other => other,
            };
            assert_eq!(
                exposure.judge(eur(order), &Rules::default()),
                Ok(warned),
                "{case:?}"
            );
        }
    }

    #[test]
    fn currencies_never_mix() {
        let usd = Money::new(1, Currency::parse("USD").unwrap());
        assert!(exposure(Some(5), 0, 0, 0).judge(usd, &BLOCK).is_err());
        let mixed = Exposure {
            limit: Some(usd),
            ..exposure(None, 1, 0, 0)
        };
        assert!(mixed.credit().is_err());
        assert!(exposure(None, i64::MAX, 1, 0).credit().is_err());
    }

    #[test]
    fn what_becomes_of_an_order() {
        assert_eq!(OrderStatus::of(Verdict::Ok), Open);
        assert_eq!(OrderStatus::of(Verdict::Warn), Open);
        assert_eq!(OrderStatus::of(Verdict::Block), Blocked);
        let allowed = [
            (Open, Closed),
            (Open, Cancelled),
            (Blocked, Open),
            (Blocked, Closed),
            (Blocked, Cancelled),
        ];
        for (_, from) in OrderStatus::NAMES {
            for (_, into) in OrderStatus::NAMES {
                assert_eq!(
                    from.can_become(*into),
                    allowed.contains(&(*from, *into)),
                    "{from:?} to {into:?}"
                );
            }
        }
    }

    #[test]
    fn an_order_is_read_with_every_problem_named_and_written_in_one_form() {
        let document = json!({"number": "SO-1", "customer": {"external_id": "C-1"}, "currency": "EUR",
            "amount": "120.00", "placed_on": "2026-03-06"});
        let order = OrderInput::parse(&document).unwrap();
        assert_eq!(order.amount, eur(12_000));
        let again = serde_json::to_value(&order).unwrap();
        assert_eq!(OrderInput::parse(&again), Ok(order));
        let errors = OrderInput::parse(&json!({"currency": "EUR", "amount": "0", "placed_on": "soon"}));
        let pointers: Vec<String> = errors.unwrap_err().into_iter().map(|e| e.pointer).collect();
        assert_eq!(pointers, ["/number", "/customer", "/amount", "/placed_on"]);
    }

    #[test]
    fn rules_are_read_and_written_in_one_shape() {
        let read = |document: &Value| {
            let mut fields = Fields::of(document);
            let rules = Rules::read(&mut fields);
            fields.finish(|| rules)
        };
        assert_eq!(read(&json!({})), Ok(Rules::default()));
        let block = json!({"over_limit": "block"});
        assert_eq!(read(&block), Ok(BLOCK));
        assert_eq!(serde_json::to_value(BLOCK).unwrap(), block);
        assert!(read(&json!({"over_limit": "refuse"})).is_err());
    }

    proptest! {
        /// With `block`, what is owed and ordered stays within the limit however orders come, as long as they are all
        /// that happens; and money on account never makes an order worse off.
        #[test]
        fn blocked_orders_keep_the_limit(
            limit in 0i64..10_000, balance in 0i64..10_000, orders in prop::collection::vec(1i64..3_000, 0..10),
            on_account in 0i64..5_000,
        ) {
            let mut now = exposure(Some(limit), balance, 0, on_account);
            let before = now.credit().unwrap().available.unwrap();
            for order in orders {
                let verdict = now.judge(eur(order), &BLOCK).unwrap();
                let richer = Exposure { on_account: eur(on_account + 1), ..now };
                prop_assert!(verdict == Verdict::Block || richer.judge(eur(order), &BLOCK) == Ok(Verdict::Ok));
                if OrderStatus::of(verdict) == Open {
                    now.open_orders = now.open_orders.checked_add(eur(order)).unwrap();
                }
            }
            let after = now.credit().unwrap().available.unwrap();
            prop_assert!(!after.is_negative() || after == before);
        }
    }
}
