//! Charges as the API shows them, and the interest of an invoice.

use super::{Facts, failed};
use crate::db::{Db, statements};
use crate::dues::terms_of;
use crate::error::Result;
use crate::instants::rfc3339;
use crate::moment::Moment;
use crate::params;
use crate::rates;
use chrono::NaiveDate;
use receivables::charges::ChargeError;
use receivables::charges::rates::Series;
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, MessageId};
use receivables::money::Money;
use receivables::receivable::ReceivableKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;

macro_rules! select_charge {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', c.id, 'number', c.number, 'kind', c.kind, 'customer', c.customer_id,
                'charged_on', c.charged_on, 'on_number', o.number, 'status', c.status, 'step', c.step,
                'cycle', c.cycle, 'message', c.message_id, 'currency', c.currency, 'amount_minor', c.amount_minor,
                'reversed_minor', c.reversed_minor, 'waived_minor', c.waived_minor,
                'balance_minor', coalesce(i.balance_minor, 0), 'value_on', c.value_on, 'how', c.how,
                'detail', json(c.detail), 'reason', c.reason, 'series', c.series, 'missing_from', c.missing_from,
                'missing_to', c.missing_to, 'created_at', c.created_at)
            FROM charges c JOIN invoices o ON o.id = c.charged_on LEFT JOIN invoices i ON i.id = c.id ",
            $which
        )
    };
}

statements! {
    ONE = select_charge!("WHERE c.id = ?");
    LIST = select_charge!("WHERE c.id > ?1 ORDER BY c.id LIMIT ?2");
    OF_CUSTOMER = select_charge!("WHERE c.customer_id = ?3 AND c.id > ?1 AND (?4 IS NULL OR c.status = ?4)
        ORDER BY c.id LIMIT ?2");
    OF_STATUS = select_charge!("WHERE c.status = ?3 AND c.id > ?1 ORDER BY c.id LIMIT ?2");
}

/// A rate that a charge waits for.
#[derive(Debug, Clone, Serialize)]
pub struct MissingRate {
    /// Of which series.
    pub series: Series,
    /// The first day without a rate.
    pub from: NaiveDate,
    /// The last day without one that is needed.
    pub to: NaiveDate,
}

/// The invoice that a charge is on.
#[derive(Debug, Clone, Serialize)]
pub struct ChargedOn {
    /// Ours.
    pub id: InvoiceId,
    /// The creditor's.
    pub number: String,
}

/// A charge as `GET /v1/charges` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct ChargeView {
    /// Ours; that of its receivable too.
    pub id: InvoiceId,
    /// Its number, made of the invoice's.
    pub number: String,
    /// `fee`, `interest` or `compensation`.
    pub kind: ReceivableKind,
    /// Whose.
    pub customer: CustomerId,
    /// On which invoice.
    pub charged_on: ChargedOn,
    /// `posted`, `blocked`, `waived` or `reversed`.
    pub status: String,
    /// By which step of the policy.
    pub step: String,
    /// In which cycle: the carrying invoice.
    pub cycle: String,
    /// The message that announces it.
    pub message: Option<MessageId>,
    /// How much was charged; `None` while it is blocked.
    pub amount: Option<Money>,
    /// What of it was reversed.
    pub reversed: Money,
    /// What of it was waived.
    pub waived: Money,
    /// What of it is still owed.
    pub balance: Money,
    /// From which day on it is owed.
    pub charged_for: NaiveDate,
    /// How it was computed, in a sentence.
    pub how: String,
    /// How it was computed, in full.
    pub detail: Value,
    /// Why it was waived or reversed.
    pub reason: Option<String>,
    /// What it waits for while it is blocked.
    pub missing: Option<MissingRate>,
    /// When it was made.
    pub created_at: String,
}

#[derive(Deserialize)]
struct Row {
    id: InvoiceId,
    number: String,
    kind: String,
    customer: CustomerId,
    charged_on: InvoiceId,
    on_number: String,
    status: String,
    step: String,
    cycle: String,
    message: Option<MessageId>,
    currency: Currency,
    amount_minor: Option<i64>,
    reversed_minor: i64,
    waived_minor: i64,
    balance_minor: i64,
    value_on: NaiveDate,
    how: String,
    detail: Value,
    reason: Option<String>,
    series: Option<Series>,
    missing_from: Option<NaiveDate>,
    missing_to: Option<NaiveDate>,
    created_at: i64,
}

impl Row {
    fn view(self) -> Result<ChargeView> {
        let money = |minor| Money::new(minor, self.currency);
        let missing = match (
            self.status.as_str(),
            self.series,
            self.missing_from,
            self.missing_to,
        ) {
            ("blocked", Some(series), Some(from), Some(to)) => Some(MissingRate { series, from, to }),
            _ => None,
        };
        Ok(ChargeView {
            id: self.id,
            number: self.number,
            kind: super::meaning(ReceivableKind::NAMES, &self.kind)?,
            customer: self.customer,
            charged_on: ChargedOn {
                id: self.charged_on,
                number: self.on_number,
            },
            status: self.status,
            step: self.step,
            cycle: self.cycle,
            message: self.message,
            amount: self.amount_minor.map(money),
            reversed: money(self.reversed_minor),
            waived: money(self.waived_minor),
            balance: money(self.balance_minor),
            charged_for: self.value_on,
            how: self.how,
            detail: self.detail,
            reason: self.reason,
            missing,
            created_at: rfc3339(self.created_at)?,
        })
    }
}

/// The charge, if there is one.
pub async fn one(db: &Db, id: &InvoiceId) -> Result<Option<ChargeView>> {
    let row: Option<Row> = db.find(ONE, params![id.as_str()]).await?;
    row.map(Row::view).transpose()
}

/// Which charges to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this customer's.
    pub customer: Option<CustomerId>,
    /// Only those of this status.
    pub status: Option<String>,
    /// Those after this one.
    pub after: Option<InvoiceId>,
}

/// Charges, the earliest first.
pub async fn list(db: &Db, filter: &Filter, limit: u32) -> Result<Vec<ChargeView>> {
    let after = filter.after.as_ref().map_or("", InvoiceId::as_str);
    let status = filter.status.as_deref();
    let rows: Vec<Row> = match (&filter.customer, status) {
        (Some(customer), status) => {
            db.list(OF_CUSTOMER, params![after, limit, customer.as_str(), status])
                .await?
        }
        (None, Some(status)) => db.list(OF_STATUS, params![after, limit, status]).await?,
        (None, None) => db.list(LIST, params![after, limit]).await?,
    };
    rows.into_iter().map(Row::view).collect()
}

/// The interest of an invoice, as of today where the customer is.
#[derive(Debug, Clone, Serialize)]
pub struct InterestView {
    /// What has accrued by today; `None` where a rate is missing.
    pub accrued: Option<Money>,
    /// What of it is charged, less what was reversed.
    pub posted: Money,
    /// The rate that is missing.
    pub missing: Option<MissingRate>,
}

/// The interest of an invoice, on the terms of its case's policy. `None` for what bears none: charges, and where
/// neither policy nor law grants any and none was charged.
pub async fn interest_of(db: &Db, moment: Moment, id: &InvoiceId) -> Result<Option<InterestView>> {
    let facts = Facts::load(db, &[id]).await?;
    let Some(on) = facts
        .get(id)
        .filter(|facts| facts.kind == ReceivableKind::Invoice)
    else {
        return Ok(None);
    };
    let terms = terms_of(db, moment, std::slice::from_ref(&on.customer)).await?;
    let terms = terms.get(&(on.customer.clone(), on.currency()));
    let charge = terms.and_then(|terms| terms.charge.as_ref());
    let day = on.day(moment);
    let view = |accrued, missing| {
        let posted = on.interest_charged(day)?;
        Ok(InterestView {
            accrued,
            posted,
            missing,
        })
    };
    let Some(charge) = charge else {
        let view: InterestView = view(None, None)?;
        return Ok((!view.posted.is_zero()).then_some(view));
    };
    match charge.claim(&on.debt(), day, &rates::load(db).await?) {
        Ok(claim) => claim
            .interest
            .map(|interest| view(Some(interest.earned), None))
            .transpose(),
        Err(ChargeError::NoRate { series, from, to }) => {
            view(None, Some(MissingRate { series, from, to })).map(Some)
        }
        Err(error) => Err(failed(error)),
    }
}
