//! Endpoints: what is remembered of them, and what happens to all their deliveries at once.

use rusqlite::{Connection, named_params};

use super::reading::{self, endpoint_columns, millis};
use super::{StateNow, complete, open_states, order};
use crate::model::{DeliveryState, EndpointName, EndpointState, Millis, NewEvent};
use crate::store::flows::one;
use crate::store::sweep::STEP;
use crate::store::{Store, StoreError};

impl Store {
    /// What is remembered of the endpoints.
    pub fn endpoint_states(&self) -> Result<Vec<EndpointState>, StoreError> {
        const SQL: &str = concat!("SELECT ", endpoint_columns!(), " FROM endpoints ORDER BY name");
        self.0.readers.read(|db| {
            let mut select = db.prepare_cached(SQL)?;
            let mut found = select.query([])?;
            let mut states = Vec::new();
            while let Some(row) = found.next()? {
                states.push(reading::endpoint_state(row)?);
            }
            Ok(states)
        })
    }

    /// Remembers it, with what that caused.
    pub async fn put_endpoint_state(&self, state: EndpointState, events: Vec<NewEvent>) -> Result<(), StoreError> {
        self.put_endpoint_state_now(Box::new(move || state.clone()), events).await
    }

    /// The same, as it is when it is written.
    pub async fn put_endpoint_state_now(&self, state: StateNow, events: Vec<NewEvent>) -> Result<(), StoreError> {
        let stamp = self.0.stamp.clone();
        self.0
            .writer
            .write(move |db| {
                put(db, &state())?;
                complete::note(db, &stamp, &events)
            })
            .await
    }

    /// The endpoints that have open deliveries.
    pub fn endpoints_with_open(&self) -> Result<Vec<EndpointName>, StoreError> {
        const SQL: &str =
            concat!("SELECT 1 FROM deliveries WHERE endpoint = ?1 AND state IN ", open_states!(), " LIMIT 1");
        self.0.readers.read_at_once(|db| {
            let mut open = Vec::new();
            for endpoint in seen(db)? {
                if one(db, SQL, [&endpoint], |_| Ok(()))?.is_some() {
                    open.push(EndpointName::new(endpoint));
                }
            }
            Ok(open)
        })
    }

    /// Ends open deliveries (due and held) of this endpoint for this reason, as dead or as cancelled. In steps; returns how many, 0 at
    /// the end. Those that are being tried end when their try does.
    pub async fn end_open(
        &self,
        endpoint: &EndpointName,
        as_state: DeliveryState,
        reason: &str,
    ) -> Result<usize, StoreError> {
        if !matches!(as_state, DeliveryState::Dead | DeliveryState::Cancelled) {
            return Err(StoreError::Refused(format!("open deliveries end as dead or cancelled, not as {as_state}")));
        }
        let (clock, endpoint, reason) = (self.0.stamp.clock.clone(), endpoint.clone(), reason.to_owned());
        self.0
            .writer
            .write(move |db| {
                // Held ones first, and the newest first, so that no step makes one due that the next one ends.
                let mut ended = end(db, &endpoint, DeliveryState::Held, as_state, &reason, clock.now())?;
                if ended == 0 {
                    ended = end(db, &endpoint, DeliveryState::Due, as_state, &reason, clock.now())?;
                }
                Ok(ended)
            })
            .await
    }

    /// Makes the deliveries of this endpoint due that were held for another version of its transform; those with an ordering key in
    /// their turn. Returns how many.
    pub async fn release_held_for_swap(&self, endpoint: &EndpointName, now: Millis) -> Result<usize, StoreError> {
        let mut total = 0;
        loop {
            let endpoint = endpoint.clone();
            let released = self.0.writer.write(move |db| release(db, endpoint.as_str(), now)).await?;
            total += released;
            if released < STEP as usize {
                return Ok(total);
            }
        }
    }

    /// The clock went back by so much: times in the future go back with it. One transaction, some microseconds for each delivery that
    /// is open: in steps, a try that ends between two of them would get a time that then moves.
    pub async fn shift_due(&self, now: Millis, back_ms: i64) -> Result<(), StoreError> {
        const DELIVERIES: &str = concat!(
            "UPDATE deliveries SET due_at = due_at - ?3 WHERE endpoint = ?1 AND state IN ",
            open_states!(),
            " AND due_at > ?2"
        );
        const ENDPOINTS: &str = "UPDATE endpoints SET \
             rests_until = iif(rests_until > ?1, rests_until - ?2, rests_until), \
             failing_since = iif(failing_since > ?1, failing_since - ?2, failing_since)";
        self.0
            .writer
            .write(move |db| {
                for endpoint in seen(db)? {
                    db.prepare_cached(DELIVERIES)?.execute((endpoint, now.0, back_ms))?;
                }
                db.prepare_cached(ENDPOINTS)?.execute((now.0, back_ms))?;
                Ok(())
            })
            .await
    }
}

/// The endpoints that have deliveries. One look into the index for each of them, and not for each delivery.
pub(super) fn seen(db: &Connection) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT min(endpoint) FROM deliveries WHERE endpoint > ?1";
    let mut seen = Vec::<String>::new();
    loop {
        let last = seen.last().map_or("", String::as_str);
        match db.prepare_cached(SQL)?.query_row([last], |row| row.get(0))? {
            Some(next) => seen.push(next),
            None => return Ok(seen),
        }
    }
}

pub(super) fn put(db: &Connection, state: &EndpointState) -> Result<(), StoreError> {
    const SQL: &str = concat!(
        "INSERT INTO endpoints (",
        endpoint_columns!(),
        ") VALUES (:name, :version, :disabled_at, :disabled_why, :failures, :failing_since, :opens, :rests_until) \
         ON CONFLICT (name) DO UPDATE SET version = excluded.version, disabled_at = excluded.disabled_at, \
         disabled_why = excluded.disabled_why, failures = excluded.failures, failing_since = excluded.failing_since, \
         opens = excluded.opens, rests_until = excluded.rests_until"
    );
    db.prepare_cached(SQL)?.execute(named_params! {
        ":name": state.name.as_str(),
        ":version": state.version.0,
        ":disabled_at": state.disabled.as_ref().map(|(since, _)| since.0),
        ":disabled_why": state.disabled.as_ref().map(|(_, why)| why),
        ":failures": state.failures,
        ":failing_since": millis(state.failing_since),
        ":opens": state.opens,
        ":rests_until": millis(state.rests_until),
    })?;
    Ok(())
}

fn end(
    db: &Connection,
    endpoint: &EndpointName,
    open: DeliveryState,
    as_state: DeliveryState,
    reason: &str,
    now: Millis,
) -> Result<usize, StoreError> {
    const SQL: &str = "UPDATE deliveries SET state = ?3, hold = NULL, reason = ?4, due_at = NULL, updated_at = ?5 \
         WHERE seq IN (SELECT seq FROM deliveries WHERE endpoint = ?1 AND state = ?2 ORDER BY seq DESC LIMIT ?6) \
         RETURNING ordering_key";
    let params = (endpoint.as_str(), open.as_str(), as_state.as_str(), reason, now.0, STEP);
    let keys = keys(db, SQL, params)?;
    settle(db, endpoint.as_str(), &keys, now)?;
    Ok(keys.len())
}

fn release(db: &Connection, endpoint: &str, now: Millis) -> Result<usize, StoreError> {
    // One with a key waits for its turn, which may be now: `settle` tells.
    const SQL: &str = "UPDATE deliveries SET state = iif(ordering_key IS NULL, 'due', 'held'), \
         hold = iif(ordering_key IS NULL, NULL, 'order'), due_at = ?2, excused = 0, updated_at = ?2 \
         WHERE seq IN (SELECT seq FROM deliveries WHERE endpoint = ?1 AND state = 'held' AND hold = 'transform' \
         ORDER BY seq LIMIT ?3) RETURNING ordering_key";
    let keys = keys(db, SQL, (endpoint, now.0, STEP))?;
    settle(db, endpoint, &keys, now)?;
    Ok(keys.len())
}

/// Runs an update that returns ordering keys.
fn keys(db: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Option<String>>, StoreError> {
    let mut update = db.prepare_cached(sql)?;
    let keys = update.query_map(params, |row| row.get(0))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

fn settle(db: &Connection, endpoint: &str, keys: &[Option<String>], now: Millis) -> Result<(), StoreError> {
    for key in keys.iter().flatten() {
        order::settle(db, endpoint, key, now)?;
    }
    Ok(())
}
