//! Vonage: text messages over its Messages API (<https://developer.vonage.com/en/api/messages>) and calls over its Voice
//! API (<https://developer.vonage.com/en/api/voice>), one call of the API each.
//!
//! Neither takes an idempotency key: what may have left is a person's to decide about. Texts carry our id as `client_ref`,
//! which comes back with what became of them. Calls are asked for with a token that we sign (RS256), texts with the
//! account's key and secret.

mod token;

use crate::http::{Call, Heard};
use crate::{Called, Carry, Doing, Letter, Row, needed, spoken};
use data_encoding::BASE64;
use receivables::channel::Channel;
use receivables::id::MessageId;
use serde::Deserialize;
use serde_json::{Value, json};
use store::delivery::{Carrier, Memory, Outcome};
use web::outbound::{self, Answer};
use web::{Cx, Problem, secrets};

#[cfg(test)]
mod tests;

/// Its name in the ledger.
pub const NAME: &str = "vonage";

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
    // Thirty calls of the API a second, and less from a number of some countries.
    a_second: 10,
    set_up: |cx| Box::pin(set_up_sms(cx)),
};

pub(crate) const VOICE: Row = Row {
    carrier: Carrier {
        channel: Channel::Voice,
        ..CARRIER
    },
    per_call: 1,
    calls: 3,
    // Calls started a second of an account.
    a_second: 3,
    set_up: |cx| Box::pin(set_up_voice(cx)),
};

/// Seconds that it rings.
const RINGS_S: u32 = 30;
/// Seconds after which a call ends whatever happens.
const LONGEST_S: u32 = 600;

async fn set_up_sms(cx: &Cx) -> Result<Option<Box<dyn Carry>>, Problem> {
    let names = [
        "vonage_url",
        "vonage_api_key",
        "vonage_api_secret",
        "vonage_sms_from",
    ];
    let needed = needed(cx, names).await?;
    Ok(needed.map(|[url, key, secret, from]| {
        Box::new(Texts {
            url: format!("{}/v1/messages", url.trim_end_matches('/')),
            authorization: format!("Basic {}", BASE64.encode(format!("{key}:{secret}").as_bytes())),
            from,
        }) as Box<dyn Carry>
    }))
}

async fn set_up_voice(cx: &Cx) -> Result<Option<Box<dyn Carry>>, Problem> {
    let names = [
        "vonage_url",
        "vonage_application_id",
        "vonage_private_key",
        "vonage_voice_from",
        "public_url",
    ];
    let Some([url, application, key, from, public_url]) = needed(cx, names).await? else {
        return Ok(None);
    };
    Ok(Some(Box::new(Calls {
        url: format!("{}/v1/calls", url.trim_end_matches('/')),
        signer: token::Signer::new(application, &key)?,
        from,
        hooks: format!("{}/webhooks/vonage", public_url.trim_end_matches('/')),
    })))
}

struct Texts {
    url: String,
    authorization: String,
    from: String,
}

struct Calls {
    url: String,
    signer: token::Signer,
    from: String,
    hooks: String,
}

/// Digits alone: Vonage writes numbers without their `+`.
fn digits(number: &str) -> &str {
    number.trim_start_matches('+')
}

/// The number of an error of the Messages API: its `type` ends with it
/// (<https://developer.vonage.com/en/api-errors/messages>).
fn code(said: &Said) -> Option<u32> {
    said.r#type.as_deref()?.rsplit('#').next()?.parse().ok()
}

#[derive(Deserialize)]
struct Said {
    r#type: Option<String>,
    title: Option<String>,
    detail: Option<String>,
    message_uuid: Option<String>,
    uuid: Option<String>,
}

impl Said {
    fn of(answer: &Answer) -> Option<Self> {
        serde_json::from_slice(&answer.body).ok()
    }
}

fn words(answer: &Answer) -> String {
    let Some(said) = Said::of(answer) else {
        return String::new();
    };
    let code = code(&said).map(|code| format!("error {code}"));
    [said.title, said.detail, code]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(": ")
}

fn text(id: &MessageId, from: &str, to: &str, words: &str) -> Value {
    json!({
        "message_type": "text",
        "channel": "sms",
        "to": digits(to),
        "from": digits(from),
        "text": words,
        "client_ref": id,
    })
}

impl Calls {
    fn body(&self, to: &str, token: &str) -> Value {
        json!({
            "to": [{"type": "phone", "number": digits(to)}],
            "from": {"type": "phone", "number": digits(&self.from)},
            "answer_url": [format!("{}/voice/{token}", self.hooks)],
            "answer_method": "POST",
            "event_url": [self.hooks],
            "event_method": "POST",
            // What somebody owes is told to no machine: whoever comes home first would hear it.
            "machine_detection": "hangup",
            "ringing_timer": RINGS_S,
            "length_timer": LONGEST_S,
        })
    }
}

impl Carry for Texts {
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
            let headers = [("authorization", self.authorization.as_str())];
            let body = text(&letter.message.id, &self.from, &to, &letter.rendered.text).to_string();
            settle(
                call,
                letter,
                outbound::post_json(&self.url, &headers, body.into()).await,
            )
        })
    }
}

impl Carry for Calls {
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
            let prepared = async {
                let bearer = self.signer.token(cx.moment().now, &secrets::token()?)?;
                Ok::<_, Problem>((bearer, spoken::page(cx, letter, &to).await?))
            };
            let (bearer, page) = match prepared.await {
                Ok(prepared) => prepared,
                Err(problem) => {
                    cx.log(&problem);
                    return call.all(
                        Outcome::TryAgain("The call could not be recorded".to_owned()),
                        None,
                    );
                }
            };
            let bearer = format!("Bearer {bearer}");
            let headers = [("authorization", bearer.as_str())];
            let body = self.body(&to, &page).to_string();
            settle(
                call,
                letter,
                outbound::post_json(&self.url, &headers, body.into()).await,
            )
        })
    }
}

fn settle(call: Call<'_>, letter: &Letter, answered: Result<Answer, outbound::Unanswered>) -> Called {
    match call.read(answered, words) {
        Ok(Heard::Taken(answer)) => {
            let said = Said::of(&answer);
            let id = said.and_then(|said| said.message_uuid.or(said.uuid));
            call.all(letter.sent(id), None)
        }
        Ok(Heard::Refused(answer)) => {
            let why = call.says(&format!("{} {}", answer.status, words(&answer)));
            match Said::of(&answer).as_ref().and_then(code) {
                // No sender of ours.
                Some(1120 | 1140) => call.setup(&why),
                // No number that takes texts.
                Some(1170 | 1240) => call.all(Outcome::Inactive(why), None),
                _ => call.all(Outcome::Refused(why), None),
            }
        }
        Err(called) => called,
    }
}

/// Answers a text at once, as far as that goes: whoever wrote is told what became of it where that can be, and what is lost
/// is not sent again. `None`: Vonage is not set up here.
///
/// # Errors
/// Vonage cannot be reached or does not take it.
pub async fn answer(cx: &Cx, to: &str, words: &str) -> Result<Option<()>, Problem> {
    let names = [
        "vonage_url",
        "vonage_api_key",
        "vonage_api_secret",
        "vonage_sms_from",
    ];
    let Some([url, key, secret, from]) = needed(cx, names).await? else {
        return Ok(None);
    };
    let authorization = format!("Basic {}", BASE64.encode(format!("{key}:{secret}").as_bytes()));
    let body = json!({"message_type": "text", "channel": "sms", "to": digits(to), "from": digits(&from),
        "text": words});
    let url = format!("{}/v1/messages", url.trim_end_matches('/'));
    let answer = outbound::post_json(
        &url,
        &[("authorization", &authorization)],
        body.to_string().into(),
    )
    .await?;
    match answer.status {
        200..=299 => Ok(Some(())),
        status => Err(Problem::provider(
            "An answer to a text was not taken.",
            format!("vonage: {status}"),
        )),
    }
}
