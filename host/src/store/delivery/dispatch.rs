//! From events to deliveries.

use rusqlite::{Connection, Row, named_params};

use super::order;
use super::reading::{self, event_columns};
use crate::model::{Event, Millis, NewDelivery};
use crate::store::{Store, StoreError};

/// A list of events ends after this much text, also when fewer than asked for are in it: it is held in memory.
const EVENTS_BYTES: usize = 4 * 1024 * 1024;

impl Store {
    /// The first events that have not been dispatched, at most `limit` and some megabytes, in the order of their commits. There are
    /// more unless it is empty.
    pub fn undispatched(&self, limit: u32) -> Result<Vec<Event>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            event_columns!(),
            " FROM events e WHERE e.seq > (SELECT dispatched FROM outbound) ORDER BY e.seq LIMIT ?1"
        );
        self.0.readers.read(|db| {
            let mut select = db.prepare_cached(SQL)?;
            let mut found = select.query([limit])?;
            events(&mut found, reading::event, |event| event)
        })
    }

    /// The place of the newest event, if there is one.
    pub fn newest_event(&self) -> Result<Option<i64>, StoreError> {
        let newest =
            |db: &Connection| Ok(db.prepare_cached("SELECT max(seq) FROM events")?.query_row([], |row| row.get(0))?);
        self.0.readers.read(newest)
    }

    /// Stores deliveries and notes that events up to place `up_to` have been dispatched, in one transaction. A delivery whose
    /// ordering key has an open one before it is held. Told again of a place that is dispatched already, it does nothing.
    pub async fn dispatch(&self, up_to: i64, deliveries: Vec<NewDelivery>) -> Result<(), StoreError> {
        let clock = self.0.stamp.clock.clone();
        self.0
            .writer
            .write(move |db| {
                let moved = "UPDATE outbound SET dispatched = ?1 WHERE dispatched < ?1";
                if db.prepare_cached(moved)?.execute([up_to])? == 0 {
                    return Ok(());
                }
                for delivery in &deliveries {
                    insert(db, delivery, clock.now())?;
                }
                Ok(())
            })
            .await
    }
}

/// Stores a delivery, unless its event has one to this endpoint. Returns whether it did.
pub(super) fn insert(db: &Connection, delivery: &NewDelivery, now: Millis) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO deliveries (delivery_id, event, endpoint, endpoint_version, transform, ordering_key, \
         state, hold, due_at, created_at, updated_at) VALUES (:delivery_id, :event, :endpoint, :endpoint_version, :transform, \
         :ordering_key, :state, :hold, :due_at, :now, :now) ON CONFLICT (event, endpoint) DO NOTHING";
    // The newest of its key, so whatever of that is open stands before it.
    let waits = match &delivery.ordering_key {
        Some(key) => order::is_taken(db, delivery.endpoint.as_str(), key)?,
        None => false,
    };
    let inserted = db.prepare_cached(SQL)?.execute(named_params! {
        ":delivery_id": delivery.id.as_str(),
        ":event": delivery.event,
        ":endpoint": delivery.endpoint.as_str(),
        ":endpoint_version": delivery.endpoint_version.0,
        ":transform": delivery.transform.map(|digest| digest.0),
        ":ordering_key": delivery.ordering_key,
        ":state": if waits { "held" } else { "due" },
        ":hold": waits.then_some("order"),
        ":due_at": delivery.due_at.0,
        ":now": now.0,
    })?;
    Ok(inserted > 0)
}

/// Reads rows until the events in them make [`EVENTS_BYTES`].
pub(super) fn events<T>(
    found: &mut rusqlite::Rows<'_>,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    event: impl Fn(&T) -> &Event,
) -> Result<Vec<T>, StoreError> {
    let mut list = Vec::new();
    let mut bytes = 0;
    while bytes < EVENTS_BYTES
        && let Some(row) = found.next()?
    {
        let item = read(row)?;
        bytes += event(&item).data.len();
        list.push(item);
    }
    Ok(list)
}
