//! What operators are shown, as it goes over the admin socket and into `--json`. Times are milliseconds since 1970, parts of a try are
//! microseconds.

mod deliveries;
mod endpoints;
mod recoveries;

use serde::{Deserialize, Serialize};

pub use super::text::Readable;
pub use deliveries::{
    AttemptDetail, DeliveryDetail, DeliveryLine, DeliveryList, EventDetail, RetryAnswer, TimingDetail,
};
pub use endpoints::{Counts, EndpointLine, EndpointList, EndpointStatus, TestAnswer};
pub use recoveries::{RecoveryForecast, RecoveryLine, RecoveryList, RecoveryRequest};

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// In one word, for programs.
    pub code: String,
    /// In a sentence.
    pub error: String,
}
