//! Why a history cannot be used, and what to do about it.

use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};

/// Why a history cannot be used. Every message names the file and a way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such file.
    #[error("there is no history {}; make a run first, or name another file with --db", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It is something else.
    #[error("{} is not a history of runs ({detail}); name another file with --db, or use --no-store", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        detail: String,
    },
    /// A newer program wrote it.
    #[error(
        "{} was written by a newer version of shakedown (layout {found}, this one knows up to {known}); \
         upgrade, or name another file with --db", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: i64,
        /// The newest layout known.
        known: i64,
    },
    /// Its pages are broken.
    #[error(
        "the history {} is damaged ({detail}); move it away, or save what is left with \
         `sqlite3 FILE .recover | sqlite3 NEW`", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// Another process has held it for too long.
    #[error("the history {} is in use by another process; try again, or name another file with --db", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be written or read.
    #[error("cannot use the history {}: {detail}; name another file with --db, or use --no-store", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// One run is in a form that this version does not know.
    #[error(
        "run {run} in {} was written by shakedown {engine} in a form this version cannot read ({detail}); \
         `shakedown runs export` gives it as it is", path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The run's number.
        run: i64,
        /// Version of the program that wrote it.
        engine: String,
        /// What does not fit.
        detail: String,
    },
}

impl StoreError {
    pub(super) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::Other { path: path.to_owned(), detail: error.to_string() }
    }

    pub(super) fn sqlite(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign { path, detail },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, detail },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            _ => Self::Other { path, detail },
        }
    }
}
