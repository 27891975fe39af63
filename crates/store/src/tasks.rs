//! Tasks for people: opened by a step or a person, done with an outcome that feeds the engine.
//!
//! **Once.** A step opens one task a customer and cycle (UNIQUE), however often the sweep runs. What follows from an
//! outcome ([`receivables::task::settle`]) is opened in the transaction that records it; promises and disputes are made
//! by whoever calls [`done`], in the same one.

use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::instants::rfc3339;
use crate::law;
use crate::moment::Moment;
use crate::params;
use chrono::NaiveDate;
use receivables::currency::Currency;
use receivables::id::{CustomerId, TaskId};
use receivables::task::{self, Outcome, Settled, TaskKind, TaskStatus};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

macro_rules! select_task {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', t.id, 'customer_id', t.customer_id, 'currency', t.currency, 'kind', t.kind,
                'title', t.title, 'detail', t.detail, 'due_on', t.due_on, 'assignee', t.assignee,
                'status', t.status, 'attempt', t.attempt, 'step', t.step, 'opened_by', t.opened_by,
                'outcome', t.outcome, 'report', t.report, 'done_by', t.done_by, 'done_ms', t.done_at,
                'created_ms', t.created_at)
            FROM tasks t ",
            $which
        )
    };
}

statements! {
    OPEN = "INSERT INTO tasks (id, customer_id, currency, kind, title, detail, due_on, assignee, attempt, step, cycle,
            opened_by, created_at)
        SELECT j.value->>'id', j.value->>'customer', j.value->>'currency', j.value->>'kind', j.value->>'title',
            j.value->>'detail', j.value->>'due_on', j.value->>'assignee', j.value->>'attempt', j.value->>'step',
            j.value->>'cycle', j.value->>'opened_by', ?1
        FROM json_each(?2) AS j WHERE true
        ON CONFLICT (customer_id, step, cycle) WHERE step IS NOT NULL DO NOTHING
        RETURNING id";
    ONE = select_task!("WHERE t.id = ?");
    LIST = select_task!("WHERE (t.due_on, t.id) > (?1, ?2) ORDER BY t.due_on, t.id LIMIT ?3");
    OF_STATUS = select_task!("WHERE t.status = ?4 AND (t.due_on, t.id) > (?1, ?2)
            ORDER BY t.due_on, t.id LIMIT ?3");
    OF_ASSIGNEE = select_task!("WHERE t.assignee = ?4 AND (t.due_on, t.id) > (?1, ?2)
            AND (?5 IS NULL OR t.status = ?5) ORDER BY t.due_on, t.id LIMIT ?3");
    OF_CUSTOMER = select_task!("WHERE t.customer_id = ?4 AND (t.due_on, t.id) > (?1, ?2)
            AND (?5 IS NULL OR t.status = ?5) AND (?6 IS NULL OR t.assignee = ?6)
            ORDER BY t.due_on, t.id LIMIT ?3");
    ASSIGN = "UPDATE tasks SET assignee = ?2, due_on = coalesce(?3, due_on) WHERE id = ?1";
    DONE = "UPDATE tasks SET status = 'done', outcome = ?2, report = ?3, done_by = ?4, done_at = ?5 WHERE id = ?1";
    CANCEL = "UPDATE tasks SET status = 'cancelled', done_by = ?2, done_at = ?3 WHERE id = ?1";
}

/// A task to be opened.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// About whom.
    pub customer: CustomerId,
    /// Which of the customer's accounts it is about; `None`: the customer as such.
    pub currency: Option<Currency>,
    /// What is to be done.
    pub kind: TaskKind,
    /// In a few words.
    pub title: String,
    /// In more words.
    pub detail: Option<String>,
    /// The business day on which it is due.
    pub due_on: NaiveDate,
    /// The policy's step that wants it; with `cycle` it is opened once.
    pub step: Option<String>,
    /// The cycle of the step: the carrying invoice.
    pub cycle: Option<String>,
    /// By whom, where that is known.
    pub assignee: Option<String>,
}

/// A task as `GET /v1/tasks/{id}` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct TaskView {
    /// Ours.
    pub id: TaskId,
    /// About whom.
    pub customer_id: CustomerId,
    /// Which of the customer's accounts it is about.
    pub currency: Option<Currency>,
    /// What is to be done.
    pub kind: TaskKind,
    /// In a few words.
    pub title: String,
    /// In more words.
    pub detail: Option<String>,
    /// When it is due.
    pub due_on: NaiveDate,
    /// By whom.
    pub assignee: Option<String>,
    /// Where it stands.
    pub status: TaskStatus,
    /// Which try it is.
    pub attempt: u32,
    /// The policy's step that wanted it.
    pub step: Option<String>,
    /// Who opened it.
    pub opened_by: String,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What was said.
    pub report: Option<String>,
    /// Who did it.
    pub done_by: Option<String>,
    /// When.
    pub done_at: Option<String>,
    /// When it was opened.
    pub created_at: String,
}

impl TaskView {
    /// Where it stands in the order of lists: `after` of the next page.
    pub fn cursor(&self) -> String {
        format!("{}_{}", self.due_on, self.id)
    }
}

/// Where a page of tasks begins: after this one.
#[derive(Debug, Clone)]
pub struct TaskCursor {
    due_on: NaiveDate,
    id: TaskId,
}

impl TaskCursor {
    /// Reads what [`TaskView::cursor`] writes.
    pub fn parse(text: &str) -> Option<TaskCursor> {
        let (due_on, id) = text.split_once('_')?;
        Some(TaskCursor {
            due_on: due_on.parse().ok()?,
            id: TaskId::parse(id).ok()?,
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    id: TaskId,
    customer_id: CustomerId,
    currency: Option<Currency>,
    kind: TaskKind,
    title: String,
    detail: Option<String>,
    due_on: NaiveDate,
    assignee: Option<String>,
    status: TaskStatus,
    attempt: u32,
    step: Option<String>,
    opened_by: String,
    outcome: Option<Outcome>,
    report: Option<String>,
    done_by: Option<String>,
    done_ms: Option<i64>,
    created_ms: i64,
}

impl Row {
    fn view(self) -> Result<TaskView> {
        Ok(TaskView {
            id: self.id,
            customer_id: self.customer_id,
            currency: self.currency,
            kind: self.kind,
            title: self.title,
            detail: self.detail,
            due_on: self.due_on,
            assignee: self.assignee,
            status: self.status,
            attempt: self.attempt,
            step: self.step,
            opened_by: self.opened_by,
            outcome: self.outcome,
            report: self.report,
            done_by: self.done_by,
            done_at: self.done_ms.map(rfc3339).transpose()?,
            created_at: rfc3339(self.created_ms)?,
        })
    }

    fn activity(&self, kind: &'static str, title: String, detail: String) -> Activity {
        Activity {
            customer_id: self.customer_id.clone(),
            kind,
            title,
            detail,
            refers_to: Some(self.id.to_string()),
        }
    }
}

#[derive(Serialize)]
struct OpenRow<'a> {
    id: TaskId,
    customer: &'a CustomerId,
    currency: Option<&'static str>,
    kind: TaskKind,
    title: &'a str,
    detail: Option<&'a str>,
    due_on: NaiveDate,
    assignee: Option<&'a str>,
    attempt: u32,
    step: Option<&'a str>,
    cycle: Option<&'a str>,
    opened_by: &'a str,
}

/// Opens the tasks that steps want, each once a customer, step and cycle; answers how many are new.
pub async fn open(tx: &Tx<'_>, moment: Moment, tasks: &[NewTask]) -> Result<usize> {
    let opened = insert(tx, moment, receivables::approval::POLICY, 1, tasks).await?;
    Ok(opened.len())
}

/// Opens a task for a person who wants it.
pub async fn open_by(tx: &Tx<'_>, moment: Moment, by: &str, task: NewTask) -> Result<TaskId> {
    let opened = insert(tx, moment, by, 1, &[task]).await?;
    let first = opened.into_iter().next();
    first.ok_or_else(|| StoreError::Decode("a task just opened is not there".to_owned()))
}

async fn insert(
    tx: &Tx<'_>,
    moment: Moment,
    by: &str,
    attempt: u32,
    tasks: &[NewTask],
) -> Result<Vec<TaskId>> {
    if tasks.is_empty() {
        return Ok(Vec::new());
    }
    let mut mint = moment.mint()?;
    let rows: Vec<OpenRow<'_>> = tasks
        .iter()
        .map(|task| OpenRow {
            id: mint.id(TaskId::from_parts),
            customer: &task.customer,
            currency: task.currency.map(|currency| currency.code()),
            kind: task.kind,
            title: &task.title,
            detail: task.detail.as_deref(),
            due_on: task.due_on,
            assignee: task.assignee.as_deref(),
            attempt,
            step: task.step.as_deref(),
            cycle: task.cycle.as_deref(),
            opened_by: by,
        })
        .collect();
    let stored = tx
        .rows(OPEN, params![moment.ms(), serde_json::to_string(&rows)?])
        .await?;
    let stored: Result<BTreeSet<String>> = stored.iter().map(|row| row.text(0).map(str::to_owned)).collect();
    let stored = stored?;
    let new = || rows.iter().filter(|row| stored.contains(row.id.as_str()));
    let log: Vec<Activity> = new()
        .map(|row| Activity {
            customer_id: row.customer.clone(),
            kind: "task_opened",
            title: row.title.to_owned(),
            detail: opened_detail(row),
            refers_to: Some(row.id.to_string()),
        })
        .collect();
    activities::record(tx, moment, &log).await?;
    Ok(new().map(|row| row.id.clone()).collect())
}

fn opened_detail(row: &OpenRow<'_>) -> String {
    let whose = row
        .assignee
        .map(|assignee| format!(" for {assignee}"))
        .unwrap_or_default();
    let source = match row.step {
        Some(step) => format!("the policy's step {step}"),
        None => row.opened_by.to_owned(),
    };
    let said = row.detail.map(|detail| format!(" {detail}")).unwrap_or_default();
    let kind = row.kind.as_str().replace('_', "-");
    format!(
        "A {kind}{whose}, due on {}, opened by {source}.{said}",
        row.due_on
    )
}

/// What a person reports of a task or a call, as far as it is kept.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'a> {
    /// How it ended.
    pub outcome: Outcome,
    /// What was said.
    pub text: Option<&'a str>,
    /// Who says so.
    pub by: &'a str,
}

/// How a policy and a calendar have people try again.
pub struct Course<'a> {
    /// How often and when.
    pub rules: task::Rules,
    /// The customer's civil day.
    pub today: NaiveDate,
    /// Which days are business days there.
    pub is_business_day: &'a dyn Fn(NaiveDate) -> bool,
}

/// What became of a report.
#[derive(Debug)]
pub enum Done {
    /// It is recorded, and what follows is opened: what the outcome does to the account is left to the caller.
    Settled(Settled, Option<TaskId>),
    /// There is no such task.
    Unknown,
    /// It is done or cancelled already.
    NotOpen(TaskStatus),
    /// That kind of task cannot end so.
    NotItsOutcome(task::NotItsOutcome),
}

/// Records that a task is done, and opens what follows from its outcome for the same person.
pub async fn done(
    tx: &Tx<'_>,
    moment: Moment,
    id: &TaskId,
    course: &Course<'_>,
    reported: &Reported<'_>,
) -> Result<Done> {
    let Some(row) = tx.find::<Row>(ONE, params![id.as_str()]).await? else {
        return Ok(Done::Unknown);
    };
    if !row.status.can_become(TaskStatus::Done) {
        return Ok(Done::NotOpen(row.status));
    }
    let (rules, today) = (&course.rules, course.today);
    let settled = task::settle(
        row.kind,
        reported.outcome,
        row.attempt,
        today,
        rules,
        course.is_business_day,
    );
    let settled = match settled {
        Ok(settled) => settled,
        Err(refused) => return Ok(Done::NotItsOutcome(refused)),
    };
    let parameters = params![
        id.as_str(),
        reported.outcome.as_str(),
        reported.text,
        reported.by,
        moment.ms()
    ];
    tx.run(DONE, parameters).await?;
    if task::was_call(row.kind, reported.outcome) {
        law::calls::placed(tx, moment, &row.customer_id, reported.outcome, reported.by).await?;
    }
    let title = format!("{}: {}", row.title, reported.outcome.as_str().replace('_', " "));
    activities::record(tx, moment, &[row.activity("task_done", title, said(reported))]).await?;
    let about = serde_json::json!({"task_id": row.id, "kind": row.kind, "outcome": reported.outcome});
    events::record(tx, moment, &[Event::new("task.done", &row.customer_id, about)]).await?;
    let next = follow(
        tx,
        moment,
        &row.customer_id,
        row.currency,
        row.assignee,
        &settled,
        reported.by,
    )
    .await?;
    Ok(Done::Settled(settled, next))
}

/// Records a call that nobody was asked to make, and opens what follows from its outcome for who made it. A call can end
/// in every way there is.
pub async fn called(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    course: &Course<'_>,
    reported: &Reported<'_>,
) -> Result<(Settled, Option<TaskId>)> {
    let (rules, today) = (&course.rules, course.today);
    let settled = task::settle(
        TaskKind::Call,
        reported.outcome,
        1,
        today,
        rules,
        course.is_business_day,
    );
    let settled = settled.map_err(|refused| StoreError::Decode(refused.to_string()))?;
    let activity = Activity {
        customer_id: customer.clone(),
        kind: "call_made",
        title: format!("Call: {}", reported.outcome.as_str().replace('_', " ")),
        detail: said(reported),
        refers_to: None,
    };
    activities::record(tx, moment, &[activity]).await?;
    law::calls::placed(tx, moment, customer, reported.outcome, reported.by).await?;
    let by = Some(reported.by.to_owned());
    let next = follow(tx, moment, customer, None, by, &settled, reported.by).await?;
    Ok((settled, next))
}

fn said(reported: &Reported<'_>) -> String {
    let text = reported.text.map(|text| format!("{text} ")).unwrap_or_default();
    format!("{text}Reported by {}.", reported.by)
}

async fn follow(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    currency: Option<Currency>,
    assignee: Option<String>,
    settled: &Settled,
    by: &str,
) -> Result<Option<TaskId>> {
    let Some(next) = &settled.next else {
        return Ok(None);
    };
    let task = NewTask {
        customer: customer.clone(),
        currency,
        kind: next.kind,
        title: next.title.clone(),
        detail: None,
        due_on: next.due_on,
        step: None,
        cycle: None,
        assignee,
    };
    let opened = insert(tx, moment, by, next.attempt, &[task]).await?;
    Ok(opened.into_iter().next())
}

/// What became of a change to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done,
    /// There is no such task.
    Unknown,
    /// It is done or cancelled already.
    NotOpen(TaskStatus),
}

/// Gives a task to somebody, or to nobody, and moves its day where `due_on` says so.
pub async fn assign(
    tx: &Tx<'_>,
    moment: Moment,
    id: &TaskId,
    assignee: Option<&str>,
    due_on: Option<NaiveDate>,
    by: &str,
) -> Result<Changed> {
    let Some(row) = tx.find::<Row>(ONE, params![id.as_str()]).await? else {
        return Ok(Changed::Unknown);
    };
    if row.status != TaskStatus::Open {
        return Ok(Changed::NotOpen(row.status));
    }
    let on = due_on.map(|day| day.to_string());
    tx.run(ASSIGN, params![id.as_str(), assignee, on]).await?;
    let whose = assignee.unwrap_or("nobody");
    let detail = format!(
        "Assigned to {whose}, due on {}, by {by}.",
        due_on.unwrap_or(row.due_on)
    );
    let activity = row.activity("task_assigned", format!("{}: assigned", row.title), detail);
    activities::record(tx, moment, &[activity]).await?;
    Ok(Changed::Done)
}

/// Takes a task back: what it was for is gone.
pub async fn cancel(tx: &Tx<'_>, moment: Moment, id: &TaskId, by: &str) -> Result<Changed> {
    let Some(row) = tx.find::<Row>(ONE, params![id.as_str()]).await? else {
        return Ok(Changed::Unknown);
    };
    if !row.status.can_become(TaskStatus::Cancelled) {
        return Ok(Changed::NotOpen(row.status));
    }
    tx.run(CANCEL, params![id.as_str(), by, moment.ms()]).await?;
    let activity = row.activity(
        "task_cancelled",
        format!("{}: cancelled", row.title),
        format!("By {by}."),
    );
    activities::record(tx, moment, &[activity]).await?;
    Ok(Changed::Done)
}

/// One task.
pub async fn one(db: &Db, id: &TaskId) -> Result<Option<TaskView>> {
    db.find::<Row>(ONE, params![id.as_str()])
        .await?
        .map(Row::view)
        .transpose()
}

/// Which tasks a list shows.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// Only those about this customer.
    pub customer: Option<CustomerId>,
    /// Only those that stand so.
    pub status: Option<TaskStatus>,
    /// Only theirs.
    pub assignee: Option<String>,
    /// Only those after this one.
    pub after: Option<TaskCursor>,
}

/// Tasks, the earliest due first.
pub async fn list(db: &Db, filter: &TaskFilter, limit: u32) -> Result<Vec<TaskView>> {
    // Sorts before every day and every id.
    let after_on = filter
        .after
        .as_ref()
        .map(|after| after.due_on.to_string())
        .unwrap_or_default();
    let after_id = filter.after.as_ref().map_or("", |after| after.id.as_str());
    let status = filter.status.map(TaskStatus::as_str);
    let mut parameters = params![after_on, after_id, limit];
    let sql = match (&filter.customer, &filter.assignee, status) {
        (Some(customer), assignee, status) => {
            parameters.extend(params![customer.as_str(), status, assignee.as_deref()]);
            OF_CUSTOMER
        }
        (None, Some(assignee), status) => {
            parameters.extend(params![assignee.as_str(), status]);
            OF_ASSIGNEE
        }
        (None, None, Some(status)) => {
            parameters.extend(params![status]);
            OF_STATUS
        }
        (None, None, None) => LIST,
    };
    let rows: Vec<Row> = db.list(sql, parameters).await?;
    rows.into_iter().map(Row::view).collect()
}
