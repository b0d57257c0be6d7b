//! A request to a name of the operator's own, from the mapping that it matches to its answer.

use std::collections::HashMap;

use serde_json::json;

use super::action::Action;
use super::agent;
use super::answer::{Answer, Body, Refusal};
use super::dispatch::{self, Order, Unavailable, wake_mode};
use super::door::Hooks;
use super::fields::Fields;
use super::mapping::{self, Failed, Mapped};
use super::once::{self, DERIVED_KEPT_MS, GIVEN_KEPT_MS, Key};
use super::policy;
use super::request::Request;
use crate::config::hooks::HookAction;
use crate::model::{RunKind, RunOptions, SessionMode, Trust};
use crate::store::Accepted;

/// Stands in for the key of a batch that came without one.
const DERIVED_KEY: &str = "hook-fanout-item";
/// What OpenClaw says of a transform that failed. More is in the log.
const TRANSFORM_FAILED: &str = "hook mapping failed";

impl Hooks {
    pub(super) async fn mapped(&self, request: &Request) -> Result<Answer, Refusal> {
        let Some((at, mapping)) = mapping::matching(&self.config.mappings, request) else {
            return Ok(Answer::NotFound);
        };
        let applied = mapping::apply(at, mapping, request, self.clock.now(), &*self.transforms).await;
        let Mapped { actions, is_fan_out } = match applied {
            Ok(mapped) => mapped,
            Err(Failed::Refused(refusal)) => return Err(refusal),
            Err(Failed::Transform) => return Err(Refusal { status: 500, message: TRANSFORM_FAILED.to_owned() }),
        };
        if actions.is_empty() {
            return Ok(Answer::Nothing);
        }
        let given = once::key(request, Some(&Fields::of(&request.payload)));
        let key = match (given, is_fan_out) {
            (Some(key), _) => Some((key, GIVEN_KEPT_MS)),
            (None, true) => Some((Key::of_request(DERIVED_KEY.to_owned()), DERIVED_KEPT_MS)),
            (None, false) => None,
        };
        let (mut orders, mut seen, mut wake) = (Vec::new(), HashMap::new(), None);
        for action in actions {
            match action.kind {
                HookAction::Wake => {
                    wake = Some(action.is_deferred);
                    let mut order = self.mapped_wake(action, request)?;
                    // Keys that a sender chooses are for messages, as in OpenClaw; a signed delivery that comes again is a repeat or a replay.
                    order.once = key.as_ref().filter(|(key, _)| key.is_delivery()).map(|(key, kept_ms)| {
                        (once::once(self.config.form.root(), &request.path, "", orders.len(), key), *kept_ms)
                    });
                    orders.push(order);
                }
                HookAction::Agent => {
                    let named = action.key().map(str::to_owned).or_else(|| self.config.sessions.default_key.clone());
                    let mut order = self.mapped_agent(action, request)?;
                    let scope = scope_of(&order, named.as_deref());
                    // Two equal items of one batch are two.
                    let nth = seen.entry(scope.clone()).or_insert(0_u32);
                    let scope = format!("{scope}#{nth}");
                    *nth += 1;
                    order.once = key.as_ref().map(|(key, kept_ms)| {
                        (once::once(self.config.form.root(), &request.path, &scope, orders.len(), key), *kept_ms)
                    });
                    orders.push(order);
                }
            }
        }
        let kinds: Vec<RunKind> = orders.iter().map(|order| order.kind).collect();
        let messages = kinds.iter().filter(|kind| **kind == RunKind::Message).count();
        let accepted = match dispatch::submit(&self.inbox, orders).await {
            Ok(accepted) => accepted,
            Err(why) if is_fan_out => return Ok(Answer::unavailable(none_of(messages, &why))),
            Err(why) => return Ok(why.answer()),
        };
        let runs: Vec<&Accepted> =
            accepted.iter().zip(&kinds).filter(|(_, kind)| **kind == RunKind::Message).map(|(run, _)| run).collect();
        let is_replayed = accepted.iter().all(|one| one.is_repeated);
        Ok(told(&runs, wake, is_replayed))
    }

    fn mapped_wake(&self, action: Action, request: &Request) -> Result<Order, Refusal> {
        let target = policy::of_mapping(&self.config, action.agent.as_deref())?;
        // A text that a stranger's words went into is a stranger's.
        let trust = if action.is_operators || action.allows_unsafe { Trust::Operator } else { Trust::External };
        let (source, key) = (action.source(), action.key().map(str::to_owned));
        self.wake_order(target, source, key.as_deref(), action.text, action.is_deferred, trust, &request.path)
    }

    fn mapped_agent(&self, action: Action, request: &Request) -> Result<Order, Refusal> {
        let channel = agent::channel(action.channel.as_deref(), &self.config.channels)?;
        let target = policy::of_mapping(&self.config, action.agent.as_deref())?;
        let (key, mode) = (action.key(), action.session_mode);
        if mode == SessionMode::Persistent && key.is_none() && self.config.sessions.default_key.is_none() {
            return Err(Refusal::new(
                "sessionKey or hooks.defaultSessionKey is required when mapped hook sessionMode is persistent",
            ));
        }
        let session = policy::session(&self.config, action.source(), key, &target, || self.new_id())?;
        let callback_url =
            action.callback_url.as_deref().map(|url| policy::callback(&self.callbacks, url)).transpose()?;
        let delivers = action.deliver != Some(false);
        Ok(Order {
            agent: target.agent,
            session,
            mode,
            kind: RunKind::Message,
            trust: if action.allows_unsafe { Trust::Operator } else { Trust::External },
            origin: format!("hooks/{}", request.path.trim_matches('/')),
            name: action.label().to_owned(),
            options: RunOptions {
                model: action.model,
                thinking: action.thinking,
                timeout_seconds: action.timeout_seconds,
                wake_mode: wake_mode(action.is_deferred),
                deliver: (!delivers).then_some(false),
                channel: Some(channel).filter(|_| delivers),
                to: action.to.filter(|_| delivers),
                account_id: None,
            },
            callback_url,
            message: action.text,
            once: None,
        })
    }
}

/// All that a mapped message asks for; a session that it got because it named none is no part of it.
fn scope_of(order: &Order, session: Option<&str>) -> String {
    let options = serde_json::to_string(&order.options).unwrap_or_default();
    let (agent, mode, callback) = (order.agent.as_str(), order.mode.as_str(), &order.callback_url);
    json!([agent, session, mode, order.name, order.message, options, callback]).to_string()
}

fn told(runs: &[&Accepted], wake: Option<bool>, is_replayed: bool) -> Answer {
    let body = match (runs, wake) {
        ([], wake) => Body::ok().text("mode", if wake == Some(true) { "next-heartbeat" } else { "now" }),
        ([only], _) => Body::ok().text("runId", only.run.as_str()),
        ([first, ..], _) => Body::ok()
            .text("runId", first.run.as_str())
            .texts("runIds", runs.iter().map(|run| run.run.as_str()))
            .raw("dispatched", &runs.len().to_string()),
    };
    let body = if wake.is_some() { body.text("eventOutcome", "queued") } else { body };
    Answer::Json { status: 200, body: body.end(), is_replayed, wait_for: None }
}

fn none_of(items: usize, why: &Unavailable) -> Body {
    let error = format!("hook fan-out incomplete: 0/{items} dispatched, {items} failed, 0 pending");
    Body::failed(&error).texts("runIds", std::iter::empty()).texts("errors", std::iter::repeat_n(why.0, items.min(5)))
}
