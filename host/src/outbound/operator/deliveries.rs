//! Deliveries: listed, shown, tried again.

use serde_json::value::RawValue;

use super::views::{
    AttemptDetail, DeliveryDetail, DeliveryLine, DeliveryList, EventDetail, Readable, RetryAnswer, TimingDetail,
};
use super::{Operator, OperatorError, Status, is_disabled, shown};
use crate::model::{Attempt, DeliveryState, EndpointName, Event, Millis, Timing};
use crate::store::{DeliveryQuery, DeliveryRow, Retried, StoreError};

/// Deliveries in a list if nobody says how many.
pub const LIST_DEFAULT: u32 = 20;
/// The most there can be in one: some hundred kilobytes of answer.
pub const LIST_MAX: u32 = 1000;

/// Rows of any kind, as [`Status::listed`] has those of one.
const ANY: &[(&[DeliveryState], Option<bool>)] = &[(&[], None)];

/// Which deliveries to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// At most so many, the newest; never more than [`LIST_MAX`].
    pub recent: u32,
    /// Those of this status. `failed` are those that were given up too.
    pub status: Option<Status>,
    /// Those of this endpoint.
    pub endpoint: Option<String>,
    /// Those that changed at or after this time.
    pub changed_since: Option<Millis>,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self { recent: LIST_DEFAULT, status: None, endpoint: None, changed_since: None }
    }
}

impl Operator {
    /// Deliveries, the newest first.
    pub fn deliveries(&self, query: &ListQuery) -> Result<DeliveryList, OperatorError> {
        let recent = query.recent.min(LIST_MAX);
        let kinds = query.status.map_or(ANY, Status::listed);
        let mut rows = Vec::new();
        for (states, tried) in kinds {
            rows.extend(self.store.deliveries(&DeliveryQuery {
                recent,
                states: states.to_vec(),
                tried: *tried,
                endpoint: query.endpoint.as_deref().map(EndpointName::new),
                changed_since: query.changed_since,
            })?);
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.seq));
        // Read one after the other: one that changed in between is in both.
        rows.dedup_by_key(|row| row.seq);
        rows.truncate(recent as usize);
        let deliveries: Vec<_> = rows.iter().map(line).collect();
        Ok(DeliveryList { count: deliveries.len(), deliveries })
    }

    /// Everything that is known of one delivery.
    pub fn delivery(&self, id: &str) -> Result<DeliveryDetail, OperatorError> {
        let (row, event, attempts) = self.store.delivery(id)?.ok_or_else(|| missing(id))?;
        Ok(DeliveryDetail {
            delivery: line(&row),
            event: event_detail(event)?,
            attempts: attempts.into_iter().map(|(number, attempt)| attempt_detail(number, attempt)).collect(),
        })
    }

    /// Makes a delivery that has ended due now, with all its attempts before it.
    pub async fn retry(&self, id: &str) -> Result<RetryAnswer, OperatorError> {
        match self.store.retry_delivery(id, self.clock.now()).await? {
            Retried::Missing => Err(missing(id)),
            Retried::OnItsWay(state) => {
                let note = format!("it is on its way already ({state}); `sandclaw webhooks show {id}` says more");
                Ok(RetryAnswer { is_due: false, note: Some(note) })
            }
            Retried::Due => {
                self.wake();
                Ok(RetryAnswer { is_due: true, note: self.in_the_way(id)? })
            }
        }
    }

    /// What keeps a delivery that is due from being tried.
    fn in_the_way(&self, id: &str) -> Result<Option<String>, OperatorError> {
        let Some((row, ..)) = self.store.delivery(id)? else { return Ok(None) };
        let name = &row.endpoint;
        let Some(endpoint) = self.endpoints.iter().find(|endpoint| endpoint.name == *name) else {
            return Ok(None);
        };
        if !endpoint.enabled {
            return Ok(Some(format!("the config switches {name} off (`enabled: false`), so it waits")));
        }
        let disabled = self.state_of(name)?.and_then(|state| state.disabled);
        Ok(disabled.map(|(_, why)| is_disabled(name, &why)))
    }
}

fn missing(id: &str) -> OperatorError {
    let id = shown(id, 80);
    OperatorError::NotFound(if id.starts_with("evt_") {
        format!("{id} is an event, and this asks for a delivery (dlv_…); `sandclaw webhooks list` has both ids of each")
    } else {
        format!("there is no delivery {id}; `sandclaw webhooks list` shows those there are")
    })
}

fn line(row: &DeliveryRow) -> DeliveryLine {
    DeliveryLine {
        id: row.id.to_string(),
        event: row.event.to_string(),
        r#type: row.kind.clone(),
        endpoint: row.endpoint.to_string(),
        status: Status::of(row),
        state: row.state.to_string(),
        reason: row.reason.clone(),
        attempts: row.attempts,
        next_attempt_at: row.due_at.map(|at| at.0),
        created_at: row.created_at.0,
        updated_at: row.updated_at.0,
        last_status: row.last_status,
        last_error: row.last_error.clone(),
        last_total_us: row.last_total_us,
        endpoint_version: row.endpoint_version.to_string(),
        transform: row.transform.map(|digest| digest.to_string()),
    }
}

fn event_detail(event: Event) -> Result<EventDetail, OperatorError> {
    Ok(EventDetail {
        id: event.id.to_string(),
        data: RawValue::from_string(event.data)
            .map_err(|error| StoreError::Damaged(format!("the data of {} is no JSON: {error}", event.id)))?,
        r#type: event.kind,
        timestamp: event.timestamp,
        session: event.session.map(|session| session.to_string()),
        created_at: event.created_at.0,
    })
}

fn attempt_detail(number: u32, attempt: Attempt) -> AttemptDetail {
    let Timing { transform_us, dns_us, connect_us, tls_us, headers_us, body_us, total_us } = attempt.timing;
    AttemptDetail {
        number,
        started_at: attempt.started_at.0,
        outcome: attempt.outcome.to_string(),
        status: attempt.status,
        error: attempt.error,
        timing: TimingDetail { transform_us, dns_us, connect_us, tls_us, headers_us, body_us, total_us },
        address: attempt.address,
        transform: attempt.transform.map(|digest| digest.to_string()),
        body_digest: attempt.body_digest.map(|digest| digest.to_string()),
        body_bytes: attempt.body_bytes,
        response_body: Readable::of(&attempt.response_body),
        response_headers: attempt.response_headers,
        response_cut: attempt.response_cut,
    }
}
