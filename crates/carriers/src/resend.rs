//! Resend (<https://resend.com/docs/api-reference/emails/send-batch-emails>): batches where no message has a document,
//! else one call a message.
//!
//! Each call has an `Idempotency-Key`, made of the ids of its messages, which Resend knows for a day: a call without an
//! answer is made once more under it. A courier that stops cannot put the same batch together again, so its row does not
//! say that Resend knows what it has seen.

use crate::address::mailbox;
use crate::http::{Call, Heard};
use crate::{Called, Carry, Doing, Letter, OUR_ID, Row, headers, needed};
use data_encoding::BASE64;
use receivables::channel::Channel;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::delivery::{Carrier, Memory, Outcome};
use web::outbound::{self, Answer, Unanswered};
use web::{Cx, Problem, limits, secrets};

/// Its name in the ledger.
pub const NAME: &str = "resend";

pub(crate) const ROW: Row = Row {
    carrier: Carrier {
        name: NAME,
        channel: Channel::Email,
        remembers: Memory::Nothing,
        ready: true,
    },
    // Resend takes 100. An answer that is lost leaves the whole batch to a person, so it is a small one.
    per_call: 20,
    calls: 2,
    // Two calls a second (<https://resend.com/docs/api-reference/rate-limit>).
    a_second: 40,
    set_up: |cx| Box::pin(set_up(cx)),
};

async fn set_up(cx: &Cx) -> Result<Option<Box<dyn Carry>>, Problem> {
    let needed = needed(cx, ["resend_url", "resend_api_key"]).await?;
    Ok(needed.map(|[url, key]| {
        Box::new(Resend {
            url: url.trim_end_matches('/').to_owned(),
            authorization: format!("Bearer {key}"),
        }) as Box<dyn Carry>
    }))
}

struct Resend {
    url: String,
    authorization: String,
}

#[derive(Deserialize)]
struct One {
    id: String,
}

#[derive(Deserialize)]
struct Batch {
    data: Vec<One>,
}

#[derive(Deserialize)]
struct Said {
    name: Option<String>,
    message: Option<String>,
}

fn words(answer: &Answer) -> String {
    let said: Option<Said> = serde_json::from_slice(&answer.body).ok();
    let parts = said.map(|said| [said.name, said.message]);
    let parts: Vec<String> = parts.into_iter().flatten().flatten().collect();
    parts.join(": ")
}

impl Carry for Resend {
    fn send<'a>(&'a self, cx: &'a Cx, letters: &'a [Letter]) -> Doing<'a, Called> {
        Box::pin(async move {
            let whole = letters.iter().all(|letter| letter.message.documents.is_empty());
            if whole && letters.len() > 1 {
                return self.batch(cx, letters).await;
            }
            let mut all = Called {
                outcomes: Vec::with_capacity(letters.len()),
                stop: None,
            };
            for letter in letters {
                if all.stop.is_some() {
                    let why = format!("{NAME} takes no more for now");
                    all.outcomes.push(Outcome::Later { until: None, why });
                    continue;
                }
                let called = self.one(cx, letter).await;
                all.outcomes.extend(called.outcomes);
                all.stop = called.stop;
            }
            all
        })
    }
}

impl Resend {
    async fn one(&self, cx: &Cx, letter: &Letter) -> Called {
        let call = Call {
            cx,
            name: NAME,
            count: 1,
        };
        let key = letter.message.id.to_string();
        match call.read(self.post("/emails", &key, &message(letter)).await, words) {
            Ok(Heard::Taken(answer)) => {
                let said: Option<One> = serde_json::from_slice(&answer.body).ok();
                call.all(letter.sent(said.map(|said| said.id)), None)
            }
            Ok(Heard::Refused(answer)) => {
                let why = call.says(&format!("{} {}", answer.status, words(&answer)));
                call.all(Outcome::Refused(why), None)
            }
            Err(called) => called,
        }
    }

    async fn batch(&self, cx: &Cx, letters: &[Letter]) -> Called {
        let call = Call {
            cx,
            name: NAME,
            count: letters.len(),
        };
        let ids: Vec<&[u8]> = letters
            .iter()
            .map(|letter| letter.message.id.as_str().as_bytes())
            .collect();
        let key = secrets::fingerprint(&ids);
        let body = Value::Array(letters.iter().map(message).collect());
        match call.read(self.post("/emails/batch", &key, &body).await, words) {
            Ok(Heard::Taken(answer)) => match serde_json::from_slice::<Batch>(&answer.body) {
                Ok(batch) if batch.data.len() == letters.len() => {
                    let pairs = letters.iter().zip(batch.data);
                    let outcomes = pairs.map(|(letter, one)| letter.sent(Some(one.id)));
                    Called {
                        outcomes: outcomes.collect(),
                        stop: None,
                    }
                }
                _ => call.unknown("an answer that does not say what became of each message"),
            },
            Ok(Heard::Refused(answer)) => {
                // One of them spoils it for the others and nobody says which: each is tried again at a time of its own.
                let why = call.says(&format!("{} {}", answer.status, words(&answer)));
                call.all(Outcome::TryAgain(why), None)
            }
            Err(called) => called,
        }
    }

    /// Asks, and once more under the same key where there is no answer.
    async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Answer, Unanswered> {
        let url = format!("{}{path}", self.url);
        let headers = [
            ("authorization", self.authorization.as_str()),
            ("idempotency-key", key),
        ];
        let body = body.to_string().into_bytes();
        let answered = outbound::post_json(&url, &headers, body.clone()).await;
        let answered = match answered {
            Err(Unanswered::Unknown(_)) => {
                outbound::pause(limits::CHECKOUT_PAUSES_MS[0]).await;
                match outbound::post_json(&url, &headers, body).await {
                    // The first may have arrived all the same.
                    Err(Unanswered::NotSent(why)) => Err(Unanswered::Unknown(why)),
                    answered => answered,
                }
            }
            answered => answered,
        };
        match answered {
            // The same call is at work there: what becomes of it is not known yet.
            Ok(answer) if answer.status == 409 => Err(Unanswered::Unknown(words(&answer))),
            answered => answered,
        }
    }
}

fn message(letter: &Letter) -> Value {
    let headers = headers::all(letter).into_iter();
    let headers: Map<String, Value> = headers
        .map(|(name, value)| (name.to_owned(), Value::String(value)))
        .collect();
    let mut message = json!({
        "from": mailbox(&letter.sender.name, &letter.sender.email),
        "to": [mailbox(letter.to_name(), letter.to_email())],
        "subject": letter.rendered.subject,
        "text": letter.rendered.text,
        "html": letter.rendered.html,
        "headers": headers,
        "tags": [{"name": OUR_ID, "value": letter.message.id}],
    });
    let Some(members) = message.as_object_mut() else {
        return message;
    };
    if let Some(reply_to) = &letter.sender.reply_to {
        members.insert("reply_to".to_owned(), json!([reply_to]));
    }
    let documents = letter.message.documents.iter();
    let attachments: Vec<Value> = documents
        .map(|document| {
            json!({"filename": document.name, "content": BASE64.encode(&document.content),
                "content_type": document.media_type})
        })
        .collect();
    if !attachments.is_empty() {
        members.insert("attachments".to_owned(), Value::Array(attachments));
    }
    message
}
