//! Mailgun (<https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages/post-v3--domain-name--messages-mime>):
//! one call a message, the email whole, as a form with a file. `mailgun_url` says whether the account is in the United
//! States (`https://api.mailgun.net`) or the European Union (`https://api.eu.mailgun.net`).

use crate::http::{Call, Heard};
use crate::mime::mime;
use crate::{Called, Carry, Doing, Letter, OUR_ID, Row, needed};
use data_encoding::BASE64;
use receivables::channel::Channel;
use serde::Deserialize;
use store::delivery::{Carrier, Memory, Outcome};
use web::outbound::{self, Answer};
use web::{Cx, Problem, limits};

/// Its name in the ledger.
pub const NAME: &str = "mailgun";

pub(crate) const ROW: Row = Row {
    carrier: Carrier {
        name: NAME,
        channel: Channel::Email,
        remembers: Memory::Nothing,
        ready: true,
    },
    per_call: 1,
    calls: 16,
    // It names no number, and answers 429 where it is asked too much.
    a_second: 100,
    set_up: |cx| Box::pin(set_up(cx)),
};

async fn set_up(cx: &Cx) -> Result<Option<Box<dyn Carry>>, Problem> {
    let needed = needed(cx, ["mailgun_url", "mailgun_domain", "mailgun_api_key"]).await?;
    Ok(needed.map(|[url, domain, key]| {
        let credentials = BASE64.encode(format!("api:{key}").as_bytes());
        Box::new(Mailgun {
            url: format!("{}/v3/{domain}/messages.mime", url.trim_end_matches('/')),
            authorization: format!("Basic {credentials}"),
        }) as Box<dyn Carry>
    }))
}

struct Mailgun {
    url: String,
    authorization: String,
}

#[derive(Deserialize)]
struct Said {
    id: Option<String>,
    message: Option<String>,
}

fn said(answer: &Answer) -> Option<Said> {
    serde_json::from_slice(&answer.body).ok()
}

fn words(answer: &Answer) -> String {
    said(answer).and_then(|said| said.message).unwrap_or_default()
}

impl Carry for Mailgun {
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
            let email = match mime(letter, cx.moment().now) {
                Ok(email) => email,
                Err(why) => return call.all(Outcome::Refused(call.says(&why)), None),
            };
            let (media_type, body) = form(letter, &email);
            let headers = [("authorization", self.authorization.as_str())];
            let answered =
                outbound::post(&self.url, &headers, &media_type, body, limits::PROVIDER_TIMEOUT_S).await;
            match call.read(answered, words) {
                Ok(Heard::Taken(answer)) => {
                    let id = said(&answer).and_then(|said| said.id);
                    let id = id.map(|id| id.trim_matches(['<', '>']).to_owned());
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

/// The form (RFC 7578). What parts it is made of our id, which is random: no email has it in a line of its own.
fn form(letter: &Letter, email: &[u8]) -> (String, Vec<u8>) {
    let boundary = format!("dunlin-{}", letter.message.id);
    let ours = format!("v:{OUR_ID}");
    let fields = [
        ("to", letter.to_email()),
        (ours.as_str(), letter.message.id.as_str()),
        // A payment link is a secret between us and the customer: it passes through no tracker.
        ("o:tracking", "no"),
    ];
    let mut body = Vec::with_capacity(email.len().saturating_add(1_024));
    for (name, value) in fields {
        let part =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let file = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"message\"; filename=\"message.eml\"\r\n\
         Content-Type: message/rfc822\r\n\r\n"
    );
    body.extend_from_slice(file.as_bytes());
    body.extend_from_slice(email);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}
