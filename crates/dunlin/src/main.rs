//! The `dunlin` command; what it does is in the host's library.

use std::process::ExitCode;

fn main() -> ExitCode {
    dunlin_host::cli::main()
}
