//! Everything that can go wrong in a plugin, by whose it is: the caller's, TaskFlow's, our own.

use alloc::string::String;
use core::fmt;

use crate::Json;

/// Why an action has no reply of its own. `?` makes it from a [`Refusal`] and from a [`Failure`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The caller sent something wrong: answered 400, code `invalid_request`, with this sentence.
    Invalid(String),
    /// TaskFlow understood and refused: answered as [`Reply::refused`](crate::Reply::refused) says (404, 409, 503).
    Refused(Refusal),
    /// The plugin itself failed: answered 500.
    Failed(Failure),
}

/// A failure of the plugin itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For programs: lower-case words joined by `_`.
    pub code: String,
    /// For people, and shown to callers: no secrets in it.
    pub message: String,
}

/// A call on TaskFlow that was understood and refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `not_found`, `not_managed`, `revision_conflict`, `terminal`, `cancel_requested`: the state of the flow forbids it.
    /// `invalid_argument`: what was passed is no legal value. `persist_failed`: the same call may work later. New codes may
    /// appear: treat one you do not know as a failure.
    pub code: String,
    /// One sentence, safe to show to a caller.
    pub message: String,
    /// A JSON object: `{"current": FLOW}` for a conflict, `{"flow": FLOW, …}` for a refused cancel or task, else `{}`.
    pub data: Json,
}

impl Error {
    /// The caller's mistake, told in one sentence.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// The plugin's own failure.
    pub fn failed(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Failed(Failure::new(code, message))
    }
}

impl Failure {
    /// A code for programs and a sentence for people.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(message) => f.write_str(message),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl core::error::Error for Error {}
impl core::error::Error for Failure {}
impl core::error::Error for Refusal {}
