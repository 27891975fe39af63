//! What a policy would do between two days, and how another differs: on the ledger as it stands, writing nothing.

mod figures;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use receivables::fields::{FieldError, Fields, kinds};
use receivables::id::CustomerId;
use receivables::policy::Policy;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::dunning::{self, Case};
use store::policies;
use store::{Db, rfc3339};
use web::{Cx, Problem, Reply, Scope, limits};

use crate::policies::unknown;
use figures::{Entry, Totals, happenings};

/// From when to when: `?from=&to=`, both days included, in UTC. Without them: from now, for 30 days.
struct Stretch {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Stretch {
    fn read(cx: &Cx, query: &BTreeMap<String, String>) -> Result<Stretch, Problem> {
        let now = cx.moment().now;
        let day = |name: &str| {
            let day = query.get(name).map(|text| kinds::date_in(text)).transpose();
            day.map_err(|problem| Problem::bad_request(format!("`{name}`: {}.", problem.detail)))
        };
        let today = now.date_naive();
        let from = day("from")?.unwrap_or(today);
        if from < today {
            let detail = "`from` lies in the past: what would have been sent then cannot be told from what is known now.";
            return Err(Problem::bad_request(detail));
        }
        let standard = from
            .checked_add_days(Days::new(limits::PREVIEW_DAYS_DEFAULT))
            .unwrap_or(from);
        let to = day("to")?.unwrap_or(standard);
        if to < from {
            return Err(Problem::bad_request("`to` lies before `from`."));
        }
        if to.signed_duration_since(from).num_days() > limits::PREVIEW_DAYS {
            let detail = format!("a preview covers {} days at most.", limits::PREVIEW_DAYS);
            return Err(Problem::bad_request(detail));
        }
        let start = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        Ok(Stretch {
            from: now.max(start(from)),
            to: start(to.checked_add_days(Days::new(1)).unwrap_or(to)),
        })
    }
}

/// The cases to look at: of one customer, or a page of the ledger.
async fn cases(
    cx: &Cx,
    db: &Db,
    query: &BTreeMap<String, String>,
    limit: u32,
) -> Result<(Vec<Case>, Option<String>), Problem> {
    if let Some(customer) = query.get("customer") {
        let customer = CustomerId::parse(customer)
            .map_err(|error| Problem::bad_request(format!("`customer`: {error}.")))?;
        return Ok((dunning::cases(db, cx.moment(), &customer).await?, None));
    }
    let after = match query.get("after") {
        None => ("", ""),
        Some(cursor) => cursor
            .split_once(':')
            .ok_or_else(|| Problem::bad_request("`after` is a cursor that a page before ended with."))?,
    };
    let mut cases = dunning::page(db, cx.moment(), after, limit.saturating_add(1)).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    if cases.len() <= wanted {
        return Ok((cases, None));
    }
    cases.truncate(wanted);
    let cursor = cases
        .last()
        .map(|case| format!("{}:{}", case.facts.customer, case.facts.currency));
    Ok((cases, cursor))
}

/// `POST /v1/policies/{name}/preview?from=&to=&customer=`: with the version of each case, or with the draft in the body.
pub(crate) async fn preview(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["from", "to", "customer", "limit", "after"])?;
    let (stretch, page) = (Stretch::read(cx, &query)?, cx.page(&query)?);
    let draft = other(cx, "policy", false).await?;
    let db = cx.db().await?;
    if !policies::exists(&db, name).await? {
        return Err(unknown());
    }
    let draft = match draft {
        None => None,
        Some(Other::Draft(policy)) => Some(*policy),
        Some(Other::Named(_)) => {
            return Err(Problem::invalid_field(
                "/policy",
                "wrong_type",
                "an object is wanted here",
            ));
        }
    };
    let (cases, next) = cases(cx, &db, &query, page.limit).await?;
    let (mut data, mut totals) = (Vec::new(), Totals::default());
    for case in cases
        .iter()
        .filter(|case| case.ruling.version.policy.name == name)
    {
        let policy = draft.as_ref().unwrap_or(&case.ruling.version.policy);
        data.extend(happenings(&db, policy, case, &stretch, &mut totals).await?);
    }
    data.sort_by(|a, b| (&a.at, &a.customer_id).cmp(&(&b.at, &b.customer_id)));
    Ok(Reply::json(
        200,
        &json!({"policy": name, "draft": draft.is_some(), "from": rfc3339(stretch.from.timestamp_millis())?,
            "to": rfc3339(stretch.to.timestamp_millis())?, "totals": totals, "data": data, "next": next}),
    ))
}

/// The other policy of a comparison, or a draft.
enum Other {
    Named(String),
    Draft(Box<Policy>),
}

/// Reads `{"<field>": "name" | {policy}}`.
async fn other(cx: &Cx, field: &'static str, required: bool) -> Result<Option<Other>, Problem> {
    let bytes = cx.bytes(limits::BODY).await?;
    if bytes.is_empty() && !required {
        return Ok(None);
    }
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::bad_request(format!("The body is no JSON: {error}.")))?;
    let mut fields = Fields::of(&value);
    let other = match value.get(field) {
        Some(Value::Object(_)) => {
            let draft = value.get(field).map(Policy::parse);
            fields.optional(field, |_| Ok(()));
            match draft {
                Some(Ok(policy)) => Some(Other::Draft(Box::new(policy))),
                Some(Err(problems)) => return Err(Problem::invalid(below(field, problems))),
                None => None,
            }
        }
        _ if required => fields.required(field, kinds::slug).map(Other::Named),
        _ => fields.optional(field, kinds::slug).map(Other::Named),
    };
    fields.finish(|| Some(other)).map_err(Problem::invalid)
}

fn below(field: &str, problems: Vec<FieldError>) -> Vec<FieldError> {
    problems
        .into_iter()
        .map(|problem| FieldError {
            pointer: format!("/{field}{}", problem.pointer),
            ..problem
        })
        .collect()
}

/// `POST /v1/policies/{name}/compare?from=&to=` `{"with": "other" | {policy}}`: what each would do to the cases that the
/// first decides about, if all of them began under it now.
pub(crate) async fn compare(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["from", "to", "customer", "limit", "after"])?;
    let (stretch, page) = (Stretch::read(cx, &query)?, cx.page(&query)?);
    let with = other(cx, "with", true).await?;
    let db = cx.db().await?;
    let mine = policies::policy(&db, cx.moment(), name, None)
        .await?
        .ok_or_else(unknown)?
        .policy;
    let theirs = match with {
        Some(Other::Draft(policy)) => *policy,
        Some(Other::Named(with)) => {
            let missing =
                || Problem::invalid_field("/with", "unknown_policy", "there is no policy of that name");
            policies::policy(&db, cx.moment(), &with, None)
                .await?
                .ok_or_else(missing)?
                .policy
        }
        None => return Err(Problem::invalid_field("/with", "required", "`with` is required")),
    };
    let (cases, next) = cases(cx, &db, &query, page.limit).await?;
    let (mut here, mut there, mut changed) = (Totals::default(), Totals::default(), Vec::new());
    for case in cases
        .iter()
        .filter(|case| case.ruling.version.policy.name == name)
    {
        let mut steps = Vec::new();
        for (policy, totals) in [(&mine, &mut here), (&theirs, &mut there)] {
            steps.push(happenings(&db, policy, case, &stretch, totals).await?);
        }
        let shape = |entries: &[Entry]| -> Vec<(String, String)> {
            entries
                .iter()
                .map(|entry| (entry.at.clone(), entry.step.clone()))
                .collect()
        };
        if let [before, after] = steps.as_slice()
            && shape(before) != shape(after)
        {
            changed.push(
                json!({"customer_id": case.facts.customer, "currency": case.facts.currency,
                "policy": before, "with": after}),
            );
        }
    }
    Ok(Reply::json(
        200,
        &json!({"from": rfc3339(stretch.from.timestamp_millis())?, "to": rfc3339(stretch.to.timestamp_millis())?,
            "policy": {"name": mine.name, "totals": here}, "with": {"name": theirs.name, "totals": there},
            "data": changed, "next": next}),
    ))
}
