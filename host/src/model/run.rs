//! A run of an agent: one message for it, from its acceptance to its end. Who carries it out is its agent's business.

use super::words::words;
use super::{AgentId, FlowId, Millis, RunId, SessionKey, TaskId};

words! {
    /// Where a run stands.
    RunState {
        /// Durable, and not begun.
        Queued = "queued",
        /// Somebody works on it.
        Running = "running",
        /// Ended well.
        Succeeded = "succeeded",
        /// Ended badly.
        Failed = "failed",
        /// Ended by its time limit.
        TimedOut = "timed_out",
        /// Ended on request.
        Cancelled = "cancelled",
        /// Ended because whoever worked on it is gone, and it may not be begun twice.
        Lost = "lost",
    }
}

impl RunState {
    /// Has it ended?
    pub fn is_ended(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    /// Has it ended otherwise than it was to, and not because somebody wanted that?
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut | Self::Lost)
    }
}

words! {
    /// What the agent is asked for.
    RunKind {
        /// To work on a message.
        Message = "message",
        /// To wake up, and look around by itself. The text is a note of the operator's systems, not of a stranger.
        Wake = "wake",
    }
}

words! {
    /// Whose words the message is made of.
    Trust {
        /// Somebody outside: the agent gets them wrapped and neutralised.
        External = "external",
        /// The operator's.
        Operator = "operator",
    }
}

words! {
    /// What a run shares with the other runs of its session.
    SessionMode {
        /// Nothing but the queue.
        Isolated = "isolated",
        /// The context too.
        Persistent = "persistent",
    }
}

/// The task record that follows a run to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLink {
    /// The session that owns the flow.
    pub owner: SessionKey,
    /// The flow.
    pub flow: FlowId,
    /// The task.
    pub task: TaskId,
}

/// What a caller may say about how a message is to be worked on. Stored as a JSON object; what is absent is the agent's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunOptions {
    /// The model to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How much thinking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking: Option<String>,
    /// The most time, in whole seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// `now` or `next-heartbeat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wake_mode: Option<String>,
    /// Whether the result is announced in a channel. Absent is yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliver: Option<bool>,
    /// In which channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// To whom there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// By which account of the channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
}

/// A run that is to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// Who is to work on it.
    pub agent: AgentId,
    /// The session it belongs to: runs of one session go one at a time and in order.
    pub session: SessionKey,
    /// What it shares with that session.
    pub mode: SessionMode,
    /// What is asked for.
    pub kind: RunKind,
    /// Whose words the message is made of.
    pub trust: Trust,
    /// The door it came through: `hooks/agent`, `hooks/<mapping>`, `inbound/<name>`, `task`, `workflow/<name>`.
    pub origin: String,
    /// A label for logs and lists.
    pub name: String,
    /// The message as it came, not wrapped.
    pub message: String,
    /// How it is to be worked on.
    pub options: RunOptions,
    /// The task record that follows it.
    pub task: Option<TaskLink>,
    /// Where its result is reported to, if somebody asked for that and the operator allows it.
    pub callback_url: Option<String>,
}

/// A run as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its place in the order in which runs were accepted.
    pub seq: i64,
    /// What was asked for.
    pub asked: NewRun,
    /// Where it stands.
    pub state: RunState,
    /// How often it was begun.
    pub attempts: u32,
    /// The last line on what it was doing.
    pub summary: Option<String>,
    /// What the agent answered, once it has ended.
    pub reply: Option<String>,
    /// What went wrong, in a sentence that is safe to show.
    pub error: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// Input and output tokens.
    pub usage: Option<(u64, u64)>,
    /// The end of the lease, if a client has it.
    pub leased_until: Option<Millis>,
    /// Since when it is to be stopped.
    pub cancel_at: Option<Millis>,
    /// When it was accepted.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// When it was last begun.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Option<Millis>,
}

/// A run that somebody holds the lease of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedRun {
    /// It, as it is now that it is begun.
    pub run: Run,
    /// What fences it: whoever tells of it or ends it shows this, and another one's is refused.
    pub lease: i64,
    /// What the runner called its session the last time.
    pub runner_session: Option<String>,
}

/// What is told of a run while it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunNews {
    /// The runner knows the session by this name.
    Session(String),
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

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// One of the states that mean an end.
    pub state: RunState,
    /// What the agent answered.
    pub reply: Option<String>,
    /// What went wrong, in a sentence that is safe to show.
    pub error: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// Input and output tokens.
    pub usage: Option<(u64, u64)>,
}

impl RunEnd {
    /// An end without an answer.
    pub fn without_reply(state: RunState, error: impl Into<String>) -> Self {
        Self { state, reply: None, error: Some(error.into()), model: None, usage: None }
    }
}
