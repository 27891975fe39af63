//! Why a customer is or is not contacted now.

use receivables::dunning::{Plan, Standing, Verdict, plan, standing};
use receivables::id::CustomerId;
use serde::Serialize;
use serde_json::json;
use store::dunning::{self, Case};
use store::{rfc3339, views};
use web::{Cx, Problem, Reply, Scope};

#[derive(Serialize)]
struct Explanation {
    currency: &'static str,
    policy: PolicyUsed,
    /// Whether a message or another step is due at this moment.
    due_now: bool,
    /// Why it is or is not, in a sentence.
    why: String,
    finished: bool,
    rules: Vec<Verdict>,
    invoices: Vec<Standing>,
    next_action: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct PolicyUsed {
    name: String,
    version: u32,
    under_way: bool,
    why: String,
}

/// `GET /v1/customers/{id}/explain`: each rule that was tried, what it looked at and what it found.
pub(crate) async fn explain(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let gone = || Problem::not_found("There is no customer with that id.");
    let id = CustomerId::parse(id).map_err(|_| gone())?;
    let db = cx.db().await?;
    views::customer(&db, cx.moment(), &id).await?.ok_or_else(gone)?;
    let cases = dunning::cases(&db, cx.moment(), &id).await?;
    let accounts = cases
        .iter()
        .map(|case| explained(cx, case))
        .collect::<Result<Vec<_>, Problem>>()?;
    let at = rfc3339(cx.moment().ms())?;
    Ok(Reply::json(
        200,
        &json!({"customer_id": id, "at": at, "accounts": accounts}),
    ))
}

fn explained(cx: &Cx, case: &Case) -> Result<Explanation, Problem> {
    let (version, now) = (&case.ruling.version, cx.moment().now);
    let planned = plan(&version.policy, &case.facts, now);
    let why = planned.why();
    let Plan {
        due,
        deeds,
        next,
        finished,
        verdicts,
    } = planned;
    let next_action = match next {
        None => None,
        Some(next) => Some(
            json!({"at": rfc3339(next.at.timestamp_millis())?, "step": next.step,
            "invoices": next.invoices, "why": next.why}),
        ),
    };
    Ok(Explanation {
        currency: case.facts.currency.code(),
        policy: PolicyUsed {
            name: version.policy.name.clone(),
            version: version.version,
            under_way: case.under_way,
            why: case.ruling.why.clone(),
        },
        due_now: due.is_some() || !deeds.is_empty(),
        why,
        finished,
        rules: verdicts,
        invoices: standing(&version.policy, &case.facts, now),
        next_action,
    })
}
