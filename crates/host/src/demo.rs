//! The demo: a made-up ledger to look around in ([`seed`]), and the whole path played on its own ([`play`]).
//!
//! Both use the app as any client would, through its public API.

mod client;
mod ledger;
mod walk;

pub use ledger::seed;
pub use walk::play;
