//! Forgetting: what has ended goes after its time, in small steps.

use rusqlite::Connection;

use super::ended_states;
use super::hand_in::KEYS_KEPT_MS;
use crate::model::Millis;
use crate::store::flows::one;
use crate::store::sweep::STEP;
use crate::store::{Store, StoreError};

const FULL: usize = STEP as usize;

impl Store {
    /// Deletes, in one small step, deliveries that ended before `before` with their attempts, dispatched events from before it without
    /// deliveries, recoveries from before it that are done, and idempotency keys older than a day. True if there is more.
    pub async fn forget_outbound(&self, now: Millis, before: Millis) -> Result<bool, StoreError> {
        const KEYS: &str = "DELETE FROM handed_in WHERE key IN \
             (SELECT key FROM handed_in WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)";
        const RECOVERIES: &str = "DELETE FROM recoveries WHERE seq IN \
             (SELECT seq FROM recoveries WHERE is_done AND created_at < ?1 LIMIT ?2)";
        let keys_before = now.0.saturating_sub(KEYS_KEPT_MS);
        self.0
            .writer
            .write(move |db| {
                let dispatched =
                    db.prepare_cached("SELECT dispatched FROM outbound")?.query_row([], |row| row.get(0))?;
                let deliveries = deliveries(db, before, dispatched)?;
                let events = events(db, before, dispatched)?;
                let keys = db.prepare_cached(KEYS)?.execute((keys_before, STEP))?;
                let recoveries = db.prepare_cached(RECOVERIES)?.execute((before.0, STEP))?;
                Ok(deliveries.max(keys).max(recoveries) == FULL || events)
            })
            .await
    }
}

/// Deletes deliveries, and each event that none is left of. Returns how many deliveries there were.
fn deliveries(db: &Connection, before: Millis, dispatched: i64) -> Result<usize, StoreError> {
    const SQL: &str = concat!(
        "DELETE FROM deliveries WHERE seq IN (SELECT seq FROM deliveries WHERE state IN ",
        ended_states!(),
        " AND updated_at < ?1 ORDER BY updated_at LIMIT ?2) RETURNING event"
    );
    let mut delete = db.prepare_cached(SQL)?;
    let bare: Vec<i64> = delete.query_map((before.0, STEP), |row| row.get(0))?.collect::<Result<_, _>>()?;
    for event in &bare {
        forget_event(db, *event, before, dispatched)?;
    }
    Ok(bare.len())
}

/// Goes on through the events from before `before` by their age and deletes those that never had a delivery. The others go with
/// their last one, so none is looked at twice, however many wait for a receiver. True if there is more.
fn events(db: &Connection, before: Millis, dispatched: i64) -> Result<bool, StoreError> {
    const NEXT: &str = "SELECT created_at, seq FROM events WHERE (created_at, seq) > (?1, ?2) AND created_at < ?3 \
         ORDER BY created_at, seq LIMIT ?4";
    let at = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let swept: (i64, i64) = db.prepare_cached("SELECT swept_at, swept_seq FROM outbound")?.query_row([], at)?;
    // If the clock has gone back, begin anew: events may have been stored with times that lie before the place.
    let mut place = if swept.0 < before.0 { swept } else { (0, 0) };
    let mut select = db.prepare_cached(NEXT)?;
    let next: Vec<(i64, i64)> = select.query_map((place.0, place.1, before.0, STEP), at)?.collect::<Result<_, _>>()?;
    let mut seen = 0;
    // Not past one that is to stay for now: it will be looked at when it may go.
    for event in next.iter().take_while(|(_, seq)| *seq < dispatched) {
        forget_event(db, event.1, before, dispatched)?;
        place = *event;
        seen += 1;
    }
    if place != swept {
        db.prepare_cached("UPDATE outbound SET swept_at = ?1, swept_seq = ?2")?.execute(place)?;
    }
    Ok(seen == FULL)
}

/// Deletes the event if it is old enough, has no delivery, and is not the newest that was dispatched: places are not given twice.
fn forget_event(db: &Connection, seq: i64, before: Millis, dispatched: i64) -> Result<(), StoreError> {
    const DELETE: &str = "DELETE FROM events WHERE seq = ?1 AND seq < ?2 AND created_at < ?3";
    if one(db, "SELECT 1 FROM deliveries WHERE event = ?1 LIMIT 1", [seq], |_| Ok(()))?.is_none() {
        db.prepare_cached(DELETE)?.execute((seq, dispatched, before.0))?;
    }
    Ok(())
}
