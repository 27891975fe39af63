//! Documents out of accounting systems, and what these let us in with. **Shape:** a module a system; none of its calls
//! is inside a transaction. **Bounds:** a call is waited for [`limits::FETCH_TIMEOUT_S`]; an answer is at most a
//! request body's size. **At rest** tokens are locked under the client's secret, which the database does not hold.

pub(crate) mod quickbooks;
pub(crate) mod xero;

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Db, Tx, tokens};
use web::outbound::{self, Answer, Unanswered};
use web::{Cx, Problem, limits, secrets};

/// What a system answered.
#[derive(Debug, Clone)]
pub(crate) enum Fetched {
    /// The document.
    Here(Value),
    /// Not this document, and why; to be tried again.
    Refused(String),
    /// It does not answer as it should, and why; to be left alone for a while.
    Down(String),
    /// It wants to be left alone until then.
    Paused(DateTime<Utc>, String),
}

/// What lets us in.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Token {
    access: String,
    /// Milliseconds since 1970.
    until_ms: i64,
    /// What gets the next one, where the system gives a new one each time.
    refresh: Option<String>,
    /// Of what the chain of refresh tokens began with, its hash: another one begins another chain.
    seed: String,
}

/// What the system's token address answers (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: i64,
    refresh_token: Option<String>,
}

/// The client of a system: who we are there.
struct Client<'a> {
    source: &'static str,
    id: &'a str,
    secret: &'a str,
    token_url: String,
}

impl Client<'_> {
    /// What is kept, provided that it opens under our secret.
    async fn kept(&self, db: &Db) -> Result<Option<Token>, Problem> {
        let sealed = tokens::find(db, self.source).await?;
        let text = sealed.and_then(|sealed| secrets::unlock(self.secret, self.source, &sealed));
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    async fn keep(&self, cx: &Cx, db: &Db, token: &Token) -> Result<(), Problem> {
        let text = serde_json::to_string(token).map_err(|error| Problem::internal(error.to_string()))?;
        let sealed = secrets::lock(self.secret, self.source, &text)?;
        db.transaction(async |tx: &Tx<'_>| {
            Ok::<_, Problem>(tokens::keep(tx, cx.moment(), self.source, &sealed).await?)
        })
        .await
    }

    /// Asks for a token; the new one is kept before it is used, since the one that it was asked with may be void.
    async fn ask(
        &self,
        cx: &Cx,
        db: &Db,
        seed: &str,
        fields: &[(&str, &str)],
    ) -> Result<Result<Token, Fetched>, Problem> {
        let basic = BASE64.encode(format!("{}:{}", self.id, self.secret).as_bytes());
        let authorization = format!("Basic {basic}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("accept", "application/json"),
        ];
        let fields: Vec<(String, String)> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let answer = outbound::post_form(&self.token_url, &headers, &fields, limits::FETCH_TIMEOUT_S).await;
        let granted = match judged(cx, answer) {
            Fetched::Here(value) => serde_json::from_value::<Granted>(value),
            Fetched::Refused(why) | Fetched::Down(why) => {
                return Ok(Err(Fetched::Down(format!("no token: {why}"))));
            }
            paused @ Fetched::Paused(..) => return Ok(Err(paused)),
        };
        let Ok(granted) = granted else {
            return Ok(Err(Fetched::Down("no token: the answer holds none".to_owned())));
        };
        // A minute less: it is to last until the call has arrived.
        let lasts = TimeDelta::seconds(granted.expires_in.saturating_sub(60).clamp(0, 86_400));
        let token = Token {
            access: granted.access_token,
            until_ms: (cx.moment().now + lasts).timestamp_millis(),
            refresh: granted.refresh_token,
            seed: seed.to_owned(),
        };
        self.keep(cx, db, &token).await?;
        Ok(Ok(token))
    }

    /// Fetches with a token. One that is no longer taken is given up, and the next try asks for another.
    async fn fetch(
        &self,
        cx: &Cx,
        db: &Db,
        token: Token,
        url: &str,
        more: &[(&str, &str)],
    ) -> Result<Fetched, Problem> {
        let authorization = format!("Bearer {}", token.access);
        let mut headers = vec![
            ("authorization", authorization.as_str()),
            ("accept", "application/json"),
        ];
        headers.extend(more);
        let answer = outbound::get(url, &headers, limits::FETCH_TIMEOUT_S).await;
        if matches!(&answer, Ok(answer) if answer.status == 401) {
            let expired = Token { until_ms: 0, ..token };
            self.keep(cx, db, &expired).await?;
        }
        Ok(judged(cx, answer))
    }
}

/// What an answer means.
fn judged(cx: &Cx, answer: Result<Answer, Unanswered>) -> Fetched {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Fetched::Down(error.to_string()),
    };
    let now = cx.moment().now;
    match answer.status {
        200 => match serde_json::from_slice(&answer.body) {
            Ok(value) => Fetched::Here(value),
            Err(error) => Fetched::Down(format!("an answer that is no JSON: {error}")),
        },
        429 | 503 if answer.status == 429 || answer.retry_after(now).is_some() => {
            let pause = now + TimeDelta::seconds(limits::PROVIDER_PAUSE_S);
            let until = answer.retry_after(now).unwrap_or(pause);
            Fetched::Paused(until, format!("answered {}", answer.status))
        }
        status => {
            let words = String::from_utf8_lossy(&answer.body);
            let words: String = words.chars().take(limits::PROVIDER_WORDS).collect();
            let why = format!("answered {status}: {words}");
            match status {
                // About the document; all else is about us or about them.
                400 | 404 | 410 | 422 => Fetched::Refused(why),
                _ => Fetched::Down(why),
            }
        }
    }
}

/// A client whose variables are set, or what is missing.
async fn set(cx: &Cx, names: &[&str]) -> Result<Result<Vec<String>, Fetched>, Problem> {
    let mut values = Vec::with_capacity(names.len());
    for name in names {
        match cx.setting(name).await? {
            Some(value) => values.push(value),
            None => return Ok(Err(Fetched::Down(format!("the variable `{name}` is not set")))),
        }
    }
    Ok(Ok(values))
}
