//! Feishu's and Lark's events: encrypted under the hash of the encrypt key, and a question to new URLs that is not signed even then, but
//! shows the verification token.

use std::borrow::Cow;
use std::sync::Arc;

use aes::Aes256;
use base64::Engine as _;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, KeyIvInit};
use secrecy::{ExposeSecret, SecretString};
use serde::de::IgnoredAny;

use super::super::mac::{BASE64, sha256};
use super::super::secret::Credential;
use super::fields::member;
use super::{Handshake, Keys, Presented, Reason, Refused};
use crate::config::auth::Recipe;

/// AES works on so many bytes, and the first of them are the initial value.
const BLOCK_BYTES: usize = 16;
/// Largest unsigned question that is looked into. Real ones have a few hundred bytes.
const QUESTION_MAX_BYTES: usize = 8 * 1024;

/// The question of an unsigned request, if it is one; nothing if the request is signed or asks nothing.
pub(super) fn unsigned_handshake(
    recipe: &Recipe,
    keys: Keys<'_>,
    presented: &Presented<'_>,
) -> Option<Result<Handshake, Refused>> {
    if presented.headers.count(&recipe.header) > 0 || presented.body.len() > QUESTION_MAX_BYTES {
        return None;
    }
    if let Some(found) = handshake(keys.tokens, presented.body) {
        return Some(found);
    }
    keys.secrets.iter().find_map(|secret| handshake(keys.tokens, &opened(secret, presented.body).ok()?))
}

/// The answer to a body that asks; nothing to one that does not.
pub(super) fn handshake(tokens: &[Arc<SecretString>], body: &[u8]) -> Option<Result<Handshake, Refused>> {
    if member(body, &["type"])? != "url_verification" {
        return None;
    }
    let shown = member(body, &["token"]).unwrap_or_default();
    let is_good = tokens.iter().fold(false, |good, token| good | Credential::of(token).matches(&shown));
    let challenge = member(body, &["challenge"]).and_then(|challenge| Handshake::of_challenge(&challenge));
    Some(match challenge {
        _ if !is_good => Err(Reason::WrongToken.into()),
        None => Err(Reason::Malformed("the handshake has no challenge").into()),
        Some(handshake) => Ok(handshake),
    })
}

/// The body without its encryption, if it has one.
///
/// It has to end where its JSON ends. The signature is a plain hash: whoever saw one over a body knows the one over that body, the hash's
/// padding and anything behind it, which would be a new signature for an old event.
pub(super) fn opened<'b>(secret: &SecretString, body: &'b [u8]) -> Result<Cow<'b, [u8]>, Refused> {
    serde_json::from_slice::<IgnoredAny>(body).map_err(|_| Reason::Malformed("the body is no JSON"))?;
    let Some(sealed) = member(body, &["encrypt"]) else { return Ok(Cow::Borrowed(body)) };
    let opened = BASE64.decode(sealed).ok().and_then(|sealed| decrypt(secret, sealed));
    Ok(Cow::Owned(opened.ok_or(Reason::Malformed("`encrypt` in the body cannot be decrypted with the encrypt key"))?))
}

fn decrypt(secret: &SecretString, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
    let key = sha256(&[secret.expose_secret().as_bytes()]);
    let (iv, blocks) = sealed.split_at_mut_checked(BLOCK_BYTES)?;
    let decryptor = Decryptor::<Aes256>::new_from_slices(&key, iv).ok()?;
    Some(decryptor.decrypt_padded_mut::<Pkcs7>(blocks).ok()?.to_vec())
}
