//! Taking charges back: waived by goodwill, reversed as wrong, with a message that never left, or because a payment
//! turned out to be older than it seemed.
//!
//! What of a charge is still owed is posted away from it; what had been paid becomes credit on account. Waived
//! interest counts as charged: the days it was for are not charged again. Reversed interest does not.

use super::{Facts, failed, rule};
use crate::activities::{self, Activity};
use crate::consequences;
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use crate::postings::{self, Posting};
use crate::rates;
use chrono::NaiveDate;
use receivables::charges::interest::{self, Correction};
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, MessageId};
use receivables::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A charge with what is owed on it.
macro_rules! select_standing {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', c.id, 'customer', c.customer_id, 'charged_on', c.charged_on, 'number', c.number,
                'status', c.status, 'currency', c.currency, 'amount_minor', coalesce(c.amount_minor, 0),
                'reversed_minor', c.reversed_minor, 'balance_minor', coalesce(i.balance_minor, 0),
                'value_on', c.value_on, 'rule', json(c.rule))
            FROM charges c LEFT JOIN invoices i ON i.id = c.id ",
            $which
        )
    };
}

statements! {
    STANDING = select_standing!("WHERE c.id = ?");
    OF_MESSAGES = select_standing!("WHERE c.message_id IN (SELECT value FROM json_each(?)) AND c.kind = 'fee'
        AND +c.status = 'posted'");
    STANDING_ON = select_standing!("WHERE c.charged_on = ? AND c.status IN ('posted', 'blocked')");
    INTEREST_OF = select_standing!("WHERE c.customer_id IN (SELECT value FROM json_each(?)) AND c.kind = 'interest'
        AND +c.status = 'posted' ORDER BY c.charged_on, c.value_on DESC, c.id DESC");
    SAVE = "UPDATE charges SET status = j.value->>'status', reversed_minor = j.value->>'reversed_minor',
            waived_minor = waived_minor + (j.value->>'waived_minor'), reason = j.value->>'reason'
        FROM json_each(?) AS j WHERE charges.id = j.value->>'id'";
    SET_STATES = "UPDATE invoices SET state = j.value->>'state' FROM json_each(?) AS j
        WHERE invoices.id = j.value->>'id' AND j.value->>'state' IS NOT NULL";
}

#[derive(Deserialize)]
struct Standing {
    id: InvoiceId,
    customer: CustomerId,
    charged_on: InvoiceId,
    number: String,
    status: String,
    currency: Currency,
    amount_minor: i64,
    reversed_minor: i64,
    balance_minor: i64,
    value_on: NaiveDate,
    rule: Option<Value>,
}

impl Standing {
    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// What of it stands.
    fn amount(&self) -> Result<Money> {
        Ok(self
            .money(self.amount_minor)
            .checked_sub(self.money(self.reversed_minor))?)
    }
}

/// What became of a request to take a charge back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// Taken back, or so before.
    Done,
    /// There is no such charge.
    Unknown,
    /// It was waived, so there is nothing to reverse.
    Waived,
    /// It was reversed, so there is nothing to waive.
    Reversed,
    /// All of it is paid, so there is nothing to waive.
    Paid,
}

/// A charge that is being taken back.
#[derive(Serialize)]
struct Change<'a> {
    id: &'a InvoiceId,
    status: &'static str,
    reversed_minor: i64,
    waived_minor: i64,
    /// What becomes of the receivable, where it changes.
    state: Option<&'static str>,
    reason: &'a str,
    #[serde(skip)]
    charge: &'a Standing,
    /// Off the receivable.
    #[serde(skip)]
    off: Money,
    /// To the customer's account, since it was paid.
    #[serde(skip)]
    on_account: Money,
}

/// Lets go of what is still owed on a charge.
pub async fn waive(tx: &Tx<'_>, moment: Moment, id: &InvoiceId, reason: &str) -> Result<Undone> {
    let Some(charge) = tx.find::<Standing>(STANDING, params![id.as_str()]).await? else {
        return Ok(Undone::Unknown);
    };
    match charge.status.as_str() {
        "waived" => return Ok(Undone::Done),
        "reversed" => return Ok(Undone::Reversed),
        "posted" if charge.balance_minor == 0 => return Ok(Undone::Paid),
        _ => {}
    }
    let change = Change {
        id,
        status: "waived",
        reversed_minor: charge.reversed_minor,
        waived_minor: charge.balance_minor,
        state: Some("written_off"),
        reason,
        charge: &charge,
        off: charge.money(charge.balance_minor),
        on_account: charge.money(0),
    };
    change_all(tx, moment, vec![change], "charge_waived", "waived").await?;
    let concerned = BTreeSet::from([charge.customer.clone()]);
    consequences::of_money(tx, moment, &concerned).await?;
    Ok(Undone::Done)
}

/// Takes a charge back as if it had never been made.
pub async fn reverse(tx: &Tx<'_>, moment: Moment, id: &InvoiceId, reason: &str) -> Result<Undone> {
    let Some(charge) = tx.find::<Standing>(STANDING, params![id.as_str()]).await? else {
        return Ok(Undone::Unknown);
    };
    match charge.status.as_str() {
        "reversed" => return Ok(Undone::Done),
        "waived" => return Ok(Undone::Waived),
        _ => {}
    }
    let change = reversal(&charge, charge.amount()?, reason)?;
    change_all(tx, moment, vec![change], "charge_reversed", "reversed").await?;
    let concerned = BTreeSet::from([charge.customer.clone()]);
    consequences::of_money(tx, moment, &concerned).await?;
    Ok(Undone::Done)
}

/// Takes back the fees of messages that were cancelled before they left. Whoever cancels them replans.
pub async fn reverse_for_messages(tx: &Tx<'_>, moment: Moment, messages: &[MessageId]) -> Result<()> {
    let charges: Vec<Standing> = tx
        .list(OF_MESSAGES, params![serde_json::to_string(messages)?])
        .await?;
    let changes = charges
        .iter()
        .map(|charge| {
            reversal(
                charge,
                charge.amount()?,
                "the message that announces it never left",
            )
        })
        .collect::<Result<Vec<_>>>()?;
    change_all(tx, moment, changes, "charge_reversed", "reversed").await
}

/// Takes back all that stands of what was charged on an invoice. Whoever changes the invoice replans.
pub async fn reverse_on(tx: &Tx<'_>, moment: Moment, invoice: &InvoiceId, reason: &str) -> Result<()> {
    let charges: Vec<Standing> = tx.list(STANDING_ON, params![invoice.as_str()]).await?;
    let changes = charges
        .iter()
        .map(|charge| reversal(charge, charge.amount()?, reason))
        .collect::<Result<Vec<_>>>()?;
    change_all(tx, moment, changes, "charge_reversed", "reversed").await
}

/// Brings the interest that customers were charged in line with what had accrued by the day of its last charge: a
/// payment or credit note with an earlier value date may have come in since. Less is reversed now, the latest charge
/// first; more is left to the next step that charges interest. Part of whatever moves money, before it replans.
pub async fn correct(tx: &Tx<'_>, moment: Moment, customers: &BTreeSet<CustomerId>) -> Result<()> {
    let charges: Vec<Standing> = tx
        .list(INTEREST_OF, params![serde_json::to_string(customers)?])
        .await?;
    if charges.is_empty() {
        return Ok(());
    }
    let mut by_invoice: BTreeMap<&InvoiceId, Vec<&Standing>> = BTreeMap::new();
    for charge in &charges {
        by_invoice.entry(&charge.charged_on).or_default().push(charge);
    }
    let facts = Facts::load(tx, &by_invoice.keys().copied().collect::<Vec<_>>()).await?;
    let rates = rates::load(tx).await?;
    let mut changes = Vec::new();
    for (id, charges) in by_invoice {
        let (Some(on), Some(latest)) = (facts.get(id), charges.first()) else {
            continue;
        };
        let Some(charge) = latest.rule.as_ref().map(rule).transpose()? else {
            continue;
        };
        let Ok((terms, late_after)) = charge.bearing(&on.debt()) else {
            continue;
        };
        let accrued = interest::accrue(&terms, &on.late, late_after, latest.value_on, &rates);
        let charged = on.interest_charged(latest.value_on)?;
        if let Correction::Reverse(surplus) = accrued.map_err(failed)?.against(charged)? {
            changes.extend(spread(&charges, surplus)?);
        }
    }
    change_all(tx, moment, changes, "charge_reversed", "reversed").await
}

/// Takes a surplus off charges, the first first.
fn spread<'a>(charges: &[&'a Standing], surplus: Money) -> Result<Vec<Change<'a>>> {
    let mut left = surplus;
    let mut changes = Vec::new();
    for charge in charges {
        let part = left.checked_min(charge.amount()?)?;
        if part.is_positive() {
            left = left.checked_sub(part)?;
            changes.push(reversal(
                charge,
                part,
                "less has accrued: a payment counts from an earlier day",
            )?);
        }
    }
    Ok(changes)
}

fn reversal<'a>(charge: &'a Standing, amount: Money, reason: &'a str) -> Result<Change<'a>> {
    let off = amount.checked_min(charge.money(charge.balance_minor))?;
    let reversed = charge.money(charge.reversed_minor).checked_add(amount)?;
    let whole = reversed.minor() == charge.amount_minor;
    Ok(Change {
        id: &charge.id,
        status: if whole { "reversed" } else { "posted" },
        reversed_minor: reversed.minor(),
        waived_minor: 0,
        state: whole.then_some("void"),
        reason,
        charge,
        off,
        on_account: amount.checked_sub(off)?,
    })
}

/// Posts the changes, keeps them, and tells of them.
async fn change_all(
    tx: &Tx<'_>,
    moment: Moment,
    changes: Vec<Change<'_>>,
    kind: &'static str,
    verb: &str,
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut entries = Vec::new();
    for change in &changes {
        let parts = [(Some(change.id.clone()), change.off), (None, change.on_account)];
        for (invoice, amount) in parts {
            if amount.is_positive() {
                entries.push(Posting {
                    customer: change.charge.customer.clone(),
                    invoice,
                    kind: postings::Kind::ChargeReversal,
                    amount: amount.checked_neg()?,
                    value_on: moment.now.date_naive(),
                    source_id: change.id.to_string(),
                });
            }
        }
    }
    postings::post(tx, moment, &entries).await?;
    let rows = serde_json::to_string(&changes)?;
    tx.run(SAVE, params![rows.as_str()]).await?;
    tx.run(SET_STATES, params![rows]).await?;
    let log = changes
        .iter()
        .map(|change| {
            let amount = change.off.checked_add(change.on_account)?;
            let paid = match change.on_account.is_positive() {
                true => format!(
                    " {} of it was paid and is on account.",
                    change.on_account.in_words()
                ),
                false => String::new(),
            };
            Ok(Activity {
                customer_id: change.charge.customer.clone(),
                kind,
                title: format!("{} of {} {verb}", amount.in_words(), change.charge.number),
                detail: format!("{}.{paid}", change.reason.trim_end_matches('.')),
                refers_to: Some(change.charge.charged_on.to_string()),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    activities::record(tx, moment, &log).await
}
