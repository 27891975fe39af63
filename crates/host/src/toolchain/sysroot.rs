//! A private sysroot: the standard library for the wasm target, compiled once for one compiler.
//!
//! Shape: a folder that looks to rustc like its own sysroot: `lib/rustlib/<host>` links to the toolchain's (the
//! linker is there), `lib/rustlib/wasm32-wasip2/lib` holds what was compiled here, `self-contained` below it the C
//! library. It is made under a temporary name, tried by linking a program, and renamed.
//!
//! Refuses: a cache path with white space, which compiler flags from the environment cannot express.

use std::{
    env,
    ffi::OsStr,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{
    Rustc, TRIPLE, debian,
    rustc::{has_std, program},
};
use crate::process;

/// Compiling the standard library takes under a minute on two cores.
const COMPILE_LIMIT: Duration = Duration::from_secs(300);

/// Linking one small program.
const PROOF_LIMIT: Duration = Duration::from_secs(60);

/// Changes with the way a sysroot is made, so that one made otherwise is never used.
const RECIPE: &str = "1";

/// The name that a sysroot in the making has until it is complete.
const UNFINISHED: &str = "unfinished";

/// What a program for the target is linked with besides the standard library.
const SELF_CONTAINED: [&str; 3] = ["libc.a", "crt1-command.o", "crt1-reactor.o"];

/// Compiled with cargo so that it compiles the standard library; not part of the result.
const EMPTY_CRATE: &str = "empty";

/// Where sysroots are kept: `$XDG_CACHE_HOME/dunlin`, by default `~/.cache/dunlin`.
pub(super) fn cache_dir() -> Result<PathBuf> {
    let base = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(env::home_dir()?.join(".cache")));
    Ok(base
        .context("there is no home folder to keep a cache in")?
        .join("dunlin"))
}

/// The sysroot that was made for this compiler, if there is one.
pub(super) fn cached(cache: &Path, rustc: &Rustc) -> Option<PathBuf> {
    let sysroot = cache.join(name(rustc));
    // The link breaks when the toolchain it was made from is gone; another of the same version can have come.
    (has_std(&libraries(&sysroot)) && host_link(&sysroot, rustc).is_dir()).then_some(sysroot)
}

/// Makes the sysroot for this compiler. The caller holds the cache's lock.
///
/// # Errors
/// A part cannot be had (see [`debian::parts`]), does not compile, or gives programs that do not link.
pub(super) fn build(rustc: &Rustc, cache: &Path, report: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    ensure!(
        !cache.as_os_str().to_string_lossy().contains(char::is_whitespace),
        "{} contains white space, which compiler flags cannot express; set XDG_CACHE_HOME to a path without",
        cache.display()
    );
    let work = cache.join(UNFINISHED);
    remove(&work)?;
    let built = build_in(&work, rustc, cache, report);
    remove(&work)?;
    built
}

fn build_in(work: &Path, rustc: &Rustc, cache: &Path, report: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    let started = Instant::now();
    let parts = debian::parts(rustc, &work.join("parts"), report)?;

    let made = work.join("sysroot");
    let libraries = libraries(&made);
    let self_contained = libraries.join("self-contained");
    fs::create_dir_all(&self_contained)?;
    for file in SELF_CONTAINED {
        fs::copy(parts.libc.join(file), self_contained.join(file))
            .with_context(|| format!("wasi-libc has no {file}"))?;
    }
    symlink(host_libraries(rustc), host_link(&made, rustc))?;

    report(&format!(
        "compiling the standard library for {TRIPLE}, once (under a minute)"
    ));
    compile_std(&parts.library, &made, &work.join(EMPTY_CRATE), &libraries)?;
    prove(&made, work)?;

    let sysroot = cache.join(name(rustc));
    remove(&sysroot)?;
    fs::rename(&made, &sysroot)?;
    report(&format!(
        "{TRIPLE} is ready in {} ({} s)",
        sysroot.display(),
        started.elapsed().as_secs()
    ));
    Ok(sysroot)
}

fn compile_std(library: &Path, sysroot: &Path, krate: &Path, into: &Path) -> Result<()> {
    fs::create_dir_all(krate.join("src"))?;
    fs::write(krate.join("src/lib.rs"), "")?;
    let manifest = format!("[package]\nname = \"{EMPTY_CRATE}\"\nedition = \"2024\"\n[workspace]\n");
    fs::write(krate.join("Cargo.toml"), manifest)?;

    // The two switches by which a stable cargo compiles the library from a given place. Bitcode is what
    // optimisation across crates needs of the library; cargo leaves it out unless the empty crate used it too.
    let mut cargo = process::cargo();
    cargo
        .args([
            "build",
            "-Zbuild-std=std,panic_abort,panic_unwind",
            "--release",
            "--target",
            TRIPLE,
        ])
        .arg("--manifest-path")
        .arg(krate.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(krate.join("target"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", library)
        .env(
            super::FLAGS_VARIABLE,
            format!("--sysroot {} -C embed-bitcode=yes", sysroot.display()),
        );
    process::run(&mut cargo, COMPILE_LIMIT, &mut |_| ()).context("the standard library does not compile")?;

    for entry in fs::read_dir(krate.join("target").join(TRIPLE).join("release/deps"))? {
        let path = entry?.path();
        let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        if name.ends_with(".rlib") && !name.starts_with(&format!("lib{EMPTY_CRATE}-")) {
            fs::copy(&path, into.join(name.as_ref()))?;
        }
    }
    ensure!(has_std(into), "cargo compiled no standard library");
    Ok(())
}

/// Links a program with the new sysroot: what is missing shows here, not in somebody's build.
fn prove(sysroot: &Path, work: &Path) -> Result<()> {
    let source = work.join("proof.rs");
    fs::write(
        &source,
        "fn main() { println!(\"{:?}\", std::env::args().collect::<Vec<_>>()); }\n",
    )?;
    let mut rustc = process::command(program());
    rustc
        .args(["--edition", "2024", "--target", TRIPLE, "--sysroot"])
        .arg(sysroot);
    rustc.arg("-o").arg(work.join("proof.wasm")).arg(source);
    process::run(&mut rustc, PROOF_LIMIT, &mut |_| ())
        .context("a program does not link with the new sysroot")?;
    Ok(())
}

fn name(rustc: &Rustc) -> String {
    format!("sysroot-{}-{}-{TRIPLE}-{RECIPE}", rustc.release, rustc.commit)
}

fn libraries(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TRIPLE).join("lib")
}

fn host_link(sysroot: &Path, rustc: &Rustc) -> PathBuf {
    sysroot.join("lib/rustlib").join(&rustc.host)
}

fn host_libraries(rustc: &Rustc) -> PathBuf {
    host_link(&rustc.sysroot, rustc)
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rustc(sysroot: &Path) -> Rustc {
        Rustc {
            release: "1.95.0".into(),
            commit: "59807616e".into(),
            host: "x86_64-unknown-linux-gnu".into(),
            sysroot: sysroot.into(),
            target_libdir: sysroot.join("absent"),
        }
    }

    #[test]
    fn only_a_complete_sysroot_of_the_same_compiler_is_used() {
        let cache = tempfile::tempdir().unwrap();
        let toolchain = tempfile::tempdir().unwrap();
        let rustc = rustc(toolchain.path());
        assert_eq!(cached(cache.path(), &rustc), None, "nothing is there");

        let sysroot = cache.path().join("sysroot-1.95.0-59807616e-wasm32-wasip2-1");
        fs::create_dir_all(libraries(&sysroot)).unwrap();
        assert_eq!(cached(cache.path(), &rustc), None, "no standard library");
        fs::write(libraries(&sysroot).join("libstd-0.rlib"), "").unwrap();
        symlink(host_libraries(&rustc), host_link(&sysroot, &rustc)).unwrap();
        assert_eq!(
            cached(cache.path(), &rustc),
            None,
            "the toolchain it links to is gone"
        );
        fs::create_dir_all(host_libraries(&rustc)).unwrap();
        assert_eq!(cached(cache.path(), &rustc), Some(sysroot));

        let other = Rustc {
            commit: "000000000".into(),
            ..rustc
        };
        assert_eq!(
            cached(cache.path(), &other),
            None,
            "another build of the same release"
        );
    }

    #[test]
    fn a_path_that_flags_cannot_express_is_refused() {
        let cache = tempfile::tempdir().unwrap();
        let cache = cache.path().join("with space");
        let error = build(&rustc(Path::new("/absent")), &cache, &mut |_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains("XDG_CACHE_HOME"), "{error}");
    }
}
