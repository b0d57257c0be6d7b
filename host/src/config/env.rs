//! `${NAME}` in strings of the config file. The variables are handed in, so that a test needs none of the process.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Longest name of a variable in `${…}`, as in OpenClaw.
const NAME_MAX_CHARS: usize = 128;

/// Where environment variables come from. Cheap to clone.
#[derive(Clone)]
pub struct Env(Arc<Lookup>);

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Env {
    /// The variables of this process. One that is not UTF-8 counts as not set.
    pub fn process() -> Self {
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    /// Variables looked up by a function.
    pub fn new(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// The variable, if it is set. It may be empty.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Variables hold secrets.
        f.write_str("Env(..)")
    }
}

/// Puts the variables in for `${NAME}`; `$${NAME}` stands for `${NAME}` itself, and any other `$` for a dollar sign.
/// The error is the names that are not set, or empty, which counts the same: an empty credential is none.
pub(super) fn substitute(text: &str, env: &Env) -> Result<String, BTreeSet<String>> {
    let mut done = String::with_capacity(text.len());
    let mut missing = BTreeSet::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        done.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((name, after)) = reference(rest) {
            match env.get(name).filter(|value| !value.is_empty()) {
                Some(value) => done.push_str(&value),
                None => _ = missing.insert(name.to_owned()),
            }
            rest = after;
        } else if let Some((_, after)) = reference(&rest[1..]) {
            done.push_str(&rest[1..rest.len() - after.len()]);
            rest = after;
        } else {
            done.push('$');
            rest = &rest[1..];
        }
    }
    done.push_str(rest);
    if missing.is_empty() { Ok(done) } else { Err(missing) }
}

/// Splits `${NAME}rest` into name and rest.
fn reference(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix("${")?;
    // Looks no further than a name can reach, so that a long run of `${` costs no more than its length.
    let end = text.bytes().take(NAME_MAX_CHARS + 1).position(|b| b == b'}')?;
    let mut bytes = text[..end].bytes();
    let named = bytes.next().is_some_and(|b| b.is_ascii_uppercase())
        && bytes.all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    named.then(|| (&text[..end], &text[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let env = Env::new(|name| match name {
            "A" => Some("1".to_owned()),
            "B_2" => Some("${A}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        });
        let result = match substitute(text, &env) {
            Ok(text) => text,
            Err(missing) => format!("missing {}", missing.into_iter().collect::<Vec<_>>().join(" ")),
        };
        assert_eq!(result, expected, "{text}");
    }

    #[test]
    fn variables_are_put_in_once_and_escapes_taken_out() {
        check("plain", "plain");
        check("${A}", "1");
        check("pre-${A}${A}-post", "pre-11-post");
        check("${B_2}", "${A}");
        check("$${A} ${A}", "${A} 1");
        check("$$${A}", "$${A}");
        check("$ $$ ${ ${} ${a} ${A ${2A} ${A B} é$", "$ $$ ${ ${} ${a} ${A ${2A} ${A B} é$");
        check("$${lower}", "$${lower}");
    }

    #[test]
    fn every_variable_that_is_not_set_is_named() {
        check("${NO} ${A} ${EMPTY} ${NO}", "missing EMPTY NO");
        check(&format!("${{{}}}", "N".repeat(128)), &format!("missing {}", "N".repeat(128)));
        check(&format!("${{{}}}", "N".repeat(129)), &format!("${{{}}}", "N".repeat(129)));
    }
}
