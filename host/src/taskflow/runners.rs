//! Which tasks are runs of agents. Whoever starts a gateway tells; without agents that serve tasks, tasks are only recorded.

use crate::model::{
    AgentId, Ids, NewRun, RunKind, RunOptions, SessionKey, SessionMode, Task, TaskLink, TaskRuntime, TaskStatus, Trust,
};

/// The agents that serve tasks.
#[derive(Clone, Debug, Default)]
pub struct TaskRunners {
    /// Each with the runtimes that it serves.
    pub serving: Vec<(AgentId, Vec<TaskRuntime>)>,
    /// Who gets a task that names no agent.
    pub default: Option<AgentId>,
}

/// A run needs a label; a task may have none.
const NAME_DEFAULT: &str = "Task";

impl TaskRunners {
    /// The run of this task, if it is to have one. A task that is running already is driven by somebody else.
    pub(super) fn run_of(&self, task: &Task, ids: Ids) -> Option<NewRun> {
        if task.status != TaskStatus::Queued {
            return None;
        }
        let text = |json: &Option<crate::json::JsonText>| Some(json.as_ref()?.as_string_lossy()?.into_owned());
        let wanted = match text(&task.agent) {
            Some(named) => AgentId::new(named),
            None => self.default.clone()?,
        };
        let (agent, _) =
            self.serving.iter().find(|(agent, runtimes)| *agent == wanted && runtimes.contains(&task.runtime))?;
        let (session, mode) = match text(&task.child_session) {
            Some(key) => (SessionKey::new(key), SessionMode::Persistent),
            None => (SessionKey::new(format!("task:{}", task.id)), SessionMode::Isolated),
        };
        Some(NewRun {
            id: ids.run(),
            agent: agent.clone(),
            session,
            mode,
            kind: RunKind::Message,
            // Whoever has the route's secret wrote it, and perhaps made it of what strangers wrote.
            trust: Trust::External,
            origin: "task".to_owned(),
            name: text(&task.label).unwrap_or_else(|| NAME_DEFAULT.to_owned()),
            message: task.task.as_string_lossy().unwrap_or_default().into_owned(),
            options: RunOptions::default(),
            task: Some(TaskLink { owner: task.owner.clone(), flow: task.flow.clone(), task: task.id.clone() }),
            callback_url: None,
        })
    }
}
