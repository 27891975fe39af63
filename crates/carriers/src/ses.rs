//! Amazon SES, API v2 (<https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>): one call a message,
//! signed, the email whole. SES gives it a `Message-ID` of its own and says which; ours stays in a header and in a tag.

use crate::http::{Call, Heard};
use crate::mime::mime;
use crate::sigv4::{Signer, ToSign, amz_date};
use crate::{Called, Carry, Doing, Letter, OUR_ID, Row, needed};
use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use receivables::channel::Channel;
use serde::Deserialize;
use serde_json::{Value, json};
use store::delivery::{Carrier, Memory, Outcome};
use web::outbound::{self, Answer};
use web::{Cx, Problem};

/// Its name in the ledger.
pub const NAME: &str = "ses";
const PATH: &str = "/v2/email/outbound-emails";

pub(crate) const ROW: Row = Row {
    carrier: Carrier {
        name: NAME,
        channel: Channel::Email,
        remembers: Memory::Nothing,
        ready: true,
    },
    per_call: 1,
    calls: 16,
    // What an account that has left the sandbox begins with; it is raised by account (`sending_rates`).
    a_second: 14,
    set_up: |cx| Box::pin(set_up(cx)),
};

async fn set_up(cx: &Cx) -> Result<Option<Box<dyn Carry>>, Problem> {
    let needed = needed(cx, ["ses_url", "ses_region", "ses_access_key", "ses_secret_key"]).await?;
    let Some([url, region, access_key, secret_key]) = needed else {
        return Ok(None);
    };
    let url = url.trim_end_matches('/').to_owned();
    let host = url.split_once("://").map_or("", |(_, host)| host).to_owned();
    Ok(Some(Box::new(Ses {
        url,
        host,
        region,
        access_key,
        secret_key,
        session_token: cx.setting("ses_session_token").await?,
        configuration_set: cx.setting("ses_configuration_set").await?,
    })))
}

struct Ses {
    url: String,
    host: String,
    region: String,
    access_key: String,
    secret_key: String,
    session_token: Option<String>,
    configuration_set: Option<String>,
}

#[derive(Deserialize)]
struct Taken {
    #[serde(rename = "MessageId")]
    message_id: String,
}

#[derive(Deserialize)]
struct Said {
    #[serde(alias = "Message")]
    message: Option<String>,
}

/// The kind of an error: `x-amzn-errortype`, of which what follows a colon says where it is described.
fn kind(answer: &Answer) -> &str {
    let value = answer.headers.get("x-amzn-errortype");
    let text = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(':').next().unwrap_or_default()
}

fn words(answer: &Answer) -> String {
    let said: Option<Said> = serde_json::from_slice(&answer.body).ok();
    let message = said.and_then(|said| said.message).unwrap_or_default();
    format!("{} {message}", kind(answer)).trim().to_owned()
}

/// Whether a refusal is about the account and no message: its sending is paused, a domain is not verified, in the sandbox
/// nobody may be written to.
fn about_us(answer: &Answer) -> bool {
    matches!(
        kind(answer),
        "AccountSuspendedException" | "SendingPausedException" | "MailFromDomainNotVerifiedException"
    ) || words(answer).contains("not verified")
}

impl Carry for Ses {
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
            // A run takes half a minute at most, and AWS minds five (RequestExpired).
            let now = cx.moment().now;
            let body = match self.body(letter, now) {
                Ok(body) => body.to_string().into_bytes(),
                Err(why) => return call.all(Outcome::Refused(call.says(&why)), None),
            };
            let date = amz_date(now);
            let Some(authorization) = self.authorization(&body, &date, now) else {
                return call.setup("its secret key signs nothing");
            };
            let mut headers = vec![("x-amz-date", date.as_str()), ("authorization", &authorization)];
            if let Some(token) = &self.session_token {
                headers.push(("x-amz-security-token", token));
            }
            let url = format!("{}{PATH}", self.url);
            match call.read(outbound::post_json(&url, &headers, body).await, words) {
                Ok(Heard::Taken(answer)) => match serde_json::from_slice::<Taken>(&answer.body) {
                    Ok(taken) => call.all(letter.sent(Some(taken.message_id)), None),
                    Err(_) => call.all(letter.sent(None), None),
                },
                Ok(Heard::Refused(answer)) => {
                    let why = call.says(&format!("{} {}", answer.status, words(&answer)));
                    match (kind(&answer), about_us(&answer)) {
                        (_, true) => call.setup(&why),
                        ("LimitExceededException" | "TooManyRequestsException", _) => {
                            call.later(call.until(&answer), why)
                        }
                        _ => call.all(Outcome::Refused(why), None),
                    }
                }
                Err(called) => called,
            }
        })
    }
}

impl Ses {
    fn body(&self, letter: &Letter, now: DateTime<Utc>) -> Result<Value, String> {
        let mut body = json!({
            "FromEmailAddress": letter.sender.email,
            "Destination": {"ToAddresses": [letter.to_email()]},
            "Content": {"Raw": {"Data": BASE64.encode(&mime(letter, now)?)}},
            "EmailTags": [{"Name": OUR_ID, "Value": letter.message.id}],
        });
        if let (Some(set), Some(members)) = (&self.configuration_set, body.as_object_mut()) {
            members.insert("ConfigurationSetName".to_owned(), json!(set));
        }
        Ok(body)
    }

    fn authorization(&self, body: &[u8], date: &str, now: DateTime<Utc>) -> Option<String> {
        let mut headers = vec![
            ("content-type", "application/json"),
            ("host", self.host.as_str()),
            ("x-amz-date", date),
        ];
        if let Some(token) = &self.session_token {
            headers.push(("x-amz-security-token", token));
        }
        let signer = Signer {
            access_key: &self.access_key,
            secret_key: &self.secret_key,
            region: &self.region,
            service: "ses",
        };
        let request = ToSign {
            method: "POST",
            path: PATH,
            headers: &headers,
            body,
        };
        signer.authorization(request, now)
    }
}
