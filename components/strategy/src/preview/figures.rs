//! What would happen, as entries and as figures.

use chrono::NaiveDate;
use receivables::currency::Currency;
use receivables::dunning::{DeedKind, Foreseen, foresee};
use receivables::id::{CustomerId, InvoiceId};
use receivables::money::Money;
use receivables::policy::Policy;
use receivables::receivable::ReceivableKind;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use store::charges::{self, Foretold, StepCharges};
use store::dunning::Case;
use store::{Db, StoreError, rfc3339};
use web::Problem;

use super::Stretch;

/// One thing that would happen.
#[derive(Serialize)]
pub(super) struct Entry {
    pub(super) at: String,
    pub(super) customer_id: CustomerId,
    currency: Currency,
    kind: &'static str,
    pub(super) step: String,
    channels: Vec<&'static str>,
    invoices: Vec<InvoiceId>,
    charges: Vec<ChargeEntry>,
    /// Rates without which interest cannot be told.
    missing: Vec<String>,
    why: String,
}

#[derive(Serialize)]
struct ChargeEntry {
    kind: ReceivableKind,
    amount: Money,
}

/// The same in figures.
#[derive(Default, Serialize)]
pub(super) struct Totals {
    pub(super) cases: usize,
    messages: usize,
    deeds: usize,
    customers: usize,
    by_step: BTreeMap<String, usize>,
    by_channel: BTreeMap<&'static str, usize>,
    by_day: BTreeMap<NaiveDate, usize>,
    /// What would be charged, by currency.
    charges: BTreeMap<Currency, Money>,
    #[serde(skip)]
    seen: BTreeSet<CustomerId>,
}

fn count<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K) {
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(1);
}

/// What a policy would do about a case, counted into `totals`.
pub(super) async fn happenings(
    db: &Db,
    policy: &Policy,
    case: &Case,
    stretch: &Stretch,
    totals: &mut Totals,
) -> Result<Vec<Entry>, Problem> {
    totals.cases = totals.cases.saturating_add(1);
    let foreseen = foresee(policy, &case.facts, stretch.from, stretch.to);
    let charged = charged(db, policy, case, &foreseen).await?;
    let mut entries = Vec::with_capacity(foreseen.len());
    for (one, foretold) in foreseen.into_iter().zip(charged) {
        let day = case.facts.time_zone.local(one.at).date();
        let entry = entry(case, one, foretold)?;
        totals.add(&entry, day)?;
        entries.push(entry);
    }
    Ok(entries)
}

/// What each of them would charge.
async fn charged(
    db: &Db,
    policy: &Policy,
    case: &Case,
    foreseen: &[Foreseen],
) -> Result<Vec<Foretold>, StoreError> {
    let steps: Vec<(NaiveDate, StepCharges<'_>)> = foreseen
        .iter()
        .map(|one| {
            let (name, cycle, invoices) = match (&one.message, &one.deed) {
                (Some(message), _) => (
                    message.step.as_str(),
                    message.cycle.as_str(),
                    message.overdue.as_slice(),
                ),
                (None, Some(deed)) => (deed.step.as_str(), deed.cycle.as_str(), deed.invoices.as_slice()),
                (None, None) => ("", "", [].as_slice()),
            };
            let step = policy.step(name);
            let charges = StepCharges {
                step: name,
                cycle,
                message: None,
                invoices,
                fee: step.and_then(|step| step.fee.as_ref()),
                charge: step.and_then(|step| step.charge.as_ref()),
            };
            (case.facts.time_zone.local(one.at).date(), charges)
        })
        .collect();
    charges::foretell(db, &steps).await
}

fn entry(case: &Case, foreseen: Foreseen, foretold: Foretold) -> Result<Entry, Problem> {
    let (kind, step, channels, invoices, why) = match (foreseen.message, foreseen.deed) {
        (Some(message), _) => {
            let channels = message.channels.iter().map(|channel| channel.as_str()).collect();
            let invoices = [message.overdue, message.charges, message.upcoming].concat();
            ("message", message.step, channels, invoices, message.why)
        }
        (None, Some(deed)) => {
            let kind = match deed.kind {
                DeedKind::Errand => "errand",
                DeedKind::Act(act) => act.as_str(),
            };
            (kind, deed.step, Vec::new(), deed.invoices, deed.why)
        }
        (None, None) => return Err(Problem::internal("nothing was foreseen")),
    };
    let charges = foretold.charges.into_iter();
    Ok(Entry {
        at: rfc3339(foreseen.at.timestamp_millis())?,
        customer_id: case.facts.customer.clone(),
        currency: case.facts.currency,
        kind,
        step,
        channels,
        invoices,
        charges: charges
            .map(|(kind, amount)| ChargeEntry { kind, amount })
            .collect(),
        missing: foretold.missing.iter().map(ToString::to_string).collect(),
        why,
    })
}

impl Totals {
    fn add(&mut self, entry: &Entry, day: NaiveDate) -> Result<(), StoreError> {
        let counted = match entry.kind {
            "message" => &mut self.messages,
            _ => &mut self.deeds,
        };
        *counted = counted.saturating_add(1);
        if let Some(channel) = entry.channels.first() {
            count(&mut self.by_channel, *channel);
        }
        count(&mut self.by_step, entry.step.clone());
        count(&mut self.by_day, day);
        for charge in &entry.charges {
            let sum = self
                .charges
                .entry(entry.currency)
                .or_insert_with(|| Money::zero(entry.currency));
            *sum = sum.checked_add(charge.amount)?;
        }
        if self.seen.insert(entry.customer_id.clone()) {
            self.customers = self.seen.len();
        }
        Ok(())
    }
}
