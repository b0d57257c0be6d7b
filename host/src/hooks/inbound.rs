//! Inbound templates: what is posted to a name becomes a message for the agent of that name, by its template.

use super::agent::LAST;
use super::answer::{Answer, Body, Refusal};
use super::dispatch::{self, Order, Unavailable};
use super::once::{self, GIVEN_KEPT_MS};
use super::policy;
use super::render::{Source, render};
use super::request::Request;
use crate::agents::Inbox;
use crate::auth::Caller;
use crate::clock::Clock;
use crate::config::webhooks::{Callbacks, InboundEndpoint};
use crate::model::{RunKind, RunOptions, Trust, js_trim};

/// One endpoint.
pub struct InboundDoor {
    config: InboundEndpoint,
    callbacks: Callbacks,
    inbox: Inbox,
    clock: Clock,
}

impl InboundDoor {
    /// The endpoint as the config has it, and where ends of runs may be reported to.
    pub fn new(config: InboundEndpoint, callbacks: Callbacks, inbox: Inbox, clock: Clock) -> Self {
        Self { config, callbacks, inbox, clock }
    }

    /// What becomes of a request.
    pub async fn take(&self, _caller: &Caller, request: &Request) -> Answer {
        match self.order(request) {
            Ok(order) => self.submit(order).await,
            Err(refusal) => refusal.answer(),
        }
    }

    fn order(&self, request: &Request) -> Result<Order, Refusal> {
        let endpoint = &self.config;
        let source = Source { request, now: self.clock.now(), only: None, has_body: true };
        let filled = |template: &str| {
            render(template, &source).map_err(|_| Refusal::new("the message would be larger than 1 MiB"))
        };
        let message = filled(&endpoint.template)?;
        if js_trim(&message).is_empty() {
            return Err(Refusal::new("the template makes an empty message of this body"));
        }
        let named = endpoint.session_key.as_deref().map(filled).transpose()?;
        let session = named.map(|key| js_trim(&key).to_owned());
        let callback = endpoint.callback_url.as_deref().map(filled).transpose()?;
        let callback = callback.as_deref().map(js_trim).filter(|url| !url.is_empty());
        let callback_url = callback.map(|url| policy::callback(&self.callbacks, url)).transpose()?;
        let once = once::key(request, None).map(|key| {
            let scope = serde_json::json!([endpoint.agent.as_str(), session, message, callback_url]).to_string();
            (once::once("inbound", &endpoint.name, &scope, 0, &key), GIVEN_KEPT_MS)
        });
        Ok(Order {
            agent: endpoint.agent.clone(),
            session: session.unwrap_or_else(|| format!("inbound:{}:{}", endpoint.name, self.inbox.run_id())),
            mode: endpoint.session_mode,
            kind: RunKind::Message,
            trust: if endpoint.allow_unsafe_external_content { Trust::Operator } else { Trust::External },
            origin: format!("inbound/{}", endpoint.name),
            name: endpoint.label.clone().unwrap_or_else(|| endpoint.name.clone()),
            message,
            options: RunOptions {
                model: endpoint.model.clone(),
                thinking: endpoint.thinking.clone(),
                timeout_seconds: endpoint.timeout_seconds,
                wake_mode: None,
                deliver: endpoint.deliver.filter(|deliver| !deliver),
                channel: endpoint.channel.clone().or_else(|| endpoint.deliver?.then(|| LAST.to_owned())),
                to: endpoint.to.clone(),
                account_id: None,
            },
            callback_url,
            once,
        })
    }

    async fn submit(&self, order: Order) -> Answer {
        let accepted = match dispatch::submit(&self.inbox, vec![order]).await {
            Ok(accepted) => accepted,
            Err(unavailable) => return unavailable.answer(),
        };
        let [accepted] = &accepted[..] else { return Unavailable::SILENT.answer() };
        let body = Body::ok()
            .text("runId", accepted.run.as_str())
            .text("status", "ok")
            .text("session", &accepted.session)
            .raw("queued", "true");
        Answer::Json { status: 200, body: body.end(), is_replayed: accepted.is_repeated, wait_for: None }
    }
}
