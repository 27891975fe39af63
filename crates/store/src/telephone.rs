//! Whose telephone number it is, and what its owner asks of us: fewer texts, fewer calls, an answer from a person.
//!
//! **Whoever it is.** Who wants to be left alone is, whether or not we know whose number it is. What else they say goes to
//! the timeline of everybody whose contact has the number.

use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::error::{Result, StoreError};
use crate::inbound::Effect;
use crate::moment::Moment;
use crate::params;
use crate::suppressions::{self, Evidence};
use crate::tasks::{self, NewTask};
use receivables::channel::Channel;
use receivables::id::CustomerId;
use receivables::opt_out::Meaning;
use receivables::suppression::Reason;
use receivables::task::TaskKind;

/// A telephone number as `receivables::suppression::key` has it, in SQL: `+` and digits of what `kinds::phone` lets in.
macro_rules! phone_key {
    ($column:literal) => {
        concat!(
            "replace(replace(replace(replace(replace(replace(replace(",
            $column,
            ", '(0)', ''), ' ', ''), '(', ''), ')', ''), '.', ''), '/', ''), '-', '')"
        )
    };
}
pub(crate) use phone_key;

statements! {
    CUSTOMERS = concat!("SELECT DISTINCT customer_id FROM contacts WHERE ", phone_key!("phone"), " = ?
        AND phone IS NOT NULL");
    LOCALE = concat!("SELECT k.locale FROM contacts t JOIN customers k ON k.id = t.customer_id
        WHERE ", phone_key!("t.phone"), " = ? AND t.phone IS NOT NULL ORDER BY k.id LIMIT 1");
}

/// The locale of whoever has this number, in E.164, where we know somebody.
pub async fn locale(db: &Db, number: &str) -> Result<Option<String>> {
    let row = db.row(LOCALE, params![number]).await?;
    row.map(|row| Ok(row.text(0)?.to_owned())).transpose()
}

/// The customers with a contact that has this number, in E.164.
pub async fn customers(db: &Db, number: &str) -> Result<Vec<CustomerId>> {
    let rows = db.rows(CUSTOMERS, params![number]).await?;
    rows.iter()
        .map(|row| CustomerId::parse(row.text(0)?).map_err(|error| StoreError::Decode(error.to_string())))
        .collect()
}

/// A text that came in.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// Who brought it: `twilio`, `vonage`.
    pub source: &'static str,
    /// From which number, in E.164.
    pub from: &'a str,
    /// What it says.
    pub text: &'a str,
    /// What that asks for.
    pub meaning: Meaning,
}

/// What somebody wants of a channel to their number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish<'a> {
    /// Who brought it.
    pub(crate) source: &'static str,
    /// The number, in E.164.
    pub(crate) number: &'a str,
    /// More messages, or none.
    pub(crate) given: bool,
    /// In which way it was said.
    pub(crate) how: &'static str,
    /// In their own words.
    pub(crate) words: &'a str,
}

/// Opens or closes a channel to a number, at once.
pub(crate) async fn wished(tx: &Tx<'_>, moment: Moment, channel: Channel, wish: &Wish<'_>) -> Result<()> {
    if wish.given {
        suppressions::lift_on(tx, moment, Some(channel), wish.number, moment.now, wish.source).await?;
        return Ok(());
    }
    let evidence = Evidence {
        address: wish.number,
        reason: Reason::Unsubscribe,
        source: wish.source,
        detail: &format!("{}: {}", wish.how, wish.words),
        at: moment.now,
    };
    suppressions::add_on(tx, moment, Some(channel), &evidence).await?;
    Ok(())
}

/// Puts a line on the timeline of each.
pub(crate) async fn tell(
    tx: &Tx<'_>,
    moment: Moment,
    customers: &[CustomerId],
    kind: &'static str,
    title: &str,
    detail: &str,
    refers_to: Option<String>,
) -> Result<()> {
    let lines: Vec<Activity> = customers
        .iter()
        .map(|customer| Activity {
            customer_id: customer.clone(),
            kind,
            title: title.to_owned(),
            detail: detail.to_owned(),
            refers_to: refers_to.clone(),
        })
        .collect();
    activities::record(tx, moment, &lines).await
}

/// Gives a text its effect: a channel is closed or opened at once, an activity with everybody whose number it is, and a
/// task where a person must read it.
pub async fn received(tx: &Tx<'_>, moment: Moment, text: &Text<'_>) -> Result<Effect> {
    let customers = customers(tx, text.from).await?;
    let wish = |given| Wish {
        source: text.source,
        number: text.from,
        given,
        how: "a text",
        words: text.text,
    };
    let mut done = Vec::new();
    let (kind, title, task) = match text.meaning {
        Meaning::Stop(what) => {
            for (wanted, channel) in [(what.sms, Channel::Sms), (what.voice, Channel::Voice)] {
                if wanted {
                    wished(tx, moment, channel, &wish(false)).await?;
                    done.push(format!("no more by {}", channel.as_str()));
                }
            }
            let task = what
                .person
                .then_some("A customer wants to be contacted less: is more meant than this?");
            ("contact_opted_out", "Wants no more messages", task)
        }
        Meaning::Start => {
            wished(tx, moment, Channel::Sms, &wish(true)).await?;
            done.push("texts again".to_owned());
            ("contact_opted_in", "Wants messages again", None)
        }
        Meaning::Help => ("contact_asked_for_help", "Asks who writes", None),
        Meaning::Other => (
            "message_received",
            "Answers by text",
            Some("A customer answers by text"),
        ),
    };
    let outcome = match done.is_empty() {
        true => ".".to_owned(),
        false => format!(": {}.", done.join(", ")),
    };
    let detail = format!("From {}: “{}”{outcome}", text.from, text.text);
    tell(tx, moment, &customers, kind, title, &detail, None).await?;
    for customer in customers.iter().filter(|_| task.is_some()) {
        let task = NewTask {
            customer: customer.clone(),
            currency: None,
            kind: TaskKind::Review,
            title: task.unwrap_or_default().to_owned(),
            detail: Some(detail.clone()),
            due_on: moment.now.date_naive(),
            step: None,
            cycle: None,
            assignee: None,
        };
        tasks::open_by(tx, moment, text.source, task).await?;
    }
    Ok(match (customers.is_empty(), done.is_empty()) {
        (true, true) => Effect::Ignored("nobody's number that we know".to_owned()),
        (_, false) => Effect::Processed(done.join("; ")),
        (false, true) => Effect::Processed(kind.to_owned()),
    })
}
