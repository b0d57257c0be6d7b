//! What callers of a hook door present: one secret, or several while one takes the place of another.

use secrecy::ExposeSecret;

use crate::config::field::Field;
use crate::config::provider::SecretSpec;
use crate::config::secrets::{self, Declared};
use crate::config::tree::Value;

/// Secrets of one door at once: the new one, the old one, and some for senders that are slow to change.
const TOKENS_MAX: usize = 8;
/// What is shorter can be guessed by somebody with time. `openssl rand -hex 32` makes 64.
const LENGTH_ADVISED: usize = 24;

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
    if let SecretSpec::Plain(secret) = &spec {
        let secret = secret.expose_secret();
        if secret.starts_with("$(") {
            field.problem("is the text of a shell command; run it, and put in what it prints");
            return None;
        }
        if secret.chars().count() < LENGTH_ADVISED {
            let advice = "`openssl rand -hex 32` prints a good one";
            field.warn(format!("{}: shorter than {LENGTH_ADVISED} characters; {advice}", field.path));
        }
    }
    Some(spec)
}
