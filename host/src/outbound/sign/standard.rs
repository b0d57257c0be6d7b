//! Standard Webhooks 1.0: `webhook-signature` has one entry for each key over `id.timestamp.body`, so that keys can be changed without a
//! moment in which a receiver knows none of them.

use hyper::HeaderMap;
use secrecy::SecretString;

use super::keys::Key;
use super::verify::{Claim, Problem, header, stamp};
use super::{SignError, put, seconds};
use crate::model::Millis;

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

pub(super) fn sign(
    secrets: &[SecretString],
    id: &str,
    at: Millis,
    headers: &mut HeaderMap,
    body: &[u8],
) -> Result<(), SignError> {
    // With a dot in it, another id and another time would make the same text.
    if id.is_empty() || id.contains('.') {
        return Err(SignError::BadId);
    }
    let timestamp = seconds(at).to_string();
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    let signatures: Result<Vec<_>, _> =
        secrets.iter().map(|secret| Key::signing(secret)?.sign(&parts).ok_or(SignError::PublicKey)).collect();
    put(headers, ID, id)?;
    put(headers, TIMESTAMP, &timestamp)?;
    put(headers, SIGNATURE, &signatures?.join(" "))
}

/// What the headers claim, if they claim anything.
pub(super) fn claim(secrets: &[SecretString], headers: &HeaderMap, body: &[u8]) -> Option<Claim> {
    [ID, TIMESTAMP, SIGNATURE].iter().any(|name| headers.contains_key(*name)).then(|| {
        let id = header(headers, ID)?;
        let timestamp = header(headers, TIMESTAMP)?;
        let signed_at = stamp(timestamp, 1000)?;
        let signatures = header(headers, SIGNATURE)?;
        if !signatures.split_whitespace().any(|entry| entry.starts_with("v1,") || entry.starts_with("v1a,")) {
            return Err(Problem::Malformed("webhook-signature has no entry that starts with `v1,` or `v1a,`"));
        }
        let keys: Vec<_> = secrets.iter().filter_map(|secret| Key::of(secret).ok()).collect();
        if keys.is_empty() {
            return Err(Problem::NoKey);
        }
        let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        let is_good = signatures.split_whitespace().any(|entry| keys.iter().any(|key| key.is_good(entry, &parts)));
        Ok((signed_at, is_good))
    })
}
