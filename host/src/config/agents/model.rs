//! The agents as the rest of the gateway sees them.

use super::{AcpRunner, OpenClawRunner};
use std::path::PathBuf;
use std::time::Duration;

use crate::config::SecretSpec;
use crate::config::webhooks::Callbacks;
use crate::model::{AgentId, TaskRuntime};

/// Who there is to send messages to.
#[derive(Clone, Debug)]
pub struct Agents {
    /// The agents of the file, in its order. One that another section names while this one is absent is added to them.
    pub list: Vec<Agent>,
    /// Who gets what names no agent.
    pub default: AgentId,
    /// Runs at once over all agents.
    pub at_once_max: u32,
    /// How long runs that have ended are kept.
    pub retention: Duration,
    /// How long a session that nobody uses is remembered.
    pub sessions_kept: Duration,
    /// Where ends of runs may be reported to.
    pub callbacks: Callbacks,
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
    /// What becomes of a run whose process died.
    pub on_interrupted: OnInterrupted,
    /// Tasks of these runtimes are its runs.
    pub runtimes: Vec<TaskRuntime>,
    /// What a client shows that claims its runs; only where nobody here carries them out.
    pub client_secret: Option<SecretSpec>,
}

/// What becomes of a run that may have begun when whoever worked on it disappeared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnInterrupted {
    /// It ends as `lost`: what it did so far is not done twice.
    Fail,
    /// It is begun again.
    Resume,
}

/// Who carries out the runs of an agent.
#[derive(Clone, Debug)]
pub enum Runner {
    /// Nobody here: runs stay queued until a client claims them.
    None,
    /// A program, started for each run.
    Command(CommandRunner),
    /// A program that speaks the Agent Client Protocol, started for each run.
    Acp(AcpRunner),
    /// A real OpenClaw Gateway.
    OpenClaw(OpenClawRunner),
}

/// A program that is started for each run: never through a shell, and with nothing of the gateway's environment but what is named.
#[derive(Clone, Debug)]
pub struct CommandRunner {
    /// The program and its arguments. Never empty.
    pub command: Vec<String>,
    /// The folder it is started in.
    pub cwd: PathBuf,
    /// Variables that are set for it.
    pub env: Vec<(String, SecretSpec)>,
    /// Variables that it inherits.
    pub pass_env: Vec<String>,
    /// The most that is kept of its answer, in bytes.
    pub output_max_bytes: usize,
    /// What it reads.
    pub stdin: Stdin,
}

/// What a program reads from its standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// The message alone.
    Message,
    /// A JSON object with the message in it.
    Json,
}
