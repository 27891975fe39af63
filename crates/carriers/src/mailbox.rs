//! The `mailbox` provider: keeps messages instead of sending them, for development and demos. Like a real provider
//! it knows the ids it has seen, and like some it has addresses that play a failure:
//! `busy@mailbox.test` is not reached for now, `bounce@mailbox.test` never.

use crate::{Called, Carry, Doing, Letter, Row};
use receivables::channel::Channel;
use store::Tx;
use store::delivery::{Carrier, Memory, Outcome};
use store::mailbox::{self, Mail};
use web::{Cx, Problem};

pub(crate) const ROW: Row = Row {
    carrier: Carrier {
        name: "mailbox",
        channel: Channel::Email,
        remembers: Memory::Always,
        ready: true,
    },
    per_call: 200,
    // It writes to the database: two calls at a time, or one and a settlement, would wait for each other's lock.
    calls: 1,
    a_second: 10_000,
    set_up: |_| Box::pin(async { Ok(Some(Box::new(Mailbox) as Box<dyn Carry>)) }),
};

struct Mailbox;

impl Carry for Mailbox {
    fn send<'a>(&'a self, cx: &'a Cx, letters: &'a [Letter]) -> Doing<'a, Called> {
        Box::pin(async move {
            let mut outcomes: Vec<Outcome> = letters.iter().map(outcome).collect();
            let mails: Vec<Mail> = letters
                .iter()
                .zip(&outcomes)
                .filter(|(_, outcome)| matches!(outcome, Outcome::Sent { .. }))
                .map(|(letter, _)| mail(cx, letter))
                .collect();
            if let Err(problem) = keep(cx, &mails).await {
                cx.log(&problem);
                outcomes.fill(Outcome::TryAgain("The mailbox could not be written".to_owned()));
            }
            Called { outcomes, stop: None }
        })
    }
}

async fn keep(cx: &Cx, mails: &[Mail]) -> Result<(), Problem> {
    let db = cx.db().await?;
    db.transaction(async |tx: &Tx<'_>| Ok::<_, Problem>(mailbox::accept(tx, cx.moment(), mails).await?))
        .await
}

fn outcome(letter: &Letter) -> Outcome {
    match letter.to_email() {
        "busy@mailbox.test" => Outcome::TryAgain("The mailbox is busy".to_owned()),
        "bounce@mailbox.test" => Outcome::Refused("The mailbox does not exist".to_owned()),
        _ => letter.sent(None),
    }
}

fn mail(cx: &Cx, letter: &Letter) -> Mail {
    Mail {
        message_id: letter.message.id.clone(),
        received_at: cx.moment().ms(),
        customer_id: letter.message.customer.clone(),
        step: letter.message.step.clone(),
        sender: letter.sender.email.clone(),
        reply_to: letter.sender.reply_to.clone(),
        recipient: letter.to_email().to_owned(),
        subject: letter.rendered.subject.clone(),
        text: letter.rendered.text.clone(),
        html: letter.rendered.html.clone(),
    }
}
