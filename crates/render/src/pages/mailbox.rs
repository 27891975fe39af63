//! The mailbox: messages that the `mailbox` provider kept instead of sending.

use serde::Serialize;

use super::console::{CONSOLE, Chrome};
use crate::{Language, RenderError};

/// A page of the mailbox.
#[derive(Clone, Debug, Serialize)]
pub struct MailboxPage {
    /// Nonce of the page's stylesheet.
    pub nonce: String,
    /// The frame.
    pub chrome: Chrome,
    /// The messages, newest first.
    pub messages: Vec<MailRow>,
    /// Where the next page is.
    pub next_url: Option<String>,
}

/// A message in the list.
#[derive(Clone, Debug, Serialize)]
pub struct MailRow {
    /// The message's id.
    pub id: String,
    /// When it arrived, an RFC 3339 instant.
    pub at: String,
    /// Whom it is for.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// The policy's step that sent it.
    pub step: String,
}

/// One message as its reader would see it.
#[derive(Clone, Debug, Serialize)]
pub struct MailPage {
    /// Nonce of the page's stylesheet.
    pub nonce: String,
    /// The frame.
    pub chrome: Chrome,
    /// The message's id.
    pub id: String,
    /// When it arrived, an RFC 3339 instant.
    pub at: String,
    /// Whom it is for.
    pub to: String,
    /// Who it is from.
    pub from: String,
    /// Its subject; the page's heading.
    pub subject: String,
    /// The plain-text part.
    pub text: String,
    /// The HTML part; shown in a frame where nothing runs.
    pub html: String,
}

/// The mailbox.
///
/// # Errors
/// A context that the template cannot use: [`RenderError::Template`].
pub fn mailbox_page(page: &MailboxPage) -> Result<String, RenderError> {
    CONSOLE.render("mailbox.html", Language::En, page)
}

/// One message. Needs [`mail_content_security_policy`](crate::mail_content_security_policy).
///
/// # Errors
/// A context that the template cannot use: [`RenderError::Template`].
pub fn mail_page(page: &MailPage) -> Result<String, RenderError> {
    CONSOLE.render("mail.html", Language::En, page)
}
