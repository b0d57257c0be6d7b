//! Secrets as keys. The two families of schemes read the same `whsec_…` differently: as the text it is, or as base64 after the prefix.

use base64::Engine as _;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hmac::Mac;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::SignError;
pub(super) use crate::auth::mac::{BASE64, hmac_sha256 as hmac};

/// A prefix and what follows it: a key of this kind, in base64.
const SHARED: &str = "whsec_";
const PRIVATE: &str = "whsk_";
const PUBLIC: &str = "whpk_";

/// Whether there is nothing in it but, perhaps, a prefix and space.
pub(super) fn is_empty(secret: &SecretString) -> bool {
    let text = secret.expose_secret().trim();
    text.is_empty() || [SHARED, PRIVATE, PUBLIC].contains(&text)
}

/// Whether the receiver may know it.
fn is_shared(secret: &SecretString) -> bool {
    let text = secret.expose_secret();
    !text.starts_with(PRIVATE) && !text.starts_with(PUBLIC)
}

/// The first secret that both sides know, as the text it is.
pub(super) fn shared(secrets: &[SecretString]) -> Result<&[u8], SignError> {
    let secret = secrets.iter().find(|secret| is_shared(secret)).ok_or(SignError::NoSharedSecret)?;
    if is_empty(secret) {
        return Err(SignError::EmptySecret);
    }
    Ok(secret.expose_secret().as_bytes())
}

/// Whether one of the secrets that both sides know is good; `None` if there is none.
pub(super) fn any_shared(secrets: &[SecretString], is_good: impl Fn(&[u8]) -> bool) -> Option<bool> {
    let mut usable = secrets.iter().filter(|secret| is_shared(secret) && !is_empty(secret)).peekable();
    usable.peek()?;
    Some(usable.any(|secret| is_good(secret.expose_secret().as_bytes())))
}

/// A key of Standard Webhooks.
pub(super) enum Key {
    /// Both sides have it: `v1`.
    Shared(SecretSlice<u8>),
    /// We have it, and the receiver its public half: `v1a`.
    Private(Box<SigningKey>),
    /// That half.
    Public(Box<VerifyingKey>),
}

impl Key {
    /// Reads a secret that signs.
    pub(super) fn signing(secret: &SecretString) -> Result<Self, SignError> {
        match Self::of(secret)? {
            Self::Public(_) => Err(SignError::PublicKey),
            key => Ok(key),
        }
    }

    /// Reads a secret that checks.
    pub(super) fn of(secret: &SecretString) -> Result<Self, SignError> {
        if is_empty(secret) {
            return Err(SignError::EmptySecret);
        }
        let text = secret.expose_secret().trim();
        if let Some(text) = text.strip_prefix(PRIVATE) {
            return private(text).ok_or(SignError::BadPrivateKey);
        }
        if let Some(text) = text.strip_prefix(PUBLIC) {
            return public(text).ok_or(SignError::PublicKey);
        }
        let bytes = decode(text.strip_prefix(SHARED).unwrap_or(text)).ok_or(SignError::NotBase64)?;
        Ok(Self::Shared(bytes))
    }

    /// One entry of `webhook-signature`, for a key that signs.
    pub(super) fn sign(&self, parts: &[&[u8]]) -> Option<String> {
        match self {
            Self::Shared(key) => {
                let mac = hmac(key.expose_secret(), parts).finalize().into_bytes();
                Some(format!("v1,{}", BASE64.encode(mac)))
            }
            Self::Private(key) => Some(format!("v1a,{}", BASE64.encode(key.sign(&parts.concat()).to_bytes()))),
            Self::Public(_) => None,
        }
    }

    /// Whether one entry of `webhook-signature` is this key's.
    pub(super) fn is_good(&self, entry: &str, parts: &[&[u8]]) -> bool {
        let Some((version, signature)) = entry.split_once(',') else { return false };
        let Ok(signature) = BASE64.decode(signature) else { return false };
        match (self, version) {
            (Self::Shared(key), "v1") => hmac(key.expose_secret(), parts).verify_slice(&signature).is_ok(),
            (Self::Private(key), "v1a") => is_signed(&key.verifying_key(), &signature, parts),
            (Self::Public(key), "v1a") => is_signed(key, &signature, parts),
            _ => false,
        }
    }
}

fn is_signed(key: &VerifyingKey, signature: &[u8], parts: &[&[u8]]) -> bool {
    // Strict: a signature that only some libraries accept is none.
    Signature::from_slice(signature).is_ok_and(|signature| key.verify_strict(&parts.concat(), &signature).is_ok())
}

fn decode(text: &str) -> Option<SecretSlice<u8>> {
    let bytes = SecretSlice::from(BASE64.decode(text).ok()?);
    (!bytes.expose_secret().is_empty()).then_some(bytes)
}

fn private(text: &str) -> Option<Key> {
    let bytes = decode(text)?;
    let key = match bytes.expose_secret() {
        pair if pair.len() == 64 => SigningKey::from_keypair_bytes(pair.try_into().ok()?).ok()?,
        seed => SigningKey::from_bytes(seed.try_into().ok()?),
    };
    Some(Key::Private(Box::new(key)))
}

fn public(text: &str) -> Option<Key> {
    let bytes = decode(text)?;
    let key = VerifyingKey::from_bytes(bytes.expose_secret().try_into().ok()?).ok()?;
    Some(Key::Public(Box::new(key)))
}
