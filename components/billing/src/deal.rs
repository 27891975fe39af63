//! One event: read, fetched where it only names its object, given its effect in one transaction.

use crate::fetch::{self, Fetched};
use chrono::{DateTime, Utc};
use formats::billing::{Kind, Reading, Wanted, quickbooks, stripe, xero};
use receivables::billing::{Assumed, Said};
use receivables::country::Country;
use receivables::fields::FieldError;
use receivables::intake::CustomerKind;
use serde_json::Value;
use store::billing::{self, Applied, generic};
use store::inbound::{self, DueEvent, Effect, Stored, Worth};
use store::{Db, Tx};
use web::{Cx, Problem};

/// Who tells us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Generic,
    Stripe,
    Xero,
    QuickBooks,
}

const SOURCES: &[(&str, Source)] = &[
    (generic::SOURCE, Source::Generic),
    ("stripe-billing", Source::Stripe),
    ("xero", Source::Xero),
    ("quickbooks", Source::QuickBooks),
];

impl Source {
    /// Its name on record.
    pub(crate) fn name(self) -> &'static str {
        let found = SOURCES.iter().find(|(_, source)| *source == self);
        found.map_or("", |(name, _)| name)
    }

    /// The source of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let found = SOURCES.iter().find(|(known, _)| *known == name);
        found.map(|(_, source)| *source)
    }
}

/// What became of an event.
#[derive(Debug, Clone)]
pub(crate) enum Dealt {
    /// It had its effect, or cannot have it.
    Done(Effect),
    /// Its source did not answer as it should, and is to be left alone in this run; the event is tried again.
    Trouble,
    /// Its source wants to be left alone until then; the event waits.
    Paused(DateTime<Utc>, String),
}

impl Dealt {
    /// Its name in the answer to the sender.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Done(effect) => effect.name(),
            Self::Trouble | Self::Paused(..) => "received",
        }
    }
}

/// Gives an event its effect. An error is ours: the event stays due.
pub(crate) async fn event(cx: &Cx, db: &Db, event: &DueEvent) -> Result<Dealt, Problem> {
    let Some(source) = Source::parse(&event.source) else {
        return finish(
            cx,
            db,
            event,
            &failed("no events of that source are taken"),
            Worth::Nothing,
        )
        .await;
    };
    if source == Source::Generic {
        return db
            .transaction(async |tx: &Tx<'_>| {
                let applied = generic::receive(tx, cx.moment(), &event.body).await?;
                settle(cx, tx, event, applied).await
            })
            .await;
    }
    let assumed = assumed(cx).await?;
    let value: Value = serde_json::from_str(&event.body).unwrap_or_default();
    let reading = match source {
        Source::Stripe => stripe::event(&value, assumed),
        Source::Xero => xero::event(&value),
        Source::QuickBooks | Source::Generic => quickbooks::event(&value),
    };
    let mut also = Vec::new();
    let reading = match reading {
        Ok(Reading::Fetch(wanted)) => match fetched(cx, db, source, &wanted, assumed).await? {
            Got::Reading(reading, more) => {
                also = more;
                reading
            }
            Got::Refused(why) => return finish(cx, db, event, &failed(&why), Worth::Trying).await,
            Got::Down(why) => {
                finish(cx, db, event, &failed(&why), Worth::Trying).await?;
                return Ok(Dealt::Trouble);
            }
            Got::Paused(until, why) => return Ok(Dealt::Paused(until, why)),
        },
        other => other,
    };
    match reading {
        Ok(Reading::Said(said)) => apply(cx, db, source, event, &said, &also).await,
        Ok(Reading::Nothing(why)) => finish(cx, db, event, &Effect::Ignored(why), Worth::Nothing).await,
        // A document that wants another document to be fetched is none that a reader makes.
        Ok(Reading::Fetch(_)) => Err(Problem::internal("a document that is to be fetched again")),
        Err(problems) => finish(cx, db, event, &failed(&in_words(&problems)), Worth::Nothing).await,
    }
}

async fn apply(
    cx: &Cx,
    db: &Db,
    source: Source,
    event: &DueEvent,
    said: &Said,
    also: &[Stored],
) -> Result<Dealt, Problem> {
    db.transaction(async |tx: &Tx<'_>| {
        let applied = billing::apply(tx, cx.moment(), source.name(), said).await?;
        let mut also: Vec<Stored> = also.to_vec();
        also.extend(needed(event, &applied.effect));
        let also: Vec<&Stored> = also.iter().collect();
        if !also.is_empty() {
            inbound::renew(tx, cx.moment(), source.name(), &also).await?;
        }
        // Other sources' events may wait for the invoice by its number, this one's by its id.
        generic::resume(tx, cx.moment(), applied.brought.clone()).await?;
        settle(cx, tx, event, applied).await
    })
    .await
}

/// The invoice that a payment waits for, as an event: nobody may ever tell of it.
fn needed(event: &DueEvent, effect: &Effect) -> Option<Stored> {
    let Effect::Waiting { for_, .. } = effect else {
        return None;
    };
    let id = billing::awaited_invoice(for_)?;
    let value: Value = serde_json::from_str(&event.body).ok()?;
    let account = value.get("realmId").or_else(|| value.get("intuitaccountid"))?;
    let event = serde_json::json!({"name": "Invoice", "operation": "Create", "id": id, "realmId": account});
    Some(Stored {
        id: format!("needed_Invoice_{id}"),
        body: event.to_string(),
    })
}

async fn settle(cx: &Cx, tx: &Tx<'_>, event: &DueEvent, applied: Applied) -> Result<Dealt, Problem> {
    inbound::settle(
        tx,
        cx.moment(),
        event,
        &applied.effect,
        applied.worth,
        applied.customer.as_ref(),
    )
    .await?;
    Ok(Dealt::Done(applied.effect))
}

async fn finish(cx: &Cx, db: &Db, event: &DueEvent, effect: &Effect, worth: Worth) -> Result<Dealt, Problem> {
    db.transaction(async |tx: &Tx<'_>| {
        inbound::settle(tx, cx.moment(), event, effect, worth, None).await?;
        Ok::<_, Problem>(Dealt::Done(effect.clone()))
    })
    .await
}

/// What a notification's object came to.
enum Got {
    /// The object, and events for what it names.
    Reading(Result<Reading, Vec<FieldError>>, Vec<Stored>),
    /// It could not be had, and why.
    Refused(String),
    /// Its source does not answer as it should, and why.
    Down(String),
    /// Not before then.
    Paused(DateTime<Utc>, String),
}

async fn fetched(
    cx: &Cx,
    db: &Db,
    source: Source,
    wanted: &Wanted,
    assumed: Assumed,
) -> Result<Got, Problem> {
    let variable = match source {
        Source::Xero => "xero_tenant",
        _ => "quickbooks_realm",
    };
    let ours = cx.setting(variable).await?;
    if ours.as_ref().is_some_and(|ours| *ours != wanted.account) {
        let why = format!("it is of another organisation than `{variable}`");
        return Ok(Got::Reading(Ok(Reading::Nothing(why)), Vec::new()));
    }
    if let Some(at) = wanted.gone_at {
        return Ok(Got::Reading(
            Ok(quickbooks::gone(wanted.kind, &wanted.id, at)),
            Vec::new(),
        ));
    }
    let answer = match source {
        Source::Xero => fetch::xero::get(cx, db, wanted).await?,
        _ => fetch::quickbooks::get(cx, db, wanted).await?,
    };
    let answer = match answer {
        Fetched::Here(answer) => answer,
        Fetched::Refused(why) => return Ok(Got::Refused(why)),
        Fetched::Down(why) => return Ok(Got::Down(why)),
        Fetched::Paused(until, why) => return Ok(Got::Paused(until, why)),
    };
    let realm = wanted.account.as_str();
    let reading = match (source, wanted.kind) {
        (Source::Xero, Kind::Invoice) => xero::invoice(&answer, assumed),
        (Source::Xero, Kind::Customer) => xero::contact_answer(&answer, None, assumed),
        (Source::Xero, _) => xero::credit_note(&answer, assumed),
        (_, Kind::Invoice) => quickbooks::invoice(&answer, realm, assumed),
        (_, Kind::Customer) => quickbooks::customer_answer(&answer, realm, None, assumed),
        (_, Kind::Payment) => quickbooks::payment(&answer, realm),
        (_, Kind::CreditNote) => quickbooks::credit_note(&answer, realm, assumed),
    };
    let also = match source {
        Source::Xero => xero::credit_notes_of(&answer, realm),
        _ => Vec::new(),
    };
    let stored = |(id, event): (String, Value)| Stored {
        id,
        body: event.to_string(),
    };
    Ok(Got::Reading(reading, also.into_iter().map(stored).collect()))
}

/// What is assumed of customers whose system does not say it.
async fn assumed(cx: &Cx) -> Result<Assumed, Problem> {
    let wrong = |name: &str, value: &str| Problem::internal(format!("variable {name}: {value:?} is none"));
    let country = match cx.setting("billing_country").await? {
        None => None,
        Some(code) => Some(Country::parse(&code).ok_or_else(|| wrong("billing_country", &code))?),
    };
    let kind = cx.required_setting("billing_customer_kind").await?;
    let kind = CustomerKind::parse(&kind).ok_or_else(|| wrong("billing_customer_kind", &kind))?;
    Ok(Assumed { country, kind })
}

fn failed(why: &str) -> Effect {
    Effect::Failed(why.to_owned())
}

fn in_words(problems: &[FieldError]) -> String {
    let each = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.pointer, problem.detail));
    each.collect::<Vec<_>>().join("; ")
}
