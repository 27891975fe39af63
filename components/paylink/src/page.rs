//! The page behind a link: what is owed. Works without JavaScript. An unknown, an expired and a revoked link look the
//! same.

use crate::handover::close_settled;
use crate::transfer;
use receivables::currency::Currency;
use receivables::paylink::{BANK_TRANSFER, Method, Offer, Stage};
use render::pages::{
    PayMethod, PayPage, PayProblem, PayState, gone_page, method_name, pay_page, sandbox_note,
};
use render::{Language, Line, Locale, RenderError, amount_input, content_security_policy};
use store::checkouts;
use store::links::{self, Link};
use web::{Cx, Problem, Reply, rfc3339, secrets};

/// `GET /pay/{token}`.
pub(crate) async fn show(cx: &Cx, token: &str) -> Result<Reply, Problem> {
    let db = cx.db().await?;
    let Some(link) = links::by_token(&db, cx.moment(), &secrets::hash(token)).await? else {
        return gone(cx, token).await;
    };
    let underway = checkouts::underway(&db, &link.id).await?;
    if let Some(underway) = underway.as_ref().filter(|_| !link.asked.is_positive()) {
        close_settled(cx, &db, underway).await;
    }
    let returned = cx
        .query(&["returned"])
        .is_ok_and(|query| query.contains_key("returned"));
    // Who comes back from the provider has paid, and the hand-over is not over until it says so too.
    let processing = underway.is_some_and(|underway| returned || underway.stage == Stage::Pending);
    page(cx, token, &link, processing, None).await
}

/// A transfer to the creditor's account, where there is one for the currency.
const TRANSFER: Offer = Offer {
    name: BANK_TRANSFER,
    ways: &["transfer"],
    plays: false,
    takes: anywhere,
};

fn anywhere(_: &str, _: Currency) -> bool {
    true
}

/// The ways to pay that a link's customer is shown; `by_transfer`: a transfer could be one.
pub(crate) async fn methods(cx: &Cx, link: &Link, by_transfer: bool) -> Result<Vec<Method>, Problem> {
    let more: &[Offer] = if by_transfer { &[TRANSFER] } else { &[] };
    let currency = link.asked.currency();
    providers::methods(cx, more, &link.country, currency, &link.preferred_methods).await
}

/// The one answer to an unknown, an expired and a revoked link.
pub(crate) async fn gone(cx: &Cx, token: &str) -> Result<Reply, Problem> {
    let nonce = secrets::token()?;
    let wanted = cx.header("accept-language").unwrap_or("");
    let page = gone_page(&nonce, Language::of(wanted.split(',').next().unwrap_or(""))).map_err(unrendered)?;
    let page = |status| Reply::html(status, page, &content_security_policy(&nonce, &[]));
    match cx.failed_token(token).await {
        Ok(()) => Ok(page(404)),
        Err(problem) => problem.into_page(page),
    }
}

fn unrendered(error: RenderError) -> Problem {
    Problem::internal(format!("page: {error}"))
}

/// The page, with what is wrong with what was posted. `processing`: the visitor has paid, and the provider has not
/// confirmed yet.
pub(crate) async fn page(
    cx: &Cx,
    token: &str,
    link: &Link,
    processing: bool,
    problem: Option<PayProblem>,
) -> Result<Reply, Problem> {
    let nonce = secrets::token()?;
    let locale = Locale::of(&link.locale);
    let language = locale.language();
    let panel = transfer::panel(cx, link).await?;
    let methods = methods(cx, link, panel.is_some()).await?;
    // Who has paid by another way is not asked to pay again.
    let panel = panel.filter(|_| !processing && methods.contains(&Method::BankTransfer));
    let handed_over: Vec<&'static str> = methods
        .iter()
        .filter_map(|method| match method {
            Method::Provider(name) => Some(*name),
            Method::BankTransfer => None,
        })
        .collect();
    let plays = |name: &&str| providers::row(name).is_some_and(|row| row.offer.plays);
    let provider_note = handed_over
        .iter()
        .any(plays)
        .then(|| sandbox_note(language).to_owned());
    let state = match link.paid_at {
        _ if link.asked.is_positive() && processing => PayState::Processing,
        _ if link.asked.is_positive() && !handed_over.is_empty() => PayState::Open,
        _ if link.asked.is_positive() => PayState::Unavailable,
        Some(at) => PayState::Paid {
            at: rfc3339(at.timestamp_millis())?,
        },
        None => PayState::Nothing,
    };
    let today = link.time_zone.local(cx.moment().now).date();
    let lines = link.invoices.iter().map(|invoice| Line {
        number: invoice.number.clone(),
        issue_on: invoice.issue_on,
        due_on: invoice.due_on,
        balance: invoice.asked,
        total: invoice.total,
        days_overdue: today.signed_duration_since(invoice.due_on).num_days(),
        charge: false,
    });
    let context = PayPage {
        nonce: nonce.clone(),
        locale,
        creditor_name: cx.required_setting("creditor_name").await?,
        customer_name: link.customer_name.clone(),
        state,
        lines: lines.collect(),
        total: link.asked,
        allow_partial: link.allow_partial,
        minimum: link.minimum,
        action: format!("/pay/{token}"),
        amount_value: amount_input(link.asked, locale),
        error: problem.map(|problem| problem.text(locale)),
        provider_note,
        methods: handed_over
            .into_iter()
            .map(|name| PayMethod {
                name,
                label: method_name(name, language),
            })
            .collect(),
        transfer: panel,
        reply_to: cx.setting("creditor_email").await?,
    };
    let html = pay_page(&context).map_err(unrendered)?;
    let status = if problem.is_some() { 422 } else { 200 };
    Ok(Reply::html(status, html, &content_security_policy(&nonce, &[])))
}
