//! The console's pages: what the store shows, in the words of `render`.

mod customer;
mod mailbox;
mod matters;

use crate::session;
use receivables::id::{CustomerId, MessageId};
use receivables::money::Money;
use render::pages::{
    Bucket, Chrome, CurrencyTotals, CustomerRow, CustomersPage, HomePage, NextView, NotFoundPage, QueueView,
    RiskBadge, WorkRow, customers_page, home_page, not_found_page,
};
use render::{RenderError, content_security_policy};
use store::Db;
use store::views::{self, NextAction};
use web::{Cx, Problem, Reply, rfc3339, secrets};

/// Rows of a list in the console.
const ROWS: u32 = 50;

/// `GET /console/...`: the page, or the request for a key.
pub(crate) async fn show(cx: &Cx, rest: &[&str]) -> Result<Reply, Problem> {
    if !session::is_open(cx).await? {
        return session::ask(cx, if rest.is_empty() { 200 } else { 401 }, None).await;
    }
    let db = cx.db().await?;
    match rest {
        [] => home(cx, &db).await,
        ["customers"] => customers(cx, &db).await,
        ["customers", id] => match CustomerId::parse(id) {
            Ok(id) => customer::show(cx, &db, &id).await,
            Err(_) => not_found(cx),
        },
        ["mailbox"] => mailbox::list(cx, &db).await,
        ["mailbox", id] => match MessageId::parse(id) {
            Ok(id) => mailbox::show(cx, &db, &id).await,
            Err(_) => not_found(cx),
        },
        _ => not_found(cx),
    }
}

fn chrome(cx: &Cx, title: &str, active: &'static str) -> Result<Chrome, Problem> {
    Ok(Chrome {
        title: title.to_owned(),
        now: rfc3339(cx.moment().ms())?,
        clock_note: None,
        active,
    })
}

fn reply(status: u16, nonce: &str, page: Result<String, RenderError>) -> Result<Reply, Problem> {
    let html = page.map_err(|error| Problem::internal(format!("page: {error}")))?;
    Ok(Reply::html(status, html, &content_security_policy(nonce, &[])))
}

fn not_found(cx: &Cx) -> Result<Reply, Problem> {
    let nonce = secrets::token()?;
    let chrome = chrome(cx, "Not found", "")?;
    reply(
        404,
        &nonce,
        not_found_page(&NotFoundPage {
            nonce: nonce.clone(),
            chrome,
        }),
    )
}

fn next(action: Option<&NextAction>) -> Option<NextView> {
    action.map(|next| NextView {
        at: next.at.clone(),
        step: next.step.clone(),
        why: next.why.clone(),
    })
}

fn score(score: i64) -> u8 {
    u8::try_from(score.clamp(0, 100)).unwrap_or(100)
}

async fn home(cx: &Cx, db: &Db) -> Result<Reply, Problem> {
    let today = cx.moment().now.date_naive();
    let totals = views::currency_totals(db, today)
        .await?
        .into_iter()
        .map(|totals| CurrencyTotals {
            currency: totals.aging.currency.code().to_owned(),
            receivable: totals.aging.total,
            overdue: totals.aging.overdue,
            unapplied: totals.unapplied,
            open_invoices: totals.aging.invoices,
            overdue_customers: totals.overdue_customers,
            buckets: totals
                .aging
                .buckets
                .iter()
                .map(|bucket| Bucket {
                    label: bucket.bucket.to_owned(),
                    amount: bucket.amount,
                    share_permille: permille(bucket.amount, totals.aging.total),
                })
                .collect(),
        });
    let worklist = views::worklist(db, today, ROWS)
        .await?
        .into_iter()
        .map(|row| WorkRow {
            customer_id: row.customer_id.to_string(),
            name: row.name,
            overdue: row.overdue,
            oldest_days: row.oldest_days,
            risk: row.risk.map(|risk| RiskBadge {
                score: score(risk.score),
                band: risk.band,
            }),
            next: next(row.next_action.as_ref()),
        });
    let counts = views::totals(db).await?;
    let count = |status: &str| counts.get(status).copied().unwrap_or(0);
    let nonce = secrets::token()?;
    let page = HomePage {
        nonce: nonce.clone(),
        chrome: chrome(cx, "Today", "today")?,
        totals: totals.collect(),
        matters: matters::waiting(cx, db).await?,
        failed_events: matters::failed_events(db).await?,
        worklist: worklist.collect(),
        queue: QueueView {
            queued: count("queued"),
            sending: count("sending"),
            sent: count("sent"),
            failed: count("failed"),
            uncertain: count("uncertain"),
        },
    };
    reply(200, &nonce, home_page(&page))
}

fn permille(part: Money, whole: Money) -> u16 {
    let share = i128::from(part.minor())
        .saturating_mul(1_000)
        .checked_div(i128::from(whole.minor()));
    share
        .and_then(|share| u16::try_from(share.clamp(0, 1_000)).ok())
        .unwrap_or(0)
}

fn next_page<T>(rows: &mut Vec<T>, path: &str, cursor: impl Fn(&T) -> String) -> Option<String> {
    let page = web::Page {
        limit: ROWS,
        after: None,
    };
    page.cut(rows, cursor)
        .map(|after| format!("{path}?after={after}"))
}

async fn customers(cx: &Cx, db: &Db) -> Result<Reply, Problem> {
    let query = cx.query(&["after"])?;
    let after = query.get("after").map_or("", String::as_str);
    let mut rows = views::customers(db, cx.moment(), after, ROWS.saturating_add(1)).await?;
    let next_url = next_page(&mut rows, "/console/customers", |row| row.brief.id.to_string());
    let rows = rows.into_iter().map(|row| CustomerRow {
        balance: row.accounts.iter().map(|account| account.balance).collect(),
        overdue: row.accounts.iter().map(|account| account.overdue).collect(),
        next: next(row.next_action.as_ref()),
        id: row.brief.id.to_string(),
        name: row.brief.name,
        external_id: row.brief.external_id,
        country: row.brief.country,
    });
    let nonce = secrets::token()?;
    let chrome = chrome(cx, "Customers", "customers")?;
    let page = CustomersPage {
        nonce: nonce.clone(),
        chrome,
        rows: rows.collect(),
        next_url,
    };
    reply(200, &nonce, customers_page(&page))
}
