//! What was accepted under a key that the sender chose: the same request again gets the answer of the first, another request under the
//! key gets none. The key is written in the transaction of what was accepted, so that neither is there without the other.

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::flows::one;
use super::sweep::STEP;
use super::{StoreError, rows};
use crate::model::{Digest, Millis};

/// How long a key is remembered: a sender that tries again does so within hours. Standard Webhooks goes on for three days and more, and a
/// repeat behind that time is better done twice than a table kept for ever.
const KEYS_KEPT_MS: i64 = 72 * 60 * 60 * 1000;

/// Longest key that a sender may choose, in bytes. The number of Stripe and of the IETF draft's examples.
const KEY_MAX_BYTES: usize = 255;

/// Makes asking for the same thing twice the same as once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The key that the sender chose, within its scope: keys of two doors have nothing to do with each other.
    pub key: String,
    /// Of what it sent.
    pub request: Digest,
}

/// The key is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {KEY_MAX_BYTES} visible ASCII characters")]
pub struct BadKey;

impl Once {
    /// `scope` is the door, `request` the canonical text of what was sent: the same request in another spelling is the same request.
    pub fn new(scope: &str, key: &str, request: &str) -> Result<Self, BadKey> {
        let is_well_formed =
            (1..=KEY_MAX_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_well_formed {
            return Err(BadKey);
        }
        Ok(Self { key: [scope, key].concat(), request: Digest(Sha256::digest(request).into()) })
    }

    /// A delivery that its sender has a name for. Whatever it brings the second time, it is the same one.
    pub fn delivery(scope: &str, name: &str) -> Self {
        // No key of a sender's choice begins so: they have no line break in front.
        Self { key: [scope, "\n\n", name].concat(), request: Digest([0; 32]) }
    }
}

/// What became of something that was to be done once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is durable.
    Stored,
    /// The same request was here before; this is the answer it got: JSON. Nothing new was stored.
    Repeated(String),
    /// The key was used for another request. Nothing was stored.
    OtherRequest,
}

/// Notes the key with the answer that its request is about to get, if it is free. Anything but `Stored` means: do nothing else.
pub(super) fn once(db: &Connection, once: &Once, answer: &str, now: Millis) -> Result<Submitted, StoreError> {
    once_within(db, once, answer, now, KEYS_KEPT_MS)
}

/// The same for a key that means something for so long only.
pub(super) fn once_within(
    db: &Connection,
    once: &Once,
    answer: &str,
    now: Millis,
    kept_ms: i64,
) -> Result<Submitted, StoreError> {
    const SQL: &str = "INSERT INTO accepted (key, request, created_at, answer) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (key) DO UPDATE SET request = excluded.request, created_at = excluded.created_at, \
         answer = excluded.answer WHERE created_at < ?5";
    let forgotten = now.0.saturating_sub(kept_ms.min(KEYS_KEPT_MS));
    let is_new = db.prepare_cached(SQL)?.execute((&once.key, once.request.0, now.0, answer, forgotten))? > 0;
    if is_new {
        return Ok(Submitted::Stored);
    }
    const EARLIER: &str = "SELECT request, answer FROM accepted WHERE key = ?1";
    let earlier = one(db, EARLIER, [&once.key], |row| Ok((Digest(row.get(0)?), rows::text(row, 1)?.to_owned())))?;
    Ok(match earlier {
        Some((request, answer)) if request == once.request => Submitted::Repeated(answer),
        _ => Submitted::OtherRequest,
    })
}

/// When the oldest key was taken that is still in use.
pub(super) fn kept_since(now: Millis) -> i64 {
    now.0.saturating_sub(KEYS_KEPT_MS)
}

/// Takes the key out of use if its time is over.
pub(super) fn forget(db: &Connection, key: &str, now: Millis) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM accepted WHERE key = ?1 AND created_at < ?2";
    db.prepare_cached(SQL)?.execute((key, kept_since(now)))?;
    Ok(())
}

/// Deletes, in one small step, keys whose time is over. Returns how many.
pub(super) fn forget_old(db: &Connection, now: Millis) -> Result<usize, StoreError> {
    const SQL: &str = "DELETE FROM accepted WHERE key IN \
         (SELECT key FROM accepted WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)";
    Ok(db.prepare_cached(SQL)?.execute((kept_since(now), STEP))?)
}
