//! Where runs are handed in. Durable when it returns; carrying them out begins by itself.

use std::time::Duration;

use crate::model::{Ids, Run, RunId};
use crate::store::{Accepted, Store, StoreError, Submission};

/// The command line may end a run beside the server and cannot wake those who wait for it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

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

    /// Takes runs in, each once; all or none. What became of each, in their order.
    pub async fn submit_batch(&self, batch: Vec<Submission>) -> Result<Vec<Accepted>, StoreError> {
        self.store.submit_batch(batch).await
    }

    /// The run once it has ended; `None` if there is none of this id. Waits as long as that takes: whoever asks sets the limit.
    pub async fn ended(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        // Taken before the look: a change behind it is heard.
        let mut changes = self.store.runs_changed();
        loop {
            changes.mark_unchanged();
            match self.store.run(id)? {
                Some(run) if !run.state.is_ended() => {}
                ended => return Ok(ended),
            }
            // Both are fine: a change, or a look now and then.
            let _ = tokio::time::timeout(LOOK_AGAIN, changes.changed()).await;
        }
    }
}
