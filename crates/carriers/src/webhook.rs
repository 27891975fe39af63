//! `webhook`: hands a message to a system of the creditor's own, which does the rest: a fax, a messenger, an agency's
//! portal. Signed after Standard Webhooks (<https://www.standardwebhooks.com>), whose `webhook-id` is the message's: who
//! has seen it has seen the message, so that it may come again.
//!
//! **Refuses** addresses in private networks, as endpoints of events do (`receivables::endpoint`), unless
//! `webhook_private_networks` allows them.

use crate::http::{Call, Heard};
use crate::{Called, Carry, Doing, Letter, Row, needed};
use chrono::SecondsFormat;
use receivables::channel::Channel;
use receivables::endpoint::{self, Reach};
use serde_json::{Value, json};
use store::delivery::{Carrier, Listed, Memory, Outcome};
use web::outbound;
use web::{Cx, Problem, limits};

/// Its name in the ledger.
const NAME: &str = "webhook";

pub(crate) const ROW: Row = Row {
    carrier: Carrier {
        name: NAME,
        channel: Channel::Webhook,
        remembers: Memory::ADay,
        ready: true,
    },
    per_call: 1,
    calls: 4,
    a_second: 50,
    set_up: |cx| Box::pin(set_up(cx)),
};

pub(crate) async fn set_up(cx: &Cx) -> Result<Option<Box<dyn Carry>>, Problem> {
    let Some([url]) = needed(cx, ["webhook_channel_url"]).await? else {
        return Ok(None);
    };
    let secrets = cx.secrets("webhook_channel_secrets").await?;
    if secrets.is_empty() {
        return Ok(None);
    }
    let reach = match cx.setting("webhook_private_networks").await?.as_deref() {
        Some("allow") => Reach::Private,
        _ => Reach::Public,
    };
    let url = endpoint::callable(&url, reach)
        .map_err(|why| Problem::internal(format!("variable webhook_channel_url: {}", why.detail)))?;
    Ok(Some(Box::new(Webhook { url, secrets })))
}

struct Webhook {
    url: String,
    /// Several while one is being replaced; all of them sign.
    secrets: Vec<String>,
}

fn lines(listed: &[Listed]) -> Vec<Value> {
    let line = |line: &Listed| {
        json!({"invoice_id": line.id, "number": line.number, "due_on": line.due_on, "total": line.total,
            "asked": line.asked})
    };
    listed.iter().map(line).collect()
}

fn body(letter: &Letter, at: &str) -> Value {
    let message = &letter.message;
    json!({
        "type": "message",
        "timestamp": at,
        "data": {
            "id": message.id,
            "customer_id": message.customer,
            "customer_name": message.customer_name,
            "policy": message.policy,
            "step": message.step,
            "template": message.template,
            "purpose": message.purpose,
            "locale": message.locale,
            "currency": message.currency.code(),
            "to": {"name": message.to.name, "email": message.to.email, "phone": message.to.phone,
                "postal": message.to.postal},
            "subject": letter.rendered.subject,
            "text": letter.rendered.text,
            "html": letter.rendered.html,
            "overdue": lines(&message.overdue),
            "upcoming": lines(&message.upcoming),
        },
    })
}

impl Carry for Webhook {
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
            let now = cx.moment().now;
            let (id, at) = (letter.message.id.as_str(), now.timestamp());
            let body = body(letter, &now.to_rfc3339_opts(SecondsFormat::Secs, true)).to_string();
            let signed: Result<Vec<String>, _> = self
                .secrets
                .iter()
                .map(|secret| web::webhook::sign(secret, id, at, body.as_bytes()))
                .collect();
            let signature = match signed {
                Ok(signatures) => signatures.join(" "),
                Err(error) => return call.setup(&format!("webhook_channel_secrets: {error}")),
            };
            let at = at.to_string();
            let headers = [
                ("webhook-id", id),
                ("webhook-timestamp", at.as_str()),
                ("webhook-signature", signature.as_str()),
            ];
            let answered =
                outbound::tell(&self.url, &headers, body.into_bytes(), limits::WEBHOOK_WAIT_S).await;
            let words = |answer: &outbound::Answer| String::from_utf8_lossy(&answer.body).into_owned();
            match call.read(answered, words) {
                Ok(Heard::Taken(_)) => call.all(letter.sent(None), None),
                Ok(Heard::Refused(answer)) => {
                    let why = call.says(&format!("{} {}", answer.status, words(&answer)));
                    call.all(Outcome::Refused(why), None)
                }
                Err(called) => called,
            }
        })
    }
}
