//! Deliveries that ended and are to be tried again.

use rusqlite::Connection;

use super::{Retried, order};
use crate::model::{DeliveryState, Millis};
use crate::store::flows::one;
use crate::store::rows::{optional_text, text, word};
use crate::store::{Store, StoreError};

impl Store {
    /// Makes an ended delivery due now, with a new series of tries; one that waits for its next try is tried now instead. While another one of its ordering key is being tried, it is held.
    pub async fn retry_delivery(&self, id: &str, now: Millis) -> Result<Retried, StoreError> {
        const SQL: &str = "SELECT seq, state, endpoint, ordering_key, due_at FROM deliveries WHERE delivery_id = ?1";
        const SOONER: &str = "UPDATE deliveries SET due_at = ?2, updated_at = ?2 WHERE seq = ?1";
        let id = id.to_owned();
        self.0
            .writer
            .write(move |db| {
                let found = one(db, SQL, [&id], |row| {
                    let key = optional_text(row, 3)?.map(str::to_owned);
                    let due_at: Option<i64> = row.get(4)?;
                    let waits = due_at.is_some_and(|at| at > now.0);
                    Ok((row.get(0)?, word(row, 1, DeliveryState::parse)?, text(row, 2)?.to_owned(), key, waits))
                })?;
                let Some((seq, state, endpoint, key, waits)) = found else { return Ok(Retried::Missing) };
                if state == DeliveryState::Due && waits {
                    db.prepare_cached(SOONER)?.execute((seq, now.0))?;
                    return Ok(Retried::Due);
                }
                if is_open(state) {
                    return Ok(Retried::OnItsWay(state));
                }
                revive(db, seq, &endpoint, key.as_deref(), now)?;
                Ok(Retried::Due)
            })
            .await
    }
}

pub(super) fn is_open(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Due | DeliveryState::Leased | DeliveryState::Held)
}

/// Opens the ended delivery at `seq` again.
pub(super) fn revive(
    db: &Connection,
    seq: i64,
    endpoint: &str,
    key: Option<&str>,
    now: Millis,
) -> Result<(), StoreError> {
    // One with a key waits for its turn, which may be now: `settle` tells.
    const SQL: &str = "UPDATE deliveries SET state = iif(ordering_key IS NULL, 'due', 'held'), \
         hold = iif(ordering_key IS NULL, NULL, 'order'), reason = NULL, due_at = ?2, tries = 0, excused = 0, updated_at = ?2 \
         WHERE seq = ?1";
    db.prepare_cached(SQL)?.execute((seq, now.0))?;
    match key {
        Some(key) => order::settle(db, endpoint, key, now),
        None => Ok(()),
    }
}
