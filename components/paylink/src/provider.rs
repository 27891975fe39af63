//! Payment providers: one trait, one file and one row of [`PROVIDERS`] a provider.

mod sandbox;
mod stripe;

use chrono::{DateTime, Utc};
use receivables::id::{CheckoutId, CustomerId, LinkId};
use receivables::money::Money;
use receivables::paylink::Session;
use std::pin::Pin;
use web::{Cx, Problem};

/// What a provider is asked to collect. Asked again with the same checkout it must be the same in every field, since a
/// provider refuses another request under a name that it knows.
pub(crate) struct Order<'a> {
    /// Our name for it: the provider's client reference and idempotency key.
    pub(crate) checkout: &'a CheckoutId,
    /// Who pays.
    pub(crate) customer: &'a CustomerId,
    /// Through which link.
    pub(crate) link: &'a LinkId,
    /// How much.
    pub(crate) amount: Money,
    /// Who is paid.
    pub(crate) creditor_name: String,
    /// What the payer sees as its purpose.
    pub(crate) purpose: String,
    /// Where the payer gets mail.
    pub(crate) email: Option<&'a str>,
    /// The payer's language.
    pub(crate) locale: &'a str,
    /// Where the payer comes back to after paying.
    pub(crate) success_url: String,
    /// And without.
    pub(crate) cancel_url: String,
    /// Until when the session is to last.
    pub(crate) expires_at: DateTime<Utc>,
}

/// Why there is no session.
pub(crate) enum Unopened {
    /// Asked again under the same name, the provider may still open it.
    TryAgain(Problem),
    /// Under this name there never will be one.
    Over(Problem),
}

/// What has become of a session that was to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Nobody can pay it any more.
    Unpaid,
    /// The payer was faster; the provider's confirmation is on its way.
    Paid,
}

/// What a provider will have done.
pub(crate) type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Somebody who collects money for us.
pub(crate) trait Provider {
    /// Its name in the ledger.
    fn name(&self) -> &'static str;

    /// Whether it only plays: no money moves, and the payer must be told so.
    fn plays(&self) -> bool {
        false
    }

    /// Opens a session.
    fn open<'a>(&'a self, cx: &'a Cx, order: &'a Order<'_>) -> Doing<'a, Result<Session, Unopened>>;

    /// Makes sure that a session is not paid from now on.
    fn close<'a>(&'a self, session: &'a str) -> Doing<'a, Result<Closed, Problem>>;
}

/// A provider as it is set up here; `None` where it is not.
type SetUp = for<'a> fn(&'a Cx) -> Doing<'a, Result<Option<Box<dyn Provider>>, Problem>>;

/// Every provider; the first one that is set up takes new payments.
const PROVIDERS: &[(&str, SetUp)] = &[(stripe::NAME, stripe::set_up), (sandbox::NAME, sandbox::set_up)];

/// The provider that takes new payments, if there is one.
pub(crate) async fn configured(cx: &Cx) -> Result<Option<Box<dyn Provider>>, Problem> {
    for (_, set_up) in PROVIDERS {
        if let Some(provider) = set_up(cx).await? {
            return Ok(Some(provider));
        }
    }
    Ok(None)
}

/// The provider of that name, if it is set up: an earlier session may be with another than takes new payments.
pub(crate) async fn named(cx: &Cx, name: &str) -> Result<Option<Box<dyn Provider>>, Problem> {
    match PROVIDERS.iter().find(|(candidate, _)| *candidate == name) {
        Some((_, set_up)) => set_up(cx).await,
        None => Ok(None),
    }
}
