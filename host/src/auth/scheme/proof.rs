//! What a check comes to.

use std::borrow::Cow;
use std::fmt;

use super::super::mac::{hex, sha256};
use super::Shows;
use crate::auth::Unauthorized;
use crate::model::Millis;

/// Longest id of a delivery that is kept as it is. The longest in use is a UUID with a prefix.
const ID_MAX_BYTES: usize = 256;
/// What an id begins with that is a digest.
const DIGEST: &str = "sha256:";

/// A request that is good, or a question to the door itself.
#[derive(Debug)]
pub enum Verified<'a> {
    /// A request of a sender.
    Request(Proof<'a>),
    /// The sender wants to know whether this door is whose it should be.
    Handshake(Handshake),
}

/// A request by somebody who has a secret of the scheme. Made by [`Scheme::verify`](super::Scheme::verify) and by nothing else.
#[derive(Debug)]
pub struct Proof<'a> {
    nonce: Option<Nonce>,
    delivery: Option<Delivery>,
    body: Cow<'a, [u8]>,
}

impl<'a> Proof<'a> {
    pub(super) fn new(nonce: Option<Nonce>, delivery: Option<Delivery>, body: Cow<'a, [u8]>) -> Self {
        Self { nonce, delivery, body }
    }

    /// The same without the secrets that its body shows.
    pub(super) fn without(mut self, shows: Shows, is_form: bool) -> Self {
        if let Some(body) = shows.without(&self.body, is_form) {
            self.body = Cow::Owned(body);
        }
        self
    }

    /// What must not come twice. Keep it before the request has any effect.
    pub fn nonce(&self) -> Option<&Nonce> {
        self.nonce.as_ref()
    }

    /// The delivery that the request is of, for telling a redelivery.
    pub fn delivery(&self) -> Option<&Delivery> {
        self.delivery.as_ref()
    }

    /// The body, decrypted if it came encrypted, and without what it shows that is secret.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// What must not come twice at a door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce {
    /// Of the scheme and what was signed.
    pub digest: [u8; 32],
    /// The delivery that it is of, and what came with it. Kept already with the same owner, the request is a duplicate; with another, or with none, it is refused.
    pub owner: Option<String>,
    /// The last millisecond in which the request would be good again. Forget it after this, not before.
    pub expires_at: Millis,
}

/// Which delivery a request is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The sender's own id, the same whenever it delivers again.
    Named(String),
    /// The sender has none: `sha256:` and hex of what it sent. Two events can be equal, so this tells a repeat only as long as the nonce lasts.
    Digest(String),
}

impl Delivery {
    /// A sender's id: as it is if that is short and printable, or else its digest. One that looks like a digest is hashed, too: by such a
    /// name, which anybody can compute, a stranger would claim a delivery that came without one.
    pub(super) fn named(id: &str) -> Self {
        let is_plain = id.len() <= ID_MAX_BYTES && id.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        let is_kept = is_plain && !id.starts_with(DIGEST);
        Self::Named(if is_kept { id.to_owned() } else { digest_of(&[id.as_bytes()]) })
    }

    /// The id of what came without one.
    pub(super) fn unnamed(parts: &[&[u8]]) -> Self {
        Self::Digest(digest_of(parts))
    }

    /// The id.
    pub fn id(&self) -> &str {
        match self {
            Self::Named(id) | Self::Digest(id) => id,
        }
    }
}

fn digest_of(parts: &[&[u8]]) -> String {
    [DIGEST, &hex(&sha256(parts))].concat()
}

/// The answer to a sender's question whether this is the right door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl Handshake {
    /// Longest challenge that is given back. Real ones have less than a hundred characters.
    const CHALLENGE_MAX_BYTES: usize = 1_024;

    /// `{"challenge": …}`, as JSON.
    pub(super) fn of_challenge(challenge: &str) -> Option<Self> {
        let body = serde_json::json!({ "challenge": challenge }).to_string().into_bytes();
        (challenge.len() <= Self::CHALLENGE_MAX_BYTES).then_some(Self {
            status: 200,
            content_type: "application/json",
            body,
        })
    }
}

/// Nobody is let in. For the log alone: outside it is [`Unauthorized`], whatever the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub Reason);

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Self(reason)
    }
}

impl From<Refused> for Unauthorized {
    fn from(_: Refused) -> Self {
        Self
    }
}

/// Why a request proves nothing. Holds names, never values that came with the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A header that is needed is not there.
    Missing(String),
    /// A header is there more than once.
    Twice(String),
    /// Something is not what it should be.
    Malformed(&'static str),
    /// Signed with one of the secrets, but so many seconds ago; below zero, in the future.
    Stale {
        /// Seconds.
        ago_s: i64,
    },
    /// The door has no secret that this scheme can use.
    NoKey,
    /// None of the secrets made this signature over this request.
    NoMatch,
    /// The signature is good, and is of another body.
    OtherBody,
    /// What the handshake shows is not the verification token.
    WrongToken,
    /// What was signed was here already.
    Replayed,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "the header {name} is missing"),
            Self::Twice(name) => write!(f, "the header {name} is there more than once"),
            Self::Malformed(what) => f.write_str(what),
            Self::Stale { ago_s } if *ago_s < 0 => {
                write!(f, "signed {} s in the future; is this machine's clock right?", ago_s.unsigned_abs())
            }
            Self::Stale { ago_s } => write!(f, "signed {ago_s} s ago, too long"),
            Self::NoKey => f.write_str("no secret of this door is one that the scheme can use"),
            Self::NoMatch => {
                f.write_str("no secret of this door made this signature: another secret, or something on the way changed the request")
            }
            Self::OtherBody => f.write_str("the signature is of another body"),
            Self::WrongToken => f.write_str("the handshake does not show the verification token"),
            Self::Replayed => f.write_str("a replay: what was signed was here already"),
        }
    }
}
