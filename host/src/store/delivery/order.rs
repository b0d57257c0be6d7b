//! The order of deliveries that share an ordering key: of those that have not ended, the first one goes, and the others are held.
//!
//! Whoever opens, ends or puts back a delivery that has a key calls [`settle`] in the same transaction. That one is enough, also where
//! an earlier one comes back to life: it goes next, but what is being tried is let finish.

use rusqlite::{Connection, OptionalExtension};

use super::open_states;
use crate::model::Millis;
use crate::store::StoreError;

/// Whether a delivery of this key is open.
pub(super) fn is_taken(db: &Connection, endpoint: &str, key: &str) -> Result<bool, StoreError> {
    Ok(first(db, endpoint, key)?.is_some())
}

/// Makes the first open one of the key due, unless one is leased, and holds one that is due out of its turn.
pub(super) fn settle(db: &Connection, endpoint: &str, key: &str, now: Millis) -> Result<(), StoreError> {
    const UNDER_WAY: &str = concat!(
        "SELECT seq, state = 'leased' FROM deliveries WHERE endpoint = ?1 AND ordering_key = ?2 ",
        "AND ordering_key IS NOT NULL AND state IN ('due', 'leased')"
    );
    const HOLD: &str = "UPDATE deliveries SET state = 'held', hold = 'order', updated_at = ?2 WHERE seq = ?1";
    const RELEASE: &str = "UPDATE deliveries SET state = 'due', hold = NULL, updated_at = ?2 WHERE seq = ?1";
    let Some((first, waits_its_turn)) = first(db, endpoint, key)? else { return Ok(()) };
    let under_way: Option<(i64, bool)> =
        db.prepare_cached(UNDER_WAY)?.query_row((endpoint, key), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match under_way {
        Some((_, true)) => return Ok(()),
        Some((seq, false)) if seq == first => return Ok(()),
        Some((seq, false)) => {
            db.prepare_cached(HOLD)?.execute((seq, now.0))?;
        }
        None => {}
    }
    if waits_its_turn {
        db.prepare_cached(RELEASE)?.execute((first, now.0))?;
    }
    Ok(())
}

/// The first open one of the key, and whether it waits for nothing but its turn.
fn first(db: &Connection, endpoint: &str, key: &str) -> Result<Option<(i64, bool)>, StoreError> {
    const SQL: &str = concat!(
        "SELECT seq, hold IS 'order' FROM deliveries WHERE endpoint = ?1 AND ordering_key = ?2 ",
        "AND ordering_key IS NOT NULL AND state IN ",
        open_states!(),
        " ORDER BY seq LIMIT 1"
    );
    let mut select = db.prepare_cached(SQL)?;
    Ok(select.query_row((endpoint, key), |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}
