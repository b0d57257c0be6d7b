//! Asking twice is asking once: the key that a sender gives its request, together with all that it asks for. The same key with another
//! message is another request, as in OpenClaw; other than there, keys outlive a restart.

use sha2::{Digest as _, Sha256};

use super::fields::Fields;
use super::request::Request;
use crate::model::{Digest, js_trim};
use crate::store::Once;

/// OpenClaw's number, in characters as JavaScript counts them. A longer key counts for nothing.
const KEY_MAX: usize = 256;

/// How long a key that the sender gave is good: as long as the store keeps any.
pub(super) const GIVEN_KEPT_MS: i64 = i64::MAX;
/// How long the items of a batch are recognised that came without a key: the longest run that nobody set a time for, and the five minutes that
/// OpenClaw remembers it afterwards. A sender that tries again does so sooner, and the same alert of tomorrow is another.
pub(super) const DERIVED_KEPT_MS: i64 = 15 * 60 * 1_000;

/// What makes a request one.
#[derive(Clone, Debug)]
pub(super) struct Key {
    text: String,
    /// Whether it is the sender's name for a delivery, and so stands for whatever that brings.
    is_delivery: bool,
}

impl Key {
    /// A key that stands for what is asked for.
    pub fn of_request(text: String) -> Self {
        Self { text, is_delivery: false }
    }

    /// Whether it is the name of a delivery: then all that came with it is done once, wake-ups too.
    pub fn is_delivery(&self) -> bool {
        self.is_delivery
    }
}

/// The key of a request: the name of its delivery, or what came with it in its header, in OpenClaw's header, in the body.
pub(super) fn key(request: &Request, fields: Option<&Fields<'_>>) -> Option<Key> {
    if let Some(delivery) = &request.delivery {
        return Some(Key { text: delivery.clone(), is_delivery: true });
    }
    let good = |key: &str| {
        let key = js_trim(key);
        (!key.is_empty() && key.encode_utf16().count() <= KEY_MAX).then(|| Key::of_request(key.to_owned()))
    };
    let header = |name| request.header(name).and_then(good);
    header("idempotency-key").or_else(|| header("x-openclaw-idempotency-key")).or_else(|| {
        let given = fields?.string("idempotencyKey")?;
        good(&given)
    })
}

/// Under which name the store keeps what the request asks for in its `nth` place, from 0. `scope` is all of it, so that a key means this request
/// and no other.
pub(super) fn once(door: &str, path: &str, scope: &str, nth: usize, key: &Key) -> Once {
    let place = format!("delivery {nth}");
    // A delivery is one at a mapping, however the slashes around its name were written: they are not signed. A sender's key is of the path as it
    // came, as in OpenClaw.
    let (path, scope) = if key.is_delivery { (path.trim_matches('/'), &*place) } else { (path, scope) };
    let mut hash = Sha256::new();
    for part in [door, path, scope, &key.text] {
        // Lengths first: no two lists of parts read alike.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = Digest(hash.finalize().into());
    Once { key: format!("hook:{digest}"), request: digest }
}
