//! What the compiler in use says about itself.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::TRIPLE;
use crate::process;

/// A question to the compiler takes milliseconds; this is for a disk that has to wake up.
const LIMIT: Duration = Duration::from_secs(20);

/// The compiler that a cargo started from here would use.
#[derive(Debug, Clone)]
pub(crate) struct Rustc {
    /// `1.95.0`, `1.97.0-nightly`.
    pub(crate) release: String,
    /// Of the compiler's own sources, abbreviated: two builds of one release may differ.
    pub(crate) commit: String,
    /// The triple it runs on.
    pub(crate) host: String,
    /// Its own sysroot.
    pub(crate) sysroot: PathBuf,
    /// Where that keeps the libraries for [`TRIPLE`], whether there are any or not.
    pub(crate) target_libdir: PathBuf,
}

impl Rustc {
    /// Asks the compiler.
    ///
    /// # Errors
    /// There is none, or it does not answer as rustc does.
    pub(crate) fn look() -> Result<Self> {
        let about = ask(&["-vV"])?;
        let paths = ask(&[
            "--print",
            "sysroot",
            "--print",
            "target-libdir",
            "--target",
            TRIPLE,
        ])?;
        Self::parse(&about, &paths).context("rustc gave an answer that is not understood")
    }

    fn parse(about: &str, paths: &str) -> Result<Self> {
        let field = |name: &str| {
            let value = about
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            value
                .map(str::to_owned)
                .with_context(|| format!("no {name} in {about:?}"))
        };
        let Some((sysroot, target_libdir)) = paths.trim_end().split_once('\n') else {
            bail!("two paths expected, not {paths:?}");
        };
        Ok(Self {
            release: field("release")?,
            commit: field("commit-hash")?.chars().take(9).collect(),
            host: field("host")?,
            sysroot: sysroot.into(),
            target_libdir: target_libdir.into(),
        })
    }

    /// Whether the toolchain itself holds the standard library for [`TRIPLE`].
    pub(crate) fn has_target(&self) -> bool {
        has_std(&self.target_libdir)
    }

    /// The name under which rustup knows the toolchain in use.
    ///
    /// # Errors
    /// rustup is not there, or the compiler in use is not one of its own.
    pub(crate) fn rustup_toolchain(&self) -> Result<String> {
        let rustup = |args: &[&str]| process::run(process::command("rustup").args(args), LIMIT, &mut |_| ());
        // Toolchains may be linked to one another: only resolved paths compare.
        let managed = fs::canonicalize(rustup(&["which", "rustc"])?.trim_end())?;
        if !managed.starts_with(fs::canonicalize(&self.sysroot)?) {
            bail!(
                "the compiler in use ({}) is not one of rustup's",
                self.sysroot.display()
            );
        }
        let active = rustup(&["show", "active-toolchain"])?;
        let name = active
            .split_whitespace()
            .next()
            .context("rustup names no active toolchain")?;
        Ok(name.to_owned())
    }
}

/// Whether `folder` holds a compiled standard library.
pub(super) fn has_std(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        entries.filter_map(Result::ok).any(|entry| {
            let name = entry.file_name();
            name.to_str()
                .is_some_and(|name| name.starts_with("libstd-") && name.ends_with(".rlib"))
        })
    })
}

/// The compiler's name: cargo honours `RUSTC` too.
pub(super) fn program() -> OsString {
    env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

fn ask(args: &[&str]) -> Result<String> {
    process::run(process::command(program()).args(args), LIMIT, &mut |_| ())
        .context("Dunlin is built with Rust, and rustc does not answer: install it from https://rustup.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: &str = "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\n\
        commit-hash: 59807616e1fa2540724bfbac14d7976d7e4a3860\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";

    #[test]
    fn reads_what_the_compiler_prints() {
        let rustc = Rustc::parse(ABOUT, "/opt/rust\n/opt/rust/lib\n").unwrap();
        assert_eq!(
            (rustc.release.as_str(), rustc.commit.as_str()),
            ("1.95.0", "59807616e")
        );
        assert_eq!(rustc.host, "x86_64-unknown-linux-gnu");
        assert_eq!(rustc.sysroot, Path::new("/opt/rust"));
        assert_eq!(rustc.target_libdir, Path::new("/opt/rust/lib"));
    }

    #[test]
    fn an_answer_of_another_kind_is_refused() {
        assert!(Rustc::parse("clang version 19", "/a\n/b").is_err());
        assert!(Rustc::parse(ABOUT, "/only/one").is_err());
    }

    #[test]
    fn a_folder_without_the_standard_library_is_no_target() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_std(&folder.path().join("absent")));
        fs::write(folder.path().join("libcore-1.rlib"), "").unwrap();
        assert!(!has_std(folder.path()));
        fs::write(folder.path().join("libstd-1.rlib"), "").unwrap();
        assert!(has_std(folder.path()));
    }
}
