//! The whole app, from outside: the real host, the real components, requests as clients send them.
//!
//! One file a subject; each test tells what a client may rely on. Tests that only add data of their own share
//! one running app; those that move its clock, stop it or look at all of its data start their own.
//!
//! With `DUNLIN_BASE_URL`, the shared app is the deployment there, on whatever host and on a real clock;
//! `DUNLIN_ADMIN_KEY`, `DUNLIN_CRON_KEY` and `DUNLIN_SANDBOX_SECRET` are its secrets, and its `public_url` has to be the
//! same address. Tests that need an app of their own are then skipped, each with its reason on standard error. It
//! leaves its customers and invoices behind: never point it at real ones.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

mod harness;

mod agreements;
mod attack;
mod auth;
mod backup;
mod bad_input;
mod bank;
mod billing;
mod bulk;
mod cash;
mod charges;
mod cii;
mod concurrency;
mod conformance;
mod console;
mod courier;
mod crash_points;
mod deploy;
mod desk;
mod email;
mod events;
mod flood;
mod host;
mod house;
mod intake;
mod kill;
mod law;
mod load;
mod mail;
mod notices;
mod openapi;
mod overload;
mod pay;
mod people;
mod phone;
mod printing;
mod providers;
mod relay;
mod risk;
mod schemathesis;
mod sim;
mod strategy;
mod stripe;
mod sweep;
mod tables;
mod templates;
mod terms;
mod trail;
mod ubl;
