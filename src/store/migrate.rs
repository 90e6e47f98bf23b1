//! Opening a file, and bringing its layout up to date.

use super::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// The layout that this version writes.
pub const VERSION: i64 = MIGRATIONS.len() as i64;

/// `SHKD`, in the header of every history.
const APPLICATION_ID: i64 = 0x5348_4B44;
/// How long to wait for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_BYTES: &[u8] = b"SQLite format 3\0";

/// One entry per layout, each from the one before; entries never change once released.
const MIGRATIONS: &[&str] = &[include_str!("layout1.sql")];

/// Opens a file, checks that it is a history, and migrates it.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    check_first_bytes(path)?;
    let failed = |error| StoreError::sqlite(path, error);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
    migrate(&mut connection, path)?;
    use_log(&connection).map_err(failed)?;
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
    Ok(connection)
}

/// SQLite takes some files for empty databases that are not; a wrong start is told apart here.
fn check_first_bytes(path: &Path) -> Result<(), StoreError> {
    use std::io::Read;
    let mut start = Vec::new();
    match std::fs::File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::file(path, &error)),
        Ok(file) => file
            .take(FIRST_BYTES.len() as u64)
            .read_to_end(&mut start)
            .map_err(|error| StoreError::file(path, &error))?,
    };
    if start.is_empty() || start == FIRST_BYTES {
        return Ok(());
    }
    Err(StoreError::Foreign { path: path.to_owned(), detail: "it is no SQLite file".to_owned() })
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::sqlite(path, error);
    if layout(connection, path)? == VERSION {
        return Ok(());
    }
    // The lock is taken before looking again: another process may be migrating the same file.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let from = layout(&transaction, path)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or(0)) {
        transaction.execute_batch(migration).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction.pragma_update(None, "user_version", VERSION).map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// The file's layout; 0 for a new one.
fn layout(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let number = |query: &str| -> Result<i64, StoreError> {
        connection.query_row(query, [], |row| row.get(0)).map_err(|error| StoreError::sqlite(path, error))
    };
    let (application, found) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if application == APPLICATION_ID {
        if found > VERSION {
            return Err(StoreError::Newer { path: path.to_owned(), found, known: VERSION });
        }
        return Ok(found);
    }
    if application != 0 || found != 0 || tables != 0 {
        let detail = "it is an SQLite file of another program".to_owned();
        return Err(StoreError::Foreign { path: path.to_owned(), detail });
    }
    Ok(0)
}

/// Switches to a write-ahead log. SQLite does not wait for other processes
/// here, so this does, for as long as [`BUSY_TIMEOUT`].
fn use_log(connection: &Connection) -> rusqlite::Result<()> {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut left = BUSY_TIMEOUT.as_millis() / PAUSE.as_millis();
    loop {
        let switched: rusqlite::Result<String> =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match switched {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && left > 0 => {
                left -= 1;
                std::thread::sleep(PAUSE);
            }
            other => return other.map(drop),
        }
    }
}
