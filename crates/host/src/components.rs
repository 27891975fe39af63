//! Builds the workspace's WebAssembly components before the host loads them.
//!
//! Shape: a component of the manifest whose source lies in `target/wasm32-wasip2/component` is one of ours; all
//! of them are built by one cargo call. What they were built from (every file's time and length) is noted next to
//! them, so that a start with nothing to build only looks at the files.
//!
//! Bounds: one build at a time, by a lock; others wait and then find it done. Refuses: to start with components
//! that are missing. Where no Rust is installed, components that are there are used as they are, with a warning.

use std::{
    ffi::OsString,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    time::{Instant, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    manifest::Manifest,
    process,
    toolchain::{self, FLAGS_VARIABLE, TRIPLE, Target},
};

/// The cargo profile of components, and so the name of the folder they are built into.
const PROFILE: &str = "component";

/// What components are made from, relative to the root, besides the crates.
const SOURCES: [&str; 3] = ["Cargo.toml", "Cargo.lock", COMPONENTS];

/// One folder a component.
const COMPONENTS: &str = "components";

/// The crates; all but the host's own go into components.
const CRATES: &str = "crates";

/// Native only.
const HOST_CRATE: &str = "host";

/// Next to the components: what they were built from.
const NOTE: &str = ".dunlin-built-from";

/// Next to the components: held while they are built.
const LOCK: &str = ".dunlin-lock";

/// The components of one manifest and where they stand.
pub struct Components {
    root: PathBuf,
    files: Vec<PathBuf>,
}

/// How a build would find things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All there, made from the sources as they are now.
    Fresh,
    /// All there; a source has changed since.
    Stale,
    /// At least one is not there.
    Missing,
}

impl Components {
    /// The components that `manifest` takes from the workspace around it.
    ///
    /// # Errors
    /// The manifest cannot be used.
    pub fn of(manifest: &Path) -> Result<Self> {
        let root = manifest
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let folder = Path::new("target").join(TRIPLE).join(PROFILE);
        let components = Manifest::load(manifest)?.component;
        let sources = components
            .into_values()
            .map(|component| PathBuf::from(component.source));
        let mut files: Vec<PathBuf> = sources
            .filter(|source| source.parent() == Some(&folder))
            .collect();
        files.sort();
        files.dedup();
        Ok(Self {
            root: root.to_owned(),
            files,
        })
    }

    /// How many there are to build.
    #[must_use]
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// Compares what is there with the sources. A newer compiler alone makes nothing stale.
    ///
    /// # Errors
    /// The sources cannot be read.
    pub fn state(&self) -> Result<State> {
        if !self.files.iter().all(|file| self.root.join(file).is_file()) {
            return Ok(State::Missing);
        }
        let fresh = match fs::read_to_string(self.folder().join(NOTE)) {
            Ok(note) => note == self.sources()?,
            Err(_) => false,
        };
        Ok(if fresh { State::Fresh } else { State::Stale })
    }

    /// For a start: builds unless all components are there and fresh. `report` hears each step that takes time.
    ///
    /// # Errors
    /// As [`Self::build`]; but a missing compiler is only a warning where components are there.
    pub fn ensure_built(&self, report: &mut dyn FnMut(&str)) -> Result<()> {
        if self.files.is_empty() || self.state()? == State::Fresh {
            return Ok(());
        }
        if let Err(error) = toolchain::look() {
            if self.state()? == State::Missing {
                return Err(error.context("the components have to be built, and there is no Rust to do it"));
            }
            report("warning: the sources have changed, and there is no Rust: the components are older");
            return Ok(());
        }
        self.build(report)
    }

    /// Builds: cargo decides what is to be done. A build that another process finishes meanwhile counts.
    ///
    /// # Errors
    /// The target cannot be had ([`toolchain::ensure`]), or a component does not compile.
    pub fn build(&self, report: &mut dyn FnMut(&str)) -> Result<()> {
        let packages = self.packages()?;
        if packages.is_empty() {
            return Ok(());
        }
        let target = toolchain::ensure(report)?;
        fs::create_dir_all(self.folder())?;
        let mut waited = false;
        let _lock = process::lock(&self.folder().join(LOCK), || {
            report("another process is building the components; waiting for it");
            waited = true;
        })?;
        if waited && self.state()? == State::Fresh {
            return Ok(());
        }

        let started = Instant::now();
        // Before the build: a file that changes meanwhile is then seen as changed.
        let sources = self.sources()?;
        report(&format!(
            "building components for {TRIPLE}: {}",
            packages.join(", ")
        ));
        self.run_cargo(&packages, &target)?;
        if let Some(file) = self.files.iter().find(|file| !self.root.join(file).is_file()) {
            bail!(
                "cargo has built the components, yet {} is not there",
                file.display()
            );
        }
        fs::write(self.folder().join(NOTE), sources)?;
        report(&format!(
            "the components are built ({} s)",
            started.elapsed().as_secs()
        ));
        Ok(())
    }

    /// Without a time limit: cargo shows what it does, and has its own limits for the network.
    fn run_cargo(&self, packages: &[String], target: &Target) -> Result<()> {
        let mut cargo = process::cargo();
        cargo.args([
            "build",
            "--locked",
            "--profile",
            PROFILE,
            "--target",
            TRIPLE,
            "--manifest-path",
        ]);
        cargo
            .arg(self.root.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(self.root.join("target"));
        for package in packages {
            cargo.args(["--package", package]);
        }
        if let Some(flags) = &target.rustflags {
            cargo.env(FLAGS_VARIABLE, flags);
        }
        let status = cargo.status().context("cargo cannot be started")?;
        ensure!(
            status.success(),
            "cargo could not build the components ({status})"
        );
        Ok(())
    }

    /// The packages of the files: cargo writes `pay-link` to `pay_link.wasm`.
    fn packages(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for folder in sorted(&self.root.join(COMPONENTS))? {
            let file = self.root.join(COMPONENTS).join(folder).join("Cargo.toml");
            if let Ok(text) = fs::read_to_string(&file) {
                let manifest: toml::Table = text.parse().with_context(|| file.display().to_string())?;
                let name = manifest
                    .get("package")
                    .and_then(|package| package.get("name")?.as_str());
                names.extend(name.map(str::to_owned));
            }
        }
        let package = |file: &PathBuf| {
            let stem = file
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
            let found = names.iter().find(|name| name.replace('-', "_") == stem).cloned();
            found.with_context(|| format!("no package under {COMPONENTS}/ makes {}", file.display()))
        };
        self.files.iter().map(package).collect()
    }

    /// Every source file in order, with its time and length, a line each.
    fn sources(&self) -> Result<String> {
        let mut lines = String::new();
        for source in SOURCES {
            self.note_down(Path::new(source), &mut lines)?;
        }
        for krate in sorted(&self.root.join(CRATES))? {
            if krate != HOST_CRATE {
                self.note_down(&Path::new(CRATES).join(krate), &mut lines)?;
            }
        }
        Ok(lines)
    }

    fn note_down(&self, path: &Path, lines: &mut String) -> Result<()> {
        let full = self.root.join(path);
        let about = fs::metadata(&full).with_context(|| format!("cannot read {}", full.display()))?;
        if about.is_dir() {
            for name in sorted(&full)? {
                self.note_down(&path.join(name), lines)?;
            }
        } else {
            let modified = about
                .modified()?
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_nanos();
            writeln!(lines, "{} {modified} {}", path.display(), about.len())?;
        }
        Ok(())
    }

    fn folder(&self) -> PathBuf {
        self.root.join("target").join(TRIPLE).join(PROFILE)
    }
}

/// The names in a folder, in order, without what editors hide there.
fn sorted(folder: &Path) -> Result<Vec<OsString>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if !name.to_string_lossy().starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "app"
        [[trigger.http]]
        route = "/one"
        component = "one"
        [[trigger.http]]
        route = "/two"
        component = "two"
        [component.one]
        source = "target/wasm32-wasip2/component/pay_link.wasm"
        [component.two]
        source = "elsewhere/two.wasm"
    "#;

    fn workspace() -> (tempfile::TempDir, Components) {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("spin.toml", MANIFEST),
            ("Cargo.toml", ""),
            ("Cargo.lock", ""),
            ("components/pay/Cargo.toml", "[package]\nname = \"pay-link\""),
            ("crates/store/src/lib.rs", "// one"),
            ("crates/host/src/lib.rs", ""),
        ] {
            write(root.path(), file, text);
        }
        let components = Components::of(&root.path().join("spin.toml")).unwrap();
        (root, components)
    }

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn only_what_the_workspace_makes_is_built() {
        let (_root, components) = workspace();
        assert_eq!(components.count(), 1);
        assert_eq!(components.packages().unwrap(), ["pay-link"]);
    }

    #[test]
    fn a_file_that_no_package_makes_is_named() {
        let (root, components) = workspace();
        write(
            root.path(),
            "components/pay/Cargo.toml",
            "[package]\nname = \"other\"",
        );
        let error = components.packages().unwrap_err().to_string();
        assert!(error.contains("pay_link.wasm"), "{error}");
    }

    #[test]
    fn fresh_until_a_source_changes() {
        let (root, components) = workspace();
        assert_eq!(components.state().unwrap(), State::Missing);

        let wasm = "target/wasm32-wasip2/component/pay_link.wasm";
        write(root.path(), wasm, "");
        assert_eq!(
            components.state().unwrap(),
            State::Stale,
            "nothing says from what it was built"
        );

        fs::write(components.folder().join(NOTE), components.sources().unwrap()).unwrap();
        assert_eq!(components.state().unwrap(), State::Fresh);
        write(root.path(), "crates/host/src/lib.rs", "// native only");
        assert_eq!(components.state().unwrap(), State::Fresh);
        write(root.path(), "crates/store/src/lib.rs", "// two, longer");
        assert_eq!(components.state().unwrap(), State::Stale);

        fs::remove_file(root.path().join(wasm)).unwrap();
        assert_eq!(components.state().unwrap(), State::Missing);
    }

    #[test]
    fn a_manifest_with_nothing_of_the_workspace_needs_no_compiler() {
        let (root, _) = workspace();
        let text = MANIFEST.replace("target/wasm32-wasip2/component", "elsewhere");
        write(root.path(), "spin.toml", &text);
        let components = Components::of(&root.path().join("spin.toml")).unwrap();
        components.ensure_built(&mut |line| panic!("{line}")).unwrap();
    }
}
