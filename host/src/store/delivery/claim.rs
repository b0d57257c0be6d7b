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

    /// The event at this place; that of an open delivery is there.
    pub fn event(&self, seq: i64) -> Result<Event, StoreError> {
        const SQL: &str = concat!("SELECT ", event_columns!(), " FROM events e WHERE e.seq = ?1");
        let missing = || StoreError::Damaged(format!("event {seq} of a delivery is missing"));
        self.0.readers.read(|db| one(db, SQL, [seq], reading::event)?.ok_or_else(missing))
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
    taken.sort_unstable_by_key(|(due_at, claimed)| (*due_at, claimed.seq));
    Ok(taken.into_iter().map(|(_, claimed)| claimed).collect())
}

/// Takes from one line; each with the time since when it is due.
fn take(
    db: &Connection,
    sql: &str,
    room: &Room,
    limit: u32,
    lease: i64,
    now: Millis,
    taken: &mut Vec<(i64, Claimed)>,
) -> Result<(), StoreError> {
    if limit == 0 {
        return Ok(());
    }
    let mut update = db.prepare_cached(sql)?;
    let mut claimed = update.query((room.endpoint.as_str(), now.0, limit, lease))?;
    while let Some(row) = claimed.next()? {
        let claimed = Claimed {
            seq: row.get(1)?,
            id: DeliveryId::new(row.get::<_, String>(2)?),
            lease,
            endpoint: room.endpoint.clone(),
            attempt: row.get(4)?,
            tries: row.get(5)?,
            excused: row.get(6)?,
            event: row.get(3)?,
        };
        taken.push((row.get(0)?, claimed));
    }
    Ok(())
}
