//! Everybody whom Dunlin calls, within the process: Stripe, Postmark and a system that follows the events, with the
//! troubles of real ones.
//!
//! What goes wrong with a call follows from the seed and from what the call is about, never from the order of calls.

use super::erp::{self, Erp};
use super::mail::Post;
use super::random::Random;
use super::stripe::Stripe;
use crate::interpose::{Answering, Failure, World};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, Response, StatusCode, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where they are said to be.
pub(super) const STRIPE_URL: &str = "https://stripe.example";
pub(super) const POSTMARK_URL: &str = "https://postmark.example";

/// Of a thousand calls, how many meet trouble.
const TROUBLE_PER_MILLE: u64 = 40;

/// The other side, with what happens there.
#[derive(Debug)]
pub(super) struct Outside {
    seed: u64,
    troubled: bool,
    inside: Mutex<Inside>,
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Inside {
    pub(super) now: DateTime<Utc>,
    /// The step of the run: tells what was known when.
    pub(super) step: u64,
    pub(super) stripe: Stripe,
    pub(super) post: Post,
    pub(super) erp: Erp,
    tries: BTreeMap<String, u64>,
    calm: bool,
    /// Troubles that calls met, by what they were.
    pub(super) met: BTreeMap<&'static str, u64>,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// Nothing.
    None,
    /// It does not arrive.
    Refused,
    /// It arrives, takes effect, and the answer is lost.
    AnswerLost,
    /// 500.
    Broken,
    /// 429, with a time to wait.
    Busy,
}

impl Outside {
    pub(super) fn new(seed: u64, troubled: bool) -> Self {
        Self {
            seed,
            troubled,
            inside: Mutex::default(),
        }
    }

    pub(super) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nobody is in trouble.
    pub(super) fn calm(&self) {
        self.inside().calm = true;
    }

    fn trouble(&self, inside: &mut Inside, about: &str) -> Trouble {
        let tries = inside.tries.entry(about.to_owned()).or_default();
        *tries += 1;
        let tries = *tries;
        let mut draw = Random::of(self.seed, &format!("call {about} {tries}"));
        if !self.troubled || inside.calm || tries > 4 || !draw.chance(TROUBLE_PER_MILLE) {
            return Trouble::None;
        }
        let (trouble, name) = draw.weighed(
            &[
                (3, (Trouble::Refused, "provider away")),
                (3, (Trouble::AnswerLost, "provider's answer lost")),
                (2, (Trouble::Broken, "provider broken (500)")),
                (2, (Trouble::Busy, "provider busy (429)")),
            ],
            (Trouble::None, ""),
        );
        *inside.met.entry(name).or_default() += 1;
        trouble
    }

    fn answer_now(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, Failure> {
        let mut inside = self.inside();
        let host = request.uri().host().unwrap_or_default();
        let stripe = host == "stripe.example";
        let about = about(request);
        let trouble = self.trouble(&mut inside, &about);
        match trouble {
            Trouble::Refused => return Err(Failure::HttpConnectionRefused),
            Trouble::Broken => return Ok(reply(500, &json!({"message": "something broke"}))),
            Trouble::Busy => {
                let body =
                    json!({"ErrorCode": 429, "Message": "too much", "error": {"type": "rate_limit_error"}});
                let mut answer = reply(429, &body);
                answer
                    .headers_mut()
                    .insert(header::RETRY_AFTER, header::HeaderValue::from_static("600"));
                return Ok(answer);
            }
            Trouble::None | Trouble::AnswerLost => {}
        }
        let Inside {
            now,
            step,
            stripe: shop,
            post,
            erp,
            ..
        } = &mut *inside;
        let (status, body) = match (stripe, host) {
            (true, _) => shop.answer(request, *now),
            (_, "postmark.example") => post.answer(request.body(), *now, *step),
            (_, erp::HOST) => erp.answer(request),
            _ => (404, json!({"message": "nobody is here"})),
        };
        match trouble {
            Trouble::AnswerLost => Err(Failure::HttpConnectionReadTimeout),
            _ => Ok(reply(status, &body)),
        }
    }
}

/// What a call is about, the same at each try.
fn about(request: &Request<Bytes>) -> String {
    let key = request
        .headers()
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    key.map_or_else(
        || {
            let mut hash = Random::of(0, &String::from_utf8_lossy(request.body()));
            format!("{} {} {:x}", request.method(), request.uri(), hash.next())
        },
        str::to_owned,
    )
}

pub(super) fn reply(status: u16, body: &Value) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(body.to_string()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

impl World for Outside {
    fn answer<'a>(&'a self, _: &'a str, request: Request<Bytes>) -> Answering<'a> {
        Box::pin(async move { self.answer_now(&request) })
    }
}
