//! Twilio: texts that come in, what became of texts and calls, and the page of a call, in TwiML
//! (<https://www.twilio.com/docs/voice/twiml>).

use crate::meaning::{self, ACCEPTED, DELIVERED, GONE, Meaning, OPTED_OUT, REJECTED};
use crate::script::Script;
use carriers::twilio::NAME;
use receivables::channel::Channel;
use receivables::id::MessageId;
use receivables::opt_out;
use std::collections::BTreeMap;
use store::Tx;
use store::delivery::Told;
use store::inbound::{Effect, Stored};
use store::telephone::{self, Text};
use store::voice;
use web::webhook::twilio;
use web::{Cx, Problem, Reply, inbox, limits, secrets};

/// The fields of a request that is believed, and its body. Of a name that comes twice the last counts.
async fn believed(cx: &Cx) -> Result<(BTreeMap<String, String>, String), Problem> {
    let mut keys = cx.secrets("twilio_auth_token").await?;
    keys.extend(cx.secrets("twilio_webhook_keys").await?);
    if keys.is_empty() {
        return Err(Problem::unauthorized(
            "Twilio's webhooks are off: neither `twilio_auth_token` nor `twilio_webhook_keys` is set.",
        ));
    }
    let public_url = cx.required_setting("public_url").await?;
    let body = cx.bytes(limits::FORM).await?;
    let fields = twilio::believed(cx, &public_url, &keys, &body)?;
    Ok((fields.into_iter().collect(), inbox::text(&body)?.to_owned()))
}

/// `POST /webhooks/twilio`: a text, or what became of one of ours or of a call.
pub(crate) async fn webhook(cx: &Cx) -> Result<Reply, Problem> {
    let (fields, body) = believed(cx).await?;
    let query = cx.query(&["message", "bodySHA256"])?;
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let status = [field("MessageStatus"), field("CallStatus")]
        .into_iter()
        .find(|status| !status.is_empty());
    if let Some(status) = status {
        let message = query.get("message").and_then(|id| MessageId::parse(id).ok());
        return told(cx, &fields, &body, status, message).await;
    }
    let (sid, from, text) = (field("MessageSid"), field("From"), field("Body"));
    if sid.is_empty() || from.is_empty() {
        return Err(Problem::bad_request(
            "This is neither a text nor the status of a message.",
        ));
    }
    let meaning = opt_out::read(text);
    let stored = Stored {
        id: format!("{sid}:received"),
        body,
    };
    let text = Text {
        source: NAME,
        from,
        text,
        meaning,
    };
    inbox::take(cx, NAME, &[(stored, text)], async |tx, text| {
        Ok(telephone::received(tx, cx.moment(), text).await?)
    })
    .await?;
    // Where Twilio keeps opt-outs itself (Advanced Opt-Out), it has answered.
    let answer = match field("OptOutType") {
        "" => {
            let locale = telephone::locale(&cx.db().await?, from).await?;
            meaning::answer(cx, meaning, locale.as_deref().unwrap_or_default()).await?
        }
        _ => None,
    };
    let message = answer.map_or_else(String::new, |text| {
        format!("<Message>{}</Message>", escaped(&text))
    });
    Ok(twiml(&message))
}

async fn told(
    cx: &Cx,
    fields: &BTreeMap<String, String>,
    body: &str,
    status: &str,
    message: Option<MessageId>,
) -> Result<Reply, Problem> {
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let is_call = field("MessageSid").is_empty();
    let (channel, sid) = match is_call {
        true => (Channel::Voice, field("CallSid")),
        false => (Channel::Sms, field("MessageSid")),
    };
    let read = match is_call {
        true => call_status(status, field("SipResponseCode")),
        false => text_status(status, field("ErrorCode")),
    };
    let detail = [
        status,
        field("ErrorCode"),
        field("ErrorMessage"),
        field("SipResponseCode"),
    ];
    let detail = detail
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ");
    let stored = Stored {
        id: format!("{sid}:{status}"),
        body: body.to_owned(),
    };
    let event = inbox::Event {
        source: NAME,
        id: &stored.id,
        body: &stored.body,
    };
    inbox::receive(cx, event, async |tx: &Tx<'_>| {
        let Some(meaning) = read else {
            return Ok(Effect::Ignored(format!("a status that is no news: {status}")));
        };
        let mut read = (meaning, detail.clone());
        if is_call && status == "completed" {
            read = meaning::over(tx, NAME, message.as_ref(), sid, read).await?;
        }
        let (meaning, detail) = read;
        let told = Told {
            message: message.clone(),
            provider_id: Some(sid).filter(|sid| !sid.is_empty()),
            ..meaning::told(NAME, meaning, field("To"), cx.moment().now, detail)
        };
        meaning::apply(cx, tx, &told, channel, meaning.against).await
    })
    .await
}

/// Errors of messages that failed (<https://www.twilio.com/docs/api/errors>) and say something of the number.
const ERRORS: &[(&str, Meaning)] = &[
    ("21211", GONE),
    ("21610", OPTED_OUT),
    ("21614", GONE),
    // Nobody has this number; it takes no texts.
    ("30005", GONE),
    ("30006", GONE),
];

fn text_status(status: &str, error: &str) -> Option<Meaning> {
    Some(match status {
        "accepted" | "queued" | "sending" | "sent" => ACCEPTED,
        "delivered" | "read" => DELIVERED,
        "undelivered" | "failed" | "canceled" => {
            let found = ERRORS.iter().find(|(known, _)| *known == error);
            found.map_or(REJECTED, |(_, meaning)| *meaning)
        }
        _ => return None,
    })
}

fn call_status(status: &str, sip: &str) -> Option<Meaning> {
    Some(match status {
        "queued" | "initiated" | "ringing" | "in-progress" => ACCEPTED,
        "completed" => DELIVERED,
        // Nobody has this number (RFC 3261, section 21.4.5; 604 in 21.6.3).
        "failed" if matches!(sip, "404" | "604") => GONE,
        "busy" | "no-answer" | "failed" | "canceled" => REJECTED,
        _ => return None,
    })
}

/// `POST /webhooks/twilio/voice/{token}`: what the call says next.
pub(crate) async fn voice(cx: &Cx, token: &str) -> Result<Reply, Problem> {
    let (fields, _) = believed(cx).await?;
    let is_key = cx.query(&["step"])?.contains_key("step");
    let db = cx.db().await?;
    let Some(call) = voice::find(&db, &secrets::hash(token)).await? else {
        return Ok(speak(&Script::unknown(), ""));
    };
    let answered_by = fields.get("AnsweredBy").map_or("", String::as_str);
    if !is_key && (answered_by.starts_with("machine") || answered_by == "fax") {
        return Ok(twiml("<Hangup/>"));
    }
    let digits = fields.get("Digits").map_or("", String::as_str);
    let script = db
        .transaction(async |tx: &Tx<'_>| {
            if is_key {
                let pressed = voice::pressed(tx, cx.moment(), NAME, &call, digits).await?;
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
    let say = |text| format!("<Say language=\"{}\">{}</Say>", script.language, escaped(text));
    let says: Vec<String> = script.sentences().map(say).collect();
    let says = says.join("<Pause length=\"1\"/>");
    match script.listens {
        // Whoever presses nothing is asked once more, too.
        true => twiml(&format!(
            "<Gather input=\"dtmf\" numDigits=\"1\" timeout=\"7\" actionOnEmptyResult=\"true\" method=\"POST\" \
             action=\"{}\">{says}</Gather>",
            escaped(next)
        )),
        false => twiml(&format!("{says}<Hangup/>")),
    }
}

fn twiml(inside: &str) -> Reply {
    Reply::xml(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>{inside}</Response>\n"
    ))
}

/// Text as XML has it; what XML cannot hold is left out (XML 1.0, section 2.2).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}
