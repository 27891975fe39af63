//! A Redis server of the tests' own, on a socket in their folder.

use crate::harness::GUARD;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// For a machine that does much else.
const START_LIMIT: Duration = Duration::from_secs(30);

/// It ends with the value.
pub(super) struct Server {
    process: Child,
    socket: PathBuf,
}

impl Server {
    /// Starts one; none where it is not installed.
    pub(super) fn start(folder: &Path) -> Option<Self> {
        let socket = folder.join("redis.sock");
        let there = Command::new("redis-server").arg("--version").output();
        if there.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return None;
        }
        let process = Command::new("sh")
            .args([
                "-c",
                GUARD,
                "guard",
                "redis-server",
                "--port",
                "0",
                "--save",
                "",
                "--unixsocket",
            ])
            .arg(&socket)
            .arg("--dir")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("sh");
        let server = Self { process, socket };
        let since = Instant::now();
        while !server.socket.exists() {
            assert!(since.elapsed() < START_LIMIT, "redis-server did not start");
            thread::sleep(Duration::from_millis(10));
        }
        Some(server)
    }

    /// Where components' host finds it.
    pub(super) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket.display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().expect("redis-server's guard");
    }
}
