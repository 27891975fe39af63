//! An email as it goes over the wire (RFC 5322, RFC 2045 to 2049): for carriers that take it whole.
//!
//! 7-bit whatever it says: names and subjects are encoded words, bodies quoted-printable or base64. So no server on the
//! way has to know 8BITMIME, and none changes it. Line ends are CRLF.

use crate::headers::{message_id, thread, unsubscribe};
use crate::{Letter, OUR_HEADER};
use chrono::{DateTime, Utc};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;

/// The email, dated `now`: text and HTML as alternatives, its documents attached.
///
/// # Errors
/// In words, where an address cannot stand in a header.
pub(crate) fn mime(letter: &Letter, now: DateTime<Utc>) -> Result<Vec<u8>, String> {
    let thread = thread(letter);
    let mut message = MessageBuilder::new()
        .from(address(&letter.sender.name, &letter.sender.email)?)
        .to(address(letter.to_name(), letter.to_email())?)
        .subject(letter.rendered.subject.as_str())
        .date(now.timestamp())
        .message_id(message_id(letter))
        .in_reply_to(thread.clone())
        .references(thread)
        .header(OUR_HEADER, Text::new(letter.message.id.as_str()));
    if let Some(reply_to) = &letter.sender.reply_to {
        message = message.reply_to(address("", reply_to)?);
    }
    for (name, value) in unsubscribe(letter) {
        // An address must not be broken: not even where it is long.
        message = message.header(name, Raw::new(value));
    }
    message = message
        .text_body(letter.rendered.text.as_str())
        .html_body(letter.rendered.html.as_str());
    for document in &letter.message.documents {
        message = message.attachment(
            document.media_type.as_str(),
            document.name.as_str(),
            document.content.as_slice(),
        );
    }
    message.write_to_vec().map_err(|error| error.to_string())
}

/// A name and an address for a header; neither can end it.
fn address<'a>(name: &str, email: &'a str) -> Result<Address<'a>, String> {
    let plain = |letter: char| {
        letter.is_ascii_graphic() && !matches!(letter, '<' | '>' | ',' | ';' | ':' | '"' | '\\')
    };
    let (local, domain) = email.rsplit_once('@').unwrap_or_default();
    if local.is_empty() || domain.is_empty() || !email.chars().all(plain) {
        return Err(format!("{email:?} is no address that a mail server takes"));
    }
    let name: String = name.chars().filter(|letter| !letter.is_control()).collect();
    let name = name.trim().to_owned();
    Ok(Address::new_address((!name.is_empty()).then_some(name), email))
}
