//! One run of the courier: claim, render, send, settle.

use crate::provider::{Letter, Mailbox, Provider};
use chrono::Duration;
use receivables::id::LinkId;
use receivables::money::Money;
use receivables::policy::Policy;
use render::{Line, MessageContext, render_message};
use store::Tx;
use store::delivery::{self, Claimed, Listed, Outcome};
use store::links::{self, NewLink};
use web::{Cx, Problem, Reply, secrets};

/// How long the link in a message works: longer than any step of a policy waits for the next.
const LINK_LASTS: Duration = Duration::days(90);

/// `GET|POST /internal/deliver`.
pub(crate) async fn run(cx: &Cx) -> Result<Reply, Problem> {
    let query = cx.query(&["limit", "key"])?;
    cx.require_cron(query.get("key")).await?;
    let limit = cx.job_limit(&query)?;
    match cx.required_setting("email_provider").await?.as_str() {
        Mailbox::NAME => deliver(cx, &Mailbox, limit).await,
        other => Err(Problem::internal(format!(
            "variable email_provider: no provider is called {other:?}"
        ))),
    }
}

async fn deliver<P: Provider>(cx: &Cx, provider: &P, limit: u32) -> Result<Reply, Problem> {
    let policy = Policy::standard();
    let db = cx.db().await?;
    let (claim, tokens) = db
        .transaction(async |tx: &Tx<'_>| {
            let claim = delivery::claim(tx, cx.moment(), &policy, limit, P::DEDUPLICATES).await?;
            let tokens = make_links(cx, tx, &claim.claimed).await?;
            Ok::<_, Problem>((claim, tokens))
        })
        .await?;
    let mut outcomes: Vec<(Claimed, Outcome)> = Vec::with_capacity(claim.claimed.len());
    let mut letters = Vec::new();
    for (message, token) in claim.claimed.iter().zip(&tokens) {
        match letter(cx, message, token).await {
            Ok(letter) => letters.push(letter),
            // One message that does not render must not hold up the others.
            Err(problem) => {
                cx.log(&problem);
                outcomes.push((
                    message.clone(),
                    Outcome::Refused("The message could not be rendered".into()),
                ));
            }
        }
    }
    let sent = provider.send(cx, &db, &letters).await?;
    outcomes.extend(letters.iter().map(|letter| letter.message.clone()).zip(sent));
    let retried = outcomes
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::TryAgain(_)))
        .count();
    let sent = db
        .transaction(async |tx: &Tx<'_>| delivery::settle(tx, cx.moment(), &policy, P::NAME, &outcomes).await)
        .await?;
    let skipped = claim.examined.saturating_sub(sent).saturating_sub(retried);
    let more = delivery::more_due(&db, cx.moment()).await?;
    Ok(Reply::json(
        200,
        &serde_json::json!({"examined": claim.examined, "sent": sent, "queued": retried, "skipped": skipped,
            "more": more}),
    ))
}

/// A payment link for each message, in the transaction that claims them. The tokens are known here alone.
async fn make_links(cx: &Cx, tx: &Tx<'_>, claimed: &[Claimed]) -> Result<Vec<String>, Problem> {
    let moment = cx.moment();
    let expires_at = moment.now.checked_add_signed(LINK_LASTS);
    let expires_at = expires_at.ok_or_else(|| Problem::internal("the calendar has ended"))?;
    let mut tokens = Vec::with_capacity(claimed.len());
    let mut new = Vec::with_capacity(claimed.len());
    for message in claimed {
        let token = secrets::token()?;
        new.push(NewLink {
            id: moment.id(LinkId::from_parts)?,
            token_hash: secrets::hash(&token),
            customer: message.customer.clone(),
            message: Some(message.id.clone()),
            currency: message.currency,
            amount: None,
            allow_partial: true,
            minimum: None,
            expires_at,
            invoices: message
                .overdue
                .iter()
                .chain(&message.upcoming)
                .map(|line| line.id.clone())
                .collect(),
        });
        tokens.push(token);
    }
    links::create(tx, moment, &new).await?;
    Ok(tokens)
}

async fn letter<'a>(cx: &Cx, message: &'a Claimed, token: &str) -> Result<Letter<'a>, Problem> {
    let lines = |listed: &[Listed]| listed.iter().map(line).collect::<Vec<_>>();
    let mut total = Money::zero(message.currency);
    for listed in message.overdue.iter().chain(&message.upcoming) {
        total = total
            .checked_add(listed.balance)
            .map_err(|error| Problem::internal(error.to_string()))?;
    }
    let public_url = cx.required_setting("public_url").await?;
    let reply_to = cx.setting("creditor_email").await?;
    let context = MessageContext {
        template: message.template.clone(),
        locale: message.locale.clone(),
        creditor_name: cx.required_setting("creditor_name").await?,
        reply_to: reply_to.clone(),
        customer_name: message.customer_name.clone(),
        contact_name: Some(message.contact_name.clone()),
        overdue: lines(&message.overdue),
        upcoming: lines(&message.upcoming),
        total,
        pay_url: format!("{}/pay/{token}", public_url.trim_end_matches('/')),
        message_id: message.id.to_string(),
    };
    let rendered = render_message(&context)
        .map_err(|error| Problem::internal(format!("message {}: {error}", message.id)))?;
    let sender = cx.required_setting("sender_email").await?;
    Ok(Letter {
        message,
        rendered,
        sender,
        reply_to,
    })
}

fn line(listed: &Listed) -> Line {
    Line {
        number: listed.number.clone(),
        issue_on: listed.issue_on,
        due_on: listed.due_on,
        balance: listed.balance,
        total: listed.total,
        days_overdue: listed.days_overdue,
    }
}
