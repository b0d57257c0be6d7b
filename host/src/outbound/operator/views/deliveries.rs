//! Deliveries and their attempts.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::Status;
use super::Readable;

/// Deliveries, the newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryList {
    /// How many these are.
    pub count: usize,
    /// They.
    pub deliveries: Vec<DeliveryLine>,
}

/// A delivery in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryLine {
    /// `dlv_…`, what receivers see as the id of the message.
    pub id: String,
    /// `evt_…`
    pub event: String,
    /// The type of the event.
    pub r#type: String,
    /// Where it goes.
    pub endpoint: String,
    /// Where it stands, in the words of people.
    pub status: Status,
    /// The state behind the status: due, leased, held, delivered, skipped, dead, cancelled.
    pub state: String,
    /// Why it stands there, if there is more to say.
    pub reason: Option<String>,
    /// Tries so far.
    pub attempts: u32,
    /// The next try, if it is to be tried.
    pub next_attempt_at: Option<i64>,
    /// When it was made.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
    /// The receiver's last status.
    pub last_status: Option<u16>,
    /// What went wrong in the last try.
    pub last_error: Option<String>,
    /// How long the last try took.
    pub last_total_us: Option<u64>,
    /// The definition of the endpoint when it was made.
    pub endpoint_version: String,
    /// The component or template then.
    pub transform: Option<String>,
}

/// A delivery with everything that is known of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryDetail {
    /// The delivery.
    pub delivery: DeliveryLine,
    /// Its event.
    pub event: EventDetail,
    /// Every try, the first one first.
    pub attempts: Vec<AttemptDetail>,
}

/// An event.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDetail {
    /// `evt_…`
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// When it happened, if whoever handed it in said so.
    pub timestamp: Option<String>,
    /// The session it is about. Receivers are not told.
    pub session: Option<String>,
    /// When it was stored.
    pub created_at: i64,
    /// What is told about it: JSON as it is stored, which may hold what no Rust string can.
    pub data: Box<RawValue>,
}

/// One try.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptDetail {
    /// Its number, from 1.
    pub number: u32,
    /// When it began.
    pub started_at: i64,
    /// How it ended: accepted, skipped, rejected, unreachable, forbidden-address, tls, timeout, broken, transform, host, unknown.
    pub outcome: String,
    /// The receiver's status.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// Where the time went.
    pub timing: TimingDetail,
    /// The address that was dialled.
    pub address: Option<String>,
    /// What made the body.
    pub transform: Option<String>,
    /// The digest of the body.
    pub body_digest: Option<String>,
    /// Its length.
    pub body_bytes: u64,
    /// The headers of the answer.
    pub response_headers: Vec<(String, String)>,
    /// The beginning of the answer's body.
    pub response_body: Readable,
    /// Whether more of it came than was kept.
    pub response_cut: bool,
}

/// Where the time of a try went, in microseconds; what did not happen is null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimingDetail {
    /// Making the body.
    pub transform_us: Option<u64>,
    /// Resolving the name.
    pub dns_us: Option<u64>,
    /// The TCP handshake.
    pub connect_us: Option<u64>,
    /// The TLS handshake.
    pub tls_us: Option<u64>,
    /// Until the head of the answer.
    pub headers_us: Option<u64>,
    /// Reading the answer's body.
    pub body_us: Option<u64>,
    /// All of it.
    pub total_us: u64,
}

/// What became of the wish to try a delivery again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryAnswer {
    /// Whether it is due now because of this; else it was on its way already.
    pub is_due: bool,
    /// What stands in its way, or how it is on its way.
    pub note: Option<String>,
}
