//! One customer: how it stands, what happens next and why, what is open, what happened.

use super::{chrome, matters, next, not_found, reply, score};
use receivables::dunning::plan;
use receivables::id::CustomerId;
use render::pages::{
    BalanceRow, ContactRow, CustomerPage, InvoiceRow, JudgedView, ReasonView, RiskView, RuleRow, TimelineRow,
    customer_page,
};
use store::views::{self, CustomerView, InvoiceFilter};
use store::{Db, dunning};
use web::{Cx, Problem, Reply, secrets};

/// Lines of the timeline.
const TIMELINE: u32 = 100;
/// Invoices on the page; the API lists all.
const INVOICES: u32 = 200;

pub(super) async fn show(cx: &Cx, db: &Db, id: &CustomerId) -> Result<Reply, Problem> {
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
    let page = CustomerPage {
        judged: judged(cx, db, id).await?,
        matters: matters::of_customer(cx, db, id).await?,
        ..customer_context(cx, &nonce, view, invoices.collect(), timeline.collect())?
    };
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
    let CustomerView {
        brief,
        accounts,
        suspended_at,
        ..
    } = view;
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
        suspended_at,
        judged: Vec::new(),
        matters: Vec::new(),
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

/// Why it is or is not contacted now, as `GET /v1/customers/{id}/explain` has it.
async fn judged(cx: &Cx, db: &Db, id: &CustomerId) -> Result<Vec<JudgedView>, Problem> {
    let cases = dunning::cases(db, cx.moment(), id).await?;
    let judged = cases.iter().map(|case| {
        let version = &case.ruling.version;
        let planned = plan(&version.policy, &case.facts, cx.moment().now);
        JudgedView {
            currency: case.facts.currency.code().to_owned(),
            policy: format!(
                "Policy {}, version {}: {}",
                version.policy.name, version.version, case.ruling.why
            ),
            why: planned.why(),
            rules: planned
                .verdicts
                .into_iter()
                .map(|verdict| RuleRow {
                    rule: verdict.rule.to_owned(),
                    passed: verdict.passed,
                    detail: verdict.detail,
                })
                .collect(),
        }
    });
    Ok(judged.collect())
}
