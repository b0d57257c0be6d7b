//! `X-OpenClaw-Signature: sha256=<hex>` over `timestamp.body`. The key is the secret as it is written, `whsec_` included.

use std::fmt::Write as _;

use hmac::Mac;
use hyper::HeaderMap;
use secrecy::SecretString;

use super::keys::{any_shared, hmac, shared};
use super::verify::{Claim, Problem, header, stamp};
use super::{SignError, put, seconds};
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
    let mut signature = "sha256=".to_owned();
    for byte in mac {
        let _ = write!(signature, "{byte:02x}");
    }
    put(headers, TIMESTAMP, &timestamp)?;
    put(headers, SIGNATURE, &signature)
}

/// What the headers claim, if they claim anything.
pub(super) fn claim(secrets: &[SecretString], headers: &HeaderMap, body: &[u8]) -> Option<Claim> {
    (headers.contains_key(TIMESTAMP) || headers.contains_key(SIGNATURE)).then(|| {
        let timestamp = header(headers, TIMESTAMP)?;
        let signed_at = stamp(timestamp, 1000)?;
        let signature = header(headers, SIGNATURE)?.strip_prefix("sha256=").and_then(unhex);
        let signature =
            signature.ok_or(Problem::Malformed("x-openclaw-signature is not `sha256=` and 64 hex digits"))?;
        let is_good = any_shared(secrets, |secret| {
            hmac(secret, &[timestamp.as_bytes(), b".", body]).verify_slice(&signature).is_ok()
        });
        Ok((signed_at, is_good.ok_or(Problem::NoKey)?))
    })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}
