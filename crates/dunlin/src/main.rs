//! The `dunlin` binary; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("dunlin: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(dunlin::cli::run());
    // A component that deadlocked itself on a database (as it would on Spin) must not keep the process.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| {
        eprintln!("dunlin: {error:#}");
        ExitCode::FAILURE
    })
}
