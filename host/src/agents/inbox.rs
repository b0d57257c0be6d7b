//! Where runs are handed in. Durable when it returns; carrying them out begins by itself.

use crate::model::{Ids, NewRun, RunId};
use crate::store::{Once, Store, StoreError, Submitted};

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
}
