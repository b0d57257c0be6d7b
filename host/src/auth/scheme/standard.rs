//! Standard Webhooks 1.0: `id.timestamp.body`, signed with a shared key (`v1`) or an ed25519 pair (`v1a`), several signatures in a header.

use std::sync::Arc;

use base64::Engine as _;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::Mac as _;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use subtle::ConstantTimeEq as _;

use super::super::mac::{BASE64, hmac_sha256, sha256};
use super::follow::SIGNATURES_MAX;
use super::{Presented, Reason, Refused, Signed, fields};

/// The headers, whose names are the only difference between those who use it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    id: &'static str,
    timestamp: &'static str,
    signature: &'static str,
}

/// The specification's.
pub(super) const WEBHOOK: Names =
    Names { id: "webhook-id", timestamp: "webhook-timestamp", signature: "webhook-signature" };
/// Svix's.
pub(super) const SVIX: Names = Names { id: "svix-id", timestamp: "svix-timestamp", signature: "svix-signature" };

/// Checks the signature, and gives the id of the delivery with it.
pub(super) fn check(
    name: &str,
    names: &Names,
    secrets: &[Arc<SecretString>],
    presented: &Presented<'_>,
) -> Result<(Signed, String), Refused> {
    let id = presented.header(names.id)?;
    let timestamp = presented.header(names.timestamp)?;
    let signatures = presented.header(names.signature)?;
    // With a dot in it, another id and another time would make the same text.
    if id.is_empty() || id.contains('.') {
        return Err(Reason::Malformed("the id of the delivery is empty or has a dot in it").into());
    }
    let at = fields::stamp(timestamp, 1_000)?;
    let entries: Vec<_> = signatures.split_whitespace().filter_map(entry).take(SIGNATURES_MAX + 1).collect();
    if entries.is_empty() || entries.len() > SIGNATURES_MAX {
        return Err(Reason::Malformed("the signature's header has no `v1,` or `v1a,` entry, or too many").into());
    }
    let keys: Vec<_> = secrets.iter().enumerate().filter_map(|(at, secret)| Some((at, Key::of(secret)?))).collect();
    if keys.is_empty() {
        return Err(Reason::NoKey.into());
    }
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", presented.body];
    // All of them are looked at: which one is near tells nobody anything.
    let by = keys.iter().fold(None, |by, (at, key)| if key.made_one(&entries, &parts) { Some(*at) } else { by });
    let by = by.ok_or(Reason::NoMatch)?;
    let digest = sha256(&[&[name.as_bytes(), &[0]], &parts[..]].concat());
    Ok((Signed { digest, at: Some(at), by }, id.to_owned()))
}

/// A signature of a version that is known here.
enum Entry {
    Shared(Vec<u8>),
    Pair(Vec<u8>),
}

fn entry(text: &str) -> Option<Entry> {
    let (version, signature) = text.split_once(',')?;
    let make = match version {
        "v1" => Entry::Shared,
        "v1a" => Entry::Pair,
        _ => return None,
    };
    BASE64.decode(signature).ok().map(make)
}

enum Key {
    Shared(SecretSlice<u8>),
    Public(Box<VerifyingKey>),
}

impl Key {
    /// Reads a secret. The sender's private half (`whsk_`) is none of ours.
    fn of(secret: &SecretString) -> Option<Self> {
        let text = secret.expose_secret();
        if let Some(public) = text.strip_prefix("whpk_") {
            let bytes: [u8; 32] = BASE64.decode(public).ok()?.try_into().ok()?;
            return VerifyingKey::from_bytes(&bytes).ok().map(|key| Self::Public(Box::new(key)));
        }
        let bytes = SecretSlice::from(BASE64.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok()?);
        (!bytes.expose_secret().is_empty()).then_some(Self::Shared(bytes))
    }

    fn made_one(&self, entries: &[Entry], parts: &[&[u8]]) -> bool {
        match self {
            Self::Shared(key) => {
                let wanted = hmac_sha256(key.expose_secret(), parts).finalize().into_bytes();
                entries.iter().fold(false, |good, entry| {
                    good | matches!(entry, Entry::Shared(signature) if wanted.ct_eq(signature).into())
                })
            }
            Self::Public(key) => {
                let message = parts.concat();
                let is_by = |signature: &[u8]| {
                    // Strict: a signature that only some libraries accept is none.
                    Signature::from_slice(signature).is_ok_and(|it| key.verify_strict(&message, &it).is_ok())
                };
                entries.iter().any(|entry| matches!(entry, Entry::Pair(signature) if is_by(signature)))
            }
        }
    }
}
