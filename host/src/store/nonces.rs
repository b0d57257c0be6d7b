//! Signatures that were accepted: each once, until it is too old to be accepted anyway.

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::flows::one;
use super::sweep::{STEP, Swept};
use super::{Store, StoreError, accepted, rows};
use crate::model::Millis;

/// What must not come twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnceSigned {
    /// Of the door, the scheme and what was signed.
    pub nonce: [u8; 32],
    /// The delivery that it came with, if the sender names its deliveries: under the same name it may come again.
    pub owner: Option<String>,
    /// Until when it is remembered.
    pub expires_at: Millis,
}

impl OnceSigned {
    /// `digest` is that of what was signed, and `door` the one where it was shown.
    pub fn new(door: &str, digest: &[u8; 32], owner: Option<String>, expires_at: Millis) -> Self {
        let nonce = Sha256::new().chain_update(digest).chain_update(door).finalize().into();
        Self { nonce, owner, expires_at }
    }
}

/// Whether a signature was here before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// No. From now on it was.
    Never,
    /// Yes, with the same delivery. It is remembered until then.
    WithItsOwner(Millis),
    /// Yes, and it may not come again.
    Before,
    /// Its time ran out between the check and now. Whether it was here is forgotten.
    TooLate,
}

impl Store {
    /// Notes a signature. Of two at the same time one is the first.
    pub async fn see_signature(&self, signed: OnceSigned) -> Result<Seen, StoreError> {
        let clock = self.0.stamp.clock.clone();
        self.0.writer.write(move |db| see(db, &signed, clock.now())).await
    }

    /// Deletes, in one small step, signatures whose time is over and keys of requests that nobody repeats any more.
    pub async fn sweep_accepted(&self, now: Millis) -> Result<Swept, StoreError> {
        const NONCES: &str = "DELETE FROM nonces WHERE nonce IN \
             (SELECT nonce FROM nonces WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";
        self.0
            .writer
            .write(move |db| {
                let nonces = db.prepare_cached(NONCES)?.execute((now.0, STEP))?;
                let keys = accepted::forget_old(db, now)?;
                Ok(Swept { deleted: nonces + keys, more: nonces.max(keys) == STEP as usize, ..Swept::default() })
            })
            .await
    }
}

fn see(db: &Connection, signed: &OnceSigned, now: Millis) -> Result<Seen, StoreError> {
    const NOTE: &str = "INSERT INTO nonces (nonce, owner, expires_at) VALUES (?1, ?2, ?3) ON CONFLICT (nonce) DO UPDATE \
         SET owner = excluded.owner, expires_at = excluded.expires_at WHERE expires_at < ?4";
    const EARLIER: &str = "SELECT owner, expires_at FROM nonces WHERE nonce = ?1";
    // Checked in its last millisecond and written later, it would find the note of the first one gone.
    if signed.expires_at < now {
        return Ok(Seen::TooLate);
    }
    let is_new = db.prepare_cached(NOTE)?.execute((signed.nonce, &signed.owner, signed.expires_at.0, now.0))? > 0;
    if is_new {
        return Ok(Seen::Never);
    }
    let earlier = one(db, EARLIER, [signed.nonce], |row| {
        Ok((rows::optional_text(row, 0)?.map(str::to_owned), Millis(row.get(1)?)))
    })?;
    Ok(match earlier {
        Some((owner @ Some(_), expires_at)) if owner == signed.owner => Seen::WithItsOwner(expires_at),
        _ => Seen::Before,
    })
}
