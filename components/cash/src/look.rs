//! `/internal/payments`: cron's call. Takes up events that had no effect yet, asks providers what became of sessions that no
//! event has ended, and has them pay back what they have not answered to. What they say goes the way of their webhooks, so
//! it takes effect once.

use crate::webhook::{apply, left_over};
use providers::{Provider, Row};
use receivables::id::{CheckoutId, PaymentId};
use store::checkouts::{self, Looked};
use store::refunds::{self, Order};
use store::{Db, Tx};
use web::{Cx, Problem, Reply, Run, limits};

/// How many are claimed at a time: what is claimed and not come to waits for its next turn.
const CLAIM: u32 = 5;

/// `GET|POST /internal/payments`.
pub(crate) async fn job(cx: &Cx) -> Result<Reply, Problem> {
    let query = cx.query(&["limit", "key"])?;
    cx.require_cron(query.get("key")).await?;
    let limit = cx.job_limit(&query)?;
    let db = cx.db().await?;
    let mut done = Run::default();
    for outcome in left_over(cx, limit).await? {
        done.count(cx, outcome);
    }
    // What fails again and again is in nobody's way.
    let taken_up = done.examined;
    loop {
        let asked = done.examined.saturating_sub(taken_up);
        let room = limit.saturating_sub(asked).min(CLAIM);
        if room == 0 || cx.elapsed().as_secs() >= limits::SENDING_S {
            done.more = true;
            break;
        }
        let orders = db
            .transaction(async |tx: &Tx<'_>| refunds::to_ask(tx, cx.moment(), room).await)
            .await?;
        for order in &orders {
            let outcome = pay_back(cx, &db, order).await;
            done.count(cx, outcome);
        }
        if !orders.is_empty() {
            continue;
        }
        let due = db
            .transaction(async |tx: &Tx<'_>| checkouts::to_look_at(tx, cx.moment(), room).await)
            .await?;
        if due.is_empty() {
            break;
        }
        for looked in &due {
            let outcome = look(cx, looked).await;
            done.count(cx, outcome);
        }
    }
    Ok(done.reply())
}

/// Asks about one session, and once more where its payer turns out to have agreed.
async fn look(cx: &Cx, looked: &Looked) -> Result<(), Problem> {
    let Some(row) = providers::row(&looked.provider) else {
        return Ok(());
    };
    let Some(provider) = row.set_up(cx).await? else {
        return Ok(());
    };
    let events = provider.look(cx, looked).await?;
    apply(cx, row, events).await?;
    match looked.pending {
        true => Ok(()),
        false => go_on(cx, row, provider.as_ref(), &looked.id).await,
    }
}

/// Has fetched what the payer of a hand-over has agreed to.
pub(crate) async fn finish(cx: &Cx, row: &Row, id: &CheckoutId) -> Result<(), Problem> {
    match row.set_up(cx).await? {
        Some(provider) => go_on(cx, row, provider.as_ref(), id).await,
        None => Ok(()),
    }
}

async fn go_on(cx: &Cx, row: &Row, provider: &dyn Provider, id: &CheckoutId) -> Result<(), Problem> {
    let looked = checkouts::looked(&cx.db().await?, id).await?;
    let agreed = looked.filter(|looked| looked.pending && looked.provider == row.name());
    if let Some(looked) = agreed {
        let events = provider.look(cx, &looked).await?;
        apply(cx, row, events).await?;
    }
    Ok(())
}

/// Asks for what of a payment is to be paid back and has not been answered to. What fails is asked for again by the job.
pub(crate) async fn pay_back_now(cx: &Cx, payment: &PaymentId) -> Result<(), Problem> {
    let db = cx.db().await?;
    let orders = db
        .transaction(async |tx: &Tx<'_>| refunds::unanswered(tx, payment).await)
        .await?;
    for order in &orders {
        if let Err(problem) = pay_back(cx, &db, order).await {
            cx.log(&problem);
        }
    }
    Ok(())
}

/// Asks for one refund. One whose name the provider may have forgotten is left to a person: it could be paid twice.
async fn pay_back(cx: &Cx, db: &Db, order: &Order) -> Result<(), Problem> {
    let Some(row) = providers::row(&order.provider) else {
        return Ok(());
    };
    let asked_for = cx.moment().now.signed_duration_since(order.requested_at);
    if asked_for > row.remembers {
        let left =
            db.transaction(async |tx: &Tx<'_>| refunds::leave_to_a_person(tx, cx.moment(), order).await);
        return Ok(left.await?);
    }
    let Some(provider) = row.set_up(cx).await? else {
        return Ok(());
    };
    let answer = provider.refund(cx, order).await?;
    db.transaction(async |tx: &Tx<'_>| refunds::answered(tx, cx.moment(), order, &answer).await)
        .await?;
    Ok(())
}
