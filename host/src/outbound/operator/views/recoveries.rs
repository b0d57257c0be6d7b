//! Recoveries.

use serde::{Deserialize, Serialize};

/// What is to be recovered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecoveryRequest {
    /// For this endpoint.
    pub endpoint: String,
    /// Events stored at or after this time.
    pub since: i64,
    /// Only count.
    #[serde(default)]
    pub dry_run: bool,
}

/// What a recovery would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryForecast {
    /// For this endpoint.
    pub endpoint: String,
    /// Events stored at or after this time.
    pub since: i64,
    /// Events there are.
    pub events: u64,
    /// Deliveries that were given up and would be due again.
    pub would_revive: u64,
    /// Deliveries that would be made.
    pub would_create: u64,
}

/// Recoveries, the newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryList {
    /// They.
    pub recoveries: Vec<RecoveryLine>,
}

/// A recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryLine {
    /// `job_…`
    pub id: String,
    /// For this endpoint.
    pub endpoint: String,
    /// Events stored at or after this time.
    pub since: i64,
    /// Events up to this place.
    pub until: i64,
    /// Those up to this place have been looked at.
    pub cursor: i64,
    /// Deliveries that were given up and are due again.
    pub revived: u64,
    /// Deliveries that were made.
    pub created: u64,
    /// Whether it is at its end.
    pub is_done: bool,
    /// When it was asked for.
    pub created_at: i64,
}
