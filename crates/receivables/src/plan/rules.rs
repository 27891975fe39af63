//! What a policy says about plans, and which of them somebody else has to agree to.
//!
//! Source: Dunlin's own.

use serde::Serialize;

use super::{Kind, Plan};
use crate::amounts::Amounts;
use crate::fields::{Fields, kinds};
use crate::limits;
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
    /// Debts above which a plan needs approval. Empty: none does. Where there is an amount for some currencies and not for
    /// a plan's own, the plan needs one.
    #[serde(skip_serializing_if = "Amounts::is_empty")]
    pub approval_above: Amounts,
}

impl Default for Rules {
    /// A year in twelve parts, three days of grace, no approval but for settlements.
    fn default() -> Rules {
        Rules {
            max_instalments: 12,
            max_days: 366,
            grace_days: 3,
            approval_above: Amounts::default(),
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
        let approval_above = Amounts::read_limits(fields, "approval_above");
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

/// Why a plan has to be approved before it is active; `None` where it need not be.
pub fn needs_approval(rules: &Rules, plan: &Plan) -> Option<String> {
    let debt = plan.debt;
    if plan.kind() == Kind::Settlement {
        return Some(format!("a settlement gives up {} of {debt}", plan.discount));
    }
    if rules.approval_above.is_empty() {
        return None;
    }
    match rules.approval_above.get(debt.currency()) {
        Some(limit) if debt.minor() <= limit.minor() => None,
        Some(limit) => Some(format!("a plan over {debt} is above the policy's {limit}")),
        None => Some(format!(
            "the policy has no limit for plans in {}",
            debt.currency()
        )),
    }
}
