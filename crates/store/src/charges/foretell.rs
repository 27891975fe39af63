//! What steps would charge, on days to come: for a preview, on the ledger as it stands. Writes nothing.

use super::draft::settled;
use super::post::StepCharges;
use super::{Facts, failed};
use crate::db::Db;
use crate::error::Result;
use crate::rates;
use chrono::NaiveDate;
use receivables::charges::rates::Rates;
use receivables::charges::{Basis, Charge, ChargeError, Fee};
use receivables::id::InvoiceId;
use receivables::money::Money;
use receivables::receivable::ReceivableKind;
use std::collections::{BTreeMap, BTreeSet};

/// What a step would charge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foretold {
    /// Each charge, by what it is.
    pub charges: Vec<(ReceivableKind, Money)>,
    /// Rates that would be missing.
    pub missing: Vec<ChargeError>,
}

/// What `steps` would charge, each on its day; they come in the order of their days. Assumed: nothing is paid.
pub async fn foretell(db: &Db, steps: &[(NaiveDate, StepCharges<'_>)]) -> Result<Vec<Foretold>> {
    let charging = |step: &StepCharges<'_>| step.fee.is_some() || step.charge.is_some();
    let ids: BTreeSet<&InvoiceId> = steps
        .iter()
        .filter(|(_, step)| charging(step))
        .flat_map(|(_, step)| step.invoices)
        .collect();
    if ids.is_empty() {
        return Ok(vec![Foretold::default(); steps.len()]);
    }
    let facts = Facts::load(db, &Vec::from_iter(ids)).await?;
    let rates = rates::load(db).await?;
    let mut telling = Telling {
        rates: &rates,
        interest: BTreeMap::new(),
        compensated: BTreeSet::new(),
    };
    steps
        .iter()
        .map(|(day, step)| {
            let invoices: Vec<&Facts> = step.invoices.iter().filter_map(|id| facts.get(id)).collect();
            let mut foretold = Foretold::default();
            if let Some(fee) = step.fee {
                foretold.charges.extend(fees(fee, &invoices)?);
            }
            if let Some(charge) = step.charge {
                for on in invoices.iter().filter(|on| on.kind == ReceivableKind::Invoice) {
                    telling.interest(charge, on, *day, &mut foretold)?;
                }
            }
            Ok(foretold)
        })
        .collect()
}

fn fees(fee: &Fee, invoices: &[&Facts]) -> Result<Vec<(ReceivableKind, Money)>> {
    let basis: Vec<Basis> = invoices.iter().filter_map(|on| on.basis()).collect();
    let assessed = fee.assess(&basis).map_err(failed)?;
    Ok(assessed
        .into_iter()
        .filter_map(|fee| Some((ReceivableKind::Fee, fee.amount?)))
        .collect())
}

struct Telling<'a> {
    rates: &'a Rates,
    /// Interest that earlier steps would have charged.
    interest: BTreeMap<InvoiceId, Money>,
    /// Invoices on which earlier steps would have charged the fixed sum.
    compensated: BTreeSet<InvoiceId>,
}

impl Telling<'_> {
    fn interest(
        &mut self,
        charge: &Charge,
        on: &Facts,
        day: NaiveDate,
        foretold: &mut Foretold,
    ) -> Result<()> {
        let charge = settled(charge, on);
        if !on.compensated()
            && let Charge::Statutory {
                profile: Some(profile),
            } = &charge
            && let Ok(sum) = profile.fixed_sum(&on.debt(), day)
            && self.compensated.insert(on.id.clone())
        {
            foretold.charges.push((ReceivableKind::Compensation, sum));
        }
        let claim = match charge.claim(&on.debt(), day, self.rates) {
            Ok(claim) => claim,
            Err(error @ ChargeError::NoRate { .. }) => {
                foretold.missing.push(error);
                return Ok(());
            }
            Err(error) => return Err(failed(error)),
        };
        let Some(interest) = claim.interest else {
            return Ok(());
        };
        let zero = Money::zero(on.currency());
        let before = self.interest.entry(on.id.clone()).or_insert(zero);
        let more = interest.not_posted(on.interest_charged(day)?.checked_add(*before)?)?;
        if more.is_positive() {
            *before = before.checked_add(more)?;
            foretold.charges.push((ReceivableKind::Interest, more));
        }
        Ok(())
    }
}
