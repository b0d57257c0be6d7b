//! What an outbound transform is given, as a type.

use alloc::string::{String, ToString};

use serde::Deserialize;
use serde_json::Value;

use crate::Failure;

/// One event, as a [`Transform`](crate::Transform) is given it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// `evt_` and 32 hexadecimal digits; the same for every attempt to deliver it.
    pub id: String,
    /// What happened, as in `flow.created`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened, as the host wrote it.
    pub timestamp: Value,
    /// The sandclaw that it happened in.
    #[serde(rename = "instanceId")]
    pub instance_id: String,
    /// What it happened to.
    pub data: Value,
}

impl Event {
    /// Reads an event. Fails with `bad_event` if it is none.
    pub fn parse(event: &str) -> Result<Self, Failure> {
        serde_json::from_str(event).map_err(|error| Failure::new("bad_event", error.to_string()))
    }
}
