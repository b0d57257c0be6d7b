//! Deliveries for people: lists, one in full, counts.

use rusqlite::{Connection, named_params};

use super::reading::{self, attempt_columns, delivery_rows, event_columns};
use super::{DeliveryQuery, DeliveryRow, EndpointCounts, ended_states, endpoints, open_states};
use crate::model::{Attempt, DeliveryState, EndpointName, Event, Millis};
use crate::store::flows::one;
use crate::store::rows::word;
use crate::store::{Store, StoreError};

/// Most deliveries that one list has; a row takes some ten microseconds and half a KiB.
pub const DELIVERIES_LISTED_MAX: u32 = 10_000;

impl Store {
    /// Deliveries, the newest first, at most [`DELIVERIES_LISTED_MAX`]. Takes about a millisecond, also among a million; only with `tried`,
    /// or `changed_since` a long time ago, are all looked at that the rest of the query leaves.
    pub fn deliveries(&self, query: &DeliveryQuery) -> Result<Vec<DeliveryRow>, StoreError> {
        const SQL: &str = concat!(delivery_rows!(), " WHERE d.seq = ?1");
        self.0.readers.read_at_once(|db| {
            let limit = query.recent.min(DELIVERIES_LISTED_MAX);
            let mut places = match query.changed_since {
                Some(since) => changed(db, query, since, limit)?,
                None if query.states.is_empty() && query.endpoint.is_none() && query.tried.is_none() => {
                    seqs(db, "SELECT seq FROM deliveries ORDER BY seq DESC LIMIT ?1", [limit])?
                }
                None => matching(db, query, limit)?,
            };
            places.sort_unstable_by_key(|seq| std::cmp::Reverse(*seq));
            places.truncate(limit as usize);
            let rows =
                places.iter().map(|seq| one(db, SQL, [seq], reading::delivery)).collect::<Result<Vec<_>, _>>()?;
            Ok(rows.into_iter().flatten().collect())
        })
    }

    /// One delivery with its event and its attempts, the first one first.
    #[expect(clippy::type_complexity, reason = "three things, told once")]
    pub fn delivery(&self, id: &str) -> Result<Option<(DeliveryRow, Event, Vec<(u32, Attempt)>)>, StoreError> {
        const ROW: &str = concat!(delivery_rows!(), " WHERE d.delivery_id = ?1");
        const EVENT: &str = concat!("SELECT ", event_columns!(), " FROM events e WHERE e.event_id = ?1");
        self.0.readers.read_at_once(|db| {
            let Some(row) = one(db, ROW, [id], reading::delivery)? else { return Ok(None) };
            let event = one(db, EVENT, [row.event.as_str()], reading::event)?;
            let event = event.ok_or_else(|| StoreError::Damaged(format!("the event of delivery {id} is missing")))?;
            let attempts = attempts(db, row.seq)?;
            Ok(Some((row, event, attempts)))
        })
    }

    /// How many deliveries of each endpoint stand where; states without any are left out. Ended ones are counted as they end, open ones
    /// now: some 50 ms for a million.
    pub fn delivery_counts(&self) -> Result<Vec<EndpointCounts>, StoreError> {
        const SQL: &str = concat!(
            "SELECT state, count(*) FROM deliveries WHERE endpoint = ?1 AND state IN ",
            open_states!(),
            " GROUP BY state UNION ALL SELECT state, count FROM ended_counts WHERE endpoint = ?1 AND count > 0"
        );
        self.0.readers.read_at_once(|db| {
            let mut counts = Vec::new();
            for endpoint in endpoints::seen(db)? {
                let mut select = db.prepare_cached(SQL)?;
                let mut found = select.query([&endpoint])?;
                let mut states = Vec::new();
                while let Some(row) = found.next()? {
                    states.push((word(row, 0, DeliveryState::parse)?, reading::size(row, 1)?));
                }
                states.sort_unstable_by_key(|(state, _)| DeliveryState::ALL.iter().position(|known| known == state));
                counts.push(EndpointCounts { endpoint: EndpointName::new(endpoint), states });
            }
            Ok(counts)
        })
    }
}

/// The newest of each endpoint and state.
fn matching(db: &Connection, query: &DeliveryQuery, limit: u32) -> Result<Vec<i64>, StoreError> {
    const ANY: &str = "SELECT seq FROM deliveries WHERE endpoint = ?1 AND state = ?2 ORDER BY seq DESC LIMIT ?3";
    const TRIED: &str = "SELECT seq FROM deliveries WHERE endpoint = ?1 AND state = ?2 AND (attempts > 0) = ?4 \
         ORDER BY seq DESC LIMIT ?3";
    const DUE_FIRST: &str = "SELECT seq FROM deliveries INDEXED BY deliveries_due_first \
         WHERE endpoint = ?1 AND state = 'due' AND attempts = 0 ORDER BY due_at DESC, seq DESC LIMIT ?2";
    const DUE_AGAIN: &str = "SELECT seq FROM deliveries INDEXED BY deliveries_due_again \
         WHERE endpoint = ?1 AND state = 'due' AND attempts > 0 ORDER BY seq DESC LIMIT ?2";
    let endpoints = match &query.endpoint {
        Some(endpoint) => vec![endpoint.as_str().to_owned()],
        None => endpoints::seen(db)?,
    };
    let states = if query.states.is_empty() { DeliveryState::ALL } else { &query.states };
    let mut places = Vec::new();
    for endpoint in &endpoints {
        for state in states {
            let word = state.as_str();
            places.extend(match (query.tried, state) {
                (Some(false), DeliveryState::Due) => seqs(db, DUE_FIRST, (endpoint, limit))?,
                (Some(true), DeliveryState::Due) => seqs(db, DUE_AGAIN, (endpoint, limit))?,
                // To get there takes a try.
                (Some(false), DeliveryState::Leased | DeliveryState::Delivered | DeliveryState::Skipped) => Vec::new(),
                (Some(true), DeliveryState::Leased | DeliveryState::Delivered | DeliveryState::Skipped) | (None, _) => {
                    seqs(db, ANY, (endpoint, word, limit))?
                }
                (Some(tried), _) => seqs(db, TRIED, (endpoint, word, limit, tried))?,
            });
        }
    }
    Ok(places)
}

/// The states are words with a space between them; no word is a part of another.
macro_rules! changed_among {
    ($index:literal, $states:expr) => {
        concat!(
            "SELECT seq FROM deliveries INDEXED BY ",
            $index,
            " WHERE state IN ",
            $states,
            " AND updated_at >= :since AND (:endpoint IS NULL OR endpoint = :endpoint) \
             AND (:tried IS NULL OR (attempts > 0) = :tried) AND (:states IS NULL OR instr(:states, state) > 0) \
             ORDER BY seq DESC LIMIT :limit"
        )
    };
}

/// The newest of those that changed.
fn changed(db: &Connection, query: &DeliveryQuery, since: Millis, limit: u32) -> Result<Vec<i64>, StoreError> {
    const OPEN: &str = changed_among!("deliveries_open_by_time", open_states!());
    const ENDED: &str = changed_among!("deliveries_ended_by_time", ended_states!());
    let words: Vec<&str> = query.states.iter().map(|state| state.as_str()).collect();
    let states = if words.is_empty() { None } else { Some(words.join(" ")) };
    let mut places = Vec::new();
    for sql in [OPEN, ENDED] {
        let params = named_params! {
            ":since": since.0,
            ":endpoint": query.endpoint.as_ref().map(|endpoint| endpoint.as_str()),
            ":tried": query.tried,
            ":states": states,
            ":limit": limit,
        };
        places.extend(seqs(db, sql, params)?);
    }
    Ok(places)
}

fn seqs(db: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<Vec<i64>, StoreError> {
    let mut select = db.prepare_cached(sql)?;
    Ok(select.query_map(params, |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn attempts(db: &Connection, delivery: i64) -> Result<Vec<(u32, Attempt)>, StoreError> {
    const SQL: &str = concat!("SELECT ", attempt_columns!(), " FROM attempts WHERE delivery = ?1 ORDER BY number");
    let mut select = db.prepare_cached(SQL)?;
    let mut found = select.query([delivery])?;
    let mut attempts = Vec::new();
    while let Some(row) = found.next()? {
        attempts.push(reading::attempt(row)?);
    }
    Ok(attempts)
}
