//! Why a call was understood and not done. Everything in a refusal may be shown to the caller.

use crate::model::{Flow, FlowStatus};
use crate::store::StoreError;

/// A call that was refused; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For programs.
    pub code: RefusalCode,
    /// One sentence for people.
    pub message: String,
    /// A JSON object with what is known of the flow.
    pub data: String,
}

/// The reasons there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCode {
    /// The session has no such flow.
    NotFound,
    /// The flow mirrors a task; callers may not move it.
    NotManaged,
    /// The flow changed since the caller looked.
    RevisionConflict,
    /// The flow has ended.
    Terminal,
    /// The flow is being cancelled.
    CancelRequested,
    /// The request's idempotency key belongs to another request.
    IdempotencyConflict,
    /// What was passed is no legal value.
    InvalidArgument,
    /// The store could not do it; the same call may work later.
    PersistFailed,
}

impl RefusalCode {
    /// The word that callers see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::NotManaged => "not_managed",
            Self::RevisionConflict => "revision_conflict",
            Self::Terminal => "terminal",
            Self::CancelRequested => "cancel_requested",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::InvalidArgument => "invalid_argument",
            Self::PersistFailed => "persist_failed",
        }
    }
}

/// Why the rules forbid a move, whatever the call was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forbidden {
    NotManaged,
    TakesNoTasks,
    RevisionConflict,
    Terminal(FlowStatus),
    CancelRequested,
}

impl Forbidden {
    pub fn code(self) -> RefusalCode {
        match self {
            Self::NotManaged | Self::TakesNoTasks => RefusalCode::NotManaged,
            Self::RevisionConflict => RefusalCode::RevisionConflict,
            Self::Terminal(_) => RefusalCode::Terminal,
            Self::CancelRequested => RefusalCode::CancelRequested,
        }
    }

    pub fn message(self) -> String {
        match self {
            Self::NotManaged => "TaskFlow is not managed by this webhook surface.".into(),
            Self::TakesNoTasks => "Flow does not accept managed child tasks.".into(),
            Self::RevisionConflict => "TaskFlow changed since the caller's expected revision.".into(),
            Self::Terminal(status) => format!("Flow is already {status}."),
            Self::CancelRequested => "Flow cancellation has already been requested.".into(),
        }
    }

    /// With the flow as it is under this name: `current` for changes, `flow` for tasks.
    pub fn refuse(self, name: &str, flow: &Flow) -> Refusal {
        let mut data = format!("{{\"{name}\":");
        flow.write_view(&mut data);
        data.push('}');
        Refusal { code: self.code(), message: self.message(), data }
    }
}

impl Refusal {
    pub(super) fn not_found() -> Self {
        Self::bare(RefusalCode::NotFound, "TaskFlow not found.")
    }

    /// `member` is what the guest passed, `wrong` what is wrong with it and what would be right.
    pub(super) fn invalid(member: &str, wrong: &str) -> Self {
        Self::bare(RefusalCode::InvalidArgument, &format!("{member}: {wrong}"))
    }

    /// Two requests came at the same time with one key, and the other one was first.
    pub(super) fn other_request() -> Self {
        Self::bare(
            RefusalCode::IdempotencyConflict,
            "this idempotency key was used for another request; take a new one",
        )
    }

    /// Logs the store's error, which is for the operator alone.
    pub(super) fn persist_failed(error: &StoreError) -> Self {
        tracing::error!(%error, "TaskFlow persistence failed");
        Self::bare(RefusalCode::PersistFailed, "TaskFlow persistence failed.")
    }

    fn bare(code: RefusalCode, message: &str) -> Self {
        Self { code, message: message.into(), data: "{}".into() }
    }
}
