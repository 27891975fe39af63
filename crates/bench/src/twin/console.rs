//! The console's first page, as `console` makes it.

use super::{header, on_thread};
use crate::seed;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use receivables::approval::ApprovalStatus;
use receivables::id::CustomerId;
use receivables::money::Money;
use receivables::task::TaskStatus;
use render::pages::{
    Bucket, Chrome, CurrencyTotals, HomePage, MatterRow, NextView, QueueView, RiskBadge, WorkRow, home_page,
};
use store::tasks::{self, TaskFilter};
use store::views::{self, WorkItem};
use store::{Db, approvals, inbound, keys, rfc3339};
use web::secrets;

/// Tasks and requests for approval on the page, of each.
const MATTERS: u32 = 20;

pub(super) async fn home(headers: HeaderMap) -> Response {
    on_thread(move || async move {
        let moment = seed::moment()?;
        let today = moment.now.date_naive();
        let db = Db::open().await?;
        // Looked up as the component does; the sign-in itself is not played.
        keys::session(&db, moment, &secrets::hash(header(&headers, "cookie"))).await?;
        let totals = views::currency_totals(&db, today).await?;
        let worklist = views::worklist(&db, today, web::limits::PAGE).await?;
        let counts = views::totals(&db).await?;
        let count = |status: &str| counts.get(status).copied().unwrap_or(0);
        let open = TaskFilter {
            status: Some(TaskStatus::Open),
            ..TaskFilter::default()
        };
        let tasks = tasks::list(&db, &open, MATTERS).await?;
        let asked = approvals::list(&db, None, Some(ApprovalStatus::Pending), None, MATTERS).await?;
        let asked = asked
            .into_iter()
            .map(|asked| matter(&asked.customer_id, asked.comment));
        let tasks = tasks
            .into_iter()
            .map(|task| matter(&task.customer_id, task.detail));
        let nonce = secrets::token().map_err(super::failed)?;
        let page = HomePage {
            nonce,
            chrome: Chrome {
                title: "Today".to_owned(),
                now: rfc3339(moment.ms())?,
                clock_note: None,
                active: "today",
            },
            totals: totals.into_iter().map(totals_view).collect(),
            matters: tasks.chain(asked).collect(),
            failed_events: inbound::for_people(&db, 1_000).await?,
            worklist: worklist.into_iter().map(row).collect(),
            queue: QueueView {
                queued: count("queued"),
                sending: count("sending"),
                sent: count("sent"),
                failed: count("failed"),
                uncertain: count("uncertain"),
            },
        };
        Ok((
            StatusCode::OK,
            "text/html; charset=utf-8",
            home_page(&page)?.into_bytes(),
        ))
    })
    .await
}

fn matter(customer: &CustomerId, detail: Option<String>) -> MatterRow {
    MatterRow {
        kind: "task",
        customer_id: Some(customer.to_string()),
        title: "Waits for somebody".to_owned(),
        detail,
        due_on: None,
    }
}

fn totals_view(totals: views::CurrencyTotals) -> CurrencyTotals {
    let whole = totals.aging.total;
    let bucket = |bucket: views::AgingBucket| Bucket {
        label: bucket.bucket.to_owned(),
        amount: bucket.amount,
        share_permille: permille(bucket.amount, whole),
    };
    CurrencyTotals {
        currency: totals.aging.currency.code().to_owned(),
        receivable: whole,
        overdue: totals.aging.overdue,
        unapplied: totals.unapplied,
        open_invoices: totals.aging.invoices,
        overdue_customers: totals.overdue_customers,
        buckets: totals.aging.buckets.into_iter().map(bucket).collect(),
    }
}

fn permille(part: Money, whole: Money) -> u16 {
    let share = part.minor().saturating_mul(1_000).checked_div(whole.minor());
    share.and_then(|share| u16::try_from(share).ok()).unwrap_or(0)
}

fn row(item: WorkItem) -> WorkRow {
    WorkRow {
        customer_id: item.customer_id.to_string(),
        name: item.name,
        overdue: item.overdue,
        oldest_days: item.oldest_days,
        risk: item.risk.map(|risk| RiskBadge {
            score: u8::try_from(risk.score).unwrap_or(100),
            band: risk.band,
        }),
        next: item.next_action.map(|next| NextView {
            at: next.at,
            step: next.step,
            why: next.why,
        }),
    }
}
