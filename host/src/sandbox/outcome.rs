//! How a run can end. Every ending has a name of its own, says whose doing it is, and never carries secrets or bodies.

use std::fmt;

use wasmtime::Trap;

use crate::json::JsonText;

/// What a route action answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status, one of [`REPLY_STATUSES`].
    pub status: u16,
    /// The stable code, for programs.
    pub code: Option<String>,
    /// The sentence for people; only used from status 400 on.
    pub error: Option<String>,
    /// Any JSON value.
    pub result: JsonText,
}

/// The statuses a guest may answer with. 401, 407, redirects and the like would let it speak for the guards, which have already had their say.
pub const REPLY_STATUSES: [u16; 11] = [200, 201, 202, 400, 403, 404, 409, 410, 422, 429, 503];

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The guest answered.
    Replied(Reply),
    /// The guest says that the request is none it can act on; the sentence is for the caller.
    InvalidRequest(String),
    /// The run was ended, or ended itself, without an answer.
    Failed(Failure),
}

/// A run without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened.
    pub kind: FailureKind,
    /// More for the log. Text from a guest is cut and escaped; it is never sent to a caller.
    pub detail: String,
}

/// The endings without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// Wall-clock time ran out, waiting in host calls included.
    Deadline,
    /// CPU time ran out.
    Cpu,
    /// All memories together grew past the limit.
    Memory,
    /// It gave the host more than the output or log limit, or something that is not what its type says.
    Output,
    /// Too many calls to the host.
    HostCalls,
    /// It trapped: unreachable code, a bad access, its stack used up.
    Trap,
    /// It returned an error of its own, or an answer that no guest may give.
    GuestError,
    /// The host could not run it. Never counted against the plugin.
    Host,
}

/// Whose doing a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The component's.
    Guest,
    /// Ours.
    Host,
}

impl Blame {
    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Host => "host",
        }
    }
}

impl FailureKind {
    /// The name in answers, logs and statistics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Output => "output",
            Self::HostCalls => "host-calls",
            Self::Trap => "trap",
            Self::GuestError => "guest-error",
            Self::Host => "host",
        }
    }

    /// Whose doing it is.
    pub fn blame(self) -> Blame {
        match self {
            Self::Host => Blame::Host,
            _ => Blame::Guest,
        }
    }

    /// What a caller is told.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Deadline => "The route's handler did not finish in time.",
            Self::Cpu => "The route's handler used up its CPU time.",
            Self::Memory => "The route's handler used up its memory.",
            Self::Output => "The route's handler gave more output than it may.",
            Self::HostCalls => "The route's handler made more host calls than it may.",
            Self::Trap => "The route's handler crashed.",
            Self::GuestError => "The route's handler failed.",
            Self::Host => "The handler could not be run.",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.as_str(), self.detail)
    }
}

/// A limit that was hit inside a host function, the memory limiter or the epoch callback. Raised as an error there, it ends the run and comes
/// out of the call, where [`failure`] recognises it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the run's {} limit was reached", .0.as_str())]
pub(super) struct LimitHit(pub FailureKind);

/// What an error that came out of a guest call means.
pub(super) fn failure(error: &wasmtime::Error) -> Failure {
    let kind = if let Some(LimitHit(kind)) = error.downcast_ref::<LimitHit>() {
        *kind
    } else if error.is::<wasmtime_wasi::I32Exit>() || error.is::<Trap>() {
        FailureKind::Trap
    } else {
        // What is left comes from reading the guest's values: text that is too long, not UTF-8, or not inside its memory.
        FailureKind::Output
    };
    Failure { kind, detail: printable(&format!("{error:#}")) }
}

/// Longest text of a guest that goes into a log line or a status.
const DETAIL_MAX_CHARS: usize = 400;

/// Text that may come from a guest, made safe for one line of a log: control characters escaped, cut at [`DETAIL_MAX_CHARS`].
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(DETAIL_MAX_CHARS));
    for c in text.chars().take(DETAIL_MAX_CHARS) {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
