//! Runs of agents: what was accepted, who works on it, what became of it. Which run is begun when is decided above; here it is kept, one
//! transaction a decision, with the events of it and the task record that follows it.
//!
//! ```text
//! submit, run_task ─► queued ─ claim ─► running ─ complete ─► succeeded, failed, timed_out, cancelled
//!                       ▲                  └─ interrupted ─► lost
//!                       └──────────────────────┘ (again, if it may be)
//! ```

mod batch;
mod claim;
mod complete;
mod events;
mod follow;
mod leases;
mod list;
mod progress;
mod reading;
mod retention;
mod submit;
mod turn;
mod waiting;

pub use batch::{Accepted, Submission};
pub(super) use complete::cancel_of_flow;
pub use follow::TaskRules;
pub use list::RUNS_LISTED_MAX;
pub(super) use submit::put;
pub(super) use waiting::Waiting;

use crate::model::{AgentId, Millis, RunState, SessionKey};

/// What one agent has room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRoom {
    /// The agent.
    pub agent: AgentId,
    /// Runs.
    pub limit: u32,
}

/// What a client asks for that carries out runs itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientClaim {
    /// Of this agent.
    pub agent: AgentId,
    /// Of one of these sessions; empty is any.
    pub sessions: Vec<SessionKey>,
    /// Only if fewer of the agent's runs are under way.
    pub at_once_max: u32,
    /// The end of the lease.
    pub until: Millis,
}

/// Whether an end counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnded {
    /// It is written.
    Done,
    /// It had ended so already, under this lease.
    Repeated,
    /// The lease was no longer this one, or the run has ended otherwise. Nothing was written.
    Stale,
}

/// Whether news of a run counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunTold {
    /// It is written.
    Done {
        /// Whether the run is to be stopped.
        is_to_stop: bool,
    },
    /// The lease was no longer this one. Nothing was written.
    Stale,
}

/// What came of the wish to cancel a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunCancelled {
    /// There is none of this id.
    Missing,
    /// It had ended already, like this.
    Ended(RunState),
    /// It was not begun, and will not be.
    Done,
    /// It is under way, and whoever works on it is told to stop.
    Asked,
}

/// What becomes of runs that were under way when whoever worked on them disappeared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resuming {
    /// Runs of these agents may be begun again,
    pub agents: Vec<AgentId>,
    /// unless they were begun so often already.
    pub attempts_max: u32,
}

/// Which runs to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunQuery {
    /// At most so many, the newest.
    pub recent: u32,
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// In one of these states; empty is any.
    pub states: Vec<RunState>,
}
