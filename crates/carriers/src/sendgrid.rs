//! Twilio SendGrid (<https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send>): one call a message.

use crate::http::{Call, Heard};
use crate::{Called, Carry, Doing, Letter, OUR_ID, Row, headers, needed};
use data_encoding::BASE64;
use receivables::channel::Channel;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::delivery::{Carrier, Memory, Outcome};
use web::outbound::{self, Answer};
use web::{Cx, Problem};

/// Its name in the ledger.
pub const NAME: &str = "sendgrid";

pub(crate) const ROW: Row = Row {
    carrier: Carrier {
        name: NAME,
        channel: Channel::Email,
        remembers: Memory::Nothing,
        ready: true,
    },
    per_call: 1,
    calls: 16,
    // 600 calls a second and endpoint (<https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits>).
    a_second: 500,
    set_up: |cx| Box::pin(set_up(cx)),
};

async fn set_up(cx: &Cx) -> Result<Option<Box<dyn Carry>>, Problem> {
    let needed = needed(cx, ["sendgrid_url", "sendgrid_api_key"]).await?;
    Ok(needed.map(|[url, key]| {
        Box::new(SendGrid {
            url: format!("{}/v3/mail/send", url.trim_end_matches('/')),
            authorization: format!("Bearer {key}"),
        }) as Box<dyn Carry>
    }))
}

struct SendGrid {
    url: String,
    authorization: String,
}

#[derive(Deserialize)]
struct Said {
    errors: Vec<SaidError>,
}

#[derive(Deserialize)]
struct SaidError {
    message: String,
    field: Option<String>,
}

fn words(answer: &Answer) -> String {
    let Ok(said) = serde_json::from_slice::<Said>(&answer.body) else {
        return String::new();
    };
    let errors = said.errors.iter().map(|error| match &error.field {
        Some(field) => format!("{} ({field})", error.message),
        None => error.message.clone(),
    });
    errors.collect::<Vec<_>>().join("; ")
}

impl Carry for SendGrid {
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
            let headers = [("authorization", self.authorization.as_str())];
            let answered = outbound::post_json(&self.url, &headers, message(letter).to_string().into()).await;
            match call.read(answered, words) {
                Ok(Heard::Taken(answer)) => {
                    let id = answer.headers.get("x-message-id");
                    let id = id.and_then(|value| value.to_str().ok()).map(str::to_owned);
                    call.all(letter.sent(id), None)
                }
                Ok(Heard::Refused(answer)) => {
                    let why = call.says(&format!("{} {}", answer.status, words(&answer)));
                    call.all(Outcome::Refused(why), None)
                }
                Err(called) => called,
            }
        })
    }
}

fn message(letter: &Letter) -> Value {
    let id = &letter.message.id;
    let headers = headers::all(letter).into_iter();
    let headers: Map<String, Value> = headers
        .map(|(name, value)| (name.to_owned(), Value::String(value)))
        .collect();
    let mut message = json!({
        "personalizations": [{
            "to": [mailbox(letter.to_name(), letter.to_email())],
            "custom_args": {OUR_ID: id},
        }],
        "from": mailbox(&letter.sender.name, &letter.sender.email),
        "subject": letter.rendered.subject,
        "content": [
            {"type": "text/plain", "value": letter.rendered.text},
            {"type": "text/html", "value": letter.rendered.html},
        ],
        "headers": headers,
        // A payment link is a secret between us and the customer: it passes through no tracker.
        "tracking_settings": {
            "click_tracking": {"enable": false, "enable_text": false},
            "open_tracking": {"enable": false},
        },
    });
    let Some(members) = message.as_object_mut() else {
        return message;
    };
    if let Some(reply_to) = &letter.sender.reply_to {
        members.insert("reply_to".to_owned(), json!({"email": reply_to}));
    }
    let documents = letter.message.documents.iter();
    let attachments: Vec<Value> = documents
        .map(|document| {
            json!({"content": BASE64.encode(&document.content), "type": document.media_type,
                "filename": document.name, "disposition": "attachment"})
        })
        .collect();
    if !attachments.is_empty() {
        members.insert("attachments".to_owned(), Value::Array(attachments));
    }
    message
}

fn mailbox(name: &str, email: &str) -> Value {
    match name.trim() {
        "" => json!({"email": email}),
        name => json!({"email": email, "name": name}),
    }
}
