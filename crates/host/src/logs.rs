//! What components write to stdout and stderr: whole lines, to a file of the state folder and to the terminal.
//!
//! The files are Spin's: `logs/<component>_stdout.txt` and `_stderr.txt`, appended to. On the terminal a line
//! carries its component's name. Instances write at the same time, so each keeps its own unfinished line; one
//! longer than [`LOG_LINE_BYTES`] is cut.

use crate::limits::LOG_LINE_BYTES;
use bytes::Bytes;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// One of a component's two output streams, shared by its instances.
#[derive(Debug, Clone)]
pub struct Log(Arc<Target>);

#[derive(Debug)]
struct Target {
    component: String,
    file: Mutex<File>,
    terminal: bool,
}

/// The two streams of a component.
#[derive(Debug, Clone)]
pub struct Logs {
    /// Standard output.
    pub stdout: Log,
    /// Standard error.
    pub stderr: Log,
}

impl Logs {
    /// Opens the files of a component. With `terminal`, lines are shown there too.
    ///
    /// # Errors
    /// A file cannot be opened for appending.
    pub fn open(state_dir: &Path, component: &str, terminal: bool) -> std::io::Result<Self> {
        let open = |stream: &str| {
            let path = state_dir.join("logs").join(format!("{component}_{stream}.txt"));
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            std::io::Result::Ok(Log(Arc::new(Target {
                component: component.to_owned(),
                file: Mutex::new(file),
                terminal,
            })))
        };
        Ok(Self {
            stdout: open("stdout")?,
            stderr: open("stderr")?,
        })
    }
}

impl Log {
    /// A stream for one instance.
    pub(crate) fn for_instance(&self) -> InstanceLog {
        InstanceLog(Arc::new(Mutex::new(Pending {
            log: self.clone(),
            line: Vec::new(),
        })))
    }

    fn line(&self, line: &[u8]) {
        let mut file = self.0.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut whole = line.to_vec();
        whole.push(b'\n');
        if let Err(error) = file.write_all(&whole) {
            eprintln!("dunlin: cannot write the log of {}: {error}", self.0.component);
        }
        if self.0.terminal {
            eprintln!("[{}] {}", self.0.component, String::from_utf8_lossy(line));
        }
    }
}

/// The stream of one instance; clones share the unfinished line.
#[derive(Clone)]
pub(crate) struct InstanceLog(Arc<Mutex<Pending>>);

struct Pending {
    log: Log,
    line: Vec<u8>,
}

impl Pending {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ended) = part
                .strip_suffix(b"\n")
                .map_or((part, false), |text| (text, true));
            self.line.extend_from_slice(text);
            if ended || self.line.len() >= LOG_LINE_BYTES {
                self.log.line(&std::mem::take(&mut self.line));
            }
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            self.log.line(&self.line);
        }
    }
}

impl InstanceLog {
    fn push(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes);
    }
}

impl IsTerminal for InstanceLog {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for InstanceLog {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for InstanceLog {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl OutputStream for InstanceLog {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(LOG_LINE_BYTES)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for InstanceLog {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_instances_stay_whole() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("logs")).unwrap();
        let logs = Logs::open(folder.path(), "intake", false).unwrap();
        let (one, two) = (logs.stderr.for_instance(), logs.stderr.for_instance());
        for (instance, text) in [(&one, "a"), (&two, "1\n2"), (&one, "b\n\nc"), (&two, "3\n")] {
            instance.push(text.as_bytes());
        }
        drop((one, two));
        let written = std::fs::read_to_string(folder.path().join("logs/intake_stderr.txt")).unwrap();
        assert_eq!(written, "1\nab\n\n23\nc\n");
        assert_eq!(
            std::fs::read(folder.path().join("logs/intake_stdout.txt")).unwrap(),
            b""
        );
    }

    #[test]
    fn endless_lines_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("logs")).unwrap();
        let logs = Logs::open(folder.path(), "c", false).unwrap();
        let instance = logs.stdout.for_instance();
        for _ in 0..3 {
            instance.push(&[b'x'; LOG_LINE_BYTES]);
        }
        let written = std::fs::read_to_string(folder.path().join("logs/c_stdout.txt")).unwrap();
        assert_eq!(written.lines().count(), 3);
    }
}
