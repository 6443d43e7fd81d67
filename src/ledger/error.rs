//! What can go wrong with the state, and what to do then?

use std::path::Path;

use rusqlite::ErrorCode;

/// Why the state cannot be used. Nothing in it is damaged by that.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another run holds the lock.
    #[error("another run works with the state {dir}: {who}; wait for it with --wait-lock 10m")]
    Held {
        /// The folder.
        dir: String,
        /// Who holds it.
        who: String,
    },
    /// The folder cannot be made or used.
    #[error("state {dir}: {why}")]
    Folder {
        /// The folder.
        dir: String,
        /// Why.
        why: String,
    },
    /// It belongs to another case.
    #[error(
        "state {dir} was made under another case key, so that its counts cannot go on; give that key with --case-key, or another --state-dir"
    )]
    Key {
        /// The folder.
        dir: String,
    },
    /// The database cannot be used.
    #[error("state: {0}")]
    Store(String),
}

impl LedgerError {
    pub(super) fn folder(dir: &Path, why: &dyn std::fmt::Display) -> Self {
        Self::Folder { dir: dir.display().to_string(), why: why.to_string() }
    }
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        let advice = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                "; the disk is full: what was finished is kept, make room and run again"
            }
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                "; the folder must be writable for this user, with nothing else in it"
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                "; the state is damaged: move it away and sweep again from the start"
            }
            _ => "",
        };
        Self::Store(format!("{error}{advice}"))
    }
}

impl From<serde_json::Error> for LedgerError {
    fn from(error: serde_json::Error) -> Self {
        Self::Store(format!("{error}; the state is damaged or of another version"))
    }
}

impl From<std::io::Error> for LedgerError {
    fn from(error: std::io::Error) -> Self {
        Self::Store(format!("{error}; the state is damaged"))
    }
}
