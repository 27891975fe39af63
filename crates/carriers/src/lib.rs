//! Who takes a message to somebody: one trait, one file and one row of [`CARRIERS`] a carrier.
//!
//! **Shape.** [`Carry`] is what is asked of one: send these, and say what became of each ([`Outcome`]). Those over HTTP
//! read an answer that concerns more than one message the same way ([`http`]). Bodies and readers are pure; what calls
//! out is the trait's method.
//! **Once.** Whatever is sent carries our id for it. Where a carrier knows an id that it has seen, its row says so, and a
//! message whose courier stopped is sent again; else a person decides.
//! **Bounded.** Messages of a call, calls at a time and messages a second are in the row; the last can be set for a
//! deployment (`sending_rates`), since carriers grant it by account.
//! **Refuses** to guess: an answer that cannot be understood leaves the message to a person.

mod address;
pub mod compose;
mod headers;
mod http;
mod lob;
mod mailbox;
mod mailgun;
mod mime;
mod postmark;
mod print;
mod resend;
mod sendgrid;
mod ses;
mod sigv4;
mod smtp;
mod spoken;
pub mod twilio;
pub mod vonage;
mod webhook;

use chrono::{DateTime, Utc};
use receivables::channel::Channel;
use render::Rendered;
use std::pin::Pin;
use store::delivery::{Carrier, Claimed, Outcome};
use web::{Cx, Problem};

pub use address::tagged;
pub use mailgun::NAME as MAILGUN;
pub use postmark::NAME as POSTMARK;
pub use resend::NAME as RESEND;
pub use sendgrid::NAME as SENDGRID;
pub use ses::NAME as SES;

/// What a carrier keeps with a message and gives back in its webhooks: our id.
pub const OUR_ID: &str = "dunlin_message";
/// The header under which a recipient's mail server sees it.
pub const OUR_HEADER: &str = "X-Dunlin-Message";

/// Who writes.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The creditor's name.
    pub name: String,
    /// The address that it writes from.
    pub email: String,
    /// Where answers go.
    pub reply_to: Option<String>,
}

/// A message ready to leave.
#[derive(Debug, Clone)]
pub struct Letter {
    /// What it is, and whom it goes to.
    pub message: Claimed,
    /// Its words.
    pub rendered: Rendered,
    /// Who writes.
    pub sender: Sender,
    /// Where its reader says that there are to be no more (RFC 8058).
    pub unsubscribe_url: Option<String>,
    /// What a letter on paper is printed from: a PDF.
    pub paper: Option<Vec<u8>>,
}

impl Letter {
    /// The outcome of one that the carrier has.
    pub fn sent(&self, provider_id: Option<String>) -> Outcome {
        Outcome::Sent {
            subject: self.rendered.subject.clone(),
            provider_id,
        }
    }

    /// The person it goes to; may be empty.
    pub fn to_name(&self) -> &str {
        &self.message.to.name
    }

    /// The email address that it goes to.
    pub fn to_email(&self) -> &str {
        self.message.to.email.as_deref().unwrap_or_default()
    }
}

/// What became of one call.
pub struct Called {
    /// In the order of the letters, one each.
    pub outcomes: Vec<Outcome>,
    /// Why nothing more is to be given to this carrier in this run.
    pub stop: Option<Stop>,
}

/// Why a carrier's run ends before its messages do. What it had not begun to send is free for another.
pub enum Stop {
    /// The carrier wants to be left alone until then.
    Until(DateTime<Utc>, String),
    /// No connection stands: the others keep their attempts.
    Unreached,
    /// The carrier does not serve this deployment as it is set up; nothing is wrong with the messages.
    Setup(Problem),
}

/// What a carrier will have done.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Somebody who delivers messages.
pub trait Carry {
    /// Sends all of `letters`, at most its row's `per_call`, with one call.
    fn send<'a>(&'a self, cx: &'a Cx, letters: &'a [Letter]) -> Doing<'a, Called>;
}

/// A carrier as it is set up here; `None` where it is not.
pub type SetUp = for<'a> fn(&'a Cx) -> Doing<'a, Result<Option<Box<dyn Carry>>, Problem>>;

/// A carrier.
pub struct Row {
    /// Its name, its channel, and whether it knows a message id that it has seen.
    pub carrier: Carrier,
    /// Messages of one call.
    pub per_call: usize,
    /// Calls at a time. What a crash leaves open is at most what these carry.
    pub calls: usize,
    /// Messages a second that it takes from an ordinary account.
    pub a_second: u32,
    set_up: SetUp,
}

/// Every carrier.
pub const CARRIERS: &[Row] = &[
    postmark::ROW,
    sendgrid::ROW,
    mailgun::ROW,
    resend::ROW,
    ses::ROW,
    smtp::ROW,
    mailbox::ROW,
    twilio::SMS,
    twilio::VOICE,
    vonage::SMS,
    vonage::VOICE,
    lob::ROW,
    print::ROW,
    webhook::ROW,
];

/// The variable that lists the carriers of a channel, the first first.
const LISTS: &[(Channel, &str)] = &[
    (Channel::Email, "email_providers"),
    (Channel::Sms, "sms_providers"),
    (Channel::Voice, "voice_providers"),
    (Channel::Letter, "letter_providers"),
];

/// A carrier that is set up here.
pub struct Ready {
    /// What is known of it.
    pub row: &'static Row,
    /// Messages a second that it is given here.
    pub a_second: u32,
    /// Messages a day (UTC) that it is given here at most.
    pub a_day: Option<u32>,
    /// The carrier.
    pub carry: Box<dyn Carry>,
}

/// The carriers that the creditor uses and has set up, each channel's in the creditor's order.
///
/// # Errors
/// A name that no carrier of the channel has, a rate that is none; an email carrier that is not set up where there is no
/// other.
pub async fn ready(cx: &Cx) -> Result<Vec<Ready>, Problem> {
    let rates = by_carrier(cx, "sending_rates").await?;
    let quotas = by_carrier(cx, "sending_quotas").await?;
    let mut ready = Vec::new();
    let mut absent = Vec::new();
    for (channel, variable) in LISTS {
        for name in cx.secrets(variable).await? {
            let row = row(*channel, &name).ok_or_else(|| {
                Problem::internal(format!("variable {variable}: nobody is called {name:?}"))
            })?;
            match (row.set_up)(cx).await? {
                Some(carry) => ready.push(Ready {
                    row,
                    a_second: rate(&rates, row),
                    a_day: of(&quotas, row),
                    carry,
                }),
                None => absent.push(name),
            }
        }
    }
    // There is one, and its address says whether it is used.
    if let Some(carry) = webhook::set_up(cx).await? {
        let row = &webhook::ROW;
        ready.push(Ready {
            row,
            a_second: rate(&rates, row),
            a_day: of(&quotas, row),
            carry,
        });
    }
    if !absent.is_empty() {
        let problem = Problem::internal(format!("listed and not set up: {}", absent.join(", ")));
        match ready.is_empty() {
            true => return Err(problem),
            // The others go on: that is what they are listed for.
            false => cx.log(&problem),
        }
    }
    Ok(ready)
}

/// The carrier of that channel and name.
fn row(channel: Channel, name: &str) -> Option<&'static Row> {
    CARRIERS
        .iter()
        .find(|row| row.carrier.channel == channel && row.carrier.name == name)
}

/// What a variable says by carrier.
async fn by_carrier(cx: &Cx, variable: &str) -> Result<Vec<(String, u32)>, Problem> {
    rates(variable, &cx.setting(variable).await?.unwrap_or_default())
}

/// `ses:50 resend:10`: how many messages, by carrier.
fn rates(variable: &str, text: &str) -> Result<Vec<(String, u32)>, Problem> {
    let words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let rate = |word: &str| {
        let (name, rate) = word.split_once(':')?;
        let rate: u32 = rate.parse().ok()?;
        let known = CARRIERS.iter().any(|row| row.carrier.name == name);
        (rate > 0 && known).then(|| (name.to_owned(), rate))
    };
    words
        .map(|word| {
            rate(word).ok_or_else(|| {
                Problem::internal(format!("variable {variable}: {word:?} is no carrier:messages"))
            })
        })
        .collect()
}

fn rate(rates: &[(String, u32)], row: &Row) -> u32 {
    of(rates, row).unwrap_or(row.a_second)
}

fn of(known: &[(String, u32)], row: &Row) -> Option<u32> {
    let own = known.iter().find(|(name, _)| name == row.carrier.name);
    own.map(|(_, number)| *number)
}

/// The settings without which a carrier is not set up.
async fn needed<const N: usize>(cx: &Cx, names: [&str; N]) -> Result<Option<[String; N]>, Problem> {
    let mut values = [const { String::new() }; N];
    for (value, name) in values.iter_mut().zip(names) {
        match cx.setting(name).await? {
            Some(set) => *value = set,
            None => return Ok(None),
        }
    }
    Ok(Some(values))
}

#[cfg(test)]
mod tests;
