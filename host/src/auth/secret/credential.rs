//! What a door remembers of its secret: enough to recognise it.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The SHA-256 of a secret. Hashing first makes both sides equally long, so that comparing them tells nothing about length.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential([u8; 32]);

impl Credential {
    /// Remembers a secret.
    pub fn of(secret: &SecretString) -> Self {
        Self(Sha256::digest(secret.expose_secret()).into())
    }

    /// Whether this is the secret. Takes the same time wherever the two differ.
    pub fn matches(&self, presented: &str) -> bool {
        let presented: [u8; 32] = Sha256::digest(presented).into();
        self.0.ct_eq(&presented).into()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A hash of a weak secret can be guessed.
        f.write_str("Credential(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_secret_matches() {
        let credential = Credential::of(&SecretString::from("s3cret"));
        assert!(credential.matches("s3cret"));
        for other in ["", "s3cre", "s3crett", "S3cret", " s3cret", "s3cret "] {
            assert!(!credential.matches(other), "{other}");
        }
        assert_eq!(format!("{credential:?}"), "Credential(..)");
    }
}
