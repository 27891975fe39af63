//! The rules, what is set, and what they say of one customer.

use crate::{customer_id, no_customer};
use chrono::SecondsFormat;
use receivables::channel::Channel;
use receivables::law::regime;
use receivables::law::{Address, Holder, Settings, Verdict, places, rules};
use receivables::template::Purpose;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use store::{Tx, law};
use web::{Cx, Problem, Reply, Scope};

fn rule_book(settings: &Settings) -> Value {
    json!({"settings": settings, "rules": rules::ALL, "regimes": regime::table(settings)})
}

/// `GET /v1/contact-rules`: every rule with its citation, what is set, and which hours follow for whom.
pub(crate) async fn show(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let settings = law::settings(&cx.db().await?).await?;
    Ok(Reply::json(200, &rule_book(&settings)))
}

/// `PUT /v1/contact-rules`: what the creditor is and has chosen, in the place of what was set before.
pub(crate) async fn set(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    let (value, _) = cx.json().await?;
    let settings = Settings::parse(&value).map_err(Problem::invalid)?;
    let db = cx.db().await?;
    db.transaction(async |tx: &Tx<'_>| law::put_settings(tx, cx.moment(), &settings, &principal.id).await)
        .await?;
    Ok(Reply::json(200, &rule_book(&settings)))
}

/// The word of a table that a parameter has to be.
fn word<T: Copy>(
    query: &BTreeMap<String, String>,
    name: &str,
    table: &[(&'static str, T)],
) -> Result<T, Problem> {
    let given = query.get(name).map(String::as_str).unwrap_or_default();
    let found = table.iter().find(|(word, _)| *word == given);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
        Problem::bad_request(format!("`{name}` is one of {}.", words.join(", ")))
    })
}

/// `GET /v1/customers/{id}/may-contact?channel=&purpose=&address=&by=`. It only answers: what is on the timeline is
/// who was contacted, and whom a message or a call was not let through to.
pub(crate) async fn may_contact(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["channel", "purpose", "address", "by"])?;
    let id = customer_id(id)?;
    let channel = word(&query, "channel", Channel::NAMES)?;
    let purpose = word(&query, "purpose", Purpose::NAMES)?;
    let by_person = match query.contains_key("by") {
        true => word(&query, "by", &[("person", true), ("machine", false)])?,
        false => false,
    };
    let db = cx.db().await?;
    let known = law::of(&db, cx.moment(), &BTreeSet::from([id.clone()])).await?;
    let (mut party, history) = known.into_values().next().ok_or_else(no_customer)?;
    party.by_person = by_person;
    if let Some(address) = query.get("address") {
        let holder = law::holder(&db, &id, address).await?;
        party.to = Some(Address {
            text: address.clone(),
            holder: holder.unwrap_or(Holder::Other),
        });
    }
    let verdict = receivables::law::may_contact(&party, channel, purpose, &history, cx.moment().now);
    let (answer, until, rule) = match verdict {
        Verdict::Allow => ("allow", None, None),
        Verdict::Defer { until, rule } => ("defer", Some(until), Some(rule)),
        Verdict::Deny { rule } => ("deny", None, Some(rule)),
    };
    let until = until.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    Ok(Reply::json(
        200,
        &json!({
            "customer_id": id, "channel": channel, "purpose": purpose, "verdict": answer, "until": until, "rule": rule,
            "regime": regime::of(&party.settings, party.kind, party.country), "time_zones": places::zones(&party),
        }),
    ))
}
