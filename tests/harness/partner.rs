//! Others' software, run as they ship it. `tests/partners/install` puts it into `target/partners`; where it is
//! absent a test says so and checks nothing, unless `DUNLIN_PARTNERS=required`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A partner's package, found on this machine.
pub(crate) struct Partner {
    program: &'static str,
    search_path: (&'static str, PathBuf),
}

impl Partner {
    /// A Python package by the name of its folder.
    pub(crate) fn python(package: &str) -> Option<Self> {
        Self::found("python3", ("PYTHONPATH", "python"), package)
    }

    /// A Python package that is installed apart, since it brings many others: by its folder and its name.
    pub(crate) fn tool(folder: &str, package: &str) -> Option<Self> {
        Self::found("python3", ("PYTHONPATH", folder), package)
    }

    /// A Node package.
    pub(crate) fn node(package: &str) -> Option<Self> {
        Self::found("node", ("NODE_PATH", "node/node_modules"), package)
    }

    fn found(program: &'static str, (variable, folder): (&'static str, &str), package: &str) -> Option<Self> {
        let folder = Path::new(ROOT).join("target/partners").join(folder);
        if folder.join(package).exists() {
            return Some(Self {
                program,
                search_path: (variable, folder),
            });
        }
        let absent = format!("{package} is not installed: run tests/partners/install");
        assert!(
            std::env::var_os("DUNLIN_PARTNERS").is_none_or(|value| value != "required"),
            "{absent}"
        );
        eprintln!("SKIPPED: {absent}");
        None
    }

    /// The folder in which its packages are.
    pub(crate) fn packages(&self) -> &Path {
        &self.search_path.1
    }

    /// A command that runs one of its modules.
    pub(crate) fn module(&self, name: &str) -> Command {
        let mut command = Command::new(self.program);
        command
            .args(["-m", name])
            .env(self.search_path.0, &self.search_path.1);
        command
    }

    /// A command that runs a script of `tests/partners`.
    pub(crate) fn command(&self, script: &str) -> Command {
        let mut command = Command::new(self.program);
        command
            .arg(Path::new(ROOT).join("tests/partners").join(script))
            .env(self.search_path.0, &self.search_path.1);
        command
    }

    /// Runs a script of `tests/partners` on `input` and answers what it prints; fails the test where it fails.
    #[track_caller]
    pub(crate) fn run(&self, script: &str, arguments: &[&str], input: &str) -> String {
        let mut child = self
            .command(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program));
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).expect("a reader");
        drop(stdin);
        let output = child.wait_with_output().expect("its end");
        assert!(
            output.status.success(),
            "{script} {arguments:?}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }
}
