//! What a person does with money that is there: says anew what it is for, pays it back, uses what is on account.

use super::{look, shown, unknown};
use receivables::id::{CustomerId, PaymentId};
use receivables::intake::{AllocationsInput, ApplyCreditInput, RefundInput};
use store::payments::{self, ByHand, UseCredit};
use store::{Db, StoreError};
use web::{Cx, Problem, Reply, Scope};

/// `POST /v1/payments/{id}/allocations`: the full new list.
pub(crate) async fn allocations(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = PaymentId::parse(id).map_err(|_| unknown())?;
    let (value, bytes) = cx.json().await?;
    let input = AllocationsInput::parse(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let done = payments::reallocate(tx, cx.moment(), &id, &input.allocations).await;
        answer(tx, &id, done).await
    })
    .await
}

/// `POST /v1/payments/{id}/refund`: `{"amount"?, "reason"}`, out of what is on account. Through the provider that took the
/// payment, where it is set up; else it is recorded that somebody has paid it back.
pub(crate) async fn refund(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = PaymentId::parse(id).map_err(|_| unknown())?;
    let (value, bytes) = cx.json().await?;
    let input = RefundInput::parse(&value).map_err(Problem::invalid)?;
    let source = payments::source(&cx.db().await?, &id).await?.unwrap_or_default();
    let through = providers::named(cx, &source).await?.is_some();
    let reply = cx
        .once(&principal, &bytes, async |tx| {
            let done = match through {
                true => payments::refund_through(tx, cx.moment(), &id, &input, &source).await,
                false => payments::refund(tx, cx.moment(), &id, &input).await,
            };
            answer(tx, &id, done).await
        })
        .await?;
    if through {
        // On record already: whatever becomes of this, the answer stands and the job goes on with it.
        look::pay_back_now(cx, &id).await?;
    }
    Ok(reply)
}

async fn answer(db: &Db, id: &PaymentId, done: Result<ByHand, StoreError>) -> Result<Reply, Problem> {
    match done? {
        ByHand::Done => Ok(Reply::json(200, &shown(db, id).await?)),
        ByHand::Unknown => Err(unknown()),
        ByHand::Refused(errors) => Err(Problem::invalid(errors)),
        ByHand::NothingOnAccount => Err(Problem::conflict(
            "nothing_on_account",
            "Nothing of this payment is on account: take it off an invoice first.",
        )),
    }
}

/// `POST /v1/customers/{id}/apply-credit`: `{"currency"?, "amount"?, "invoices"?}`.
pub(crate) async fn apply_credit(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let nobody = || Problem::not_found("There is no customer with that id.");
    let id = CustomerId::parse(id).map_err(|_| nobody())?;
    let (value, bytes) = cx.json().await?;
    let input = ApplyCreditInput::parse(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        match payments::use_credit(tx, cx.moment(), &id, &input).await? {
            UseCredit::Used(used) => Ok(Reply::json(200, &used)),
            UseCredit::Unknown => Err(nobody()),
            UseCredit::NothingOnAccount(currency) => Err(Problem::conflict(
                "nothing_on_account",
                format!("Nothing is on account in {currency}."),
            )),
            UseCredit::NothingOwed(currency) => Err(Problem::conflict(
                "nothing_owed",
                format!("Nothing of that is open in {currency}."),
            )),
        }
    })
    .await
}
