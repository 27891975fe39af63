//! The one point that every call of a component to this host passes, and what may be done to it there.
//!
//! Whoever implements [`Interpose`] sees each call [before](Interpose::before) and [after](Interpose::after) it is made
//! and lets it go, lets it fail with an error of its own interface, or stops the instance there and then: as a trap
//! does, with every request in it and all its connections, so that SQLite rolls back. It may answer outbound HTTP
//! within the process ([`World`]) and say what instances find random ([`Interpose::seed`]).
//!
//! In production there is none of it; a call then costs one look at an empty `Option`.
//!
//! Left out are calls that neither touch nor carry anything that outlives the instance: clocks, randomness, log lines,
//! the request's own body and its answer. To crash at one of those is to crash between the two calls around it.

mod failure;
mod gate;
mod seeded;

pub use failure::Failure;
pub(crate) use gate::Gate;
pub(crate) use seeded::Seeded;

use bytes::Bytes;
use http::{Request, Response};
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

/// Which call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A connection is made. SQLite opens the file at the first use.
    SqliteOpen,
    /// A statement. Where it answers with no more rows than are streamed ahead, it has been stepped to its end when
    /// the call returns: after a COMMIT, what it commits is durable. A [`Failure`] before it comes late, as Spin's do.
    SqliteExecute,
    /// The late result of a statement, when the component asks for it.
    SqliteEnd,
    /// `changes` and `last-insert-rowid`.
    SqliteAsk,
    /// A connection is given back. It cannot fail.
    SqliteClose,
    /// A store is opened.
    KvOpen,
    /// A value is read.
    KvGet,
    /// A value is written.
    KvSet,
    /// A value is deleted.
    KvDelete,
    /// A key is asked for.
    KvExists,
    /// All keys are listed. It cannot fail.
    KvKeys,
    /// A request to somebody else, up to the head of the answer.
    HttpSend,
    /// A connection of a socket. There is nothing after it; each failure is a refusal.
    SocketConnect,
    /// A variable is read.
    Variable,
}

/// A call of a component.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Who makes it.
    pub component: &'a str,
    /// Which of its instance's calls, from 0; the same before and after. Several may be under way.
    pub n: u64,
    /// What it is.
    pub kind: Kind,
    /// What it is about: the statement, the key, the variable, the address without its query.
    pub detail: &'a str,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It is made, or the component learns its answer.
    Go,
    /// The instance ends here, with every request in it.
    Trap,
    /// The component is told this instead: before the call, which is not made, or after it.
    Fail(Failure),
}

/// Who decides what becomes of calls.
pub trait Interpose: Debug + Send + Sync + 'static {
    /// A call is about to be made.
    fn before(&self, _: &Call<'_>) -> Then {
        Then::Go
    }

    /// A call was made, and the component does not know yet.
    fn after(&self, _: &Call<'_>) -> Then {
        Then::Go
    }

    /// Who answers outbound HTTP; None: the network. The allow list applies to either.
    fn world(&self) -> Option<Arc<dyn World>> {
        None
    }

    /// What a new instance of `component` draws all its randomness from; None: the system's. Asked once an instance.
    fn seed(&self, _component: &str) -> Option<u64> {
        None
    }
}

/// An answer that is under way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Failure>> + Send + 'a>>;

/// Everybody whom components call, within the process.
pub trait World: Debug + Send + Sync + 'static {
    /// Answers a request, whose address is whole.
    fn answer<'a>(&'a self, component: &'a str, request: Request<Bytes>) -> Answering<'a>;
}
