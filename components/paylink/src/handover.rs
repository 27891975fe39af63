//! `POST /pay/{token}`: the hand-over to a provider. What happens is decided in one transaction, by the rules, on what
//! the link asks for at that moment; the provider is called after it.

use crate::page::{gone, methods, page};
use chrono::{DateTime, Utc};
use providers::{Closed, Order, Provider, Unopened, named};
use receivables::fields::kinds::url_in;
use receivables::id::CheckoutId;
use receivables::money::Money;
use receivables::paylink::{self, Method, Onward, Refused, Session, Stage, Turn, Underway};
use render::pages::PayProblem;
use render::{Locale, read_amount};
use store::checkouts;
use store::links::{self, Link};
use store::{Db, Tx};
use web::{Cx, Problem, Reply, secrets};

/// What is to be done for a visitor who presses pay.
enum Step {
    /// The link does not work.
    Gone,
    /// The page again: nothing is asked for, or not what was typed.
    Page(Box<Link>, Option<PayProblem>),
    /// To the provider's page.
    To(String),
    /// The provider is asked for a session.
    Ask(Box<Link>, CheckoutId, Money, DateTime<Utc>),
    /// The provider closes an earlier session first.
    Close(Box<Link>, Underway, Session),
    /// The money is on its way.
    Wait(Box<Link>),
}

/// A visitor is served in two rounds at most: the second one finds the earlier session closed.
const ROUNDS: u32 = 2;

/// `POST /pay/{token}`.
pub(crate) async fn pay(cx: &Cx, token: &str) -> Result<Reply, Problem> {
    let form = cx.form().await?;
    let typed = form.get("amount").map(String::as_str);
    let db = cx.db().await?;
    let Some(link) = links::by_token(&db, cx.moment(), &secrets::hash(token)).await? else {
        return gone(cx, token).await;
    };
    let wanted = form.get("method").map(String::as_str);
    let Some(name) = chosen(&methods(cx, &link, false).await?, wanted) else {
        return page(cx, token, &link, false, Some(PayProblem::TryAgain)).await;
    };
    let Some(provider) = named(cx, name).await? else {
        return Err(Problem::internal(format!("{name} was set up a moment ago")));
    };
    for _ in 0..ROUNDS {
        let step = db
            .transaction(async |tx: &Tx<'_>| step(cx, tx, token, name, typed).await)
            .await?;
        match step {
            Step::Gone => return gone(cx, token).await,
            Step::Page(link, problem) => return page(cx, token, &link, false, problem).await,
            Step::Wait(link) => return page(cx, token, &link, true, None).await,
            Step::To(url) => return Reply::see_other(&url),
            Step::Ask(link, checkout, amount, expires_at) => {
                let order = order(cx, token, name, &link, &checkout, amount, expires_at).await?;
                return ask(cx, &db, provider.as_ref(), token, &link, &order).await;
            }
            Step::Close(link, earlier, session) => match close(cx, &db, &earlier, &session).await {
                Ok(Closed::Unpaid) => {}
                Ok(Closed::Paid) => return page(cx, token, &link, true, None).await,
                Err(problem) => return try_again(cx, token, &link, problem).await,
            },
        }
    }
    Err(Problem::busy(
        "the link's sessions change as fast as they are closed",
    ))
}

/// Who is named, or the first one where nobody is: with one there is nothing to choose. `None`: nobody who is offered.
fn chosen(offered: &[Method], wanted: Option<&str>) -> Option<&'static str> {
    let mut providers = offered.iter().filter_map(|method| match method {
        Method::Provider(name) => Some(*name),
        Method::BankTransfer => None,
    });
    providers.find(|name| wanted.is_none_or(|wanted| wanted == *name))
}

/// Decides, and records a hand-over before its provider is called: a confirmation always finds what it refers to.
async fn step(
    cx: &Cx,
    tx: &Tx<'_>,
    token: &str,
    provider: &'static str,
    typed: Option<&str>,
) -> Result<Step, Problem> {
    let Some(link) = links::by_token(tx, cx.moment(), &secrets::hash(token)).await? else {
        return Ok(Step::Gone);
    };
    if !link.asked.is_positive() {
        return Ok(Step::Page(Box::new(link), None));
    }
    let amount = match amount(&link, typed) {
        Ok(amount) => amount,
        Err(problem) => return Ok(Step::Page(Box::new(link), Some(problem))),
    };
    let now = cx.moment().now;
    let earlier = checkouts::underway(tx, &link.id).await?;
    match paylink::onward(earlier, provider, amount, now) {
        Onward::Wait => return Ok(Step::Wait(Box::new(link))),
        Onward::To(url) => return Ok(Step::To(url)),
        Onward::Replace(earlier, session) => return Ok(Step::Close(Box::new(link), earlier, session)),
        Onward::AskAgain(id, expires_at) => return Ok(Step::Ask(Box::new(link), id, amount, expires_at)),
        Onward::GiveUp(id) => {
            checkouts::turn(tx, &id, Turn::Expired).await?;
        }
        Onward::Begin => {}
    }
    let expires_at = paylink::session_end(now, link.expires_at);
    let id = checkouts::begin(tx, cx.moment(), &link.id, provider, amount, expires_at).await?;
    Ok(Step::Ask(Box::new(link), id, amount, expires_at))
}

/// What the visitor wants to pay: all of it, unless the link allows less and less is typed.
fn amount(link: &Link, typed: Option<&str>) -> Result<Money, PayProblem> {
    let Some(typed) = typed.filter(|typed| link.allow_partial && !typed.trim().is_empty()) else {
        return Ok(link.asked);
    };
    let not_an_amount = PayProblem::NotAnAmount { example: link.asked };
    let amount = read_amount(typed, Locale::of(&link.locale))
        .and_then(|plain| Money::parse(&plain, link.asked.currency()).ok())
        .ok_or(not_an_amount)?;
    paylink::chosen(amount, link.asked, link.minimum).map_err(|refused| match refused {
        Refused::NotAnAmount => not_an_amount,
        Refused::TooLittle { minimum } => PayProblem::TooLittle { minimum },
        Refused::TooMuch { most } => PayProblem::TooMuch { most },
    })
}

async fn order<'a>(
    cx: &Cx,
    token: &str,
    provider: &str,
    link: &'a Link,
    checkout: &'a CheckoutId,
    amount: Money,
    expires_at: DateTime<Utc>,
) -> Result<Order<'a>, Problem> {
    let public_url = cx.required_setting("public_url").await?;
    let public_url = public_url.trim_end_matches('/');
    let back = format!("{public_url}/pay/{token}");
    let numbers: Vec<&str> = link
        .invoices
        .iter()
        .map(|invoice| invoice.number.as_str())
        .collect();
    Ok(Order {
        checkout,
        customer: &link.customer,
        link: &link.id,
        amount,
        creditor_name: cx.required_setting("creditor_name").await?,
        purpose: numbers.join(", "),
        email: link.email.as_deref(),
        country: &link.country,
        locale: &link.locale,
        webhook_url: format!("{public_url}/webhooks/{provider}"),
        success_url: format!("{back}?returned=1"),
        cancel_url: back,
        expires_at,
    })
}

/// Has a session opened and sends the visitor there. Who gets none may press again.
async fn ask(
    cx: &Cx,
    db: &Db,
    provider: &dyn Provider,
    token: &str,
    link: &Link,
    order: &Order<'_>,
) -> Result<Reply, Problem> {
    let problem = match provider.open(cx, order).await {
        // Whoever answers in the provider's place sends nobody to what is no page of the web.
        Ok(session) if url_in(&session.url).is_err() => {
            let cause = format!("the page of {}'s session is no http or https URL", order.checkout);
            Problem::provider("The payment could not be started.", cause)
        }
        Ok(session) => {
            let opened = db
                .transaction(async |tx: &Tx<'_>| {
                    checkouts::opened(tx, cx.moment(), order.checkout, &session).await
                })
                .await?;
            if opened {
                return Reply::see_other(&session.url);
            }
            // Somebody has chosen another amount in the meantime, and is there already.
            if let Err(problem) = provider.close(&session.id).await {
                cx.log(&problem);
            }
            let cause = format!("{} was given up while its session was opened", order.checkout);
            Problem::provider("The payment could not be started.", cause)
        }
        Err(Unopened::TryAgain(problem)) => problem,
        Err(Unopened::Over(problem)) => {
            db.transaction(async |tx: &Tx<'_>| checkouts::turn(tx, order.checkout, Turn::Expired).await)
                .await?;
            problem
        }
    };
    try_again(cx, token, link, problem).await
}

async fn try_again(cx: &Cx, token: &str, link: &Link, problem: Problem) -> Result<Reply, Problem> {
    cx.log(&problem);
    page(cx, token, link, false, Some(PayProblem::TryAgain)).await
}

/// Has a session closed by the provider that opened it. Where that is not set up any more, the session must have run
/// out: what can still be paid there must not be paid again elsewhere.
async fn close(cx: &Cx, db: &Db, earlier: &Underway, session: &Session) -> Result<Closed, Problem> {
    let closed = match named(cx, &earlier.provider).await? {
        Some(provider) => provider.close(&session.id).await?,
        None if session.expires_at <= cx.moment().now => Closed::Unpaid,
        None => {
            let cause = format!(
                "{} is not set up and has session {} open",
                earlier.provider, session.id
            );
            return Err(Problem::provider("The payment could not be started.", cause));
        }
    };
    if closed == Closed::Unpaid {
        db.transaction(async |tx: &Tx<'_>| checkouts::turn(tx, &earlier.id, Turn::Expired).await)
            .await?;
    }
    Ok(closed)
}

/// Closes what a settled link still has open, so that nobody pays for nothing. What fails is logged: the visitor has
/// come to look.
pub(crate) async fn close_settled(cx: &Cx, db: &Db, underway: &Underway) {
    if let Stage::Open(session) = &underway.stage
        && let Err(problem) = close(cx, db, underway, session).await
    {
        cx.log(&problem);
    }
}
