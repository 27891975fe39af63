//! Which policy a customer is under: its own, that of the first pool it belongs to, or the default.
//!
//! Shape: a [`Pool`] is a rule over what is known of an account; an account belongs to it where every condition
//! that the rule names holds. Pools are tried in the order in which they are given. A pool without conditions
//! is refused: it would hide all that follow, and the default besides.
//!
//! Source: Dunlin's own; pools of customers are how Dynamics 365 assigns collections strategies.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Policy;
use crate::country::Country;
use crate::currency::Currency;
use crate::fields::{self, FieldError, Fields, kinds};
use crate::intake::CustomerKind;
use crate::limits;
use crate::money::Money;
use crate::risk::Band;

/// A set of accounts that share a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// The name of the policy.
    pub policy: String,
    /// Who belongs to it.
    pub rule: PoolRule,
}

/// Who belongs to a pool. What is empty is no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PoolRule {
    /// One of these countries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub country: Vec<Country>,
    /// One of these kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kind: Vec<CustomerKind>,
    /// One of these risk bands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub risk: Vec<Band>,
    /// All of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What the account owes in one of these currencies, in minor units: at least the first, less than the second.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", serialize_with = "ranges")]
    pub balance: BTreeMap<Currency, (i64, Option<i64>)>,
}

/// What is known of an account in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The policy that the customer names for itself.
    pub own: Option<String>,
    /// Its country.
    pub country: Country,
    /// Its kind.
    pub kind: CustomerKind,
    /// Its risk band, once it was scored.
    pub risk: Option<Band>,
    /// Its tags.
    pub tags: Vec<String>,
    /// What it owes.
    pub balance: Money,
}

/// The policy an account is under, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assigned {
    /// The name of the policy.
    pub policy: String,
    /// Why this one, in a sentence.
    pub why: String,
}

impl Account {
    /// The policy that the account is under: its own, that of the first pool it belongs to, or the default.
    /// `known` tells whether there is a policy of a name: one that is gone is passed over, and that is said.
    pub fn assign(&self, pools: &[Pool], known: impl Fn(&str) -> bool) -> Assigned {
        let mut gone = String::new();
        if let Some(own) = &self.own {
            if known(own) {
                return Assigned {
                    policy: own.clone(),
                    why: "the customer names it".to_owned(),
                };
            }
            gone = format!("; the customer names {own}, which does not exist");
        }
        let pool = pools
            .iter()
            .find(|pool| pool.rule.holds(self) && known(&pool.policy));
        match pool {
            Some(pool) => Assigned {
                policy: pool.policy.clone(),
                why: format!("the customer belongs to the pool {}{gone}", pool.name),
            },
            None => Assigned {
                policy: Policy::STANDARD.to_owned(),
                why: format!("it is the default{gone}"),
            },
        }
    }
}

impl PoolRule {
    /// Whether an account meets every condition.
    pub fn holds(&self, account: &Account) -> bool {
        let among = |range: &(i64, Option<i64>)| {
            let owed = account.balance.minor();
            owed >= range.0 && range.1.is_none_or(|below| owed < below)
        };
        (self.country.is_empty() || self.country.contains(&account.country))
            && (self.kind.is_empty() || self.kind.contains(&account.kind))
            && (self.risk.is_empty() || account.risk.is_some_and(|risk| self.risk.contains(&risk)))
            && self.tags.iter().all(|tag| account.tags.contains(tag))
            && (self.balance.is_empty() || self.balance.get(&account.balance.currency()).is_some_and(among))
    }
}

impl Pool {
    /// Reads pools, in their order; every problem at once. `{"pools": [{"name", "policy", "rule": {...}}]}`
    pub fn parse_all(value: &Value) -> Result<Vec<Pool>, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        if !fields.has("pools") {
            fields.report(
                "pools",
                "required",
                "`pools` is required; an empty list takes all away",
            );
        }
        let pools = fields.objects("pools", limits::POOLS, Pool::read);
        for (at, pool) in pools.iter().enumerate() {
            if pools.iter().take(at).any(|earlier| earlier.name == pool.name) {
                let detail = format!("there is a pool `{}` already", pool.name);
                fields.report(&format!("pools/{at}/name"), "duplicate", detail);
            }
        }
        fields.finish(|| Some(pools))
    }

    fn read(fields: &mut Fields<'_>) -> Option<Pool> {
        let name = fields.required("name", kinds::slug);
        let policy = fields.required("policy", kinds::slug);
        let rule = fields.object("rule", PoolRule::read);
        Some(Pool {
            name: name?,
            policy: policy?,
            rule: rule?,
        })
    }
}

impl PoolRule {
    fn read(fields: &mut Fields<'_>) -> Option<PoolRule> {
        let rule = PoolRule {
            country: fields.values("country", limits::POOL_VALUES, kinds::country),
            kind: fields.values(
                "kind",
                CustomerKind::NAMES.len(),
                kinds::one_of(CustomerKind::NAMES),
            ),
            risk: fields.values("risk", Band::NAMES.len(), kinds::one_of(Band::NAMES)),
            tags: fields.values("tags", limits::TAGS, kinds::slug),
            balance: balances(fields),
        };
        if fields.problems() == 0 && rule == PoolRule::default() {
            let detail = "a rule names at least one of country, kind, risk, tags, balance";
            fields.report("", "required", detail);
        }
        Some(rule)
    }
}

/// `{"EUR": {"min": "1000.00", "below": "5000.00"}}`
fn balances(fields: &mut Fields<'_>) -> BTreeMap<Currency, (i64, Option<i64>)> {
    let mut ranges = BTreeMap::new();
    for (code, value) in fields.entries("balance") {
        let place = format!("balance/{}", fields::token(code));
        let currency = match Currency::parse(code) {
            Ok(currency) => currency,
            Err(error) => {
                fields.report(&place, error.code(), error.to_string());
                continue;
            }
        };
        let mut range = Fields::of(value);
        let min = range
            .optional("min", kinds::money_in(currency))
            .map(|money| money.minor());
        let below = range
            .optional("below", kinds::money_in(currency))
            .map(|money| money.minor());
        if !range.has("min") && !range.has("below") {
            range.report("", "required", "a range has `min` or `below` or both");
        }
        if below.is_some_and(|below| below <= min.unwrap_or(0)) {
            range.report("below", "out_of_range", "`below` lies above `min`");
        }
        match range.finish(|| Some((min.unwrap_or(0), below))) {
            Ok(range) => drop(ranges.insert(currency, range)),
            Err(problems) => {
                for problem in problems {
                    let code = match problem.code {
                        std::borrow::Cow::Borrowed(code) => code,
                        std::borrow::Cow::Owned(_) => "invalid",
                    };
                    fields.report(&format!("{place}{}", problem.pointer), code, problem.detail);
                }
            }
        }
    }
    ranges
}

fn ranges<S: Serializer>(
    ranges: &BTreeMap<Currency, (i64, Option<i64>)>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(ranges.iter().map(|(currency, (min, below))| {
        let amount = |minor: i64| Money::new(minor, *currency).amount();
        let mut range = BTreeMap::from([("min", amount(*min))]);
        range.extend(below.map(|below| ("below", amount(below))));
        (currency, range)
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn account() -> Account {
        Account {
            own: None,
            country: Country::parse("DE").unwrap(),
            kind: CustomerKind::Business,
            risk: Some(Band::High),
            tags: vec!["vip".to_owned(), "retail".to_owned()],
            balance: Money::new(100_000, Currency::parse("EUR").unwrap()),
        }
    }

    fn pools(rules: &[Value]) -> Vec<Pool> {
        let pools: Vec<Value> = rules
            .iter()
            .enumerate()
            .map(|(at, rule)| json!({"name": format!("p{at}"), "policy": format!("for-p{at}"), "rule": rule}))
            .collect();
        Pool::parse_all(&json!({"pools": pools})).unwrap()
    }

    #[test]
    fn an_account_belongs_where_every_condition_holds() {
        let cases = [
            (json!({"country": ["FR", "DE"]}), true),
            (json!({"country": ["FR"]}), false),
            (json!({"kind": ["business"]}), true),
            (json!({"kind": ["consumer"]}), false),
            (json!({"risk": ["high", "critical"]}), true),
            (json!({"risk": ["low"]}), false),
            (json!({"tags": ["vip"]}), true),
            (json!({"tags": ["vip", "public"]}), false),
            (json!({"balance": {"EUR": {"min": "1000.00"}}}), true),
            (json!({"balance": {"EUR": {"min": "1000.01"}}}), false),
            (json!({"balance": {"EUR": {"below": "1000.00"}}}), false),
            (json!({"balance": {"EUR": {"below": "1000.01"}}}), true),
            (json!({"balance": {"USD": {"min": "1.00"}}}), false),
            (json!({"country": ["DE"], "kind": ["consumer"]}), false),
        ];
        for (rule, expected) in cases {
            assert_eq!(
                pools(std::slice::from_ref(&rule))[0].rule.holds(&account()),
                expected,
                "{rule}"
            );
        }
    }

    #[test]
    fn the_customers_own_comes_first_then_the_first_pool_then_the_default() {
        let pools = pools(&[
            json!({"kind": ["consumer"]}),
            json!({"tags": ["vip"]}),
            json!({"country": ["DE"]}),
        ]);
        let own = Account {
            own: Some("mine".to_owned()),
            ..account()
        };
        let stranger = Account {
            country: Country::parse("SE").unwrap(),
            tags: Vec::new(),
            ..account()
        };
        let all = |_: &str| true;
        assert_eq!(own.assign(&pools, all).policy, "mine");
        assert_eq!(account().assign(&pools, all).policy, "for-p1");
        assert_eq!(stranger.assign(&pools, all).policy, Policy::STANDARD);
        let gone = own.assign(&pools, |name| name != "mine" && name != "for-p1");
        assert_eq!(
            (gone.policy.as_str(), gone.why.as_str()),
            (
                "for-p2",
                "the customer belongs to the pool p2; the customer names mine, which does not exist"
            )
        );
    }

    #[test]
    fn every_problem_of_pools_is_named() {
        let value = json!({"pools": [
            {"name": "a", "policy": "p", "rule": {}},
            {"name": "a", "policy": "p", "rule": {"country": ["XX"], "balance": {"EUR": {"min": "5", "below": "5"}}}},
            {"name": "b", "rule": {"balance": {"EUR": {}, "QQQ": {}}}},
        ]});
        let problems: Vec<(String, String)> = Pool::parse_all(&value)
            .unwrap_err()
            .into_iter()
            .map(|e| (e.pointer, e.code.into_owned()))
            .collect();
        let expected = [
            ("/pools/0/rule", "required"),
            ("/pools/1/rule/country/0", "unknown_country"),
            ("/pools/1/rule/balance/EUR/below", "out_of_range"),
            ("/pools/2/policy", "required"),
            ("/pools/2/rule/balance/EUR", "required"),
            ("/pools/2/rule/balance/QQQ", "unknown_currency"),
        ];
        assert_eq!(problems, expected.map(|(p, c)| (p.to_owned(), c.to_owned())));
    }

    #[test]
    fn pools_read_back() {
        let rule = json!({"country": ["DE"], "kind": ["business"], "risk": ["high"], "tags": ["vip"],
            "balance": {"EUR": {"below": "50.00", "min": "10.00"}}});
        let read = pools(std::slice::from_ref(&rule));
        assert_eq!(serde_json::to_value(&read[0].rule).unwrap(), rule);
    }
}
