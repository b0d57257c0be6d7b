//! The admission: proof that a request passed every guard, with the budget of its run. The sandbox asks for one in its signature, so no path leads
//! around the guards.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::in_flight::InFlightSlot;
use crate::auth::Caller;
use crate::config::RouteLimits;

/// What one run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Wall-clock time, waiting in host calls included.
    pub deadline: Duration,
    /// CPU time.
    pub cpu: Duration,
    /// All memories of the run together.
    pub memory_max_bytes: usize,
    /// The answer and everything handed to host calls.
    pub output_max_bytes: usize,
    /// Log text, printed lines included.
    pub log_max_bytes: usize,
    /// Calls to the host.
    pub host_calls_max: u32,
}

impl From<&RouteLimits> for Budget {
    fn from(limits: &RouteLimits) -> Self {
        Self {
            deadline: limits.deadline,
            cpu: limits.cpu,
            memory_max_bytes: limits.memory_max_bytes,
            output_max_bytes: limits.output_max_bytes,
            log_max_bytes: limits.log_max_bytes,
            host_calls_max: limits.host_calls_max,
        }
    }
}

/// A request that may run a guest. Holds its places until it is dropped.
pub struct Admission {
    budget: Budget,
    _in_flight: InFlightSlot,
    _run: OwnedSemaphorePermit,
}

impl Admission {
    /// What the run may use.
    pub fn budget(&self) -> Budget {
        self.budget
    }
}

/// Every place in the pool is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all runs of the pool are taken")]
pub struct Full;

/// Hands out admissions, never more at once than the sandbox's pool has room for.
#[derive(Clone)]
pub struct Admissions {
    runs: Arc<Semaphore>,
}

impl Admissions {
    /// As many as the pool has runs.
    pub fn new(runs_max: u32) -> Self {
        Self { runs: Arc::new(Semaphore::new(runs_max as usize)) }
    }

    /// Admits a caller who holds a place in flight. Does not queue: a sender that is told to come back is better off than one that waits in the dark.
    pub fn admit(&self, _caller: &Caller, in_flight: InFlightSlot, limits: &RouteLimits) -> Result<Admission, Full> {
        let run = self.runs.clone().try_acquire_owned().map_err(|_| Full)?;
        Ok(Admission { budget: Budget::from(limits), _in_flight: in_flight, _run: run })
    }
}
