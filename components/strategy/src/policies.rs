//! Policies: shown, changed by adding versions, and given to a customer.

use chrono::NaiveDate;
use receivables::charges::rates::Rates;
use receivables::fields::{FieldError, Fields, kinds};
use receivables::id::CustomerId;
use receivables::policy::Policy;
use serde_json::Value;
use store::policies::{self, Given};
use store::{Tx, rates, views};
use web::{Cx, Problem, Reply, Scope};

/// What a version says of itself; a policy that was read may be sent back with it.
const OF_THE_VERSION: [&str; 4] = ["id", "version", "created_at", "created_by"];

pub(crate) fn unknown() -> Problem {
    Problem::not_found("There is no policy of that name.")
}

/// `GET /v1/policies`: each as it is in force.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let policies = policies::policies(&cx.db().await?, cx.moment()).await?;
    Ok(Reply::list(&policies, None))
}

/// `GET /v1/policies/{name}?version=`: the version in force, or another.
pub(crate) async fn show(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["version"])?;
    let version = query
        .get("version")
        .map(|text| text.parse::<u32>())
        .transpose()
        .map_err(|_| Problem::bad_request("`version` is a whole number."))?;
    let policy = policies::policy(&cx.db().await?, cx.moment(), name, version).await?;
    Ok(Reply::json(200, &policy.ok_or_else(unknown)?))
}

/// `GET /v1/policies/{name}/versions`: the newest first.
pub(crate) async fn versions(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["limit"])?;
    let page = cx.page(&query)?;
    let versions = policies::versions(&cx.db().await?, name, page.limit).await?;
    match versions.is_empty() {
        true => Err(unknown()),
        false => Ok(Reply::list(&versions, None)),
    }
}

/// The charges that name a law whose reference rate is not known on the day from which the policy is in force.
fn without_rate(policy: &Policy, on: NaiveDate, rates: &Rates) -> Vec<FieldError> {
    let steps = policy.steps.iter().enumerate();
    steps
        .filter_map(|(at, step)| {
            let error = step.charge.as_ref()?.judge_rate(on, rates).err()?;
            Some(FieldError::new(
                format!("/steps/{at}/charge"),
                "no_rate",
                error.to_string(),
            ))
        })
        .collect()
}

/// `PUT /v1/policies/{name}`: adds a version, in force from `effective_on`. Cases that are under way keep theirs.
pub(crate) async fn put(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    cx.query(&[])?;
    let (mut value, _) = cx.json().await?;
    let today = cx.moment().now.date_naive();
    let mut errors = Vec::new();
    let mut effective_on = today;
    if let Value::Object(fields) = &mut value {
        for field in OF_THE_VERSION {
            fields.remove(field);
        }
        if let Some(given) = fields.remove("effective_on").filter(|given| !given.is_null()) {
            match kinds::date(&given) {
                Ok(day) if day >= today => effective_on = day,
                Ok(_) => errors.push(FieldError::new(
                    "/effective_on",
                    "in_the_past",
                    "what was decided under another version stands: today or later",
                )),
                Err(problem) => errors.push(FieldError::new("/effective_on", problem.code, problem.detail)),
            }
        }
        if fields.get("name").is_some_and(|found| *found != name) {
            let detail = format!("the address names `{name}`");
            errors.push(FieldError::new("/name", "not_allowed", detail));
        }
    }
    let policy = match Policy::parse(&value) {
        Ok(policy) if errors.is_empty() => policy,
        Ok(_) => return Err(Problem::invalid(errors)),
        Err(problems) => return Err(Problem::invalid([errors, problems].concat())),
    };
    let db = cx.db().await?;
    let unrated = without_rate(&policy, effective_on, &rates::load(&db).await?);
    if !unrated.is_empty() {
        return Err(Problem::invalid(unrated));
    }
    let (added, view) = db
        .transaction(async |tx: &Tx<'_>| {
            let by = principal.id.as_str();
            let (added, version) = policies::put(tx, cx.moment(), &policy, effective_on, by).await?;
            let view = policies::policy(tx, cx.moment(), name, Some(version)).await?;
            Ok::<_, Problem>((added, view.ok_or_else(unknown)?))
        })
        .await?;
    Ok(Reply::json(if added { 201 } else { 200 }, &view))
}

struct Assignment {
    /// `None`: by pool, or the default.
    policy: Option<String>,
    move_now: bool,
}

fn assignment(value: &Value) -> Result<Assignment, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let policy = fields.optional("policy", kinds::slug);
    let move_now = fields.optional("move", kinds::boolean).unwrap_or(false);
    fields.finish(|| Some(Assignment { policy, move_now }))
}

/// `POST /v1/customers/{id}/policy`: gives a customer a policy of its own, or takes it away; `move` has cases that are
/// under way follow at once.
pub(crate) async fn assign(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let gone = || Problem::not_found("There is no customer with that id.");
    let id = CustomerId::parse(id).map_err(|_| gone())?;
    let (value, bytes) = cx.json().await?;
    let wanted = assignment(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let policy = wanted.policy.as_deref();
        match policies::give(tx, cx.moment(), &id, policy, wanted.move_now).await? {
            Given::Done => {}
            Given::NoCustomer => return Err(gone()),
            Given::NoPolicy => {
                let detail = "there is no policy of that name";
                return Err(Problem::invalid_field("/policy", "unknown_policy", detail));
            }
        }
        let view = views::customer(tx, cx.moment(), &id).await?.ok_or_else(gone)?;
        Ok(Reply::json(200, &view))
    })
    .await
}
