//! Endpoints.

use serde::{Deserialize, Serialize};

/// Every endpoint of the config, then those that are gone from it and still remembered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointList {
    /// They.
    pub endpoints: Vec<EndpointLine>,
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointLine {
    /// Its name.
    pub name: String,
    /// In one word.
    pub status: EndpointStatus,
    /// `https://host:port/…`: path and query may be secrets. Nothing if it is gone from the config.
    pub url: Option<String>,
    /// The types it wants.
    pub events: Vec<String>,
    /// Since when it is disabled.
    pub disabled_at: Option<i64>,
    /// Why.
    pub disabled_reason: Option<String>,
    /// Failures since its last success.
    pub failures: u32,
    /// Since when there have only been failures.
    pub failing_since: Option<i64>,
    /// How often in a row the breaker has opened.
    pub opens: u32,
    /// Nothing is tried before.
    pub rests_until: Option<i64>,
    /// Its deliveries by where they stand.
    pub counts: Counts,
}

/// How an endpoint is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointStatus {
    /// Deliveries go there.
    Active,
    /// They do, and the last ones failed.
    Failing,
    /// It is left alone for a while.
    Resting,
    /// It gets nothing until somebody enables it.
    Disabled,
    /// The config switches it off.
    Off,
    /// It is not in the config.
    Gone,
}

impl EndpointStatus {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Failing => "failing",
            Self::Resting => "resting",
            Self::Disabled => "disabled",
            Self::Off => "off",
            Self::Gone => "gone",
        }
    }
}

/// Deliveries by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// To be tried at their time.
    pub due: u64,
    /// Being tried.
    pub leased: u64,
    /// Waiting for something else.
    pub held: u64,
    /// The receiver has them.
    pub delivered: u64,
    /// There was nothing to send.
    pub skipped: u64,
    /// Given up.
    pub dead: u64,
    /// Ended with their endpoint.
    pub cancelled: u64,
}

impl Counts {
    /// Those that have not ended.
    pub fn open(&self) -> u64 {
        self.due + self.leased + self.held
    }
}

/// A delivery that was made for a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestAnswer {
    /// `dlv_…`
    pub delivery: String,
}
