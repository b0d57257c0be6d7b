//! The conversation of one run: `initialize`, a session, one prompt. What the agent asks for meanwhile is answered by the policy, what it tells
//! goes to [`Heard`]. When the run's time is over or somebody stops it, the agent is asked to end its turn before its process is killed, so
//! that it can write its session down.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    CancelNotification, ContentBlock, Implementation, InitializeRequest, InitializeResponse, LoadSessionRequest,
    NewSessionRequest, PromptRequest, PromptResponse, RequestPermissionOutcome, RequestPermissionRequest,
    RequestPermissionResponse, ResumeSessionRequest, SessionId, SessionNotification, StopReason, TextContent,
};
use agent_client_protocol::{Agent, Client, Error, ErrorCode, Lines, is_incoming_transport_closed};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};

use super::heard::{Heard, line};
use super::{lines, permission};
use crate::agents::runner::{Ending, Job, Progress};
use crate::config::agents::AcpRunner;
use crate::config::agents::acp::ToolKind;
use crate::model::{RunState, SessionMode};

/// What an agent gets to end its turn after `session/cancel`. Those that can do it do it within a second.
const CANCEL_MAX: Duration = Duration::from_secs(5);

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
    Answered(Ending),
    /// Without an answer: a sentence.
    Broken(String),
}

/// Why a step has no result.
enum Cut {
    /// The run is over.
    Over(RunState),
    /// It took too long.
    Late(&'static str),
    /// The agent says so.
    Refused(&'static str, Error),
}

impl Talk {
    /// Talks until the agent has answered, or cannot any more.
    pub(super) async fn run(self, stdin: ChildStdin, stdout: ChildStdout) -> End {
        let (done, mut answered) = oneshot::channel();
        let (heard, asked) = (self.heard.clone(), self.heard.clone());
        let allow = self.config.allow.clone();
        let connection = Client
            .v1()
            .on_receive_notification(
                async move |notification: SessionNotification, _cx| {
                    heard.take(notification.update);
                    Ok(())
                },
                agent_client_protocol::on_receive_notification!(),
            )
            .on_receive_request(
                async move |request: RequestPermissionRequest, responder, _cx| {
                    responder.respond(RequestPermissionResponse::new(permit(&asked, &allow, &request)))
                },
                agent_client_protocol::on_receive_request!(),
            )
            .connect_with(
                Lines::new(lines::outgoing(stdin), lines::incoming(stdout)),
                async move |cx: ConnectionTo<Agent>| {
                    // Whoever waits for it may be gone.
                    let _ = done.send(self.converse(&cx).await);
                    Ok(())
                },
            );
        // What is left to be written is of no interest once there is an answer.
        let broken = tokio::select! {
            biased;
            Ok(ending) = &mut answered => return ending,
            end = connection => end,
        };
        match (answered.try_recv(), broken) {
            (Ok(ending), _) => ending,
            (_, Err(error)) => End::Broken(format!("the connection to the agent broke: {}", said(&error))),
            (_, Ok(())) => End::Broken("the agent closed the connection before it answered".to_owned()),
        }
    }

    async fn converse(&self, cx: &ConnectionTo<Agent>) -> End {
        let session = match timeout(self.config.start_timeout, self.open(cx)).await {
            Ok(Ok(session)) => session,
            Ok(Err(cut)) => return cut.end(),
            Err(_) => return Cut::Late("the agent did not begin a session").end(),
        };
        self.heard.tell(Progress::Session(session.to_string()));
        if self.job.options.model.is_some() || self.job.options.thinking.is_some() {
            let note = "model and thinking are the agent's own business with the runner acp, and not passed on";
            self.heard.tell(Progress::Summary(note.to_owned()));
        }
        self.heard.begin_answer();
        let prompt = vec![ContentBlock::Text(TextContent::new(self.job.prompt.clone()))];
        let mut prompting = pin!(cx.send_request(PromptRequest::new(session.clone(), prompt)).block_task());
        let over = tokio::select! {
            answer = &mut prompting => return answered(answer),
            over = self.over() => over,
        };
        self.heard.cancel();
        let _ = cx.send_notification(CancelNotification::new(session));
        // Whatever it still says, the run has ended as it has.
        let _ = timeout(CANCEL_MAX, prompting).await;
        Cut::Over(over).end()
    }

    /// A session that stands.
    async fn open(&self, cx: &ConnectionTo<Agent>) -> Result<SessionId, Cut> {
        let about = Implementation::new("sandclaw", env!("CARGO_PKG_VERSION"));
        let hello = InitializeRequest::new(ProtocolVersion::V1).client_info(about);
        let agent = self.step("initialize", cx.send_request(hello).block_task()).await?;
        if agent.protocol_version != ProtocolVersion::V1 {
            let error = Error::invalid_request().data("it speaks no version 1 of the protocol");
            return Err(Cut::Refused("initialize", error));
        }
        let known = self.job.runner_session.as_ref().filter(|_| self.job.mode == SessionMode::Persistent);
        if let Some(known) = known
            && self.go_on(cx, &agent, known).await?
        {
            return Ok(SessionId::new(known.as_str()));
        }
        let new = cx.send_request(NewSessionRequest::new(self.config.cwd.clone())).block_task();
        Ok(self.step("session/new", new).await?.session_id)
    }

    /// Whether the agent goes on with a session of before.
    async fn go_on(&self, cx: &ConnectionTo<Agent>, agent: &InitializeResponse, known: &str) -> Result<bool, Cut> {
        let can = &agent.agent_capabilities;
        let cwd = self.config.cwd.clone();
        let gone_on = if can.session_capabilities.resume.is_some() {
            let resume = cx.send_request(ResumeSessionRequest::new(SessionId::new(known), cwd)).block_task();
            self.step("session/resume", resume).await.map(|_| ())
        } else if can.load_session {
            let load = cx.send_request(LoadSessionRequest::new(SessionId::new(known), cwd)).block_task();
            self.step("session/load", load).await.map(|_| ())
        } else {
            self.heard.tell(Progress::Summary("the agent keeps no sessions; this one begins anew".to_owned()));
            return Ok(false);
        };
        match gone_on {
            Ok(()) => Ok(true),
            // It may have been removed there; the run is worth more than its past.
            Err(Cut::Refused(_, error)) if error.code != ErrorCode::AUTH_REQUIRED => {
                let note = format!("the agent cannot go on with its session, and begins anew: {}", said(&error));
                self.heard.tell(Progress::Summary(note));
                Ok(false)
            }
            Err(cut) => Err(cut),
        }
    }

    /// One request, unless the run ends meanwhile.
    async fn step<T>(&self, name: &'static str, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Cut> {
        tokio::select! {
            answer = asked => answer.map_err(|error| Cut::Refused(name, error)),
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
        match self {
            Self::Over(RunState::TimedOut) => {
                ending(RunState::TimedOut, Some("the agent was not done in time, and was stopped"), None)
            }
            Self::Over(state) => ending(state, Some("stopped before the agent was done"), None),
            Self::Late(what) => End::Broken(format!("{what} in time; startTimeoutSeconds may be too short for it")),
            Self::Refused(_, error) if error.code == ErrorCode::AUTH_REQUIRED => End::Broken(
                "the agent wants somebody to log in: start its program once as the user of this gateway, and log in"
                    .to_owned(),
            ),
            Self::Refused(step, error) if is_incoming_transport_closed(&error) => {
                End::Broken(format!("the agent's output ended before it answered {step}"))
            }
            Self::Refused(step, error) => End::Broken(format!("the agent refused {step}: {}", said(&error))),
        }
    }
}

fn answered(answer: Result<PromptResponse, Error>) -> End {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Cut::Refused("session/prompt", error).end(),
    };
    let usage = answer.usage.map(|usage| (usage.input_tokens, usage.output_tokens));
    let error = match answer.stop_reason {
        StopReason::EndTurn => return ending(RunState::Succeeded, None, usage),
        StopReason::MaxTokens => "the agent stopped at its limit of tokens",
        StopReason::MaxTurnRequests => "the agent stopped at its limit of requests in one turn",
        StopReason::Refusal => "the agent refused to go on",
        StopReason::Cancelled => "the agent says that it was cancelled, and nobody here has done so",
        _ => "the agent stopped for a reason that is not known here",
    };
    ending(RunState::Failed, Some(error), usage)
}

fn ending(state: RunState, error: Option<&str>, usage: Option<(u64, u64)>) -> End {
    End::Answered(Ending { state, reply: None, error: error.map(str::to_owned), model: None, usage })
}

/// The policy's answer, told if it is a no.
fn permit(heard: &Heard, allow: &BTreeSet<ToolKind>, request: &RequestPermissionRequest) -> RequestPermissionOutcome {
    if heard.is_cancelled() {
        return RequestPermissionOutcome::Cancelled;
    }
    let tool = &request.tool_call;
    let announced = || heard.kind_of(&tool.tool_call_id.to_string());
    let kind = tool.fields.kind.map(permission::kind).or_else(announced);
    let kind = kind.unwrap_or(ToolKind::Other);
    let decision = permission::decide(allow, kind, &request.options);
    if !decision.is_allowed {
        let title = tool.fields.title.as_deref().unwrap_or("a tool");
        heard.tell(Progress::Summary(line(&format!("not permitted: {} ({title})", kind.as_str()))));
    }
    decision.outcome
}

/// What an error says, in one line.
fn said(error: &Error) -> String {
    let data = error.data.as_ref().map(|data| data.as_str().map_or_else(|| data.to_string(), str::to_owned));
    match data {
        Some(data) => line(&format!("{}: {data}", error.message)),
        None => line(&error.message),
    }
}
