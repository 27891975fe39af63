//! What policies are assigned by, and the days on which they rest: pools, and days of rest that no law names.

use receivables::country::Country;
use receivables::fields::{FieldError, Fields, kinds};
use receivables::limits;
use receivables::policy::assign::Pool;
use serde_json::{Value, json};
use store::policies::{self, RestDay};
use store::{Db, Tx};
use web::{Cx, Problem, Reply, Scope};

async fn shown(db: &Db) -> Result<Reply, Problem> {
    Ok(Reply::json(200, &json!({"pools": policies::pools(db).await?})))
}

/// `GET /v1/pools`: in the order in which they are tried.
pub(crate) async fn pools(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    shown(&cx.db().await?).await
}

/// `PUT /v1/pools`: replaces them all. Cases that are under way keep their policy.
pub(crate) async fn put_pools(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Admin).await?;
    cx.query(&[])?;
    let (value, _) = cx.json().await?;
    let pools = Pool::parse_all(&value).map_err(Problem::invalid)?;
    let db = cx.db().await?;
    db.transaction(async |tx: &Tx<'_>| {
        let known = policies::policies(tx, cx.moment()).await?;
        let mut errors = Vec::new();
        for (at, pool) in pools.iter().enumerate() {
            if !known.iter().any(|known| known.policy.name == pool.policy) {
                let detail = format!("there is no policy `{}`", pool.policy);
                errors.push(FieldError::new(
                    format!("/pools/{at}/policy"),
                    "unknown_policy",
                    detail,
                ));
            }
        }
        match errors.is_empty() {
            true => Ok(policies::put_pools(tx, cx.moment(), &pools).await?),
            false => Err(Problem::invalid(errors)),
        }
    })
    .await?;
    shown(&db).await
}

fn country(code: &str) -> Result<Country, Problem> {
    Country::parse(code).ok_or_else(|| Problem::not_found("There is no country with that code."))
}

fn read(country: Country, value: &Value) -> Result<Vec<RestDay>, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    if !fields.has("days") {
        fields.report(
            "days",
            "required",
            "`days` is required; an empty list takes all away",
        );
    }
    let days = fields.objects("days", limits::REST_DAYS, |day| {
        let on = day.required("on", kinds::date);
        let name = day.required("name", kinds::text(limits::NAME));
        let region = day.optional("region", kinds::text(limits::NAME));
        Some(RestDay {
            country,
            region: region.unwrap_or_default(),
            on: on?,
            name: name?,
        })
    });
    for (at, day) in days.iter().enumerate() {
        let same = |earlier: &RestDay| earlier.on == day.on && earlier.region == day.region;
        if days.iter().take(at).any(same) {
            fields.report(
                &format!("days/{at}/on"),
                "duplicate",
                "this day is listed already",
            );
        }
    }
    fields.finish(|| Some(days))
}

/// `GET /v1/rest-days/{country}`: those that were added to what the law says.
pub(crate) async fn rest_days(cx: &Cx, code: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let days = policies::rest_days(&cx.db().await?, country(code)?).await?;
    Ok(Reply::json(200, &json!({"days": days})))
}

/// `PUT /v1/rest-days/{country}`: replaces those that were added.
pub(crate) async fn put_rest_days(cx: &Cx, code: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Admin).await?;
    cx.query(&[])?;
    let country = country(code)?;
    let (value, _) = cx.json().await?;
    let days = read(country, &value).map_err(Problem::invalid)?;
    let db = cx.db().await?;
    db.transaction(async |tx: &Tx<'_>| policies::put_rest_days(tx, cx.moment(), country, &days).await)
        .await?;
    let days = policies::rest_days(&db, country).await?;
    Ok(Reply::json(200, &json!({"days": days})))
}
