//! Twilio SendGrid (<https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send>): one call a message.

use super::http::{Call, Heard};
use super::{Called, Letter, OUR_HEADER, OUR_ID, Provider};
use serde::Deserialize;
use serde_json::{Value, json};
use store::delivery::Outcome;
use web::outbound::{self, Answer};
use web::{Cx, Problem};

pub(crate) struct SendGrid {
    url: String,
    authorization: String,
}

impl SendGrid {
    pub(crate) async fn configured(cx: &Cx) -> Result<Self, Problem> {
        let url = cx.required_setting("sendgrid_url").await?;
        let key = cx.required_setting("sendgrid_api_key").await?;
        Ok(Self {
            url: format!("{}/v3/mail/send", url.trim_end_matches('/')),
            authorization: format!("Bearer {key}"),
        })
    }
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

impl Provider for SendGrid {
    const NAME: &'static str = "sendgrid";
    const DEDUPLICATES: bool = false;
    const PER_CALL: usize = 1;
    const CALLS: usize = 16;

    async fn send(&self, cx: &Cx, letters: &[Letter]) -> Called {
        let call = Call {
            cx,
            name: Self::NAME,
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
    }
}

fn message(letter: &Letter) -> Value {
    let id = &letter.message.id;
    let mut message = json!({
        "personalizations": [{
            "to": [mailbox(&letter.message.contact_name, &letter.message.email)],
            "custom_args": {OUR_ID: id},
        }],
        "from": mailbox(&letter.sender.name, &letter.sender.email),
        "subject": letter.rendered.subject,
        "content": [
            {"type": "text/plain", "value": letter.rendered.text},
            {"type": "text/html", "value": letter.rendered.html},
        ],
        "headers": {OUR_HEADER: id},
        // A payment link is a secret between us and the customer: it passes through no tracker.
        "tracking_settings": {
            "click_tracking": {"enable": false, "enable_text": false},
            "open_tracking": {"enable": false},
        },
    });
    if let (Some(reply_to), Some(members)) = (&letter.sender.reply_to, message.as_object_mut()) {
        members.insert("reply_to".to_owned(), json!({"email": reply_to}));
    }
    message
}

fn mailbox(name: &str, email: &str) -> Value {
    match name.trim() {
        "" => json!({"email": email}),
        name => json!({"email": email, "name": name}),
    }
}
