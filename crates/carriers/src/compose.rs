//! From a claimed message to what its words are made from: the same for who sends it and for who looks at it before.

use receivables::money::Money;
use render::{Chosen, Line, MessageContext, Own, PromiseLine};
use store::delivery::{Claimed, Listed};
use store::templates::InForce;
use web::Problem;

/// What a message says that is the house's and not its own.
#[derive(Debug, Clone)]
pub struct House<'a> {
    /// Who is owed, and signs.
    pub creditor_name: &'a str,
    /// Where an answer goes.
    pub reply_to: Option<&'a str>,
    /// Where to pay.
    pub pay_url: String,
    /// Where its reader says that there are to be no more.
    pub unsubscribe_url: Option<String>,
}

/// The shipped words with a deployment's own over them.
pub fn words(own: InForce) -> Chosen {
    let versions = own.versions.into_iter().map(|version| Own {
        template: version.template,
        channel: version.channel,
        tone: version.tone,
        locale: version.locale,
        blocks: version.blocks,
    });
    Chosen::new(versions, own.tones)
}

/// What a message's words are made from.
///
/// # Errors
/// Its amounts have no sum.
pub fn context(message: &Claimed, house: House<'_>) -> Result<MessageContext, Problem> {
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
        creditor_name: house.creditor_name.to_owned(),
        reply_to: house.reply_to.map(str::to_owned),
        customer_name: message.customer_name.clone(),
        contact_name: Some(message.to.name.clone()),
        overdue: lines(&message.overdue),
        upcoming: lines(&message.upcoming),
        act_on: Some(message.act_on),
        promise: message.promise.as_ref().map(|promise| PromiseLine {
            amount: promise.amount,
            missing: promise.missing,
            promised_on: promise.promised_on,
        }),
        about: message.about.clone(),
        tone: message.tone,
        total,
        pay_url: house.pay_url,
        unsubscribe_url: house.unsubscribe_url,
        message_id: message.id.to_string(),
    })
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
