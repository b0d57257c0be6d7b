//! A scheme that the operator describes: `{scheme: "hmac", header, signed: "{timestamp}.{body}", …}`.

use std::borrow::Cow;

use super::super::field::Field;
use super::super::problem::quoted;
use super::super::reader::Section;
use super::kinds::{header, optional_header};
use super::model::SchemeKind;
use super::public_url;
use super::recipe::{Algorithm, Encoding, Piece, Recipe, SecretEncoding, Source, Stamp};
use crate::model::is_token;

/// Its own keys.
pub(super) const KEYS: [&str; 11] = [
    "header",
    "prefix",
    "separator",
    "algorithm",
    "encoding",
    "signed",
    "timestampHeader",
    "timestampUnit",
    "idHeader",
    "secretEncoding",
    "url",
];

/// Longest text before and between signatures. The longest in use is ten characters.
const FIX_MAX_BYTES: usize = 64;
/// Longest `signed`. The longest in use is thirty characters.
const SIGNED_MAX_BYTES: usize = 512;

pub(super) fn read(section: &Section<'_>) -> Option<SchemeKind> {
    let name = header(&section.field("header"));
    let prefix = fix(&section.field("prefix"));
    let separator = fix(&section.field("separator"));
    let algorithm = or(&section.field("algorithm"), Algorithm::Sha256, &ALGORITHMS);
    let encoding = or(&section.field("encoding"), Encoding::Hex, &ENCODINGS);
    let secret_encoding = or(&section.field("secretEncoding"), SecretEncoding::Text, &SECRET_ENCODINGS);
    let unit_ms = or(&section.field("timestampUnit"), 1_000, &[("s", 1_000), ("ms", 1)]);
    let time = optional_header(&section.field("timestampHeader"));
    let id = optional_header(&section.field("idHeader"));
    let signed = signed(&section.field("signed"));
    let url = section.field("url");
    let url = if url.is_present() { public_url::read(&url).map(Some) } else { Some(None) };

    let (time, id, signed, url, unit_ms) = (time?, id?, signed?, url?, unit_ms?);
    agree(section, "{timestamp}", signed.contains(&Piece::Timestamp), "timestampHeader")?;
    agree(section, "{url}", signed.contains(&Piece::Url), "url")?;
    if signed.contains(&Piece::Id) && id.is_none() {
        section.field("signed").problem("has {id}, so `idHeader` must say where that stands");
        return None;
    }
    let recipe = Recipe {
        header: Cow::Owned(name?),
        prefix: Cow::Owned(prefix?.unwrap_or_default()),
        separator: separator?.map(Cow::Owned),
        algorithm: algorithm?,
        encoding: encoding?,
        signed: Cow::Owned(signed),
        timestamp: time.map(|time| Stamp { source: Source::Header(Cow::Owned(time)), unit_ms }),
        ids: Cow::Owned(id.into_iter().map(|id| Source::Header(Cow::Owned(id))).collect()),
        secret_encoding: secret_encoding?,
    };
    Some(SchemeKind::Hmac { recipe: Box::new(recipe), url })
}

const ALGORITHMS: [(&str, Algorithm); 3] =
    [("sha1", Algorithm::Sha1), ("sha256", Algorithm::Sha256), ("sha512", Algorithm::Sha512)];
const ENCODINGS: [(&str, Encoding); 2] = [("hex", Encoding::Hex), ("base64", Encoding::Base64)];
const SECRET_ENCODINGS: [(&str, SecretEncoding); 4] = [
    ("text", SecretEncoding::Text),
    ("base64", SecretEncoding::Base64),
    ("hex", SecretEncoding::Hex),
    ("whsec", SecretEncoding::Whsec),
];

fn or<T: Copy>(field: &Field<'_>, default: T, words: &[(&str, T)]) -> Option<T> {
    if field.is_present() { field.choice(words) } else { Some(default) }
}

/// A placeholder and the key that fills it come together: an unsigned time proves nothing, and a signed one must be found.
fn agree(section: &Section<'_>, placeholder: &str, is_signed: bool, key: &str) -> Option<()> {
    let field = section.field(key);
    match (is_signed, field.is_present()) {
        (true, false) => {
            section.field("signed").problem(format!("has {placeholder}, so `{key}` must say what that is"))
        }
        (false, true) => field
            .problem(format!("`signed` has no {placeholder}, so this proves nothing; put it there, or remove this")),
        (true, true) | (false, false) => return Some(()),
    }
    None
}

/// Text around signatures; blanks count.
fn fix(field: &Field<'_>) -> Option<Option<String>> {
    if !field.is_present() {
        return Some(None);
    }
    let text = field.verbatim()?;
    if text.is_empty() || text.len() > FIX_MAX_BYTES || !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        field.problem(format!("must be 1 to {FIX_MAX_BYTES} ASCII characters as they stand in the header"));
        return None;
    }
    Some(Some(text))
}

/// `{timestamp}.{body}` as its pieces. Left out, the body alone is signed.
fn signed(field: &Field<'_>) -> Option<Vec<Piece>> {
    if !field.is_present() {
        return Some(vec![Piece::Body]);
    }
    let text = field.verbatim()?;
    if text.len() > SIGNED_MAX_BYTES {
        field.problem(format!("must be at most {SIGNED_MAX_BYTES} bytes long"));
        return None;
    }
    let pieces = match pieces(&text) {
        Ok(pieces) => pieces,
        Err(message) => {
            field.problem(message);
            return None;
        }
    };
    if !pieces.contains(&Piece::Body) {
        field.problem("has no {body}: anybody who saw one request could send another body with its signature");
        return None;
    }
    Some(pieces)
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (literal, after) = rest.split_at(at);
        if !literal.is_empty() {
            pieces.push(Piece::Text(Cow::Owned(literal.to_owned())));
        }
        let (name, after) = after.strip_prefix('{').and_then(|after| after.split_once('}')).ok_or(UNEVEN)?;
        pieces.push(match name {
            "timestamp" => Piece::Timestamp,
            "id" => Piece::Id,
            "body" => Piece::Body,
            "url" => Piece::Url,
            _ => match name.strip_prefix("header:").filter(|name| is_token(name)) {
                Some(name) => Piece::Header(Cow::Owned(name.to_ascii_lowercase())),
                None => return Err(format!("has an unknown placeholder {}; {KNOWN}", quoted(name))),
            },
        });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(Cow::Owned(rest.to_owned())));
    }
    Ok(pieces)
}

const KNOWN: &str = "there are {timestamp}, {id}, {body}, {url} and {header:NAME}";
const UNEVEN: &str =
    "has a brace that opens or closes nothing; there are {timestamp}, {id}, {body}, {url} and {header:NAME}";
