//! From a queued message to a letter: claimed, with a payment link of its own, rendered.

use crate::provider::Sender;
use chrono::Duration;
use receivables::channel::Channel;
use receivables::id::LinkId;
use receivables::money::Money;
use render::{Chosen, Line, MessageContext, PromiseLine, Rendered, render_message};
use store::delivery::{self, Carrier, Claimed, Listed};
use store::links::{self, NewLink};
use store::{Db, Tx};
use web::{Cx, Problem, secrets};

/// How long the link in a message works: longer than any step of a policy waits for the next.
const LINK_LASTS: Duration = Duration::days(90);

/// Claims at most `wanted` messages, each with the token of its payment link; answers also how many were due.
pub(super) async fn claim(
    cx: &Cx,
    db: &Db,
    carrier: Carrier,
    wanted: usize,
) -> Result<(usize, Vec<(Claimed, String)>), Problem> {
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
    let (claim, tokens) = db
        .transaction(async |tx: &Tx<'_>| {
            let claim = delivery::claim(tx, cx.moment(), wanted, carrier).await?;
            let tokens = make_links(cx, tx, &claim.claimed).await?;
            Ok::<_, Problem>((claim, tokens))
        })
        .await?;
    Ok((claim.examined, claim.claimed.into_iter().zip(tokens).collect()))
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

/// What every letter of a run has in common.
pub(super) struct House {
    public_url: String,
    sender: Sender,
}

impl House {
    pub(super) async fn of(cx: &Cx) -> Result<Self, Problem> {
        Ok(Self {
            public_url: cx.required_setting("public_url").await?,
            sender: Sender {
                name: cx.required_setting("creditor_name").await?,
                email: cx.required_setting("sender_email").await?,
                reply_to: cx.setting("creditor_email").await?,
            },
        })
    }

    pub(super) fn sender(&self) -> &Sender {
        &self.sender
    }

    /// The message, rendered with its link.
    pub(super) fn render(&self, message: &Claimed, token: &str) -> Result<Rendered, Problem> {
        let context = self.context(message, token)?;
        render_message(&Chosen::shipped(), Channel::Email, &context)
            .map_err(|error| Problem::internal(format!("message {}: {error}", message.id)))
    }

    fn context(&self, message: &Claimed, token: &str) -> Result<MessageContext, Problem> {
        let lines = |listed: &[Listed]| listed.iter().map(line).collect::<Vec<_>>();
        let mut total = Money::zero(message.currency);
        for listed in message.overdue.iter().chain(&message.upcoming) {
            total = total
                .checked_add(listed.asked)
                .map_err(|error| Problem::internal(error.to_string()))?;
        }
        Ok(MessageContext {
            template: message.template.clone(),
            locale: message.locale.clone(),
            creditor_name: self.sender.name.clone(),
            reply_to: self.sender.reply_to.clone(),
            customer_name: message.customer_name.clone(),
            contact_name: Some(message.contact_name.clone()),
            overdue: lines(&message.overdue),
            upcoming: lines(&message.upcoming),
            act_on: Some(message.act_on),
            promise: message.promise.as_ref().map(|promise| PromiseLine {
                amount: promise.amount,
                missing: promise.missing,
                promised_on: promise.promised_on,
            }),
            about: None,
            total,
            unsubscribe_url: None,
            pay_url: format!("{}/pay/{token}", self.public_url.trim_end_matches('/')),
            message_id: message.id.to_string(),
        })
    }
}

fn line(listed: &Listed) -> Line {
    Line {
        number: listed.number.clone(),
        issue_on: listed.issue_on,
        due_on: listed.due_on,
        balance: listed.asked,
        total: listed.total,
        days_overdue: listed.days_overdue,
        charge: listed.charge,
    }
}
