//! Twilio: text messages (<https://www.twilio.com/docs/messaging/api/message-resource>) and calls
//! (<https://www.twilio.com/docs/voice/api/call-resource>), one call of the API each.
//!
//! Twilio takes no idempotency key: what may have left is a person's to decide about. Our id stands in the address that
//! Twilio tells what becomes of a message, so that its word is understood even where its answer to us was lost.

use crate::http::{Call, Heard, Meaning};
use crate::{Called, Carry, Doing, Letter, Row, needed, spoken};
use data_encoding::BASE64;
use receivables::channel::Channel;
use receivables::id::MessageId;
use serde::Deserialize;
use store::delivery::{Carrier, Memory, Outcome};
use web::outbound::{self, Answer};
use web::{Cx, Problem, limits};

#[cfg(test)]
mod tests;

/// Its name in the ledger.
pub const NAME: &str = "twilio";

const CARRIER: Carrier = Carrier {
    name: NAME,
    channel: Channel::Sms,
    remembers: Memory::Nothing,
    ready: true,
};

pub(crate) const SMS: Row = Row {
    carrier: CARRIER,
    per_call: 1,
    calls: 8,
    // A number takes one a second (US long code) to a hundred (short code) and queues the rest for hours.
    a_second: 10,
    set_up: |cx| Box::pin(set_up(cx, Channel::Sms)),
};

pub(crate) const VOICE: Row = Row {
    carrier: Carrier {
        channel: Channel::Voice,
        ..CARRIER
    },
    per_call: 1,
    calls: 4,
    // Calls started a second, where no more was granted (twilio.com/docs/voice, "Calls per second").
    a_second: 1,
    set_up: |cx| Box::pin(set_up(cx, Channel::Voice)),
};

/// Seconds that it rings: about six times.
const RINGS_S: u32 = 30;
/// Seconds after which a call ends whatever happens: nobody listens to a reminder for ten minutes.
const LONGEST_S: u32 = 600;

async fn set_up(cx: &Cx, channel: Channel) -> Result<Option<Box<dyn Carry>>, Problem> {
    let from = if channel == Channel::Voice {
        "twilio_voice_from"
    } else {
        "twilio_sms_from"
    };
    let names = [
        "twilio_url",
        "twilio_account_sid",
        "twilio_auth_token",
        from,
        "public_url",
    ];
    let needed = needed(cx, names).await?;
    Ok(needed.map(|[url, account, token, from, public_url]| {
        let url = url.trim_end_matches('/');
        let what = if channel == Channel::Voice {
            "Calls"
        } else {
            "Messages"
        };
        Box::new(Twilio {
            url: format!("{url}/2010-04-01/Accounts/{account}/{what}.json"),
            authorization: format!("Basic {}", BASE64.encode(format!("{account}:{token}").as_bytes())),
            from,
            hooks: format!("{}/webhooks/twilio", public_url.trim_end_matches('/')),
            channel,
        }) as Box<dyn Carry>
    }))
}

struct Twilio {
    url: String,
    authorization: String,
    /// A number, a sender's name, or a messaging service (`MG...`).
    from: String,
    hooks: String,
    channel: Channel,
}

/// What an error (<https://www.twilio.com/docs/api/errors>) means for one message.
const MEANINGS: &[(i64, Meaning)] = &[
    // Authentication; a test account's credentials.
    (20003, Meaning::Setup),
    (20008, Meaning::Setup),
    // Too many requests.
    (20429, Meaning::Later),
    (20500, Meaning::TryAgain),
    (20503, Meaning::TryAgain),
    // Voice: the number is no number; it is not allowed, or not verified, for this account.
    (13224, Meaning::Inactive),
    (13223, Meaning::Inactive),
    (21210, Meaning::Setup),
    (21211, Meaning::Inactive),
    (21212, Meaning::Setup),
    (21213, Meaning::Setup),
    (21214, Meaning::Inactive),
    (21217, Meaning::Inactive),
    (21219, Meaning::Setup),
    // Messaging: the sender is none of ours; is missing; may not send there.
    (21603, Meaning::Setup),
    (21606, Meaning::Setup),
    (21608, Meaning::Setup),
    (21659, Meaning::Setup),
    (21660, Meaning::Setup),
    (21705, Meaning::Setup),
    // The recipient has said STOP.
    (21610, Meaning::Inactive),
    // The number's queue is full.
    (21611, Meaning::Later),
    // A landline.
    (21614, Meaning::Inactive),
    (30001, Meaning::Later),
    // The account is suspended.
    (30002, Meaning::Setup),
    // The sender is not registered for the United States (A2P 10DLC).
    (30034, Meaning::Setup),
];

fn meaning(code: i64) -> Meaning {
    Meaning::of(code, MEANINGS)
}

#[derive(Deserialize)]
struct Said {
    sid: Option<String>,
    code: Option<i64>,
    message: Option<String>,
}

impl Said {
    fn of(answer: &Answer) -> Option<Self> {
        serde_json::from_slice(&answer.body).ok()
    }
}

fn words(answer: &Answer) -> String {
    let said = Said::of(answer);
    let Some(Said {
        code: Some(code),
        message,
        ..
    }) = said
    else {
        return String::new();
    };
    format!("{} (error {code})", message.unwrap_or_default())
}

impl Twilio {
    /// The form of a text of the message `id`.
    fn text(&self, id: &MessageId, to: String, words: &str) -> Vec<(String, String)> {
        let sender = if self.from.starts_with("MG") {
            "MessagingServiceSid"
        } else {
            "From"
        };
        form([
            ("To", to),
            (sender, self.from.clone()),
            ("Body", words.to_owned()),
            ("StatusCallback", self.status_url(id)),
        ])
    }

    /// The form of a call for the message `id`, whose page has `token`.
    fn call(&self, id: &MessageId, to: String, token: &str) -> Vec<(String, String)> {
        form([
            ("To", to),
            ("From", self.from.clone()),
            ("Url", format!("{}/voice/{token}", self.hooks)),
            ("Method", "POST".to_owned()),
            ("StatusCallback", self.status_url(id)),
            ("StatusCallbackMethod", "POST".to_owned()),
            // What somebody owes is told to no machine: whoever comes home first would hear it.
            ("MachineDetection", "Enable".to_owned()),
            ("Timeout", RINGS_S.to_string()),
            ("TimeLimit", LONGEST_S.to_string()),
        ])
    }

    fn status_url(&self, id: &MessageId) -> String {
        format!("{}?message={id}", self.hooks)
    }
}

fn form<const N: usize>(fields: [(&str, String); N]) -> Vec<(String, String)> {
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

impl Carry for Twilio {
    fn send<'a>(&'a self, cx: &'a Cx, letters: &'a [Letter]) -> Doing<'a, Called> {
        Box::pin(async move {
            let call = Call {
                cx,
                name: NAME,
                count: letters.len(),
            };
            let [letter] = letters else {
                return call.all(Outcome::TryAgain("one message a call".to_owned()), None);
            };
            let to = match spoken::number(letter) {
                Ok(to) => to,
                Err(outcome) => return call.all(outcome, None),
            };
            let fields = match self.channel {
                Channel::Voice => match spoken::page(cx, letter, &to).await {
                    Ok(token) => self.call(&letter.message.id, to, &token),
                    Err(problem) => {
                        cx.log(&problem);
                        return call.all(
                            Outcome::TryAgain("The call could not be recorded".to_owned()),
                            None,
                        );
                    }
                },
                _ => self.text(&letter.message.id, to, &letter.rendered.text),
            };
            let headers = [("authorization", self.authorization.as_str())];
            let answered =
                outbound::post_form(&self.url, &headers, &fields, limits::PROVIDER_TIMEOUT_S).await;
            match call.read(answered, words) {
                Ok(Heard::Taken(answer)) => {
                    call.all(letter.sent(Said::of(&answer).and_then(|said| said.sid)), None)
                }
                Ok(Heard::Refused(answer)) => refused(call, &answer),
                Err(called) => called,
            }
        })
    }
}

fn refused(call: Call<'_>, answer: &Answer) -> Called {
    let why = call.says(&format!("{} {}", answer.status, words(answer)));
    let code = Said::of(answer).and_then(|said| said.code).unwrap_or(0);
    match meaning(code) {
        Meaning::Refused => call.all(Outcome::Refused(why), None),
        Meaning::Inactive => call.all(Outcome::Inactive(why), None),
        Meaning::TryAgain => call.all(Outcome::TryAgain(why), None),
        Meaning::Later => call.later(call.until(answer), why),
        Meaning::Setup => call.setup(&why),
    }
}
