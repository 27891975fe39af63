//! An accounting system that holds documents and hands tokens out, behind a recorder: each token is another one, and
//! only the latest is taken, as are refresh tokens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::harness::{Fault, Recorder, Reply, Request};

#[derive(Default)]
struct State {
    /// By path.
    documents: BTreeMap<String, Value>,
    /// How many tokens were handed out.
    tokens: u32,
}

/// A running one.
pub(super) struct Accounting {
    recorder: Recorder,
    state: Arc<Mutex<State>>,
}

impl Accounting {
    pub(super) fn start() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let kept = Arc::clone(&state);
        let recorder = Recorder::start(move |request| kept.lock().expect("state").answer(request));
        Self { recorder, state }
    }

    pub(super) fn url(&self) -> String {
        self.recorder.url()
    }

    /// Puts a document at a path, in place of what was there.
    pub(super) fn holds(&self, path: &str, document: &Value) {
        let mut state = self.state.lock().expect("state");
        state.documents.insert(path.to_owned(), document.clone());
    }

    pub(super) fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.recorder.next(faults);
    }

    pub(super) fn wait_for(&self, requests: usize) {
        self.recorder.wait_for(requests);
    }

    pub(super) fn journal(&self) -> Vec<Request> {
        self.recorder.journal()
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Reply {
        if request.path == "/connect/token" || request.path == "/oauth2/v1/tokens/bearer" {
            return self.token(request);
        }
        if request.header("authorization") != Some(&format!("Bearer access-{}", self.tokens)) {
            return Reply::json(401, &json!({"Title": "Unauthorized"}));
        }
        match self.documents.get(&request.path) {
            Some(document) => Reply::json(200, document),
            None => Reply::json(404, &json!({"Title": "Not Found"})),
        }
    }

    fn token(&mut self, request: &Request) -> Reply {
        let latest = format!("refresh_token=refresh-{}", self.tokens);
        if request.body.contains("grant_type=refresh_token") && !request.body.ends_with(&latest) {
            return Reply::json(400, &json!({"error": "invalid_grant"}));
        }
        self.tokens += 1;
        Reply::json(
            200,
            &json!({"access_token": format!("access-{}", self.tokens), "expires_in": 3600, "token_type": "Bearer",
                "refresh_token": format!("refresh-{}", self.tokens), "x_refresh_token_expires_in": 8_726_400}),
        )
    }
}
