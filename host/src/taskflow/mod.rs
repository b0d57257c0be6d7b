//! What a flow is and which moves are legal. Guests reach flows through a [`Session`], the operator through [`TaskFlows`]; both
//! apply the pure rules of `rules.rs` and `task_rules.rs` inside one transaction of the store. Nothing is executed here: flows and
//! tasks are records of work that somebody else does.

mod controller;
mod fields;
mod operator;
mod refusal;
mod rules;
mod session;
pub mod sweep;
mod task_rules;
#[cfg(test)]
mod tests;

pub use controller::{Steering, steer};
pub use operator::{FlowRecord, OperatorCancel};
pub use refusal::{Refusal, RefusalCode};
pub use session::{FlowPage, Session};

use crate::clock::Clock;
use crate::model::{Flow, Ids, SessionKey, Task};
use crate::store::{Changed, Store, StoreError};
use refusal::Forbidden;
use rules::Move;

/// All flows. Cheap to clone.
#[derive(Clone)]
pub struct TaskFlows {
    store: Store,
    clock: Clock,
    ids: Ids,
}

impl TaskFlows {
    /// The flows in `store`.
    pub fn new(store: Store, clock: Clock, ids: Ids) -> Self {
        Self { store, clock, ids }
    }

    /// The flows of one session. `controller_id` is that of flows which are created without one.
    pub fn bind(&self, owner: SessionKey, controller_id: &str) -> Session {
        Session::new(self.clone(), owner, controller_id)
    }

    /// Cancels a flow of `owner`, or notes that it shall be. No child task can be stopped from here, so an active one keeps the flow
    /// open until it ends or the sweep loses it.
    async fn cancel(&self, owner: &SessionKey, id: &str) -> Result<(Changed<Forbidden>, Vec<Task>), StoreError> {
        let now = self.clock.now();
        let decide = move |flow: &Flow, active_tasks| rules::apply(flow, &Move::Cancel { active_tasks }, now);
        self.store.change_flow_and_list(owner, id, decide).await
    }
}
