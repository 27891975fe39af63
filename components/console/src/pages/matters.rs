//! What is open: tasks, requests for approval, disputes, promises, plans, endpoints that are disabled.

use receivables::approval::ApprovalStatus;
use receivables::id::CustomerId;
use receivables::task::TaskStatus;
use receivables::{plan, promise};
use render::pages::MatterRow;
use store::Db;
use store::approvals::{self, ApprovalView};
use store::disputes::{self, DisputeFilter};
use store::endpoints::{self, EndpointView};
use store::instalment_plans::{self, PlanFilter};
use store::promises::{self, PromiseFilter};
use store::tasks::{self, TaskFilter, TaskView};
use web::{Cx, Problem};

/// Of each kind, at most; the API lists all.
const MATTERS: u32 = 20;

/// Events that failed are counted up to so many.
const FAILED_EVENTS: u32 = 1_000;

/// What waits for people, whoever it is about.
pub(super) async fn waiting(cx: &Cx, db: &Db) -> Result<Vec<MatterRow>, Problem> {
    let mut matters = decisions(cx, db, None).await?;
    let disabled = endpoints::list(db, Some("disabled"), "", MATTERS).await?;
    matters.extend(disabled.into_iter().map(endpoint));
    Ok(matters)
}

/// What other systems are no longer told.
fn endpoint(endpoint: EndpointView) -> MatterRow {
    let why = match endpoint.why.as_deref() {
        Some("gone") => "It answered that it wants nothing any more.",
        _ => "It took nothing for three days.",
    };
    MatterRow {
        kind: "endpoint",
        customer_id: None,
        title: format!(
            "Nothing is sent to {}",
            endpoint.description.unwrap_or(endpoint.host)
        ),
        detail: Some(format!(
            "{why} Enable it again once it is mended: {}.",
            endpoint.id
        )),
        due_on: None,
    }
}

/// How many events from outside have failed and wait for people, counted as far as anybody counts.
pub(super) async fn failed_events(db: &Db) -> Result<i64, Problem> {
    Ok(store::inbound::for_people(db, FAILED_EVENTS).await?)
}

/// What is open with a customer.
pub(super) async fn of_customer(cx: &Cx, db: &Db, id: &CustomerId) -> Result<Vec<MatterRow>, Problem> {
    let mut matters = decisions(cx, db, Some(id)).await?;
    let customer = Some(id.clone());
    let filter = DisputeFilter {
        customer: customer.clone(),
        ..DisputeFilter::default()
    };
    let open = disputes::list(db, &filter, MATTERS).await?.into_iter();
    matters.extend(
        open.filter(|dispute| dispute.closed_at.is_none())
            .map(|dispute| MatterRow {
                kind: "dispute",
                customer_id: Some(id.to_string()),
                title: format!(
                    "{} of invoice {} is disputed",
                    dispute.amount, dispute.invoice.number
                ),
                detail: dispute.text,
                due_on: Some(dispute.respond_by),
            }),
    );
    let filter = PromiseFilter {
        customer: customer.clone(),
        status: Some(promise::Status::Open),
        ..PromiseFilter::default()
    };
    let open = promises::list(db, &filter, MATTERS).await?.into_iter();
    matters.extend(open.map(|promise| MatterRow {
        kind: "promise",
        customer_id: Some(id.to_string()),
        title: format!(
            "{} is promised, {} of it has not come",
            promise.amount, promise.missing
        ),
        detail: promise.note,
        due_on: Some(promise.promised_on),
    }));
    let filter = PlanFilter {
        customer,
        status: Some(plan::Status::Active),
        ..PlanFilter::default()
    };
    let open = instalment_plans::list(db, cx.moment(), &filter, MATTERS)
        .await?
        .into_iter();
    matters.extend(open.map(|plan| MatterRow {
        kind: "plan",
        customer_id: Some(id.to_string()),
        title: format!("{} in {} instalments", plan.debt, plan.instalments.len()),
        detail: plan.note,
        due_on: None,
    }));
    Ok(matters)
}

async fn decisions(cx: &Cx, db: &Db, customer: Option<&CustomerId>) -> Result<Vec<MatterRow>, Problem> {
    let filter = TaskFilter {
        customer: customer.cloned(),
        status: Some(TaskStatus::Open),
        ..TaskFilter::default()
    };
    let tasks = tasks::list(db, &filter, MATTERS).await?;
    let pending = Some(ApprovalStatus::Pending);
    let approvals = approvals::list(db, customer, pending, None, MATTERS).await?;
    let now = cx.moment().now;
    let lasting = approvals.into_iter().filter(|asked| {
        let expires = asked.expires_at.parse::<chrono::DateTime<chrono::Utc>>();
        expires.is_ok_and(|expires| expires > now)
    });
    let mut matters: Vec<MatterRow> = tasks.into_iter().map(task).chain(lasting.map(approval)).collect();
    matters.sort_by_key(|matter| matter.due_on);
    Ok(matters)
}

fn task(task: TaskView) -> MatterRow {
    MatterRow {
        kind: "task",
        customer_id: Some(task.customer_id.to_string()),
        title: task.title,
        detail: task.detail,
        due_on: Some(task.due_on),
    }
}

fn approval(asked: ApprovalView) -> MatterRow {
    let amount = asked
        .amount
        .map_or(String::new(), |amount| format!(" of {amount}"));
    MatterRow {
        kind: "approval",
        customer_id: Some(asked.customer_id.to_string()),
        title: format!("Approve a {}{amount}", asked.kind.as_str().replace('_', "-")),
        detail: asked.comment,
        due_on: asked.expires_at.get(..10).and_then(|day| day.parse().ok()),
    }
}
