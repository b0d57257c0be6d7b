//! Signatures: what makes a delivery believable to its receiver. Made over the very bytes that are sent, valid UTF-8 or not; checked
//! here too, for whoever wonders why a receiver does not believe. Secrets come in as [`SecretString`] and leave as signatures only.

mod dingtalk;
mod feishu;
mod keys;
mod openclaw;
mod standard;
#[cfg(test)]
mod tests;
mod verify;

use hyper::HeaderMap;
use hyper::header::HeaderValue;
use secrecy::SecretString;
use url::Url;

use crate::config::webhooks::Signing;
use crate::model::Millis;

pub use verify::{Finding, Received, TOLERANCE, Verdict, verify};

/// Why a delivery cannot be signed. None of the texts holds anything of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// There is nothing to sign with.
    #[error("there is no secret to sign with; give the endpoint one, or set its signing to \"none\"")]
    NoSecret,
    /// An empty key signs what anybody can sign.
    #[error("a secret is empty")]
    EmptySecret,
    /// Standard Webhooks takes keys, not passwords.
    #[error(
        "Standard Webhooks signs with a key, written as base64 after `whsec_`, and a secret is something else; set the endpoint's \
         signing to \"openclaw\", or make a key with `openssl rand -base64 32`"
    )]
    NotBase64,
    /// A private key that is none.
    #[error(
        "a `whsk_` secret is no Ed25519 private key: base64 of its 32 bytes, or of these and the public key's 32 that belong to it"
    )]
    BadPrivateKey,
    /// A public key checks, it does not sign.
    #[error(
        "a `whpk_` secret is a public key, which can only check signatures; sign with the `whsk_` key that it belongs to"
    )]
    PublicKey,
    /// This scheme wants a secret that both sides know.
    #[error(
        "this signing needs a secret that the receiver knows too; a `whsk_` key must stay here. Set signing to \"standard\""
    )]
    NoSharedSecret,
    /// The id would make what is signed ambiguous.
    #[error("the id of a delivery is empty, has a dot in it or cannot be put in a header")]
    BadId,
    /// Feishu's signature is a member of the body.
    #[error(
        "Feishu's signature goes into the body, which must be a JSON object and is none; give the endpoint a transform that makes one"
    )]
    BodyNoObject,
}

/// Signs the delivery `id` at `at`, with the first secret that fits or, where the scheme has room, with all. Adds to `headers`, to the
/// query of `url` or to `body` what the scheme adds there; each try is signed anew, from the unsigned parts.
pub fn sign(
    scheme: Signing,
    secrets: &[SecretString],
    id: &str,
    at: Millis,
    url: &mut Url,
    headers: &mut HeaderMap,
    body: &mut Vec<u8>,
) -> Result<(), SignError> {
    check(scheme, secrets)?;
    match scheme {
        Signing::None => Ok(()),
        Signing::OpenClaw => openclaw::sign(secrets, at, headers, body),
        Signing::Standard => standard::sign(secrets, id, at, headers, body),
        Signing::Both => {
            openclaw::sign(secrets, at, headers, body)?;
            standard::sign(secrets, id, at, headers, body)
        }
        Signing::DingTalk => dingtalk::sign(secrets, at, url),
        Signing::Feishu => feishu::sign(secrets, at, body),
    }
}

/// Whether these secrets can sign by this scheme: what can be known before there is anything to sign.
pub fn check(scheme: Signing, secrets: &[SecretString]) -> Result<(), SignError> {
    if scheme == Signing::None {
        return Ok(());
    }
    if secrets.is_empty() {
        return Err(SignError::NoSecret);
    }
    if secrets.iter().any(keys::is_empty) {
        return Err(SignError::EmptySecret);
    }
    if scheme != Signing::Standard {
        keys::shared(secrets)?;
    }
    if matches!(scheme, Signing::Standard | Signing::Both) {
        secrets.iter().try_for_each(|secret| keys::Key::signing(secret).map(drop))?;
    }
    Ok(())
}

/// Seconds since 1970, as headers have them.
fn seconds(at: Millis) -> i64 {
    at.0.div_euclid(1000)
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) -> Result<(), SignError> {
    // All that is put here is ASCII of ours, but for the id.
    headers.insert(name, HeaderValue::from_str(value).map_err(|_| SignError::BadId)?);
    Ok(())
}
