//! From a message, or what it is about, to the paper that says the same.

use chrono::NaiveDate;
use receivables::aging::Aging;
use receivables::notice::About;
use receivables::payment_code::Transfer;
use render::{Language, MessageContext, Rendered};

use crate::PaperError;
use crate::letter::LetterPaper;
use crate::qr::Qr;
use crate::sheet::Sheet;
use crate::statement::{Account, StatementPaper};
use crate::words::{Word, Words};

/// What paper says besides the words of a message.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The creditor's name and address, a line each.
    pub creditor: Vec<String>,
    /// The customer's, a line each.
    pub addressee: Vec<String>,
    /// Where it goes, an ISO 3166-1 alpha-2 code: it decides on the sheet.
    pub country: Option<String>,
    /// The day it is written.
    pub dated: NaiveDate,
    /// How to pay by bank transfer, where an account is set for the currency.
    pub transfer: Option<Transfer>,
}

impl Envelope {
    /// The code of the transfer, else of the address to pay at.
    fn qr(&self, words: Words, pay_url: Option<&str>) -> Option<Qr> {
        let transfer = self.transfer.as_ref().and_then(|transfer| transfer.code.as_ref());
        match (transfer, pay_url) {
            (Some(code), _) => Some(Qr::of_transfer(code, words.say(Word::ScanBank))),
            (None, Some(url)) => Some(Qr::of(url, words.say(Word::ScanLink))),
            (None, None) => None,
        }
    }
}

/// A message as a letter: the very sentences and invoices that an email would have.
///
/// Source: Dunlin's own rule.
pub fn of_message(message: &MessageContext, rendered: &Rendered, envelope: &Envelope) -> LetterPaper {
    let language = Language::of(&message.locale);
    let url = Some(message.pay_url.as_str()).filter(|url| !url.is_empty());
    LetterPaper {
        language,
        sheet: Sheet::of(envelope.country.as_deref()),
        creditor: envelope.creditor.clone(),
        addressee: envelope.addressee.clone(),
        dated: envelope.dated,
        reference: message.message_id.clone(),
        subject: rendered.subject.clone(),
        parts: rendered.parts.clone(),
        lines: message.overdue.iter().chain(&message.upcoming).cloned().collect(),
        total: message.total,
        pay_url: url.map(str::to_owned),
        qr: envelope.qr(Words(language), url),
        transfer: envelope.transfer.clone(),
    }
}

/// The statement that a notice is about, as paper. `aging` is of what is owed after its last day, where it is known.
///
/// # Errors
/// [`PaperError::NoStatement`]: the notice is about something else.
///
/// Source: Dunlin's own rule.
pub fn of_statement(
    message: &MessageContext,
    aging: Option<Aging>,
    envelope: &Envelope,
) -> Result<StatementPaper, PaperError> {
    let Some(About::Statement {
        from,
        to,
        opening,
        closing,
        entries,
    }) = &message.about
    else {
        return Err(PaperError::NoStatement);
    };
    let language = Language::of(&message.locale);
    let url = Some(message.pay_url.as_str()).filter(|url| !url.is_empty());
    Ok(StatementPaper {
        language,
        sheet: Sheet::of(envelope.country.as_deref()),
        creditor: envelope.creditor.clone(),
        addressee: envelope.addressee.clone(),
        dated: envelope.dated,
        reference: message.message_id.clone(),
        from: *from,
        to: *to,
        accounts: vec![Account {
            opening: *opening,
            entries: entries.clone(),
            closing: *closing,
            aging,
        }],
        pay_url: url.map(str::to_owned),
        qr: envelope.qr(Words(language), url),
        transfer: envelope.transfer.clone(),
    })
}
