//! The runner `openclaw`: the runs of an agent that lives in a real OpenClaw Gateway are handed to its hooks. The Gateway keeps the agent, its
//! memory and its channels; this runner only says what to do, asks again for as long as that is safe, and tells how it ended. Read
//! `OpenClaw::carry_out` first; `gateway.rs` is the way there and `answer.rs` what comes back.

mod answer;
mod gateway;
mod gateways;
#[cfg(test)]
mod tests;
mod tools;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::{Instant, sleep};

use super::runner::{Job, Progress, Runs, Telling};
use crate::clock::Clock;
use crate::model::{RunEnd, RunState, SessionMode};
use crate::outbound::egress::RetryAfter;

use answer::{Done, Next};
pub use gateway::Gateway;
use gateway::Hook;
pub use gateways::Gateways;
pub use tools::{ToolCall, ToolError};

/// The first wait before the Gateway is asked again. A restart of it takes ten seconds.
const WAIT_FIRST: Duration = Duration::from_millis(500);
/// The longest wait, unless the Gateway itself names a longer one.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Carries out runs by an OpenClaw Gateway.
pub struct OpenClaw {
    gateway: Arc<Gateway>,
    clock: Clock,
}

impl OpenClaw {
    /// A runner of this Gateway's agent.
    pub fn new(gateway: impl Into<Arc<Gateway>>, clock: Clock) -> Self {
        Self { gateway: gateway.into(), clock }
    }

    async fn carry_out(&self, job: &Job, telling: &Telling) -> RunEnd {
        let started = Instant::now();
        let hook = if job.is_wake { Hook::Wake } else { Hook::Agent };
        // The very same bytes each time: the Gateway takes a key with another message or another limit for another run.
        let body = self.body(job).to_string();
        let mut wait = WAIT_FIRST;
        let mut trouble: Option<String> = None;
        loop {
            let Some(left) = job.timeout.checked_sub(started.elapsed()).filter(|left| !left.is_zero()) else {
                return late(job, trouble);
            };
            let asked = self.gateway.hook(hook, body.clone(), left);
            let sent = tokio::select! {
                biased;
                () = job.stop.cancelled() => return stopped(),
                sent = asked => sent,
            };
            let (why, retry_after) = match answer::judge(sent, hook) {
                Next::Ended(done) => return self.ended(done, telling).await,
                Next::Again { why, retry_after } => (why, retry_after),
            };
            tracing::info!(run = job.run.as_str(), "the OpenClaw Gateway did not take the run yet: {why}");
            trouble = Some(why);
            let named = retry_after.map(|at| self.until(at));
            let pause = named.unwrap_or(wait).min(job.timeout.saturating_sub(started.elapsed()));
            tokio::select! {
                biased;
                () = job.stop.cancelled() => return stopped(),
                () = sleep(pause) => {}
            }
            wait = (wait * 2).min(WAIT_MAX);
        }
    }

    /// What the hook is told.
    fn body(&self, job: &Job) -> Value {
        let mut body = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(key.to_owned(), value);
            }
        };
        let options = &job.options;
        let agent = self.gateway.agent_id().map(Value::from);
        // A key of its own is refused by a Gateway that does not allow it, so it is sent only where it means something.
        let session = (job.mode == SessionMode::Persistent).then(|| Value::from(job.session.as_str()));
        put("agentId", agent);
        if job.is_wake {
            // Whatever wakes is believed: here it must be the wrapped text, if it is a stranger's.
            put("text", Some(job.prompt.as_str().into()));
            let mode = options.wake_mode.as_deref().unwrap_or("now");
            put("sessionKey", session.filter(|_| mode == "now"));
            put("mode", Some(mode.into()));
            return body.into();
        }
        // The Gateway wraps it, and would show the model a wrapped wrapping.
        put("message", Some(job.message.as_str().into()));
        put("name", (!job.source.is_empty()).then(|| job.source.as_str().into()));
        put("sessionMode", session.is_some().then(|| SessionMode::Persistent.as_str().into()));
        put("sessionKey", session);
        put("idempotencyKey", Some(job.run.as_str().into()));
        put("waitForCompletion", self.gateway.waits().then_some(true.into()));
        put("timeoutSeconds", Some(job.timeout.as_secs().max(1).into()));
        put("wakeMode", options.wake_mode.clone().map(Value::from));
        put("model", options.model.clone().map(Value::from));
        put("thinking", options.thinking.clone().map(Value::from));
        put("deliver", options.deliver.map(Value::from));
        put("channel", options.channel.clone().map(Value::from));
        put("to", options.to.clone().map(Value::from));
        put("accountId", options.account_id.clone().map(Value::from));
        body.into()
    }

    async fn ended(&self, done: Done, telling: &Telling) -> RunEnd {
        if let Some(note) = done.note {
            // Nobody may be left to hear it.
            let _ = telling.send(Progress::Summary(note)).await;
        }
        ending(done.state, done.error)
    }

    fn until(&self, at: RetryAfter) -> Duration {
        match at {
            RetryAfter::In(wait) => wait,
            RetryAfter::At(at) => {
                Duration::from_millis(u64::try_from(at.0.saturating_sub(self.clock.now().0)).unwrap_or_default())
            }
        }
    }
}

impl Runs for OpenClaw {
    fn run<'a>(&'a self, job: Job, telling: Telling) -> Pin<Box<dyn Future<Output = RunEnd> + Send + 'a>> {
        Box::pin(async move { self.carry_out(&job, &telling).await })
    }
}

fn late(job: &Job, trouble: Option<String>) -> RunEnd {
    let seconds = job.timeout.as_secs();
    let error = match trouble {
        Some(why) => format!("not done within {seconds} s; the last try: {why}"),
        None => format!("not done within {seconds} s; the Gateway was told the same limit"),
    };
    ending(RunState::TimedOut, Some(error))
}

fn stopped() -> RunEnd {
    let error = "stopped here; a hook cannot be called back, so the Gateway may go on with it";
    ending(RunState::Cancelled, Some(error.to_owned()))
}

fn ending(state: RunState, error: Option<String>) -> RunEnd {
    RunEnd { state, reply: None, error, model: None, usage: None }
}
