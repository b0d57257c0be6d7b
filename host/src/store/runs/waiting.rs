//! How many runs may wait for one agent. Whoever has a credential of a door may hand in as many as he likes, and each is a row; without an end to
//! that, one sender fills the disk for all. What is left is counted when it seems to be used up, not with every run.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use crate::model::{AgentId, Millis, NewRun};
use crate::store::StoreError;

/// Runs that wait for one agent: weeks of work for any agent, and seconds for a sender gone wild.
const RUNS_MAX: u64 = 100_000;
/// And their messages together: as much as a small machine has to spare.
const BYTES_MAX: u64 = 4 << 30;
/// Counting so many rows takes a tenth of a second, in which nobody else can write.
const COUNT_PACE_MS: i64 = 10_000;

/// What is left, by agent.
pub(in crate::store) struct Waiting(Mutex<Places>);

struct Places {
    runs_max: u64,
    bytes_max: u64,
    left: HashMap<AgentId, Left>,
}

/// At least so much: what runs that have been begun give back is found at the next count.
struct Left {
    runs: u64,
    bytes: u64,
    counted_at: Millis,
}

impl Default for Waiting {
    fn default() -> Self {
        Self(Mutex::new(Places { runs_max: RUNS_MAX, bytes_max: BYTES_MAX, left: HashMap::new() }))
    }
}

impl Waiting {
    /// Takes a place for the run. If the run is then not stored the place is lost until the next count.
    pub fn enter(&self, db: &Connection, run: &NewRun, now: Millis) -> Result<(), StoreError> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = places.left.get_mut(&run.agent) {
            if left.take(run) {
                return Ok(());
            }
            // A clock that was set back does not keep anybody waiting.
            if (0..COUNT_PACE_MS).contains(&now.0.saturating_sub(left.counted_at.0)) {
                return Err(StoreError::Crowded(run.agent.clone()));
            }
        }
        let mut counted = places.count(db, &run.agent, now)?;
        let has_room = counted.take(run);
        places.left.insert(run.agent.clone(), counted);
        if has_room { Ok(()) } else { Err(StoreError::Crowded(run.agent.clone())) }
    }
}

impl Places {
    fn count(&self, db: &Connection, agent: &AgentId, now: Millis) -> Result<Left, StoreError> {
        const SQL: &str = "SELECT count(*), coalesce(sum(octet_length(message)), 0) FROM runs \
             WHERE agent_id = ?1 AND state = 'queued'";
        let counted = db.prepare_cached(SQL)?.query_row([agent.as_str()], |row| Ok((row.get(0)?, row.get(1)?)));
        let (runs, bytes): (i64, i64) = counted?;
        Ok(Left {
            runs: self.runs_max.saturating_sub(runs.unsigned_abs()),
            bytes: self.bytes_max.saturating_sub(bytes.unsigned_abs()),
            counted_at: now,
        })
    }
}

impl Left {
    fn take(&mut self, run: &NewRun) -> bool {
        let (runs, bytes) = (self.runs.checked_sub(1), self.bytes.checked_sub(run.message.len() as u64));
        match (runs, bytes) {
            (Some(runs), Some(bytes)) => {
                (self.runs, self.bytes) = (runs, bytes);
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
impl crate::store::Store {
    /// From now on no more runs than this wait for an agent.
    pub(crate) fn let_wait(&self, runs_max: u64, bytes_max: u64) {
        let mut places = self.0.waiting.0.lock().unwrap_or_else(PoisonError::into_inner);
        *places = Places { runs_max, bytes_max, left: HashMap::new() };
    }
}
