//! The engine: everything that runs between an event's commit and the row of its last attempt.
//!
//! ```text
//! commit of an event ─► dispatch.rs   which endpoints want it: deliveries, one transaction for many events
//!                         │
//!                         ▼
//!                       claim.rs      takes leases as far as each lane has room: one transaction for all lanes
//!                         │
//!                         ▼
//!                       try_one.rs    a task each: try, judge, write the attempt and what follows from it
//! ```
//! `upkeep.rs` does what can wait: recoveries, deliveries of endpoints that are gone, old rows. Whatever must not be forgotten is in the
//! store; what dies with the process is found there at the next start.

mod claim;
mod dispatch;
mod start;
mod steer;
#[cfg(test)]
mod tests;
mod try_one;
mod upkeep;

use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::destination::Destination;
use super::operator::Steer;
use crate::clock::Clock;
use crate::limits::Admissions;
use crate::model::{EndpointName, Ids};
use crate::store::{StateNow, Store};

pub use start::Parts;
pub use steer::wants_of;

/// Tries that this gateway itself prevented, or did not survive, before a delivery is given up all the same: whatever kills the process
/// each time must not be tried for ever.
const EXCUSED_MAX: u32 = 10;

/// What the parts of the engine share.
pub(super) struct Engine {
    pub store: Store,
    pub clock: Clock,
    pub ids: Ids,
    pub admissions: Admissions,
    pub instance_id: String,
    pub destinations: Vec<Arc<Destination>>,
    /// Endpoints of the config that are switched off: what is open for them waits.
    pub switched_off: Vec<EndpointName>,
    pub retention_ms: i64,
    /// Somebody has something for `claim.rs`: a delivery is due, a place is free.
    pub room: Notify,
    /// And for `upkeep.rs`.
    pub chores: Notify,
    /// Events up to this place have been dispatched.
    pub dispatched: watch::Sender<i64>,
    pub tries: TaskTracker,
    /// No more tries are begun.
    pub draining: CancellationToken,
    /// Nothing goes on.
    pub cut: CancellationToken,
    /// Whether any endpoint's filter looks into events.
    pub looks_inside: bool,
}

impl Engine {
    pub fn destination(&self, name: &str) -> Option<&Arc<Destination>> {
        self.destinations.iter().find(|to| to.name().as_str() == name)
    }

    /// Asks filters, aside if they look into events: an expression and a large event may take a good part of a second, which is everybody's
    /// on the threads that everything else runs on.
    async fn aside<T: Send + 'static>(self: &Arc<Self>, ask: impl FnOnce(&Self) -> T + Send + 'static) -> T {
        if !self.looks_inside {
            return ask(self);
        }
        let engine = self.clone();
        match tokio::task::spawn_blocking(move || ask(&engine)).await {
            Ok(answer) => answer,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The process ends.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

/// What is known of the endpoint when it is written.
fn state_now(to: &Arc<Destination>) -> StateNow {
    let to = to.clone();
    Box::new(move || to.lane.health())
}

/// The running engine.
pub struct Outbound {
    engine: Arc<Engine>,
    claiming: Option<JoinHandle<()>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Outbound {
    /// What an operator steers it by.
    pub fn steer(&self) -> Arc<dyn Steer> {
        Arc::new(steer::Wheel(self.engine.clone()))
    }

    /// Begins no more tries, gives back what is claimed, waits for the tries under way, and stops.
    pub async fn drain(&mut self) {
        self.engine.draining.cancel();
        // First the claims: what one that is under way brings is still to be given back.
        if let Some(claiming) = &mut self.claiming {
            let _ = claiming.await;
            self.claiming = None;
        }
        self.engine.tries.close();
        self.engine.tries.wait().await;
        self.cut();
    }

    /// Stops everything now. What was being tried is found at the next start, as a try of unknown outcome.
    pub fn cut(&mut self) {
        self.engine.draining.cancel();
        self.engine.cut.cancel();
        for task in self.claiming.take().into_iter().chain(self.tasks.drain(..)) {
            task.abort();
        }
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        self.cut();
    }
}
