//! The console's pages: what the store shows, in the words of `render`.

mod mailbox;

use crate::session;
use receivables::id::{CustomerId, MessageId};
use receivables::money::Money;
use render::pages::{
    BalanceRow, Bucket, Chrome, ContactRow, CurrencyTotals, CustomerPage, CustomerRow, CustomersPage,
    HomePage, InvoiceRow, NextView, NotFoundPage, QueueView, ReasonView, RiskBadge, RiskView, TimelineRow,
    WorkRow, customer_page, customers_page, home_page, not_found_page,
};
use render::{RenderError, content_security_policy};
use store::Db;
use store::views::{self, CustomerView, InvoiceFilter, NextAction};
use web::{Cx, Problem, Reply, rfc3339, secrets};

/// Rows of a list in the console.
const ROWS: u32 = 50;
/// Lines of a customer's timeline.
const TIMELINE: u32 = 100;
/// Invoices of a customer's page; the API lists all.
const INVOICES: u32 = 200;

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
            Ok(id) => customer(cx, &db, &id).await,
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

async fn customer(cx: &Cx, db: &Db, id: &CustomerId) -> Result<Reply, Problem> {
    let Some(view) = views::customer(db, cx.moment(), id).await? else {
        return not_found(cx);
    };
    let filter = InvoiceFilter {
        customer: Some(id.clone()),
        ..InvoiceFilter::default()
    };
    let today = cx.moment().now.date_naive();
    let invoices = views::invoices(db, &filter, INVOICES)
        .await?
        .into_iter()
        .map(|invoice| InvoiceRow {
            days_overdue: match invoice.balance.is_positive() {
                true => today.signed_duration_since(invoice.due_date).num_days(),
                false => 0,
            },
            id: invoice.id.to_string(),
            number: invoice.number,
            issue_on: invoice.issue_date,
            due_on: invoice.due_date,
            total: invoice.total,
            balance: invoice.balance,
            status: invoice.status,
            stage: invoice.stage,
        });
    let timeline = views::timeline(db, id, "~", TIMELINE)
        .await?
        .into_iter()
        .map(|entry| TimelineRow {
            at: entry.at,
            kind: entry.kind,
            title: entry.title,
            detail: Some(entry.detail).filter(|detail| !detail.is_empty()),
        });
    let nonce = secrets::token()?;
    let page = customer_context(cx, &nonce, view, invoices.collect(), timeline.collect())?;
    reply(200, &nonce, customer_page(&page))
}

fn customer_context(
    cx: &Cx,
    nonce: &str,
    view: CustomerView,
    invoices: Vec<InvoiceRow>,
    timeline: Vec<TimelineRow>,
) -> Result<CustomerPage, Problem> {
    let next = next(view.next_action.as_ref());
    let CustomerView { brief, accounts, .. } = view;
    Ok(CustomerPage {
        nonce: nonce.to_owned(),
        chrome: chrome(cx, &brief.name, "customers")?,
        id: brief.id.to_string(),
        external_id: brief.external_id,
        name: brief.name,
        kind: brief.kind,
        country: brief.country,
        time_zone: brief.time_zone,
        locale: brief.locale,
        hold: brief.hold,
        balances: accounts
            .into_iter()
            .map(|account| BalanceRow {
                currency: account.currency.code().to_owned(),
                balance: account.balance,
                overdue: account.overdue,
                unapplied: account.unapplied,
            })
            .collect(),
        next,
        risk: brief.risk.map(|risk| RiskView {
            score: score(risk.score),
            band: risk.band,
            reasons: risk
                .reasons
                .into_iter()
                .map(|reason| ReasonView {
                    code: reason.code,
                    detail: reason.detail,
                    weight: i32::try_from(reason.weight).unwrap_or(i32::MAX),
                })
                .collect(),
        }),
        contacts: brief
            .contacts
            .into_iter()
            .map(|contact| ContactRow {
                name: contact.name,
                role: contact.role,
                email: contact.email,
                phone: contact.phone,
            })
            .collect(),
        invoices,
        timeline,
    })
}
