//! The `mailbox` provider's messages over the API.

use receivables::id::MessageId;
use serde::Serialize;
use store::mailbox::{self, Mail};
use web::{Cx, Problem, Reply, Scope, rfc3339};

#[derive(Serialize)]
struct MailView {
    id: MessageId,
    received_at: String,
    customer_id: receivables::id::CustomerId,
    step: String,
    from: String,
    reply_to: Option<String>,
    to: String,
    subject: String,
    text: String,
    html: String,
}

fn view(mail: Mail) -> Result<MailView, Problem> {
    Ok(MailView {
        id: mail.message_id,
        received_at: rfc3339(mail.received_at)?,
        customer_id: mail.customer_id,
        step: mail.step,
        from: mail.sender,
        reply_to: mail.reply_to,
        to: mail.recipient,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
    })
}

/// `GET /v1/mailbox?to=`, newest first.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["to", "limit", "after"])?;
    let page = cx.page(&query)?;
    let after = page.after.as_deref().map(MessageId::parse).transpose();
    let after = after.map_err(|error| Problem::bad_request(format!("`after`: {error}.")))?;
    let to = query.get("to").map(String::as_str);
    let mails = mailbox::list(&cx.db().await?, to, after.as_ref(), page.probe()).await?;
    let mut rows = mails.into_iter().map(view).collect::<Result<Vec<_>, _>>()?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/mailbox/{id}`.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let unknown = || Problem::not_found("The mailbox has no such message.");
    let id = MessageId::parse(id).map_err(|_| unknown())?;
    let mail = mailbox::one(&cx.db().await?, &id).await?.ok_or_else(unknown)?;
    Ok(Reply::json(200, &view(mail)?))
}
