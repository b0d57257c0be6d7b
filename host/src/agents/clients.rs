//! For clients that carry out runs elsewhere: they claim a run for a time, tell how it goes, and end it. A lease that ends without a word
//! gives the run back. Whoever calls has shown the secret of the agent.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::engine::cut;
use super::prompt;
use crate::auth::Caller;
use crate::auth::secret::Door;
use crate::clock::Clock;
use crate::config::agents::{Agent, Agents};
use crate::model::{
    AgentId, ClaimedRun, Millis, Run, RunEnd, RunId, RunKind, RunNews, RunOptions, RunState, SessionKey,
};
use crate::store::{ClientClaim, RunEnded, RunTold, Store, StoreError};
use crate::taskflow::FOLLOWING;

/// A lease, if the client says nothing: long enough to miss one word, short enough that a dead client is noticed.
const LEASE_SECONDS_DEFAULT: u64 = 60;
/// An hour without a word is a client that says nothing.
const LEASE_SECONDS_MAX: u64 = 3_600;
/// Sessions that one claim names.
const SESSIONS_MAX: usize = 100;
/// The most of an answer that is kept. Bodies are smaller anyway.
const REPLY_BYTES_MAX: usize = 16 << 20;
/// The most of a sentence or a name.
const SENTENCE_BYTES_MAX: usize = 4 << 10;

/// The door for clients. Cheap to clone.
#[derive(Clone)]
pub struct Clients {
    store: Store,
    clock: Clock,
    agents: std::sync::Arc<[Agent]>,
}

/// What a client says to claim a run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClaimAsked {
    /// How long it has it.
    pub lease_seconds: Option<u64>,
    /// Of one of these sessions; empty is any.
    pub session_keys: Vec<String>,
}

/// What a client says of a run that goes on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProgressAsked {
    /// The lease it was given.
    pub lease: i64,
    /// How long it has it from now on.
    pub lease_seconds: Option<u64>,
    /// A line on what it is doing.
    pub summary: Option<String>,
    /// What it calls the session.
    pub runner_session: Option<String>,
    /// A tool that it called.
    pub tool_called: Option<ToolCalled>,
    /// A call that has ended.
    pub tool_completed: Option<ToolCompleted>,
}

/// A call of a tool.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToolCalled {
    /// The client's id of it.
    pub call_id: String,
    /// What is called.
    pub name: String,
}

/// The end of a call.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToolCompleted {
    /// The client's id of it.
    pub call_id: String,
    /// What was called.
    pub name: String,
    /// Whether it went well.
    pub ok: bool,
}

/// What a client says of the end of a run.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CompleteAsked {
    /// The lease it was given.
    pub lease: i64,
    /// `succeeded`, `failed`, `timed_out` or `cancelled`.
    pub status: String,
    /// What the agent answered.
    pub reply: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// The tokens it took.
    pub usage: Option<Usage>,
}

/// Tokens.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Usage {
    /// Read.
    pub input_tokens: u64,
    /// Written.
    pub output_tokens: u64,
}

/// A run in the hands of a client.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Handed {
    run_id: String,
    agent_id: String,
    session_key: String,
    session_mode: &'static str,
    kind: &'static str,
    name: String,
    message: String,
    options: RunOptions,
    attempt: u32,
    lease: i64,
    leased_until: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    runner_session: Option<String>,
}

/// Where a run stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunStatus {
    run_id: String,
    agent_id: String,
    session_key: String,
    status: &'static str,
    attempts: u32,
    is_to_stop: bool,
    summary: Option<String>,
    reply: Option<String>,
    error: Option<String>,
    created_at: i64,
    updated_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
}

/// Why a client was not served. Each sentence may be shown to it.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// What it sent is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The agent has no such run.
    #[error("this agent has no such run")]
    NotFound,
    /// The lease is not, or no longer, its own.
    #[error("the lease has ended, and the run is {0} by now; nothing was changed")]
    LeaseLost(RunState),
    /// The store failed; the log tells how.
    #[error("the store cannot take this now; try again")]
    Unavailable,
}

impl From<StoreError> for ClientError {
    fn from(error: StoreError) -> Self {
        tracing::error!("a client could not be served: {error}");
        Self::Unavailable
    }
}

impl Clients {
    /// The door of these agents.
    pub fn new(store: Store, clock: Clock, agents: &Agents) -> Self {
        Self { store, clock, agents: agents.list.clone().into() }
    }

    /// A run to carry out, if one waits.
    pub async fn claim(&self, caller: &Caller, asked: ClaimAsked) -> Result<Option<Handed>, ClientError> {
        let agent = self.agent(caller)?;
        if asked.session_keys.len() > SESSIONS_MAX {
            return Err(ClientError::Invalid(format!("sessionKeys: at most {SESSIONS_MAX}")));
        }
        let wish = ClientClaim {
            agent: agent.id.clone(),
            sessions: asked.session_keys.iter().map(|key| SessionKey::new(key.as_str())).collect(),
            at_once_max: agent.at_once_max,
            until: self.until(asked.lease_seconds)?,
        };
        Ok(self.store.claim_run(wish, FOLLOWING).await?.map(handed))
    }

    /// Takes note of how a run goes; the end of the lease then, and whether the run is to be stopped.
    pub async fn progress(
        &self,
        caller: &Caller,
        run: &str,
        asked: ProgressAsked,
    ) -> Result<(Millis, bool), ClientError> {
        let found = self.find(caller, run)?;
        let until = self.until(asked.lease_seconds)?;
        let (lease, news) = (asked.lease, news(asked));
        match self.store.tell_run(found.seq, lease, news, Some(until), FOLLOWING).await? {
            RunTold::Done { is_to_stop } => {
                let leased_until = self.find(caller, run)?.leased_until;
                Ok((leased_until.unwrap_or(until), is_to_stop))
            }
            RunTold::Stale => Err(ClientError::LeaseLost(self.find(caller, run)?.state)),
        }
    }

    /// Ends a run. Told twice, it counts once.
    pub async fn complete(&self, caller: &Caller, run: &str, asked: CompleteAsked) -> Result<(), ClientError> {
        const STATES: [RunState; 4] = [RunState::Succeeded, RunState::Failed, RunState::TimedOut, RunState::Cancelled];
        let found = self.find(caller, run)?;
        let state = RunState::parse(&asked.status).filter(|state| STATES.contains(state)).ok_or_else(|| {
            ClientError::Invalid("status: must be succeeded, failed, timed_out or cancelled".to_owned())
        })?;
        let ending = RunEnd {
            state,
            reply: asked.reply.map(|reply| cut(reply, REPLY_BYTES_MAX)),
            error: asked.error.map(|error| cut(error, SENTENCE_BYTES_MAX)),
            model: asked.model.map(|model| cut(model, SENTENCE_BYTES_MAX)),
            usage: asked.usage.map(|usage| (usage.input_tokens, usage.output_tokens)),
        };
        match self.store.complete_run(found.seq, asked.lease, ending, FOLLOWING).await? {
            RunEnded::Done | RunEnded::Repeated => Ok(()),
            RunEnded::Stale => Err(ClientError::LeaseLost(self.find(caller, run)?.state)),
        }
    }

    /// Where a run stands.
    pub fn status(&self, caller: &Caller, run: &str) -> Result<RunStatus, ClientError> {
        let run = self.find(caller, run)?;
        Ok(RunStatus {
            run_id: run.asked.id.to_string(),
            agent_id: run.asked.agent.to_string(),
            session_key: run.asked.session.to_string(),
            status: run.state.as_str(),
            attempts: run.attempts,
            is_to_stop: run.cancel_at.is_some() && !run.state.is_ended(),
            summary: run.summary,
            reply: run.reply,
            error: run.error,
            created_at: run.created_at.0,
            updated_at: run.updated_at.0,
            started_at: run.started_at.map(|at| at.0),
            ended_at: run.ended_at.map(|at| at.0),
        })
    }

    /// The agent whose secret was shown.
    fn agent(&self, caller: &Caller) -> Result<&Agent, ClientError> {
        let Door::Agent(id) = caller.door() else { return Err(ClientError::NotFound) };
        self.agents.iter().find(|agent| agent.id == *id).ok_or(ClientError::NotFound)
    }

    /// A run of that agent: those of others are not there.
    fn find(&self, caller: &Caller, run: &str) -> Result<Run, ClientError> {
        let agent: &AgentId = &self.agent(caller)?.id;
        let found = self.store.run(&RunId::new(run))?;
        found.filter(|run| run.asked.agent == *agent).ok_or(ClientError::NotFound)
    }

    fn until(&self, seconds: Option<u64>) -> Result<Millis, ClientError> {
        let seconds = seconds.unwrap_or(LEASE_SECONDS_DEFAULT);
        if !(1..=LEASE_SECONDS_MAX).contains(&seconds) {
            return Err(ClientError::Invalid(format!("leaseSeconds: must be 1 to {LEASE_SECONDS_MAX}")));
        }
        let millis = i64::try_from(Duration::from_secs(seconds).as_millis()).unwrap_or(i64::MAX);
        Ok(Millis(self.clock.now().0.saturating_add(millis)))
    }
}

fn news(asked: ProgressAsked) -> Vec<RunNews> {
    let short = |text: String| cut(text, SENTENCE_BYTES_MAX);
    let session = asked.runner_session.map(|name| RunNews::Session(short(name)));
    let called = asked.tool_called.map(|call| RunNews::ToolCalled { id: short(call.call_id), name: short(call.name) });
    let completed = asked.tool_completed.map(|call| RunNews::ToolCompleted {
        id: short(call.call_id),
        name: short(call.name),
        ok: call.ok,
    });
    let summary = asked.summary.map(|line| RunNews::Summary(short(line)));
    [session, called, completed, summary].into_iter().flatten().collect()
}

fn handed(claimed: ClaimedRun) -> Handed {
    let ClaimedRun { run, lease, runner_session } = claimed;
    Handed {
        run_id: run.asked.id.to_string(),
        agent_id: run.asked.agent.to_string(),
        session_key: run.asked.session.to_string(),
        session_mode: run.asked.mode.as_str(),
        kind: if run.asked.kind == RunKind::Wake { "wake" } else { "message" },
        message: prompt::of(&run.asked),
        name: run.asked.name,
        options: run.asked.options,
        attempt: run.attempts,
        lease,
        leased_until: run.leased_until.unwrap_or_default().0,
        runner_session,
    }
}
