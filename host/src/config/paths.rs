//! The paths on which the gateway answers. Each belongs to one door; two on one path would shadow each other.

use std::collections::HashMap;

use super::field::Field;
use super::problem::quoted;

/// Paths on which the gateway itself answers.
const OWN_PATHS: [&str; 2] = ["/healthz", "/readyz"];

/// And below this: the links that people are sent.
const OWN_PREFIX: &str = "/approvals/";

/// The paths that have an owner, with the place in the file that says so.
#[derive(Default)]
pub(super) struct Paths {
    exact: HashMap<String, String>,
    /// Everything under these, too.
    prefixes: HashMap<String, String>,
}

impl Paths {
    /// Gives the path to `owner`, or reports who has it.
    pub fn take(&mut self, path: &str, owner: &str, field: &Field<'_>) {
        if OWN_PATHS.contains(&path) || path.starts_with(OWN_PREFIX) {
            field.problem(format!("conflicts with {path}, where the gateway itself answers; choose another path"));
        }
        let same = self.exact.get_key_value(path);
        let above = self.prefixes.iter().find(|(prefix, _)| is_under(path, prefix));
        match same.or(above) {
            Some((taken, other)) => conflict(field, other, taken),
            None => _ = self.exact.insert(path.to_owned(), owner.to_owned()),
        }
    }

    /// Gives the path and everything under it to `owner`, or reports who has some of it.
    pub fn take_prefix(&mut self, path: &str, owner: &str, field: &Field<'_>) {
        if let Some(own) = OWN_PATHS.iter().find(|own| is_under(own, path)) {
            field.problem(format!("conflicts with {own}, where the gateway itself answers; choose another path"));
        }
        let below = self.exact.iter().find(|(taken, _)| is_under(taken, path));
        let around = self.prefixes.iter().find(|(prefix, _)| is_under(path, prefix) || is_under(prefix, path));
        match below.or(around) {
            Some((taken, other)) => conflict(field, other, taken),
            None => _ = self.prefixes.insert(path.to_owned(), owner.to_owned()),
        }
    }
}

fn conflict(field: &Field<'_>, other: &str, taken: &str) {
    field.problem(format!("conflicts with {other} ({}); choose another path", quoted(taken)));
}

/// Whether it is the prefix itself or below it.
fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// As OpenClaw does it: a leading `/` is added, one trailing `/` is taken off.
pub(super) fn normalised(path: &str) -> String {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    match path.strip_suffix('/') {
        Some("") | None => path,
        Some(stripped) => stripped.to_owned(),
    }
}

/// Whether a request can ask for the path: a URL has no other characters (RFC 3986, `pchar` and `/`).
pub(super) fn is_in_urls(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/".contains(&byte))
}
