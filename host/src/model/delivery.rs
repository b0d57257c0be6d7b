//! Deliveries and attempts. A delivery is the intent to bring one event to one endpoint; an attempt is a fact about one try, written
//! once and never changed.

use super::words::words;
use super::{DeliveryId, Digest, EndpointName, Millis};

words! {
    /// Where a delivery stands.
    DeliveryState {
        /// To be tried at its time.
        Due = "due",
        /// Being tried, by whoever holds its lease.
        Leased = "leased",
        /// Waits for something else to happen: an earlier delivery of its session, or another version of its transform.
        Held = "held",
        /// The receiver accepted it.
        Delivered = "delivered",
        /// Its transform had nothing to send.
        Skipped = "skipped",
        /// Given up, with a reason.
        Dead = "dead",
        /// Its endpoint is gone from the config.
        Cancelled = "cancelled",
    }
}

impl DeliveryState {
    /// Whether the endpoint did not get the event and is not about to: what a recovery brings back.
    pub fn is_missed(self) -> bool {
        matches!(self, Self::Dead | Self::Cancelled)
    }
}

words! {
    /// How a try ended. Whose doing it was follows from it.
    AttemptOutcome {
        /// A status of 200 to 299.
        Accepted = "accepted",
        /// Nothing to send, says the transform.
        Skipped = "skipped",
        /// Another status.
        Rejected = "rejected",
        /// No connection: the name, the port, the network.
        Unreachable = "unreachable",
        /// The address is none that this endpoint may reach.
        Forbidden = "forbidden-address",
        /// No trust in the other side's certificate, or no common TLS.
        Tls = "tls",
        /// No answer, or not all of its head, in time.
        Timeout = "timeout",
        /// The connection broke, or what came was not HTTP.
        Broken = "broken",
        /// The transform failed.
        Transform = "transform",
        /// This gateway could not try.
        Host = "host",
        /// The process ended during the try: what became of it is not known.
        Unknown = "unknown",
    }
}

impl AttemptOutcome {
    /// Whether the receiver, or the way to it, is to blame.
    pub fn is_receivers(self) -> bool {
        matches!(self, Self::Rejected | Self::Unreachable | Self::Forbidden | Self::Tls | Self::Timeout | Self::Broken)
    }
}

/// The intent to bring an event to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The event, by its place.
    pub event: i64,
    /// Where it goes.
    pub endpoint: EndpointName,
    /// The endpoint's definition when this was decided.
    pub endpoint_version: Digest,
    /// The digest of the transform then.
    pub transform: Option<Digest>,
    /// Deliveries of one endpoint with equal keys go one after the other.
    pub ordering_key: Option<String>,
    /// Not before.
    pub due_at: Millis,
}

/// A delivery that the caller holds the lease of. Its event is read when it is tried: many are claimed ahead, and an event may be large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its row.
    pub seq: i64,
    /// Its id.
    pub id: DeliveryId,
    /// The lease. Whoever completes it shows this; another one's is refused.
    pub lease: i64,
    /// Where it goes.
    pub endpoint: EndpointName,
    /// The number of this try among all tries there ever were, from 1.
    pub attempt: u32,
    /// Tries of the present series that count against the endpoint's number of attempts, this one included.
    pub tries: u32,
    /// Tries of the present series that were not the receiver's doing and do not count.
    pub excused: u32,
    /// The event, by its place.
    pub event: i64,
}

/// One try, as a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub started_at: Millis,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// The receiver's status.
    pub status: Option<u16>,
    /// One sentence: what went wrong. Holds no secret.
    pub error: Option<String>,
    /// Where the time went.
    pub timing: Timing,
    /// The address that was dialled.
    pub address: Option<String>,
    /// The component or template that made the body.
    pub transform: Option<Digest>,
    /// The digest of the body that was sent.
    pub body_digest: Option<Digest>,
    /// Its length.
    pub body_bytes: u64,
    /// The answer's headers, cut.
    pub response_headers: Vec<(String, String)>,
    /// The beginning of the answer's body.
    pub response_body: Vec<u8>,
    /// Whether more of it came than was kept.
    pub response_cut: bool,
}

impl Attempt {
    /// One that has just begun, of which nothing is known yet but when; its outcome until more is.
    pub fn begun(started_at: Millis, outcome: AttemptOutcome) -> Self {
        Self {
            started_at,
            outcome,
            status: None,
            error: None,
            timing: Timing::default(),
            address: None,
            transform: None,
            body_digest: None,
            body_bytes: 0,
            response_headers: Vec::new(),
            response_body: Vec::new(),
            response_cut: false,
        }
    }
}

/// Where the time of a try went, in microseconds. Parts that did not happen (a connection that was there already) are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Making the body.
    pub transform_us: Option<u64>,
    /// Resolving the name.
    pub dns_us: Option<u64>,
    /// The TCP handshake.
    pub connect_us: Option<u64>,
    /// The TLS handshake.
    pub tls_us: Option<u64>,
    /// From the request on its way to the head of the answer.
    pub headers_us: Option<u64>,
    /// Reading the answer's body.
    pub body_us: Option<u64>,
    /// The whole try.
    pub total_us: u64,
}

/// What becomes of a delivery after a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The receiver has it.
    Delivered,
    /// There was nothing to send, for this reason.
    Skipped(String),
    /// Again, not before `at`. An excused try does not count against the endpoint's number of attempts.
    Retry {
        /// When.
        at: Millis,
        /// Whether the try counts.
        is_excused: bool,
    },
    /// Again once the transform of its endpoint is another.
    HeldForSwap,
    /// Given up, for this reason.
    Dead(String),
}

/// What is remembered of an endpoint over restarts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointState {
    /// Its name.
    pub name: EndpointName,
    /// The definition that this was learned with.
    pub version: Digest,
    /// Since when, and why, it gets nothing.
    pub disabled: Option<(Millis, String)>,
    /// Failures of the receiver since its last success.
    pub failures: u32,
    /// Since when there have only been failures.
    pub failing_since: Option<Millis>,
    /// How often in a row the breaker has opened; 0 is closed.
    pub opens: u32,
    /// The breaker is open, or the receiver asked for rest: nothing is tried before.
    pub rests_until: Option<Millis>,
}

impl EndpointState {
    /// An endpoint of which nothing bad is known.
    pub fn new(name: EndpointName, version: Digest) -> Self {
        Self { name, version, disabled: None, failures: 0, failing_since: None, opens: 0, rests_until: None }
    }
}
