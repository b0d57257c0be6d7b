//! A scheme as data: where the signature stands, what is signed, and with what. Presets and the operator's own schemes have the same form,
//! and one piece of code in `auth` follows it.

use std::borrow::Cow;

/// How a sender signs. Names of headers are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The header of the signature.
    pub header: Cow<'static, str>,
    /// What stands before each signature.
    pub prefix: Cow<'static, str>,
    /// What stands between several of them. Without one there is one signature.
    pub separator: Option<Cow<'static, str>>,
    /// What makes the signature.
    pub algorithm: Algorithm,
    /// How its bytes are written.
    pub encoding: Encoding,
    /// What is signed, one after the other.
    pub signed: Cow<'static, [Piece]>,
    /// The time of the request.
    pub timestamp: Option<Stamp>,
    /// Where the sender's id of the delivery may stand; the first that is there counts.
    pub ids: Cow<'static, [Source]>,
    /// How the secret is written.
    pub secret_encoding: SecretEncoding,
}

impl Recipe {
    /// Whether the time of a request is part of what is signed.
    pub fn signs_time(&self) -> bool {
        self.timestamp.as_ref().is_some_and(|stamp| self.covers(&stamp.source, &Piece::Timestamp))
    }

    /// Whether the delivery's id from here is part of what is signed.
    pub fn signs_id(&self, source: &Source) -> bool {
        self.covers(source, &Piece::Id)
    }

    fn covers(&self, source: &Source, piece: &Piece) -> bool {
        let has = |wanted: &Piece| self.signed.contains(wanted);
        match source {
            Source::Member(_) => has(&Piece::Body),
            Source::Header(name) => has(piece) || has(&Piece::Header(name.clone())),
            Source::Item(_) => has(piece),
        }
    }
}

/// What makes a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-SHA1. Old, and as a MAC unbroken.
    Sha1,
    /// HMAC-SHA256.
    Sha256,
    /// HMAC-SHA512.
    Sha512,
    /// SHA-256 without a key; the secret is one of the pieces.
    PlainSha256,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Either case.
    Hex,
    /// The usual alphabet, with or without padding.
    Base64,
}

/// How a secret is written, and so what the key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretEncoding {
    /// The text itself is the key, whatever its prefix.
    Text,
    /// Base64 of the key.
    Base64,
    /// Hex digits of the key.
    Hex,
    /// `whsec_` and base64 of the key; the prefix may be missing.
    Whsec,
}

/// A part of what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// This text.
    Text(Cow<'static, str>),
    /// The time, as it is written.
    Timestamp,
    /// The id of the delivery, as it is written.
    Id,
    /// The body, byte for byte.
    Body,
    /// The value of this header.
    Header(Cow<'static, str>),
    /// Where the sender posts to.
    Url,
    /// Names and values of the form, by name.
    SortedForm,
    /// The secret.
    Secret,
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In this header.
    Header(Cow<'static, str>),
    /// In the header of the signature, after this prefix.
    Item(&'static str),
    /// In the JSON body, under these names.
    Member(&'static [&'static str]),
}

/// The time of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Where it stands.
    pub source: Source,
    /// How many milliseconds one of it is.
    pub unit_ms: i64,
}
