//! Suspending a customer, and serving it again.

use crate::approvals::ask;
use crate::{customer_id, no_customer, reason};
use receivables::approval::ApprovalKind;
use store::approvals::Request;
use store::suspensions::{self, Suspended};
use store::{accounts, views};
use web::{Cx, Problem, Reply, Scope};

/// `POST /v1/customers/{id}/suspend`: 200 when it is done, 202 when somebody has to agree.
pub(crate) async fn suspend(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let why = reason(&value)?;
    let id = customer_id(id)?;
    cx.once(&principal, &bytes, async |tx| {
        possible(suspensions::may_suspend(tx, cx.moment(), &id).await?)?;
        let account = accounts::find(tx, cx.moment(), &id)
            .await?
            .ok_or_else(no_customer)?;
        if account.policy().approvals.needed(ApprovalKind::Suspend, None) {
            let request = Request {
                kind: ApprovalKind::Suspend,
                customer: &id,
                subject: serde_json::json!({"customer": id}),
                amount: None,
                asked_by: &principal.id,
                comment: Some(&why),
            };
            return ask(cx, tx, &request).await;
        }
        possible(suspensions::suspend(tx, cx.moment(), &id, &why, &principal.id).await?)?;
        let view = views::customer(tx, cx.moment(), &id).await?;
        Ok(Reply::json(200, &view.ok_or_else(no_customer)?))
    })
    .await
}

fn possible(judged: Suspended) -> Result<(), Problem> {
    match judged {
        Suspended::Done => Ok(()),
        Suspended::Already => Err(Problem::conflict(
            "wrong_status",
            "The customer is suspended already.",
        )),
        Suspended::NotYet(not_yet) => Err(Problem::conflict(
            "not_announced",
            format!("A suspension is announced first: {not_yet}."),
        )),
        Suspended::NothingOverdue => Err(Problem::conflict("nothing_owed", "Nothing is overdue.")),
        Suspended::Unknown => Err(no_customer()),
    }
}

/// `POST /v1/customers/{id}/reinstate`.
pub(crate) async fn reinstate(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let why = reason(&value)?;
    let id = customer_id(id)?;
    cx.once(&principal, &bytes, async |tx| {
        let moment = cx.moment();
        let view = views::customer(tx, moment, &id).await?;
        view.ok_or_else(no_customer)?;
        if !suspensions::reinstate(tx, moment, &id, &why, &principal.id).await? {
            return Err(Problem::conflict(
                "wrong_status",
                "The customer is not suspended.",
            ));
        }
        let view = views::customer(tx, moment, &id).await?;
        Ok(Reply::json(200, &view.ok_or_else(no_customer)?))
    })
    .await
}
