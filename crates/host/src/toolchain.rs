//! Makes sure that Rust can compile for `wasm32-wasip2`, without the user having to.
//!
//! Shape: the ways are tried in order, the first that works wins, and each says in a line what it does.
//! 1. The toolchain in use has the target: nothing to do.
//! 2. A private sysroot for exactly this compiler lies in the cache from an earlier run.
//! 3. `rustup target add wasm32-wasip2`, for the toolchain in use.
//! 4. Debian's `rust-src` of the same version and `wasi-libc`, unpacked into a temporary folder; the standard
//!    library is compiled from them once, into the cache.
//!
//! Bounds: each network step has a time limit; the lock makes two starts at once wait for one another; a
//! sysroot appears in the cache by one rename, complete, or not at all.
//!
//! Refuses: to touch the user's toolchain in any way but `rustup target add`; to use library sources of another
//! version than the compiler's; to go on without the target (the error then names both ways and their answers).

mod debian;
mod rustc;
mod sysroot;

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result, bail};

use crate::process;
pub(crate) use rustc::Rustc;

/// The target every component is compiled for.
pub const TRIPLE: &str = "wasm32-wasip2";

/// How cargo is told compiler flags for [`TRIPLE`] and for nothing else.
pub const FLAGS_VARIABLE: &str = "CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS";

/// `rustup target add` fetches some 25 MB; beyond this the network is not going to deliver.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// How to compile for [`TRIPLE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The value for [`FLAGS_VARIABLE`]; `None` where the toolchain has the target itself.
    pub rustflags: Option<String>,
    /// For people: where the target comes from.
    pub how: String,
}

impl Target {
    fn installed(rustc: &Rustc) -> Self {
        let Rustc {
            release,
            commit,
            sysroot,
            ..
        } = rustc;
        Self {
            rustflags: None,
            how: format!("installed in {}, {release} ({commit})", sysroot.display()),
        }
    }

    fn private(sysroot: &Path) -> Self {
        let sysroot = sysroot.display();
        Self {
            rustflags: Some(format!("--sysroot {sysroot}")),
            how: format!("private sysroot {sysroot}"),
        }
    }
}

/// What is there already, without changing anything: the first two ways.
///
/// # Errors
/// There is no working `rustc`.
pub fn look() -> Result<Option<Target>> {
    let rustc = Rustc::look()?;
    Ok(find(&rustc))
}

/// Makes sure of the target, telling `report` each step that takes time.
///
/// # Errors
/// There is no working `rustc`, the cache folder cannot be written, or neither rustup nor Debian could deliver;
/// the message then holds what each of them said.
pub fn ensure(report: &mut dyn FnMut(&str)) -> Result<Target> {
    let rustc = Rustc::look()?;
    if let Some(found) = find(&rustc) {
        return Ok(found);
    }
    let cache = sysroot::cache_dir()?;
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let _lock = process::lock(&cache.join("lock"), || {
        report("another start is preparing the WebAssembly target; waiting for it");
    })?;
    if let Some(found) = find(&rustc) {
        return Ok(found);
    }

    report(&format!(
        "Rust cannot compile for {TRIPLE} yet; asking rustup for it"
    ));
    let rustup_said = match add_with_rustup(&rustc) {
        Ok(()) => {
            report(&format!("rustup has installed {TRIPLE}"));
            return Ok(Target::installed(&rustc));
        }
        Err(error) => error,
    };
    report(&format!("rustup could not: {}", gist(&rustup_said)));

    match sysroot::build(&rustc, &cache, report) {
        Ok(sysroot) => Ok(Target::private(&sysroot)),
        Err(debian_said) => bail!(
            "Rust cannot compile for {TRIPLE}, and neither way to change that worked.\n\
             1. rustup target add {TRIPLE}\n{}\n\
             2. Debian's packages rust-src {} and wasi-libc\n{}\n\
             Once one of them can be reached, run the same command again.",
            indented(&rustup_said),
            rustc.release,
            indented(&debian_said),
        ),
    }
}

fn find(rustc: &Rustc) -> Option<Target> {
    if rustc.has_target() {
        return Some(Target::installed(rustc));
    }
    let cache = sysroot::cache_dir().ok()?;
    sysroot::cached(&cache, rustc).map(|path| Target::private(&path))
}

fn add_with_rustup(rustc: &Rustc) -> Result<()> {
    let name = rustc.rustup_toolchain()?;
    let mut command = process::command("rustup");
    command.args(["target", "add", "--toolchain", &name, TRIPLE]);
    process::run(&mut command, RUSTUP_LIMIT, &mut |_| ())?;
    if !rustc.has_target() {
        bail!(
            "rustup reported success, yet {} holds no standard library",
            rustc.target_libdir.display()
        );
    }
    Ok(())
}

/// What failed and the last thing it said.
fn gist(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    match text.split_once('\n') {
        Some((first, rest)) => format!("{first}: {}", rest.lines().last().unwrap_or_default()),
        None => text,
    }
}

fn indented(error: &anyhow::Error) -> String {
    format!("{error:#}")
        .lines()
        .map(|line| format!("   {line}\n"))
        .collect::<String>()
        .trim_end()
        .to_owned()
}
