//! Rows and records of this part: which column is which field.

use rusqlite::Row;

use super::{DeliveryRow, Recovery};
use crate::model::{
    Attempt, AttemptOutcome, DeliveryId, DeliveryState, Digest, EndpointName, EndpointState, Event, EventId, JobId,
    Millis, SessionKey, Timing,
};
use crate::store::StoreError;
use crate::store::rows::{optional_text, optional_time, text, time, word};

/// The columns of [`event`], in their order; the table is `e`.
macro_rules! event_columns {
    () => {
        "e.seq, e.event_id, e.type, e.timestamp, e.instance_id, e.session_key, e.created_at, e.data, \
         (SELECT c.url FROM callbacks c WHERE c.event = e.seq)"
    };
}

/// The columns of [`delivery`], in their order, and where they come from. The attempt is the last one.
macro_rules! delivery_rows {
    () => {
        "SELECT d.seq, d.delivery_id, e.event_id, e.type, d.endpoint, d.endpoint_version, d.transform, d.state, d.hold, d.reason, \
         d.attempts, d.due_at, d.created_at, d.updated_at, a.status, a.error, a.total_us \
         FROM deliveries d JOIN events e ON e.seq = d.event LEFT JOIN attempts a ON a.delivery = d.seq \
         AND a.number = (SELECT max(number) FROM attempts WHERE delivery = d.seq)"
    };
}

/// The columns of [`attempt`], in their order.
macro_rules! attempt_columns {
    () => {
        "number, started_at, outcome, status, error, transform_us, dns_us, connect_us, tls_us, headers_us, body_us, total_us, \
         address, transform, body_digest, body_bytes, response_cut, response_headers, response_body"
    };
}

/// The columns of [`endpoint_state`], in their order.
macro_rules! endpoint_columns {
    () => {
        "name, version, disabled_at, disabled_why, failures, failing_since, opens, rests_until"
    };
}

/// The columns of [`recovery`], in their order.
macro_rules! recovery_columns {
    () => {
        "job_id, endpoint, since, until, cursor, revived, created, is_done, created_at"
    };
}

pub(super) use {attempt_columns, delivery_rows, endpoint_columns, event_columns, recovery_columns};

pub(super) fn event(row: &Row<'_>) -> Result<Event, StoreError> {
    Ok(Event {
        seq: row.get(0)?,
        id: EventId::new(text(row, 1)?),
        kind: text(row, 2)?.into(),
        timestamp: optional_text(row, 3)?.map(Into::into),
        instance: optional_text(row, 4)?.map(Into::into),
        session: optional_text(row, 5)?.map(SessionKey::new),
        created_at: time(row, 6)?,
        data: text(row, 7)?.into(),
        callback_url: optional_text(row, 8)?.map(Into::into),
    })
}

pub(super) fn delivery(row: &Row<'_>) -> Result<DeliveryRow, StoreError> {
    let state = word(row, 7, DeliveryState::parse)?;
    let due_at = if state == DeliveryState::Due { optional_time(row, 11)? } else { None };
    let waits_for = optional_text(row, 8)?.map(|hold| match hold {
        "transform" => "waits for another version of its transform",
        _ => "waits for an earlier delivery of its session",
    });
    Ok(DeliveryRow {
        seq: row.get(0)?,
        id: DeliveryId::new(text(row, 1)?),
        event: EventId::new(text(row, 2)?),
        kind: text(row, 3)?.into(),
        endpoint: EndpointName::new(text(row, 4)?),
        endpoint_version: digest(row, 5)?,
        transform: optional_digest(row, 6)?,
        state,
        reason: optional_text(row, 9)?.or(waits_for).map(Into::into),
        attempts: row.get(10)?,
        due_at,
        created_at: time(row, 12)?,
        updated_at: time(row, 13)?,
        last_status: row.get(14)?,
        last_error: optional_text(row, 15)?.map(Into::into),
        last_total_us: optional_size(row, 16)?,
    })
}

/// An attempt with its number.
pub(super) fn attempt(row: &Row<'_>) -> Result<(u32, Attempt), StoreError> {
    let headers = text(row, 17)?;
    let attempt = Attempt {
        started_at: time(row, 1)?,
        outcome: word(row, 2, AttemptOutcome::parse)?,
        status: row.get(3)?,
        error: optional_text(row, 4)?.map(Into::into),
        timing: Timing {
            transform_us: optional_size(row, 5)?,
            dns_us: optional_size(row, 6)?,
            connect_us: optional_size(row, 7)?,
            tls_us: optional_size(row, 8)?,
            headers_us: optional_size(row, 9)?,
            body_us: optional_size(row, 10)?,
            total_us: size(row, 11)?,
        },
        address: optional_text(row, 12)?.map(Into::into),
        transform: optional_digest(row, 13)?,
        body_digest: optional_digest(row, 14)?,
        body_bytes: size(row, 15)?,
        response_cut: row.get(16)?,
        response_headers: serde_json::from_str(headers)
            .map_err(|_| StoreError::unreadable("attempts.response_headers", headers))?,
        response_body: row.get(18)?,
    };
    Ok((row.get(0)?, attempt))
}

pub(super) fn endpoint_state(row: &Row<'_>) -> Result<EndpointState, StoreError> {
    let why = optional_text(row, 3)?.unwrap_or_default();
    Ok(EndpointState {
        name: EndpointName::new(text(row, 0)?),
        version: digest(row, 1)?,
        disabled: optional_time(row, 2)?.map(|since| (since, why.into())),
        failures: row.get(4)?,
        failing_since: optional_time(row, 5)?,
        opens: row.get(6)?,
        rests_until: optional_time(row, 7)?,
    })
}

pub(super) fn recovery(row: &Row<'_>) -> Result<Recovery, StoreError> {
    Ok(Recovery {
        id: JobId::new(text(row, 0)?),
        endpoint: EndpointName::new(text(row, 1)?),
        since: time(row, 2)?,
        until: row.get(3)?,
        cursor: row.get(4)?,
        revived: size(row, 5)?,
        created: size(row, 6)?,
        is_done: row.get(7)?,
        created_at: time(row, 8)?,
    })
}

/// A number for a column: what does not fit into one is as good as the largest that does.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A number that is not negative.
pub(super) fn size(row: &Row<'_>, at: usize) -> Result<u64, StoreError> {
    optional_size(row, at).map(Option::unwrap_or_default)
}

fn optional_size(row: &Row<'_>, at: usize) -> Result<Option<u64>, StoreError> {
    Ok(row.get::<_, Option<i64>>(at)?.map(i64::unsigned_abs))
}

fn digest(row: &Row<'_>, at: usize) -> Result<Digest, StoreError> {
    Ok(Digest(row.get(at)?))
}

fn optional_digest(row: &Row<'_>, at: usize) -> Result<Option<Digest>, StoreError> {
    Ok(row.get::<_, Option<[u8; 32]>>(at)?.map(Digest))
}

/// The time for a column.
pub(super) fn millis(at: Option<Millis>) -> Option<i64> {
    at.map(|at| at.0)
}
