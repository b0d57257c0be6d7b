//! The events that deliveries themselves cause.

use serde_json::{Value, json};

use crate::model::{EndpointName, EventKind, Ids, NewEvent};

/// Why an endpoint is disabled that a person disabled.
pub(super) const BY_OPERATOR: &str = "the operator disabled it";

/// An event of the gateway's own.
pub(super) fn event(ids: Ids, kind: EventKind, data: &Value) -> NewEvent {
    NewEvent::new(ids.event(), kind.as_str(), data.to_string())
}

/// That an endpoint gets nothing until somebody enables it.
pub(super) fn disabled(ids: Ids, endpoint: &EndpointName, why: &str) -> NewEvent {
    event(ids, EventKind::EndpointDisabled, &json!({ "endpoint": endpoint.as_str(), "reason": why }))
}

/// `1 try`, `2 tries`.
pub(super) fn count(number: u32, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
