//! The conversation of one run: `initialize`, a session, one prompt. What the agent asks for meanwhile is answered by the policy, what it tells
//! goes to [`Heard`]. When the run's time is over or somebody stops it, the agent is asked to end its turn before its process is killed, so
//! that it can write its session down.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    CancelNotification, ContentBlock, Implementation, InitializeRequest, LoadSessionRequest, NewSessionRequest,
    PromptRequest, ResumeSessionRequest,
};
use agent_client_protocol::{
    Agent, Channel, Client, Error, ErrorCode, JsonRpcMessage, UntypedMessage, is_incoming_transport_closed,
};
use serde_json::Value;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::{Instant, sleep_until, timeout};

use super::heard::{Heard, line};
use super::listener::Listener;
use super::wire;
use crate::agents::runner::{Job, Progress};
use crate::config::agents::AcpRunner;
use crate::model::{RunEnd, RunState, SessionMode};

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
    Fault(String, Error),
    /// It cannot be worked with: a sentence.
    Useless(String),
}

impl Talk {
    /// Talks until the agent has answered, or cannot any more.
    pub(super) async fn run(self, stdin: ChildStdin, stdout: ChildStdout) -> End {
        let (ours, theirs) = Channel::duplex();
        let listener = Listener { heard: self.heard.clone(), config: self.config.clone() };
        let talking = Client.v1().with_handler(listener).connect_with(theirs, async |agent: ConnectionTo<Agent>| {
            Ok(self.converse(&agent).await.unwrap_or_else(Cut::end))
        });
        let broken = |why: String| End::Broken(format!("the connection to the agent broke: {why}"));
        tokio::select! {
            biased;
            ended = talking => ended.unwrap_or_else(|error| broken(said(&error))),
            Err(why) = wire::carry(ours, stdin, stdout) => broken(why),
        }
    }

    async fn converse(&self, agent: &ConnectionTo<Agent>) -> Result<End, Cut> {
        let opening = timeout(self.config.start_timeout, self.open(agent)).await;
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
        let prompt = PromptRequest::new(session.clone(), vec![ContentBlock::from(self.job.prompt.as_str())]);
        let mut prompting = pin!(ask(agent, prompt));
        let over = tokio::select! {
            // First of all it is asked, whatever there is to be told after that.
            biased;
            answer = &mut prompting => return answer.map(|answer| answered(&answer)),
            over = self.over() => over,
        };
        self.heard.cancel();
        if agent.send_notification(CancelNotification::new(session)).is_ok() {
            // Whatever it still says, the run has ended as it has.
            let _ = timeout(CANCEL_MAX, prompting).await;
        }
        Err(Cut::Over(over))
    }

    /// The name of a session that stands.
    async fn open(&self, agent: &ConnectionTo<Agent>) -> Result<String, Cut> {
        let about = Implementation::new("sandclaw", env!("CARGO_PKG_VERSION"));
        let hello = InitializeRequest::new(ProtocolVersion::V1).client_info(about);
        let about = self.step(agent, hello).await?;
        if about["protocolVersion"] != ProtocolVersion::V1.as_u16() {
            let error = format!("the agent speaks no version {} of the protocol", ProtocolVersion::V1);
            return Err(Cut::Useless(error));
        }
        let known = self.job.runner_session.as_ref().filter(|_| self.job.mode == SessionMode::Persistent);
        if let Some(known) = known
            && self.go_on(agent, &about["agentCapabilities"], known).await?
        {
            return Ok(known.clone());
        }
        let new = self.step(agent, NewSessionRequest::new(&*self.config.cwd)).await?;
        match new["sessionId"].as_str() {
            Some(session) if session.len() <= SESSION_MAX_BYTES => Ok(session.to_owned()),
            _ => Err(Cut::Useless("the agent gave its session no name, or one longer than 1 KiB".to_owned())),
        }
    }

    /// Whether the agent goes on with a session of before.
    async fn go_on(&self, agent: &ConnectionTo<Agent>, can: &Value, known: &str) -> Result<bool, Cut> {
        let (session, cwd) = (known.to_owned(), &*self.config.cwd);
        let gone_on = if !can["sessionCapabilities"]["resume"].is_null() {
            self.step(agent, ResumeSessionRequest::new(session, cwd)).await
        } else if can["loadSession"] == true {
            self.step(agent, LoadSessionRequest::new(session, cwd)).await
        } else {
            self.heard.tell(Progress::Summary("the agent keeps no sessions; this one begins anew".to_owned()));
            return Ok(false);
        };
        match gone_on {
            Ok(_) => Ok(true),
            // It may have been removed there; the run is worth more than its past.
            Err(Cut::Fault(_, fault))
                if fault.code != ErrorCode::AUTH_REQUIRED && !is_incoming_transport_closed(&fault) =>
            {
                let note = format!("the agent cannot go on with its session, and begins anew: {}", said(&fault));
                self.heard.tell(Progress::Summary(note));
                Ok(false)
            }
            Err(cut) => Err(cut),
        }
    }

    /// One request, unless the run ends meanwhile.
    async fn step(&self, agent: &ConnectionTo<Agent>, request: impl JsonRpcMessage) -> Result<Value, Cut> {
        tokio::select! {
            answer = ask(agent, request) => answer,
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
}

impl Cut {
    fn end(self) -> End {
        End::Broken(match self {
            Self::Over(RunState::TimedOut) => {
                return ending(RunState::TimedOut, Some("the agent was not done in time, and was stopped"), None);
            }
            Self::Over(state) => return ending(state, Some("stopped before the agent was done"), None),
            Self::Fault(_, fault) if fault.code == ErrorCode::AUTH_REQUIRED => {
                "the agent wants somebody to log in: start its program once as the user of this gateway, and log in"
                    .to_owned()
            }
            Self::Fault(step, fault) if is_incoming_transport_closed(&fault) => {
                format!("the agent's output ended before it answered {step}")
            }
            Self::Fault(step, fault) => format!("the agent refused {step}: {}", said(&fault)),
            Self::Useless(why) => why,
        })
    }
}

/// Asks, and waits for the answer, which is taken as it is: what the library's types do not know, such as a new reason to stop, is for
/// [`answered`] to say.
async fn ask(agent: &ConnectionTo<Agent>, request: impl JsonRpcMessage) -> Result<Value, Cut> {
    let asked = async { agent.send_request::<UntypedMessage>(request.to_untyped_message()?).block_task().await };
    asked.await.map_err(|error| Cut::Fault(request.method().to_owned(), error))
}

/// What an error says, in one line.
fn said(error: &Error) -> String {
    match &error.data {
        None | Some(Value::Null) => line(&error.message),
        Some(Value::String(data)) => line(&format!("{}: {data}", error.message)),
        Some(data) => line(&format!("{}: {data}", error.message)),
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
