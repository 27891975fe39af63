//! The host of Dunlin: runs the app's WebAssembly components on this machine as Spin would.
//!
//! It reads the same `spin.toml` and copies Spin's semantics, also where they are traps, so that what works
//! here works in production. What it adds stays outside of the components' sight: limits, a virtual clock,
//! schedules, building.
//!
//! From the outside in: [`cli`] asks, [`host`] starts and stops, `server` takes connections, `front` bounds
//! requests, `places` lets them in, `app` knows components, `pool` their instances, `guest` what an instance is given:
//! [`sqlite`], [`key_value`], [`variables`], [`clock`], [`outbound`] HTTP, each behind the one point of [`interpose`].
//! [`runtime_config`] says where their data lies.

mod app;
pub mod backup;
mod bindings;
mod chain;
pub mod cli;
pub mod clock;
pub mod components;
pub mod control;
pub mod demo;
pub mod doctor;
mod engine;
mod front;
mod guest;
mod headers;
pub mod host;
mod inbound;
pub mod inspect;
pub mod interpose;
pub mod key_value;
pub mod letters;
pub mod limits;
pub mod logs;
pub mod manifest;
pub mod outbound;
mod places;
mod pool;
mod problem;
mod process;
pub mod route;
pub mod runtime_config;
mod schedule;
pub mod screen;
mod server;
pub mod sim;
pub mod sqlite;
mod stall;
pub mod state;
mod stream;
pub mod toolchain;
pub mod variables;
pub mod verify;

pub use app::Program;
pub use host::{Host, Options, Time};
