//! What every provider's JSON API has in common: an address, who we are, the key of a request, tries, and answers that
//! settle something or do not.

use serde::de::DeserializeOwned;
use serde_json::Value;
use web::outbound::{self, Answer};
use web::{Cx, Problem, limits};

use crate::Unopened;

/// An API that takes and gives JSON.
pub(crate) struct Api {
    /// Whose: in the log.
    pub(crate) name: &'static str,
    /// Where, without a slash at its end.
    pub(crate) url: String,
    /// Who we are, and whatever else each request says.
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// One request.
pub(crate) struct Ask<'a> {
    pub(crate) method: &'static str,
    pub(crate) path: &'a str,
    /// The header under which the provider does it once, and our name.
    pub(crate) key: Option<(&'static str, &'a str)>,
    /// JSON.
    pub(crate) body: Option<String>,
}

impl<'a> Ask<'a> {
    pub(crate) fn get(path: &'a str) -> Self {
        Self {
            method: "GET",
            path,
            key: None,
            body: None,
        }
    }

    pub(crate) fn post(path: &'a str, key: Option<(&'static str, &'a str)>, body: Value) -> Self {
        Self {
            method: "POST",
            path,
            key,
            body: Some(body.to_string()),
        }
    }
}

/// What comes of a request that was made until it was settled.
pub(crate) enum Settled {
    /// Done.
    Done(Answer),
    /// It will not be done, however often it is asked.
    Refused(Answer),
    /// Nothing is known; asked again under its key, it may be done.
    Open(Problem),
}

impl Api {
    /// The API of a provider; an address comes with or without its last slash.
    pub(crate) fn new(name: &'static str, url: &str, headers: Vec<(&'static str, String)>) -> Self {
        Self {
            name,
            url: url.trim_end_matches('/').to_owned(),
            headers,
        }
    }

    /// Asks once.
    pub(crate) async fn once(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let mut headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        headers.extend(ask.key);
        let body = ask.body.as_ref().map(|body| body.clone().into_bytes());
        let url = format!("{}{}", self.url, ask.path);
        let answer = outbound::json(ask.method, &url, &headers, body, limits::CHECKOUT_TIMEOUT_S).await;
        answer.map_err(|error| self.failed(&error.to_string()))
    }

    /// Asks until there is an answer that settles it, or tries enough: only for what a key or its nature makes happen
    /// once.
    pub(crate) async fn insist(&self, cx: &Cx, ask: &Ask<'_>) -> Settled {
        let mut pauses_ms = limits::CHECKOUT_PAUSES_MS.into_iter();
        loop {
            let (open, again) = match self.once(ask).await {
                Ok(answer) if (200..300).contains(&answer.status) => return Settled::Done(answer),
                Ok(answer) if is_final(answer.status) => return Settled::Refused(answer),
                Ok(answer) => {
                    // Whoever wants to be left alone for long gets no further try while somebody waits.
                    let now = cx.moment().now;
                    let soon = answer
                        .retry_after(now)
                        .is_none_or(|at| (at - now).num_seconds() <= 1);
                    (self.refusal(&answer), soon)
                }
                Err(problem) => (problem, true),
            };
            match pauses_ms.next() {
                Some(pause_ms) if again => {
                    cx.log(&open);
                    outbound::pause(pause_ms).await;
                }
                _ => return Settled::Open(open),
            }
        }
    }

    /// The same for a session that is to be opened.
    pub(crate) async fn open<T: DeserializeOwned>(&self, cx: &Cx, ask: &Ask<'_>) -> Result<T, Unopened> {
        match self.insist(cx, ask).await {
            // Read again after another try, it might be whole.
            Settled::Done(answer) => self.read(&answer).map_err(Unopened::TryAgain),
            Settled::Refused(answer) => Err(Unopened::Over(self.refusal(&answer))),
            Settled::Open(problem) => Err(Unopened::TryAgain(problem)),
        }
    }

    /// What stands at an address; anything but a 200 is a problem.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, Problem> {
        let answer = self.once(&Ask::get(path)).await?;
        match answer.status {
            200 => Ok(answer),
            _ => Err(self.refusal(&answer)),
        }
    }

    /// What an answer says.
    pub(crate) fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, Problem> {
        serde_json::from_slice(&answer.body)
            .map_err(|error| self.failed(&format!("an answer that cannot be read: {error}")))
    }

    /// An answer's text.
    pub(crate) fn text(&self, answer: &Answer) -> Result<String, Problem> {
        String::from_utf8(answer.body.to_vec()).map_err(|_| self.failed("an answer that is no text"))
    }

    /// The provider's words, for the log.
    pub(crate) fn refusal(&self, answer: &Answer) -> Problem {
        self.failed(&format!("{}: {}", answer.status, words(answer)))
    }

    /// The visitor is told no more than that it did not work.
    pub(crate) fn failed(&self, cause: &str) -> Problem {
        Problem::provider(
            "The payment provider did not do it.",
            format!("{}: {cause}", self.name),
        )
    }
}

/// The beginning of what an answer says.
pub(crate) fn words(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    text.chars().take(limits::PROVIDER_WORDS).collect()
}

/// Whether asking again would be answered the same. Not so: 401 and 403 (our key is wrong for the moment), 408, 409 (the
/// same request is at work), 425, 429, and 5xx.
pub(crate) fn is_final(status: u16) -> bool {
    !(200..300).contains(&status) && !matches!(status, 401 | 403 | 408 | 409 | 425 | 429 | 500..)
}

#[cfg(test)]
mod tests {
    use super::is_final;

    #[test]
    fn only_what_will_be_answered_the_same_is_final() {
        for status in [400, 404, 405, 410, 413, 422] {
            assert!(is_final(status), "{status}");
        }
        for status in [200, 201, 204, 401, 403, 408, 409, 425, 429, 500, 502, 503, 504] {
            assert!(!is_final(status), "{status}");
        }
    }
}
