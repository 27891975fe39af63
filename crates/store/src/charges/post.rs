//! Charging: what the steps of a sweep ask for becomes receivables.

use super::{Facts, failed, rule};
use crate::activities::{self, Activity};
use crate::db::{Tx, statements};
use crate::dunning;
use crate::error::Result;
use crate::moment::{Mint, Moment};
use crate::params;
use crate::postings::{self, Posting};
use crate::rates;
use chrono::NaiveDate;
use receivables::calendar;
use receivables::charges::interest::{Accrued, Correction};
use receivables::charges::rates::{Rates, Series};
use receivables::charges::statutory::{Claim, profile_of};
use receivables::charges::{Basis, Charge, ChargeError, Fee, Kind};
use receivables::id::{CustomerId, InvoiceId, MessageId};
use receivables::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

statements! {
    CLAIM = "INSERT INTO charges (id, customer_id, charged_on, number, kind, step, cycle, message_id, status, currency,
            amount_minor, value_on, how, detail, rule, series, missing_from, missing_to, created_at)
        SELECT j.value->>'id', j.value->>'customer', j.value->>'charged_on', j.value->>'number', j.value->>'kind',
            j.value->>'step', j.value->>'cycle', j.value->>'message', j.value->>'status', j.value->>'currency',
            j.value->>'amount_minor', j.value->>'value_on', j.value->>'how', j.value->'detail', j.value->'rule',
            j.value->>'series', j.value->>'missing_from', j.value->>'missing_to', ?1
        FROM json_each(?2) AS j WHERE true ON CONFLICT DO NOTHING RETURNING id";
    RECEIVABLES = "INSERT INTO invoices (id, customer_id, number, numbering, issue_on, due_on, due_source, currency,
            total_minor, content, created_at, kind, charged_on)
        SELECT j.value->>'id', j.value->>'customer', j.value->>'number', 'charges', j.value->>'value_on',
            j.value->>'value_on', 'invoice', j.value->>'currency', j.value->>'amount_minor',
            json_object('lines', json_array(json_object('description', j.value->>'how'))), ?1, j.value->>'kind',
            j.value->>'charged_on' FROM json_each(?2) AS j";
    BLOCKED = "SELECT json_object('id', id, 'charged_on', charged_on, 'number', number, 'step', step, 'cycle', cycle,
            'value_on', value_on, 'rule', json(rule)) FROM charges
        WHERE series = ?1 AND status = 'blocked' AND id > ?2 ORDER BY id LIMIT ?3";
    RESOLVE = "UPDATE charges SET status = j.value->>'status', amount_minor = j.value->>'amount_minor',
            how = j.value->>'how', detail = j.value->'detail', series = j.value->>'series',
            missing_from = j.value->>'missing_from', missing_to = j.value->>'missing_to'
        FROM json_each(?) AS j WHERE charges.id = j.value->>'id'";
}

/// What a step that is taken charges.
#[derive(Debug, Clone)]
pub struct StepCharges<'a> {
    /// Which step.
    pub step: &'a str,
    /// In which cycle.
    pub cycle: &'a str,
    /// The message that announces it, where there is one: its cancellation takes the fee back.
    pub message: Option<&'a MessageId>,
    /// The invoices that it speaks about, the carrying one first. All are of one customer and currency.
    pub invoices: &'a [InvoiceId],
    /// Its fee.
    pub fee: Option<&'a Fee>,
    /// Its interest.
    pub charge: Option<&'a Charge>,
}

/// A charge that was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The receivable.
    pub id: InvoiceId,
    /// The invoice that it is charged on.
    pub charged_on: InvoiceId,
    /// What it is.
    pub kind: Kind,
    /// How much.
    pub amount: Money,
}

/// A charge that waits for a reference rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// The charge.
    pub id: InvoiceId,
    /// Whose.
    pub customer: CustomerId,
    /// The number of the invoice that it is charged on.
    pub number: String,
    /// By which step.
    pub step: String,
    /// In which cycle.
    pub cycle: String,
    /// Which series of rates.
    pub series: Series,
    /// The first day without a rate.
    pub from: NaiveDate,
    /// The last day without one that is needed.
    pub to: NaiveDate,
}

/// What became of the charges of some steps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Charged {
    /// In the ledger.
    pub posted: Vec<Posted>,
    /// Waiting for a rate.
    pub blocked: Vec<Blocked>,
}

/// A charge on its way into the tables.
#[derive(Serialize)]
struct Draft<'a> {
    id: InvoiceId,
    customer: &'a CustomerId,
    charged_on: &'a InvoiceId,
    /// The number of the invoice it is charged on.
    #[serde(skip)]
    on_number: &'a str,
    number: String,
    kind: Kind,
    step: &'a str,
    cycle: &'a str,
    message: Option<&'a MessageId>,
    status: &'static str,
    currency: &'static str,
    #[serde(skip)]
    amount: Option<Money>,
    amount_minor: Option<i64>,
    value_on: NaiveDate,
    how: String,
    detail: Value,
    rule: Option<Value>,
    series: Option<Series>,
    missing_from: Option<NaiveDate>,
    missing_to: Option<NaiveDate>,
}

/// What interest comes to, or that a rate is missing for it.
enum Outcome {
    Due(Money, String, Value),
    Nothing,
    Missing(ChargeError),
}

/// Posts the fees and the interest of steps that are taken. Part of the sweep's transaction, which replans.
pub async fn for_steps(tx: &Tx<'_>, moment: Moment, steps: &[StepCharges<'_>]) -> Result<Charged> {
    let steps: Vec<_> = steps
        .iter()
        .filter(|step| step.fee.is_some() || step.charge.is_some())
        .collect();
    if steps.is_empty() {
        return Ok(Charged::default());
    }
    let ids: BTreeSet<&InvoiceId> = steps.iter().flat_map(|step| step.invoices).collect();
    let facts = Facts::load(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
    let rates = rates::load(tx).await?;
    let paid_late = paid_late(tx, moment, &steps, &facts).await?;
    let mut drafting = Drafting {
        mint: moment.mint()?,
        moment,
        rates: &rates,
        drafts: Vec::new(),
        bearing: BTreeSet::new(),
        log: Vec::new(),
    };
    for step in steps {
        let invoices: Vec<&Facts> = step.invoices.iter().filter_map(|id| facts.get(id)).collect();
        if let Some(fee) = step.fee {
            drafting.fees(step, fee, &invoices)?;
        }
        if let (Some(charge), Some(first)) = (step.charge, invoices.first()) {
            let case = (&first.customer, first.currency());
            let of_case = |facts: &&Facts| (&facts.customer, facts.currency()) == case;
            let spoken = invoices
                .iter()
                .copied()
                .filter(|facts| facts.kind == Kind::Invoice);
            for invoice in spoken.chain(paid_late.iter().filter(of_case)) {
                drafting.interest(step, charge, invoice)?;
            }
        }
    }
    let Drafting { drafts, mut log, .. } = drafting;
    let written = tx
        .rows(CLAIM, params![moment.ms(), serde_json::to_string(&drafts)?])
        .await?;
    let new = written
        .iter()
        .map(|row| row.text(0).map(str::to_owned))
        .collect::<Result<BTreeSet<_>>>()?;
    let drafts: Vec<Draft<'_>> = drafts
        .into_iter()
        .filter(|draft| new.contains(draft.id.as_str()))
        .collect();
    book(tx, moment, &drafts, &mut log).await?;
    activities::record(tx, moment, &log).await?;
    Ok(charged(drafts))
}

/// How long after its principal was paid an invoice's interest is still charged by steps about others.
const PAID_LATE_DAYS: i64 = 365;

/// What the customers of steps that charge interest have paid late.
async fn paid_late(
    tx: &Tx<'_>,
    moment: Moment,
    steps: &[&StepCharges<'_>],
    facts: &BTreeMap<InvoiceId, Facts>,
) -> Result<Vec<Facts>> {
    let customers: BTreeSet<CustomerId> = steps
        .iter()
        .filter(|step| step.charge.is_some())
        .filter_map(|step| step.invoices.first().and_then(|first| facts.get(first)))
        .map(|facts| facts.customer.clone())
        .collect();
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let since = calendar::plus_days(moment.now.date_naive(), -PAID_LATE_DAYS);
    Facts::paid_late(tx, &customers, since).await
}

struct Drafting<'a> {
    mint: Mint,
    moment: Moment,
    rates: &'a Rates,
    drafts: Vec<Draft<'a>>,
    /// Invoices whose interest has been worked out already: what it was worked out on is not true any more.
    bearing: BTreeSet<&'a InvoiceId>,
    log: Vec<Activity>,
}

impl<'a> Drafting<'a> {
    fn fees(&mut self, step: &StepCharges<'a>, fee: &Fee, invoices: &[&'a Facts]) -> Result<()> {
        let basis: Vec<Basis> = invoices.iter().filter_map(|facts| facts.basis()).collect();
        for assessed in fee.assess(&basis).map_err(failed)? {
            let Some(on) = invoices.iter().find(|facts| facts.id == assessed.invoice) else {
                continue;
            };
            match assessed.amount {
                Some(amount) => {
                    let detail = json!({"fee": fee});
                    self.draft(step, on, Kind::Fee, Some(amount), assessed.how, detail);
                }
                None => self.log.push(Activity {
                    customer_id: on.customer.clone(),
                    kind: "charge_refused",
                    title: format!("No fee on {}", on.number),
                    detail: format!("Step {}: {}.", step.step, assessed.how),
                    refers_to: Some(on.id.to_string()),
                }),
            }
        }
        Ok(())
    }

    fn interest(&mut self, step: &StepCharges<'a>, charge: &Charge, on: &'a Facts) -> Result<()> {
        if !self.bearing.insert(&on.id) {
            return Ok(());
        }
        let day = on.day(self.moment);
        let charge = settled(charge, on);
        if !on.compensated()
            && let Charge::Statutory {
                profile: Some(profile),
            } = &charge
            && let Ok(sum) = profile.fixed_sum(&on.debt(), day)
        {
            let detail = json!({"profile": profile, "citations": profile.citations()});
            let how = format!(
                "{} by law for a debt of {}",
                sum.in_words(),
                on.balance.in_words()
            );
            self.draft(step, on, Kind::Compensation, Some(sum), how, detail);
        }
        let charged = on.interest_charged(day)?;
        match accrued(&charge, on, charged, day, self.rates)? {
            Outcome::Due(amount, how, detail) => {
                let draft = self.draft(step, on, Kind::Interest, Some(amount), how, detail);
                draft.rule = Some(serde_json::to_value(&charge)?);
            }
            Outcome::Missing(error) => {
                let how = error.to_string();
                let draft = self.draft(step, on, Kind::Interest, None, how, json!({}));
                draft.rule = Some(serde_json::to_value(&charge)?);
                draft.block(&error);
            }
            Outcome::Nothing => {}
        }
        Ok(())
    }

    fn draft(
        &mut self,
        step: &StepCharges<'a>,
        on: &'a Facts,
        kind: Kind,
        amount: Option<Money>,
        how: String,
        detail: Value,
    ) -> &mut Draft<'a> {
        let drafted = self.drafts.iter().map(|draft| (draft.charged_on, draft.kind));
        let before = on
            .made
            .iter()
            .map(|made| (&on.id, made.kind))
            .chain(drafted)
            .filter(|made| *made == (&on.id, kind))
            .count();
        let draft = Draft {
            id: self.mint.id(InvoiceId::from_parts),
            customer: &on.customer,
            charged_on: &on.id,
            on_number: &on.number,
            number: format!("{}-{}{}", on.number, letter(kind), before.saturating_add(1)),
            kind,
            step: step.step,
            cycle: step.cycle,
            message: step.message,
            status: "posted",
            currency: on.currency().code(),
            amount,
            amount_minor: amount.map(|amount| amount.minor()),
            value_on: on.day(self.moment),
            how,
            detail,
            rule: None,
            series: None,
            missing_from: None,
            missing_to: None,
        };
        self.drafts.push_mut(draft)
    }
}

impl Draft<'_> {
    fn block(&mut self, error: &ChargeError) {
        if let ChargeError::NoRate { series, from, to } = error {
            self.status = "blocked";
            (self.series, self.missing_from, self.missing_to) = (Some(*series), Some(*from), Some(*to));
        }
    }
}

/// What distinguishes the numbers of charges on one invoice.
fn letter(kind: Kind) -> char {
    match kind {
        Kind::Invoice | Kind::Fee => 'F',
        Kind::Interest => 'I',
        Kind::Compensation => 'C',
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
fn accrued(charge: &Charge, on: &Facts, charged: Money, day: NaiveDate, rates: &Rates) -> Result<Outcome> {
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
async fn book(tx: &Tx<'_>, moment: Moment, drafts: &[Draft<'_>], log: &mut Vec<Activity>) -> Result<()> {
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
    log.extend(drafts.iter().map(told));
    Ok(())
}

fn told(draft: &Draft<'_>) -> Activity {
    let name = match draft.kind {
        Kind::Invoice | Kind::Fee => "Fee",
        Kind::Interest => "Interest",
        Kind::Compensation => "Compensation",
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

fn charged(drafts: Vec<Draft<'_>>) -> Charged {
    let mut charged = Charged::default();
    for draft in drafts {
        match (draft.amount, draft.series, draft.missing_from, draft.missing_to) {
            (Some(amount), ..) => charged.posted.push(Posted {
                id: draft.id,
                charged_on: draft.charged_on.clone(),
                kind: draft.kind,
                amount,
            }),
            (None, Some(series), Some(from), Some(to)) => charged.blocked.push(Blocked {
                id: draft.id,
                customer: draft.customer.clone(),
                number: draft.on_number.to_owned(),
                step: draft.step.to_owned(),
                cycle: draft.cycle.to_owned(),
                series,
                from,
                to,
            }),
            _ => {}
        }
    }
    charged
}

#[derive(Deserialize)]
struct BlockedRow {
    id: InvoiceId,
    charged_on: InvoiceId,
    number: String,
    step: String,
    cycle: String,
    value_on: NaiveDate,
    rule: Value,
}

/// Blocked charges resolved with one statement each way.
const BATCH: u32 = 500;

/// Posts the charges that waited for a rate of a series and need wait no more; answers how many. The others say what
/// they wait for now.
pub async fn unblock(tx: &Tx<'_>, moment: Moment, series: Series) -> Result<usize> {
    let rates = rates::load(tx).await?;
    let (mut after, mut posted) = (String::new(), 0_usize);
    loop {
        let rows: Vec<BlockedRow> = tx
            .list(BLOCKED, params![series.to_string(), after.as_str(), BATCH])
            .await?;
        let Some(last) = rows.last() else {
            return Ok(posted);
        };
        after = last.id.to_string();
        let resolved = resolve(tx, moment, &rows, &rates).await?;
        posted = posted.saturating_add(resolved);
    }
}

async fn resolve(tx: &Tx<'_>, moment: Moment, rows: &[BlockedRow], rates: &Rates) -> Result<usize> {
    let ids: BTreeSet<&InvoiceId> = rows.iter().map(|row| &row.charged_on).collect();
    let facts = Facts::load(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
    // What earlier rows of this batch charge on the same invoice.
    let mut meanwhile: BTreeMap<&InvoiceId, Money> = BTreeMap::new();
    let mut drafts = Vec::new();
    for row in rows {
        let Some(on) = facts.get(&row.charged_on) else {
            continue;
        };
        let before = *meanwhile
            .entry(&row.charged_on)
            .or_insert(Money::zero(on.currency()));
        let charged = on.interest_charged(row.value_on)?.checked_add(before)?;
        let mut draft = Draft {
            id: row.id.clone(),
            customer: &on.customer,
            charged_on: &on.id,
            on_number: &on.number,
            number: row.number.clone(),
            kind: Kind::Interest,
            step: &row.step,
            cycle: &row.cycle,
            message: None,
            status: "posted",
            currency: on.currency().code(),
            amount: None,
            amount_minor: None,
            value_on: row.value_on,
            how: String::new(),
            detail: json!({}),
            rule: None,
            series: None,
            missing_from: None,
            missing_to: None,
        };
        match accrued(&rule(&row.rule)?, on, charged, row.value_on, rates)? {
            Outcome::Due(amount, how, detail) => {
                meanwhile.insert(&row.charged_on, before.checked_add(amount)?);
                (draft.how, draft.detail) = (how, detail);
                (draft.amount, draft.amount_minor) = (Some(amount), Some(amount.minor()));
            }
            Outcome::Missing(error) => {
                draft.how = error.to_string();
                draft.block(&error);
            }
            Outcome::Nothing => {
                draft.status = "reversed";
                draft.how = "nothing has accrued that was not charged before".to_owned();
            }
        }
        drafts.push(draft);
    }
    tx.run(RESOLVE, params![serde_json::to_string(&drafts)?]).await?;
    drafts.retain(|draft| draft.amount.is_some());
    let mut log = Vec::new();
    book(tx, moment, &drafts, &mut log).await?;
    activities::record(tx, moment, &log).await?;
    let concerned: BTreeSet<CustomerId> = drafts.iter().map(|draft| draft.customer.clone()).collect();
    dunning::replan(tx, moment, &concerned).await?;
    Ok(drafts.len())
}
