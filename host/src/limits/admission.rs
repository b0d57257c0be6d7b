//! The admission: proof that a run may take place, with its budget. A request gets one when it has passed every guard, a transform or a workflow's step when it is its turn. The
//! sandbox asks for one in its signature, so no path leads around the guards.

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

/// A run that may take place. Holds its places until it is dropped.
pub struct Admission {
    budget: Budget,
    _place: Place,
    _run: OwnedSemaphorePermit,
}

/// The place that a run holds beside the one in the pool.
#[expect(dead_code, reason = "held, not read")]
enum Place {
    Request(InFlightSlot),
    /// Among those of its sort, which have a share of the pool.
    Share(OwnedSemaphorePermit),
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

/// Transforms get at most one in so many runs of the pool, but always one: a burst of events must not turn requests away, and an event can wait.
const TRANSFORMS_SHARE: u32 = 4;

/// The same for steps of workflows, which nobody waits for at the other end of a connection either. A share of their own: a burst of events must not hold
/// up workflows, nor a workflow that loops deliveries; and half of the pool is left to requests.
const STEPS_SHARE: u32 = 4;

/// And for transforms of hooks, whose senders wait: what agents are told is not to hold up the actions of routes, nor they them.
const HOOKS_SHARE: u32 = 4;

/// Hands out admissions, never more at once than the sandbox's pool has room for.
#[derive(Clone)]
pub struct Admissions {
    runs: Arc<Semaphore>,
    transforms: Arc<Semaphore>,
    steps: Arc<Semaphore>,
    hooks: Arc<Semaphore>,
}

impl Admissions {
    /// As many as the pool has runs.
    pub fn new(runs_max: u32) -> Self {
        let share = |of: u32| Arc::new(Semaphore::new((runs_max / of).max(1) as usize));
        Self {
            runs: share(1),
            transforms: share(TRANSFORMS_SHARE),
            steps: share(STEPS_SHARE),
            hooks: share(HOOKS_SHARE),
        }
    }

    /// Admits a caller who holds a place in flight. Does not queue: a sender that is told to come back is better off than one that waits in the dark.
    pub fn admit(&self, _caller: &Caller, in_flight: InFlightSlot, limits: &RouteLimits) -> Result<Admission, Full> {
        let run = self.runs.clone().try_acquire_owned().map_err(|_| Full)?;
        Ok(Admission { budget: Budget::from(limits), _place: Place::Request(in_flight), _run: run })
    }

    /// Admits a run of a transform as soon as there is a place for it. Whoever asked first is first. May be dropped while it waits.
    pub async fn admit_transform(&self, budget: Budget) -> Admission {
        self.admit_in_turn(&self.transforms, budget).await
    }

    /// Admits a step of a workflow as soon as there is a place for it. Whoever asked first is first. May be dropped while it waits.
    pub async fn admit_step(&self, budget: Budget) -> Admission {
        self.admit_in_turn(&self.steps, budget).await
    }

    /// Admits a run of a hook's transform as soon as there is a place for it. Whoever asked first is first. May be dropped while it waits.
    pub async fn admit_hook(&self, budget: Budget) -> Admission {
        self.admit_in_turn(&self.hooks, budget).await
    }

    async fn admit_in_turn(&self, share: &Arc<Semaphore>, budget: Budget) -> Admission {
        let turn = permit(share).await;
        let run = permit(&self.runs).await;
        Admission { budget, _place: Place::Share(turn), _run: run }
    }
}

async fn permit(of: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    match of.clone().acquire_owned().await {
        Ok(permit) => permit,
        // Nobody closes these; if somebody did, nobody would be admitted any more.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn at_once(admissions: &Admissions) -> Option<Admission> {
        now(admissions.admit_transform(Budget::from(&RouteLimits::default())))
    }

    fn now(waiting: impl Future<Output = Admission>) -> Option<Admission> {
        match pin!(waiting).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(admission) => Some(admission),
            Poll::Pending => None,
        }
    }

    #[test]
    fn transforms_take_a_quarter_of_the_pool_and_no_more() {
        let admissions = Admissions::new(8);
        let held: Vec<Admission> = std::iter::from_fn(|| at_once(&admissions)).collect();
        assert_eq!((held.len(), admissions.runs.available_permits()), (2, 6));
        drop(held);
        assert_eq!(admissions.runs.available_permits(), 8);
        assert!(at_once(&Admissions::new(1)).is_some(), "a small pool has a place for one as well");
    }

    #[test]
    fn a_transform_waits_while_the_pool_is_full_and_leaves_nothing_behind_if_it_gives_up() {
        let admissions = Admissions::new(4);
        let full = admissions.runs.clone().try_acquire_many_owned(4).unwrap();
        assert!(at_once(&admissions).is_none());
        assert_eq!(admissions.transforms.available_permits(), 1);
        drop(full);
        assert!(at_once(&admissions).is_some());
    }

    #[test]
    fn steps_have_a_quarter_of_their_own_beside_that_of_transforms() {
        let admissions = Admissions::new(8);
        let budget = Budget::from(&RouteLimits::default());
        let transforms: Vec<Admission> = std::iter::from_fn(|| at_once(&admissions)).collect();
        let steps: Vec<Admission> = std::iter::from_fn(|| now(admissions.admit_step(budget))).collect();
        assert_eq!((transforms.len(), steps.len(), admissions.runs.available_permits()), (2, 2, 4));
        drop(steps);
        assert!(now(admissions.admit_step(budget)).is_some() && at_once(&admissions).is_none());
    }
}
