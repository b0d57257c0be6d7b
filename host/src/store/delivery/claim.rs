//! Taking deliveries to try them.

use rusqlite::Connection;

use super::Room;
use super::reading::{self, event_columns};
use crate::model::{Claimed, DeliveryId, EndpointName, Event, Millis};
use crate::store::flows::one;
use crate::store::{Store, StoreError};

/// A leased one keeps its `due_at`, so that one that is given back has its old place in the line.
macro_rules! claim_from {
    ($line:literal) => {
        concat!(
            "UPDATE deliveries SET state = 'leased', lease = ?4, leased_at = ?2, updated_at = ?2, attempts = attempts + 1, \
             tries = tries + 1 WHERE seq IN (SELECT seq FROM deliveries WHERE endpoint = ?1 AND state = 'due' AND ",
            $line,
            " AND due_at <= ?2 ORDER BY due_at, seq LIMIT ?3) \
             RETURNING due_at, seq, delivery_id, event, attempts, tries, excused"
        )
    };
}

/// The line of those that were never tried, and of those that were. Each is an index of its own.
const FIRST: &str = claim_from!("attempts = 0");
const RETRIES: &str = claim_from!("attempts > 0");

/// A delivery before its event is read.
struct Taken {
    due_at: i64,
    seq: i64,
    id: String,
    event: i64,
    endpoint: EndpointName,
    attempt: u32,
    tries: u32,
    excused: u32,
}

impl Store {
    /// Takes the lease of deliveries that are due at `now`, the longest due first, as far as there is room, and counts the try.
    pub async fn claim(&self, rooms: Vec<Room>, now: Millis) -> Result<Vec<Claimed>, StoreError> {
        self.0.writer.write(move |db| claim(db, &rooms, now)).await
    }

    /// The time of the first delivery of the endpoint that is due, in the past or not: never tried, and tried before.
    pub fn next_due(&self, endpoint: &EndpointName) -> Result<(Option<Millis>, Option<Millis>), StoreError> {
        const FIRST: &str = "SELECT min(due_at) FROM deliveries WHERE endpoint = ?1 AND state = 'due' AND attempts = 0";
        const RETRY: &str = "SELECT min(due_at) FROM deliveries WHERE endpoint = ?1 AND state = 'due' AND attempts > 0";
        self.0.readers.read(|db| {
            let at = |sql| -> Result<Option<Millis>, StoreError> {
                let at: Option<i64> = db.prepare_cached(sql)?.query_row([endpoint.as_str()], |row| row.get(0))?;
                Ok(at.map(Millis))
            };
            Ok((at(FIRST)?, at(RETRY)?))
        })
    }
}

fn claim(db: &Connection, rooms: &[Room], now: Millis) -> Result<Vec<Claimed>, StoreError> {
    let lease: i64 = db.prepare_cached("SELECT leases + 1 FROM outbound")?.query_row([], |row| row.get(0))?;
    let mut taken = Vec::new();
    for room in rooms {
        take(db, FIRST, room, room.first, lease, now, &mut taken)?;
        take(db, RETRIES, room, room.retries, lease, now, &mut taken)?;
    }
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    db.prepare_cached("UPDATE outbound SET leases = ?1")?.execute([lease])?;
    taken.sort_unstable_by_key(|taken| (taken.due_at, taken.seq));
    let with_event = |taken: Taken| {
        Ok(Claimed {
            seq: taken.seq,
            id: DeliveryId::new(taken.id),
            lease,
            endpoint: taken.endpoint,
            attempt: taken.attempt,
            tries: taken.tries,
            excused: taken.excused,
            event: event_at(db, taken.event)?,
        })
    };
    taken.into_iter().map(with_event).collect()
}

fn take(
    db: &Connection,
    sql: &str,
    room: &Room,
    limit: u32,
    lease: i64,
    now: Millis,
    taken: &mut Vec<Taken>,
) -> Result<(), StoreError> {
    if limit == 0 {
        return Ok(());
    }
    let mut update = db.prepare_cached(sql)?;
    let mut claimed = update.query((room.endpoint.as_str(), now.0, limit, lease))?;
    while let Some(row) = claimed.next()? {
        taken.push(Taken {
            due_at: row.get(0)?,
            seq: row.get(1)?,
            id: row.get(2)?,
            event: row.get(3)?,
            endpoint: room.endpoint.clone(),
            attempt: row.get(4)?,
            tries: row.get(5)?,
            excused: row.get(6)?,
        });
    }
    Ok(())
}

fn event_at(db: &Connection, seq: i64) -> Result<Event, StoreError> {
    const SQL: &str = concat!("SELECT ", event_columns!(), " FROM events e WHERE e.seq = ?1");
    let missing = || StoreError::Damaged(format!("event {seq} of a delivery is missing"));
    one(db, SQL, [seq], reading::event)?.ok_or_else(missing)
}
