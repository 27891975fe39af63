//! What every HTTP component shares: the request context, who may do what, limits, idempotency, errors.
//!
//! **Shape.** A component is `web::serve(request, route)`: its `route` matches method and path segments, reads what
//! it needs from the [`Cx`], calls the store or a rule, and answers with a [`Reply`] or a [`Problem`].
//! **Bounds.** Every limit is in [`limits`]. **Refuses** by default: a route answers without a key only where its
//! component does not ask for one.
//!
//! **Architecture invariant:** this is the only layer that reads the clock, and it does so once per request.

mod act;
mod attempts;
mod auth;
mod body;
mod context;
pub mod inbox;
pub mod limits;
pub mod once;
pub mod outbound;
mod payee;
mod problem;
mod query;
mod reply;
mod run;
pub mod secrets;
mod settings;
pub mod webhook;

pub use auth::{Principal, Scope, key_text};
pub use body::{Stream, parse_json};
pub use context::{Cx, serve};
pub use payee::payee;
pub use problem::Problem;
pub use query::Page;
pub use reply::{Reply, rfc3339};
pub use run::Run;
