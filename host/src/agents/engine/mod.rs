//! The engine: everything that happens between the acceptance of a run and the row of its end.
//!
//! ```text
//! commit of a run ─► claim.rs   takes leases as far as there is room: one run of a session, so many of an agent, so many of all
//!                      │
//!                      ▼
//!                    carry.rs   a task each: tell the runner, write what it tells, write the end
//! ```
//! `upkeep.rs` does what can wait. Nothing is in memory that is not in the store; what dies with the process is found there at the next
//! start, and either begun again or lost, as its agent's `onInterrupted` says.

mod carry;
mod claim;
mod start;
mod upkeep;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::runner::Runs;
use crate::clock::Clock;
use crate::model::{AgentId, RunId};
use crate::store::{Resuming, Store};

pub(super) use carry::cut;
pub use start::Parts;

/// Times that a run is begun before it is lost all the same, even if it may be begun again: one that brings the process down each time
/// must not do so for ever.
const ATTEMPTS_MAX: u32 = 10;

/// After a cut, the time for runners to let go of their processes. They are told by being dropped, which takes no time.
const LET_GO: Duration = Duration::from_secs(5);

/// What the parts of the engine share.
struct Engine {
    store: Store,
    clock: Clock,
    agents: Vec<Arc<Serving>>,
    at_once_max: u32,
    resuming: Resuming,
    retention_ms: i64,
    sessions_kept_ms: i64,
    under_way: Mutex<HashMap<RunId, UnderWay>>,
    /// A place is free.
    room: Notify,
    runs: TaskTracker,
    /// No more runs are begun.
    draining: CancellationToken,
    /// Nothing goes on.
    cut: CancellationToken,
}

/// An agent whose runs are carried out here.
struct Serving {
    id: AgentId,
    runs: Arc<dyn Runs>,
    at_once_max: u32,
    timeout: Duration,
}

/// A run that is being carried out.
struct UnderWay {
    agent: AgentId,
    stop: CancellationToken,
}

impl Engine {
    fn under_way(&self) -> MutexGuard<'_, HashMap<RunId, UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running engine.
pub struct Workers {
    engine: Arc<Engine>,
    claiming: Option<JoinHandle<()>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Begins no more runs, and waits for those under way.
    pub async fn drain(&mut self) {
        self.engine.draining.cancel();
        // First the claims: what one that is under way brings is still to be carried out.
        if let Some(claiming) = &mut self.claiming {
            let _ = claiming.await;
            self.claiming = None;
        }
        self.engine.runs.close();
        self.engine.runs.wait().await;
    }

    /// Stops everything now, and returns when no process of a runner is left. What was under way is found at the next start, as
    /// interrupted.
    pub async fn cut(&mut self) {
        self.stop();
        self.engine.runs.close();
        if tokio::time::timeout(LET_GO, self.engine.runs.wait()).await.is_err() {
            tracing::warn!("some runs did not let go in {} s; their processes may live on", LET_GO.as_secs());
        }
    }

    fn stop(&mut self) {
        self.engine.draining.cancel();
        self.engine.cut.cancel();
        for task in self.claiming.take().into_iter().chain(self.tasks.drain(..)) {
            task.abort();
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop();
    }
}
