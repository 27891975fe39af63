//! Idempotent writes: work, and the answer to it, in one transaction.
//!
//! The first request with a key does the work and keeps its answer in the same commit. One that comes while the
//! first still runs waits for the write lock and then finds that answer; when it cannot wait long enough it is told
//! so with 409. A failed request keeps nothing: trying again is trying anew.

use crate::auth::Principal;
use crate::context::Cx;
use crate::limits;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::secrets;
use http::{HeaderName, HeaderValue};
use store::idempotency::{self, Given};
use store::{Transient, Tx};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

impl Cx {
    /// Runs `work` in a transaction, at most once per `Idempotency-Key` of this principal.
    pub async fn once<F>(&self, principal: &Principal, body: &[u8], mut work: F) -> Result<Reply, Problem>
    where
        F: AsyncFnMut(&Tx<'_>) -> Result<Reply, Problem>,
    {
        let db = self.db().await?;
        let Some(key) = self.idempotency_key()? else {
            return db.transaction(async |tx: &Tx<'_>| work(tx).await).await;
        };
        let fingerprint =
            secrets::fingerprint(&[self.method().as_str().as_bytes(), self.path().as_bytes(), body]);
        let outcome = db
            .transaction(async |tx: &Tx<'_>| {
                if let Some(given) = idempotency::find(tx, &principal.id, key).await? {
                    return replay(given, &fingerprint);
                }
                let reply = work(tx).await?;
                self.keep_answer(tx, principal, key, &fingerprint, &reply).await?;
                Ok(reply)
            })
            .await;
        match outcome {
            Err(problem) if problem.is_transient() => Err(in_progress()),
            outcome => outcome,
        }
    }

    /// Keeps the answer to a request with this key, for one that does its work in several transactions: in the last.
    pub async fn keep_answer(
        &self,
        tx: &Tx<'_>,
        principal: &Principal,
        key: &str,
        fingerprint: &str,
        reply: &Reply,
    ) -> Result<(), Problem> {
        let given = Given {
            fingerprint: fingerprint.to_owned(),
            status: reply.status.as_u16(),
            body: String::from_utf8_lossy(&reply.body).into_owned(),
        };
        Ok(idempotency::keep(tx, self.moment(), &principal.id, key, &given).await?)
    }

    /// The request's `Idempotency-Key`, if it has one.
    pub fn idempotency_key(&self) -> Result<Option<&str>, Problem> {
        let Some(key) = self.header("idempotency-key") else {
            return Ok(None);
        };
        match (1..=limits::IDEMPOTENCY_KEY).contains(&key.len()) {
            true => Ok(Some(key)),
            false => Err(Problem::bad_request(format!(
                "An Idempotency-Key has 1 to {} characters.",
                limits::IDEMPOTENCY_KEY
            ))),
        }
    }
}

/// 409: the first request with the key still runs.
pub fn in_progress() -> Problem {
    Problem::conflict(
        "idempotency_in_progress",
        "The first request with this Idempotency-Key still runs; ask again in a moment.",
    )
}

/// 422: the key stands for another request.
pub fn key_reused() -> Problem {
    Problem::unprocessable(
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request.",
    )
}

/// The answer that was given before, to the same request.
pub fn replay(given: Given, fingerprint: &str) -> Result<Reply, Problem> {
    if given.fingerprint != fingerprint {
        return Err(key_reused());
    }
    if given.is_erased() {
        return Err(Problem::conflict(
            "answer_erased",
            "This request was done; its answer was erased with the person whose data it held.",
        ));
    }
    let body: serde_json::Value = serde_json::from_str(&given.body)
        .map_err(|error| Problem::internal(format!("kept answer: {error}")))?;
    Ok(Reply::json(given.status, &body).with_header(REPLAYED, HeaderValue::from_static("true")))
}
