//! Builds the workspace's WebAssembly components before the host loads them.
//!
//! Shape: a component of the manifest whose source lies in some workspace's `target/wasm32-wasip2/component` is
//! made by that workspace, wherever the manifest itself lies; all of them are built by one cargo call. What each
//! was built from (every file's time and length) is noted next to it, so that a start with nothing to build only
//! looks at the files.
//!
//! Bounds: one build at a time, by a lock; others wait and then find it done. Refuses: to start with components
//! that are missing. Where no Rust is installed, components that are there are used as they are, with a warning.

use std::{
    ffi::OsString,
    fmt::Write,
    fs,
    path::{Component, Path, PathBuf},
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

/// What every component is made from, relative to the root, besides its own folder and the crates.
const SOURCES: [&str; 2] = ["Cargo.toml", "Cargo.lock"];

/// The crates; all but the native ones go into components.
const CRATES: &str = "crates";

/// Native only.
const NATIVE_CRATES: [&str; 2] = ["bench", "host"];

/// Next to a component, after its name: what it was built from.
const NOTE: &str = "built-from";

/// Next to the components: held while they are built.
const LOCK: &str = ".dunlin-lock";

/// The components of one manifest that a workspace makes, and where they stand.
pub struct Components {
    /// The workspace.
    root: PathBuf,
    /// The components, relative to the root.
    files: Vec<PathBuf>,
}

/// A member of the workspace.
struct Member {
    package: String,
    /// Relative to the root.
    folder: PathBuf,
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
    /// The components that `manifest` takes from a workspace.
    ///
    /// # Errors
    /// The manifest cannot be used, or takes from several workspaces.
    pub fn of(manifest: &Path) -> Result<Self> {
        let components = Manifest::load(manifest)?.component;
        let folder = manifest
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
            .canonicalize()?;
        let mut root = None;
        let mut files = Vec::new();
        for component in components.into_values() {
            let Some((workspace, file)) = made_by(&folder.join(&component.source)) else {
                continue;
            };
            if *root.get_or_insert_with(|| workspace.clone()) != workspace {
                bail!(
                    "the components of {} come from several workspaces",
                    manifest.display()
                );
            }
            files.push(file);
        }
        files.sort();
        files.dedup();
        Ok(Self {
            root: root.unwrap_or(folder),
            files,
        })
    }

    /// The workspace's folder for what can be built again, where there is one.
    #[must_use]
    pub fn target_dir(&self) -> Option<PathBuf> {
        Some(self.root.join("target")).filter(|folder| folder.is_dir())
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
        for (file, sources) in self.files.iter().zip(self.sources()?) {
            if fs::read_to_string(self.note(file)).ok() != Some(sources) {
                return Ok(State::Stale);
            }
        }
        Ok(State::Fresh)
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
        if self.files.is_empty() {
            return Ok(());
        }
        let packages: Vec<String> = self.made()?.into_iter().map(|made| made.package).collect();
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
        for (file, sources) in self.files.iter().zip(sources) {
            fs::write(self.note(file), sources)?;
        }
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

    /// Who makes each file, in their order: cargo writes `pay-link` to `pay_link.wasm`.
    fn made(&self) -> Result<Vec<Member>> {
        let mut members = self.members()?;
        let made = |file: &PathBuf| {
            let makes = |member: &Member| Some(member.package.replace('-', "_").as_str()) == stem(file);
            let found = members.iter().position(makes);
            let found =
                found.with_context(|| format!("no member of the workspace makes {}", file.display()))?;
            Ok(members.swap_remove(found))
        };
        self.files.iter().map(made).collect()
    }

    /// The members of the workspace, where its manifest names them one by one or by a folder (`components/*`).
    fn members(&self) -> Result<Vec<Member>> {
        let workspace = read_toml(&self.root.join("Cargo.toml"))?;
        let listed = workspace
            .get("workspace")
            .and_then(|workspace| workspace.get("members")?.as_array())
            .context("Cargo.toml lists no workspace members")?;
        let mut folders = Vec::new();
        for entry in listed.iter().filter_map(toml::Value::as_str) {
            match entry.strip_suffix("/*") {
                None => folders.push(PathBuf::from(entry)),
                Some(parent) => {
                    let names = sorted(&self.root.join(parent))?;
                    folders.extend(names.iter().map(|name| Path::new(parent).join(name)));
                }
            }
        }
        let mut members = Vec::new();
        for folder in folders {
            let file = self.root.join(&folder).join("Cargo.toml");
            if !file.is_file() {
                continue;
            }
            let package = read_toml(&file)?
                .get("package")
                .and_then(|package| package.get("name")?.as_str())
                .map(str::to_owned);
            members.extend(package.map(|package| Member { package, folder }));
        }
        Ok(members)
    }

    /// What each component is made from, in their order: every source file with its time and length, a line each.
    fn sources(&self) -> Result<Vec<String>> {
        let mut shared = String::new();
        for source in SOURCES {
            self.note_down(Path::new(source), &mut shared)?;
        }
        for krate in sorted(&self.root.join(CRATES))? {
            if !NATIVE_CRATES.iter().any(|native| krate == *native) {
                self.note_down(&Path::new(CRATES).join(krate), &mut shared)?;
            }
        }
        let all = |made: Member| {
            let mut lines = shared.clone();
            self.note_down(&made.folder, &mut lines)?;
            Ok(lines)
        };
        self.made()?.into_iter().map(all).collect()
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
        self.root.join(built_into())
    }

    fn note(&self, file: &Path) -> PathBuf {
        let stem = stem(file).unwrap_or_default();
        self.folder().join(format!(".{stem}.{NOTE}"))
    }
}

/// Where a workspace's components are built into.
fn built_into() -> PathBuf {
    Path::new("target").join(TRIPLE).join(PROFILE)
}

/// The workspace that makes a component, and the file relative to it; none where it comes from elsewhere.
fn made_by(source: &Path) -> Option<(PathBuf, PathBuf)> {
    let mut plain = PathBuf::new();
    for part in source.components() {
        match part {
            Component::ParentDir => _ = plain.pop(),
            Component::CurDir => {}
            _ => plain.push(part),
        }
    }
    let file = built_into().join(plain.file_name()?);
    plain.ends_with(&file).then(|| {
        let root = plain
            .ancestors()
            .nth(file.components().count())
            .unwrap_or(Path::new(""));
        (root.to_owned(), file)
    })
}

fn stem(file: &Path) -> Option<&str> {
    file.file_stem()?.to_str()
}

fn read_toml(file: &Path) -> Result<toml::Table> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    text.parse().with_context(|| file.display().to_string())
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
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"crates/*\", \"components/*\", \"tests/probe\"]",
            ),
            ("Cargo.lock", ""),
            ("components/pay/Cargo.toml", "[package]\nname = \"pay-link\""),
            ("crates/store/src/lib.rs", "// one"),
            ("crates/host/src/lib.rs", ""),
            ("tests/probe/Cargo.toml", "[package]\nname = \"probe\""),
        ] {
            write(root.path(), file, text);
        }
        let components = Components::of(&root.path().join("spin.toml")).unwrap();
        (root, components)
    }

    fn packages(components: &Components) -> Result<Vec<String>> {
        Ok(components.made()?.into_iter().map(|made| made.package).collect())
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
        assert_eq!(packages(&components).unwrap(), ["pay-link"]);
    }

    #[test]
    fn a_manifest_deeper_down_finds_the_workspace() {
        let (root, _) = workspace();
        let text = MANIFEST
            .replace("target/wasm32", "../../target/wasm32")
            .replace("pay_link.wasm", "probe.wasm");
        write(root.path(), "tests/case/spin.toml", &text);
        let components = Components::of(&root.path().join("tests/case/spin.toml")).unwrap();
        assert_eq!(components.root, root.path().canonicalize().unwrap());
        assert_eq!(packages(&components).unwrap(), ["probe"]);
    }

    #[test]
    fn a_file_that_no_package_makes_is_named() {
        let (root, components) = workspace();
        write(
            root.path(),
            "components/pay/Cargo.toml",
            "[package]\nname = \"other\"",
        );
        let error = packages(&components).unwrap_err().to_string();
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

        for (file, sources) in components.files.iter().zip(components.sources().unwrap()) {
            fs::write(components.note(file), sources).unwrap();
        }
        assert_eq!(components.state().unwrap(), State::Fresh);
        write(root.path(), "crates/host/src/lib.rs", "// native only");
        assert_eq!(components.state().unwrap(), State::Fresh);
        write(root.path(), "tests/probe/src/lib.rs", "// of another component");
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
