//! A message as the letter that it would be.

use paper::{Envelope, addressee, of_message, of_statement};
use receivables::channel::Channel;
use receivables::id::MessageId;
use receivables::money::Money;
use receivables::notice::About;
use render::{Chosen, Line, MessageContext, PromiseLine, render_message};
use store::delivery::Listed;
use store::drafts::{self, Draft, Found};
use web::{Cx, Problem, Reply, Scope};

/// Ends the address that stands for the payment link: the link itself is made when a message leaves, and nobody but its
/// reader sees it.
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
    let draft = match drafts::of(&db, cx.moment(), &id).await? {
        Found::Draft(draft) => draft,
        Found::Unknown => return Err(unknown()),
        Found::NoDraft(status) => {
            return Err(Problem::conflict(
                "wrong_status",
                format!("The message is {}; there is no draft of it.", status.as_str()),
            ));
        }
        Found::NotNow(rule) => return Err(Problem::conflict("not_now", format!("{rule}."))),
    };
    let creditor = crate::creditor(cx).await?;
    let context = context(cx, &draft, &creditor).await?;
    let name = draft.whom.contact_name.as_deref();
    let envelope = Envelope {
        addressee: addressee(
            &draft.whom.name,
            name,
            draft.whom.postal.as_ref(),
            creditor.country,
        ),
        creditor: creditor.lines,
        country: Some(draft.whom.country.code().to_owned()),
        dated: draft.today,
        transfer: None,
    };
    let printed = match draft.about {
        Some(About::Statement { .. }) => {
            of_statement(&context, None, &envelope).and_then(|facts| paper::statement(&facts))
        }
        _ => {
            let rendered = render_message(&Chosen::shipped(), Channel::Letter, &context);
            let rendered = rendered.map_err(|error| Problem::internal(format!("message {id}: {error}")))?;
            paper::letter(&of_message(&context, &rendered, &envelope))
        }
    };
    crate::reply(cx, &format!("{id}.pdf"), printed)
}

async fn context(cx: &Cx, draft: &Draft, creditor: &paper::Creditor) -> Result<MessageContext, Problem> {
    let public_url = cx.required_setting("public_url").await?;
    let mut total = Money::zero(draft.currency);
    for listed in draft.overdue.iter().chain(&draft.upcoming) {
        let sum = total.checked_add(listed.asked);
        total = sum.map_err(|error| Problem::internal(error.to_string()))?;
    }
    let lines = |listed: &[Listed]| listed.iter().map(line).collect::<Vec<_>>();
    Ok(MessageContext {
        template: draft.template.clone(),
        locale: draft.whom.locale.clone(),
        creditor_name: creditor.lines.first().cloned().unwrap_or_default(),
        reply_to: cx.setting("creditor_email").await?,
        customer_name: draft.whom.name.clone(),
        contact_name: draft.whom.contact_name.clone(),
        overdue: lines(&draft.overdue),
        upcoming: lines(&draft.upcoming),
        act_on: Some(draft.act_on),
        promise: draft.promise.as_ref().map(|promise| PromiseLine {
            amount: promise.amount,
            missing: promise.missing,
            promised_on: promise.promised_on,
        }),
        about: draft.about.clone(),
        total,
        pay_url: format!("{}{SAMPLE}", public_url.trim_end_matches('/')),
        unsubscribe_url: None,
        message_id: draft.id.to_string(),
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
