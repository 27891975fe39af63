//! Stripe: a payment becomes a Checkout Session (docs.stripe.com/api/checkout/sessions).
//!
//! **Once.** The checkout's id is the idempotency key: whatever is lost on the way, asked again it is the same session.
//! Stripe keeps what it answered to a key for at least 24 hours, also a 500: an answer that says so will not change.
//! **Refuses** to guess: a 4xx is logged in Stripe's words with its request id, and the checkout is over.

use super::{Closed, Doing, Order, Provider, Unopened};
use chrono::{DateTime, Utc};
use receivables::stripe;
use serde::Deserialize;
use store::checkouts::Session;
use web::outbound::{self, Answer, Unanswered};
use web::{Cx, Problem, limits};

pub(super) const NAME: &str = "stripe";

/// The version of the API that requests are written for and answers are read in. Events come in the version of the
/// endpoint that they are sent to, so what reads those relies on as little as possible.
const VERSION: &str = "2025-09-30.clover";

struct Stripe {
    /// Without a slash at its end.
    url: String,
    key: String,
}

pub(super) fn set_up(cx: &Cx) -> Doing<'_, Result<Option<Box<dyn Provider>>, Problem>> {
    Box::pin(async move {
        let Some(key) = cx.setting("stripe_secret_key").await? else {
            return Ok(None);
        };
        let url = cx.required_setting("stripe_url").await?;
        let url = url.trim_end_matches('/').to_owned();
        Ok(Some(Box::new(Stripe { url, key }) as Box<dyn Provider>))
    })
}

impl Provider for Stripe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open<'a>(&'a self, cx: &'a Cx, order: &'a Order<'_>) -> Doing<'a, Result<Session, Unopened>> {
        Box::pin(self.open_session(cx, order))
    }

    fn close<'a>(&'a self, cx: &'a Cx, session: &'a str) -> Doing<'a, Result<Closed, Problem>> {
        Box::pin(self.close_session(cx, session))
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

impl Stripe {
    async fn open_session(&self, cx: &Cx, order: &Order<'_>) -> Result<Session, Unopened> {
        let fields = session(order).map_err(|error| Unopened::Over(failed(error.to_string())))?;
        let url = format!("{}/v1/checkout/sessions", self.url);
        let answer = self.post(cx, &url, order.checkout.as_str(), &fields).await;
        let answer = answer.map_err(|error| Unopened::TryAgain(failed(error.to_string())))?;
        if answer.status != 200 {
            let problem = refusal(&answer);
            return Err(match is_final(&answer) {
                true => Unopened::Over(problem),
                false => Unopened::TryAgain(problem),
            });
        }
        // Read again after another try, it might be whole.
        let object = object(&answer).map_err(Unopened::TryAgain)?;
        let Some(url) = object.url else {
            // A replay of a session that is over by now.
            return Err(Unopened::Over(failed(format!(
                "session {} has no address",
                object.id
            ))));
        };
        let expires_at = object
            .expires_at
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        Ok(Session {
            id: object.id,
            url,
            expires_at: expires_at.or(Some(order.expires_at)),
        })
    }

    /// Only an open session can be expired. A refusal means that it is over already, and how is asked.
    async fn close_session(&self, cx: &Cx, session: &str) -> Result<Closed, Problem> {
        let url = format!("{}/v1/checkout/sessions/{session}", self.url);
        let key = format!("expire-{session}");
        let answer = self.post(cx, &format!("{url}/expire"), &key, &[]).await?;
        if answer.status == 200 {
            return Ok(Closed::Unpaid);
        }
        let refused = refusal(&answer);
        if !is_final(&answer) {
            return Err(refused);
        }
        let authorization = self.authorization();
        let headers = [
            ("authorization", authorization.as_str()),
            ("stripe-version", VERSION),
        ];
        let answer = outbound::get(&url, &headers, limits::CHECKOUT_TIMEOUT_S).await?;
        if answer.status != 200 {
            return Err(refusal(&answer));
        }
        match object(&answer)?.status.as_deref() {
            Some("complete") => Ok(Closed::Paid),
            Some("expired") => Ok(Closed::Unpaid),
            _ => Err(refused),
        }
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.key)
    }

    /// Posts until there is an answer that settles it, or tries enough.
    async fn post(
        &self,
        cx: &Cx,
        url: &str,
        key: &str,
        fields: &[(String, String)],
    ) -> Result<Answer, Unanswered> {
        let authorization = self.authorization();
        let headers = [
            ("authorization", authorization.as_str()),
            ("stripe-version", VERSION),
            ("idempotency-key", key),
        ];
        let mut pauses_ms = limits::CHECKOUT_PAUSES_MS.into_iter();
        loop {
            let outcome = outbound::post_form(url, &headers, fields, limits::CHECKOUT_TIMEOUT_S).await;
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

/// The session that is asked for, as the form's fields. Every one follows from the order alone.
fn session(order: &Order<'_>) -> Result<Vec<(String, String)>, stripe::AmountError> {
    let unit_amount = stripe::to_minor(order.amount)?;
    let item = |name: &str| format!("line_items[0]{name}");
    let mut fields = vec![
        ("mode".to_owned(), "payment".to_owned()),
        ("client_reference_id".to_owned(), order.checkout.to_string()),
        (item("[quantity]"), "1".to_owned()),
        (
            item("[price_data][currency]"),
            order.amount.currency().code().to_lowercase(),
        ),
        (item("[price_data][unit_amount]"), unit_amount.to_string()),
        (
            item("[price_data][product_data][name]"),
            product_name(&order.purpose, &order.creditor_name),
        ),
        ("locale".to_owned(), stripe::locale(order.locale).to_owned()),
        ("success_url".to_owned(), order.success_url.clone()),
        ("cancel_url".to_owned(), order.cancel_url.clone()),
        ("expires_at".to_owned(), order.expires_at.timestamp().to_string()),
    ];
    if let Some(email) = order.email {
        fields.push(("customer_email".to_owned(), email.to_owned()));
    }
    // On the payment too: from there Stripe copies it to the charge, which refunds and chargebacks are told of.
    for (name, value) in [
        ("checkout", order.checkout.as_str()),
        ("customer", order.customer.as_str()),
        ("link", order.link.as_str()),
    ] {
        fields.push((format!("metadata[{name}]"), value.to_owned()));
        fields.push((format!("payment_intent_data[metadata][{name}]"), value.to_owned()));
    }
    Ok(fields)
}

/// Characters of a product's name that a payer still reads; Stripe takes 5,000 and shows two lines.
const NAME_SHOWN: usize = 250;

/// What the payer sees: the invoices' numbers, or who is paid where the link is for no invoice.
fn product_name(purpose: &str, creditor_name: &str) -> String {
    let name = if purpose.is_empty() {
        creditor_name
    } else {
        purpose
    };
    match name.char_indices().nth(NAME_SHOWN) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or(name)),
        None => name.to_owned(),
    }
}
