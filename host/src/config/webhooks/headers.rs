//! The headers that an endpoint adds to its deliveries. Names that HTTP or the signature needs are refused, and no value can
//! begin a header of its own.

use std::collections::HashSet;

use secrecy::ExposeSecret;

use super::super::field::Field;
use super::super::problem::quoted;
use super::super::provider::SecretSpec;
use super::super::secrets::{self, Declared};
use super::super::tree::Value;
use crate::model::{is_of_connection, is_token};

/// What is signed, or says so. Beside it nobody sets what is the connection's.
const RESERVED: [&str; 6] = [
    "x-openclaw-signature",
    "x-openclaw-timestamp",
    "x-openclaw-delivery",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

/// Headers of an endpoint. Receivers refuse a head with more than about a hundred.
const HEADERS_MAX: usize = 50;
/// Longest name, and longest value. Receivers refuse a head of more than 8 or 16 KiB.
const NAME_MAX_BYTES: usize = 128;
const VALUE_MAX_BYTES: usize = 4_096;

/// Names in lower case, with their values.
pub(super) fn read(field: &Field<'_>, declared: &Declared) -> Option<Vec<(String, SecretSpec)>> {
    let entries = field.entries();
    if entries.len() > HEADERS_MAX {
        field.problem(format!("has more than {HEADERS_MAX} headers, the most that receivers take"));
        return None;
    }
    let mut names = HashSet::new();
    let mut headers = Vec::new();
    for (written, field) in entries {
        let name = written.to_ascii_lowercase();
        if let Err(message) = check_name(&name) {
            field.problem(message);
        }
        if !names.insert(name.clone()) {
            field.problem("is there twice: upper and lower case do not count; keep one");
        }
        headers.extend(read_value(&field, declared).map(|value| (name, value)));
    }
    matches!(field.value(), None | Some(Value::Map(_))).then_some(headers)
}

fn check_name(name: &str) -> Result<(), String> {
    if name.len() > NAME_MAX_BYTES || !is_token(name) {
        return Err("is no name of a header: letters, digits and `-`".to_owned());
    }
    if RESERVED.contains(&name) || is_of_connection(name) {
        return Err(format!("the header {} is set by the gateway itself; remove it", quoted(name)));
    }
    Ok(())
}

fn read_value(field: &Field<'_>, declared: &Declared) -> Option<SecretSpec> {
    let spec = secrets::read_credential(field, declared)?;
    if let SecretSpec::Plain(value) = &spec
        && !is_value(value.expose_secret())
    {
        field
            .problem(format!("must be at most {VALUE_MAX_BYTES} bytes without line ends and other control characters"));
        return None;
    }
    Some(spec)
}

/// Visible characters, spaces and tabs, and what is beyond ASCII (RFC 9110, `field-value`).
fn is_value(value: &str) -> bool {
    value.len() <= VALUE_MAX_BYTES && value.bytes().all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
}
