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
//! `upkeep.rs` does what can wait: recoveries, deliveries of endpoints that are gone, old rows. Nothing is kept in memory that is not also
//! in the store; what dies with the process is found there at the next start.

mod claim;
mod dispatch;
mod start;
mod steer;
mod try_one;
mod upkeep;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::destination::Destination;
use super::operator::Steer;
use crate::clock::Clock;
use crate::limits::Admissions;
use crate::model::{EndpointName, Ids};
use crate::store::Store;

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
    pub is_draining: AtomicBool,
}

impl Engine {
    pub fn destination(&self, name: &str) -> Option<&Arc<Destination>> {
        self.destinations.iter().find(|to| to.name().as_str() == name)
    }

    fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }
}

/// The running engine.
pub struct Outbound {
    engine: Arc<Engine>,
    claiming: JoinHandle<()>,
    tasks: Vec<JoinHandle<()>>,
}

impl Outbound {
    /// What an operator steers it by.
    pub fn steer(&self) -> Arc<dyn Steer> {
        Arc::new(steer::Wheel(self.engine.clone()))
    }

    /// Begins no more tries, waits for those under way, and stops.
    pub async fn drain(&mut self) {
        self.engine.is_draining.store(true, Ordering::Relaxed);
        self.engine.room.notify_one();
        // A claim that is under way brings its deliveries first, so that they are given back with the others.
        if !self.claiming.is_finished() {
            let _ = (&mut self.claiming).await;
        }
        self.engine.tries.close();
        self.engine.tries.wait().await;
        self.cut();
    }

    /// Stops everything now. What was being tried is found at the next start, as a try of unknown outcome.
    pub fn cut(&mut self) {
        self.claiming.abort();
        for task in self.tasks.drain(..) {
            task.abort();
        }
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        self.cut();
    }
}
