//! `Idempotency-Key`, as the IETF draft has it: a key of the sender's, under which the same request counts once.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response};

use crate::json::JsonText;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What a key must look like.
pub(super) const RULE: &str = "Idempotency-Key: must be 1 to 255 visible ASCII characters";
/// The code of the answer to another request under the same key: 409.
pub(super) const CONFLICT: &str = "idempotency_conflict";
/// Its sentence.
pub(super) const OTHER_REQUEST: &str =
    "this idempotency key was used for another request; send the same body again, or take a new key";

/// The one key, if there is one. What it must look like is for others to say.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<&str>, &'static str> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        // What is not visible ASCII becomes the empty key, which is as wrong.
        (Some(key), None) => Ok(Some(key.to_str().unwrap_or_default())),
        (Some(_), Some(_)) => Err("Idempotency-Key: sent more than once; send one"),
    }
}

/// Says that the answer is the one that an earlier request got.
pub(super) fn mark_repeat(response: &mut Response<Body>) {
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
}

/// What a request asks for: its body, and its query if it has one, which components and workflows read too.
pub(super) fn request<'r>(body: &'r JsonText, query: &str) -> Cow<'r, str> {
    match query {
        "" => Cow::Borrowed(body.as_str()),
        // Canonical JSON has no line break in it, so what stands behind one is no body.
        query => Cow::Owned([body.as_str(), "\n", query].concat()),
    }
}
