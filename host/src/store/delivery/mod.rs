//! Events on their way out: what was handed in, what is to be delivered, what became of it. Whether and when something is tried is
//! decided above; here it is kept, one transaction a decision.
//!
//! ```text
//! hand_in ─► event ─ dispatch ─► due ─ claim ─► leased ─ complete ─► delivered, skipped, dead (or due again, or held)
//!                                 ▲               └─ give_back, take_over_leases ─► due
//!                                 └─ retry_delivery, recover_step ◄─ any that has ended
//! ```

mod claim;
mod complete;
mod dispatch;
mod endpoints;
mod hand_in;
mod leases;
mod list;
mod order;
mod reading;
mod recovery;
mod retention;
mod retry;

pub use list::DELIVERIES_LISTED_MAX;

use crate::model::{DeliveryId, DeliveryState, Digest, EndpointName, EndpointState, EventId, JobId, Millis};

/// The states of deliveries that have not ended, and of those that have, as partial indexes spell them.
macro_rules! open_states {
    () => {
        "('due', 'leased', 'held')"
    };
}
macro_rules! ended_states {
    () => {
        "('delivered', 'skipped', 'dead', 'cancelled')"
    };
}

use {ended_states, open_states};

/// What became of events that were handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandedIn {
    /// They are durable; these are their ids. One that was there already, equal in all it says, counts as handed in.
    Stored(Vec<EventId>),
    /// The same request was here before; these are the ids it got. Nothing new was stored.
    Repeated(Vec<EventId>),
    /// The key was used for another request. Nothing was stored.
    OtherRequest,
    /// There is an event of this id that says something else. Nothing was stored.
    OtherEvent(EventId),
}

/// What one endpoint has room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The endpoint.
    pub endpoint: EndpointName,
    /// Deliveries that were never tried.
    pub first: u32,
    /// Deliveries that were.
    pub retries: u32,
}

/// Asked for an endpoint's state at the moment when it is written. Tries end at the same time and their writes queue in any order: each
/// writes what all of them have taught so far, and none puts an older state over a newer one.
pub type StateNow = Box<dyn Fn() -> EndpointState + Send>;

/// Whether a completion counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// It is written.
    Done,
    /// The lease was somebody else's by then. Nothing was written.
    Stale,
}

/// A delivery in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its row; grows with time.
    pub seq: i64,
    /// Its id.
    pub id: DeliveryId,
    /// Its event.
    pub event: EventId,
    /// The type of its event.
    pub kind: String,
    /// Where it goes.
    pub endpoint: EndpointName,
    /// The endpoint's definition when it was made.
    pub endpoint_version: Digest,
    /// The digest of the transform then.
    pub transform: Option<Digest>,
    /// Where it stands.
    pub state: DeliveryState,
    /// Why it stands there, if there is more to say.
    pub reason: Option<String>,
    /// Tries so far, in all series.
    pub attempts: u32,
    /// The next try, while it is due.
    pub due_at: Option<Millis>,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// The status and the sentence of the last attempt.
    pub last_status: Option<u16>,
    /// What went wrong in it.
    pub last_error: Option<String>,
    /// How long it took, in microseconds.
    pub last_total_us: Option<u64>,
}

/// Which deliveries to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryQuery {
    /// At most so many, the newest.
    pub recent: u32,
    /// In one of these states; empty is any.
    pub states: Vec<DeliveryState>,
    /// Only those that have been tried (`true`), or never (`false`).
    pub tried: Option<bool>,
    /// Of this endpoint.
    pub endpoint: Option<EndpointName>,
    /// Changed at or after this time, for following.
    pub changed_since: Option<Millis>,
}

/// How many deliveries of an endpoint stand where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointCounts {
    /// The endpoint.
    pub endpoint: EndpointName,
    /// Counts by state.
    pub states: Vec<(DeliveryState, u64)>,
}

/// What became of the wish to try a delivery again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retried {
    /// There is none of this id.
    Missing,
    /// It is on its way already.
    OnItsWay(DeliveryState),
    /// It is due now, with all its attempts before it.
    Due,
}

/// A recovery: every event since a time that an endpoint wants and did not get is delivered to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Its id.
    pub id: JobId,
    /// For this endpoint.
    pub endpoint: EndpointName,
    /// Events stored at or after this time.
    pub since: Millis,
    /// Events up to this place; later ones reach the endpoint by themselves.
    pub until: i64,
    /// Events up to this place have been looked at.
    pub cursor: i64,
    /// Deliveries that were given up and are due again.
    pub revived: u64,
    /// Deliveries that were made.
    pub created: u64,
    /// Whether it is at its end.
    pub is_done: bool,
    /// When it was asked for.
    pub created_at: Millis,
}
