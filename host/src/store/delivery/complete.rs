//! The end of a try.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::reading::{attempt_columns, number};
use super::{Completion, StateNow, endpoints, order};
use crate::model::{Attempt, Claimed, DeliveryState, Millis, NewEvent, Next};
use crate::store::outbox::{self, Stamp};
use crate::store::{Store, StoreError};

impl Store {
    /// Ends a try: the attempt, what becomes of the delivery, what was learned of its endpoint and what that caused, in one
    /// transaction. The next one of its ordering key becomes due when it has ended. A try after which it is held for another
    /// transform is excused.
    pub async fn complete(
        &self,
        claimed: &Claimed,
        attempt: Attempt,
        next: Next,
        endpoint: Option<StateNow>,
        events: Vec<NewEvent>,
    ) -> Result<Completion, StoreError> {
        let stamp = self.0.stamp.clone();
        let claim = (claimed.seq, claimed.lease);
        let (name, number) = (claimed.endpoint.clone(), claimed.attempt);
        self.0
            .writer
            .write(move |db| {
                let now = stamp.clock.now();
                let Some(key) = move_on(db, claim, &next, now)? else { return Ok(Completion::Stale) };
                put_attempt(db, claim.0, number, &attempt)?;
                if let Some(state) = &endpoint {
                    endpoints::put(db, &state())?;
                }
                note(db, &stamp, &events)?;
                if let Some(key) = key {
                    order::settle(db, name.as_str(), &key, now)?;
                }
                Ok(Completion::Done)
            })
            .await
    }
}

/// Stores events that the gateway raises itself.
pub(super) fn note(db: &Connection, stamp: &Stamp, events: &[NewEvent]) -> Result<(), StoreError> {
    for event in events {
        outbox::put(db, stamp, event)?;
    }
    Ok(())
}

/// Moves the delivery on, if the lease still holds. Returns its ordering key then.
fn move_on(
    db: &Connection,
    (seq, lease): (i64, i64),
    next: &Next,
    now: Millis,
) -> Result<Option<Option<String>>, StoreError> {
    const SQL: &str = "UPDATE deliveries SET state = :state, hold = :hold, reason = :reason, due_at = :due_at, lease = NULL, \
         leased_at = NULL, tries = tries - :excused, excused = excused + :excused, updated_at = :now \
         WHERE seq = :seq AND lease = :lease AND state = 'leased' RETURNING ordering_key";
    let (state, hold, reason, due_at, is_excused) = match next {
        Next::Delivered => (DeliveryState::Delivered, None, None, None, false),
        Next::Skipped(why) => (DeliveryState::Skipped, None, Some(why), None, false),
        Next::Dead(why) => (DeliveryState::Dead, None, Some(why), None, false),
        Next::Retry { at, is_excused } => (DeliveryState::Due, None, None, Some(at.0), *is_excused),
        Next::HeldForSwap => (DeliveryState::Held, Some("transform"), None, Some(now.0), true),
    };
    let mut update = db.prepare_cached(SQL)?;
    let params = named_params! {
        ":seq": seq,
        ":lease": lease,
        ":state": state.as_str(),
        ":hold": hold,
        ":reason": reason,
        ":due_at": due_at,
        ":excused": is_excused,
        ":now": now.0,
    };
    Ok(update.query_row(params, |row| row.get(0)).optional()?)
}

/// Writes an attempt of the delivery at `seq`.
pub(super) fn put_attempt(db: &Connection, seq: i64, no: u32, attempt: &Attempt) -> Result<(), StoreError> {
    const SQL: &str = concat!(
        "INSERT INTO attempts (delivery, ",
        attempt_columns!(),
        ") VALUES (:delivery, :number, :started_at, :outcome, :status, :error, :transform_us, :dns_us, :connect_us, :tls_us, \
         :headers_us, :body_us, :total_us, :address, :transform, :body_digest, :body_bytes, :response_cut, :response_headers, \
         :response_body)"
    );
    let headers =
        serde_json::to_string(&attempt.response_headers).map_err(|error| StoreError::Refused(error.to_string()))?;
    let timing = &attempt.timing;
    db.prepare_cached(SQL)?.execute(named_params! {
        ":delivery": seq,
        ":number": no,
        ":started_at": attempt.started_at.0,
        ":outcome": attempt.outcome.as_str(),
        ":status": attempt.status,
        ":error": attempt.error,
        ":transform_us": timing.transform_us.map(number),
        ":dns_us": timing.dns_us.map(number),
        ":connect_us": timing.connect_us.map(number),
        ":tls_us": timing.tls_us.map(number),
        ":headers_us": timing.headers_us.map(number),
        ":body_us": timing.body_us.map(number),
        ":total_us": number(timing.total_us),
        ":address": attempt.address,
        ":transform": attempt.transform.map(|digest| digest.0),
        ":body_digest": attempt.body_digest.map(|digest| digest.0),
        ":body_bytes": number(attempt.body_bytes),
        ":response_cut": attempt.response_cut,
        ":response_headers": headers,
        ":response_body": attempt.response_body,
    })?;
    Ok(())
}
