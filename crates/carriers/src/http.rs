//! What an answer over HTTP says of a whole call, before anybody looks at its messages.
//!
//! | answer | meaning |
//! |---|---|
//! | no connection | not sent; another carrier's turn |
//! | a connection and no answer, 504 | nobody knows: a person decides |
//! | 429, and 503 with `Retry-After` | not taken; everybody waits as long as the provider says |
//! | 408 and 5xx | not taken; tried again by backoff |
//! | 2xx, 400, 413, 422 | about the messages: the carrier's own file reads it |
//! | all else (401, 403, 404, a redirect) | about this deployment: everything goes back, somebody must look |

use crate::{Called, Stop};
use chrono::{DateTime, Duration, Utc};
use store::delivery::Outcome;
use web::outbound::{Answer, Unanswered};
use web::{Cx, Problem, limits};

/// A call of `count` messages to the provider called `name`.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) name: &'static str,
    pub(crate) count: usize,
}

/// An answer that is about the messages.
pub(crate) enum Heard {
    /// They were taken, or each has its own answer.
    Taken(Answer),
    /// They were refused.
    Refused(Answer),
}

/// What a carrier's own error code means for one message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Meaning {
    /// It will never be taken.
    Refused,
    /// Nobody is at the address, or nobody who wants such messages.
    Inactive,
    /// The carrier has had enough for now.
    Later,
    /// Something went wrong there.
    TryAgain,
    /// This deployment may not do that.
    Setup,
}

impl Meaning {
    /// The meaning of a code by a carrier's table. What is not listed is about the message itself.
    pub(crate) fn of(code: i64, table: &[(i64, Meaning)]) -> Meaning {
        let found = table.iter().find(|(known, _)| *known == code);
        found.map_or(Meaning::Refused, |(_, meaning)| *meaning)
    }
}

impl Call<'_> {
    /// The answer where it is about the messages, else what became of the call. `words` reads the provider's own out
    /// of an answer.
    pub(crate) fn read(
        self,
        answered: Result<Answer, Unanswered>,
        words: impl Fn(&Answer) -> String,
    ) -> Result<Heard, Called> {
        let answer = match answered {
            Ok(answer) => answer,
            Err(error @ Unanswered::NotSent(_)) => {
                let stop = Some(Stop::Unreached);
                return Err(self.all(Outcome::TryAgain(self.says(&error.to_string())), stop));
            }
            Err(error @ Unanswered::Unknown(_)) => return Err(self.unknown(&error.to_string())),
        };
        let said = || self.says(&format!("{} {}", answer.status, words(&answer)));
        match answer.status {
            200..=299 => Ok(Heard::Taken(answer)),
            400 | 413 | 422 => Ok(Heard::Refused(answer)),
            429 => Err(self.later(self.until(&answer), said())),
            503 if answer.headers.contains_key("retry-after") => Err(self.later(self.until(&answer), said())),
            504 => Err(self.unknown(&said())),
            408 | 500..=599 => Err(self.all(Outcome::TryAgain(said()), None)),
            _ => Err(self.setup(&said())),
        }
    }

    /// Until when the provider wants to be left alone.
    pub(crate) fn until(self, answer: &Answer) -> DateTime<Utc> {
        let now = self.cx.moment().now;
        let wish = answer.retry_after(now).or_else(|| rate_limit_reset(answer));
        let plus = |wait| now.checked_add_signed(wait).unwrap_or(now);
        wish.unwrap_or_else(|| plus(Duration::seconds(limits::PROVIDER_PAUSE_S)))
            .clamp(now, plus(Duration::hours(limits::PROVIDER_PAUSE_H)))
    }

    /// The call again, once the provider may be asked again.
    pub(crate) fn later(self, until: DateTime<Utc>, why: String) -> Called {
        let outcome = Outcome::Later {
            until: Some(until),
            why: why.clone(),
        };
        self.all(outcome, Some(Stop::Until(until, why)))
    }

    /// Nobody knows what became of it.
    pub(crate) fn unknown(self, why: &str) -> Called {
        self.all(Outcome::Unknown(self.says(why)), None)
    }

    /// The provider does not serve this deployment.
    pub(crate) fn setup(self, why: &str) -> Called {
        let outcome = Outcome::Later {
            until: None,
            why: why.to_owned(),
        };
        self.all(outcome, Some(Stop::Setup(self.not_served(why))))
    }

    pub(crate) fn not_served(self, why: &str) -> Problem {
        let detail = format!(
            "{} does not deliver for this deployment as it is set up. Every message is back in the queue.",
            self.name
        );
        Problem::provider(detail, why)
    }

    pub(crate) fn all(self, outcome: Outcome, stop: Option<Stop>) -> Called {
        Called {
            outcomes: vec![outcome; self.count],
            stop,
        }
    }

    /// The provider's words after its name, no longer than is kept of them.
    pub(crate) fn says(self, words: &str) -> String {
        let mut text = format!("{}: {}", self.name, words.trim());
        if let Some((end, _)) = text.char_indices().nth(limits::PROVIDER_WORDS) {
            text.truncate(end);
        }
        text
    }
}

/// `X-RateLimit-Reset`, in seconds since 1970: what SendGrid says in the place of `Retry-After`.
fn rate_limit_reset(answer: &Answer) -> Option<DateTime<Utc>> {
    let text = answer.headers.get("x-ratelimit-reset")?.to_str().ok()?;
    DateTime::from_timestamp(text.trim().parse().ok()?, 0)
}
