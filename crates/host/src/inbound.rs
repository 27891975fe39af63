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
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use wasmtime_wasi_http::{Error, WasiBody};

/// Whether a request's body turned out to be larger than [`REQUEST_BODY_BYTES`].
#[derive(Debug, Clone, Default)]
pub(crate) struct TooLarge(Arc<AtomicBool>);

impl TooLarge {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Puts the limit around a request's body. A body whose declared length is over it is known at once.
pub(crate) fn limited(request: Request<Incoming>) -> (Request<WasiBody>, TooLarge) {
    let too_large = TooLarge::default();
    if request.body().size_hint().lower() > REQUEST_BODY_BYTES {
        too_large.set();
    }
    let asked = !request.headers().contains_key(header::EXPECT);
    let watched = too_large.clone();
    let request = request.map(|body| {
        Limited {
            body: Some(body),
            seen: 0,
            asked,
            too_large: watched,
        }
        .boxed_unsync()
    });
    (request, too_large)
}

struct Limited {
    /// None once it has ended.
    body: Option<Incoming>,
    seen: u64,
    /// Whether the client sends, or was asked to.
    asked: bool,
    too_large: TooLarge,
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
        let frame = ready!(Pin::new(body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, Buf::remaining);
                self.seen = self
                    .seen
                    .saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
                if self.seen > REQUEST_BODY_BYTES {
                    self.too_large.set();
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
