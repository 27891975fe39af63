//! The Rust side of `wit/`: Spin's interfaces as traits to implement and a function each to link them.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "generated from wit/, whose names are Spin's"
)]
#![allow(
    clippy::all,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "generated from wit/"
)]

wasmtime::component::bindgen!({
    path: "wit",
    world: "dunlin:host/imports",
    imports: { default: async | trappable },
    trappable_error_type: {
        "spin:key-value/key-value@3.0.0.error" => spin::key_value::key_value::Error,
        "spin:sqlite/sqlite@3.1.0.error" => spin::sqlite::sqlite::Error,
        "spin:variables/variables@3.0.0.error" => spin::variables::variables::Error,
    },
});

pub use spin::key_value::key_value;
pub use spin::sqlite::sqlite;
pub use spin::variables::variables;
