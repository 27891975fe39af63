//! Starts Dunlin, talks to it as a client does, and leaves nothing behind.

mod app;
pub(crate) mod canary;
mod http;
mod partner;
mod recorder;
mod world;

pub(crate) use app::{App, GUARD, build_once, dunlin, exe, own, random_seed, say, skipped};
pub(crate) use http::{Answer, Call};
pub(crate) use partner::Partner;
pub(crate) use recorder::{Fault, Recorder, Reply, Request};
pub(crate) use world::{Known, customer, invoice, payment, unique};
