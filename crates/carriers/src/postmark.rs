//! Postmark (<https://postmarkapp.com/developer/api/email-api>): batches, each message with an answer of its own.

use crate::address::mailbox;
use crate::http::{Call, Heard, Meaning};
use crate::{Called, Carry, Doing, Letter, OUR_ID, Row, Stop, headers, needed};
use data_encoding::BASE64;
use receivables::channel::Channel;
use serde::Deserialize;
use serde_json::{Value, json};
use store::delivery::{Carrier, Memory, Outcome};
use web::outbound::{self, Answer};
use web::{Cx, Problem};

/// Its name in the ledger.
pub const NAME: &str = "postmark";

pub(crate) const ROW: Row = Row {
    carrier: Carrier {
        name: NAME,
        channel: Channel::Email,
        remembers: Memory::Nothing,
        ready: true,
    },
    // Postmark takes 500. An answer that is lost leaves the whole batch to a person, so it is a small one.
    per_call: 20,
    calls: 4,
    // It names no limit, and answers 429 where it is asked too much.
    a_second: 500,
    set_up: |cx| Box::pin(set_up(cx)),
};

async fn set_up(cx: &Cx) -> Result<Option<Box<dyn Carry>>, Problem> {
    let needed = needed(cx, ["postmark_url", "postmark_server_token", "postmark_stream"]).await?;
    Ok(needed.map(|[url, token, stream]| {
        let url = format!("{}/email/batch", url.trim_end_matches('/'));
        Box::new(Postmark { url, token, stream }) as Box<dyn Carry>
    }))
}

struct Postmark {
    url: String,
    token: String,
    stream: String,
}

/// What an error code (<https://postmarkapp.com/developer/api/overview#error-codes>) means for one message; 0 is
/// none.
const MEANINGS: &[(i64, Meaning)] = &[
    // Bad or missing server token.
    (10, Meaning::Setup),
    // Maintenance.
    (100, Meaning::TryAgain),
    // Invalid email request: an address that is none.
    (300, Meaning::Refused),
    // The sender signature is not there; not confirmed.
    (400, Meaning::Setup),
    (401, Meaning::Setup),
    // The account is out of credits.
    (405, Meaning::Setup),
    // The recipient has bounced, complained or was suppressed by hand.
    (406, Meaning::Inactive),
    // The account waits for approval; may not send.
    (412, Meaning::Setup),
    (413, Meaning::Setup),
    (429, Meaning::Later),
    // Asking for the sender signature failed on their side.
    (500, Meaning::TryAgain),
    // The message stream is not there; is not one of this server; is archived.
    (1226, Meaning::Setup),
    (1235, Meaning::Setup),
    (1237, Meaning::Setup),
];

fn meaning(code: i64) -> Meaning {
    Meaning::of(code, MEANINGS)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Said {
    error_code: i64,
    #[serde(default)]
    message: String,
    #[serde(rename = "MessageID")]
    message_id: Option<String>,
}

impl Said {
    fn of(answer: &Answer) -> Option<Self> {
        serde_json::from_slice(&answer.body).ok()
    }

    fn words(&self) -> String {
        format!("{} (error code {})", self.message, self.error_code)
    }
}

fn words(answer: &Answer) -> String {
    Said::of(answer).map_or_else(String::new, |said| said.words())
}

impl Carry for Postmark {
    fn send<'a>(&'a self, cx: &'a Cx, letters: &'a [Letter]) -> Doing<'a, Called> {
        Box::pin(async move {
            let call = Call {
                cx,
                name: NAME,
                count: letters.len(),
            };
            let batch: Vec<Value> = letters.iter().map(|letter| self.message(letter)).collect();
            let headers = [
                ("accept", "application/json"),
                ("x-postmark-server-token", self.token.as_str()),
            ];
            let answered =
                outbound::post_json(&self.url, &headers, Value::Array(batch).to_string().into()).await;
            match call.read(answered, words) {
                Ok(Heard::Taken(answer)) => each(call, letters, &answer),
                Ok(Heard::Refused(answer)) => refused(call, &answer),
                Err(called) => called,
            }
        })
    }
}

impl Postmark {
    fn message(&self, letter: &Letter) -> Value {
        let id = &letter.message.id;
        let mut headers = headers::all(letter);
        // Else Postmark makes a Message-ID of its own.
        headers.push(("X-PM-KeepID", "true".to_owned()));
        let headers = headers
            .iter()
            .map(|(name, value)| json!({"Name": name, "Value": value}));
        let headers: Vec<Value> = headers.collect();
        let mut message = json!({
            "From": mailbox(&letter.sender.name, &letter.sender.email),
            "To": mailbox(letter.to_name(), letter.to_email()),
            "Subject": letter.rendered.subject,
            "HtmlBody": letter.rendered.html,
            "TextBody": letter.rendered.text,
            "MessageStream": self.stream,
            "Metadata": {OUR_ID: id},
            "Headers": headers,
            // A payment link is a secret between us and the customer: it passes through no tracker.
            "TrackOpens": false,
            "TrackLinks": "None",
        });
        let Some(members) = message.as_object_mut() else {
            return message;
        };
        if let Some(reply_to) = &letter.sender.reply_to {
            members.insert("ReplyTo".to_owned(), json!(reply_to));
        }
        let documents = letter.message.documents.iter();
        let attachments: Vec<Value> = documents
            .map(|document| {
                json!({"Name": document.name, "Content": BASE64.encode(&document.content),
                    "ContentType": document.media_type})
            })
            .collect();
        if !attachments.is_empty() {
            members.insert("Attachments".to_owned(), Value::Array(attachments));
        }
        message
    }
}

/// Each message has an answer of its own, in the order of the batch.
fn each(call: Call<'_>, letters: &[Letter], answer: &Answer) -> Called {
    let said: Vec<Said> = match serde_json::from_slice(&answer.body) {
        Ok(said) => said,
        Err(error) => return call.unknown(&format!("an answer that cannot be read: {error}")),
    };
    if said.len() != letters.len() {
        return call.unknown(&format!("{} answers to {} messages", said.len(), letters.len()));
    }
    let mut stop = None;
    let outcomes = said.into_iter().zip(letters).map(|(said, letter)| {
        let why = call.says(&said.words());
        if said.error_code == 0 {
            return letter.sent(said.message_id);
        }
        match meaning(said.error_code) {
            Meaning::Refused => Outcome::Refused(why),
            Meaning::Inactive => Outcome::Inactive(why),
            Meaning::TryAgain => Outcome::TryAgain(why),
            Meaning::Later => {
                let until = call.until(answer);
                stop.get_or_insert_with(|| Stop::Until(until, why.clone()));
                Outcome::Later {
                    until: Some(until),
                    why,
                }
            }
            Meaning::Setup => {
                stop.get_or_insert_with(|| Stop::Setup(call.not_served(&why)));
                Outcome::Later { until: None, why }
            }
        }
    });
    Called {
        outcomes: outcomes.collect(),
        stop,
    }
}

/// The batch was refused as a whole.
fn refused(call: Call<'_>, answer: &Answer) -> Called {
    let why = call.says(&format!("{} {}", answer.status, words(answer)));
    match Said::of(answer).map(|said| meaning(said.error_code)) {
        Some(Meaning::Setup) => call.setup(&why),
        Some(Meaning::Later) => call.later(call.until(answer), why),
        _ if call.count == 1 => call.all(Outcome::Refused(why), None),
        // One of them spoils it for the others and nobody says which: each is tried again at a time of its own.
        _ => call.all(Outcome::TryAgain(why), None),
    }
}
