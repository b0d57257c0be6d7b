//! Recoveries: an endpoint gets what it missed, step by step, so that a restart in the middle repeats nothing.

use rusqlite::{Connection, named_params};

use super::reading::{self, event_columns, recovery_columns};
use super::{Recovery, dispatch, retry};
use crate::model::{DeliveryState, Event, Millis, NewDelivery};
use crate::store::flows::one;
use crate::store::rows::{optional_text, word};
use crate::store::{Store, StoreError};

/// Recoveries in a list; they are made by hand.
const LISTED_MAX: u32 = 100;

impl Store {
    /// Notes a recovery; `until` and `cursor` are filled in: it begins at the first event that is late enough and ends where dispatch
    /// is. Who has the server running carries it out. Looks at the ages of all events that it is about: some 50 ms for a million.
    pub async fn start_recovery(&self, recovery: Recovery) -> Result<Recovery, StoreError> {
        self.0.writer.write(move |db| start(db, recovery.clone())).await
    }

    /// Recoveries, the newest first, at most a hundred.
    pub fn recoveries(&self) -> Result<Vec<Recovery>, StoreError> {
        const SQL: &str = concat!("SELECT ", recovery_columns!(), " FROM recoveries ORDER BY seq DESC LIMIT ?1");
        self.0.readers.read(|db| {
            let mut select = db.prepare_cached(SQL)?;
            let mut found = select.query([LISTED_MAX])?;
            let mut recoveries = Vec::new();
            while let Some(row) = found.next()? {
                recoveries.push(reading::recovery(row)?);
            }
            Ok(recoveries)
        })
    }

    /// The events of a recovery that come next, each with the state of its delivery to the endpoint, if there is one. There are more
    /// unless it is empty.
    pub fn recoverable(
        &self,
        recovery: &Recovery,
        limit: u32,
    ) -> Result<Vec<(Event, Option<DeliveryState>)>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            event_columns!(),
            ", d.state FROM events e LEFT JOIN deliveries d ON d.event = e.seq AND d.endpoint = ?1 \
             WHERE e.seq > ?2 AND e.seq <= ?3 AND e.created_at >= ?4 ORDER BY e.seq LIMIT ?5"
        );
        self.0.readers.read(|db| {
            let mut select = db.prepare_cached(SQL)?;
            let (since, until) = (recovery.since.0, recovery.until);
            let mut found = select.query((recovery.endpoint.as_str(), recovery.cursor, until, since, limit))?;
            let read = |row: &rusqlite::Row<'_>| {
                let state = match optional_text(row, 9)? {
                    Some(_) => Some(word(row, 9, DeliveryState::parse)?),
                    None => None,
                };
                Ok((reading::event(row)?, state))
            };
            dispatch::events(&mut found, read, |(event, _)| event)
        })
    }

    /// One step of a recovery: for each of these events its delivery becomes due again if it was given up or cancelled, or this new one is
    /// stored if there is none; the recovery's cursor and counts move in the same transaction. A step from another place than the cursor
    /// was made before, and does nothing. Returns the recovery as it is then.
    pub async fn recover_step(
        &self,
        recovery: &Recovery,
        cursor: i64,
        is_done: bool,
        wanted: Vec<NewDelivery>,
        now: Millis,
    ) -> Result<Recovery, StoreError> {
        const MOVE: &str = "UPDATE recoveries SET cursor = ?3, is_done = ?4, revived = revived + ?5, created = created + ?6 \
             WHERE job_id = ?1 AND cursor = ?2";
        let (id, from) = (recovery.id.clone(), recovery.cursor);
        self.0
            .writer
            .write(move |db| {
                let found = get(db, id.as_str())?;
                if found.cursor != from || found.is_done {
                    return Ok(found);
                }
                let (mut revived, mut created) = (0, 0);
                for delivery in &wanted {
                    match recover(db, delivery, now)? {
                        Recovered::Revived => revived += 1,
                        Recovered::Created => created += 1,
                        Recovered::LeftAlone => {}
                    }
                }
                db.prepare_cached(MOVE)?.execute((id.as_str(), from, cursor, is_done, revived, created))?;
                get(db, id.as_str())
            })
            .await
    }
}

enum Recovered {
    Revived,
    Created,
    LeftAlone,
}

fn start(db: &Connection, recovery: Recovery) -> Result<Recovery, StoreError> {
    const FIRST: &str = "SELECT min(seq) FROM events INDEXED BY events_by_age WHERE created_at >= ?1";
    const INSERT: &str = concat!(
        "INSERT INTO recoveries (",
        recovery_columns!(),
        ") VALUES (:job_id, :endpoint, :since, :until, :cursor, :revived, :created, :is_done, :created_at)"
    );
    let until: i64 = db.prepare_cached("SELECT dispatched FROM outbound")?.query_row([], |row| row.get(0))?;
    let first: Option<i64> = db.prepare_cached(FIRST)?.query_row([recovery.since.0], |row| row.get(0))?;
    let cursor = first.map_or(until, |first| until.min(first - 1));
    let recovery = Recovery { until, cursor, ..recovery };
    db.prepare_cached(INSERT)?.execute(named_params! {
        ":job_id": recovery.id.as_str(),
        ":endpoint": recovery.endpoint.as_str(),
        ":since": recovery.since.0,
        ":until": recovery.until,
        ":cursor": recovery.cursor,
        ":revived": reading::number(recovery.revived),
        ":created": reading::number(recovery.created),
        ":is_done": recovery.is_done,
        ":created_at": recovery.created_at.0,
    })?;
    Ok(recovery)
}

fn get(db: &Connection, id: &str) -> Result<Recovery, StoreError> {
    const SQL: &str = concat!("SELECT ", recovery_columns!(), " FROM recoveries WHERE job_id = ?1");
    one(db, SQL, [id], reading::recovery)?.ok_or_else(|| StoreError::Refused(format!("there is no recovery {id}")))
}

fn recover(db: &Connection, delivery: &NewDelivery, now: Millis) -> Result<Recovered, StoreError> {
    const FOUND: &str = "SELECT seq, state, ordering_key FROM deliveries WHERE event = ?1 AND endpoint = ?2";
    let endpoint = delivery.endpoint.as_str();
    let found = one(db, FOUND, (delivery.event, endpoint), |row| {
        Ok((row.get(0)?, word(row, 1, DeliveryState::parse)?, optional_text(row, 2)?.map(str::to_owned)))
    })?;
    match found {
        Some((seq, state, key)) if state.is_missed() => {
            retry::revive(db, seq, endpoint, key.as_deref(), now)?;
            Ok(Recovered::Revived)
        }
        Some(_) => Ok(Recovered::LeftAlone),
        // An event that has been forgotten since it was read is delivered no more.
        None if one(db, "SELECT 1 FROM events WHERE seq = ?1", [delivery.event], |_| Ok(()))?.is_none() => {
            Ok(Recovered::LeftAlone)
        }
        None => {
            dispatch::insert(db, delivery, now)?;
            Ok(Recovered::Created)
        }
    }
}
