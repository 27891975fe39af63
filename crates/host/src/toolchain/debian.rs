//! The parts of a sysroot from Debian: the standard library's sources (`rust-src`) and the C library it stands on
//! (`wasi-libc`), where the Rust project's own servers cannot be reached.
//!
//! Shape: the mirror and its key come from the machine's own apt sources; `apt-get` runs with a source list,
//! package lists and a cache of our own, so that it needs no root and changes nothing; suites are tried until one
//! carries exactly the compiler's version. What the machine has already is not downloaded.
//!
//! Bounds: one limit for all network steps together. Refuses: another version of the sources than the compiler's.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use super::{Rustc, TRIPLE};
use crate::process;

/// All network steps together: five package lists of up to 10 MB and one download of 46 MB.
const NETWORK_LIMIT: Duration = Duration::from_secs(75);

/// One package list: a mirror that needs longer is not going to deliver 46 MB in time either.
const LIST_LIMIT: Duration = Duration::from_secs(20);

/// For unpacking and for questions about lists that are there.
const LOCAL_LIMIT: Duration = Duration::from_secs(60);

/// Newer compilers reach Debian through backports first. Names that move with each Debian release, so that this
/// list does not age.
const SUITES: [&str; 5] = [
    "stable-backports",
    "oldstable-backports",
    "testing",
    "unstable",
    "stable",
];

/// Debian's own keys, for sources that name none.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Where apt keeps its sources.
const APT: &str = "/etc/apt";

/// What a sysroot is made from.
pub(super) struct Parts {
    /// The `library` folder of the compiler's sources.
    pub(super) library: PathBuf,
    /// The folder with `libc.a` and the start files.
    pub(super) libc: PathBuf,
}

/// Finds the parts on this machine, or downloads them into `work`.
///
/// # Errors
/// There is no apt, no Debian mirror among its sources, or no suite there that carries this version; the message
/// has a line for each suite.
pub(super) fn parts(rustc: &Rustc, work: &Path, report: &mut dyn FnMut(&str)) -> Result<Parts> {
    let libraries = [
        rustc.sysroot.join("lib/rustlib/src/rust/library"),
        format!("/usr/src/rustc-{}/library", rustc.release).into(),
    ];
    let library = libraries
        .into_iter()
        .find(|path| path.join("std/Cargo.toml").is_file());
    let libc = Some(Path::new("/usr/lib").join(TRIPLE)).filter(|path| path.join("libc.a").is_file());
    if let (Some(library), Some(libc)) = (&library, &libc) {
        return Ok(Parts {
            library: library.clone(),
            libc: libc.clone(),
        });
    }

    for tool in ["apt-get", "apt-cache", "dpkg"] {
        process::run(process::command(tool).arg("--version"), LOCAL_LIMIT, &mut |_| ())
            .context("this way needs Debian's package tools")?;
    }
    let mirror = machine_mirror(Path::new(APT))?;
    let deadline = Instant::now()
        .checked_add(NETWORK_LIMIT)
        .context("the clock is at its end")?;
    let mut refusals = String::new();
    for suite in SUITES {
        let apt = Apt {
            folder: work.join(suite),
            mirror: &mirror,
            deadline,
        };
        match apt.unpack(suite, &rustc.release, library.is_none(), report) {
            Ok(unpacked) => {
                let downloaded = unpacked.join(format!("usr/src/rustc-{}/library", rustc.release));
                return Ok(Parts {
                    library: library.unwrap_or(downloaded),
                    libc: unpacked.join("usr/lib").join(TRIPLE),
                });
            }
            Err(error) => writeln!(refusals, "{suite}: {error:#}")?,
        }
    }
    bail!(
        "{} has nothing that fits rustc {}:\n{}",
        mirror.uri,
        rustc.release,
        refusals.trim_end()
    )
}

/// A Debian mirror.
#[derive(Debug, PartialEq, Eq)]
struct Mirror {
    uri: String,
    keyring: String,
}

/// One suite of a mirror, seen through a folder of our own.
struct Apt<'a> {
    folder: PathBuf,
    mirror: &'a Mirror,
    deadline: Instant,
}

impl Apt<'_> {
    fn unpack(
        &self,
        suite: &str,
        release: &str,
        with_sources: bool,
        report: &mut dyn FnMut(&str),
    ) -> Result<PathBuf> {
        for folder in ["lists/partial", "cache/archives/partial", "root"] {
            fs::create_dir_all(self.folder.join(folder))?;
        }
        let Mirror { uri, keyring } = self.mirror;
        let signed = if keyring.is_empty() {
            String::new()
        } else {
            format!("[signed-by={keyring}] ")
        };
        fs::write(
            self.folder.join("sources.list"),
            format!("deb {signed}{uri} {suite} main\n"),
        )?;

        report(&format!(
            "looking for rust-src {release} in Debian {suite} at {uri}"
        ));
        self.network(self.apt("apt-get").arg("update"), LIST_LIMIT)?;
        let mut wanted = vec!["wasi-libc".to_owned()];
        if with_sources {
            let mut list = self.apt("apt-cache");
            let versions = process::run(list.args(["madison", "rust-src"]), LOCAL_LIMIT, &mut |_| ())?;
            let version = matching(&versions, release)
                .with_context(|| format!("its rust-src is {}", listed(&versions)))?;
            wanted.push(format!("rust-src={version}"));
        }
        report(&format!("downloading {}", wanted.join(" ")));
        self.network(self.apt("apt-get").arg("download").args(&wanted), NETWORK_LIMIT)?;

        let root = self.folder.join("root");
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                let mut dpkg = process::command("dpkg");
                process::run(dpkg.arg("-x").args([&path, &root]), LOCAL_LIMIT, &mut |_| ())?;
            }
        }
        let libc = root.join("usr/lib").join(TRIPLE).join("libc.a");
        ensure!(libc.is_file(), "its wasi-libc does not know {TRIPLE}");
        Ok(root)
    }

    /// apt with its state in our folder, and the machine's own settings (proxies, certificates) besides.
    fn apt(&self, program: &str) -> Command {
        let at = |name: &str| self.folder.join(name).display().to_string();
        let mut command = process::command(program);
        command.current_dir(&self.folder).env("LC_ALL", "C").arg("-q");
        for option in [
            format!("Dir::Etc::SourceList={}", at("sources.list")),
            "Dir::Etc::SourceParts=-".to_owned(),
            format!("Dir::State::Lists={}", at("lists")),
            format!("Dir::Cache={}", at("cache")),
            "APT::Sandbox::User=".to_owned(),
            "APT::Update::Error-Mode=any".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "Acquire::Retries=1".to_owned(),
            "Acquire::http::Timeout=10".to_owned(),
            "Acquire::https::Timeout=10".to_owned(),
        ] {
            command.args(["-o", &option]);
        }
        command
    }

    fn network(&self, command: &mut Command, limit: Duration) -> Result<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        ensure!(
            !left.is_zero(),
            "not tried: {} s of network time are used up",
            NETWORK_LIMIT.as_secs()
        );
        process::run(command, limit.min(left), &mut |_| ())?;
        Ok(())
    }
}

/// The version in `apt-cache madison`'s table whose upstream part is `release`: `1.95.0+dfsg1-2~bpo13+1`.
fn matching<'a>(madison: &'a str, release: &str) -> Option<&'a str> {
    versions(madison).find(|version| {
        version
            .strip_prefix(release)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', '-']))
    })
}

fn versions(madison: &str) -> impl Iterator<Item = &str> {
    madison
        .lines()
        .filter_map(|line| Some(line.split('|').nth(1)?.trim()))
}

fn listed(madison: &str) -> String {
    let found: Vec<&str> = versions(madison).collect();
    if found.is_empty() {
        "missing".to_owned()
    } else {
        found.join(", ")
    }
}

/// The first Debian mirror that the machine itself uses.
fn machine_mirror(apt: &Path) -> Result<Mirror> {
    let mut files = vec![apt.join("sources.list")];
    if let Ok(entries) = fs::read_dir(apt.join("sources.list.d")) {
        let mut parts: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        parts.sort();
        files.extend(parts);
    }
    for file in &files {
        let Ok(text) = fs::read_to_string(file) else {
            continue;
        };
        let found = match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => text.lines().find_map(one_line),
            Some("sources") => text.split("\n\n").find_map(stanza),
            _ => None,
        };
        if let Some((uri, keyring)) = found {
            let default = || {
                if Path::new(KEYRING).is_file() {
                    KEYRING.to_owned()
                } else {
                    String::new()
                }
            };
            return Ok(Mirror {
                uri,
                keyring: keyring.unwrap_or_else(default),
            });
        }
    }
    bail!("no source under {} names a Debian mirror", apt.display())
}

/// A mirror and its keyring, where one is named.
type Source = (String, Option<String>);

/// `deb [signed-by=/k.gpg arch=amd64] http://mirror.example/debian bookworm main`
fn one_line(line: &str) -> Option<Source> {
    let rest = line
        .trim()
        .strip_prefix("deb")?
        .strip_prefix([' ', '\t'])?
        .trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => ("", rest),
    };
    let uri = rest.split_whitespace().next().filter(|uri| is_debian(uri))?;
    let keyring = options
        .split_whitespace()
        .find_map(|option| option.strip_prefix("signed-by="));
    Some((
        uri.to_owned(),
        keyring.filter(|key| key.starts_with('/')).map(str::to_owned),
    ))
}

/// A paragraph of a `.sources` file. A key written into the file itself is Debian's own all the same.
fn stanza(text: &str) -> Option<Source> {
    let field = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    };
    if field("Enabled").is_some_and(|value| value.eq_ignore_ascii_case("no")) {
        return None;
    }
    field("Types")?.split_whitespace().find(|kind| *kind == "deb")?;
    let uri = field("URIs")?.split_whitespace().find(|uri| is_debian(uri))?;
    Some((
        uri.to_owned(),
        field("Signed-By")
            .filter(|key| key.starts_with('/'))
            .map(str::to_owned),
    ))
}

/// Mirrors keep the main archive under `debian`; `debian-security` and others' repositories carry other suites.
fn is_debian(uri: &str) -> bool {
    uri.split('/').skip(1).any(|part| part == "debian")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADISON: &str = "\
  rust-src | 1.96.1+dfsg1-2~bpo13+1 | http://mirror.example/debian trixie-backports/main amd64 Packages
  rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://mirror.example/debian trixie-backports/main amd64 Packages
";

    #[test]
    fn only_the_compilers_own_version_fits() {
        let cases = [
            ("1.95.0", Some("1.95.0+dfsg1-2~bpo13+1")),
            ("1.96.1", Some("1.96.1+dfsg1-2~bpo13+1")),
            ("1.96.0", None),
            ("1.9", None),
            ("1.95.0-nightly", None),
        ];
        for (release, expected) in cases {
            assert_eq!(matching(MADISON, release), expected, "{release}");
        }
        assert_eq!(listed(MADISON), "1.96.1+dfsg1-2~bpo13+1, 1.95.0+dfsg1-2~bpo13+1");
        assert_eq!(listed(""), "missing");
    }

    #[test]
    fn one_line_sources() {
        let cases = [
            (
                "deb http://mirror.example/debian bookworm main",
                Some(("http://mirror.example/debian", None)),
            ),
            (
                "deb [arch=amd64 signed-by=/k.gpg] https://mirror.example/pub/debian/ sid main contrib",
                Some(("https://mirror.example/pub/debian/", Some("/k.gpg"))),
            ),
            ("# deb http://mirror.example/debian bookworm main", None),
            ("deb-src http://mirror.example/debian bookworm main", None),
            (
                "deb http://mirror.example/debian-security bookworm-security main",
                None,
            ),
            ("deb https://packages.example/apt stable main", None),
        ];
        for (line, expected) in cases {
            let found = one_line(line);
            let found = found.as_ref().map(|(uri, key)| (uri.as_str(), key.as_deref()));
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn sources_in_paragraphs() {
        let debian = "# a comment: with a colon\nTypes: deb deb-src\nURIs: http://mirror.example/debian\n\
            Suites: trixie\nSigned-By: /k.gpg";
        assert_eq!(
            stanza(debian),
            Some(("http://mirror.example/debian".into(), Some("/k.gpg".into())))
        );
        let written_out = "Types: deb\nURIs: http://mirror.example/debian\nSigned-By:\n -----BEGIN PGP";
        assert_eq!(
            stanza(written_out),
            Some(("http://mirror.example/debian".into(), None))
        );
        assert_eq!(stanza(&format!("Enabled: no\n{debian}")), None);
        assert_eq!(stanza("Types: deb-src\nURIs: http://mirror.example/debian"), None);
        assert_eq!(
            stanza("Types: deb\nURIs: http://security.example/debian-security"),
            None
        );
    }

    #[test]
    fn the_machines_files_are_read_in_order() {
        let apt = tempfile::tempdir().unwrap();
        assert!(
            machine_mirror(apt.path())
                .unwrap_err()
                .to_string()
                .contains("no source")
        );
        let parts = apt.path().join("sources.list.d");
        fs::create_dir(&parts).unwrap();
        fs::write(
            parts.join("a.list"),
            "deb https://packages.example/apt stable main\n",
        )
        .unwrap();
        fs::write(
            parts.join("b.sources"),
            "Types: deb\nURIs: http://security.example/debian-security\n\n\
             Types: deb\nURIs: http://two.example/debian\nSigned-By: /k.gpg\n",
        )
        .unwrap();
        let found = machine_mirror(apt.path()).unwrap();
        assert_eq!(
            found,
            Mirror {
                uri: "http://two.example/debian".into(),
                keyring: "/k.gpg".into()
            }
        );
        fs::write(
            apt.path().join("sources.list"),
            "deb http://one.example/debian sid main\n",
        )
        .unwrap();
        assert_eq!(
            machine_mirror(apt.path()).unwrap().uri,
            "http://one.example/debian"
        );
    }
}
