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

/// The fields of a request. Of a name that comes twice the last counts.
struct Fields(BTreeMap<String, String>);

impl Fields {
    /// One that is not there is empty.
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// What it says became of a text or a call; none: it is a text.
    fn status(&self) -> Option<&str> {
        let said = [self.get("MessageStatus"), self.get("CallStatus")];
        said.into_iter().find(|status| !status.is_empty())
    }

    /// The event's id: each thing happens to a text or a call once.
    fn id(&self) -> Result<String, Problem> {
        let sid = match (self.get("MessageSid"), self.status()) {
            ("", Some(_)) => self.get("CallSid"),
            ("", None) => "",
            (sid, _) => sid,
        };
        match self.status() {
            Some(status) => Ok(format!("{sid}:{status}")),
            None if !sid.is_empty() && !self.get("From").is_empty() => Ok(format!("{sid}:received")),
            None => Err(Problem::bad_request(
                "This is neither a text nor the status of a message.",
            )),
        }
    }
}

/// The fields of a request that is believed, and its body.
async fn believed(cx: &Cx) -> Result<(Fields, String), Problem> {
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
    Ok((
        Fields(fields.into_iter().collect()),
        inbox::text(&body)?.to_owned(),
    ))
}

/// `POST /webhooks/twilio`: a text, or what became of one of ours or of a call.
pub(crate) async fn webhook(cx: &Cx) -> Result<Reply, Problem> {
    let (fields, body) = believed(cx).await?;
    let query = cx.query(&["message", "bodySHA256"])?;
    let message = query.get("message").and_then(|id| MessageId::parse(id).ok());
    let id = fields.id()?;
    let reply = take(cx, &fields, &id, &body, message.as_ref()).await?;
    if fields.status().is_some() {
        return Ok(reply);
    }
    // Where Twilio keeps opt-outs itself (Advanced Opt-Out), it has answered.
    let answer = match fields.get("OptOutType") {
        "" => {
            let locale = telephone::locale(&cx.db().await?, fields.get("From")).await?;
            let wish = opt_out::read(fields.get("Body"));
            meaning::answer(cx, wish, locale.as_deref().unwrap_or_default()).await?
        }
        _ => None,
    };
    let message = answer.map_or_else(String::new, |text| {
        format!("<Message>{}</Message>", escaped(&text))
    });
    Ok(twiml(&message))
}

/// Takes an event that was stored and had no effect. What our address said with it is not known any more: its message
/// is found by Twilio's own id. Nobody waits for an answer to a text now.
pub(crate) async fn again(cx: &Cx, stored: &Stored) -> Result<(), Problem> {
    let fields = twilio::fields(stored.body.as_bytes());
    let fields = Fields(fields.into_iter().collect());
    take(cx, &fields, &stored.id, &stored.body, None).await.map(drop)
}

async fn take(
    cx: &Cx,
    fields: &Fields,
    id: &str,
    body: &str,
    message: Option<&MessageId>,
) -> Result<Reply, Problem> {
    let source = NAME;
    inbox::receive(
        cx,
        inbox::Event { source, id, body },
        async |tx: &Tx<'_>| match fields.status() {
            Some(status) => told(cx, tx, fields, status, message).await,
            None => Ok(telephone::received(tx, cx.moment(), &text(fields)).await?),
        },
    )
    .await
}

fn text(fields: &Fields) -> Text<'_> {
    let text = fields.get("Body");
    Text {
        source: NAME,
        from: fields.get("From"),
        text,
        meaning: opt_out::read(text),
    }
}

/// What became of a text or a call.
async fn told(
    cx: &Cx,
    tx: &Tx<'_>,
    fields: &Fields,
    status: &str,
    message: Option<&MessageId>,
) -> Result<Effect, Problem> {
    let is_call = fields.get("MessageSid").is_empty();
    let (channel, sid) = match is_call {
        true => (Channel::Voice, fields.get("CallSid")),
        false => (Channel::Sms, fields.get("MessageSid")),
    };
    let read = match is_call {
        true => call_status(status, fields.get("SipResponseCode")),
        false => text_status(status, fields.get("ErrorCode")),
    };
    let Some(meaning) = read else {
        return Ok(Effect::Ignored(format!("a status that is no news: {status}")));
    };
    let detail = [
        status,
        fields.get("ErrorCode"),
        fields.get("ErrorMessage"),
        fields.get("SipResponseCode"),
    ];
    let detail: Vec<&str> = detail.into_iter().filter(|part| !part.is_empty()).collect();
    let mut read = (meaning, detail.join(", "));
    if is_call && status == "completed" {
        read = meaning::over(tx, NAME, message, sid, read).await?;
    }
    let (meaning, detail) = read;
    let told = Told {
        message: message.cloned(),
        provider_id: Some(sid).filter(|sid| !sid.is_empty()),
        ..meaning::told(NAME, meaning, fields.get("To"), cx.moment().now, detail)
    };
    meaning::apply(cx, tx, &told, channel, meaning.against).await
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
    let answered_by = fields.get("AnsweredBy");
    if !is_key && (answered_by.starts_with("machine") || answered_by == "fax") {
        return Ok(twiml("<Hangup/>"));
    }
    let digits = fields.get("Digits");
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
