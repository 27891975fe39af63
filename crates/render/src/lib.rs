//! Everything a person reads: messages to customers, the pages they pay on, and the console.
//!
//! Shape: a typed context goes in, a `String` comes out. No clock, no I/O, no JavaScript. Texts that customers read
//! come in English, German, French, Spanish and Hindi; the console is English.
//!
//! What bounds it: the fuel of one rendering ([`FUEL`]), so that no list, however long, holds an instance for ever.
//!
//! What it refuses: a variable that the context does not have, a link that is neither http(s) nor a path of this
//! site, a message whose total is not the sum of its lines. Every value is escaped unless it is our own template.

#![allow(
    macro_expanded_macro_exports_accessed_by_absolute_paths,
    reason = "what icu4x-datagen makes calls its macros so"
)]

mod cldr;
mod csp;
mod env;
mod error;
pub mod lint;
pub mod locale;
mod message;
pub mod pages;
mod prose;
mod sample;
pub mod sms;
mod words;

pub use csp::{content_security_policy, mail_content_security_policy};
pub use env::FUEL;
pub use error::RenderError;
pub use locale::{Language, Locale, amount_input, format_date, format_days, format_money, read_amount};
pub use message::{
    Blocks, Chosen, Failed, Line, MessageContext, Own, Parts, PromiseLine, Rendered, Tone, block_names,
    canonical, render_message, render_or_shipped, shipped_blocks,
};
pub use sample::samples;
