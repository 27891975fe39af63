//! The messages that reach a customer: subject, plain text and HTML, SMS, and what a voice speaks, from one set of words.
//!
//! Shape: the words of a message stand in `templates/mail/<template>.<language>.txt` as named blocks of plain text; a
//! deployment's own words ([`Chosen`]) take the place of single blocks. They are rendered first; the layouts (`mail.txt`,
//! `mail.html`) then place them, so that the same sentence is written once and the HTML layout escapes it like any other
//! value.
//!
//! What it refuses: an unknown template, nothing to speak of, a total that its lines do not add up to, a pay link that
//! is not http(s). No value can end a header: a subject is one line without control characters.

pub(crate) mod facts;
pub(crate) mod own;
mod shipped;

pub use own::{Blocks, Chosen, Failed, Own, Tone, block_names, canonical, shipped_blocks};

use receivables::template::{self, Purpose};
use std::borrow::Cow;

use chrono::NaiveDate;
use minijinja::context;
use minijinja::value::{Value, merge_maps};
use receivables::channel::Channel;
use receivables::money::Money;
use receivables::notice::About;
use serde::Serialize;

use crate::env::{Bounded, UNBROKEN};
use crate::{Locale, RenderError};
use shipped::MAIL;

/// Characters of a subject. Mail readers show 40 to 70; a header line ends at 998 octets (RFC 5322 section 2.1.1).
const SUBJECT_CHARS: usize = 180;

/// Invoice numbers that a subject or sentence names before it says how many more there are.
const NUMBERS_NAMED: usize = 3;

/// One invoice in a list that a customer reads.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The creditor's number of the invoice.
    pub number: String,
    /// The day it was issued.
    pub issue_on: NaiveDate,
    /// The day it falls due.
    pub due_on: NaiveDate,
    /// What is still open of it.
    pub balance: Money,
    /// What it was issued for; shown beside the balance where the two differ.
    pub total: Money,
    /// Civil days since the due date; zero or less while it is not overdue.
    pub days_overdue: i64,
    /// Whether it is a fee or interest on an invoice: listed and summed up, and not spoken of as an invoice.
    pub charge: bool,
}

/// A promise to pay that a letter is about.
#[derive(Clone, Debug, Serialize)]
pub struct PromiseLine {
    /// How much was promised.
    pub amount: Money,
    /// What of it has not come.
    pub missing: Money,
    /// For which day.
    pub promised_on: NaiveDate,
}

/// What a message is made of.
#[derive(Clone, Debug, Serialize)]
pub struct MessageContext {
    /// One of [`receivables::template::TEMPLATES`].
    pub template: String,
    /// The customer's BCP 47 locale.
    pub locale: String,
    /// Who is owed, and signs the message.
    pub creditor_name: String,
    /// Where an answer goes; without it the message asks the customer to get in touch by other means.
    pub reply_to: Option<String>,
    /// The debtor account's name.
    pub customer_name: String,
    /// The person addressed; without one the greeting names the customer.
    pub contact_name: Option<String>,
    /// Invoices past their due date, oldest first.
    pub overdue: Vec<Line>,
    /// Invoices not yet due, earliest first.
    pub upcoming: Vec<Line>,
    /// The day on which what the message announces is done at the earliest; the templates `final`,
    /// `suspension_warning` and `hand_over_notice` need one.
    pub act_on: Option<NaiveDate>,
    /// The promise that it is about; the templates `promise_*` need one.
    pub promise: Option<PromiseLine>,
    /// What it tells where it is no step of a policy.
    pub about: Option<About>,
    /// The tone that its step speaks in; without one, its template's.
    pub tone: Option<Tone>,
    /// The sum of the balances of all invoices listed.
    pub total: Money,
    /// Address of the pay page, http(s).
    pub pay_url: String,
    /// Where the customer ends messages of this kind, http(s); the foot of an email names it.
    pub unsubscribe_url: Option<String>,
    /// Id of the message, printed as the reference that a customer can quote.
    pub message_id: String,
}

/// A message ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rendered {
    /// One line, no control characters, at most 180 characters.
    pub subject: String,
    /// Email and letter: the plain text, lines ending in `\n`. SMS: the whole message. Voice: what is spoken.
    pub text: String,
    /// The HTML part of an email: a whole document. Empty where the channel has none.
    pub html: String,
    /// Its sentences one by one, for those who lay it out themselves, such as a letter on paper.
    pub parts: Parts,
}

/// The sentences of a message, each one line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Parts {
    /// What it is, in a few words.
    pub heading: String,
    /// What has happened.
    pub opening: String,
    /// What is asked for.
    pub request: String,
    /// What to do where something is not right.
    pub closing: String,
    /// The salutation.
    pub greeting: String,
    /// The complimentary close, without the name below it.
    pub regards: String,
}

/// Renders a message for a channel, in the language and the conventions of its locale.
///
/// # Errors
/// See [`RenderError`]: each says that the context or a deployment's own words are at fault, and not the customer.
pub fn render_message(
    chosen: &Chosen,
    channel: Channel,
    message: &MessageContext,
) -> Result<Rendered, RenderError> {
    // What is tried was written when it was asked for.
    if let Some(About::Test {
        subject, text, html, ..
    }) = &message.about
    {
        return Ok(Rendered {
            subject: shorten(&one_line(subject)),
            text: text.clone(),
            html: html.clone(),
            parts: Parts::default(),
        });
    }
    let tone = chosen.tone_of(message);
    let own = chosen.best(channel, tone, message).map(|(_, blocks)| blocks);
    rendered(own, channel, tone, message)
}

/// Renders a message as [`render_message`] does, and from the shipped words where a deployment's own fail for it: then
/// with which failed, and why.
///
/// # Errors
/// See [`RenderError`]: the shipped words cannot be rendered either.
pub fn render_or_shipped(
    chosen: &Chosen,
    channel: Channel,
    message: &MessageContext,
) -> Result<(Rendered, Option<Failed>), RenderError> {
    let tone = chosen.tone_of(message);
    match (
        render_message(chosen, channel, message),
        chosen.best(channel, tone, message),
    ) {
        (Err(error), Some(((template, of, own_tone, locale), _))) => {
            let failed = Failed {
                template: template.clone(),
                channel: *of,
                tone: *own_tone,
                locale: locale.clone(),
                why: error.to_string(),
            };
            Ok((rendered(None, channel, tone, message)?, Some(failed)))
        }
        (rendered, _) => Ok((rendered?, None)),
    }
}

/// Renders it with these words of one's own over the shipped ones, and no others.
pub(crate) fn rendered(
    own: Option<&Blocks>,
    channel: Channel,
    tone: Tone,
    message: &MessageContext,
) -> Result<Rendered, RenderError> {
    let locale = Locale::of(&message.locale);
    let purpose = check(message)?;
    let values = values(message, purpose, channel, tone, locale)?;
    let mut env = Cow::Borrowed(MAIL.environment(locale)?);
    let shipped = format!("{}.{}.txt", message.template, locale.language().tag());
    let source;
    let words = match own {
        None => env.get_template(&shipped)?,
        Some(blocks) => {
            source = own::source(&shipped, blocks)?;
            env.to_mut().set_fuel(Some(own::FUEL));
            env.template_from_named_str("own.txt", &source)?
        }
    };
    let mut words = words.render_captured_to(&values, Bounded::default())?;
    let mut block = |name: &str| -> Result<String, RenderError> {
        let mut text = Bounded::default();
        words.with_state_mut(|state| state.render_block_to_write(name, &mut text))?;
        Ok(one_line(&text.text()))
    };
    let whole = match channel {
        Channel::Sms => Some(plain(&block("sms")?)),
        Channel::Voice => Some(block("voice")?),
        Channel::Email | Channel::Letter | Channel::Webhook => None,
    };
    let subject = shorten(&block("subject")?);
    let parts = Parts {
        heading: block("heading")?,
        opening: block("opening")?,
        request: block("request")?,
        closing: block("closing")?,
        greeting: block("greeting")?,
        regards: block("regards")?,
    };
    if let Some(text) = whole {
        return Ok(Rendered {
            subject,
            text,
            html: String::new(),
            parts,
        });
    }
    let placed = merge_maps([context! { subject }, Value::from_serialize(&parts), values]);
    let env = MAIL.environment(locale)?;
    Ok(Rendered {
        text: env.get_template("mail.txt")?.render(&placed)?,
        html: env.get_template("mail.html")?.render(&placed)?,
        subject,
        parts,
    })
}

/// Everything that the words of a message may name: `docs/templates.md` lists it.
fn values(
    message: &MessageContext,
    purpose: Purpose,
    channel: Channel,
    tone: Tone,
    locale: Locale,
) -> Result<Value, RenderError> {
    let spoken: Vec<&Line> = match purpose {
        Purpose::Reminder => message.upcoming.iter().collect(),
        Purpose::Collection => message.overdue.iter().filter(|line| !line.charge).collect(),
        // What is promised, or open on an account, may be due or not.
        _ => message.overdue.iter().chain(&message.upcoming).collect(),
    };
    let charges = message.overdue.iter().filter(|line| line.charge);
    let charged = charges.map(|line| line.balance).collect::<Vec<_>>();
    let payable = facts::lists_invoices(&message.template) && !message.total.is_zero();
    Ok(context! {
        template => message.template,
        purpose => purpose.as_str(),
        channel => channel.as_str(),
        tone => tone.as_str(),
        creditor_name => one_line(&message.creditor_name),
        customer_name => one_line(&message.customer_name),
        addressee => one_line(message.contact_name.as_ref().unwrap_or(&message.customer_name)),
        reply_to => message.reply_to.as_deref().map(one_line),
        asks => facts::asks(&message.template),
        first => spoken.first(),
        invoice_count => spoken.len(),
        numbers => spoken.iter().take(NUMBERS_NAMED).map(|line| one_line(&line.number)).collect::<Vec<_>>(),
        more => spoken.len().saturating_sub(NUMBERS_NAMED),
        oldest_days => message.overdue.iter().map(|line| line.days_overdue).max(),
        overdue => lines(&message.overdue),
        upcoming => lines(&message.upcoming),
        overdue_total => sum(message.overdue.iter().map(|line| line.balance))?,
        charged => sum(charged.into_iter())?,
        act_on => message.act_on,
        promise => message.promise,
        notice => facts::notice(message.about.as_ref()),
        rows => facts::rows(message.about.as_ref(), locale),
        total => message.total,
        total_open => payable,
        lists => payable,
        pay_url => message.pay_url,
        unsubscribe_url => message.unsubscribe_url,
        message_id => one_line(&message.message_id),
    })
}

/// What a message must be before a word of it is written; answers its purpose.
fn check(message: &MessageContext) -> Result<Purpose, RenderError> {
    let name = message.template.as_str();
    let Some(template) = template::find(name) else {
        return Err(RenderError::UnknownTemplate(name.to_owned()));
    };
    if facts::announces(name) && message.act_on.is_none() {
        return Err(RenderError::NoDay(name.to_owned()));
    }
    if facts::about_a_promise(name) && message.promise.is_none() {
        return Err(RenderError::NoPromise(name.to_owned()));
    }
    if !facts::fits(name, message.about.as_ref()) {
        return Err(RenderError::NoFacts(name.to_owned()));
    }
    let (nothing, missing) = match template.purpose {
        Purpose::Reminder => (message.upcoming.is_empty(), "upcoming"),
        Purpose::Collection => (message.overdue.iter().all(|line| line.charge), "overdue"),
        _ if facts::about_a_promise(name) => {
            let listed = message.overdue.len().saturating_add(message.upcoming.len());
            (listed == 0, "overdue")
        }
        _ => (false, ""),
    };
    if nothing {
        return Err(RenderError::NothingToSay {
            template: name.to_owned(),
            missing,
        });
    }
    let all = message.overdue.iter().chain(&message.upcoming);
    let listed = all
        .clone()
        .map(|line| line.balance)
        .try_fold(Money::zero(message.total.currency()), Money::checked_add)?;
    if listed != message.total {
        return Err(RenderError::Total {
            given: message.total.to_string(),
            listed: listed.to_string(),
        });
    }
    Ok(template.purpose)
}

/// The sum of amounts, where there are any.
fn sum(mut amounts: impl Iterator<Item = Money>) -> Result<Option<Money>, RenderError> {
    match amounts.next() {
        None => Ok(None),
        Some(first) => Ok(Some(amounts.try_fold(first, Money::checked_add)?)),
    }
}

fn lines(lines: &[Line]) -> Vec<Line> {
    lines
        .iter()
        .map(|line| Line {
            number: one_line(&line.number),
            ..line.clone()
        })
        .collect()
}

/// `text` as one line: every run of white space and control characters is a single space, and the marks that turn the
/// direction of writing around, which can disguise a name, are gone.
fn one_line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let words = text
        .split(|c: char| (c.is_whitespace() && !UNBROKEN.contains(&c)) || c.is_control())
        .map(|word| word.replace(turns, ""));
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A text message without the signs that look like others and would cost it the alphabet of 160 characters: spaces
/// that do not break, curly quotes, dashes, the ellipsis.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    // The spelling of 1990, which stays within the alphabet.
    for c in text.replace("août", "aout").chars() {
        match c {
            '\u{a0}' | '\u{202f}' => plain.push(' '),
            '‘' | '’' => plain.push('\''),
            '“' | '”' | '„' => plain.push('"'),
            '–' | '—' => plain.push('-'),
            '…' => plain.push_str("..."),
            other => plain.push(other),
        }
    }
    plain
}

fn shorten(subject: &str) -> String {
    if subject.chars().count() <= SUBJECT_CHARS {
        return subject.to_owned();
    }
    let mut short: String = subject.chars().take(SUBJECT_CHARS.saturating_sub(1)).collect();
    short.push('…');
    short
}
