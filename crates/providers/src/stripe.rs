//! Stripe: a payment becomes a Checkout Session (docs.stripe.com/api/checkout/sessions).
//!
//! **Once.** The checkout's id is the idempotency key: whatever is lost on the way, asked again it is the same session.
//! Stripe keeps what it answered to a key for at least 24 hours, also a 500: an answer that says so will not change.
//! **Refuses** to guess: a 4xx is logged in Stripe's words with its request id, and the checkout is over.

mod form;
mod read;

use crate::{Closed, Doing, Event, Order, Provider, Row, Unopened, content_id};
use chrono::{DateTime, TimeDelta, Utc};
use receivables::paylink::{Offer, Session};
use receivables::stripe;
use serde::Deserialize;
use store::checkouts::Looked;
use store::refunds::{self, Answered};
use web::outbound::{self, Answer, Unanswered};
use web::webhook::stripe as signature;
use web::{Cx, Problem, limits};

pub(crate) const ROW: Row = Row {
    offer: Offer {
        name: "stripe",
        ways: &["card", "online"],
        plays: false,
        takes: |_, currency| stripe::takes(currency),
    },
    // A key is known for at least 24 hours.
    remembers: TimeDelta::hours(23),
    acknowledged: None,
    set_up,
    hear,
    read: read::read,
};

/// The version of the API that requests are written for and answers are read in. Events come in the version of the
/// endpoint that they are sent to, so what reads those relies on as little as possible.
const VERSION: &str = "2025-09-30.clover";

struct Stripe {
    /// Without a slash at its end.
    url: String,
    key: String,
}

fn set_up(cx: &Cx) -> Doing<'_, Result<Option<Box<dyn Provider>>, Problem>> {
    Box::pin(async move {
        let Some(key) = cx.setting("stripe_secret_key").await? else {
            return Ok(None);
        };
        let url = cx.required_setting("stripe_url").await?;
        let url = url.trim_end_matches('/').to_owned();
        Ok(Some(Box::new(Stripe { url, key }) as Box<dyn Provider>))
    })
}

/// An event of Stripe's. Without an id (nonsense, or a stand-in for Stripe that gives none) it is the same as another when
/// it says the same.
fn hear<'a>(cx: &'a Cx, body: &'a [u8]) -> Doing<'a, Result<Vec<Event>, Problem>> {
    Box::pin(async move {
        let secrets = cx.secrets("stripe_webhook_secrets").await?;
        if secrets.is_empty() {
            return Err(Problem::unauthorized(
                "Stripe's events are not taken: the variable `stripe_webhook_secrets` is not set.",
            ));
        }
        signature::verify(&secrets, signature::signature(cx)?, body, cx.moment().now)?;
        let text = web::inbox::text(body)?;
        let id = read::id(text).unwrap_or_else(|| content_id("sha256-", text));
        Ok(vec![Event {
            id,
            body: text.to_owned(),
        }])
    })
}

impl Provider for Stripe {
    fn open<'a>(&'a self, cx: &'a Cx, order: &'a Order<'_>) -> Doing<'a, Result<Session, Unopened>> {
        Box::pin(self.open_session(cx, order))
    }

    fn close<'a>(&'a self, session: &'a str) -> Doing<'a, Result<Closed, Problem>> {
        Box::pin(self.close_session(session))
    }

    fn look<'a>(&'a self, _: &'a Cx, looked: &'a Looked) -> Doing<'a, Result<Vec<Event>, Problem>> {
        Box::pin(async move {
            let answer = self.session(&looked.session).await?;
            let body = read::as_event(&answer.body).map_err(failed)?;
            let id = content_id(&format!("{}-", looked.session), &body);
            Ok(vec![Event { id, body }])
        })
    }

    fn refund<'a>(&'a self, cx: &'a Cx, refund: &'a refunds::Order) -> Doing<'a, Result<Answered, Problem>> {
        Box::pin(self.pay_back(cx, refund))
    }
}

/// What we need to know of a session.
#[derive(Deserialize)]
struct Object {
    id: String,
    url: Option<String>,
    status: Option<String>,
    expires_at: Option<i64>,
}

#[derive(Deserialize)]
struct Made {
    id: String,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Failure {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    r#type: String,
    code: Option<String>,
    param: Option<String>,
    message: Option<String>,
}

/// Why a session was not opened.
enum Refused {
    /// The payer's mail address is not one that Stripe takes.
    Email(Problem),
    Unopened(Unopened),
}

impl Stripe {
    /// An address that Stripe takes for none must not keep anybody from paying: it is left out, under a name of its own.
    async fn open_session(&self, cx: &Cx, order: &Order<'_>) -> Result<Session, Unopened> {
        let key = order.checkout.as_str();
        match self.ask(cx, order, order.email, key).await {
            Err(Refused::Email(problem)) => {
                cx.log(&problem);
                self.ask(cx, order, None, &format!("{key}-without-email")).await
            }
            outcome => outcome,
        }
        .map_err(|refused| match refused {
            Refused::Unopened(unopened) => unopened,
            Refused::Email(problem) => Unopened::Over(problem),
        })
    }

    async fn ask(
        &self,
        cx: &Cx,
        order: &Order<'_>,
        email: Option<&str>,
        key: &str,
    ) -> Result<Session, Refused> {
        let over = |problem| Refused::Unopened(Unopened::Over(problem));
        let again = |problem| Refused::Unopened(Unopened::TryAgain(problem));
        let fields = form::session(order, email).map_err(|error| over(failed(error.to_string())))?;
        let url = format!("{}/v1/checkout/sessions", self.url);
        let answer = self.post(cx, &url, key, &fields).await;
        let answer = answer.map_err(|error| again(failed(error.to_string())))?;
        if answer.status != 200 {
            let problem = refusal(&answer);
            return Err(match is_final(&answer) {
                true if is_about_email(&answer) => Refused::Email(problem),
                true => over(problem),
                false => again(problem),
            });
        }
        // Read again after another try, it might be whole.
        let object = object(&answer).map_err(again)?;
        let Some(url) = object.url else {
            // Of no use, and asked again it would be the same.
            return Err(over(failed(format!("session {} has no address", object.id))));
        };
        let expires_at = object
            .expires_at
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        Ok(Session {
            id: object.id,
            url,
            expires_at: expires_at.unwrap_or(order.expires_at),
        })
    }

    /// Only an open session can be expired. A refusal means that it is over already, and how is asked.
    async fn close_session(&self, session: &str) -> Result<Closed, Problem> {
        let url = format!("{}/v1/checkout/sessions/{session}", self.url);
        // One try: the visitor waits, and the session that comes next needs the time. No key: it cannot happen twice,
        // and an error that Stripe keeps under one would stand in the way for a day.
        let answer = self.try_once(&format!("{url}/expire"), None, &[]).await?;
        if answer.status == 200 {
            return Ok(Closed::Unpaid);
        }
        let refused = refusal(&answer);
        if !is_final(&answer) {
            return Err(refused);
        }
        match object(&self.session(session).await?)?.status.as_deref() {
            Some("complete") => Ok(Closed::Paid),
            Some("expired") => Ok(Closed::Unpaid),
            _ => Err(refused),
        }
    }

    async fn session(&self, session: &str) -> Result<Answer, Problem> {
        let url = format!("{}/v1/checkout/sessions/{session}", self.url);
        let authorization = self.authorization();
        let headers = [
            ("authorization", authorization.as_str()),
            ("stripe-version", VERSION),
        ];
        let answer = outbound::get(&url, &headers, limits::CHECKOUT_TIMEOUT_S).await?;
        match answer.status {
            200 => Ok(answer),
            _ => Err(refusal(&answer)),
        }
    }

    async fn pay_back(&self, cx: &Cx, refund: &refunds::Order) -> Result<Answered, Problem> {
        let fields = match form::refund(refund) {
            Ok(fields) => fields,
            Err(error) => return Ok(Answered::Refused(error.to_string())),
        };
        let url = format!("{}/v1/refunds", self.url);
        let answer = self.post(cx, &url, refund.id.as_str(), &fields).await?;
        // A wrong key of ours is nothing that Stripe has decided.
        if answer.status != 200 {
            return match is_final(&answer) && !matches!(answer.status, 401 | 403) {
                true => Ok(Answered::Refused(crate::api::words(&answer))),
                false => Err(refusal(&answer)),
            };
        }
        let made: Made = serde_json::from_slice(&answer.body)
            .map_err(|error| failed(format!("an answer that is no refund: {error}")))?;
        Ok(match made.status.as_deref() {
            Some("succeeded") => Answered::Done(made.id),
            Some("failed" | "canceled") => Answered::Refused(format!("refund {} failed", made.id)),
            _ => Answered::Asked(made.id),
        })
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.key)
    }

    async fn try_once(
        &self,
        url: &str,
        key: Option<&str>,
        fields: &[(String, String)],
    ) -> Result<Answer, Unanswered> {
        let authorization = self.authorization();
        let mut headers = vec![
            ("authorization", authorization.as_str()),
            ("stripe-version", VERSION),
        ];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        outbound::post_form(url, &headers, fields, limits::CHECKOUT_TIMEOUT_S).await
    }

    /// Posts until there is an answer that settles it, or tries enough.
    async fn post(
        &self,
        cx: &Cx,
        url: &str,
        key: &str,
        fields: &[(String, String)],
    ) -> Result<Answer, Unanswered> {
        let mut pauses_ms = limits::CHECKOUT_PAUSES_MS.into_iter();
        loop {
            let outcome = self.try_once(url, Some(key), fields).await;
            let (again, cause) = match &outcome {
                Ok(answer) if is_final(answer) || answer.status == 200 => return outcome,
                // Whoever wants to be left alone for long gets no further try while a visitor waits.
                Ok(answer) => (
                    answer.retry_after(cx.moment().now).is_none_or(|at| soon(cx, at)),
                    refusal(answer),
                ),
                Err(error) => (true, failed(error.to_string())),
            };
            match pauses_ms.next() {
                Some(pause_ms) if again => {
                    cx.log(&cause);
                    outbound::pause(pause_ms).await;
                }
                _ => return outcome,
            }
        }
    }
}

/// Whether an instant lies within the pauses between tries.
fn soon(cx: &Cx, at: DateTime<Utc>) -> bool {
    at.signed_duration_since(cx.moment().now).num_seconds() <= 1
}

/// Whether asking again under the same key would be answered the same. Not so: 409 (the same request is at work), 429,
/// and 5xx unless Stripe says that it has kept the answer.
fn is_final(answer: &Answer) -> bool {
    let replayed = answer
        .headers
        .get("idempotent-replayed")
        .is_some_and(|value| value == "true");
    match answer.status {
        409 | 429 => false,
        500.. => replayed,
        status => status != 200,
    }
}

fn is_about_email(answer: &Answer) -> bool {
    serde_json::from_slice::<Failure>(&answer.body)
        .is_ok_and(|failure| failure.error.param.as_deref() == Some("customer_email"))
}

fn object(answer: &Answer) -> Result<Object, Problem> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| failed(format!("an answer that is no session: {error}")))
}

fn failed(cause: String) -> Problem {
    Problem::provider("The payment could not be started.", format!("stripe: {cause}"))
}

/// Stripe's words, for the log.
fn refusal(answer: &Answer) -> Problem {
    let request_id = answer
        .headers
        .get("request-id")
        .and_then(|value| value.to_str().ok());
    let why = match serde_json::from_slice::<Failure>(&answer.body) {
        Ok(Failure { error }) => format!(
            "{} {} {}: {}",
            error.r#type,
            error.code.unwrap_or_default(),
            error.param.unwrap_or_default(),
            error.message.unwrap_or_default()
        ),
        Err(_) => "no error in Stripe's form".to_owned(),
    };
    failed(format!(
        "{} request {}: {why}",
        answer.status,
        request_id.unwrap_or("unknown")
    ))
}
