//! Money that goes back through the provider that took it.
//!
//! **Once.** A refund is recorded, and its money set aside, before the provider is asked; its id is the idempotency key,
//! so that asking again after a crash or a lost answer is the same refund. The provider's answer and its event may come
//! in either order: a refund moves along [`RefundState`] and never back.
//! **Failed**, also after it had seemed done: the money is on account again, and a task says so.
//! **Bounds.** A provider forgets keys. After that it is not asked again: a person looks.

use crate::db::{Tx, statements};
use crate::error::Result;
use crate::instants::instant;
use crate::moment::Moment;
use crate::params;
use crate::payments::{self, Cause, Standing};
use crate::tasks::{self, NewTask};
use chrono::{DateTime, TimeDelta, Utc};
use receivables::currency::Currency;
use receivables::id::{PaymentId, RefundId};
use receivables::money::Money;
use receivables::task::TaskKind;
use receivables::told::RefundState;
use serde::Deserialize;

statements! {
    INSERT = "INSERT INTO refunds (id, payment_id, provider, provider_id, amount_minor, total_minor, reason, status,
            created_at, ask_at, settled_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, iif(?8 = 'requested', NULL, ?9))";
    BY_ID = "SELECT json_object('id', id, 'payment', payment_id, 'amount_minor', amount_minor)
        FROM refunds WHERE id = ?1 AND provider = ?2";
    BY_PROVIDER_ID = "SELECT json_object('id', id, 'payment', payment_id, 'amount_minor', amount_minor)
        FROM refunds WHERE provider = ?1 AND provider_id = ?2";
    NAME = "UPDATE refunds SET provider_id = ?2, ask_at = NULL WHERE id = ?1 AND provider_id IS NULL RETURNING id";
    SETTLE = "UPDATE refunds SET status = ?2, why = ?3, ask_at = NULL, settled_at = ?4
        WHERE id = ?1 AND status IN (SELECT value FROM json_each(?5)) RETURNING id";
    CLAIM = "UPDATE refunds SET ask_at = ?2 WHERE id IN
            (SELECT id FROM refunds WHERE ask_at <= ?1 ORDER BY ask_at LIMIT ?3) RETURNING id";
    ORDERS = "SELECT json_object('id', r.id, 'provider', r.provider, 'reference', p.reference, 'currency', p.currency,
            'amount_minor', r.amount_minor, 'total_minor', r.total_minor, 'reason', r.reason,
            'created_ms', r.created_at)
        FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.id IN (SELECT value FROM json_each(?))
            AND r.status = 'requested' AND r.ask_at IS NOT NULL";
    UNASKED = "SELECT id FROM refunds WHERE payment_id = ? AND ask_at IS NOT NULL";
    LEAVE = "UPDATE refunds SET ask_at = NULL WHERE id = ?1 AND ask_at IS NOT NULL RETURNING id";
}

/// How long one that asks has for it before another may: longer than any provider's answer is waited for.
const ASKING: TimeDelta = TimeDelta::minutes(2);

/// What a provider is asked to pay back.
#[derive(Debug, Clone)]
pub struct Order {
    /// Ours; the provider's idempotency key.
    pub id: RefundId,
    /// Who is asked.
    pub provider: String,
    /// What the provider calls the payment.
    pub payment: String,
    /// How much.
    pub amount: Money,
    /// All of the payment's refunds together with this one.
    pub total: Money,
    /// Why.
    pub reason: String,
    /// Since when.
    pub requested_at: DateTime<Utc>,
}

/// Records that a part of a payment is to be paid back through `provider`. The caller takes it out of the payment.
pub(crate) async fn request(
    tx: &Tx<'_>,
    moment: Moment,
    payment: &Standing,
    provider: &str,
    amount: Money,
    reason: &str,
) -> Result<RefundId> {
    let id = moment.id(RefundId::from_parts)?;
    let total = payment.refunded.checked_add(amount)?;
    let parameters = params![
        id.as_str(),
        payment.id.as_str(),
        provider,
        None::<&str>,
        amount.minor(),
        total.minor(),
        reason,
        RefundState::Requested.name(),
        moment.ms(),
        moment.ms(),
    ];
    tx.run(INSERT, parameters).await?;
    Ok(id)
}

/// Records a refund that was made at the provider itself, in whatever state it is.
pub(crate) async fn made_elsewhere(
    tx: &Tx<'_>,
    moment: Moment,
    payment: &Standing,
    provider: &str,
    provider_id: &str,
    amount: Money,
    state: RefundState,
) -> Result<()> {
    let id = moment.id(RefundId::from_parts)?;
    let total = payment.refunded.checked_add(amount)?;
    let parameters = params![
        id.as_str(),
        payment.id.as_str(),
        provider,
        provider_id,
        amount.minor(),
        total.minor(),
        format!("Made at {provider}"),
        state.name(),
        moment.ms(),
        None::<i64>,
    ];
    tx.run(INSERT, parameters).await
}

/// A refund that is on record.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Known {
    pub(crate) id: RefundId,
    payment: PaymentId,
    amount_minor: i64,
}

/// The refund of our name, or of the provider's.
pub(crate) async fn known(
    tx: &Tx<'_>,
    provider: &str,
    ours: Option<&RefundId>,
    provider_id: &str,
) -> Result<Option<Known>> {
    if let Some(id) = ours
        && let Some(known) = tx.find(BY_ID, params![id.as_str(), provider]).await?
    {
        return Ok(Some(known));
    }
    tx.find(BY_PROVIDER_ID, params![provider, provider_id]).await
}

/// Moves a refund on. False: it is there already, or further.
pub(crate) async fn moved(
    tx: &Tx<'_>,
    moment: Moment,
    known: &Known,
    provider_id: Option<&str>,
    state: RefundState,
    why: Option<&str>,
) -> Result<bool> {
    let named = match provider_id {
        Some(name) => tx.row(NAME, params![known.id.as_str(), name]).await?.is_some(),
        None => false,
    };
    if state == RefundState::Requested {
        return Ok(named);
    }
    settle(tx, moment, known, state, why, state.from()).await
}

/// Ends a refund that stands at one of `from`. False: it stands elsewhere.
async fn settle(
    tx: &Tx<'_>,
    moment: Moment,
    known: &Known,
    state: RefundState,
    why: Option<&str>,
    from: &[&str],
) -> Result<bool> {
    let from = serde_json::to_string(from)?;
    let parameters = params![known.id.as_str(), state.name(), why, moment.ms(), from];
    if tx.row(SETTLE, parameters).await?.is_none() {
        return Ok(false);
    }
    if state == RefundState::Failed {
        restore(tx, moment, known, why.unwrap_or("the provider does not say why")).await?;
    }
    Ok(true)
}

/// The money of a refund that failed is on account again, and somebody is told.
async fn restore(tx: &Tx<'_>, moment: Moment, known: &Known, why: &str) -> Result<()> {
    let Some(payment) = payments::by_id(tx, &known.payment).await? else {
        return Ok(());
    };
    let amount = Money::new(known.amount_minor, payment.left.currency());
    let reason = format!("Refund {} failed: {why}", known.id);
    payments::give_back(tx, moment, &payment, amount, Cause::Refund, &reason).await?;
    let title = format!("Refund of {amount} failed");
    let detail = format!("{reason}. The money is on account again: pay it back another way, or use it.");
    task(tx, moment, &payment, &known.id, title, detail).await
}

/// A task for a person, once a refund.
async fn task(
    tx: &Tx<'_>,
    moment: Moment,
    payment: &Standing,
    refund: &RefundId,
    title: String,
    detail: String,
) -> Result<()> {
    let Some(customer) = payment.customer.clone() else {
        return Ok(());
    };
    let task = NewTask {
        customer,
        currency: Some(payment.left.currency()),
        kind: TaskKind::Review,
        title,
        detail: Some(detail),
        due_on: moment.now.date_naive(),
        step: Some("refund".to_owned()),
        cycle: Some(refund.to_string()),
        assignee: None,
    };
    tasks::open(tx, moment, &[task]).await.map(drop)
}

/// What a provider has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It is done, under that name.
    Done(String),
    /// It is in hand, under that name.
    Asked(String),
    /// It will not be done, for that reason.
    Refused(String),
}

/// Records what the provider has answered.
pub async fn answered(tx: &Tx<'_>, moment: Moment, order: &Order, answer: &Answered) -> Result<()> {
    let known: Option<Known> = tx
        .find(BY_ID, params![order.id.as_str(), order.provider.as_str()])
        .await?;
    let Some(known) = known else { return Ok(()) };
    let moved = match answer {
        Answered::Done(name) => moved(tx, moment, &known, Some(name), RefundState::Done, None).await,
        Answered::Asked(name) => moved(tx, moment, &known, Some(name), RefundState::Requested, None).await,
        // What has been told of meanwhile is not undone by a request that came too late.
        Answered::Refused(why) => {
            settle(tx, moment, &known, RefundState::Failed, Some(why), &["requested"]).await
        }
    };
    moved.map(drop)
}

/// Leaves a refund whose key the provider has forgotten to a person: asked again it might be paid twice.
pub async fn leave_to_a_person(tx: &Tx<'_>, moment: Moment, order: &Order) -> Result<()> {
    if tx.row(LEAVE, params![order.id.as_str()]).await?.is_none() {
        return Ok(());
    }
    let Some(payment) = payments::by_reference(tx, &order.provider, &order.payment).await? else {
        return Ok(());
    };
    let title = format!("Is the refund of {} done?", order.amount);
    let detail = format!(
        "{} never answered to refund {} and would not know it again. Look there whether it was made; if not, make it there.",
        order.provider, order.id
    );
    task(tx, moment, &payment, &order.id, title, detail).await
}

#[derive(Deserialize)]
struct OrderRow {
    id: RefundId,
    provider: String,
    reference: String,
    currency: Currency,
    amount_minor: i64,
    total_minor: i64,
    reason: String,
    created_ms: i64,
}

impl OrderRow {
    fn order(self) -> Result<Order> {
        Ok(Order {
            id: self.id,
            provider: self.provider,
            payment: self.reference,
            amount: Money::new(self.amount_minor, self.currency),
            total: Money::new(self.total_minor, self.currency),
            reason: self.reason,
            requested_at: instant(self.created_ms)?,
        })
    }
}

/// Up to `limit` refunds that the provider is to be asked for, or asked for again. They are the caller's for a while.
pub async fn to_ask(tx: &Tx<'_>, moment: Moment, limit: u32) -> Result<Vec<Order>> {
    let until = moment.now.checked_add_signed(ASKING).unwrap_or(moment.now);
    let parameters = params![moment.ms(), until.timestamp_millis(), i64::from(limit)];
    let mut ids = Vec::new();
    for row in tx.rows(CLAIM, parameters).await? {
        ids.push(row.text(0)?.to_owned());
    }
    orders(tx, &ids).await
}

/// The refunds of a payment that the provider has not answered to.
pub async fn unanswered(tx: &Tx<'_>, payment: &PaymentId) -> Result<Vec<Order>> {
    let mut ids = Vec::new();
    for row in tx.rows(UNASKED, params![payment.as_str()]).await? {
        ids.push(row.text(0)?.to_owned());
    }
    orders(tx, &ids).await
}

async fn orders(tx: &Tx<'_>, ids: &[String]) -> Result<Vec<Order>> {
    let rows: Vec<OrderRow> = tx.list(ORDERS, params![serde_json::to_string(ids)?]).await?;
    rows.into_iter().map(OrderRow::order).collect()
}
