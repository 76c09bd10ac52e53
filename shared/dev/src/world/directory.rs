//! The directory that a world keeps its state in: one world at a time, and a note of where it listens.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::{Endpoints, WorldError};

/// The file that is locked while a world runs.
const LOCK: &str = "lock";
/// The file that says where the world listens, for the commands that speak to it.
const ENDPOINTS: &str = "world.json";
/// The file with secrets that replace the published ones; written by `cargo dev import-env`.
const SECRETS: &str = "secrets.json";

/// A directory that this process has for itself. The system gives the lock back however the process ends.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Creates the directory if need be and takes it.
    ///
    /// # Errors
    /// [`WorldError`] if another world has it or it cannot be written to.
    pub fn take(path: &Path) -> Result<Self, WorldError> {
        let failed = |source| WorldError::Directory { path: path.to_owned(), source };
        std::fs::create_dir_all(path).map_err(failed)?;
        let lock = File::create(path.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(WorldError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Notes where the world listens.
    pub(super) fn announce(&self, endpoints: &Endpoints) -> Result<(), WorldError> {
        let path = self.path.join(ENDPOINTS);
        let text = serde_json::to_string_pretty(endpoints).unwrap_or_default();
        std::fs::write(&path, text).map_err(|source| WorldError::Directory { path, source })
    }

    /// Where the world of a directory listens (or listened last).
    ///
    /// # Errors
    /// [`WorldError`] if no world has run there.
    pub fn endpoints(path: &Path) -> Result<Endpoints, WorldError> {
        let path = path.join(ENDPOINTS);
        let text =
            std::fs::read_to_string(&path).map_err(|source| WorldError::Directory { path: path.clone(), source })?;
        serde_json::from_str(&text).map_err(|error| WorldError::File { path, what: error.to_string() })
    }

    /// Where the secrets that replace the published ones are.
    #[must_use]
    pub fn secrets_file(path: &Path) -> PathBuf {
        path.join(SECRETS)
    }
}
