//! Opening connections: the three kinds there are, and the settings of each.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::StoreError;

/// How long to wait for another process (the command line beside a server) to finish its write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements kept per connection; the store has fewer than this many.
const STATEMENTS_KEPT: usize = 128;

/// Page caches, in KiB; they fill only as pages are used. The whole process is to idle below 60 MiB: one writer and four readers
/// at most make 12 MiB of that. A reader's cache is emptied by every commit, so a large one would not be warm anyway.
const WRITER_CACHE_KIB: i64 = 8 * 1024;
const READER_CACHE_KIB: i64 = 1024;
const CHECKPOINT_CACHE_KIB: i64 = 64;

/// What the write-ahead log file is cut back to once its content is in the database: four checkpoints' worth.
const LOG_KEPT_BYTES: i64 = 16 * 1024 * 1024;

/// The connection that is to write. It changes nothing in the file yet, which may turn out not to be ours.
pub(super) fn writer(path: &Path) -> Result<Connection, StoreError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, WRITER_CACHE_KIB)
}

/// Makes the writer durable on commit: with `synchronous=FULL` nothing acknowledged is lost when the power goes (`NORMAL` lost
/// thousands of acknowledged rows in the same trial).
pub(super) fn make_durable(db: &Connection) -> Result<(), StoreError> {
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Io(format!("no write-ahead log on this file system, journal mode stays {mode}")));
    }
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "fullfsync", true)?; // macOS: a plain fsync does not reach the disk there
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?; // `checkpoint.rs` does it, off the commit path
    db.pragma_update(None, "journal_size_limit", LOG_KEPT_BYTES)?;
    Ok(())
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, READER_CACHE_KIB)?;
    db.pragma_update(None, "query_only", true)?;
    Ok(db)
}

/// A connection that only copies the write-ahead log into the database.
pub(super) fn checkpointer(path: &Path) -> Result<Connection, StoreError> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, CHECKPOINT_CACHE_KIB)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(db)
}

fn open(path: &Path, access: OpenFlags, cache_kib: i64) -> Result<Connection, StoreError> {
    // Each connection is used by one thread at a time, so SQLite need not lock it again. No URI names: a folder may be called `file:x?y`.
    let db = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    db.pragma_update(None, "cache_size", -cache_kib)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "trusted_schema", false)?;
    Ok(db)
}
