//! How many runs of workflows may be open. Whoever has a credential of a door may begin as many as he likes, and each is rows and a text; without an
//! end to that, one sender fills the disk for all. What is left is counted when it seems to be used up, not with every run.

use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use crate::model::Millis;
use crate::store::StoreError;

/// Counting as many as an operator may allow takes some milliseconds, in which nobody else can write.
const COUNT_PACE_MS: i64 = 1_000;

/// What is left, at least so much: what runs that have ended give back is found at the next count.
#[derive(Default)]
pub(in crate::store) struct OpenRuns(Mutex<Option<Left>>);

struct Left {
    runs: u64,
    counted_at: Millis,
}

impl OpenRuns {
    /// Takes a place for one of at most `most`. If the run is then not stored the place is lost until the next count.
    pub fn enter(&self, db: &Connection, most: u32, now: Millis) -> Result<(), StoreError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = known.as_mut() {
            if let Some(runs) = left.runs.checked_sub(1) {
                left.runs = runs;
                return Ok(());
            }
            // A clock that was set back does not keep anybody waiting.
            if (0..COUNT_PACE_MS).contains(&now.0.saturating_sub(left.counted_at.0)) {
                return Err(StoreError::TooManyOpen(most));
            }
        }
        let left = u64::from(most).saturating_sub(count(db)?);
        *known = Some(Left { runs: left.saturating_sub(1), counted_at: now });
        if left > 0 { Ok(()) } else { Err(StoreError::TooManyOpen(most)) }
    }
}

/// How many runs have not ended. From the indexes of those alone: the table keeps what has ended for weeks.
pub(super) fn count(db: &Connection) -> Result<u64, StoreError> {
    const SQL: &str = "SELECT (SELECT count(*) FROM workflow_runs WHERE state = 'running') + \
         (SELECT count(*) FROM workflow_runs WHERE state IN ('ready', 'waiting') AND due_at IS NOT NULL)";
    let count: i64 = db.prepare_cached(SQL)?.query_row([], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}
