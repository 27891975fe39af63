//! A deployment's own words: every version of them, which are in force, and the tone in which each template speaks.
//!
//! **Shape.** Words are kept for a template, a channel, a tone and a locale ([`Key`]). A version is immutable; the newest
//! is in force, and one without blocks goes back to the shipped words. **Refuses** nothing: whether words may be sent is
//! the renderer's to say before they come here.

use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::delivery::Claimed;
use crate::error::{Result, StoreError};
use crate::instants::time_zone;
use crate::moment::Moment;
use crate::tasks::{self, NewTask};
use crate::{params, rfc3339};
use chrono::NaiveDate;
use receivables::calendar;
use receivables::channel::Channel;
use receivables::currency::Currency;
use receivables::id::{CustomerId, MessageId};
use receivables::money::Money;
use receivables::notice::About;
use receivables::task::TaskKind;
use receivables::template::Tone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Invoices that a preview lists at most.
const LISTED: u32 = 100;

statements! {
    OWN_WORDS = "SELECT json_object('template', v.template, 'channel', v.channel, 'tone', v.tone, 'locale', v.locale,
            'version', v.version, 'blocks', json(v.blocks))
        FROM template_versions v WHERE v.blocks IS NOT NULL AND NOT EXISTS (SELECT 1 FROM template_versions n
            WHERE n.template = v.template AND n.channel = v.channel AND n.tone = v.tone AND n.locale = v.locale
                AND n.version > v.version)
        ORDER BY v.template, v.channel, v.tone, v.locale";
    TONES = "SELECT json_object('template', template, 'tone', tone) FROM template_tones ORDER BY template";
    WORDS_VERSIONS = "SELECT json_object('template', template, 'channel', channel, 'tone', tone, 'locale', locale,
            'version', version, 'blocks', json(blocks), 'created_by', created_by, 'created_at', created_at)
        FROM template_versions WHERE template = ?1 AND channel = ?2 AND tone = ?3 AND locale = ?4 AND version < ?5
        ORDER BY version DESC LIMIT ?6";
    ADD_WORDS = "INSERT INTO template_versions (template, channel, tone, locale, version, blocks, created_by, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    SET_TONE = "INSERT INTO template_tones (template, tone, set_by, set_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (template) DO UPDATE SET tone = excluded.tone, set_by = excluded.set_by, set_at = excluded.set_at";
    FAILED = "INSERT INTO template_failures (template, channel, tone, locale, version, failed_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING RETURNING version";
    SITTER = "SELECT json_object('name', k.name, 'locale', k.locale, 'currency', k.currency, 'time_zone', k.time_zone,
            'contact', (SELECT t.name FROM contacts t WHERE t.customer_id = k.id AND t.role = 'billing'
                ORDER BY t.position LIMIT 1),
            'invoices', json((SELECT json_group_array(json_object('number', number, 'issue_on', issue_on,
                    'due_on', due_on, 'charge', kind <> 'invoice', 'balance_minor', balance_minor,
                    'total_minor', total_minor))
                FROM (SELECT * FROM invoices i WHERE i.customer_id = k.id AND i.currency = k.currency
                    AND i.balance_minor > 0 ORDER BY i.due_on LIMIT ?2))))
        FROM customers k WHERE k.id = ?1";
    TRY_WORDS = "INSERT INTO messages (id, customer_id, currency, policy, step, template, cycle, purpose, channel, channels,
            about, status, why, scheduled_for, attempt_at, created_at)
        SELECT ?1, k.id, k.currency, 'test', 'test:' || ?3, ?3, ?1, 'internal', 'email', '[\"email\"]', ?4, 'queued',
            ?5, ?6, ?6, ?6
        FROM customers k WHERE k.id = ?2 RETURNING id";
}

/// Sources by the names of the blocks that they replace.
pub type Blocks = BTreeMap<String, String>;

/// Own words that could not be rendered for a message; the shipped ones took their place.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The words.
    pub key: Key,
    /// Which version of them.
    pub version: u32,
    /// Why.
    pub why: String,
}

/// What words are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The template's name.
    pub template: String,
    /// The channel.
    pub channel: Channel,
    /// The tone.
    pub tone: Tone,
    /// A language, or one of the renderer's locales.
    pub locale: String,
}

/// Words that are in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// The template's name.
    #[serde(skip_serializing)]
    pub template: String,
    /// The channel.
    pub channel: Channel,
    /// The tone.
    pub tone: Tone,
    /// The locale.
    pub locale: String,
    /// Which version.
    pub version: u32,
    /// The words.
    #[serde(skip_serializing)]
    pub blocks: Blocks,
}

impl Words {
    /// What they are for.
    pub fn key(&self) -> Key {
        Key {
            template: self.template.clone(),
            channel: self.channel,
            tone: self.tone,
            locale: self.locale.clone(),
        }
    }
}

/// Everything that is laid over the shipped words.
#[derive(Debug, Clone, Default)]
pub struct InForce {
    /// The words.
    pub versions: Vec<Words>,
    /// The tone of each template that speaks in another than the neutral one.
    pub tones: BTreeMap<String, Tone>,
}

#[derive(Deserialize)]
struct ToneRow {
    template: String,
    tone: Tone,
}

/// What is in force now.
pub async fn in_force(db: &Db) -> Result<InForce> {
    let tones: Vec<ToneRow> = db.list(TONES, params![]).await?;
    Ok(InForce {
        versions: db.list(OWN_WORDS, params![]).await?,
        tones: tones.into_iter().map(|row| (row.template, row.tone)).collect(),
    })
}

/// Has a person look at own words that could not be rendered for this message, where that version has not failed before;
/// whether it is the first time.
pub async fn failed(tx: &Tx<'_>, moment: Moment, message: &Claimed, failure: &Failure) -> Result<bool> {
    let Failure { key, version, why } = failure;
    let parameters = params![
        key.template.as_str(),
        key.channel.as_str(),
        key.tone.as_str(),
        key.locale.as_str(),
        *version,
        moment.ms()
    ];
    if tx.row(FAILED, parameters).await?.is_none() {
        return Ok(false);
    }
    let words = format!(
        "{} ({}, {}, {}), version {version}",
        key.template,
        key.channel.as_str(),
        key.tone.as_str(),
        key.locale
    );
    let task = NewTask {
        customer: message.customer.clone(),
        currency: Some(message.currency),
        kind: TaskKind::Review,
        title: format!("Words that cannot be rendered: {}", key.template),
        detail: Some(format!(
            "{words}: {why}. The shipped words are sent instead, first in message {}. Said once for this version.",
            message.id
        )),
        due_on: message.today,
        step: None,
        cycle: None,
        assignee: None,
    };
    tasks::open(tx, moment, &[task]).await?;
    Ok(true)
}

/// One version of words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionView {
    /// The template's name.
    pub template: String,
    /// The channel.
    pub channel: Channel,
    /// The tone.
    pub tone: Tone,
    /// The locale.
    pub locale: String,
    /// Which, from 1.
    pub version: u32,
    /// The words; `null` where it went back to the shipped ones.
    pub blocks: Option<Blocks>,
    /// Whose key wrote it.
    pub created_by: String,
    /// RFC 3339, UTC.
    pub created_at: String,
}

#[derive(Deserialize)]
struct VersionRow {
    template: String,
    channel: Channel,
    tone: Tone,
    locale: String,
    version: u32,
    blocks: Option<Blocks>,
    created_by: String,
    created_at: i64,
}

impl VersionRow {
    fn view(self) -> Result<VersionView> {
        Ok(VersionView {
            template: self.template,
            channel: self.channel,
            tone: self.tone,
            locale: self.locale,
            version: self.version,
            blocks: self.blocks,
            created_by: self.created_by,
            created_at: rfc3339(self.created_at)?,
        })
    }
}

/// At most `limit` versions before `before`, the newest first; `before` is none for all.
pub async fn versions(db: &Db, key: &Key, before: Option<u32>, limit: u32) -> Result<Vec<VersionView>> {
    let rows: Vec<VersionRow> = db
        .list(
            WORDS_VERSIONS,
            params![
                key.template.as_str(),
                key.channel.as_str(),
                key.tone.as_str(),
                key.locale.as_str(),
                before.map_or(i64::MAX, i64::from),
                limit
            ],
        )
        .await?;
    rows.into_iter().map(VersionRow::view).collect()
}

/// One version by its number; none of 0, which is the shipped words.
pub async fn version(db: &Db, key: &Key, number: u32) -> Result<Option<VersionView>> {
    let before = number.saturating_add(1);
    let found = versions(db, key, Some(before), 1).await?.into_iter().next();
    Ok(found.filter(|version| version.version == number))
}

/// The newest version, which is in force.
pub async fn newest(db: &Db, key: &Key) -> Result<Option<VersionView>> {
    Ok(versions(db, key, None, 1).await?.into_iter().next())
}

/// What became of a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is in force.
    Added(VersionView),
    /// It says what the newest says.
    Same(VersionView),
    /// Somebody else was first: the newest has this number.
    Stale(u32),
}

/// Adds a version; `None` for the shipped words. `base`: the number that the newest must have, 0 where there is none.
pub async fn put(
    tx: &Tx<'_>,
    moment: Moment,
    key: &Key,
    base: Option<u32>,
    blocks: Option<&Blocks>,
    by: &str,
) -> Result<Put> {
    let newest = newest(tx, key).await?;
    let number = newest.as_ref().map_or(0, |version| version.version);
    if base.is_some_and(|base| base != number) {
        return Ok(Put::Stale(number));
    }
    if let Some(version) = newest.filter(|version| version.blocks.as_ref() == blocks) {
        return Ok(Put::Same(version));
    }
    let blocks = blocks.map(serde_json::to_string).transpose()?;
    tx.run(
        ADD_WORDS,
        params![
            key.template.as_str(),
            key.channel.as_str(),
            key.tone.as_str(),
            key.locale.as_str(),
            number.saturating_add(1),
            blocks.as_deref(),
            by,
            moment.ms()
        ],
    )
    .await?;
    let added = self::newest(tx, key).await?;
    let lost = || StoreError::Decode("a version that was just added".to_owned());
    added.map(Put::Added).ok_or_else(lost)
}

/// Has a template speak in a tone.
pub async fn set_tone(tx: &Tx<'_>, moment: Moment, template: &str, tone: Tone, by: &str) -> Result<()> {
    tx.run(SET_TONE, params![template, tone.as_str(), by, moment.ms()])
        .await
}

/// The customer that a preview is for.
#[derive(Debug, Clone)]
pub struct Sitter {
    /// The account's name.
    pub name: String,
    /// Its locale.
    pub locale: String,
    /// Its currency.
    pub currency: Currency,
    /// The first billing contact.
    pub contact: Option<String>,
    /// Its civil day.
    pub today: NaiveDate,
    /// What is open in its currency, by due date; at most a hundred.
    pub invoices: Vec<Open>,
}

/// An open invoice of a preview.
#[derive(Debug, Clone)]
pub struct Open {
    /// Its number.
    pub number: String,
    /// Issued.
    pub issue_on: NaiveDate,
    /// Due.
    pub due_on: NaiveDate,
    /// Whether it is a fee or interest.
    pub charge: bool,
    /// What is open.
    pub balance: Money,
    /// What it was issued for.
    pub total: Money,
}

#[derive(Deserialize)]
struct SitterRow {
    name: String,
    locale: String,
    currency: Currency,
    time_zone: String,
    contact: Option<String>,
    invoices: Vec<OpenRow>,
}

#[derive(Deserialize)]
struct OpenRow {
    number: String,
    issue_on: NaiveDate,
    due_on: NaiveDate,
    charge: i64,
    balance_minor: i64,
    total_minor: i64,
}

/// A customer to preview words for, with what it owes now.
pub async fn sitter(db: &Db, moment: Moment, customer: &CustomerId) -> Result<Option<Sitter>> {
    let row: Option<SitterRow> = db.find(SITTER, params![customer.as_str(), LISTED]).await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let money = |minor| Money::new(minor, row.currency);
    let open = |invoice: OpenRow| Open {
        number: invoice.number,
        issue_on: invoice.issue_on,
        due_on: invoice.due_on,
        charge: invoice.charge != 0,
        balance: money(invoice.balance_minor),
        total: money(invoice.total_minor),
    };
    Ok(Some(Sitter {
        today: calendar::day_of(moment.now, time_zone(&row.time_zone)?),
        invoices: row.invoices.into_iter().map(open).collect(),
        name: row.name,
        locale: row.locale,
        currency: row.currency,
        contact: row.contact,
    }))
}

/// Queues words as they were written, to an address of our own side. It is a message of the purpose `internal`: no step
/// is taken with it, no pause counts from it, the customer gets nothing. `None`: there is no such customer.
pub async fn send_test(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    template: &str,
    words: &About,
    by: &str,
) -> Result<Option<MessageId>> {
    let id = moment.id(MessageId::from_parts)?;
    let why = format!("key {by} tries the words of {template}");
    let queued = tx
        .row(
            TRY_WORDS,
            params![
                id.as_str(),
                customer.as_str(),
                template,
                serde_json::to_string(words)?,
                why.as_str(),
                moment.ms()
            ],
        )
        .await?;
    if queued.is_none() {
        return Ok(None);
    }
    let activity = Activity {
        customer_id: customer.clone(),
        kind: "template_tried",
        title: format!("Words of {template} were tried"),
        detail: "A message went to our own side; the customer gets nothing.".to_owned(),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    Ok(Some(id))
}
