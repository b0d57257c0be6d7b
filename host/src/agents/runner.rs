//! What carries out a run: the same for every kind of runner. A runner is told what to say to which session and when to stop; it tells what
//! happens meanwhile, and how it ended. It writes nothing by itself.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::model::{AgentId, RunEnd, RunId, RunOptions, SessionKey, SessionMode};

/// One run to carry out.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id, the same however often it is begun: what a runner may hand on as an idempotency key.
    pub run: RunId,
    /// The agent.
    pub agent: AgentId,
    /// The session.
    pub session: SessionKey,
    /// What it shares with that session.
    pub mode: SessionMode,
    /// What the runner called the session the last time, if it is to go on with it.
    pub runner_session: Option<String>,
    /// What the agent is to be told: wrapped already where it must be.
    pub prompt: String,
    /// The same as it came, not wrapped: only for a runner that hands it to somebody who wraps it himself.
    pub message: String,
    /// The run's label: where the message comes from, for the logs and lists of others.
    pub source: String,
    /// Whether it is only to wake up.
    pub is_wake: bool,
    /// What the caller said about it.
    pub options: RunOptions,
    /// The most time it may take.
    pub timeout: Duration,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Stop when this is cancelled.
    pub stop: CancellationToken,
}

/// What happens while a run is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The runner knows the session by this name.
    Session(String),
    /// A piece of the answer.
    Text(String),
    /// A line on what it is doing.
    Summary(String),
    /// A tool was called.
    ToolCalled {
        /// The runner's id of the call.
        id: String,
        /// What is called.
        name: String,
    },
    /// A tool call has ended.
    ToolCompleted {
        /// The runner's id of the call.
        id: String,
        /// What was called.
        name: String,
        /// Whether it went well.
        ok: bool,
    },
}

/// Where a runner tells what happens. Bounded: a runner that tells more than is taken waits.
pub type Telling = tokio::sync::mpsc::Sender<Progress>;

/// Carries out runs of one agent.
pub trait Runs: Send + Sync {
    /// Carries out one run, to its end. Dropping the future must leave no process behind.
    fn run<'a>(&'a self, job: Job, telling: Telling) -> Pin<Box<dyn Future<Output = RunEnd> + Send + 'a>>;
}
