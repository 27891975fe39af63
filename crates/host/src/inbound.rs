//! A request's body on its way from the connection to a component, with its size limit.
//!
//! Whoever answers before the body is read leaves a client that is still sending; closing on it would reset
//! the connection, and the answer would be lost. So what is left unread is read and thrown away, within
//! bounds, unless the client waits to be asked for its body (`Expect: 100-continue`) and has not been.

use crate::limits::{DISCARD_TIME, DISCARDED_BODY_BYTES, REQUEST_BODY_BYTES};
use bytes::{Buf, Bytes};
use http::{Request, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use wasmtime_wasi_http::{Error, WasiBody};

/// What is known by now of a request's body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrival(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    too_large: AtomicBool,
    client: Mutex<Client>,
}

/// How long the client has been waited for.
#[derive(Debug, Default)]
struct Client {
    so_far: Duration,
    /// Where it is waited for just now.
    since: Option<Instant>,
}

impl Arrival {
    /// Whether it turned out to be larger than [`REQUEST_BODY_BYTES`].
    pub(crate) fn is_too_large(&self) -> bool {
        self.0.too_large.load(Ordering::Relaxed)
    }

    /// What the answer to a request that began at `start` has taken us, without the time in which its client was to send;
    /// None where it still is.
    pub(crate) fn answered_within(&self, start: Instant) -> Option<Duration> {
        let client = self.client();
        let took = start.elapsed().saturating_sub(client.so_far);
        client.since.is_none().then_some(took)
    }

    fn too_large(&self) {
        self.0.too_large.store(true, Ordering::Relaxed);
    }

    fn client_is_awaited(&self) {
        self.client().since.get_or_insert_with(Instant::now);
    }

    fn client_has_sent(&self) {
        let mut client = self.client();
        if let Some(since) = client.since.take() {
            client.so_far = client.so_far.saturating_add(since.elapsed());
        }
    }

    fn client(&self) -> MutexGuard<'_, Client> {
        self.0.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts the limit around a request's body. A body whose declared length is over it is known at once.
pub(crate) fn limited(request: Request<Incoming>) -> (Request<WasiBody>, Arrival) {
    let arrival = Arrival::default();
    if request.body().size_hint().lower() > REQUEST_BODY_BYTES {
        arrival.too_large();
    }
    let asked = !request.headers().contains_key(header::EXPECT);
    let watched = arrival.clone();
    let request = request.map(|body| {
        Limited {
            body: Some(body),
            seen: 0,
            asked,
            arrival: watched,
        }
        .boxed_unsync()
    });
    (request, arrival)
}

struct Limited {
    /// None once it has ended.
    body: Option<Incoming>,
    seen: u64,
    /// Whether the client sends, or was asked to.
    asked: bool,
    arrival: Arrival,
}

impl Body for Limited {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.asked = true;
        let Some(body) = self.body.as_mut() else {
            return Poll::Ready(None);
        };
        let Poll::Ready(frame) = Pin::new(body).poll_frame(context) else {
            self.arrival.client_is_awaited();
            return Poll::Pending;
        };
        self.arrival.client_has_sent();
        match &frame {
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, Buf::remaining);
                self.seen = self
                    .seen
                    .saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
                if self.seen > REQUEST_BODY_BYTES {
                    self.arrival.too_large();
                    return Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(REQUEST_BODY_BYTES)))));
                }
            }
            Some(Err(_)) | None => self.body = None,
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Error::from)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        let Some(body) = self
            .body
            .take()
            .filter(|body| self.asked && !body.is_end_stream())
        else {
            return;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(DISCARD_TIME, discard(body)));
        }
    }
}

async fn discard(mut body: Incoming) {
    let mut left = DISCARDED_BODY_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Buf::remaining);
        left = left.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
        if left == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_takes_is_without_the_time_in_which_its_client_was_to_send() {
        let arrival = Arrival::default();
        let long_ago = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        assert!(arrival.answered_within(long_ago).unwrap() >= Duration::from_secs(60));
        arrival.client_is_awaited();
        arrival.client().since = Some(long_ago);
        assert_eq!(arrival.answered_within(long_ago), None, "it still is");
        arrival.client_is_awaited();
        arrival.client_has_sent();
        assert!(arrival.answered_within(long_ago).unwrap() < Duration::from_secs(30));
    }
}
