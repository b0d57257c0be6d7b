//! The `agents` root: OpenClaw's `list`, and for each agent who carries out its runs.

pub mod acp;
mod model;
pub mod openclaw;

pub use acp::AcpRunner;
pub use model::{Agent, Agents, Runner};
pub use openclaw::OpenClawRunner;

use std::time::Duration;

use super::field::Field;
use crate::model::AgentId;

/// OpenClaw's name for the only agent of a gateway that names none.
const DEFAULT_ID: &str = "main";
/// Runs at once over all agents. Each is mostly a process that waits for a model.
const AT_ONCE_DEFAULT: u32 = 16;
/// Runs of one agent at once, over all its sessions.
const AGENT_AT_ONCE_DEFAULT: u32 = 4;
/// OpenClaw's limit of one run of an agent.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(600);

/// The whole root. `list` is OpenClaw's: `[{id, default}]`.
pub(super) fn read(field: &Field<'_>) -> Agents {
    let section = field.section(&["list"]);
    let mut list = Vec::new();
    let mut default = None;
    for item in section.field("list").items() {
        let item = item.section(&["id", "default"]);
        let Some(id) = item.field("id").required_text().map(AgentId::new) else { continue };
        if item.field("default").flag(false) && default.is_none() {
            default = Some(id.clone());
        }
        list.push(agent(id));
    }
    let first = list.first().map(|agent: &Agent| agent.id.clone());
    let default = default.or(first).unwrap_or_else(|| AgentId::new(DEFAULT_ID));
    if list.is_empty() {
        list.push(agent(default.clone()));
    }
    Agents { list, default, at_once_max: AT_ONCE_DEFAULT }
}

fn agent(id: AgentId) -> Agent {
    Agent { id, runner: Runner::None, at_once_max: AGENT_AT_ONCE_DEFAULT, timeout: TIMEOUT_DEFAULT }
}
