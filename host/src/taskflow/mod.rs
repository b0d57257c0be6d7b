//! What a flow is and which moves are legal. Guests reach flows through a [`Session`], the operator through [`TaskFlows`]; both
//! apply the pure rules of `rules.rs` and `task_rules.rs` inside one transaction of the store. Nothing is executed here: flows and
//! tasks are records of work that somebody else does; where that is an agent of ours, its run is stored with the task.

mod controller;
mod fields;
mod following;
mod journal;
mod operator;
mod refusal;
mod rules;
mod runners;
mod session;
pub mod sweep;
mod task_rules;
#[cfg(test)]
mod tests;

pub use controller::{Steering, steer};
pub use following::FOLLOWING;
pub use operator::{FlowRecord, OperatorCancel};
pub use refusal::{Refusal, RefusalCode};
pub use runners::TaskRunners;
pub use session::{FlowPage, Session};

use std::sync::Arc;

use crate::clock::Clock;
use crate::model::{Flow, Ids, SessionKey, Task};
use crate::store::{Changed, Op, Store, StoreError};
pub use crate::store::{Once, OnceSigned, Seen};
use refusal::Forbidden;
use rules::Move;

/// What became of the wish to cancel a flow, and its tasks.
type Cancelled = (Changed<Forbidden>, Vec<Task>);

/// All flows. Cheap to clone.
#[derive(Clone)]
pub struct TaskFlows {
    store: Store,
    clock: Clock,
    ids: Ids,
    runners: Arc<TaskRunners>,
}

impl TaskFlows {
    /// The flows in `store`.
    pub fn new(store: Store, clock: Clock, ids: Ids) -> Self {
        Self { store, clock, ids, runners: Arc::default() }
    }

    /// With agents whose runs tasks are.
    #[must_use]
    pub fn run_by(self, runners: TaskRunners) -> Self {
        Self { runners: Arc::new(runners), ..self }
    }

    /// The flows of one session. `controller_id` is that of flows which are created without one.
    pub fn bind(&self, owner: SessionKey, controller_id: &str) -> Session {
        Session::new(self.clone(), owner, controller_id)
    }

    /// Notes a signature, which is good once.
    pub async fn see_signature(&self, signed: OnceSigned) -> Result<Seen, StoreError> {
        self.store.see_signature(signed).await
    }

    /// Whether the key belongs to another request.
    pub fn is_of_other_request(&self, once: &Once) -> Result<bool, StoreError> {
        Ok(self.store.request_under(&once.key)?.is_some_and(|request| request != once.request))
    }

    /// Cancels a flow of `owner`, or notes that it shall be. Runs behind its tasks end, or are told to; an active task of somebody else
    /// keeps the flow open until it ends or the sweep loses it.
    fn cancel(&self, owner: &SessionKey, id: &str) -> Op<Cancelled> {
        let now = self.clock.now();
        let decide = move |flow: &Flow, active_tasks| rules::apply(flow, &Move::Cancel { active_tasks }, now);
        Store::cancel_flow(owner, id, FOLLOWING, decide)
    }
}
