//! What callers of a hook door present: one secret, or several while one takes the place of another.

use crate::config::field::Field;
use crate::config::provider::SecretSpec;
use crate::config::secrets::{self, Declared};
use crate::config::tree::Value;

/// Secrets of one door at once: the new one, the old one, and some for senders that are slow to change.
const TOKENS_MAX: usize = 8;

/// One secret or a list of them.
pub(in crate::config) fn read(field: &Field<'_>, declared: &Declared) -> Option<Vec<SecretSpec>> {
    let items = match field.value() {
        Some(Value::List(_)) => field.items(),
        _ => return read_one(field, declared).map(|one| vec![one]),
    };
    if items.is_empty() || items.len() > TOKENS_MAX {
        field.problem(format!("must have 1 to {TOKENS_MAX} secrets"));
        return None;
    }
    secrets::all(items, |item| read_one(item, declared))
}

fn read_one(field: &Field<'_>, declared: &Declared) -> Option<SecretSpec> {
    let spec = secrets::read_credential(field, declared)?;
    secrets::warn_if_short(field, &spec);
    Some(spec)
}
