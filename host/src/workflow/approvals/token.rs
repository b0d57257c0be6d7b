//! Links: a question, a person and an end, signed with a key that never leaves the state folder. Whoever has the link can answer as that
//! person, once, while the question is open; nobody can make one for another person or another question of it.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::auth::mac::hmac_sha256_bytes;
use crate::auth::secret::new_secret;
use crate::model::Millis;

/// The key's file in the state folder.
const KEY_FILE: &str = "approvals.key";
/// Longest token. A name of 200 characters fits.
const TOKEN_MAX_BYTES: usize = 2_048;
/// What is signed begins so, that a signature for something else is none for this.
const PURPOSE: &[u8] = b"sandclaw approval link v1\n";

/// Signs and checks links. Cheap to clone.
#[derive(Clone)]
pub struct LinkKey(Vec<u8>);

/// What a link says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// The question.
    #[serde(rename = "a")]
    pub ask: String,
    /// Who answers with it.
    #[serde(rename = "n")]
    pub name: String,
    /// No longer than this, milliseconds since 1970.
    #[serde(rename = "e")]
    pub expires_at: i64,
}

/// Why a link is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not made here, or changed.
    #[error("there is no such link")]
    Unknown,
    /// Its time is over.
    #[error("the link has expired")]
    Expired,
}

impl LinkKey {
    /// The key of this state folder, made at its first use, for its owner alone.
    pub fn open(state_dir: &Path) -> std::io::Result<Self> {
        let path = state_dir.join(KEY_FILE);
        if let Some(key) = Self::read(&path)? {
            return Ok(key);
        }
        // Whole before it has its name: a power cut leaves a key or none. Of two at the same time one is the first, and its key is both's.
        let mut file = tempfile::NamedTempFile::new_in(state_dir)?;
        file.write_all(new_secret()?.as_bytes())?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(&path) {
            Ok(_) => File::open(state_dir)?.sync_all()?,
            Err(lost) if lost.error.kind() == ErrorKind::AlreadyExists => {}
            Err(lost) => return Err(lost.error),
        }
        Self::read(&path)?.ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn read(path: &Path) -> std::io::Result<Option<Self>> {
        let mut key = Vec::new();
        match File::open(path) {
            Ok(file) => _ = file.take(256).read_to_end(&mut key)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        if key.len() < 32 {
            let why = format!("{} is too short for a key; remove it, and a new one is made", path.display());
            return Err(std::io::Error::new(ErrorKind::InvalidData, why));
        }
        Ok(Some(Self(key)))
    }

    /// A link's token.
    pub fn sign(&self, linked: &Linked) -> String {
        let said = serde_json::to_vec(linked).unwrap_or_default();
        format!("{}.{}", URL_SAFE_NO_PAD.encode(&said), URL_SAFE_NO_PAD.encode(self.mac(&said)))
    }

    /// What a token says, if it was made with this key and its time is not over.
    pub fn check(&self, token: &str, now: Millis) -> Result<Linked, TokenError> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(TokenError::Unknown);
        }
        let (said, mac) = token.split_once('.').ok_or(TokenError::Unknown)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Unknown);
        let (said, mac) = (decode(said)?, decode(mac)?);
        if !bool::from(self.mac(&said)[..].ct_eq(&mac)) {
            return Err(TokenError::Unknown);
        }
        let linked: Linked = serde_json::from_slice(&said).map_err(|_| TokenError::Unknown)?;
        if now.0 >= linked.expires_at { Err(TokenError::Expired) } else { Ok(linked) }
    }

    fn mac(&self, said: &[u8]) -> [u8; 32] {
        hmac_sha256_bytes(&self.0, &[PURPOSE, said])
    }
}

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_what_it_says_until_its_time_and_no_other_is() {
        let folder = tempfile::tempdir().unwrap();
        let key = LinkKey::open(folder.path()).unwrap();
        let linked = Linked { ask: "a1".into(), name: "alice".into(), expires_at: 100 };
        let token = key.sign(&linked);
        assert_eq!(LinkKey::open(folder.path()).unwrap().check(&token, Millis(99)), Ok(linked.clone()));
        assert_eq!(key.check(&token, Millis(100)), Err(TokenError::Expired));
        let bob = Linked { name: "bob".into(), ..linked };
        let forged = format!("{}.{}", key.sign(&bob).split_once('.').unwrap().0, token.split_once('.').unwrap().1);
        for wrong in [forged.as_str(), "", ".", "a.b", token.trim_end_matches(|c: char| c != '.')] {
            assert_eq!(key.check(wrong, Millis(1)), Err(TokenError::Unknown), "{wrong}");
        }
        let other = tempfile::tempdir().unwrap();
        assert_eq!(LinkKey::open(other.path()).unwrap().check(&token, Millis(1)), Err(TokenError::Unknown));
    }
}
