//! Leases that end without a try's end: given back, or left behind by a process that died.

use rusqlite::{Connection, OptionalExtension};

use super::{complete, endpoints, order};
use crate::model::{Attempt, AttemptOutcome, Millis};
use crate::store::sweep::STEP;
use crate::store::{Store, StoreError};

impl Store {
    /// Gives leases (row and lease) back untried; the tries are not counted, and the deliveries are due as they were. Those that are
    /// somebody else's by now are left alone.
    pub async fn give_back(&self, leases: Vec<(i64, i64)>) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE deliveries SET state = 'due', lease = NULL, leased_at = NULL, attempts = attempts - 1, \
             tries = tries - 1, updated_at = ?3 WHERE seq = ?1 AND lease = ?2 AND state = 'leased' \
             RETURNING endpoint, ordering_key";
        let clock = self.0.stamp.clock.clone();
        self.0
            .writer
            .write(move |db| {
                let now = clock.now();
                for (seq, lease) in &leases {
                    let given: Option<(String, Option<String>)> = db
                        .prepare_cached(SQL)?
                        .query_row((seq, lease, now.0), |row| Ok((row.get(0)?, row.get(1)?)))
                        .optional()?;
                    if let Some((endpoint, Some(key))) = given {
                        order::settle(db, &endpoint, &key, now)?;
                    }
                }
                Ok(())
            })
            .await
    }

    /// At start: every lease is a dead process's. The deliveries become due, each with an attempt of unknown outcome, which is excused;
    /// once `excused_max` are, it counts, so that one which brings the process down runs out of tries. At most some hundreds a call;
    /// returns how many, 0 at the end.
    pub async fn take_over_leases(&self, excused_max: u32, now: Millis) -> Result<usize, StoreError> {
        self.0
            .writer
            .write(move |db| {
                let left = left_behind(db)?;
                for lease in &left {
                    take_over(db, lease, excused_max, now)?;
                }
                Ok(left.len())
            })
            .await
    }
}

/// A leased delivery at start.
struct Left {
    seq: i64,
    endpoint: String,
    key: Option<String>,
    leased_at: i64,
    attempt: u32,
    excused: u32,
}

fn left_behind(db: &Connection) -> Result<Vec<Left>, StoreError> {
    const SQL: &str = "SELECT seq, ordering_key, leased_at, attempts, excused FROM deliveries \
         WHERE endpoint = ?1 AND state = 'leased'";
    let mut left = Vec::new();
    for endpoint in endpoints::seen(db)? {
        let mut select = db.prepare_cached(SQL)?;
        let mut found = select.query([&endpoint])?;
        while left.len() < STEP as usize
            && let Some(row) = found.next()?
        {
            left.push(Left {
                seq: row.get(0)?,
                endpoint: endpoint.clone(),
                key: row.get(1)?,
                leased_at: row.get(2)?,
                attempt: row.get(3)?,
                excused: row.get(4)?,
            });
        }
    }
    Ok(left)
}

fn take_over(db: &Connection, left: &Left, excused_max: u32, now: Millis) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE deliveries SET state = 'due', due_at = ?2, lease = NULL, leased_at = NULL, tries = tries - ?3, \
         excused = excused + ?3, updated_at = ?2 WHERE seq = ?1";
    let is_excused = left.excused < excused_max;
    db.prepare_cached(SQL)?.execute((left.seq, now.0, is_excused))?;
    complete::put_attempt(db, left.seq, left.attempt, &unknown(Millis(left.leased_at)))?;
    match &left.key {
        Some(key) => order::settle(db, &left.endpoint, key, now),
        None => Ok(()),
    }
}

fn unknown(started_at: Millis) -> Attempt {
    let why = "the process ended during this try or before it began; the receiver may have got it";
    Attempt { error: Some(why.to_owned()), ..Attempt::begun(started_at, AttemptOutcome::Unknown) }
}
