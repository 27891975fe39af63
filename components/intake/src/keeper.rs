//! What is kept of a bulk intake under its `Idempotency-Key`: how far it came, and in the end its answer.

use crate::batch;
use crate::stream::{Request, State};
use store::progress::{self, Progress};
use store::{Tx, idempotency};
use web::once::in_progress;
use web::{Cx, Principal, Problem, Reply};

/// Keeps, under the request's key if it has one, how far it came, and its answer.
pub(crate) struct Keeper<'a> {
    cx: &'a Cx,
    tx: &'a Tx<'a>,
    principal: &'a Principal,
    key: Option<&'a str>,
}

impl<'a> Keeper<'a> {
    /// Refuses to go on where another request with the key has.
    pub(crate) async fn new(
        cx: &'a Cx,
        tx: &'a Tx<'a>,
        request: &Request<'a>,
        key: Option<&'a str>,
        before: Option<&Progress>,
    ) -> Result<Self, Problem> {
        let principal = request.principal;
        if let Some(key) = key
            && (idempotency::find(tx, &principal.id, key).await?.is_some()
                || progress::find(tx, &principal.id, key).await?.as_ref() != before)
        {
            return Err(in_progress());
        }
        Ok(Self {
            cx,
            tx,
            principal,
            key,
        })
    }

    /// After a batch: how far it came.
    pub(crate) async fn record(&self, now: &Progress, state: &State) -> Result<Option<Progress>, Problem> {
        let Some(key) = self.key else { return Ok(None) };
        let state =
            serde_json::to_value(state).map_err(|error| Problem::internal(format!("progress: {error}")))?;
        let progress = Progress { state, ..now.clone() };
        progress::save(self.tx, self.cx.moment(), &self.principal.id, key, &progress).await?;
        Ok(Some(progress))
    }

    /// After all of them: the answer.
    pub(crate) async fn conclude(&self, digest: &str, state: &State) -> Result<Reply, Problem> {
        let reply = answer(state);
        if let Some(key) = self.key {
            progress::clear(self.tx, &self.principal.id, key).await?;
            self.cx
                .keep_answer(self.tx, self.principal, key, digest, &reply)
                .await?;
        }
        Ok(reply)
    }
}

fn answer(state: &State) -> Reply {
    let mut body = state.tally.as_json();
    if let (Some(layout), Some(members)) = (&state.layout, body.as_object_mut()) {
        members.insert("table".to_owned(), batch::table_as_json(layout));
    }
    Reply::json(200, &body)
}
