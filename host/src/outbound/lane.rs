//! One endpoint's lane: how many of its deliveries may be in hand, and when it is worth looking for more. Lanes share nothing, so a
//! receiver that hangs holds its own places and nobody else's.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::health::{self, Learned, Showed};
use super::pace::Pace;
use crate::config::webhooks::Endpoint;
use crate::model::{EndpointName, EndpointState, Millis};
use crate::store::Room;

/// Deliveries that are claimed ahead of their try, at most: so many as ended since the last claim, and no more than this. A receiver that
/// answers fast never waits for the disk; one that hangs has nothing claimed ahead.
const AHEAD_MAX: u32 = 256;

/// Tries whose end is not on the disk yet.
const UNCONFIRMED_MAX: u32 = 1024;

/// The places of one endpoint.
pub(super) struct Lane {
    name: EndpointName,
    max_in_flight: u32,
    inner: Mutex<Inner>,
}

struct Inner {
    health: EndpointState,
    pace: Pace,
    /// Tries at once, now: less than `max_in_flight` after the receiver asked for less.
    limit: u32,
    /// Claimed, and not begun.
    waiting: u32,
    /// Under way.
    trying: u32,
    /// Of those two, the ones that are retries.
    retries: u32,
    /// Ended, and not on the disk yet.
    unconfirmed: u32,
    /// Ended since the last claim.
    ended: u32,
    /// Whether a retry goes first when there is room for one.
    is_retrys_turn: bool,
    /// The first delivery due that was never tried, and that was, as far as is known.
    first_due: Option<Millis>,
    retry_due: Option<Millis>,
}

/// When a lane wants attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Claim these now.
    Claim(Room),
    /// Nothing before this time.
    At(Millis),
    /// Nothing, until something ends or is dispatched.
    Nothing,
}

impl Lane {
    pub fn new(endpoint: &Endpoint, health: EndpointState, due: (Option<Millis>, Option<Millis>)) -> Self {
        let inner = Inner {
            health,
            pace: Pace::new(endpoint.rate_limit),
            limit: endpoint.max_in_flight,
            waiting: 0,
            trying: 0,
            retries: 0,
            unconfirmed: 0,
            ended: 0,
            is_retrys_turn: false,
            first_due: due.0,
            retry_due: due.1,
        };
        Self { name: endpoint.name.clone(), max_in_flight: endpoint.max_in_flight, inner: Mutex::new(inner) }
    }

    /// What to do for this lane now.
    pub fn wish(&self, now: Millis) -> Wish {
        let inner = self.inner();
        let Some(due) = [inner.first_due, inner.retry_due].into_iter().flatten().min() else { return Wish::Nothing };
        if inner.health.disabled.is_some() {
            return Wish::Nothing;
        }
        let rests_until = inner.health.rests_until.filter(|until| *until > now);
        if let Some(later) = rests_until.into_iter().chain((due > now).then_some(due)).max() {
            return Wish::At(later);
        }
        if let Some(at) = inner.pace.opens_at(now) {
            return Wish::At(at);
        }
        inner.room(now, self.max_in_flight, &self.name).map_or(Wish::Nothing, Wish::Claim)
    }

    /// A claim is under way. What becomes due from here on is noted anew; what the claim leaves has to be told by [`claimed`](Self::claimed).
    pub fn claims(&self, room: &Room) {
        let mut inner = self.inner();
        inner.ended = 0;
        inner.is_retrys_turn = !inner.is_retrys_turn;
        if room.first > 0 {
            inner.first_due = None;
        }
        if room.retries > 0 {
            inner.retry_due = None;
        }
    }

    /// The claim brought so many first tries and retries; `left` is what is due after it, never tried and tried before.
    pub fn claimed(&self, first: u32, retries: u32, left: (Option<Millis>, Option<Millis>), now: Millis) {
        let mut inner = self.inner();
        inner.waiting += first + retries;
        inner.retries += retries;
        inner.pace.take(first + retries, now);
        if let Some(at) = left.0 {
            inner.first_due = earlier(inner.first_due, at);
        }
        if let Some(at) = left.1 {
            inner.retry_due = earlier(inner.retry_due, at);
        }
    }

    /// A delivery was dispatched to this lane, or made due by hand.
    pub fn is_due(&self, at: Millis) {
        let mut inner = self.inner();
        inner.first_due = earlier(inner.first_due, at);
    }

    /// A delivery is to be tried again then.
    pub fn is_due_again(&self, at: Millis) {
        let mut inner = self.inner();
        inner.retry_due = earlier(inner.retry_due, at);
    }

    /// A claimed delivery is tried now, unless the endpoint has been disabled or sent to rest since, or another one is its probe.
    pub fn begin(&self, is_retry: bool, now: Millis) -> bool {
        let mut inner = self.inner();
        inner.waiting -= 1;
        let rests = inner.health.rests_until.is_some_and(|until| until > now);
        let is_probed = inner.health.opens > 0 && inner.trying > 0;
        if rests || is_probed || inner.health.disabled.is_some() {
            inner.retries -= u32::from(is_retry);
            return false;
        }
        inner.trying += 1;
        true
    }

    /// A claimed delivery is given back untried.
    pub fn drop_waiting(&self, is_retry: bool) {
        let mut inner = self.inner();
        inner.waiting -= 1;
        inner.retries -= u32::from(is_retry);
    }

    /// A try has ended; what it showed of the receiver, if anything. Returns what was learned from it.
    pub fn end(&self, is_retry: bool, showed: Option<Showed>, endpoint: &Endpoint, now: Millis) -> Learned {
        let mut inner = self.inner();
        inner.trying -= 1;
        inner.retries -= u32::from(is_retry);
        inner.unconfirmed += 1;
        inner.ended = inner.ended.saturating_add(1);
        let Some(showed) = showed else { return Learned::Nothing };
        match showed {
            Showed::Overloaded(_) => inner.limit = (inner.limit / 2).max(1),
            _ => inner.limit = (inner.limit + 1).min(self.max_in_flight),
        }
        let (next, learned) = health::learn(&inner.health, showed, endpoint.breaker, endpoint.disable_after, now);
        inner.health = next;
        learned
    }

    /// The end of a try is on the disk.
    pub fn confirm(&self) {
        self.inner().unconfirmed -= 1;
    }

    /// Whether it gets nothing until somebody enables it.
    pub fn is_disabled(&self) -> bool {
        self.inner().health.disabled.is_some()
    }

    /// What is known of the endpoint.
    pub fn health(&self) -> EndpointState {
        self.inner().health.clone()
    }

    /// The operator enables it: nothing bad is known of it.
    pub fn enable(&self) {
        let mut inner = self.inner();
        inner.health = EndpointState::new(inner.health.name.clone(), inner.health.version);
        inner.limit = self.max_in_flight;
    }

    /// The operator disables it, since when and why; `None` takes that back.
    pub fn set_disabled(&self, disabled: Option<(Millis, String)>) {
        self.inner().health.disabled = disabled;
    }

    /// The clock went back by so much, to `now`: times to come go back with it, as in the store.
    pub fn shift(&self, now: Millis, back_ms: i64) {
        let mut inner = self.inner();
        inner.pace.shift(back_ms);
        let shifted =
            |time: Option<Millis>| time.map(|at| if at > now { Millis(at.0.saturating_sub(back_ms)) } else { at });
        inner.first_due = shifted(inner.first_due);
        inner.retry_due = shifted(inner.retry_due);
        inner.health.rests_until = shifted(inner.health.rests_until);
        inner.health.failing_since = shifted(inner.health.failing_since);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn room(&self, now: Millis, max_in_flight: u32, name: &EndpointName) -> Option<Room> {
        let places = match self.health.opens {
            0 if self.limit == max_in_flight => self.limit + self.ended.min(AHEAD_MAX),
            // A receiver that asked for less: whatever is claimed is tried at once, so nothing is claimed ahead.
            0 => self.limit,
            // After the breaker opened one probe decides; it is the only one on its way.
            _ => 1,
        };
        let in_hand = self.waiting + self.trying;
        if self.unconfirmed >= UNCONFIRMED_MAX {
            return None;
        }
        let free = places.saturating_sub(in_hand).min(self.pace.available(now));
        // A quarter of the places is never a retry's: what just happened does not queue behind what failed for hours.
        let free_for_retries = (places - places / 4).saturating_sub(self.retries).min(free);
        let is_due = |due: Option<Millis>| due.is_some_and(|at| at <= now);
        let (first, retries) = match (is_due(self.first_due), is_due(self.retry_due)) {
            (true, true) => {
                let retries = (free + u32::from(self.is_retrys_turn)) / 2;
                let retries = retries.min(free_for_retries);
                (free - retries, retries)
            }
            (true, false) => (free, 0),
            (false, true) => (0, free_for_retries),
            (false, false) => (0, 0),
        };
        (first + retries > 0).then(|| Room { endpoint: name.clone(), first, retries })
    }
}

fn earlier(known: Option<Millis>, at: Millis) -> Option<Millis> {
    Some(known.map_or(at, |known| known.min(at)))
}

#[cfg(test)]
mod tests;
