//! Payment providers: one trait, one file a provider.

mod sandbox;

use receivables::id::CheckoutId;
use receivables::money::Money;
use web::{Cx, Problem};

/// What a provider is asked to collect.
pub(crate) struct Order<'a> {
    /// Our name for it: the provider's client reference and idempotency key.
    pub(crate) checkout: &'a CheckoutId,
    /// How much.
    pub(crate) amount: Money,
    /// Who is paid.
    pub(crate) creditor_name: &'a str,
    /// What the payer sees as its purpose.
    pub(crate) purpose: String,
    /// Where the payer comes back to after paying.
    pub(crate) success_url: String,
    /// And without.
    pub(crate) cancel_url: String,
}

/// Somebody who collects money for us.
pub(crate) trait Provider {
    /// Its name in the ledger.
    const NAME: &'static str;

    /// Opens a session and answers with the address to send the payer to.
    async fn open(&self, order: &Order<'_>) -> Result<String, Problem>;
}

/// The provider that this deployment is set up with.
pub(crate) async fn configured(cx: &Cx) -> Result<Option<sandbox::Sandbox>, Problem> {
    Ok(cx.setting("sandbox_secret").await?.map(sandbox::Sandbox::new))
}
