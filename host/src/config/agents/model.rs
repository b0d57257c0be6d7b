//! The agents as the rest of the gateway sees them.

use std::time::Duration;

use crate::model::AgentId;

/// Who there is to send messages to.
#[derive(Clone, Debug)]
pub struct Agents {
    /// The agents of the file, in its order. One that another section names while this one is absent is added to them.
    pub list: Vec<Agent>,
    /// Who gets what names no agent.
    pub default: AgentId,
    /// Runs at once over all agents.
    pub at_once_max: u32,
}

impl Agents {
    /// The agent of this id.
    pub fn find(&self, id: &AgentId) -> Option<&Agent> {
        self.list.iter().find(|agent| agent.id == *id)
    }
}

/// One agent.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Who carries out its runs.
    pub runner: Runner,
    /// Its runs at once, over all its sessions.
    pub at_once_max: u32,
    /// The most time of one run.
    pub timeout: Duration,
}

/// Who carries out the runs of an agent.
#[derive(Clone, Debug)]
pub enum Runner {
    /// Nobody here: runs stay queued until a client claims them.
    None,
}
