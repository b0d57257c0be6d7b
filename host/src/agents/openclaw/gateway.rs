//! Where a Gateway is and what opens its doors: one request at a time, out through the egress.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::auth::secret::KeptSecret;
use crate::config::agents::OpenClawRunner;
use crate::config::webhooks::Timeouts;
use crate::model::AttemptOutcome;
use crate::outbound::egress::{Answer, Egress, EndpointClient};
use crate::outbound::egress::{Fault, Sent};

/// A Gateway that does not pick up within this time is asked again later; it is mostly on the same machine.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// What is read of the answer of a tool. A Gateway takes 2 MiB of arguments; what comes back is rarely a tenth of that.
pub(super) const ANSWER_MAX_BYTES: usize = 2 << 20;

/// A hook of the Gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hook {
    /// Runs the agent with a message.
    Agent,
    /// Wakes it.
    Wake,
}

/// The doors of an OpenClaw Gateway: its hooks, and its tools.
pub struct Gateway {
    config: OpenClawRunner,
    egress: Egress,
    token: Arc<KeptSecret>,
    gateway_token: Option<Arc<KeptSecret>>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The config holds tokens.
        f.debug_struct("Gateway").field("host", &self.config.url.host_str()).finish_non_exhaustive()
    }
}

impl Gateway {
    /// The Gateway of the agent whose section stands at `place` of the config.
    pub fn new(config: OpenClawRunner, place: &str, egress: Egress) -> Self {
        let kept = |key: &str, spec| Arc::new(KeptSecret::new(format!("{place}.{key}"), spec));
        let token = kept("token", config.token.clone());
        let gateway_token = config.gateway_token.clone().map(|spec| kept("gatewayToken", spec));
        Self { config, egress, token, gateway_token }
    }

    /// Its tokens, for whoever looks them up and keeps them fresh. Until they were looked up once, nothing is sent.
    pub fn secrets(&self) -> impl Iterator<Item = Arc<KeptSecret>> {
        [Some(self.token.clone()), self.gateway_token.clone()].into_iter().flatten()
    }

    pub(super) fn agent_id(&self) -> Option<&str> {
        self.config.agent_id.as_deref()
    }

    pub(super) fn waits(&self) -> bool {
        self.config.waits
    }

    /// Asks a hook, and waits for the head of its answer as long as `within`.
    pub(super) async fn hook(&self, hook: Hook, body: String, within: Duration) -> Sent {
        let word = match hook {
            Hook::Agent => "agent",
            Hook::Wake => "wake",
        };
        let url = self.at(&format!("{}/{word}", self.config.hooks_path));
        self.post(&self.client(within), &url, Some(&self.token), body).await
    }

    /// Calls a tool.
    pub(super) async fn invoke(&self, body: String, within: Duration) -> Sent {
        let client = self.client(within).keeping(ANSWER_MAX_BYTES);
        self.post(&client, &self.at("/tools/invoke"), self.gateway_token.as_ref(), body).await
    }

    async fn post(&self, client: &EndpointClient, url: &Url, token: Option<&Arc<KeptSecret>>, body: String) -> Sent {
        match token.and_then(|token| token.value()) {
            Some(token) => client.post_json(url, Some(&token), body).await,
            None => {
                let detail = "the Gateway's token has no value; the log says where it was looked for".to_owned();
                Sent {
                    result: Err(Fault { outcome: AttemptOutcome::Host, detail }),
                    timing: Default::default(),
                    address: None,
                }
            }
        }
    }

    /// A connection of its own each time: what waits minutes for an agent leaves nothing that is worth keeping.
    fn client(&self, within: Duration) -> EndpointClient {
        let timeouts = Timeouts { connect: CONNECT_MAX.min(within), headers: within, total: within };
        self.egress.client(self.config.allow_private.clone(), timeouts, 0)
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.config.url.clone();
        let path = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }
}

/// What an answer says went wrong, cut to what a line can hold: the text of the Gateway's `error`, or else what there is of a text.
pub(super) fn complaint(answer: &Answer) -> String {
    /// An `error` of the Gateway is a sentence.
    const SHOWN_MAX_CHARS: usize = 300;
    let text = String::from_utf8_lossy(&answer.body);
    let parsed: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let error = parsed.as_ref().and_then(|value| value.get("error"));
    let told = error.and_then(|error| error.as_str().or_else(|| error.get("message")?.as_str()));
    let said = told.unwrap_or(&text);
    let line: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN_MAX_CHARS).collect();
    line.trim().to_owned()
}
