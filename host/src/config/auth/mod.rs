//! `auth`, a key that every door may have: who may knock there, and how that is proven. Left out it means the door's own secret; nobody
//! is let in unasked unless `"none"` is written out. What is read here is data, and `auth` makes it into checks.

mod described;
mod keys;
mod kinds;
mod model;
mod public_url;
mod recipe;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use model::{AuthConfig, SchemeConfig, SchemeKind};
pub use public_url::PublicUrl;
pub use recipe::{Algorithm, Encoding, Piece, Recipe, SecretEncoding, Source, Stamp};

use super::field::Field;
use super::problem::quoted;
use super::provider::SecretSpec;
use super::reader::Section;
use super::secrets::Declared;
use super::tree::Value;

/// How far the time of a signature may be from ours: Standard Webhooks' number, and everybody's.
pub const TOLERANCE_DEFAULT: Duration = Duration::from_secs(300);
/// DingTalk's own number: its robots sign a time, and the signature is good for an hour.
pub const TOLERANCE_DINGTALK: Duration = Duration::from_secs(3_600);
/// Linear's own number.
pub const TOLERANCE_LINEAR: Duration = Duration::from_secs(60);
/// How long a signature without a time is remembered: as long as one with a time would be good.
pub const REPLAY_WINDOW_DEFAULT: Duration = Duration::from_secs(300);
/// The most of both. Every proof is a row for so long; a day outlives every queue that holds a request on its way.
const WINDOW_MAX_SECONDS: u32 = 86_400;

/// Reads `auth`. `own` is what the door's own secret was read to, empty if it has none, or `None` if it is wrong and reported: it is used
/// where `auth` is absent, `"bearer"`, or a scheme that brings no secret.
pub(super) fn read(field: &Field<'_>, own: Option<&[SecretSpec]>, declared: &Declared) -> Option<AuthConfig> {
    match field.value() {
        None => bearer(field, own),
        Some(Value::Text(_)) => match field.text()?.as_str() {
            "bearer" => bearer(field, own),
            "none" => {
                let who = "anybody who reaches this door is let in; give it a scheme, or close it to others with `allowedIps`";
                field.warn(format!("{}: {who}", field.path));
                Some(AuthConfig::Open)
            }
            other if kinds::is_word(other) => {
                field.problem(format!("write it as a map: {{ scheme: \"{other}\", secret: … }}"));
                None
            }
            other => {
                field.problem(format!(
                    "must be \"bearer\", \"none\" or a map such as {{ scheme: \"github\", secret: … }}, found {}",
                    quoted(other)
                ));
                None
            }
        },
        Some(Value::Map(_)) => read_map(field, own, declared),
        Some(_) => {
            field.must_be("the string \"bearer\" or \"none\", or a map with a `scheme`");
            None
        }
    }
}

/// Why a secret beside this `auth` would open nothing, if that is so. Somebody who wrote both counts on both.
pub(super) fn leaves_unused(field: &Field<'_>) -> Option<&'static str> {
    match field.value()? {
        Value::Text(word) if word.trim() == "none" => {
            Some("would be asked of nobody: `auth` is \"none\", which lets everybody in; remove one of them")
        }
        Value::Map(entries) if entries.iter().any(|entry| matches!(&*entry.key, "secret" | "secrets")) => {
            Some("would open nothing: `auth` has a secret of its own; remove this one, or put it into `auth.secrets`")
        }
        _ => None,
    }
}

/// The `auth` of a section whose bearer's secret stands beside it as `secret`, as OpenClaw has it.
pub(super) fn read_beside(
    section: &Section<'_>,
    read_secret: impl FnOnce(&Field<'_>) -> Option<SecretSpec>,
    declared: &Declared,
) -> Option<AuthConfig> {
    let (auth, secret) = (section.field("auth"), section.field("secret"));
    if auth.is_present() && !secret.is_present() {
        return read(&auth, Some(&[]), declared);
    }
    if let Some(why) = leaves_unused(&auth).filter(|_| secret.is_present()) {
        secret.problem(why);
    }
    let own = read_secret(&secret).map(|secret| vec![secret]);
    read(&auth, own.as_deref(), declared)
}

fn bearer(field: &Field<'_>, own: Option<&[SecretSpec]>) -> Option<AuthConfig> {
    let own = own?;
    if own.is_empty() {
        field.problem(
            "this door needs a credential; add a `secret` to it or a scheme here, or write \"none\" to let everybody in",
        );
        return None;
    }
    Some(AuthConfig::Bearer(own.to_vec()))
}

fn read_map(field: &Field<'_>, own: Option<&[SecretSpec]>, declared: &Declared) -> Option<AuthConfig> {
    let Some(word) = kinds::word_of(field) else {
        kinds::ask(field);
        return None;
    };
    let section = field.section(&kinds::keys(word));
    let kind = kinds::read(&section, word, declared);
    let secrets = keys::read(&section, own, declared);
    if word == kinds::BEARER {
        return secrets.map(AuthConfig::Bearer);
    }
    let kind = kind?;
    let (tolerance, replay_window) = windows(&section, &kind);
    let secrets = secrets?;
    keys::check(&section, &secrets, &kind).then_some(())?;
    Some(AuthConfig::Scheme(Box::new(SchemeConfig { kind, secrets, tolerance, replay_window: replay_window? })))
}

/// The tolerance if one is given, and the replay window. Each is for schemes of its own.
fn windows(section: &Section<'_>, kind: &SchemeKind) -> (Option<Duration>, Option<Duration>) {
    let seconds = |field: &Field<'_>| field.number(1..=WINDOW_MAX_SECONDS).map(|s| Duration::from_secs(s.into()));
    let (tolerance, window) = (section.field("toleranceSeconds"), section.field("replayWindowSeconds"));
    if matches!(kind, SchemeKind::GitLab) {
        // Has neither key, and no use for either: its token is the same in every request.
        return (None, Some(REPLAY_WINDOW_DEFAULT));
    }
    match kind.signs_time() {
        true if window.is_present() => {
            window.problem(
                "this scheme signs a time, and a signature is remembered while that is good; use toleranceSeconds",
            );
        }
        false if tolerance.is_present() => {
            tolerance.problem("this scheme signs no time; how long a signature is remembered is replayWindowSeconds");
        }
        _ => {}
    }
    let replay_window = if window.is_present() { seconds(&window) } else { Some(REPLAY_WINDOW_DEFAULT) };
    (seconds(&tolerance), replay_window)
}

/// The scheme of a map with these keys, which are known to be right.
#[cfg(test)]
pub fn kind_of(keys: &str) -> SchemeKind {
    tests::kind(keys)
}
