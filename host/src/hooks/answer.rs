//! What a request is answered, but for the words of HTTP.

use std::time::Duration;

use crate::json::quote;
use crate::model::{Run, RunId, RunState};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is nothing of this name.
    NotFound,
    /// It is right, and there was nothing to do.
    Nothing,
    /// JSON.
    Json {
        /// The status.
        status: u16,
        /// The body, an object.
        body: String,
        /// Whether the same request was here before.
        is_replayed: bool,
        /// The run whose end is to be waited for before it is sent, and how long at most.
        wait_for: Option<(RunId, Duration)>,
    },
}

impl Answer {
    pub(super) fn of(body: Body) -> Self {
        Self::Json { status: 200, body: body.end(), is_replayed: false, wait_for: None }
    }

    /// The store takes nothing now.
    pub(super) fn unavailable(body: Body) -> Self {
        Self::Json { status: 503, body: body.end(), is_replayed: false, wait_for: None }
    }
}

/// Why a request is not carried out, in words for its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: u16,
    pub message: String,
}

impl Refusal {
    /// The request is wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into() }
    }

    /// What it names is not there.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self { status: 404, message: message.into() }
    }

    pub fn answer(self) -> Answer {
        let body = Body::failed(&self.message).end();
        Answer::Json { status: self.status, body, is_replayed: false, wait_for: None }
    }
}

/// A JSON object that is written member by member, in the order of the real one.
pub(super) struct Body(String);

impl Body {
    pub fn ok() -> Self {
        Self("{\"ok\":true".to_owned())
    }

    pub fn failed(error: &str) -> Self {
        Self("{\"ok\":false".to_owned()).text("error", error)
    }

    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        let mut quoted = String::new();
        quote(value, &mut quoted);
        self.raw(name, &quoted)
    }

    /// A member whose value is JSON already.
    #[must_use]
    pub fn raw(mut self, name: &str, json: &str) -> Self {
        self.0.push_str(",\"");
        self.0.push_str(name);
        self.0.push_str("\":");
        self.0.push_str(json);
        self
    }

    #[must_use]
    pub fn texts<'t>(self, name: &str, values: impl Iterator<Item = &'t str>) -> Self {
        let mut list = String::from("[");
        for value in values {
            if list.len() > 1 {
                list.push(',');
            }
            quote(value, &mut list);
        }
        list.push(']');
        self.raw(name, &list)
    }

    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// `body`, an [`Answer`]'s, with how the run ended. What the agent said is told only to whom the operator lets know.
pub fn completion(body: &str, run: &Run, include_reply: bool) -> String {
    let (status, disposition) = match (run.state, run.reply.as_deref().is_some_and(|reply| !reply.is_empty())) {
        (RunState::Succeeded, true) => ("ok", "visible"),
        (RunState::Succeeded, false) => ("ok", "empty"),
        (RunState::Cancelled, _) => ("skipped", "empty"),
        (_, true) => ("error", "visible"),
        (_, false) => ("error", "empty"),
    };
    let mut told = format!("{{\"status\":\"{status}\",\"replyDisposition\":\"{disposition}\"");
    if include_reply && let Some(reply) = &run.reply {
        told.push_str(",\"reply\":");
        quote(reply, &mut told);
    }
    told.push('}');
    let open = body.strip_suffix('}').unwrap_or(body);
    format!("{open},\"completion\":{told}}}")
}
