//! `X-OpenClaw-Signature: sha256=<hex>` over `timestamp.body`. The key is the secret as it is written, `whsec_` included.

use hmac::Mac;
use hyper::HeaderMap;
use secrecy::SecretString;

use super::keys::{any_shared, hmac, shared};
use super::verify::{Claim, Problem, header, stamp};
use super::{SignError, put, seconds};
use crate::auth::mac::{hex, unhex};
use crate::model::Millis;

const TIMESTAMP: &str = "x-openclaw-timestamp";
const SIGNATURE: &str = "x-openclaw-signature";

pub(super) fn sign(
    secrets: &[SecretString],
    at: Millis,
    headers: &mut HeaderMap,
    body: &[u8],
) -> Result<(), SignError> {
    let timestamp = seconds(at).to_string();
    let mac = hmac(shared(secrets)?, &[timestamp.as_bytes(), b".", body]).finalize().into_bytes();
    let signature = format!("sha256={}", hex(&mac));
    put(headers, TIMESTAMP, &timestamp)?;
    put(headers, SIGNATURE, &signature)
}

/// What the headers claim, if they claim anything.
pub(super) fn claim(secrets: &[SecretString], headers: &HeaderMap, body: &[u8]) -> Option<Claim> {
    (headers.contains_key(TIMESTAMP) || headers.contains_key(SIGNATURE)).then(|| {
        let timestamp = header(headers, TIMESTAMP)?;
        let signed_at = stamp(timestamp, 1000)?;
        let signature = header(headers, SIGNATURE)?.strip_prefix("sha256=").and_then(unhex).filter(|it| it.len() == 32);
        let signature =
            signature.ok_or(Problem::Malformed("x-openclaw-signature is not `sha256=` and 64 hex digits"))?;
        let is_good = any_shared(secrets, |secret| {
            hmac(secret, &[timestamp.as_bytes(), b".", body]).verify_slice(&signature).is_ok()
        });
        Ok((signed_at, is_good.ok_or(Problem::NoKey)?))
    })
}
