//! Counts the requests of this instance, and holds an answer that has begun.

use bytes::Bytes;
use http_body::{Body, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Requests that this instance was given.
static SERVED: AtomicUsize = AtomicUsize::new(0);

/// Requests that this instance is at work on.
static IN_FLIGHT: AtomicUsize = AtomicUsize::new(0);

/// How many requests this instance was given, this one included.
pub(crate) fn served() -> usize {
    SERVED.load(Ordering::Relaxed)
}

/// How many requests this instance is at work on, this one included.
pub(crate) fn in_flight() -> usize {
    IN_FLIGHT.load(Ordering::Relaxed)
}

/// A request in flight, for as long as the value lives.
pub(crate) struct InFlight;

impl InFlight {
    pub(crate) fn begin() -> Self {
        SERVED.fetch_add(1, Ordering::Relaxed);
        IN_FLIGHT.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        IN_FLIGHT.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body that begins at once, and ends later.
pub(crate) struct Held {
    begin: Option<Bytes>,
    wait: Option<Pin<Box<dyn Future<Output = ()>>>>,
    _in_flight: InFlight,
}

impl Held {
    pub(crate) fn new(in_flight: InFlight, time: Duration) -> Self {
        Self {
            begin: Some(Bytes::from_static(b"begin\n")),
            wait: Some(Box::pin(spin_sdk::time::sleep(time))),
            _in_flight: in_flight,
        }
    }
}

impl Body for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(begin) = self.begin.take() {
            return Poll::Ready(Some(Ok(Frame::data(begin))));
        }
        let Some(wait) = &mut self.wait else {
            return Poll::Ready(None);
        };
        ready!(wait.as_mut().poll(context));
        self.wait = None;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"end\n")))))
    }
}
