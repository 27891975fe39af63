//! A policy's rules for money: in which order it goes, and what small differences are let go.
//!
//! Shape, under the policy's key `cash`: `{"order": "due_date", "under": {"amount": {"EUR": "1.00"}, "percent": "0.5"},
//! "over": {"amount": {"EUR": "1.00"}, "keep": "write_off"}, "bank_charge": {"EUR": "15.00"},
//! "discount_grace_days": 0}`. Everything may be left out, and then nothing is let go.
//!
//! Source: see [`Order`] for the orders; Dunlin's own rule for what is small.

use serde::Serialize;

use crate::amounts::Amounts;
use crate::currency::Currency;
use crate::fields::{Fields, kinds};
use crate::limits;
use crate::money::{Money, MoneyError};
use crate::percent::Percent;
use crate::receivable::ReceivableKind;

/// What comes first where the payer does not say. What the payer says always goes before: § 366(1) BGB, article
/// 1342-10 of the Code civil, section 59 of the Indian Contract Act 1872, and in England the debtor's right to
/// appropriate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The longest due, whatever it is: § 366(2) BGB, section 61 of the Indian Contract Act 1872.
    #[default]
    DueDate,
    /// Costs (fees, compensation), then interest, then invoices: § 367(1) BGB; interest and costs before principal:
    /// article 1194 of the Codice civile; interest before principal: article 1343-1 of the Code civil.
    ChargesFirst,
    /// Invoices, then interest, then costs: the reverse, where the creditor agrees to it, so that interest stops
    /// growing first.
    PrincipalFirst,
    /// Nothing but what the payer says; the rest stays on account until a person decides. Dunlin's own.
    Remittance,
}

const ORDERS: &[(&str, Order)] = &[
    ("due_date", Order::DueDate),
    ("charges_first", Order::ChargesFirst),
    ("principal_first", Order::PrincipalFirst),
    ("remittance", Order::Remittance),
];

impl Order {
    /// Where a receivable stands: the lower, the sooner it is paid.
    pub(super) fn rank(self, kind: ReceivableKind) -> u8 {
        match (self, kind) {
            (Order::DueDate | Order::Remittance, _) => 0,
            (_, ReceivableKind::Interest) => 1,
            (Order::ChargesFirst, ReceivableKind::Invoice) => 2,
            (Order::ChargesFirst, _) => 0,
            (Order::PrincipalFirst, ReceivableKind::Invoice) => 0,
            (Order::PrincipalFirst, _) => 2,
        }
    }
}

/// How much of a difference is small: up to an amount, up to a share of what was owed; where both are given, up to
/// the smaller, as accounting systems have it. Dunlin's own in this: where amounts are given and the currency is
/// not among them, nothing is small.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tolerance {
    /// By currency.
    #[serde(skip_serializing_if = "Amounts::is_empty")]
    pub amount: Amounts,
    /// Of what was owed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<Percent>,
}

impl Tolerance {
    fn read(fields: &mut Fields<'_>) -> Option<Tolerance> {
        Some(Tolerance {
            amount: Amounts::read_limits(fields, "amount"),
            percent: fields.optional("percent", Percent::read),
        })
    }

    /// The largest difference that is small where `owed` was owed; nothing where the tolerance says nothing.
    pub fn limit(&self, owed: Money) -> Result<Money, MoneyError> {
        let share = self.percent.map(|percent| percent.at_most_of(owed)).transpose()?;
        match (self.amount.is_empty(), share) {
            (true, share) => Ok(share.unwrap_or(Money::zero(owed.currency()))),
            (false, None) => Ok(self.absolute(owed.currency())),
            (false, Some(share)) => self.absolute(owed.currency()).checked_min(share),
        }
    }

    fn absolute(&self, currency: Currency) -> Money {
        self.amount.get(currency).unwrap_or(Money::zero(currency))
    }
}

/// What becomes of a small over-payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// It stays the customer's, on account.
    #[default]
    OnAccount,
    /// It is posted as a gain.
    WriteOff,
}

const KEEPS: &[(&str, Keep)] = &[("on_account", Keep::OnAccount), ("write_off", Keep::WriteOff)];

/// How small an over-payment is small, and what becomes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Over {
    /// Up to how much, of what the payment settles.
    #[serde(flatten)]
    pub tolerance: Tolerance,
    /// What becomes of it.
    pub keep: Keep,
}

/// The policy's rules for money. The default lets nothing go and pays the longest due first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// What comes first where the payer does not say.
    pub order: Order,
    /// How small an under-payment is small.
    pub under: Tolerance,
    /// How small an over-payment is small.
    pub over: Over,
    /// By currency: how much banks between payer and payee may have kept of a transfer.
    #[serde(skip_serializing_if = "Amounts::is_empty")]
    pub bank_charge: Amounts,
    /// Days by which a payment may be late for its early-payment discount.
    pub discount_grace_days: u32,
}

impl Rules {
    /// Reads the inside of `cash`; every problem is noted.
    pub fn read(fields: &mut Fields<'_>) -> Option<Rules> {
        let order = fields.optional("order", kinds::one_of(ORDERS));
        let under = fields.optional_object("under", Tolerance::read);
        let over = fields.optional_object("over", |over| {
            let keep = over.optional("keep", kinds::one_of(KEEPS)).unwrap_or_default();
            let tolerance = Tolerance::read(over)?;
            Some(Over { tolerance, keep })
        });
        let bank_charge = Amounts::read_limits(fields, "bank_charge");
        let grace = fields.optional(
            "discount_grace_days",
            kinds::integer(0..=limits::DISCOUNT_GRACE_DAYS),
        );
        Some(Rules {
            order: order.unwrap_or_default(),
            under: under.unwrap_or_default(),
            over: over.unwrap_or_default(),
            bank_charge,
            discount_grace_days: grace.and_then(|days| u32::try_from(days).ok()).unwrap_or(0),
        })
    }

    /// What banks may have kept of a transfer, as a tolerance.
    pub(crate) fn bank_charges(&self) -> Tolerance {
        Tolerance {
            amount: self.bank_charge.clone(),
            percent: None,
        }
    }
}

/// Whether money that came by `method` went from bank to bank, each of which may keep a charge of it: only then it
/// can arrive short through nobody's fault. A card or a direct debit arrives as it was asked for.
pub fn goes_through_banks(method: &str) -> bool {
    TRANSFERS.contains(&method)
}

const TRANSFERS: &[&str] = &[
    "bank_transfer",
    "credit_transfer",
    "sepa_credit_transfer",
    "swift",
    "transfer",
    "wire",
    "wire_transfer",
];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(document: &Value) -> Result<Rules, Vec<crate::fields::FieldError>> {
        let mut fields = Fields::of(document);
        let rules = Rules::read(&mut fields);
        fields.finish(|| rules)
    }

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, Currency::parse(code).unwrap())
    }

    #[test]
    fn rules_are_written_as_they_are_read_and_nothing_is_let_go_by_default() {
        let document = json!({"order": "charges_first", "under": {"amount": {"EUR": "1.00", "JPY": "100"}, "percent": "0.5"},
            "over": {"amount": {"EUR": "2.00"}, "keep": "write_off"}, "bank_charge": {"USD": "15.00"},
            "discount_grace_days": 3});
        assert_eq!(serde_json::to_value(read(&document).unwrap()).unwrap(), document);
        assert_eq!(read(&json!({})), Ok(Rules::default()));
        let written = serde_json::to_value(Rules::default()).unwrap();
        assert_eq!(read(&written), Ok(Rules::default()), "{written}");
    }

    #[test]
    fn every_problem_is_named() {
        let document = json!({"order": "alphabetical", "under": {"amount": {"EUR": "-1.00", "XX": "1"}, "percent": "101"},
            "over": {"keep": "mine", "tip": 1}, "bank_charge": {"JPY": "1.5"}, "discount_grace_days": 32});
        let expected = [
            ("/order", "unknown_value"),
            ("/under/amount/EUR", "out_of_range"),
            ("/under/amount/XX", "unknown_currency"),
            ("/under/percent", "out_of_range"),
            ("/over/keep", "unknown_value"),
            ("/over/tip", "unknown_field"),
            ("/bank_charge/JPY", "amount_too_many_digits"),
            ("/discount_grace_days", "out_of_range"),
        ];
        let found: Vec<(String, String)> = read(&document)
            .unwrap_err()
            .into_iter()
            .map(|error| (error.pointer, error.code.into_owned()))
            .collect();
        assert_eq!(found, expected.map(|(p, c)| (p.to_owned(), c.to_owned())));
    }

    #[test]
    fn of_two_limits_the_smaller_holds() {
        let both = json!({"under": {"amount": {"EUR": "1.00"}, "percent": "0.5"}});
        let amount = json!({"under": {"amount": {"EUR": "1.00"}}});
        let share = json!({"under": {"percent": "0.5"}});
        let cases = [
            (&both, money(10_000, "EUR"), 50),
            (&both, money(100_000, "EUR"), 100),
            // 0.5 % of 1.99 is 0.00995: less than a cent, so nothing.
            (&both, money(199, "EUR"), 0),
            (&both, money(100_000, "USD"), 0),
            (&amount, money(100, "EUR"), 100),
            (&amount, money(100, "USD"), 0),
            (&share, money(100_000, "USD"), 500),
            (&json!({}), money(100_000, "EUR"), 0),
        ];
        for (rules, owed, minor) in cases {
            let limit = read(rules).unwrap().under.limit(owed).unwrap();
            assert_eq!(limit, Money::new(minor, owed.currency()), "{rules} of {owed}");
        }
    }

    #[test]
    fn only_transfers_can_arrive_short() {
        assert!(goes_through_banks("bank_transfer") && goes_through_banks("wire"));
        assert!(!goes_through_banks("card") && !goes_through_banks("direct_debit"));
    }
}
