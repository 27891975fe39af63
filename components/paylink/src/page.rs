//! The page behind a link: what is owed, and the hand-over. Works without JavaScript. An unknown, an expired and a
//! revoked link look the same.

use crate::provider::{Order, Provider, configured};
use receivables::money::Money;
use render::pages::{PayPage, PayProblem, PayState, gone_page, pay_page, sandbox_note};
use render::{Language, Line, RenderError, amount_input, content_security_policy, read_amount};
use store::Tx;
use store::links::{self, Link};
use web::{Cx, Problem, Reply, rfc3339, secrets};

/// `GET /pay/{token}`.
pub(crate) async fn show(cx: &Cx, token: &str) -> Result<Reply, Problem> {
    let db = cx.db().await?;
    let Some(link) = links::by_token(&db, cx.moment(), &secrets::hash(token)).await? else {
        return gone(cx);
    };
    let returned = cx
        .query(&["returned"])
        .is_ok_and(|query| query.contains_key("returned"));
    page(cx, token, &link, returned, None).await
}

/// `POST /pay/{token}`: hands over to the provider.
pub(crate) async fn pay(cx: &Cx, token: &str) -> Result<Reply, Problem> {
    let form = cx.form().await?;
    let db = cx.db().await?;
    let Some(link) = links::by_token(&db, cx.moment(), &secrets::hash(token)).await? else {
        return gone(cx);
    };
    if !link.asked.is_positive() {
        return page(cx, token, &link, false, None).await;
    }
    let amount = match amount(&link, form.get("amount").map(String::as_str)) {
        Ok(amount) => amount,
        Err(problem) => return page(cx, token, &link, false, Some(problem)).await,
    };
    let Some(provider) = configured(cx).await? else {
        return page(cx, token, &link, false, None).await;
    };
    match hand_over(cx, &db, &provider, token, &link, amount).await {
        Ok(url) => Reply::see_other(&url),
        // The visitor gets a page and may try again; the checkout that was begun leads nowhere and harms nobody.
        Err(problem) if problem.status().as_u16() == 502 => {
            cx.log(&problem);
            page(cx, token, &link, false, Some(PayProblem::TryAgain)).await
        }
        Err(problem) => Err(problem),
    }
}

async fn hand_over<P: Provider>(
    cx: &Cx,
    db: &store::Db,
    provider: &P,
    token: &str,
    link: &Link,
    amount: Money,
) -> Result<String, Problem> {
    // Recorded before the provider is called: a confirmation always finds what it refers to.
    let checkout = db
        .transaction(async |tx: &Tx<'_>| {
            links::start_checkout(tx, cx.moment(), &link.id, P::NAME, amount).await
        })
        .await?;
    let public_url = cx.required_setting("public_url").await?;
    let back = format!("{}/pay/{token}", public_url.trim_end_matches('/'));
    let numbers: Vec<&str> = link
        .invoices
        .iter()
        .map(|invoice| invoice.number.as_str())
        .collect();
    let order = Order {
        checkout: &checkout,
        amount,
        creditor_name: &cx.required_setting("creditor_name").await?,
        purpose: numbers.join(", "),
        success_url: format!("{back}?returned=1"),
        cancel_url: back,
    };
    provider.open(&order).await
}

/// What the visitor wants to pay: all of it, unless the link allows less and less is asked.
fn amount(link: &Link, typed: Option<&str>) -> Result<Money, PayProblem> {
    let Some(typed) = typed.filter(|typed| link.allow_partial && !typed.trim().is_empty()) else {
        return Ok(link.asked);
    };
    let language = Language::of(&link.locale);
    let amount = read_amount(typed, language)
        .and_then(|plain| Money::parse(&plain, link.asked.currency()).ok())
        .filter(|amount| amount.is_positive())
        .ok_or(PayProblem::NotAnAmount { example: link.asked })?;
    if amount.minor() > link.asked.minor() {
        return Err(PayProblem::TooMuch { most: link.asked });
    }
    match link.minimum {
        Some(minimum) if amount.minor() < minimum.minor().min(link.asked.minor()) => {
            Err(PayProblem::TooLittle { minimum })
        }
        _ => Ok(amount),
    }
}

fn gone(cx: &Cx) -> Result<Reply, Problem> {
    let nonce = secrets::token()?;
    let wanted = cx.header("accept-language").unwrap_or("");
    let page = gone_page(&nonce, Language::of(wanted.split(',').next().unwrap_or(""))).map_err(unrendered)?;
    Ok(Reply::html(404, page, &content_security_policy(&nonce, &[])))
}

fn unrendered(error: RenderError) -> Problem {
    Problem::internal(format!("page: {error}"))
}

async fn page(
    cx: &Cx,
    token: &str,
    link: &Link,
    returned: bool,
    problem: Option<PayProblem>,
) -> Result<Reply, Problem> {
    let nonce = secrets::token()?;
    let language = Language::of(&link.locale);
    let payable = configured(cx).await?.is_some();
    let state = match link.paid_at {
        _ if link.asked.is_positive() && returned && link.paid_at.is_none() => PayState::Processing,
        _ if link.asked.is_positive() && payable => PayState::Open,
        _ if link.asked.is_positive() => PayState::Unavailable,
        Some(at) => PayState::Paid {
            at: rfc3339(at.timestamp_millis())?,
        },
        None => PayState::Nothing,
    };
    let today = cx.moment().now.with_timezone(&link.time_zone).date_naive();
    let lines = link.invoices.iter().map(|invoice| Line {
        number: invoice.number.clone(),
        issue_on: invoice.issue_on,
        due_on: invoice.due_on,
        balance: invoice.balance,
        total: invoice.total,
        days_overdue: today.signed_duration_since(invoice.due_on).num_days(),
    });
    let context = PayPage {
        nonce: nonce.clone(),
        language,
        creditor_name: cx.required_setting("creditor_name").await?,
        customer_name: link.customer_name.clone(),
        state,
        lines: lines.collect(),
        total: link.asked,
        allow_partial: link.allow_partial,
        minimum: link.minimum,
        action: format!("/pay/{token}"),
        amount_value: amount_input(link.asked, language),
        error: problem.map(|problem| problem.text(language)),
        provider_note: payable.then(|| sandbox_note(language).to_owned()),
        reply_to: cx.setting("creditor_email").await?,
    };
    let html = pay_page(&context).map_err(unrendered)?;
    let status = if problem.is_some() { 422 } else { 200 };
    Ok(Reply::html(status, html, &content_security_policy(&nonce, &[])))
}
