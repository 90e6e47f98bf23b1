//! What can go wrong with a store, and what to do about it.

use rusqlite::ErrorCode;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A failure of a store. Nothing is ever half-written: a failed insert leaves no trace.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such file.
    #[error("there is no run database at {}", .0.display())]
    Missing(PathBuf),
    /// The file is something else.
    #[error("{} is not an SQLite database; choose another file", .0.display())]
    NotADatabase(PathBuf),
    /// The database belongs to another program.
    #[error("{} is a database of another program and is left alone; choose another file", .0.display())]
    Foreign(PathBuf),
    /// A later version wrote it.
    #[error(
        "{} was written by a later version of shakedown (its layout is {found}, this one knows up to {known}); \
         use that version, or choose another file",
        path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its layout.
        found: i64,
        /// The latest layout this version knows.
        known: i64,
    },
    /// The file is broken.
    #[error(
        "{} is damaged ({detail}); move it away to start a new one, or restore a copy \
         (`sqlite3 FILE .recover` may save some of it)",
        path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// It cannot be written.
    #[error("{} cannot be written: it or its folder is read-only; choose another file", .0.display())]
    ReadOnly(PathBuf),
    /// There is no room.
    #[error(
        "the disk is full: there is no room to write {}, and nothing of this run was stored; free some room, or choose \
         another file with `--db`",
        .0.display()
    )]
    Full(PathBuf),
    /// Another program holds it for too long.
    #[error("{} is in use by another program and stayed so; try again", .0.display())]
    Busy(PathBuf),
    /// The operating system refuses.
    #[error("{} cannot be used: {detail}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system or SQLite says.
        detail: String,
    },
    /// A stored run is of a version that this one cannot read.
    #[error("run {id} has results of format {found}, and this version reads format {known}")]
    OutcomeFormat {
        /// Which run.
        id: i64,
        /// Its format.
        found: u32,
        /// The format this version reads.
        known: u32,
    },
    /// No run is meant.
    #[error("there is no run `{0}`; give a number from `runs list`, or the start of a digest")]
    NoSuchRun(String),
    /// Several runs are meant.
    #[error("`{0}` begins the digests of several runs; give more of it, or a run's number")]
    Ambiguous(String),
}

/// SQLITE_IOERR_SHMSIZE: the index of the write-ahead log, made when a file is first opened, does not fit.
const NO_ROOM_TO_SHARE: i32 = 10 | 19 << 8;

impl StoreError {
    /// Translates what the system says about a folder.
    pub(super) fn of_system(path: &Path, error: &std::io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full(path),
            _ => Self::Io { path, detail: error.to_string() },
        }
    }

    /// Translates what SQLite says about a file.
    pub(super) fn of(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase(path),
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, detail: error.to_string() },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(path),
            Some(ErrorCode::DiskFull) => Self::Full(path),
            Some(ErrorCode::SystemIoFailure)
                if error.sqlite_error().map(|it| it.extended_code) == Some(NO_ROOM_TO_SHARE) =>
            {
                Self::Full(path)
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(path),
            _ => Self::Io { path, detail: error.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_a_full_disk_shows_it_is_called_that_and_says_what_to_do() {
        let path = Path::new("runs.db");
        let sqlite = |code: i32| {
            let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            StoreError::of(path, &error)
        };
        let system = StoreError::of_system(path, &std::io::Error::from(ErrorKind::StorageFull));
        for error in [sqlite(rusqlite::ffi::SQLITE_FULL), sqlite(rusqlite::ffi::SQLITE_IOERR_SHMSIZE), system]
        {
            let text = error.to_string();
            assert!(text.contains("the disk is full") && text.contains("`--db`"), "{text}");
        }
        assert!(matches!(sqlite(rusqlite::ffi::SQLITE_IOERR_READ), StoreError::Io { .. }));
    }
}
