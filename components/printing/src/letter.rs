//! A message as the letter that it would be.

use carriers::compose;
use paper::{Creditor, Envelope, addressee, of_message, of_statement};
use receivables::channel::Channel;
use receivables::id::MessageId;
use receivables::notice::About;
use render::{MessageContext, render_or_shipped};
use store::delivery::{self, Claimed, Seen};
use store::templates;
use web::{Cx, Problem, Reply, Scope};

/// Ends the address that stands for the payment link: the link itself, and with it the reference of a transfer, is made
/// when a message leaves, and nobody but its reader sees it.
const SAMPLE: &str = "/pay/sample";

fn unknown() -> Problem {
    Problem::not_found("There is no message with that id.")
}

/// `GET /v1/messages/{id}/letter.pdf`.
pub(crate) async fn print(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let id = MessageId::parse(id).map_err(|_| unknown())?;
    let db = cx.db().await?;
    let message = match delivery::look(&db, cx.moment(), &id).await? {
        Seen::Leaves(message) => message,
        Seen::Unknown => return Err(unknown()),
        Seen::Gone(status) => {
            return Err(Problem::conflict(
                "wrong_status",
                format!("The message is {}; there is no draft of it.", status.as_str()),
            ));
        }
        Seen::NotNow(rule) => return Err(Problem::conflict("not_now", format!("{rule}."))),
    };
    let creditor = crate::creditor(cx).await?;
    let mut context = context(cx, &message, &creditor).await?;
    let name = Some(message.to.name.as_str()).filter(|name| !name.is_empty());
    let postal = message.to.postal.as_ref();
    let envelope = Envelope {
        addressee: addressee(&message.customer_name, name, postal, creditor.country),
        creditor: creditor.lines,
        country: Some(message.country.code().to_owned()),
        dated: message.today,
        transfer: None,
    };
    let printed = match (&message.about, message.statement) {
        (Some(About::Statement { .. }), _) => {
            of_statement(&context, None, &envelope).and_then(|facts| paper::statement(&facts))
        }
        (_, enclosed) => {
            let words = compose::words(templates::in_force(&db).await?);
            let rendered = render_or_shipped(&words, Channel::Letter, &context);
            let (rendered, _) =
                rendered.map_err(|error| Problem::internal(format!("message {id}: {error}")))?;
            let letter = of_message(&context, &rendered, &envelope);
            context.about = enclosed;
            match context.about {
                None => paper::letter(&letter),
                Some(_) => of_statement(&context, None, &envelope)
                    .and_then(|enclosed| paper::letter_with(&letter, &enclosed)),
            }
        }
    };
    crate::reply(cx, &format!("{id}.pdf"), printed)
}

async fn context(cx: &Cx, message: &Claimed, creditor: &Creditor) -> Result<MessageContext, Problem> {
    let public_url = cx.required_setting("public_url").await?;
    let reply_to = cx.setting("creditor_email").await?;
    let house = compose::House {
        creditor_name: creditor.lines.first().map_or("", String::as_str),
        reply_to: reply_to.as_deref(),
        pay_url: format!("{}{SAMPLE}", public_url.trim_end_matches('/')),
        unsubscribe_url: None,
    };
    compose::context(message, house)
}
