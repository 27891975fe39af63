//! `print`: keeps letters for people who print and post them (`GET /v1/letters`). A component has no files, so the folder
//! is one of the database's. It knows the ids that it has seen.

use crate::{Called, Carry, Doing, Letter, Row};
use receivables::channel::Channel;
use store::Tx;
use store::delivery::{Carrier, Memory, Outcome};
use store::letters::{self, NewLetter};
use web::{Cx, Problem};

pub(crate) const ROW: Row = Row {
    carrier: Carrier {
        name: "print",
        channel: Channel::Letter,
        remembers: Memory::Always,
        ready: true,
    },
    per_call: 20,
    // It writes to the database: two calls at a time would wait for each other's lock.
    calls: 1,
    a_second: 1_000,
    set_up: |_| Box::pin(async { Ok(Some(Box::new(Print) as Box<dyn Carry>)) }),
};

struct Print;

impl Carry for Print {
    fn send<'a>(&'a self, cx: &'a Cx, letters: &'a [Letter]) -> Doing<'a, Called> {
        Box::pin(async move {
            let mut outcomes: Vec<Outcome> = letters.iter().map(outcome).collect();
            if let Err(problem) = keep(cx, letters, None).await {
                cx.log(&problem);
                outcomes.fill(Outcome::TryAgain("The letter could not be kept".to_owned()));
            }
            Called { outcomes, stop: None }
        })
    }
}

fn outcome(letter: &Letter) -> Outcome {
    match letter.paper {
        Some(_) => letter.sent(None),
        None => Outcome::Refused("There is no page to print".to_owned()),
    }
}

/// Keeps letters as they are sent; `posted_by`: who prints and posts them, where people do not.
pub(crate) async fn keep(cx: &Cx, letters: &[Letter], posted_by: Option<&str>) -> Result<(), Problem> {
    let db = cx.db().await?;
    db.transaction(async |tx: &Tx<'_>| {
        for letter in letters {
            let Some(content) = &letter.paper else {
                continue;
            };
            let addressee = format!("{}, {}", letter.message.to.name, letter.message.address());
            let new = NewLetter {
                message: &letter.message.id,
                customer: &letter.message.customer,
                addressee: &addressee,
                subject: &letter.rendered.subject,
                content,
                posted_by,
            };
            letters::keep(tx, cx.moment(), &new).await?;
        }
        Ok::<_, Problem>(())
    })
    .await
}
