//! Tasks, calls and notes.

use crate::outcomes::apply;
use crate::{no_customer, parameter, word};
use receivables::id::{CustomerId, TaskId};
use receivables::limits;
use receivables::task::{AssignInput, CallInput, DoneInput, NoteInput, Report, TaskInput, TaskStatus};
use store::accounts::{self, Account};
use store::activities::{self, Activity};
use store::tasks::{self, Changed, Course, Done, NewTask, Reported, TaskCursor, TaskFilter};
use store::{Db, Tx};
use web::{Cx, Principal, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no task with that id.")
}

fn task_id(id: &str) -> Result<TaskId, Problem> {
    TaskId::parse(id).map_err(|_| unknown())
}

async fn account(cx: &Cx, db: &Db, customer: &CustomerId) -> Result<Account, Problem> {
    accounts::find(db, cx.moment(), customer)
        .await?
        .ok_or_else(no_customer)
}

async fn shown(db: &Db, id: &TaskId, status: u16) -> Result<Reply, Problem> {
    let view = tasks::one(db, id).await?;
    Ok(Reply::json(status, &view.ok_or_else(unknown)?))
}

/// `POST /v1/tasks`.
pub(crate) async fn open(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let input = TaskInput::parse(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let customer = crate::named(tx, &input.customer).await?;
        let account = account(cx, tx, &customer).await?;
        let task = NewTask {
            customer,
            currency: input.currency,
            kind: input.kind,
            title: input.title.clone(),
            detail: input.detail.clone(),
            due_on: input.due_on.unwrap_or_else(|| account.business_days_after(1)),
            step: None,
            cycle: None,
            assignee: input.assignee.clone(),
        };
        let id = tasks::open_by(tx, cx.moment(), &principal.id, task).await?;
        shown(tx, &id, 201).await
    })
    .await
}

/// `GET /v1/tasks?status=&assignee=&customer=`, the earliest due first.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["status", "assignee", "customer", "limit", "after"])?;
    let page = cx.page(&query)?;
    let filter = TaskFilter {
        customer: parameter(&query, "customer", "a customer's id", |text| {
            CustomerId::parse(text).ok()
        })?,
        status: word(&query, "status", TaskStatus::NAMES)?,
        assignee: query.get("assignee").cloned(),
        after: parameter(&query, "after", "a cursor", TaskCursor::parse)?,
    };
    let mut rows = tasks::list(&cx.db().await?, &filter, page.probe()).await?;
    let next = page.cut(&mut rows, tasks::TaskView::cursor);
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/tasks/{id}`.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    shown(&cx.db().await?, &task_id(id)?, 200).await
}

/// `POST /v1/tasks/{id}/assign`.
pub(crate) async fn assign(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let input = AssignInput::parse(&value).map_err(Problem::invalid)?;
    let id = task_id(id)?;
    cx.once(&principal, &bytes, async |tx| {
        let assignee = input.assignee.as_deref();
        let changed = tasks::assign(tx, cx.moment(), &id, assignee, input.due_on, &principal.id).await?;
        after(tx, &id, changed).await
    })
    .await
}

/// `POST /v1/tasks/{id}/cancel`.
pub(crate) async fn cancel(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = task_id(id)?;
    cx.once(&principal, b"", async |tx| {
        let changed = tasks::cancel(tx, cx.moment(), &id, &principal.id).await?;
        after(tx, &id, changed).await
    })
    .await
}

async fn after(tx: &Tx<'_>, id: &TaskId, changed: Changed) -> Result<Reply, Problem> {
    match changed {
        Changed::Done => shown(tx, id, 200).await,
        Changed::Unknown => Err(unknown()),
        Changed::NotOpen(status) => Err(not_open(status)),
    }
}

fn not_open(status: TaskStatus) -> Problem {
    Problem::conflict(
        "wrong_status",
        format!("The task is {} already.", status.as_str()),
    )
}

/// How tries go on for this account.
async fn with_course<T>(account: &Account, work: impl AsyncFnOnce(&Course<'_>) -> T) -> T {
    let is_business_day = |day| account.is_business_day(day);
    let course = Course {
        rules: account.policy().tasks,
        today: account.today,
        is_business_day: &is_business_day,
    };
    work(&course).await
}

fn reported<'a>(report: &'a Report, principal: &'a Principal) -> Reported<'a> {
    Reported {
        outcome: report.outcome,
        text: report.text.as_deref(),
        by: &principal.id,
    }
}

/// `POST /v1/tasks/{id}/done`: what the outcome means is done in the same transaction.
pub(crate) async fn done(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let report = DoneInput::parse(&value).map_err(Problem::invalid)?.report;
    let id = task_id(id)?;
    cx.once(&principal, &bytes, async |tx| {
        let task = tasks::one(tx, &id).await?.ok_or_else(unknown)?;
        let customer = task.customer_id;
        let account = account(cx, tx, &customer).await?;
        let said = reported(&report, &principal);
        let done = with_course(&account, async |course: &Course<'_>| {
            tasks::done(tx, cx.moment(), &id, course, &said).await
        });
        let (settled, next) = match done.await? {
            Done::Settled(settled, next) => (settled, next),
            Done::Unknown => return Err(unknown()),
            Done::NotOpen(status) => return Err(not_open(status)),
            Done::NotItsOutcome(refused) => {
                return Err(Problem::invalid_field(
                    "/outcome",
                    "not_allowed",
                    refused.to_string(),
                ));
            }
        };
        apply(cx, tx, &customer, &settled, &report, &principal.id).await?;
        shown(tx, &id, 200)
            .await?
            .with_member("next", &following(tx, next).await?)
    })
    .await
}

async fn following(db: &Db, next: Option<TaskId>) -> Result<Option<tasks::TaskView>, Problem> {
    match next {
        None => Ok(None),
        Some(id) => Ok(tasks::one(db, &id).await?),
    }
}

/// `POST /v1/calls`: a call that nobody was asked to make.
pub(crate) async fn call(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let input = CallInput::parse(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let customer = crate::named(tx, &input.customer).await?;
        let account = account(cx, tx, &customer).await?;
        let said = reported(&input.report, &principal);
        let called = with_course(&account, async |course: &Course<'_>| {
            tasks::called(tx, cx.moment(), &customer, course, &said).await
        });
        let (settled, next) = called.await?;
        apply(cx, tx, &customer, &settled, &input.report, &principal.id).await?;
        Ok(Reply::json(
            201,
            &serde_json::json!({"customer_id": customer, "outcome": input.report.outcome,
                "text": input.report.text, "by": principal.id, "next": following(tx, next).await?}),
        ))
    })
    .await
}

/// `POST /v1/notes`.
pub(crate) async fn note(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let input = NoteInput::parse(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let customer = crate::named(tx, &input.customer).await?;
        let title: String = input
            .text
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(limits::SLUG)
            .collect();
        let note = Activity {
            customer_id: customer.clone(),
            kind: "note_added",
            title,
            detail: format!("{} Noted by {}.", input.text, principal.id),
            refers_to: None,
        };
        activities::record(tx, cx.moment(), &[note]).await?;
        Ok(Reply::json(
            201,
            &serde_json::json!({"customer_id": customer, "text": input.text, "by": principal.id}),
        ))
    })
    .await
}
