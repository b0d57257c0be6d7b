//! The secrets of a scheme. No message quotes one.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::ExposeSecret;

use super::super::field::Field;
use super::super::provider::SecretSpec;
use super::super::reader::Section;
use super::super::secrets::{self, Declared, all};
use super::super::tree::Value;
use super::model::SchemeKind;
use super::recipe::SecretEncoding;

/// Active secrets of one door. Rotation needs two, and each is tried for every request.
const SECRETS_MAX: usize = 8;

/// What an ed25519 public key is.
const ED25519_PUBLIC_BYTES: usize = 32;

/// Base64 as libraries read it: padding may be missing, and bits that say nothing too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `secret` or `secrets`, or the door's own.
pub(super) fn read(section: &Section<'_>, own: Option<&[SecretSpec]>, declared: &Declared) -> Option<Vec<SecretSpec>> {
    let (one, several) = (section.field("secret"), section.field("secrets"));
    match (one.is_present(), several.is_present()) {
        (true, false) => Some(vec![read_one(&one, declared)?]),
        (false, true) => read_list(&several, declared),
        (true, true) => {
            several.problem("not together with `secret`; put that one into the list");
            None
        }
        (false, false) => {
            let own = own?;
            if own.is_empty() {
                one.problem("required: the secret that the sender has too, as a string or {source, provider, id}");
                return None;
            }
            Some(own.to_vec())
        }
    }
}

fn read_list(field: &Field<'_>, declared: &Declared) -> Option<Vec<SecretSpec>> {
    let items = field.items();
    if matches!(field.value(), Some(Value::List(_))) && !(1..=SECRETS_MAX).contains(&items.len()) {
        field.problem(format!("must be 1 to {SECRETS_MAX} secrets"));
        return None;
    }
    all(items, |item| read_one(item, declared)).filter(|secrets| !secrets.is_empty())
}

fn read_one(field: &Field<'_>, declared: &Declared) -> Option<SecretSpec> {
    let spec = secrets::read_credential(field, declared)?;
    secrets::warn_if_short(field, &spec);
    Some(spec)
}

/// What would only be noticed when every request is refused. A secret behind a reference is not known here.
pub(super) fn check(section: &Section<'_>, written: &[SecretSpec], kind: &SchemeKind) -> bool {
    let several = section.field("secrets");
    let places = if several.is_present() { several.items() } else { vec![section.field("secret")] };
    let mut is_right = true;
    for (at, spec) in written.iter().enumerate() {
        let SecretSpec::Plain(text) = spec else { continue };
        let wrong = problem_of(text.expose_secret(), kind);
        if let (Some(message), Some(place)) = (wrong, places.get(at).or(places.first())) {
            place.problem(message);
            is_right = false;
        }
    }
    is_right
}

fn problem_of(text: &str, kind: &SchemeKind) -> Option<&'static str> {
    let decodes = |text: &str| BASE64.decode(text).is_ok_and(|key| !key.is_empty());
    match kind {
        SchemeKind::StandardWebhooks | SchemeKind::Svix | SchemeKind::GitLabSigning => {
            if text.starts_with("whsk_") {
                return Some(
                    "is the sender's private key, which has no business here; give the `whpk_` key that belongs to it",
                );
            }
            let is_right = match text.strip_prefix("whpk_") {
                Some(key) => BASE64.decode(key).is_ok_and(|key| key.len() == ED25519_PUBLIC_BYTES),
                None => decodes(text.strip_prefix("whsec_").unwrap_or(text)),
            };
            (!is_right).then_some(
                "for this scheme a secret is `whsec_` and base64, or `whpk_` and the base64 of an ed25519 public key",
            )
        }
        SchemeKind::Hmac { recipe, .. } => match recipe.secret_encoding {
            SecretEncoding::Text => None,
            SecretEncoding::Base64 => (!decodes(text)).then_some("is not base64, as `secretEncoding` says"),
            SecretEncoding::Whsec => (!decodes(text.strip_prefix("whsec_").unwrap_or(text)))
                .then_some("is not `whsec_` and base64, as `secretEncoding` says"),
            SecretEncoding::Hex => {
                let is_hex =
                    !text.is_empty() && text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit());
                (!is_hex).then_some("is not pairs of hex digits, as `secretEncoding` says")
            }
        },
        _ => None,
    }
}
