//! Events that others hand in, once however often they do.

use rusqlite::Connection;

use super::HandedIn;
use crate::model::{Digest, EventId, Millis, NewEvent};
use crate::store::flows::one;
use crate::store::outbox::{self, Stamp};
use crate::store::{Once, Store, StoreError, rows, writer};

/// How long a key is remembered: a sender that tries again does so within hours.
pub(super) const KEYS_KEPT_MS: i64 = 24 * 60 * 60 * 1000;

impl Store {
    /// Stores events that were handed in, all or none.
    pub async fn hand_in(&self, events: Vec<NewEvent>, once: Option<Once>) -> Result<HandedIn, StoreError> {
        let stamp = self.0.stamp.clone();
        self.0.writer.write(move |db| hand_in(db, &stamp, &events, once.as_ref())).await
    }
}

fn hand_in(db: &Connection, stamp: &Stamp, events: &[NewEvent], once: Option<&Once>) -> Result<HandedIn, StoreError> {
    if let Some(once) = once
        && !remember(db, once, events, stamp.clock.now())?
    {
        return earlier(db, once);
    }
    for event in events {
        if !outbox::put(db, stamp, event)? && !is_stored(db, event)? {
            writer::undo(db)?;
            return Ok(HandedIn::OtherEvent(event.id.clone()));
        }
    }
    Ok(HandedIn::Stored(events.iter().map(|event| event.id.clone()).collect()))
}

/// Notes the key. False if it is in use.
fn remember(db: &Connection, once: &Once, events: &[NewEvent], now: Millis) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO handed_in (key, request, created_at, events) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (key) DO UPDATE SET request = excluded.request, created_at = excluded.created_at, \
         events = excluded.events WHERE created_at < ?5";
    let ids: Vec<&str> = events.iter().map(|event| event.id.as_str()).collect();
    let ids = serde_json::to_string(&ids).map_err(|error| StoreError::Refused(error.to_string()))?;
    let forgotten = now.0.saturating_sub(KEYS_KEPT_MS);
    Ok(db.prepare_cached(SQL)?.execute((&once.key, once.request.0, now.0, ids, forgotten))? > 0)
}

/// What became of the request that used the key first.
fn earlier(db: &Connection, once: &Once) -> Result<HandedIn, StoreError> {
    const SQL: &str = "SELECT request, events FROM handed_in WHERE key = ?1";
    let (request, ids) =
        db.prepare_cached(SQL)?.query_row([&once.key], |row| Ok((Digest(row.get(0)?), row.get::<_, String>(1)?)))?;
    if request != once.request {
        return Ok(HandedIn::OtherRequest);
    }
    let ids: Vec<String> = serde_json::from_str(&ids).map_err(|_| StoreError::unreadable("handed_in.events", &ids))?;
    Ok(HandedIn::Repeated(ids.into_iter().map(EventId::new).collect()))
}

/// Whether the stored event of this id says the same.
fn is_stored(db: &Connection, event: &NewEvent) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT type, timestamp, session_key, data, instance_id FROM events WHERE event_id = ?1";
    let same = one(db, SQL, [event.id.as_str()], |row| {
        Ok(rows::text(row, 0)? == event.kind
            && rows::optional_text(row, 1)? == event.timestamp.as_deref()
            && rows::optional_text(row, 2)? == event.session.as_ref().map(|session| session.as_str())
            && rows::text(row, 3)? == event.data
            && rows::optional_text(row, 4)? == event.instance.as_deref())
    })?;
    Ok(same == Some(true))
}
