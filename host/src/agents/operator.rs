//! What an operator sees of runs and can do about them. The admin socket and the command line ask here, the one with a running gateway
//! behind it and the other with nothing but the store; both get the same views.

use serde::{Deserialize, Serialize};

use crate::model::{AgentId, Run, RunId, RunState};
use crate::store::{RUNS_LISTED_MAX, RunCancelled, RunQuery, Store, StoreError};
use crate::taskflow::FOLLOWING;

/// Runs in a list if nothing else is said.
pub const LIST_DEFAULT: u32 = 20;

/// Runs of one state folder. Cheap to clone.
#[derive(Clone)]
pub struct RunsDesk {
    store: Store,
}

/// Which runs to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunsAsked {
    /// At most so many, the newest.
    pub recent: u32,
    /// Of this agent.
    pub agent: Option<String>,
    /// In this state.
    pub state: Option<RunState>,
}

impl Default for RunsAsked {
    fn default() -> Self {
        Self { recent: LIST_DEFAULT, agent: None, state: None }
    }
}

/// Runs, the newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunList {
    /// How many these are.
    pub count: usize,
    /// They.
    pub runs: Vec<RunView>,
}

/// A run with what is known of it. In a list message and reply are cut.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    /// Its id.
    pub run_id: String,
    /// Who works on it.
    pub agent: String,
    /// The session.
    pub session: String,
    /// `isolated` or `persistent`.
    pub session_mode: String,
    /// `message` or `wake`.
    pub kind: String,
    /// Whose words: `external` or `operator`.
    pub trust: String,
    /// The door it came through.
    pub origin: String,
    /// A label.
    pub name: String,
    /// Where it stands.
    pub state: String,
    /// Whether it is to be stopped.
    pub is_to_stop: bool,
    /// How often it was begun.
    pub attempts: u32,
    /// The flow whose task follows it.
    pub flow: Option<String>,
    /// That task.
    pub task: Option<String>,
    /// The last line on what it was doing.
    pub summary: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// Tokens read.
    pub input_tokens: Option<u64>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
    /// When it was accepted.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
    /// When it was last begun.
    pub started_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// The message as it came.
    pub message: String,
    /// What the agent answered.
    pub reply: Option<String>,
}

/// What came of the wish to cancel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelAnswer {
    /// Whether it has ended; else whoever works on it is told to stop.
    pub is_ended: bool,
}

/// Why something could not be shown or done. Each sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    /// The question itself is wrong.
    #[error("{0}")]
    Invalid(String),
    /// There is none of this id.
    #[error("there is no run of this id; `sandclaw runs list` shows those there are")]
    NotFound,
    /// It has ended already.
    #[error("the run has ended already, as {0}")]
    Ended(RunState),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RunsDesk {
    /// The runs of this store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Runs, the newest first.
    pub fn list(&self, asked: &RunsAsked) -> Result<RunList, RunsError> {
        let query = RunQuery {
            recent: asked.recent.min(RUNS_LISTED_MAX),
            agent: asked.agent.as_deref().map(AgentId::new),
            states: asked.state.into_iter().collect(),
        };
        let runs: Vec<_> = self.store.runs(&query)?.into_iter().map(view).collect();
        Ok(RunList { count: runs.len(), runs })
    }

    /// One run with everything that is known of it.
    pub fn show(&self, id: &str) -> Result<RunView, RunsError> {
        self.store.run(&RunId::new(id))?.map(view).ok_or(RunsError::NotFound)
    }

    /// Ends a run that is not begun, or has one that is under way stopped.
    pub async fn cancel(&self, id: &str) -> Result<CancelAnswer, RunsError> {
        match self.store.cancel_run(&RunId::new(id), FOLLOWING).await? {
            RunCancelled::Missing => Err(RunsError::NotFound),
            RunCancelled::Ended(state) => Err(RunsError::Ended(state)),
            RunCancelled::Done => Ok(CancelAnswer { is_ended: true }),
            RunCancelled::Asked => Ok(CancelAnswer { is_ended: false }),
        }
    }
}

fn view(run: Run) -> RunView {
    let asked = run.asked;
    RunView {
        run_id: asked.id.to_string(),
        agent: asked.agent.to_string(),
        session: asked.session.to_string(),
        session_mode: asked.mode.to_string(),
        kind: asked.kind.to_string(),
        trust: asked.trust.to_string(),
        origin: asked.origin,
        name: asked.name,
        state: run.state.to_string(),
        is_to_stop: run.cancel_at.is_some() && !run.state.is_ended(),
        attempts: run.attempts,
        flow: asked.task.as_ref().map(|link| link.flow.to_string()),
        task: asked.task.as_ref().map(|link| link.task.to_string()),
        summary: run.summary,
        error: run.error,
        model: run.model,
        input_tokens: run.usage.map(|(input, _)| input),
        output_tokens: run.usage.map(|(_, output)| output),
        created_at: run.created_at.0,
        updated_at: run.updated_at.0,
        started_at: run.started_at.map(|at| at.0),
        ended_at: run.ended_at.map(|at| at.0),
        message: asked.message,
        reply: run.reply,
    }
}
