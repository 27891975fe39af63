//! What a policy says about plans, and which of them somebody else has to agree to.
//!
//! Source: Dunlin's own.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Kind, Plan};
use crate::currency::Currency;
use crate::fields::{self, Fields, kinds};
use crate::limits;
use crate::money::Money;
use crate::promise::grace_days;

/// What a policy says about plans. In JSON
/// `{"max_instalments": 12, "max_days": 365, "grace_days": 3, "approval_above": {"EUR": "1000.00"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// How many instalments a plan may have.
    pub max_instalments: usize,
    /// How many days ahead the last of them may lie.
    pub max_days: u32,
    /// Days after an instalment's due date on which it is still in time.
    pub grace_days: u32,
    /// Debts, in minor units, above which a plan needs approval. Empty: none does. Where there is an amount for some
    /// currencies and not for a plan's own, the plan needs one.
    #[serde(serialize_with = "amounts", skip_serializing_if = "BTreeMap::is_empty")]
    pub approval_above: BTreeMap<Currency, i64>,
}

impl Default for Rules {
    /// A year in twelve parts, three days of grace, no approval but for settlements.
    fn default() -> Rules {
        Rules {
            max_instalments: 12,
            max_days: 366,
            grace_days: 3,
            approval_above: BTreeMap::new(),
        }
    }
}

impl Rules {
    /// Reads the inside of a policy's `plans`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Rules> {
        let standard = Rules::default();
        let most = i64::try_from(limits::PLAN_INSTALMENTS).unwrap_or(i64::MAX);
        let max_instalments = fields.optional("max_instalments", kinds::integer(1..=most));
        let max_days = fields.optional("max_days", kinds::integer(limits::PLAN_DAYS));
        let grace_days = grace_days(fields);
        let approval_above = approval_above(fields);
        Some(Rules {
            max_instalments: max_instalments
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(standard.max_instalments),
            max_days: max_days
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(standard.max_days),
            grace_days: grace_days.unwrap_or(standard.grace_days),
            approval_above,
        })
    }
}

fn approval_above(reader: &mut Fields<'_>) -> BTreeMap<Currency, i64> {
    let mut amounts = BTreeMap::new();
    for (code, value) in reader.entries("approval_above") {
        let place = format!("approval_above/{}", fields::token(code));
        let read = Currency::parse(code)
            .map_err(Into::into)
            .and_then(|currency| kinds::money_in(currency)(value));
        match read {
            Ok(money) if money.is_negative() => {
                reader.report(&place, "out_of_range", "a limit is zero or more");
            }
            Ok(money) => drop(amounts.insert(money.currency(), money.minor())),
            Err(problem) => reader.report(&place, problem.code, problem.detail),
        }
    }
    amounts
}

fn amounts<S: Serializer>(amounts: &BTreeMap<Currency, i64>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(amounts.len()))?;
    for (currency, minor) in amounts {
        map.serialize_entry(currency, &Money::new(*minor, *currency).amount())?;
    }
    map.end()
}

/// Why a plan has to be approved before it is active; `None` where it need not be.
pub fn needs_approval(rules: &Rules, plan: &Plan) -> Option<String> {
    let debt = plan.debt;
    if plan.kind() == Kind::Settlement {
        return Some(format!("a settlement gives up {} of {debt}", plan.discount));
    }
    if rules.approval_above.is_empty() {
        return None;
    }
    match rules.approval_above.get(&debt.currency()) {
        Some(limit) if debt.minor() <= *limit => None,
        Some(limit) => {
            let limit = Money::new(*limit, debt.currency());
            Some(format!("a plan over {debt} is above the policy's {limit}"))
        }
        None => Some(format!(
            "the policy has no limit for plans in {}",
            debt.currency()
        )),
    }
}
