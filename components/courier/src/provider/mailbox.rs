//! The `mailbox` provider: keeps messages instead of sending them, for development and demos. Like a real provider
//! it knows the ids it has seen, and like some it has addresses that play a failure:
//! `busy@mailbox.test` is not reached for now, `bounce@mailbox.test` never.

use super::{Letter, Provider};
use store::delivery::Outcome;
use store::mailbox::{self, Mail};
use store::{Db, Tx};
use web::{Cx, Problem};

pub(crate) struct Mailbox;

impl Provider for Mailbox {
    const NAME: &'static str = "mailbox";
    const DEDUPLICATES: bool = true;

    async fn send(&self, cx: &Cx, db: &Db, letters: &[Letter<'_>]) -> Result<Vec<Outcome>, Problem> {
        let outcomes: Vec<Outcome> = letters.iter().map(outcome).collect();
        let mails: Vec<Mail> = letters
            .iter()
            .zip(&outcomes)
            .filter(|(_, outcome)| matches!(outcome, Outcome::Sent { .. }))
            .map(|(letter, _)| mail(cx, letter))
            .collect();
        db.transaction(async |tx: &Tx<'_>| mailbox::accept(tx, cx.moment(), &mails).await)
            .await?;
        Ok(outcomes)
    }
}

fn outcome(letter: &Letter<'_>) -> Outcome {
    match letter.message.email.as_str() {
        "busy@mailbox.test" => Outcome::TryAgain("The mailbox is busy".to_owned()),
        "bounce@mailbox.test" => Outcome::Refused("The mailbox does not exist".to_owned()),
        _ => Outcome::Sent {
            subject: letter.rendered.subject.clone(),
        },
    }
}

fn mail(cx: &Cx, letter: &Letter<'_>) -> Mail {
    Mail {
        message_id: letter.message.id.clone(),
        received_at: cx.moment().ms(),
        customer_id: letter.message.customer.clone(),
        step: letter.message.step.clone(),
        sender: letter.sender.clone(),
        reply_to: letter.reply_to.clone(),
        recipient: letter.message.email.clone(),
        subject: letter.rendered.subject.clone(),
        text: letter.rendered.text.clone(),
        html: letter.rendered.html.clone(),
    }
}
