//! Reference rates: what is known, and what an administrator adds.

use receivables::charges::rates::{Entry, Series};
use store::{charges, rates};
use web::{Cx, Problem, Reply, Scope};

/// `GET /v1/rates`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let known = rates::load(&cx.db().await?).await?;
    let series: Vec<_> = Series::all().map(|series| rates::view(&known, series)).collect();
    Ok(Reply::list(&series, None))
}

/// `PUT /v1/rates/{series}`: in the place of all that was added before. What waited for it is charged at once.
pub(crate) async fn replace(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Admin).await?;
    let series = Series::parse(name).ok_or_else(|| {
        let names: Vec<String> = Series::all().map(|series| series.to_string()).collect();
        Problem::not_found(format!(
            "There is no series of that name; known: {}.",
            names.join(", ")
        ))
    })?;
    let (value, _) = cx.json().await?;
    let entries = Entry::read_all(series, &value).map_err(Problem::invalid)?;
    let db = cx.db().await?;
    let view = db
        .transaction(async |tx: &store::Tx<'_>| {
            rates::replace(tx, series, &entries).await?;
            charges::unblock(tx, cx.moment(), series).await?;
            Ok::<_, Problem>(rates::view(&rates::load(tx).await?, series))
        })
        .await?;
    Ok(Reply::json(200, &view))
}
