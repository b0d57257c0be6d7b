//! What deliveries are signed with, and how. No message quotes a secret.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use secrecy::ExposeSecret;

use crate::model::Millis;

use super::super::field::Field;
use super::super::problem::quoted;
use super::super::provider::SecretSpec;
use super::super::reader::Section;
use super::super::secrets::{self, Declared, all};
use super::super::tree::Value;
use super::{Signing, SigningSecret};

/// Secrets of one endpoint. Each signs every delivery while it lasts, and rotation needs two.
const SECRETS_MAX: usize = 10;

/// What an ed25519 key is: its seed, or the seed and the public key behind it.
const ED25519_KEY_BYTES: [usize; 2] = [32, 64];

/// A prefix says what the base64 after it is: a key of both sides, or one half of a pair.
const SHARED: &str = "whsec_";
const PRIVATE: &str = "whsk_";
const PUBLIC: &str = "whpk_";

/// Base64 as receivers' libraries read it: padding may be missing, and bits that say nothing too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

const SCHEMES: [(&str, Signing); 6] = [
    ("openclaw", Signing::OpenClaw),
    ("standard", Signing::Standard),
    ("both", Signing::Both),
    ("dingtalk", Signing::DingTalk),
    ("feishu", Signing::Feishu),
    ("none", Signing::None),
];

/// `secret` or `secrets`, and `signing`.
pub(super) fn read(section: &Section<'_>, declared: &Declared) -> Option<(Vec<SigningSecret>, Signing)> {
    let written = read_secrets(section, declared);
    let field = section.field("signing");
    let has_secret = section.field("secret").is_present() || section.field("secrets").is_present();
    let signing = match (field.is_present(), has_secret) {
        (true, _) => field.choice(&SCHEMES)?,
        (false, true) => Signing::OpenClaw,
        (false, false) => Signing::None,
    };
    match (signing, has_secret) {
        (Signing::None, true) => {
            field.warn(format!("{}: nothing is signed, and the secret is not used", field.path));
        }
        (Signing::None, false) | (_, true) => {}
        (_, false) => field.problem("needs a secret; add `secret`"),
    }
    let written = written?;
    check(&written, signing);
    Some((written.into_iter().map(|(_, secret)| secret).collect(), signing))
}

type Written<'a> = Vec<(Field<'a>, SigningSecret)>;

fn read_secrets<'a>(section: &Section<'a>, declared: &Declared) -> Option<Written<'a>> {
    let one = section.field("secret");
    let several = section.field("secrets");
    match (one.is_present(), several.is_present()) {
        (false, false) => Some(Vec::new()),
        (true, false) => {
            let spec = secrets::read_credential(&one, declared)?;
            Some(vec![(one, SigningSecret { spec, expires_at: None })])
        }
        (true, true) => {
            several.problem("not together with `secret`; put that one into the list");
            None
        }
        (false, true) => read_list(&several, declared),
    }
}

fn read_list<'a>(field: &Field<'a>, declared: &Declared) -> Option<Written<'a>> {
    let items = field.items();
    if matches!(field.value(), Some(Value::List(_))) && !(1..=SECRETS_MAX).contains(&items.len()) {
        field.problem(format!("must be 1 to {SECRETS_MAX} secrets"));
        return None;
    }
    let read = all(items.iter().collect(), |item| read_one(item, declared))?;
    if !read.is_empty() && read.iter().all(|secret| secret.expires_at.is_some()) {
        field.warn(format!("{}: every secret expires; past its time the last of the list goes on signing, so write the next one in before", field.path));
    }
    Some(items.into_iter().zip(read).collect())
}

/// A secret, or `{value, expiresAt}`.
fn read_one(field: &Field<'_>, declared: &Declared) -> Option<SigningSecret> {
    let has =
        |key: &str| matches!(field.value(), Some(Value::Map(entries)) if entries.iter().any(|entry| entry.key == key));
    if !has("value") && !has("expiresAt") {
        return Some(SigningSecret { spec: secrets::read_credential(field, declared)?, expires_at: None });
    }
    let section = field.section(&["value", "expiresAt"]);
    let spec = secrets::read_credential(&section.field("value"), declared);
    let expires_at = read_time(&section.field("expiresAt"));
    Some(SigningSecret { spec: spec?, expires_at: expires_at? })
}

/// The time, `None` if there is none, nothing if it is wrong.
fn read_time(field: &Field<'_>) -> Option<Option<Millis>> {
    if !field.is_present() {
        return Some(None);
    }
    let text = field.text()?;
    match text.parse::<Timestamp>() {
        Ok(time) => Some(Some(Millis(time.as_millisecond()))),
        Err(_) => {
            field.problem(format!("must be a time such as 2026-12-01T00:00:00Z, found {}", quoted(&text)));
            None
        }
    }
}

/// What would only be noticed when the first delivery cannot be signed. A secret behind a reference is not known here.
fn check(written: &[(Field<'_>, SigningSecret)], signing: Signing) {
    let plain: Vec<_> = written.iter().filter_map(|(field, secret)| Some((field, plain(secret)?))).collect();
    let is_private = |text: &str| text.starts_with(PRIVATE) || text.starts_with(PUBLIC);
    let shared = !matches!(signing, Signing::Standard | Signing::None);
    if shared
        && let [(first, _), ..] = plain[..]
        && plain.len() == written.len()
        && plain.iter().all(|(_, text)| is_private(text))
    {
        first
            .problem("this `signing` needs a secret that the receiver has too; an ed25519 key is for `standard` alone");
        return;
    }
    for (field, text) in plain {
        if [SHARED, PRIVATE, PUBLIC].contains(&text) {
            field.problem("nothing follows the prefix");
        } else if matches!(signing, Signing::Standard | Signing::Both) && !is_standard(text) {
            field.problem(
                "for this `signing` a secret is `whsec_` and base64, or `whsk_` and the base64 of an ed25519 key; \
                 `openssl rand -base64 32` makes one",
            );
        }
    }
}

fn plain(secret: &SigningSecret) -> Option<&str> {
    match &secret.spec {
        SecretSpec::Plain(text) => Some(text.expose_secret()),
        SecretSpec::Missing(_) | SecretSpec::Ref(_) => None,
    }
}

fn is_standard(text: &str) -> bool {
    match text.strip_prefix(PRIVATE) {
        Some(key) => BASE64.decode(key).is_ok_and(|key| ED25519_KEY_BYTES.contains(&key.len())),
        None => BASE64.decode(text.strip_prefix(SHARED).unwrap_or(text)).is_ok_and(|key| !key.is_empty()),
    }
}
