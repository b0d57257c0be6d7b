//! What was accepted under a key that the sender chose: the same request again gets the answer of the first, another request under the
//! key gets none. The key is written in the transaction of what was accepted, so that neither is there without the other.

use rusqlite::Connection;

use super::flows::one;
use super::{Once, StoreError, rows};
use crate::model::{Digest, Millis};

/// How long a key is remembered: a sender that tries again does so within hours. Standard Webhooks goes on for three days and more, and a
/// repeat behind that time is better done twice than a table kept for ever.
pub(super) const KEYS_KEPT_MS: i64 = 72 * 60 * 60 * 1000;

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
