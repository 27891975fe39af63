//! Words: shown, changed by adding versions, taken back.

use crate::asked;
use receivables::fields::{FieldError, Fields, kinds};
use receivables::template::{TEMPLATES, Template, Tone};
use render::{Language, shipped_blocks};
use serde_json::{Value, json};
use store::Tx;
use store::templates::{self, Blocks, InForce, Key, Put, VersionView};
use web::{Cx, Problem, Reply, Scope};

/// `GET /v1/templates`: each, with the words of its own that it has.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let in_force = templates::in_force(&cx.db().await?).await?;
    let all: Vec<Value> = TEMPLATES
        .iter()
        .map(|template| listed(template, &in_force))
        .collect();
    Ok(Reply::list(&all, None))
}

fn listed(template: &Template, in_force: &InForce) -> Value {
    let own: Vec<_> = in_force
        .versions
        .iter()
        .filter(|words| words.template == template.name)
        .collect();
    let tone = in_force.tones.get(template.name).copied().unwrap_or_default();
    json!({"name": template.name, "purpose": template.purpose, "of_policy": template.of_policy, "tone": tone, "own": own})
}

/// `GET /v1/templates/{name}?channel=&locale=&tone=`: the words as they are in force: one's own over the shipped ones.
pub(crate) async fn show(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["channel", "locale", "tone"])?;
    let template = asked::template(name)?;
    let key = asked::key_in(&query, name)?;
    let newest = templates::newest(&cx.db().await?, &key).await?;
    Ok(Reply::json(200, &shown(template, &key, newest)?))
}

fn shown(template: &Template, key: &Key, newest: Option<VersionView>) -> Result<Value, Problem> {
    let shipped = shipped_blocks(template.name, key.channel, Language::of(&key.locale));
    let shipped = shipped.ok_or_else(|| Problem::internal(format!("no words of {}", template.name)))?;
    let version = newest.as_ref().map_or(0, |version| version.version);
    let own = newest.and_then(|version| version.blocks);
    let mut blocks = shipped.clone();
    blocks.extend(own.clone().unwrap_or_default());
    Ok(
        json!({"name": template.name, "purpose": template.purpose, "channel": key.channel, "locale": key.locale,
        "tone": key.tone, "version": version, "blocks": blocks, "own": own, "shipped": shipped}),
    )
}

/// `GET /v1/templates/{name}/versions?channel=&locale=&tone=`: the newest first.
pub(crate) async fn versions(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["channel", "locale", "tone", "limit", "after"])?;
    asked::template(name)?;
    let (key, page) = (asked::key_in(&query, name)?, cx.page(&query)?);
    let after = page.after.as_deref().map(str::parse::<u32>).transpose();
    let after =
        after.map_err(|_| Problem::bad_request("`after` is a cursor that a page before ended with."))?;
    let mut rows = templates::versions(&cx.db().await?, &key, after, page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.version.to_string());
    Ok(Reply::list(&rows, next))
}

struct New {
    key: Key,
    blocks: Blocks,
    base: Option<u32>,
}

fn base(fields: &mut Fields<'_>) -> Option<u32> {
    let base = fields.optional("base_version", kinds::integer(0..=i64::from(u32::MAX)));
    base.and_then(|base| u32::try_from(base).ok())
}

fn new(value: &Value, name: &str) -> Result<New, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let key = asked::key(&mut fields, name);
    let base = base(&mut fields);
    if !fields.has("blocks") {
        fields.report("blocks", "required", "`blocks` is required");
    }
    let blocks = asked::blocks(&mut fields);
    fields.finish(|| {
        Some(New {
            key: key?,
            blocks,
            base,
        })
    })
}

/// `PUT /v1/templates/{name}`: adds a version of one's own words, in force at once. Words that may not be sent are refused.
pub(crate) async fn put(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    cx.query(&[])?;
    asked::template(name)?;
    let (value, _) = cx.json().await?;
    let new = new(&value, name).map_err(Problem::invalid)?;
    let report = asked::looked_at(&new.key, &new.blocks)?;
    let (status, version) = add(cx, &new.key, new.base, Some(&new.blocks), &principal.id).await?;
    let reply = Reply::json(status, &version);
    reply
        .with_member("findings", &report.findings)?
        .with_member("sms", &report.sms)
}

async fn add(
    cx: &Cx,
    key: &Key,
    base: Option<u32>,
    blocks: Option<&Blocks>,
    by: &str,
) -> Result<(u16, VersionView), Problem> {
    let db = cx.db().await?;
    let put = db
        .transaction(async |tx: &Tx<'_>| {
            Ok::<_, Problem>(templates::put(tx, cx.moment(), key, base, blocks, by).await?)
        })
        .await?;
    match put {
        Put::Added(version) => Ok((201, version)),
        Put::Same(version) => Ok((200, version)),
        Put::Stale(newest) => Err(Problem::conflict(
            "stale",
            format!("Somebody else was first: the newest version is {newest}."),
        )),
    }
}

fn back(value: &Value, name: &str) -> Result<(Key, u32), Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let key = asked::key(&mut fields, name);
    let version = fields.required("version", kinds::integer(0..=i64::from(u32::MAX)));
    fields.finish(|| Some((key?, u32::try_from(version?).ok()?)))
}

/// `POST /v1/templates/{name}/revert`: adds a version that says what an older one said; 0 is the shipped words.
pub(crate) async fn revert(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    asked::template(name)?;
    let (value, bytes) = cx.json().await?;
    let (key, number) = back(&value, name).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let older = templates::version(tx, &key, number).await?;
        if number > 0 && older.is_none() {
            let detail = "there is no version of that number";
            return Err(Problem::invalid_field("/version", "unknown_version", detail));
        }
        let blocks = older.and_then(|version| version.blocks);
        match templates::put(tx, cx.moment(), &key, None, blocks.as_ref(), &principal.id).await? {
            Put::Added(version) => Ok(Reply::json(201, &version)),
            Put::Same(version) => Ok(Reply::json(200, &version)),
            Put::Stale(_) => Err(Problem::internal("no base was asked for")),
        }
    })
    .await
}

fn wanted(value: &Value) -> Result<Tone, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let tone = fields.required("tone", kinds::one_of(Tone::NAMES));
    fields.finish(|| tone)
}

/// `PUT /v1/templates/{name}/tone`: the tone in which it speaks from now on.
pub(crate) async fn tone(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    cx.query(&[])?;
    let template = asked::template(name)?;
    let (value, _) = cx.json().await?;
    let tone = wanted(&value).map_err(Problem::invalid)?;
    let db = cx.db().await?;
    let in_force = db
        .transaction(async |tx: &Tx<'_>| {
            templates::set_tone(tx, cx.moment(), name, tone, &principal.id).await?;
            Ok::<_, Problem>(templates::in_force(tx).await?)
        })
        .await?;
    Ok(Reply::json(200, &listed(template, &in_force)))
}
