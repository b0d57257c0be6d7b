//! Events: what happened, in the words that receivers see.

use super::words::words;
use super::{EventId, Millis, SessionKey};

words! {
    /// The type of an event that this gateway raises itself.
    EventKind {
        /// A flow was created.
        FlowCreated = "flow.created",
        /// A flow changed in another way than the ones below.
        FlowUpdated = "flow.updated",
        /// A flow waits or is blocked.
        FlowWaiting = "flow.waiting",
        /// A flow goes on.
        FlowResumed = "flow.resumed",
        /// A flow succeeded.
        FlowFinished = "flow.finished",
        /// A flow failed.
        FlowFailed = "flow.failed",
        /// A flow was cancelled.
        FlowCancelled = "flow.cancelled",
        /// A task was recorded.
        TaskCreated = "task.created",
        /// A task changed.
        TaskUpdated = "task.updated",
        /// An agent got a message.
        MessageReceived = "message.received",
        /// An agent answered.
        MessageSent = "message.sent",
        /// A session of an agent began.
        SessionCreated = "session.created",
        /// A session of an agent ended.
        SessionEnded = "session.ended",
        /// An agent called a tool.
        ToolCalled = "tool.called",
        /// A tool that an agent called has ended.
        ToolCompleted = "tool.completed",
        /// A run of an agent failed.
        ErrorOccurred = "error.occurred",
        /// A workflow has something to say in a channel.
        ChannelMessage = "channel.message",
        /// A run of an agent has ended, however it did.
        RunFinished = "run.finished",
        /// A component was refused; the last good one, if any, goes on serving.
        PluginRefused = "plugin.refused",
        /// A component crashed too often and rests.
        PluginPoisoned = "plugin.poisoned",
        /// A component took the place of another.
        PluginSwapped = "plugin.swapped",
        /// An endpoint gets nothing more until somebody enables it.
        EndpointDisabled = "endpoint.disabled",
        /// A delivery was given up.
        DeliveryDead = "delivery.dead",
    }
}

/// An event that is to be stored. Its `data` is a canonical JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// Its type: an [`EventKind`], or what a Gateway handed in.
    pub kind: String,
    /// When it happened, in the words of whoever handed it in; `None` is when it was stored.
    pub timestamp: Option<String>,
    /// On which instance it happened, in the words of whoever handed it in; `None` is this one.
    pub instance: Option<String>,
    /// The session it is about, if it is known.
    pub session: Option<SessionKey>,
    /// What is told about it.
    pub data: String,
}

impl NewEvent {
    /// One of this gateway's own, happening now, about no session.
    pub fn new(id: EventId, kind: &str, data: String) -> Self {
        Self { id, kind: kind.to_owned(), timestamp: None, instance: None, session: None, data }
    }
}

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in the order in which events were committed.
    pub seq: i64,
    /// Its id.
    pub id: EventId,
    /// Its type.
    pub kind: String,
    /// When it happened, in the words of whoever handed it in; `None` is `created_at`.
    pub timestamp: Option<String>,
    /// On which instance it happened, in the words of whoever handed it in; `None` is this one.
    pub instance: Option<String>,
    /// The session it is about, if it is known. Receivers are not told.
    pub session: Option<SessionKey>,
    /// What is told about it: canonical JSON.
    pub data: String,
    /// When it was stored.
    pub created_at: Millis,
    /// The URL that is told of it beside the endpoints that want it. No endpoint but that URL's own sees it.
    pub callback_url: Option<String>,
}
