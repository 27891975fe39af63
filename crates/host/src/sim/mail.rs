//! A Postmark of one's own: it counts what it was given, and knows addresses that are gone.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The member of a message's metadata that holds its id.
const OUR_ID: &str = "dunlin_message";

/// A message that it took.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    pub(super) id: String,
    pub(super) provider_id: String,
    pub(super) to: String,
    pub(super) step: u64,
    /// The paths of the links in it.
    pub(super) pay_path: Option<String>,
    pub(super) unsubscribe_path: Option<String>,
}

/// What it keeps.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// How often it took each message.
    pub(super) taken: BTreeMap<String, u32>,
    /// When each was taken first: the step of the run.
    pub(super) taken_at: BTreeMap<String, u64>,
    /// Mail that was taken since somebody looked last.
    news: Vec<Mail>,
}

impl Post {
    /// A batch, each message with an answer of its own.
    pub(super) fn answer(&mut self, body: &Bytes, now: DateTime<Utc>, step: u64) -> (u16, Value) {
        let Ok(batch) = serde_json::from_slice::<Vec<Value>>(body) else {
            return (422, json!({"ErrorCode": 403, "Message": "not a batch"}));
        };
        let answers = batch.iter().map(|message| self.take(message, now, step));
        (200, Value::Array(answers.collect()))
    }

    fn take(&mut self, message: &Value, now: DateTime<Utc>, step: u64) -> Value {
        let to = address(message["To"].as_str().unwrap_or_default());
        let id = message["Metadata"][OUR_ID]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let count = self.taken.entry(id.clone()).or_default();
        *count += 1;
        let provider_id = format!("pm-{id}-{count}");
        self.taken_at.entry(id.clone()).or_insert(step);
        let text = message["TextBody"].as_str().unwrap_or_default();
        let unsubscribe = message["Headers"].as_array().into_iter().flatten();
        let unsubscribe = unsubscribe.filter(|header| header["Name"] == "List-Unsubscribe");
        let unsubscribe = unsubscribe.filter_map(|header| header["Value"].as_str()).next();
        self.news.push(Mail {
            id,
            provider_id: provider_id.clone(),
            to: to.clone(),
            step,
            pay_path: path(text, "/pay/"),
            unsubscribe_path: unsubscribe.and_then(|value| path(value, "/unsubscribe/")),
        });
        json!({"ErrorCode": 0, "Message": "OK", "MessageID": provider_id, "SubmittedAt": now.to_rfc3339(), "To": to})
    }

    /// Mail that was taken since this was asked last.
    pub(super) fn take_news(&mut self) -> Vec<Mail> {
        std::mem::take(&mut self.news)
    }
}

/// Of `Name <address>` the address.
fn address(to: &str) -> String {
    let inner = to
        .rsplit_once('<')
        .map_or(to, |(_, rest)| rest.trim_end_matches('>'));
    inner.to_owned()
}

/// The path of the first link in a text that begins so.
fn path(text: &str, start: &str) -> Option<String> {
    let at = text.find(start)?;
    let rest = text.get(at..)?;
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '>' | '"' | ')'));
    rest.get(..end.unwrap_or(rest.len())).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_of_a_batch_is_counted_by_its_id() {
        let message = |id: &str| {
            json!({"To": "\"Accounts payable\" <ap1@c-1.example>", "Metadata": {OUR_ID: id},
                "TextBody": "Pay here: https://pay.example/pay/abc_1\nBye",
                "Headers": [{"Name": "List-Unsubscribe", "Value": "<https://pay.example/unsubscribe/u1>"}]})
        };
        let mut post = Post::default();
        let batch = Bytes::from(json!([message("msg_1"), message("msg_2")]).to_string());
        let (status, answers) = post.answer(&batch, DateTime::default(), 5);
        assert_eq!(
            (status, answers[1]["MessageID"].as_str()),
            (200, Some("pm-msg_2-1"))
        );
        post.answer(&batch, DateTime::default(), 9);
        assert_eq!(
            post.taken,
            BTreeMap::from([("msg_1".to_owned(), 2), ("msg_2".to_owned(), 2)])
        );
        assert_eq!(post.taken_at.get("msg_1"), Some(&5));
        let news = post.take_news();
        assert_eq!(news.len(), 4);
        assert_eq!(news[0].to, "ap1@c-1.example");
        assert_eq!(news[0].pay_path.as_deref(), Some("/pay/abc_1"));
        assert_eq!(news[0].unsubscribe_path.as_deref(), Some("/unsubscribe/u1"));
        assert!(post.take_news().is_empty());
    }
}
