//! A request as it passed the guards of its door.

use bytes::Bytes;

use crate::auth::Caller;
use crate::json::JsonText;

/// Who sends it. Made by the door, which knows.
#[derive(Debug)]
pub enum Sender {
    /// Somebody who presented what the door asks for.
    Known(Caller),
    /// Anybody: the operator wrote that the door asks nothing.
    Anybody,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// What stands behind the path of the door, without a `/` in front.
    pub path: String,
    /// Path and query as they came.
    pub url: String,
    /// Names and values of the query, decoded.
    pub query: Vec<(String, String)>,
    /// Names in lower case, each once, without credentials.
    pub headers: Vec<(String, String)>,
    /// The body: an object or an array.
    pub payload: JsonText,
    /// The body's bytes.
    pub raw_body: Bytes,
}

impl Request {
    /// A header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A member of the query; of several the last, as OpenClaw has it.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
