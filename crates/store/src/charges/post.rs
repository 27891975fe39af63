//! Charging: what the steps of a sweep ask for becomes receivables.

use super::draft::{Draft, Outcome, accrued, book, settled};
use super::{Facts, failed};
use crate::activities::{self, Activity};
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::{Mint, Moment};
use crate::params;
use crate::rates;
use chrono::NaiveDate;
use receivables::calendar;
use receivables::charges::rates::{Rates, Series};
use receivables::charges::{Basis, Charge, Fee};
use receivables::id::{CustomerId, InvoiceId, MessageId};
use receivables::money::Money;
use receivables::receivable::ReceivableKind;
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
    pub kind: ReceivableKind,
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
                .filter(|facts| facts.kind == ReceivableKind::Invoice);
            for invoice in spoken.chain(paid_late.iter().filter(of_case)) {
                drafting.interest(step, charge, invoice)?;
            }
        }
    }
    let Drafting { drafts, mut log, .. } = drafting;
    if drafts.is_empty() {
        activities::record(tx, moment, &log).await?;
        return Ok(Charged::default());
    }
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
                    self.draft(step, on, ReceivableKind::Fee, Some(amount), assessed.how, detail);
                }
                None => self.refuse(step, on, "fee", &assessed.how),
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
        if let Err(why) = charge.bearing(&on.debt()) {
            self.refuse(step, on, "interest", why);
        }
        if !on.compensated()
            && let Charge::Statutory {
                profile: Some(profile),
            } = &charge
            && let Ok(sum) = profile.fixed_sum(&on.debt(), day)
        {
            let detail = json!({"profile": profile, "citations": profile.citations()});
            let how = format!("{} by law, once an invoice", sum.in_words());
            self.draft(step, on, ReceivableKind::Compensation, Some(sum), how, detail);
        }
        let charged = on.interest_charged(day)?;
        match accrued(&charge, on, charged, day, self.rates)? {
            Outcome::Due(amount, how, detail) => {
                let draft = self.draft(step, on, ReceivableKind::Interest, Some(amount), how, detail);
                draft.rule = Some(serde_json::to_value(&charge)?);
            }
            Outcome::Missing(error) => {
                let how = error.to_string();
                let draft = self.draft(step, on, ReceivableKind::Interest, None, how, json!({}));
                draft.rule = Some(serde_json::to_value(&charge)?);
                draft.block(&error);
            }
            Outcome::Nothing => {}
        }
        Ok(())
    }

    fn refuse(&mut self, step: &StepCharges<'_>, on: &Facts, what: &str, why: &str) {
        self.log.push(Activity {
            customer_id: on.customer.clone(),
            kind: "charge_refused",
            title: format!("No {what} on {}", on.number),
            detail: format!("Step {}: {why}.", step.step),
            refers_to: Some(on.id.to_string()),
        });
    }

    fn draft(
        &mut self,
        step: &StepCharges<'a>,
        on: &'a Facts,
        kind: ReceivableKind,
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

/// What distinguishes the numbers of charges on one invoice.
fn letter(kind: ReceivableKind) -> char {
    match kind {
        ReceivableKind::Invoice | ReceivableKind::Fee => 'F',
        ReceivableKind::Interest => 'I',
        ReceivableKind::Compensation => 'C',
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
