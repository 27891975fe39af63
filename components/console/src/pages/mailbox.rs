//! The mailbox in the console.

use super::{ROWS, chrome, next_page, not_found, reply};
use receivables::id::MessageId;
use render::mail_content_security_policy;
use render::pages::{MailPage, MailRow, MailboxPage, mail_page, mailbox_page};
use store::Db;
use web::{Cx, Problem, Reply, rfc3339, secrets};

/// The list, newest first.
pub(super) async fn list(cx: &Cx, db: &Db) -> Result<Reply, Problem> {
    let query = cx.query(&["after"])?;
    let after = query
        .get("after")
        .map(|after| MessageId::parse(after))
        .transpose();
    let after = after.map_err(|error| Problem::bad_request(format!("`after`: {error}.")))?;
    let mut rows = store::mailbox::list(db, None, after.as_ref(), ROWS.saturating_add(1)).await?;
    let next_url = next_page(&mut rows, "/console/mailbox", |row| row.message_id.to_string());
    let messages = rows
        .into_iter()
        .map(|mail| {
            Ok(MailRow {
                id: mail.message_id.to_string(),
                at: rfc3339(mail.received_at)?,
                to: mail.recipient,
                subject: mail.subject,
                step: mail.step,
            })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    let nonce = secrets::token()?;
    let chrome = chrome(cx, "Mailbox", "mailbox")?;
    reply(
        200,
        &nonce,
        mailbox_page(&MailboxPage {
            nonce: nonce.clone(),
            chrome,
            messages,
            next_url,
        }),
    )
}

/// One mail as its reader sees it, and as text.
pub(super) async fn show(cx: &Cx, db: &Db, id: &MessageId) -> Result<Reply, Problem> {
    let Some(mail) = store::mailbox::one(db, id).await? else {
        return not_found(cx);
    };
    let nonce = secrets::token()?;
    let page = MailPage {
        nonce: nonce.clone(),
        chrome: chrome(cx, &mail.subject, "mailbox")?,
        id: mail.message_id.to_string(),
        at: rfc3339(mail.received_at)?,
        to: mail.recipient,
        from: mail.sender,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
    };
    let policy = mail_content_security_policy(&nonce, &page.html);
    let html = mail_page(&page).map_err(|error| Problem::internal(format!("page: {error}")))?;
    Ok(Reply::html(200, html, &policy))
}
