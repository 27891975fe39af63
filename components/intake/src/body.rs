//! A bulk body, read piece by piece, and the digest that tells it from others.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use web::{Cx, Problem, Stream, limits, secrets};

/// Where the pieces of a body come from.
pub(crate) trait Source {
    /// The next piece; `None` at the end.
    async fn piece(&mut self) -> Result<Option<Bytes>, Problem>;
}

impl Source for Stream {
    async fn piece(&mut self) -> Result<Option<Bytes>, Problem> {
        Stream::piece(self).await
    }
}

/// A body that is read piece by piece, and its digest up to a byte.
pub(crate) struct Body<S> {
    source: S,
    digest: Sha256,
    /// Bytes that are in the digest.
    pub(crate) hashed: u64,
    /// Pieces that were read and are not in the digest yet, at most a batch and a piece.
    waiting: VecDeque<Bytes>,
    ended: bool,
}

impl Body<Stream> {
    /// The digest begins with what else makes the request what it is.
    pub(crate) fn new(cx: &Cx) -> Result<Self, Problem> {
        let words = [
            cx.method().as_str(),
            cx.path(),
            cx.raw_query(),
            cx.header("content-type").unwrap_or(""),
        ];
        let request = secrets::fingerprint(&words.map(str::as_bytes));
        Ok(Body::of(cx.stream(limits::BULK_BODY)?, &request))
    }
}

impl<S: Source> Body<S> {
    fn of(source: S, request: &str) -> Self {
        Self {
            source,
            digest: Sha256::new_with_prefix(request),
            hashed: 0,
            waiting: VecDeque::new(),
            ended: false,
        }
    }

    /// The next piece, which waits for its place in the digest.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.ended {
            return Ok(None);
        }
        let piece = self.source.piece().await?;
        self.ended = piece.is_none();
        self.waiting.extend(piece.clone());
        Ok(piece)
    }

    /// What was read and is not in the digest yet.
    pub(crate) fn ahead(&self) -> impl Iterator<Item = &[u8]> {
        self.waiting.iter().map(AsRef::as_ref)
    }

    /// Takes the bytes before `end` that were read into the digest.
    pub(crate) fn hash_to(&mut self, end: u64) {
        while let Some(mut piece) = self.waiting.pop_front() {
            let left = usize::try_from(end.saturating_sub(self.hashed)).unwrap_or(usize::MAX);
            let taken = piece.split_to(left.min(piece.len()));
            self.digest.update(&taken);
            self.hashed = self
                .hashed
                .saturating_add(u64::try_from(taken.len()).unwrap_or(u64::MAX));
            if !piece.is_empty() {
                self.waiting.push_front(piece);
                return;
            }
        }
    }

    /// Reads on to the byte `end`, or to the body's, and no row.
    pub(crate) async fn pass_over(&mut self, end: u64) -> Result<(), Problem> {
        while self.hashed < end && self.piece().await?.is_some() {
            self.hash_to(end);
        }
        Ok(())
    }

    /// What tells the request, and as much of its body, from others.
    pub(crate) fn digest(&self) -> String {
        secrets::hex(&self.digest.clone().finalize())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A body that is there already, in pieces of so many bytes.
    pub(crate) fn pieces(bytes: &[u8], size: usize) -> Body<VecDeque<Bytes>> {
        let pieces = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
        Body::of(pieces, "POST /v1/invoices")
    }

    impl Source for VecDeque<Bytes> {
        async fn piece(&mut self) -> Result<Option<Bytes>, Problem> {
            Ok(self.pop_front())
        }
    }
}
