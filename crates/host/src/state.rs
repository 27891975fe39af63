//! The state folder (`.spin`): databases, logs, the virtual clock, and a lock so that one host uses it at a time.
//!
//! Files lie where Spin puts them, so that the same folder serves both.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A state folder that this process has to itself until the value is dropped.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    _lock: File,
}

/// Why a state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another host runs on it.
    #[error("another dunlin is running on {}; stop it, or choose another folder with --state-dir", .0.display())]
    InUse(PathBuf),
    /// It cannot be made or written.
    #[error("cannot use the state folder {}: {source}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl StateDir {
    /// Makes the folder where it is missing, and takes it.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn take(path: &Path) -> Result<Self, StateError> {
        let io = |source| StateError::Io {
            path: path.to_owned(),
            source,
        };
        std::fs::create_dir_all(path.join("logs")).map_err(io)?;
        let path = path.canonicalize().map_err(io)?;
        let lock = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path.join("dunlin.lock"))
            .map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StateError::InUse(path)),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// The folder, as an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Replaces a file's content: readers see the old or the new, never a part. Only the owner may read it.
///
/// # Errors
/// What the system says.
pub fn write_atomically(file: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = file.with_file_name(name);
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut handle = options.open(&new)?;
    handle.write_all(content)?;
    handle.sync_all()?;
    std::fs::rename(new, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/state");
        let first = StateDir::take(&path).unwrap();
        assert!(matches!(StateDir::take(&path), Err(StateError::InUse(_))));
        drop(first);
        assert!(StateDir::take(&path).is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn what_is_kept_is_the_owners() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret.json");
        for content in ["first", "2"] {
            write_atomically(&file, content.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), content);
        }
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
