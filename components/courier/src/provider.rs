//! Delivery providers: one trait, one file a provider.

mod mailbox;

pub(crate) use mailbox::Mailbox;

use render::Rendered;
use store::Db;
use store::delivery::{Claimed, Outcome};
use web::{Cx, Problem};

/// A message ready to leave.
pub(crate) struct Letter<'a> {
    pub(crate) message: &'a Claimed,
    pub(crate) rendered: Rendered,
    pub(crate) sender: String,
    pub(crate) reply_to: Option<String>,
}

/// Somebody who delivers email.
pub(crate) trait Provider {
    /// Its name in the ledger.
    const NAME: &'static str;
    /// Whether it knows a message id that it has seen, so that sending again is safe.
    const DEDUPLICATES: bool;

    /// Sends all of `letters`; the outcomes stand in their order.
    async fn send(&self, cx: &Cx, db: &Db, letters: &[Letter<'_>]) -> Result<Vec<Outcome>, Problem>;
}
