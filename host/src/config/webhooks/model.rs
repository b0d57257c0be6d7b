//! The `webhooks` root as the rest of the gateway sees it: checked, with every default filled in.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::callbacks::AllowedUrl;
use crate::config::auth::AuthConfig;
use crate::config::{AllowedIps, Component, SecretSpec};
use crate::json::JsonText;
use crate::model::{AgentId, Digest, EndpointName, Millis, SessionMode};

/// Events in, deliveries out.
#[derive(Clone, Debug)]
pub struct Webhooks {
    /// What receivers read as `instanceId`.
    pub instance_id: String,
    /// Where a Gateway hands its events in, if anywhere.
    pub ingest: Option<Ingest>,
    /// Templates that send messages to agents, if they are served.
    pub inbound: Option<Inbound>,
    /// Every endpoint of the file, those that are switched off included, and those of `agents.callbacks`. Their names differ.
    pub endpoints: Vec<Endpoint>,
    /// Certificates (PEM) that are trusted beside the platform's.
    pub extra_ca: Option<PathBuf>,
    /// How long events, and deliveries that have ended, are kept.
    pub retention: Duration,
}

/// The door for events.
#[derive(Clone, Debug)]
pub struct Ingest {
    /// Its path, normalised as those of routes are.
    pub path: String,
    /// Who may knock.
    pub auth: AuthConfig,
    /// From where.
    pub allowed_ips: AllowedIps,
    /// Largest body, in bytes.
    pub body_max_bytes: usize,
    /// Longest time to read one.
    pub body_timeout: Duration,
    /// Requests of one address at the same time.
    pub in_flight: u32,
}

/// Somebody who is told of events.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its name.
    pub name: EndpointName,
    /// Where it is: `http` or `https`, with a host, without user and password.
    pub url: Url,
    /// What deliveries are signed with, the first one first; those that have expired are skipped.
    pub secrets: Vec<SigningSecret>,
    /// The types it wants, where `*` stands for any characters.
    pub events: Vec<String>,
    /// Which events of those types.
    pub filter: Filter,
    /// Headers of every delivery, names in lower case.
    pub headers: Vec<(String, SecretSpec)>,
    /// How often and when it is tried.
    pub retry: Retry,
    /// What becomes of the event's JSON.
    pub transform: Transform,
    /// How long a try may take.
    pub timeouts: Timeouts,
    /// How many tries in a time, if limited.
    pub rate_limit: Option<RateLimit>,
    /// Tries at the same time.
    pub max_in_flight: u32,
    /// Whether some deliveries wait for others.
    pub ordering: Ordering,
    /// How deliveries are signed.
    pub signing: Signing,
    /// Addresses, otherwise out of reach, that this endpoint may be at.
    pub allow_private: Vec<AllowedNet>,
    /// When it is left alone for a while.
    pub breaker: Breaker,
    /// When it is left alone until somebody enables it; `None` is never.
    pub disable_after: Option<DisableAfter>,
    /// Whether it is served.
    pub enabled: bool,
    /// If there are any, it gets the ends of runs that name a URL under one of these, at that URL, and nothing else; what an operator
    /// sends to try it goes to `url`.
    pub callbacks: Vec<AllowedUrl>,
    /// The definition as it stands in the file, secrets left out: canonical JSON. Its digest is the endpoint's version.
    pub definition: JsonText,
}

impl Endpoint {
    /// The digest of the definition.
    pub fn version(&self) -> Digest {
        Digest(Sha256::digest(self.definition.as_str().as_bytes()).into())
    }
}

/// One of the secrets of an endpoint.
#[derive(Clone, Debug)]
pub struct SigningSecret {
    /// Where it comes from.
    pub spec: SecretSpec,
    /// Not used from then on.
    pub expires_at: Option<Millis>,
}

/// All that are not empty must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The agent is one of these.
    pub agent_ids: Vec<String>,
    /// The session is one of these.
    pub session_keys: Vec<String>,
    /// `data.channel` is one of these.
    pub channels: Vec<String>,
    /// A CEL expression that is true. It parses.
    pub expr: Option<String>,
}

/// How often and when an endpoint is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Tries, the first included.
    pub max_attempts: u32,
    /// The time between them.
    pub backoff: Backoff,
}

/// The time between tries, before jitter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// Twice as long each time, up to `max`.
    Exponential {
        /// Before the second try.
        first: Duration,
        /// Never longer.
        max: Duration,
    },
    /// Before the second try, the third, and so on; as many as there are tries less one.
    Schedule(Vec<Duration>),
}

/// What becomes of the event's JSON before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transform {
    /// It is sent as it is.
    None,
    /// A JSON value in whose strings `{{path}}` is filled in.
    Template(JsonText),
    /// A component decides.
    Component {
        /// Which one, and what it is given.
        component: Box<Component>,
        /// What becomes of a delivery whose transform fails.
        on_failure: OnTransformFailure,
    },
}

/// What becomes of a delivery whose transform fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTransformFailure {
    /// It is given up at once.
    Dead,
    /// It waits until another version of the component serves.
    RetryAfterSwap,
}

/// How long a try may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands, name and TLS included.
    pub connect: Duration,
    /// From there until the head of the answer is here.
    pub headers: Duration,
    /// For all of it.
    pub total: Duration,
}

/// So many tries in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Tries.
    pub requests: u32,
    /// The time.
    pub window: Duration,
}

/// Whether deliveries wait for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordering {
    /// No.
    None,
    /// Each waits until the one before it of the same session has ended.
    Session,
}

/// How deliveries are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// Not at all.
    None,
    /// `X-OpenClaw-Signature` and `X-OpenClaw-Timestamp`.
    OpenClaw,
    /// Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    Standard,
    /// The headers of both.
    Both,
    /// `timestamp` and `sign` in the query, as DingTalk's custom robots want them.
    DingTalk,
    /// `timestamp` and `sign` in the JSON body, as Feishu's custom bots want them.
    Feishu,
}

/// Addresses that an endpoint may be at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowedNet {
    /// The addresses.
    pub net: IpNet,
    /// The only port, if one is named.
    pub port: Option<u16>,
}

impl AllowedNet {
    /// Whether this address and port are among them.
    pub(super) fn has(&self, address: IpAddr, port: u16) -> bool {
        self.net.contains(&address) && self.port.is_none_or(|only| only == port)
    }
}

/// When an endpoint is left alone for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// After so many failures in a row.
    pub failures: u32,
    /// For so long the first time, twice as long each time after that.
    pub open: Duration,
    /// Never longer.
    pub open_max: Duration,
}

/// When an endpoint is disabled: both must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisableAfter {
    /// Nothing but failures for so long,
    pub failing: Duration,
    /// and so many of them.
    pub failures: u32,
}

/// Templates that send a message to an agent.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// What all their paths begin with, without a `/` at the end.
    pub base_path: String,
    /// The endpoints. Their names differ, and are what follows the base path.
    pub endpoints: Vec<InboundEndpoint>,
}

/// One template.
#[derive(Clone, Debug)]
pub struct InboundEndpoint {
    /// Its name.
    pub name: String,
    /// Who gets the message.
    pub agent: AgentId,
    /// The message, a template.
    pub template: String,
    /// The session, a template; one of its own for each message if absent.
    pub session_key: Option<String>,
    /// What messages of that session share.
    pub session_mode: SessionMode,
    /// The label; its name if absent.
    pub label: Option<String>,
    /// Who may send. A bearer without a secret is nobody.
    pub auth: AuthConfig,
    /// From where.
    pub allowed_ips: AllowedIps,
    /// Whether the message goes to the agent as if it were the operator's.
    pub allow_unsafe_external_content: bool,
    /// Whether the result is announced.
    pub deliver: Option<bool>,
    /// In which channel.
    pub channel: Option<String>,
    /// To whom there.
    pub to: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// How much thinking.
    pub thinking: Option<String>,
    /// The most time, in seconds.
    pub timeout_seconds: Option<u64>,
    /// Where the end of the run is reported to, a template.
    pub callback_url: Option<String>,
}
