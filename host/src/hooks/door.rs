//! One door for agent hooks, behind its guards: which of its three kinds of request it is, and what becomes of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::agent::{self, AgentCall, LAST};
use super::answer::{Answer, Body, Refusal};
use super::dispatch::{self, Order, Unavailable, wake_mode};
use super::fields::Fields;
use super::once::{self, GIVEN_KEPT_MS};
use super::policy::{self, KeySource, Target};
use super::request::Request;
use super::transform::Transforms;
use super::wake;
use crate::agents::Inbox;
use crate::auth::Caller;
use crate::clock::Clock;
use crate::config::agents::Agents;
use crate::config::hooks::{BODY_MAX_BYTES, HookDoor, HookForm};
use crate::config::webhooks::Callbacks;
use crate::model::{AgentId, RunId, RunKind, RunOptions, SessionMode, Trust};

/// The names of direct requests.
const WAKE: &str = "wake";
const AGENT: &str = "agent";

/// What a door does with a request.
pub struct Hooks {
    pub(super) config: HookDoor,
    /// How long the runs of each agent may take.
    timeouts: HashMap<AgentId, Duration>,
    /// Where ends of runs may be reported to.
    pub(super) callbacks: Callbacks,
    pub(super) inbox: Inbox,
    pub(super) clock: Clock,
    pub(super) transforms: Arc<dyn Transforms>,
}

impl Hooks {
    /// The door as the config has it.
    pub fn new(config: HookDoor, agents: &Agents, inbox: Inbox, clock: Clock, transforms: Arc<dyn Transforms>) -> Self {
        let timeouts = agents.list.iter().map(|agent| (agent.id.clone(), agent.timeout)).collect();
        let callbacks = agents.callbacks.clone();
        Self { config, timeouts, callbacks, inbox, clock, transforms }
    }

    /// The config of the door.
    pub fn config(&self) -> &HookDoor {
        &self.config
    }

    /// The inbox, for whoever waits for a run.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Whether a request to this path behind the door's is for the door itself, and not for a mapping.
    pub fn is_direct(path: &str) -> bool {
        matches!(path, WAKE | AGENT)
    }

    /// Largest body of a request to this path behind the door's, in bytes.
    pub fn body_max_bytes(&self, path: &str) -> usize {
        let path = path.trim_matches('/');
        let of_path = self.config.mappings.iter().filter(|mapping| mapping.path.as_deref() == Some(path));
        of_path.map(|mapping| mapping.body_max_bytes).max().unwrap_or(BODY_MAX_BYTES)
    }

    /// What becomes of a request.
    pub async fn take(&self, _caller: &Caller, request: &Request) -> Answer {
        let taken = match request.path.as_str() {
            WAKE => self.wake(request).await,
            AGENT => self.agent(request).await,
            _ => self.mapped(request).await,
        };
        taken.unwrap_or_else(Refusal::answer)
    }

    async fn wake(&self, request: &Request) -> Result<Answer, Refusal> {
        let call = wake::read(&Fields::of(&request.payload), self.config.form)?;
        let target = policy::of_request(&self.config, &call.wanted)?;
        let key = call.session_key.as_deref();
        let order =
            self.wake_order(target, KeySource::Request, key, call.text, call.is_deferred, Trust::Operator, "wake")?;
        let session = order.session.clone();
        if let Err(unavailable) = dispatch::submit(&self.inbox, vec![order]).await {
            return Ok(unavailable.answer());
        }
        let mode = if call.is_deferred { "next-heartbeat" } else { "now" };
        let body = Body::ok().text("mode", mode).text("eventOutcome", "queued");
        Ok(Answer::of(self.guides(body, &session)))
    }

    async fn agent(&self, request: &Request) -> Result<Answer, Refusal> {
        let fields = Fields::of(&request.payload);
        let call = agent::read(&fields, &self.config.channels, &self.callbacks)?;
        let target = policy::of_request(&self.config, &call.wanted)?;
        let has_fixed = target.fixed_key.is_some();
        let by_door =
            if has_fixed && call.session_key.is_none() { SessionMode::Persistent } else { SessionMode::Isolated };
        let mode = call.session_mode.unwrap_or(by_door);
        if mode == SessionMode::Persistent && call.session_key.is_none() && !has_fixed {
            return Err(Refusal::new("sessionKey is required when sessionMode is persistent"));
        }
        let key = call.session_key.as_deref();
        let session = policy::session(&self.config, KeySource::Request, key, &target, || self.new_id());
        let is_free = mode == SessionMode::Persistent && key.is_some();
        let session = match session {
            Ok(_) if is_free && self.config.sessions.prefixes.is_empty() => {
                return Err(Refusal::new(
                    "hooks.allowedSessionKeyPrefixes is required when direct hook sessionMode is persistent",
                ));
            }
            session => session?,
        };
        let once = once::key(request, Some(&fields)).map(|key| {
            let scope = self.scope(&call, &target, mode);
            (once::once(self.config.form.root(), "agent", &scope, 0, &key), GIVEN_KEPT_MS)
        });
        let (agent, waits) = (target.agent.clone(), call.waits);
        let timeout = call.timeout_seconds;
        let order = Order {
            agent: target.agent,
            session,
            mode,
            kind: RunKind::Message,
            trust: Trust::External,
            origin: "hooks/agent".to_owned(),
            name: call.name,
            message: call.message,
            options: RunOptions {
                model: call.model,
                thinking: call.thinking,
                timeout_seconds: timeout,
                wake_mode: wake_mode(call.is_deferred),
                deliver: call.delivery.is_off.then_some(false),
                channel: call.delivery.channel,
                to: call.delivery.to,
                account_id: call.delivery.account_id,
            },
            callback_url: call.callback_url,
            once,
        };
        let accepted = match dispatch::submit(&self.inbox, vec![order]).await {
            Ok(accepted) => accepted,
            Err(unavailable) => return Ok(unavailable.answer()),
        };
        let [accepted] = &accepted[..] else { return Ok(Unavailable::SILENT.answer()) };
        let body = self.guides(Body::ok().text("runId", accepted.run.as_str()), &accepted.session);
        let wait_for = waits.then(|| (accepted.run.clone(), self.patience(&agent, timeout)));
        Ok(Answer::Json { status: 200, body: body.end(), is_replayed: accepted.is_repeated, wait_for })
    }

    #[expect(clippy::too_many_arguments, reason = "each is one part of a wake-up")]
    pub(super) fn wake_order(
        &self,
        target: Target,
        source: KeySource,
        key: Option<&str>,
        text: String,
        is_deferred: bool,
        trust: Trust,
        path: &str,
    ) -> Result<Order, Refusal> {
        let session = match key {
            Some(_) => policy::session(&self.config, source, key, &target, || self.new_id())?,
            None => target.fixed_key.clone().unwrap_or_else(|| policy::main_session(&target.agent)),
        };
        Ok(Order {
            agent: target.agent,
            session,
            mode: SessionMode::Persistent,
            kind: RunKind::Wake,
            trust,
            origin: format!("hooks/{}", path.trim_matches('/')),
            name: agent::NAME_DEFAULT.to_owned(),
            message: text,
            options: RunOptions { wake_mode: wake_mode(is_deferred), ..RunOptions::default() },
            callback_url: None,
            once: None,
        })
    }

    /// All that a message asks for, so that a key stands for this one.
    fn scope(&self, call: &AgentCall, target: &Target, mode: SessionMode) -> String {
        let delivery = &call.delivery;
        let key = call.session_key.as_ref().or(self.config.sessions.default_key.as_ref());
        json!([
            target.agent.as_str(),
            key,
            call.message,
            call.name,
            call.is_deferred,
            mode.as_str(),
            delivery.is_off,
            delivery.channel.as_deref().unwrap_or(LAST),
            delivery.to,
            delivery.account_id,
            call.model,
            call.thinking,
            call.timeout_seconds,
            call.callback_url
        ])
        .to_string()
    }

    /// The members that the webhook guide promises, in its form of the door.
    fn guides(&self, body: Body, session: &str) -> Body {
        match self.config.form {
            HookForm::Hooks => body,
            HookForm::Listed => body.text("status", "ok").text("session", session).raw("queued", "true"),
        }
    }

    /// How long somebody may wait for a run: as long as it may take.
    fn patience(&self, agent: &AgentId, asked_seconds: Option<u64>) -> Duration {
        let most = self.timeouts.get(agent).copied().unwrap_or_default();
        asked_seconds.map_or(most, |seconds| most.min(Duration::from_secs(seconds)))
    }

    pub(super) fn new_id(&self) -> String {
        RunId::as_str(&self.inbox.run_id()).to_owned()
    }
}
