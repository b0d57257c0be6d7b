//! The `webhooks` root: outbound endpoints, and the door through which a Gateway hands its events in.

mod model;

pub use model::{
    AllowedNet, Backoff, Breaker, Component, DisableAfter, Endpoint, Filter, Ingest, OnTransformFailure, Ordering,
    RateLimit, Retry, Signing, SigningSecret, Timeouts, Transform, Webhooks,
};

use std::time::Duration;

use super::field::Field;

/// The whole root.
pub(super) fn read(_field: &Field<'_>) -> Webhooks {
    Webhooks {
        instance_id: String::new(),
        ingest: None,
        endpoints: Vec::new(),
        extra_ca: None,
        retention: Duration::from_secs(14 * 86_400),
    }
}
