//! A request as it passed the guards of its door.

use bytes::Bytes;

use crate::json::JsonText;

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
    /// The sender's own name for this delivery, if it signs and has one: the same again is the same delivery, whatever it brings.
    pub delivery: Option<String>,
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
