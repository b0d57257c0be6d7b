//! The engine: runs that are due are claimed and carried out, so many at once, each step written before and after it is done.
//!
//! ```text
//! begin ─► store ─► claim ─► carry.rs ─► walk.rs ─► attempt.rs ─► steps/…
//!                    ▲          │ waits: ask.rs, a later attempt      │
//!                    └──────────┴───────── store ◄────────────────────┘
//! ```
//! Whatever must not be forgotten is in the store: a run that waits costs nothing here, and one whose process died is carried on from its
//! rows. A step that was begun and has no result is done again only where that is safe.

mod ask;
mod attempt;
mod begin;
mod carry;
mod expire;
mod nest;
mod plans;
pub(super) mod result;
mod run;
pub(super) mod summary;
mod under_way;
mod waiters;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::steps::Kit;
use crate::clock::Clock;
use crate::model::{Ids, Millis};
use crate::store::patience::{keep_running, until_stored};
use crate::store::{Store, StoreError};
use under_way::UnderWay;
use waiters::Waiters;

pub use attempt::is_safe as runs_again;
pub use begin::{Begin, BeginError, Begun, Input, Seen};
pub use plans::Plans;

/// How often runs under way are looked at for somebody who wants them to end: the command line beside the gateway writes that down, and
/// tells nobody.
const LOOK_PACE: Duration = Duration::from_millis(500);
/// After a cut, the time for runs to let go of their programs. They are told by being dropped, which takes no time.
const LET_GO: Duration = Duration::from_secs(5);
/// Between two looks for runs whose time is over.
const FORGET_PACE: Duration = Duration::from_secs(600);

/// What the parts of the engine share.
pub(super) struct Shared {
    pub store: Store,
    pub clock: Clock,
    pub ids: Ids,
    pub kit: Kit,
    /// Something may be due.
    pub work: Notify,
    /// Those who wait for runs.
    waiters: Waiters,
    /// Runs that are carried out.
    under_way: UnderWay,
    places: Arc<Semaphore>,
    runs: TaskTracker,
    /// No further step is begun.
    pub draining: CancellationToken,
    cut: CancellationToken,
}

impl Shared {
    /// Something has happened to some run; whoever waits looks.
    fn changed(&self) {
        self.waiters.wake_all();
    }
}

/// The running engine.
pub struct Engine {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl Engine {
    /// Takes over what a dead process left, and starts.
    pub async fn start(store: Store, clock: Clock, kit: Kit) -> Result<Self, StoreError> {
        let taken = store.take_over_workflows(clock.now()).await?;
        if taken > 0 {
            tracing::warn!(
                "{taken} runs of workflows were cut off when the last process ended; they go on from their last step"
            );
        }
        let places = kit.settings.max_concurrent as usize;
        let shared = Arc::new(Shared {
            store,
            clock,
            ids: Ids,
            kit,
            work: Notify::new(),
            waiters: Waiters::default(),
            under_way: UnderWay::default(),
            places: Arc::new(Semaphore::new(places)),
            runs: TaskTracker::new(),
            draining: CancellationToken::new(),
            cut: CancellationToken::new(),
        });
        let (one, two, three) = (shared.clone(), shared.clone(), shared.clone());
        let tasks = vec![
            tokio::spawn(keep_running("the claiming of runs of workflows", move || claim(one.clone()))),
            tokio::spawn(keep_running("the watch over runs of workflows", move || look(two.clone()))),
            tokio::spawn(keep_running("the upkeep of workflows", move || forget(three.clone()))),
        ];
        Ok(Self { shared, tasks })
    }

    /// Where runs are begun.
    pub fn begin(&self) -> Begin {
        Begin::new(self.shared.clone())
    }

    /// Begins no more steps, and waits for those under way.
    pub async fn drain(&mut self) {
        self.shared.draining.cancel();
        self.shared.runs.close();
        self.shared.runs.wait().await;
        self.cut();
    }

    /// Begins no more steps, and ends those under way, programs gently first. They are found at the next start.
    pub async fn stop(&mut self) {
        self.shared.draining.cancel();
        self.shared.under_way.stop_all();
        self.drain().await;
    }

    /// After a cut: returns when no run has a program any more.
    pub async fn let_go(&self) {
        self.shared.runs.close();
        if tokio::time::timeout(LET_GO, self.shared.runs.wait()).await.is_err() {
            tracing::warn!("some runs did not let go in {} s; their programs may live on", LET_GO.as_secs());
        }
    }

    /// Stops everything now. What was under way is found at the next start.
    pub fn cut(&mut self) {
        self.shared.draining.cancel();
        self.shared.cut.cancel();
        self.tasks.drain(..).for_each(|task| task.abort());
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.cut();
    }
}

/// Takes runs as they come due, as far as there are places.
async fn claim(engine: Arc<Shared>) {
    loop {
        let work = engine.work.notified();
        let due = engine.store.next_workflow_due().unwrap_or(None);
        let now = engine.clock.now();
        match due {
            Some(at) if at <= now && engine.places.available_permits() > 0 && !engine.draining.is_cancelled() => {
                expire::overdue(&engine).await;
                if take(&engine, now).await > 0 {
                    continue;
                }
                // Those that are due belong to workflows that have as many under way as they may.
                tokio::select! { () = work => {} () = tokio::time::sleep(LOOK_PACE) => {} }
            }
            Some(at) if at > now => tokio::select! { () = work => {} () = engine.clock.reach(at) => {} },
            _ => work.await,
        }
    }
}

async fn take(engine: &Arc<Shared>, now: Millis) -> usize {
    let places = u32::try_from(engine.places.available_permits()).unwrap_or(u32::MAX);
    let each = engine.kit.settings.each_max;
    let taking = || engine.store.claim_workflows(places, each, now);
    let claimed =
        until_stored(&engine.draining, "runs of workflows cannot be claimed", taking).await.unwrap_or_default();
    let count = claimed.len();
    for run in claimed {
        let Ok(place) = engine.places.clone().try_acquire_owned() else { break };
        let stop = engine.cut.child_token();
        let (flow, lease) = (run.flow.clone(), run.lease);
        engine.under_way.enter(&flow, lease, stop.clone());
        let (shared, cut) = (engine.clone(), engine.cut.clone());
        engine.runs.spawn(async move {
            // Cut, it is dropped where it is, and its programs with it.
            tokio::select! { () = carry::carry_out(shared.clone(), run, stop) => {} () = cut.cancelled() => {} }
            shared.under_way.leave(&flow, lease);
            drop(place);
            shared.waiters.wake(&flow);
            shared.work.notify_one();
        });
    }
    count
}

async fn look(engine: Arc<Shared>) {
    loop {
        tokio::time::sleep(LOOK_PACE).await;
        if let Err(error) = engine.under_way.stop_unwanted(&engine.store) {
            tracing::error!("runs that are to end cannot be looked for: {error}");
        }
    }
}

async fn forget(engine: Arc<Shared>) {
    loop {
        let kept = i64::try_from(engine.kit.settings.retention.as_millis()).unwrap_or(i64::MAX);
        let before = Millis(engine.clock.now().0.saturating_sub(kept));
        loop {
            match engine.store.forget_workflows(before).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::error!("old runs of workflows cannot be deleted, which will be tried again: {error}");
                    break;
                }
            }
        }
        tokio::time::sleep(FORGET_PACE).await;
    }
}
