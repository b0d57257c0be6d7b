//! What happened to a flow or a task, in the words that receivers of events see.

use super::words::words;

words! {
    /// The type of an event.
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
    }
}
