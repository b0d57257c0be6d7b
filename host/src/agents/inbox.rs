//! Where runs are handed in. Durable when it returns; carrying them out begins by itself.

use crate::model::{Ids, NewRun, Run, RunId};
use crate::store::{Accepted, Once, Store, StoreError, Submission, Submitted};

/// Takes runs in. Cheap to clone.
#[derive(Clone)]
pub struct Inbox {
    store: Store,
    ids: Ids,
}

impl Inbox {
    /// The inbox of `store`.
    pub fn new(store: Store, ids: Ids) -> Self {
        Self { store, ids }
    }

    /// An id for a run that is to be handed in.
    pub fn run_id(&self) -> RunId {
        self.ids.run()
    }

    /// Takes runs in, all or none. `answer` is what a repeat under the same key is told: JSON.
    pub async fn submit(&self, runs: Vec<NewRun>, once: Option<Once>, answer: String) -> Result<Submitted, StoreError> {
        self.store.submit_runs(runs, once, answer).await
    }

    /// Takes several runs in, each once; all or none. What became of each, in their order.
    pub async fn submit_batch(&self, batch: Vec<Submission>) -> Result<Vec<Accepted>, StoreError> {
        self.store.submit_batch(batch).await
    }

    /// The run once it has ended; nothing if there is none. Whoever waits only so long drops this.
    pub async fn ended(&self, run: &RunId) -> Result<Option<Run>, StoreError> {
        // Taken before the look: a change behind it is heard.
        let mut changes = self.store.runs_changed();
        loop {
            changes.mark_unchanged();
            match self.store.run(run)? {
                Some(run) if !run.state.is_ended() => {}
                found => return Ok(found),
            }
            if changes.changed().await.is_err() {
                return Err(StoreError::Closed);
            }
        }
    }
}
