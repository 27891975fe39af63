//! Delivery providers: one trait, one file a provider. Those over HTTP read an answer that concerns more than one
//! message the same way ([`http`]).

mod http;
mod mailbox;
mod postmark;
mod sendgrid;

pub(crate) use mailbox::Mailbox;
pub(crate) use postmark::Postmark;
pub(crate) use sendgrid::SendGrid;

use chrono::{DateTime, Utc};
use render::Rendered;
use store::delivery::{Claimed, Outcome};
use web::{Cx, Problem};

/// What a provider keeps with a message and gives back in its webhooks: our id.
pub(crate) const OUR_ID: &str = "dunlin_message";
/// The header under which a recipient's mail server sees it.
const OUR_HEADER: &str = "X-Dunlin-Message";

/// Who writes.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    pub(crate) name: String,
    pub(crate) email: String,
    /// Where answers go.
    pub(crate) reply_to: Option<String>,
}

/// A message ready to leave.
pub(crate) struct Letter {
    pub(crate) message: Claimed,
    pub(crate) rendered: Rendered,
    pub(crate) sender: Sender,
}

impl Letter {
    /// The outcome of one that the provider has.
    fn sent(&self, provider_id: Option<String>) -> Outcome {
        Outcome::Sent {
            subject: self.rendered.subject.clone(),
            provider_id,
        }
    }
}

/// What became of one call.
pub(crate) struct Called {
    /// In the order of the letters, one each.
    pub(crate) outcomes: Vec<Outcome>,
    /// Why nothing more is to be sent in this run.
    pub(crate) stop: Option<Stop>,
}

/// Why a run ends before its messages do. What it had not begun to send was never claimed.
pub(crate) enum Stop {
    /// The provider wants to be left alone until then.
    Until(DateTime<Utc>, String),
    /// No connection stands: the others keep their attempts.
    Unreached,
    /// The provider does not serve this deployment as it is set up; nothing is wrong with the messages.
    Setup(Problem),
}

/// Somebody who delivers email.
pub(crate) trait Provider {
    /// Its name in the ledger.
    const NAME: &'static str;
    /// Whether it knows a message id that it has seen, so that sending again is safe.
    const DEDUPLICATES: bool;
    /// Messages of one call.
    const PER_CALL: usize;
    /// Calls at a time. What a crash leaves open is at most what these carry.
    const CALLS: usize;

    /// Sends all of `letters`, at most [`Self::PER_CALL`], with one call.
    async fn send(&self, cx: &Cx, letters: &[Letter]) -> Called;
}
