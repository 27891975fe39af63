//! Vonage: texts that come in, what became of texts and calls, and the page of a call, as an NCCO
//! (<https://developer.vonage.com/en/voice/voice-api/ncco-reference>).

use crate::meaning::{self, ACCEPTED, DELIVERED, GONE, Meaning, REJECTED};
use crate::script::Script;
use carriers::vonage::{self as carrier, NAME};
use receivables::channel::Channel;
use receivables::id::MessageId;
use receivables::opt_out;
use serde::Deserialize;
use serde_json::{Value, json};
use store::Tx;
use store::delivery::Told;
use store::inbound::{Effect, Stored};
use store::telephone::{self, Text};
use store::voice;
use web::webhook::vonage;
use web::{Cx, Problem, Reply, inbox, limits, secrets};

/// A text, or what became of one (`message_uuid`), or of a call (`uuid`).
#[derive(Deserialize)]
struct Event {
    message_uuid: Option<String>,
    uuid: Option<String>,
    status: Option<String>,
    text: Option<String>,
    /// A number; of an event about a call, whatever it was made from.
    from: Option<Value>,
    to: Option<Value>,
    client_ref: Option<String>,
    error: Option<Fault>,
    dtmf: Option<Keys>,
}

#[derive(Deserialize)]
struct Fault {
    title: Option<Value>,
    detail: Option<String>,
    r#type: Option<String>,
}

#[derive(Deserialize)]
struct Keys {
    digits: Option<String>,
}

async fn believed(cx: &Cx) -> Result<(Event, String), Problem> {
    let keys = cx.secrets("vonage_signature_secrets").await?;
    if keys.is_empty() {
        return Err(Problem::unauthorized(
            "Vonage's webhooks are off: the variable `vonage_signature_secrets` is not set.",
        ));
    }
    let body = cx.bytes(limits::BODY).await?;
    vonage::believed(cx, &keys, &body)?;
    let text = inbox::text(&body)?;
    Ok((read(text)?, text.to_owned()))
}

fn read(text: &str) -> Result<Event, Problem> {
    serde_json::from_str(text)
        .map_err(|error| Problem::bad_request(format!("The body is not an event: {error}.")))
}

/// A number in E.164: Vonage leaves its `+` out.
fn number(value: Option<&Value>) -> String {
    let text = match value {
        Some(Value::String(text)) => text.trim_start_matches('+').to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    match !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        true => format!("+{text}"),
        false => text,
    }
}

/// `POST /webhooks/vonage`.
pub(crate) async fn webhook(cx: &Cx) -> Result<Reply, Problem> {
    cx.query(&[])?;
    let (event, body) = believed(cx).await?;
    take(cx, &event, &body).await
}

/// Takes an event that was stored and had no effect.
pub(crate) async fn again(cx: &Cx, stored: &Stored) -> Result<(), Problem> {
    take(cx, &read(&stored.body)?, &stored.body).await.map(drop)
}

async fn take(cx: &Cx, event: &Event, body: &str) -> Result<Reply, Problem> {
    match (&event.status, &event.message_uuid, &event.text) {
        (Some(status), ..) => told(cx, event, body, status).await,
        (None, Some(id), Some(text)) => received(cx, id, &number(event.from.as_ref()), text, body).await,
        _ => Err(Problem::bad_request(
            "This is neither a text nor the status of a message.",
        )),
    }
}

async fn received(cx: &Cx, id: &str, from: &str, text: &str, body: &str) -> Result<Reply, Problem> {
    let meaning = opt_out::read(text);
    let stored = Stored {
        id: format!("{id}:received"),
        body: body.to_owned(),
    };
    let said = Text {
        source: NAME,
        from,
        text,
        meaning,
    };
    let done = inbox::take(cx, NAME, &[(stored, said)], async |tx, said| {
        Ok(telephone::received(tx, cx.moment(), said).await?)
    })
    .await?;
    let status = done.first().copied().unwrap_or("duplicate");
    // The answer is a message of its own: once, and no reason to have the event sent again where it fails.
    if status != "duplicate" {
        let locale = telephone::locale(&cx.db().await?, from).await?;
        let words = meaning::answer(cx, meaning, locale.as_deref().unwrap_or_default()).await?;
        if let Some(words) = words
            && let Err(problem) = carrier::answer(cx, from, &words).await
        {
            cx.log(&problem);
        }
    }
    Ok(Reply::json(200, &json!({"status": status})))
}

async fn told(cx: &Cx, event: &Event, body: &str, status: &str) -> Result<Reply, Problem> {
    let (channel, id) = match (&event.message_uuid, &event.uuid) {
        (Some(id), _) => (Channel::Sms, id.as_str()),
        (None, Some(id)) => (Channel::Voice, id.as_str()),
        (None, None) => return Err(Problem::bad_request("A status of nothing: it has no id.")),
    };
    let is_call = channel == Channel::Voice;
    let fault = event.error.as_ref();
    let code = fault.and_then(|fault| {
        let title = fault
            .title
            .as_ref()
            .map(|title| title.to_string().replace('"', ""));
        let end = fault.r#type.as_deref().and_then(|text| text.rsplit('#').next());
        title
            .and_then(|title| title.parse::<u32>().ok())
            .or_else(|| end?.parse().ok())
    });
    let read = if is_call {
        call_status(status)
    } else {
        text_status(status, code)
    };
    let words = fault.and_then(|fault| fault.detail.clone());
    let detail = [Some(status.to_owned()), code.map(|code| code.to_string()), words];
    let detail = detail.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let (address, key) = (number(event.to.as_ref()), format!("{id}:{status}"));
    let message = event
        .client_ref
        .as_deref()
        .and_then(|id| MessageId::parse(id).ok());
    let stored = inbox::Event {
        source: NAME,
        id: &key,
        body,
    };
    inbox::receive(cx, stored, async |tx: &Tx<'_>| {
        let Some(meaning) = read else {
            return Ok(Effect::Ignored(format!("a status that is no news: {status}")));
        };
        let mut read = (meaning, detail.clone());
        if is_call && status == "completed" {
            read = meaning::over(tx, NAME, message.as_ref(), id, read).await?;
        }
        let (meaning, detail) = read;
        let told = Told {
            message: message.clone(),
            provider_id: Some(id),
            ..meaning::told(NAME, meaning, &address, cx.moment().now, detail)
        };
        meaning::apply(cx, tx, &told, channel, meaning.against).await
    })
    .await
}

fn text_status(status: &str, code: Option<u32>) -> Option<Meaning> {
    Some(match status {
        "submitted" => ACCEPTED,
        "delivered" | "read" => DELIVERED,
        // Nobody has this number, or has it no more (<https://developer.vonage.com/en/api-errors/messages>).
        "rejected" | "undeliverable" if matches!(code, Some(1170 | 1190 | 1240)) => GONE,
        "rejected" | "undeliverable" => REJECTED,
        _ => return None,
    })
}

fn call_status(status: &str) -> Option<Meaning> {
    Some(match status {
        "started" | "ringing" | "answered" => ACCEPTED,
        "completed" => DELIVERED,
        "busy" | "cancelled" | "unanswered" | "rejected" | "failed" | "timeout" | "machine" => REJECTED,
        _ => return None,
    })
}

/// `POST /webhooks/vonage/voice/{token}`: what the call says next.
pub(crate) async fn voice(cx: &Cx, token: &str) -> Result<Reply, Problem> {
    let (event, _) = believed(cx).await?;
    let is_key = cx.query(&["step"])?.contains_key("step");
    let db = cx.db().await?;
    let Some(call) = voice::find(&db, &secrets::hash(token)).await? else {
        return Ok(speak(&Script::unknown(), ""));
    };
    let digits = event.dtmf.and_then(|keys| keys.digits).unwrap_or_default();
    let script = db
        .transaction(async |tx: &Tx<'_>| {
            if is_key {
                let pressed = voice::pressed(tx, cx.moment(), NAME, &call, &digits).await?;
                return Ok::<_, Problem>(Script::after(&call, &pressed));
            }
            voice::answered(tx, cx.moment(), &call).await?;
            Ok(Script::opening(&call))
        })
        .await?;
    let public_url = cx.required_setting("public_url").await?;
    let next = format!("{}{}?step=key", public_url.trim_end_matches('/'), cx.path());
    Ok(speak(&script, &next))
}

fn speak(script: &Script, next: &str) -> Reply {
    let talk = |text| {
        json!({"action": "talk", "text": escaped(text), "language": script.language,
            "bargeIn": script.listens})
    };
    let mut ncco: Vec<Value> = script.sentences().map(talk).collect();
    if script.listens {
        ncco.push(
            json!({"action": "input", "type": ["dtmf"], "dtmf": {"maxDigits": 1, "timeOut": 7},
            "eventUrl": [next], "eventMethod": "POST"}),
        );
    }
    Reply::json(200, &ncco)
}

/// Text in which nothing is taken for a tag: a talk action reads SSML (W3C, Speech Synthesis Markup Language).
fn escaped(text: &str) -> String {
    text.replace('&', " + ").replace(['<', '>'], " ")
}
