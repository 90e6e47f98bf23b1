//! Opening a file: what it must be, its settings, and its layout.

use super::{Store, StoreError};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// Marks a file as ours: "SHKD" in ASCII.
const APPLICATION_ID: i64 = 0x5348_4B44;
/// Steps from an empty file to the present layout; `user_version` counts those done.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_runs.sql")];
/// How long to wait for another writer.
const BUSY_WAIT: Duration = Duration::from_secs(30);
/// Pause between attempts where SQLite does not wait by itself, and how many there are.
const RETRY: (Duration, u32) = (Duration::from_millis(20), 500);

/// Whether a missing file is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is made, and its folder too.
    Create,
    /// It is an error.
    Refuse,
}

impl Store {
    /// Opens a file and brings it to the present layout.
    ///
    /// # Errors
    /// When the file is missing and may not be made, is no database, is another program's,
    /// is damaged, is of a later version, or cannot be written. It is not changed then.
    pub fn open(path: &Path, missing: Missing) -> Result<Self, StoreError> {
        if !path.exists() {
            if missing == Missing::Refuse {
                return Err(StoreError::Missing(path.to_owned()));
            }
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(|error| StoreError::of_system(path, &error))?;
            }
        }
        if path.is_dir() {
            return Err(io(path, "it is a folder"));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let told = |error: rusqlite::Error| StoreError::of(path, &error);
        let mut connection = Connection::open_with_flags(path, flags).map_err(told)?;
        connection.busy_timeout(BUSY_WAIT).map_err(told)?;
        check_identity(&connection, path)?;
        use_write_ahead_log(&connection).map_err(told)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(told)?;
        connection.pragma_update(None, "synchronous", "full").map_err(told)?;
        migrate(&mut connection, path)?;
        Ok(Self { connection, path: path.to_owned() })
    }
}

fn io(path: &Path, detail: &str) -> StoreError {
    StoreError::Io { path: path.to_owned(), detail: detail.to_owned() }
}

/// Refuses files that are not ours, or not of a version we know. Returns the layout.
fn check_identity(connection: &Connection, path: &Path) -> Result<usize, StoreError> {
    // One statement, so that another process that is making the file is seen before or after, not amid it.
    let query = "SELECT (SELECT application_id FROM pragma_application_id),
                        (SELECT user_version FROM pragma_user_version),
                        (SELECT count(*) FROM sqlite_schema)";
    let (identity, version, tables): (i64, i64, i64) = connection
        .query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .map_err(|error| StoreError::of(path, &error))?;
    let is_new = identity == 0 && version == 0 && tables == 0;
    if identity != APPLICATION_ID && !is_new {
        return Err(StoreError::Foreign(path.to_owned()));
    }
    let known = MIGRATIONS.len() as i64;
    if version > known {
        return Err(StoreError::Newer { path: path.to_owned(), found: version, known });
    }
    usize::try_from(version).map_err(|_| StoreError::Foreign(path.to_owned()))
}

/// Two processes that make a file at the same moment find it locked without being made to wait.
fn use_write_ahead_log(connection: &Connection) -> rusqlite::Result<()> {
    let (pause, attempts) = RETRY;
    let mut result = Ok(());
    for _ in 0..attempts {
        result = connection.pragma_update(None, "journal_mode", "wal");
        match result.as_ref().map_err(rusqlite::Error::sqlite_error_code) {
            Err(Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)) => {
                std::thread::sleep(pause);
            }
            _ => break,
        }
    }
    result
}

/// Does the missing steps, all or none; another process may have done them meanwhile.
fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let told = |error: rusqlite::Error| StoreError::of(path, &error);
    if check_identity(connection, path)? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(told)?;
    let done = check_identity(&transaction, path)?;
    for step in &MIGRATIONS[done..] {
        transaction.execute_batch(step).map_err(told)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(told)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64).map_err(told)?;
    transaction.commit().map_err(told)
}
