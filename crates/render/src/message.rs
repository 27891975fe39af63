//! The messages that remind a customer: subject, plain text and HTML from one set of words.
//!
//! Shape: the words of a message stand in `templates/mail/<template>.<language>.txt` as named blocks of plain text.
//! They are rendered first; the layouts (`mail.txt`, `mail.html`) then place them, so that the same sentence is
//! written once and the HTML layout escapes it like any other value.
//!
//! What it refuses: an unknown template, nothing to speak of, a total that its lines do not add up to, a pay link that
//! is not http(s). No value can end a header: a subject is one line without control characters.

use chrono::NaiveDate;
use minijinja::context;
use receivables::channel::Channel;
use receivables::money::Money;
use receivables::notice::About;
use serde::Serialize;

use crate::env::{Family, UNBROKEN};
use crate::{Language, RenderError, words};

/// The message templates there are; each in every language.
pub const TEMPLATES: &[&str] = &[
    "pre_due",
    "friendly",
    "firm",
    "final",
    "suspension_warning",
    "hand_over_notice",
    "promise_confirmation",
    "promise_broken",
];

/// Characters of a subject. Mail readers show 40 to 70; a header line ends at 998 octets (RFC 5322 section 2.1.1).
const SUBJECT_CHARS: usize = 180;

/// Invoice numbers that a subject or sentence names before it says how many more there are.
const NUMBERS_NAMED: usize = 3;

static MAIL: Family = Family::new(&[
    ("pre_due.en.txt", include_str!("../templates/mail/pre_due.en.txt")),
    ("pre_due.de.txt", include_str!("../templates/mail/pre_due.de.txt")),
    (
        "friendly.en.txt",
        include_str!("../templates/mail/friendly.en.txt"),
    ),
    (
        "friendly.de.txt",
        include_str!("../templates/mail/friendly.de.txt"),
    ),
    ("firm.en.txt", include_str!("../templates/mail/firm.en.txt")),
    ("firm.de.txt", include_str!("../templates/mail/firm.de.txt")),
    ("final.en.txt", include_str!("../templates/mail/final.en.txt")),
    ("final.de.txt", include_str!("../templates/mail/final.de.txt")),
    (
        "suspension_warning.en.txt",
        include_str!("../templates/mail/suspension_warning.en.txt"),
    ),
    (
        "suspension_warning.de.txt",
        include_str!("../templates/mail/suspension_warning.de.txt"),
    ),
    (
        "hand_over_notice.en.txt",
        include_str!("../templates/mail/hand_over_notice.en.txt"),
    ),
    (
        "hand_over_notice.de.txt",
        include_str!("../templates/mail/hand_over_notice.de.txt"),
    ),
    (
        "promise_confirmation.en.txt",
        include_str!("../templates/mail/promise_confirmation.en.txt"),
    ),
    (
        "promise_confirmation.de.txt",
        include_str!("../templates/mail/promise_confirmation.de.txt"),
    ),
    (
        "promise_broken.en.txt",
        include_str!("../templates/mail/promise_broken.en.txt"),
    ),
    (
        "promise_broken.de.txt",
        include_str!("../templates/mail/promise_broken.de.txt"),
    ),
    ("closing.en.txt", include_str!("../templates/mail/closing.en.txt")),
    ("closing.de.txt", include_str!("../templates/mail/closing.de.txt")),
    ("mail.txt", include_str!("../templates/mail/mail.txt")),
    ("mail.html", include_str!("../templates/mail/mail.html")),
]);

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
    /// One of [`TEMPLATES`].
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

/// The words that messages are made from: the shipped set.
#[derive(Clone, Debug, Default)]
pub struct Chosen {}

impl Chosen {
    /// The shipped set and nothing else.
    pub fn shipped() -> Self {
        Self::default()
    }
}

/// Renders a message for a channel, in the language of its locale.
///
/// # Errors
/// See [`RenderError`]: each says that the context, not the customer, is at fault.
pub fn render_message(
    _chosen: &Chosen,
    _channel: Channel,
    message: &MessageContext,
) -> Result<Rendered, RenderError> {
    let language = match Language::of(&message.locale) {
        Language::De => Language::De,
        _ => Language::En,
    };
    check(message)?;
    let overdue_total = sum(&message.overdue)?;
    let about: Vec<&Line> = match message.template.as_str() {
        "pre_due" => message.upcoming.iter().collect(),
        // What is promised may be due or not.
        "promise_confirmation" | "promise_broken" => {
            message.overdue.iter().chain(&message.upcoming).collect()
        }
        _ => {
            let invoices = message.overdue.iter().filter(|line| !line.charge);
            invoices.collect()
        }
    };
    let values = context! {
        creditor_name => one_line(&message.creditor_name),
        addressee => one_line(message.contact_name.as_ref().unwrap_or(&message.customer_name)),
        reply_to => message.reply_to.as_deref().map(one_line),
        first => about.first(),
        about => about.len(),
        numbers => about.iter().take(NUMBERS_NAMED).map(|line| one_line(&line.number)).collect::<Vec<_>>(),
        more => about.len().saturating_sub(NUMBERS_NAMED),
        oldest_days => message.overdue.iter().map(|line| line.days_overdue).max(),
        overdue => lines(&message.overdue),
        upcoming => lines(&message.upcoming),
        overdue_total,
        act_on => message.act_on,
        promise => message.promise,
        total => message.total,
        pay_url => message.pay_url,
        message_id => one_line(&message.message_id),
    };
    let env = MAIL.environment(language)?;
    let words = env.get_template(&format!("{}.{}.txt", message.template, language.tag()))?;
    let mut words = words.render_captured(&values)?;
    let mut block = |name: &str| {
        words
            .with_state_mut(|state| state.render_block(name))
            .map(|text| one_line(&text))
    };
    let subject = shorten(&block("subject")?);
    let word = |key: &str| words::in_language(language).get(key).copied().unwrap_or_default();
    let parts = Parts {
        heading: block("heading")?,
        opening: block("opening")?,
        request: block("request")?,
        closing: block("closing")?,
        greeting: word("greeting").replace(
            "{name}",
            &one_line(message.contact_name.as_ref().unwrap_or(&message.customer_name)),
        ),
        regards: word("regards").to_owned(),
    };
    let placed = context! {
        subject,
        heading => parts.heading,
        opening => parts.opening,
        request => parts.request,
        closing => parts.closing,
        ..values.clone()
    };
    Ok(Rendered {
        text: env.get_template("mail.txt")?.render(&placed)?,
        html: env.get_template("mail.html")?.render(&placed)?,
        subject,
        parts,
    })
}

/// What a message must be before a word of it is written.
fn check(message: &MessageContext) -> Result<(), RenderError> {
    let (nothing, missing) = match message.template.as_str() {
        "pre_due" => (message.upcoming.is_empty(), "upcoming"),
        "final" | "suspension_warning" | "hand_over_notice" if message.act_on.is_none() => {
            return Err(RenderError::NoDay(message.template.clone()));
        }
        "friendly" | "firm" | "final" | "suspension_warning" | "hand_over_notice" => {
            (message.overdue.iter().all(|line| line.charge), "overdue")
        }
        "promise_confirmation" | "promise_broken" if message.promise.is_none() => {
            return Err(RenderError::NoPromise(message.template.clone()));
        }
        "promise_confirmation" | "promise_broken" => {
            let listed = message.overdue.len().saturating_add(message.upcoming.len());
            (listed == 0, "overdue")
        }
        other => return Err(RenderError::UnknownTemplate(other.to_owned())),
    };
    if nothing {
        return Err(RenderError::NothingToSay {
            template: message.template.clone(),
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
    Ok(())
}

/// The sum of the lines' balances, where there are any.
fn sum(lines: &[Line]) -> Result<Option<Money>, RenderError> {
    let Some((first, rest)) = lines.split_first() else {
        return Ok(None);
    };
    Ok(Some(
        rest.iter()
            .map(|line| line.balance)
            .try_fold(first.balance, Money::checked_add)?,
    ))
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
        .split(|c: char| (c.is_whitespace() && c != UNBROKEN) || c.is_control())
        .map(|word| word.replace(turns, ""));
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn shorten(subject: &str) -> String {
    if subject.chars().count() <= SUBJECT_CHARS {
        return subject.to_owned();
    }
    let mut short: String = subject.chars().take(SUBJECT_CHARS.saturating_sub(1)).collect();
    short.push('…');
    short
}
