//! The conversation of one run: `initialize`, a session, one prompt. What the agent asks for meanwhile is answered by the policy, what it tells
//! goes to [`Heard`]. When the run's time is over or somebody stops it, the agent is asked to end its turn before its process is killed, so
//! that it can write its session down.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::{Instant, sleep_until, timeout};

use super::heard::Heard;
use super::permission::Policy;
use super::rpc::{self, Fault, Rpc};
use crate::agents::runner::{Job, Progress};
use crate::config::agents::AcpRunner;
use crate::model::{RunEnd, RunState, SessionMode};

/// The only version of the protocol that is not a draft.
const PROTOCOL_VERSION: u64 = 1;
/// What an agent gets to end its turn after `session/cancel`. Those that can do it do it within a second.
const CANCEL_MAX: Duration = Duration::from_secs(5);
/// Longest name of a session. It is stored with ours; agents take a UUID.
const SESSION_MAX_BYTES: usize = 1_024;

/// One run's conversation.
pub(super) struct Talk {
    pub job: Job,
    pub deadline: Instant,
    pub config: Arc<AcpRunner>,
    pub heard: Arc<Heard>,
}

/// How it ended.
pub(super) enum End {
    /// As conversations do. The reply is not in it yet.
    Answered(RunEnd),
    /// Without an answer: a sentence.
    Broken(String),
}

/// Why a step has no result.
enum Cut {
    /// The run is over.
    Over(RunState),
    /// The agent has not answered this request as it should.
    Fault(&'static str, Fault),
    /// It cannot be worked with: a sentence.
    Useless(String),
}

impl Talk {
    /// Talks until the agent has answered, or cannot any more.
    pub(super) async fn run(self, stdin: ChildStdin, stdout: ChildStdout) -> End {
        let (mut rpc, writing) = rpc::open(stdin, stdout, &self.heard, Policy(&self.config.allow));
        let talking = async { self.converse(&mut rpc).await.unwrap_or_else(Cut::end) };
        tokio::select! {
            biased;
            end = talking => end,
            () = writing => End::Broken("nothing is written to the agent any more".to_owned()),
        }
    }

    async fn converse(&self, rpc: &mut Rpc<'_>) -> Result<End, Cut> {
        let opening = timeout(self.config.start_timeout, self.open(rpc)).await;
        let session = opening.map_err(|_| {
            let error = "the agent did not begin a session in time; startTimeoutSeconds may be too short for it";
            Cut::Useless(error.to_owned())
        })??;
        self.heard.tell(Progress::Session(session.clone()));
        if self.job.options.model.is_some() || self.job.options.thinking.is_some() {
            let note = "model and thinking are the agent's own business with the runner acp, and not passed on";
            self.heard.tell(Progress::Summary(note.to_owned()));
        }
        self.heard.begin_answer();
        const STEP: &str = "session/prompt";
        let prompt = json!({"sessionId": session, "prompt": [{"type": "text", "text": self.job.prompt}]});
        let asked = rpc.send(STEP, prompt).map_err(|fault| Cut::Fault(STEP, fault))?;
        let over = tokio::select! {
            answer = rpc.answer_to(asked) => return answer.map(|answer| answered(&answer)).map_err(|fault| Cut::Fault(STEP, fault)),
            over = self.over() => over,
        };
        self.heard.cancel();
        if rpc.tell("session/cancel", json!({"sessionId": session})).is_ok() {
            // Whatever it still says, the run has ended as it has.
            let _ = timeout(CANCEL_MAX, rpc.answer_to(asked)).await;
        }
        Err(Cut::Over(over))
    }

    /// The name of a session that stands.
    async fn open(&self, rpc: &mut Rpc<'_>) -> Result<String, Cut> {
        let hello = json!({
            "protocolVersion": PROTOCOL_VERSION,
            "clientCapabilities": {"fs": {"readTextFile": false, "writeTextFile": false}, "terminal": false},
            "clientInfo": {"name": "sandclaw", "version": env!("CARGO_PKG_VERSION")},
        });
        let agent = self.step(rpc, "initialize", hello).await?;
        if agent["protocolVersion"] != PROTOCOL_VERSION {
            let error = format!("the agent speaks no version {PROTOCOL_VERSION} of the protocol");
            return Err(Cut::Useless(error));
        }
        let known = self.job.runner_session.as_ref().filter(|_| self.job.mode == SessionMode::Persistent);
        if let Some(known) = known
            && self.go_on(rpc, &agent["agentCapabilities"], known).await?
        {
            return Ok(known.clone());
        }
        let new = self.step(rpc, "session/new", json!({"cwd": self.cwd(), "mcpServers": []})).await?;
        match new["sessionId"].as_str() {
            Some(session) if session.len() <= SESSION_MAX_BYTES => Ok(session.to_owned()),
            _ => Err(Cut::Useless("the agent gave its session no name, or one longer than 1 KiB".to_owned())),
        }
    }

    /// Whether the agent goes on with a session of before.
    async fn go_on(&self, rpc: &mut Rpc<'_>, can: &Value, known: &str) -> Result<bool, Cut> {
        let step = if !can["sessionCapabilities"]["resume"].is_null() {
            "session/resume"
        } else if can["loadSession"] == true {
            "session/load"
        } else {
            self.heard.tell(Progress::Summary("the agent keeps no sessions; this one begins anew".to_owned()));
            return Ok(false);
        };
        let session = json!({"sessionId": known, "cwd": self.cwd(), "mcpServers": []});
        match self.step(rpc, step, session).await {
            Ok(_) => Ok(true),
            // It may have been removed there; the run is worth more than its past.
            Err(Cut::Fault(_, fault @ Fault::Refused(_))) if !fault.is_login() => {
                let note = format!("the agent cannot go on with its session, and begins anew: {}", fault.said());
                self.heard.tell(Progress::Summary(note));
                Ok(false)
            }
            Err(cut) => Err(cut),
        }
    }

    /// One request, unless the run ends meanwhile.
    async fn step(&self, rpc: &mut Rpc<'_>, name: &'static str, params: Value) -> Result<Value, Cut> {
        tokio::select! {
            answer = rpc.ask(name, params) => answer.map_err(|fault| Cut::Fault(name, fault)),
            over = self.over() => Err(Cut::Over(over)),
        }
    }

    /// Returns when the run must end.
    async fn over(&self) -> RunState {
        tokio::select! {
            biased;
            () = self.job.stop.cancelled() => RunState::Cancelled,
            () = sleep_until(self.deadline) => RunState::TimedOut,
        }
    }

    fn cwd(&self) -> String {
        self.config.cwd.to_string_lossy().into_owned()
    }
}

impl Cut {
    fn end(self) -> End {
        End::Broken(match self {
            Self::Over(RunState::TimedOut) => {
                return ending(RunState::TimedOut, Some("the agent was not done in time, and was stopped"), None);
            }
            Self::Over(state) => return ending(state, Some("stopped before the agent was done"), None),
            Self::Fault(_, fault) if fault.is_login() => {
                "the agent wants somebody to log in: start its program once as the user of this gateway, and log in"
                    .to_owned()
            }
            Self::Fault(step, Fault::Closed) => format!("the agent's output ended before it answered {step}"),
            Self::Fault(_, Fault::Broken(why)) => format!("the connection to the agent broke: {why}"),
            Self::Fault(step, fault) => format!("the agent refused {step}: {}", fault.said()),
            Self::Useless(why) => why,
        })
    }
}

fn answered(answer: &Value) -> End {
    let usage = &answer["usage"];
    let usage = usage["inputTokens"].as_u64().zip(usage["outputTokens"].as_u64());
    let error = match answer["stopReason"].as_str().unwrap_or_default() {
        "end_turn" => return ending(RunState::Succeeded, None, usage),
        "max_tokens" => "the agent stopped at its limit of tokens",
        "max_turn_requests" => "the agent stopped at its limit of requests in one turn",
        "refusal" => "the agent refused to go on",
        "cancelled" => "the agent says that it was cancelled, and nobody here has done so",
        _ => "the agent stopped for a reason that is not known here",
    };
    ending(RunState::Failed, Some(error), usage)
}

fn ending(state: RunState, error: Option<&str>, usage: Option<(u64, u64)>) -> End {
    End::Answered(RunEnd { state, reply: None, error: error.map(str::to_owned), model: None, usage })
}
