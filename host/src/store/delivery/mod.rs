//! Events on their way out: what was handed in, what is to be delivered, what became of it.

use super::{Store, StoreError};
use crate::model::{
    Attempt, Claimed, DeliveryId, DeliveryState, Digest, EndpointName, EndpointState, Event, EventId, JobId, Millis,
    NewDelivery, NewEvent, Next,
};

/// Makes handing in the same thing twice the same as once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The key that the sender chose.
    pub key: String,
    /// Of what it sent.
    pub request: Digest,
}

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

impl Store {
    /// Stores events that were handed in, all or none.
    pub async fn hand_in(&self, _events: Vec<NewEvent>, _once: Option<Once>) -> Result<HandedIn, StoreError> {
        Err(StoreError::Closed)
    }

    /// Returns when an event was committed by this process since the last call returned. One waiter at a time.
    pub async fn news(&self) {}

    /// The first events that have not been dispatched, at most `limit`, in the order of their commits.
    pub fn undispatched(&self, _limit: u32) -> Result<Vec<Event>, StoreError> {
        Err(StoreError::Closed)
    }

    /// Stores deliveries and notes that events up to place `up_to` have been dispatched, in one transaction. A delivery whose
    /// ordering key has an open one before it is held.
    pub async fn dispatch(&self, _up_to: i64, _deliveries: Vec<NewDelivery>) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }

    /// Takes the lease of deliveries that are due at `now`, the longest due first, as far as there is room, and counts the try.
    pub async fn claim(&self, _rooms: Vec<Room>, _now: Millis) -> Result<Vec<Claimed>, StoreError> {
        Err(StoreError::Closed)
    }

    /// The time of the first delivery of the endpoint that is due, in the past or not: never tried, and tried before.
    pub fn next_due(&self, _endpoint: &EndpointName) -> Result<(Option<Millis>, Option<Millis>), StoreError> {
        Err(StoreError::Closed)
    }

    /// Ends a try: the attempt, what becomes of the delivery, what was learned of its endpoint and what that caused, in one
    /// transaction. The next one of its ordering key becomes due when it has ended.
    pub async fn complete(
        &self,
        _claimed: &Claimed,
        _attempt: Attempt,
        _next: Next,
        _endpoint: Option<EndpointState>,
        _events: Vec<NewEvent>,
    ) -> Result<Completion, StoreError> {
        Err(StoreError::Closed)
    }

    /// Gives leases back untried; the tries are not counted.
    pub async fn give_back(&self, _leases: Vec<(i64, i64)>) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }

    /// At start: every lease is a dead process's. The deliveries become due, each with an attempt of unknown outcome that does not
    /// count until `excused_max` of them, or else are given up. At most some hundreds a call; returns how many, 0 at the end.
    pub async fn take_over_leases(&self, _excused_max: u32, _now: Millis) -> Result<usize, StoreError> {
        Err(StoreError::Closed)
    }

    /// What is remembered of the endpoints.
    pub fn endpoint_states(&self) -> Result<Vec<EndpointState>, StoreError> {
        Err(StoreError::Closed)
    }

    /// Remembers it, with what that caused.
    pub async fn put_endpoint_state(&self, _state: EndpointState, _events: Vec<NewEvent>) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }

    /// Ends open deliveries (due and held) of this endpoint for this reason, as dead or as cancelled. In steps; returns how many, 0 at
    /// the end.
    pub async fn end_open(
        &self,
        _endpoint: &EndpointName,
        _as_state: DeliveryState,
        _reason: &str,
    ) -> Result<usize, StoreError> {
        Err(StoreError::Closed)
    }

    /// The endpoints that have open deliveries.
    pub fn endpoints_with_open(&self) -> Result<Vec<EndpointName>, StoreError> {
        Err(StoreError::Closed)
    }

    /// Makes the deliveries of this endpoint due that were held for another version of its transform.
    pub async fn release_held_for_swap(&self, _endpoint: &EndpointName, _now: Millis) -> Result<usize, StoreError> {
        Err(StoreError::Closed)
    }

    /// The clock went back by so much: times in the future go back with it.
    pub async fn shift_due(&self, _now: Millis, _back_ms: i64) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }

    /// Deliveries, the newest first.
    pub fn deliveries(&self, _query: &DeliveryQuery) -> Result<Vec<DeliveryRow>, StoreError> {
        Err(StoreError::Closed)
    }

    /// One delivery with its event and its attempts, the first one first.
    #[expect(clippy::type_complexity, reason = "three things, told once")]
    pub fn delivery(&self, _id: &str) -> Result<Option<(DeliveryRow, Event, Vec<(u32, Attempt)>)>, StoreError> {
        Err(StoreError::Closed)
    }

    /// How many deliveries of each endpoint stand where.
    pub fn delivery_counts(&self) -> Result<Vec<EndpointCounts>, StoreError> {
        Err(StoreError::Closed)
    }

    /// Makes an ended delivery due now, with a new series of tries.
    pub async fn retry_delivery(&self, _id: &str, _now: Millis) -> Result<Retried, StoreError> {
        Err(StoreError::Closed)
    }

    /// Notes a recovery; `until` is filled in. Who has the server running carries it out.
    pub async fn start_recovery(&self, _recovery: Recovery) -> Result<Recovery, StoreError> {
        Err(StoreError::Closed)
    }

    /// Recoveries, the newest first, at most a hundred.
    pub fn recoveries(&self) -> Result<Vec<Recovery>, StoreError> {
        Err(StoreError::Closed)
    }

    /// The events of a recovery that come next, each with the state of its delivery to the endpoint, if there is one.
    pub fn recoverable(
        &self,
        _recovery: &Recovery,
        _limit: u32,
    ) -> Result<Vec<(Event, Option<DeliveryState>)>, StoreError> {
        Err(StoreError::Closed)
    }

    /// One step of a recovery: for each of these events its ended delivery becomes due again, or this new one is stored; the
    /// recovery's cursor and counts move in the same transaction. Returns the recovery as it is then.
    pub async fn recover_step(
        &self,
        _recovery: &Recovery,
        _cursor: i64,
        _is_done: bool,
        _wanted: Vec<NewDelivery>,
        _now: Millis,
    ) -> Result<Recovery, StoreError> {
        Err(StoreError::Closed)
    }

    /// Deletes, in one small step, deliveries that ended before `before` with their attempts, dispatched events from before it without
    /// deliveries, and idempotency keys older than a day. True if there is more.
    pub async fn forget_outbound(&self, _now: Millis, _before: Millis) -> Result<bool, StoreError> {
        Err(StoreError::Closed)
    }
}
