//! Follows a recipe: finds signatures and time, puts together what is signed, and looks for the secret that made one of them.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use subtle::{Choice, ConstantTimeEq};

use super::super::mac::{BASE64, mac, sha256, unhex};
use super::{Presented, Reason, Refused, Signed, fields, twilio};
use crate::config::auth::{Encoding, Piece, Recipe, SecretEncoding, Source};
use crate::model::Millis;

/// Signatures that one header may have. Senders add one for each active secret of theirs.
pub(super) const SIGNATURES_MAX: usize = 16;

/// Checks the signature; `url` is where the sender posts to, if that is known.
pub(super) fn check(
    name: &str,
    recipe: &Recipe,
    url: Option<&str>,
    secrets: &[Arc<SecretString>],
    presented: &Presented<'_>,
) -> Result<Signed, Refused> {
    let header = presented.header(&recipe.header)?;
    let signatures = signatures(recipe, header)?;
    let time = time(recipe, header, presented)?;
    let pieces = pieces(recipe, url, time.as_ref().map(|(text, _)| text.as_str()), presented)?;

    let mut by = None;
    let mut is_usable = false;
    for (at, secret) in secrets.iter().enumerate() {
        let Some(key) = key(recipe.secret_encoding, secret) else { continue };
        is_usable = true;
        let parts: Vec<&[u8]> = pieces.iter().map(|piece| piece.as_deref().unwrap_or(key.expose_secret())).collect();
        let wanted = mac(recipe.algorithm, key.expose_secret(), &parts);
        // All of them are looked at: which one is near tells nobody anything.
        let is_good = signatures.iter().fold(Choice::from(0), |good, signature| good | wanted.ct_eq(signature));
        if bool::from(is_good) {
            by = Some(at);
        }
    }
    if !is_usable {
        return Err(Reason::NoKey.into());
    }
    let by = by.ok_or(Reason::NoMatch)?;
    let mut signed: Vec<&[u8]> = vec![name.as_bytes(), &[0]];
    signed.extend(pieces.iter().filter_map(Option::as_deref));
    Ok(Signed { digest: sha256(&signed), at: time.map(|(_, at)| at), by })
}

/// The signatures in the header. What has another prefix is another version's.
fn signatures(recipe: &Recipe, header: &str) -> Result<Vec<Vec<u8>>, Refused> {
    let decode = |text: &str| match recipe.encoding {
        Encoding::Hex => unhex(text),
        Encoding::Base64 => BASE64.decode(text).ok(),
    };
    let items = items(recipe, header).filter_map(|item| item.strip_prefix(&*recipe.prefix));
    let found: Vec<_> = items.take(SIGNATURES_MAX + 1).collect();
    if found.len() > SIGNATURES_MAX {
        return Err(Reason::Malformed("the signature's header has too many signatures").into());
    }
    let signatures: Vec<_> = found.into_iter().filter_map(decode).filter(|signature| !signature.is_empty()).collect();
    if signatures.is_empty() {
        return Err(Reason::Malformed("the signature's header has no signature of the scheme's form").into());
    }
    Ok(signatures)
}

fn items<'h>(recipe: &'h Recipe, header: &'h str) -> Box<dyn Iterator<Item = &'h str> + 'h> {
    match &recipe.separator {
        Some(separator) => Box::new(header.split(&**separator).map(str::trim)),
        None => Box::new(std::iter::once(header)),
    }
}

/// The time as it is written, and what it says.
fn time(recipe: &Recipe, header: &str, presented: &Presented<'_>) -> Result<Option<(String, Millis)>, Refused> {
    let Some(stamp) = &recipe.timestamp else { return Ok(None) };
    let text = match &stamp.source {
        Source::Header(name) => presented.header(name)?.to_owned(),
        Source::Member(names) => {
            fields::member(presented.body, names).ok_or(Reason::Malformed("the body has no time where it should"))?
        }
        Source::Item(prefix) => {
            let mut times = items(recipe, header).filter_map(|item| item.strip_prefix(prefix));
            let first = times.next().ok_or(Reason::Malformed("the signature's header has no time"))?;
            if times.next().is_some() {
                return Err(Reason::Malformed("the signature's header has two times").into());
            }
            first.to_owned()
        }
    };
    let at = fields::stamp(&text, stamp.unit_ms)?;
    Ok(Some((text, at)))
}

/// What is signed; nothing where the secret goes.
fn pieces<'p>(
    recipe: &'p Recipe,
    url: Option<&'p str>,
    time: Option<&'p str>,
    presented: &Presented<'p>,
) -> Result<Vec<Option<Cow<'p, [u8]>>>, Refused> {
    let piece = |piece: &'p Piece| {
        let text = match piece {
            Piece::Secret => return Ok(None),
            Piece::Body => return Ok(Some(Cow::Borrowed(presented.body))),
            Piece::SortedForm => return Ok(Some(Cow::Owned(twilio::sorted_form(presented)))),
            Piece::Text(text) => text,
            Piece::Timestamp => time.ok_or(Reason::Malformed("the time is missing"))?,
            Piece::Url => url.ok_or(Reason::Malformed("where the sender posts to is not known"))?,
            Piece::Header(name) => presented.header(name)?,
            Piece::Id => match recipe.ids.first() {
                Some(Source::Header(name)) => presented.header(name)?,
                _ => return Err(Reason::Malformed("the id is missing").into()),
            },
        };
        Ok(Some(Cow::Borrowed(text.as_bytes())))
    };
    recipe.signed.iter().map(piece).collect()
}

/// The key that a secret stands for; never an empty one, which anybody has.
fn key(encoding: SecretEncoding, secret: &SecretString) -> Option<SecretSlice<u8>> {
    let text = secret.expose_secret();
    let bytes = match encoding {
        SecretEncoding::Text => Some(text.as_bytes().to_vec()),
        SecretEncoding::Base64 => BASE64.decode(text).ok(),
        SecretEncoding::Hex => unhex(text),
        SecretEncoding::Whsec => BASE64.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok(),
    };
    bytes.filter(|bytes| !bytes.is_empty()).map(SecretSlice::from)
}
