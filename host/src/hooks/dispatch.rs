//! From what is asked for to runs that are durable: one transaction, then the answer.

use super::answer::Body;
use crate::agents::Inbox;
use crate::model::{AgentId, NewRun, RunKind, RunOptions, SessionKey, SessionMode, Trust};
use crate::store::{Accepted, Once, Submission};

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

/// The store takes nothing now. Why is in the log.
pub(super) struct Unavailable;

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
            name: order.name,
            message: order.message,
            options: order.options,
            task: None,
            callback_url: order.callback_url,
        },
        once: order.once,
    };
    inbox.submit_batch(orders.into_iter().map(submission).collect()).await.map_err(|error| {
        tracing::error!(%error, "a message for an agent was answered 503: {error}");
        Unavailable
    })
}

/// What a sender is told when nothing can be stored.
pub(super) fn unavailable() -> Body {
    Body::failed("hook agent run could not be stored; retry request")
}

/// The options that say nothing of a wake-up that is not deferred: that is how it is anyway.
pub(super) fn wake_mode(is_deferred: bool) -> Option<String> {
    is_deferred.then(|| "next-heartbeat".to_owned())
}
