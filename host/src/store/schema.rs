//! The shape of the database, and how an older one gets it.

use std::path::Path;

use rusqlite::Connection;

use super::StoreError;

/// Marks the file as ours (`file` and `PRAGMA application_id` show it): the letters `sncl`.
const APPLICATION_ID: u32 = 0x736e_636c;

/// Each step takes the schema one version up. A released step never changes; the next idea is the next file.
const STEPS: &[&str] = &[
    include_str!("schema/0001_flows.sql"),
    include_str!("schema/0002_outbound.sql"),
    include_str!("schema/0003_runs.sql"),
    include_str!("schema/0004_workflows.sql"),
];

/// The version that this release reads and writes.
const KNOWN: u32 = STEPS.len() as u32;

/// Brings the database from version `found` to the one known here, each step in a transaction.
pub(super) fn migrate(db: &mut Connection, found: u32) -> Result<(), StoreError> {
    for (version, step) in (1u32..).zip(STEPS).skip(found as usize) {
        let change = db.transaction()?;
        change.execute_batch(step)?;
        change.pragma_update(None, "application_id", APPLICATION_ID)?;
        change.pragma_update(None, "user_version", version)?;
        change.commit()?;
    }
    Ok(())
}

/// Refuses any version but the one known here.
pub(super) fn expect_current(db: &Connection, path: &Path) -> Result<(), StoreError> {
    match version(db, path)? {
        KNOWN => Ok(()),
        found => Err(StoreError::Older { path: path.to_owned(), found, known: KNOWN }),
    }
}

/// The version of a database that is ours, or empty (0). Refuses one of a newer release and one of another program.
pub(super) fn version(db: &Connection, path: &Path) -> Result<u32, StoreError> {
    let number = |pragma| db.pragma_query_value(None, pragma, |row| row.get::<_, u32>(0));
    let found = number("user_version")?;
    let tables: u32 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let fresh = found == 0 && tables == 0;
    if !fresh && number("application_id")? != APPLICATION_ID {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    if found > KNOWN {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: KNOWN });
    }
    Ok(found)
}
