//! A charge on its way into the ledger: what it comes to, the receivable that it becomes, what is told of it.

use super::{Facts, failed};
use crate::activities::Activity;
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::events::{self, Event};
use crate::moment::Moment;
use crate::params;
use crate::postings::{self, Posting};
use chrono::NaiveDate;
use receivables::charges::interest::{Accrued, Correction};
use receivables::charges::rates::{Rates, Series};
use receivables::charges::statutory::{Claim, profile_of};
use receivables::charges::{Charge, ChargeError};
use receivables::id::{CustomerId, InvoiceId, MessageId};
use receivables::money::Money;
use receivables::receivable::ReceivableKind;
use serde::Serialize;
use serde_json::{Value, json};

statements! {
    RECEIVABLES = "INSERT INTO invoices (id, customer_id, number, numbering, issue_on, due_on, due_source, currency,
            total_minor, content, created_at, kind, charged_on)
        SELECT j.value->>'id', j.value->>'customer', j.value->>'number', 'charges', j.value->>'value_on',
            j.value->>'value_on', 'invoice', j.value->>'currency', j.value->>'amount_minor',
            json_object('lines', json_array(json_object('description', j.value->>'how'))), ?1, j.value->>'kind',
            j.value->>'charged_on' FROM json_each(?2) AS j";
}

/// A charge on its way into the tables.
#[derive(Serialize)]
pub(super) struct Draft<'a> {
    pub(super) id: InvoiceId,
    pub(super) customer: &'a CustomerId,
    pub(super) charged_on: &'a InvoiceId,
    /// The number of the invoice it is charged on.
    #[serde(skip)]
    pub(super) on_number: &'a str,
    pub(super) number: String,
    pub(super) kind: ReceivableKind,
    pub(super) step: &'a str,
    pub(super) cycle: &'a str,
    pub(super) message: Option<&'a MessageId>,
    pub(super) status: &'static str,
    pub(super) currency: &'static str,
    #[serde(skip)]
    pub(super) amount: Option<Money>,
    pub(super) amount_minor: Option<i64>,
    pub(super) value_on: NaiveDate,
    pub(super) how: String,
    pub(super) detail: Value,
    pub(super) rule: Option<Value>,
    pub(super) series: Option<Series>,
    pub(super) missing_from: Option<NaiveDate>,
    pub(super) missing_to: Option<NaiveDate>,
}

/// What interest comes to, or that a rate is missing for it.
pub(super) enum Outcome {
    Due(Money, String, Value),
    Nothing,
    Missing(ChargeError),
}

impl Draft<'_> {
    /// What the systems outside are told.
    fn posted(&self) -> Event {
        let about = json!({"charge": self.id, "number": self.number, "invoice": self.charged_on, "kind": self.kind,
            "amount": self.amount, "charged_for": self.value_on});
        Event::new("charge.posted", self.customer, about)
    }

    /// Keeps it without an amount until the rate is known.
    pub(super) fn block(&mut self, error: &ChargeError) {
        if let ChargeError::NoRate { series, from, to } = error {
            self.status = "blocked";
            (self.series, self.missing_from, self.missing_to) = (Some(*series), Some(*from), Some(*to));
        }
    }
}

/// A charge with the law that is meant for this debtor, so that it means the same when it is read again.
pub(super) fn settled(charge: &Charge, on: &Facts) -> Charge {
    match charge {
        Charge::Statutory { profile } => Charge::Statutory {
            profile: Some(profile_of(on.country, *profile)),
        },
        Charge::Interest(terms) => Charge::Interest(terms.clone()),
    }
}

/// The interest that a charge brings where so much has been charged before.
pub(super) fn accrued(
    charge: &Charge,
    on: &Facts,
    charged: Money,
    day: NaiveDate,
    rates: &Rates,
) -> Result<Outcome> {
    let claim = match charge.claim(&on.debt(), day, rates) {
        Ok(claim) => claim,
        Err(error @ ChargeError::NoRate { .. }) => return Ok(Outcome::Missing(error)),
        Err(error) => return Err(failed(error)),
    };
    let Some(interest) = &claim.interest else {
        return Ok(Outcome::Nothing);
    };
    Ok(match interest.against(charged)? {
        Correction::Post(amount) => {
            let how = how(interest, charged, day);
            Outcome::Due(amount, how, detail(&claim, charged)?)
        }
        Correction::Reverse(_) | Correction::Nothing => Outcome::Nothing,
    })
}

fn how(interest: &Accrued, charged: Money, day: NaiveDate) -> String {
    let earned = interest.earned.in_words();
    match charged.is_zero() {
        true => format!("{earned} accrued by {day}"),
        false => format!(
            "{earned} accrued by {day}, less {} charged before",
            charged.in_words()
        ),
    }
}

/// Periods that a charge keeps: those of daily compounding over years would outgrow everything else there is.
const PERIODS: usize = 400;

fn detail(claim: &Claim, charged: Money) -> Result<Value> {
    let mut detail = serde_json::to_value(claim)?;
    if let Some(periods) = detail
        .pointer_mut("/interest/periods")
        .and_then(Value::as_array_mut)
    {
        let surplus = periods.len().saturating_sub(PERIODS);
        periods.drain(..surplus);
    }
    if let Some(members) = detail.as_object_mut() {
        members.remove("compensation");
        members.insert("charged_before".to_owned(), serde_json::to_value(charged)?);
    }
    Ok(detail)
}

/// Makes receivables of those drafts that have an amount, with their postings, and tells of all.
pub(super) async fn book(
    tx: &Tx<'_>,
    moment: Moment,
    drafts: &[Draft<'_>],
    log: &mut Vec<Activity>,
) -> Result<()> {
    let due: Vec<&Draft<'_>> = drafts.iter().filter(|draft| draft.amount.is_some()).collect();
    if !due.is_empty() {
        tx.run(RECEIVABLES, params![moment.ms(), serde_json::to_string(&due)?])
            .await?;
    }
    let entries: Vec<Posting> = due
        .iter()
        .filter_map(|draft| {
            Some(Posting {
                customer: draft.customer.clone(),
                invoice: Some(draft.id.clone()),
                kind: postings::Kind::Charge,
                amount: draft.amount?,
                value_on: draft.value_on,
                source_id: draft.id.to_string(),
            })
        })
        .collect();
    postings::post(tx, moment, &entries).await?;
    let events: Vec<Event> = due.iter().map(|draft| draft.posted()).collect();
    events::record(tx, moment, &events).await?;
    log.extend(drafts.iter().map(told));
    Ok(())
}

fn told(draft: &Draft<'_>) -> Activity {
    let name = match draft.kind {
        ReceivableKind::Invoice | ReceivableKind::Fee => "Fee",
        ReceivableKind::Interest => "Interest",
        ReceivableKind::Compensation => "Compensation",
    };
    let (kind, title) = match draft.amount {
        Some(amount) => (
            "charge_posted",
            format!("{name} of {} charged", amount.in_words()),
        ),
        None => ("charge_blocked", format!("{name} waits for a rate")),
    };
    Activity {
        customer_id: draft.customer.clone(),
        kind,
        title,
        detail: format!(
            "{} on {}, step {}: {}.",
            draft.number, draft.on_number, draft.step, draft.how
        ),
        refers_to: Some(draft.charged_on.to_string()),
    }
}
