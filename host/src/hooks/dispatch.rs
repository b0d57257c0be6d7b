//! From what is asked for to runs that are durable: one transaction, then the answer.

use super::agent::NAME_DEFAULT;
use super::answer::{Answer, Body};
use crate::agents::Inbox;
use crate::model::{AgentId, NewRun, RunKind, RunOptions, SessionKey, SessionMode, Trust};
use crate::store::{Accepted, Once, StoreError, Submission};

/// A run that is to be accepted.
pub(super) struct Order {
    pub agent: AgentId,
    pub session: String,
    pub mode: SessionMode,
    pub kind: RunKind,
    pub trust: Trust,
    pub origin: String,
    pub name: String,
    pub message: String,
    pub options: RunOptions,
    /// Where its end is reported to. It is allowed.
    pub callback_url: Option<String>,
    /// The key that makes it one, and for how long.
    pub once: Option<(Once, i64)>,
}

/// The store takes nothing now. What the sender is told of it; the log has more.
pub(super) struct Unavailable(pub &'static str);

const NOT_STORED: &str = "hook agent run could not be stored; retry request";
const CROWDED: &str = "too many runs wait for the agent; retry request";

/// Accepts all of them, or none.
pub(super) async fn submit(inbox: &Inbox, orders: Vec<Order>) -> Result<Vec<Accepted>, Unavailable> {
    let submission = |order: Order| Submission {
        run: NewRun {
            id: inbox.run_id(),
            agent: order.agent,
            session: SessionKey::new(order.session),
            mode: order.mode,
            kind: order.kind,
            trust: order.trust,
            origin: order.origin,
            name: label(&order.name),
            message: order.message,
            options: order.options,
            task: None,
            callback_url: order.callback_url,
        },
        once: order.once,
    };
    inbox.submit_batch(orders.into_iter().map(submission).collect()).await.map_err(|error| {
        tracing::error!(%error, "a message for an agent was answered 503: {error}");
        Unavailable(if matches!(error, StoreError::Crowded(_)) { CROWDED } else { NOT_STORED })
    })
}

/// A label on one line, of OpenClaw's length: it stands outside of what is marked as a stranger's, in lists, logs and what the agent's owner reads.
fn label(name: &str) -> String {
    const LABEL_MAX_CHARS: usize = 500;
    let words = name.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty());
    let label: String = words.collect::<Vec<_>>().join(" ").chars().take(LABEL_MAX_CHARS).collect();
    if label.is_empty() { NAME_DEFAULT.to_owned() } else { label }
}

impl Unavailable {
    /// A store that says nothing of a run that it was given.
    pub const SILENT: Self = Self(NOT_STORED);

    pub fn answer(&self) -> Answer {
        Answer::unavailable(Body::failed(self.0))
    }
}

/// The options that say nothing of a wake-up that is not deferred: that is how it is anyway.
pub(super) fn wake_mode(is_deferred: bool) -> Option<String> {
    is_deferred.then(|| "next-heartbeat".to_owned())
}
