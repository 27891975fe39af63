//! The store on a real database, natively: without a host, without WebAssembly, with nothing between it and the tests.
//!
//! `cargo test -p store --features native --test native`. One program, since most of its time goes into compiling it; each
//! module has a ledger of its own ([`ground`]).

mod agreements;
mod attempts;
mod bank;
mod billing;
mod charges;
mod delivery;
mod desk;
mod drafts;
mod ground;
mod intake;
mod law;
mod ledgers;
mod money;
mod notices;
mod phone;
mod relay;
mod templates;
mod told;
mod trail;
mod upgrade;
mod world;
