//! A fake of Postmark on loopback: takes every message and answers after [`DELAY`], as a provider some way off does.

use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What a call to the provider takes.
pub(crate) const DELAY: Duration = Duration::from_millis(50);

/// The running fake; it ends when this is dropped.
pub(crate) struct Provider {
    pub(crate) address: SocketAddr,
    calls: Arc<AtomicUsize>,
    runtime: tokio::runtime::Runtime,
}

impl Provider {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let calls = Arc::new(AtomicUsize::new(0));
        let router = Router::new()
            .route(
                "/email",
                post(|Json(message): Json<Value>| async move { Json(accepted(&message)) }),
            )
            .route(
                "/email/batch",
                post(|Json(messages): Json<Vec<Value>>| async move {
                    Json(messages.iter().map(accepted).collect::<Vec<_>>())
                }),
            )
            .layer(axum::middleware::from_fn({
                let calls = Arc::clone(&calls);
                move |request, next: axum::middleware::Next| {
                    calls.fetch_add(1, Ordering::Relaxed);
                    async move {
                        tokio::time::sleep(DELAY).await;
                        next.run(request).await
                    }
                }
            }))
            .layer(axum::extract::DefaultBodyLimit::disable());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            address,
            calls,
            runtime,
        })
    }

    /// How often it was called.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Ends it without waiting for connections that are kept alive.
    pub(crate) fn stop(self) {
        self.runtime.shutdown_background();
    }
}

fn accepted(message: &Value) -> Value {
    json!({"To": message.get("To"), "SubmittedAt": crate::NOW, "ErrorCode": 0, "Message": "OK",
        "MessageID": "0a129aee-e1cd-480d-b08d-4f48548ff48d"})
}
