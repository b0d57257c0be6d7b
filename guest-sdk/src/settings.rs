//! What the operator wrote for the transform of an endpoint or of a hook mapping, taken member by member. Whatever is not taken as it should be is a
//! [`Failure`] that names the member.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value};

use crate::{Failure, mend};

/// The members of a config. Take each with the function of its type, then [`finish`](Self::finish).
///
/// ```
/// # use sandclaw_sdk::Settings;
/// let mut settings = Settings::parse(r#"{"channel":"ops"}"#)?;
/// assert_eq!(settings.text("channel")?.as_deref(), Some("ops"));
/// assert!(!settings.flag("loud")?);
/// settings.finish()?;
/// # Ok::<(), sandclaw_sdk::Failure>(())
/// ```
#[derive(Debug)]
pub struct Settings {
    members: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Settings {
    /// Reads a config: a JSON object; `null` is an empty one. All that fails here fails with `bad_config`.
    pub fn parse(config: &str) -> Result<Self, Failure> {
        let members = match serde_json::from_str(&mend::mended(config)) {
            Ok(Value::Object(members)) => members,
            Ok(Value::Null) => Map::new(),
            Ok(other) => return Err(bad(&format!("the config is to be a map, not {}", kind(&other)))),
            Err(error) => return Err(bad(&format!("the config is no JSON: {error}"))),
        };
        Ok(Self { members, known: Vec::new() })
    }

    /// A string that is not blank.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>, Failure> {
        self.take(name).map(|value| string(name, value)).transpose()
    }

    /// One of these words; the first if there is none.
    pub fn choice(&mut self, name: &'static str, words: &[&'static str]) -> Result<&'static str, Failure> {
        let Some(given) = self.text(name)? else { return Ok(words.first().copied().unwrap_or_default()) };
        let listed = words.join(", ");
        let found = words.iter().copied().find(|word| *word == given);
        found.ok_or_else(|| bad(&format!("`{name}` is to be one of {listed}, not {given:?}")))
    }

    /// True or false; false if there is none.
    pub fn flag(&mut self, name: &'static str) -> Result<bool, Failure> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(wrong(name, "true or false", &other)),
        }
    }

    /// A list of strings that are not blank.
    pub fn texts(&mut self, name: &'static str) -> Result<Vec<String>, Failure> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => {
                let item = |(at, value)| string(&format!("{name}[{at}]"), value);
                values.into_iter().enumerate().map(item).collect()
            }
            Some(other) => Err(wrong(name, "a list of strings", &other)),
        }
    }

    /// A map of strings that are not blank.
    pub fn map(&mut self, name: &'static str) -> Result<BTreeMap<String, String>, Failure> {
        match self.take(name) {
            None => Ok(BTreeMap::new()),
            Some(Value::Object(members)) => {
                let member = |(key, value)| string(&format!("{name}.{key}"), value).map(|value| (key, value));
                members.into_iter().map(member).collect()
            }
            Some(other) => Err(wrong(name, "a map of strings", &other)),
        }
    }

    /// Fails if there is a member that nobody took.
    pub fn finish(self) -> Result<(), Failure> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(name) => Err(bad(&format!("`{name}` is not known here; there are {}", self.known.join(", ")))),
        }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.members.remove(name)
    }
}

fn string(name: &str, value: Value) -> Result<String, Failure> {
    match value {
        Value::String(string) if !string.trim().is_empty() => Ok(string.trim().to_string()),
        Value::String(_) => Err(bad(&format!("`{name}` is empty"))),
        other => Err(wrong(name, "a string", &other)),
    }
}

fn wrong(name: &str, wanted: &str, found: &Value) -> Failure {
    bad(&format!("`{name}` is to be {wanted}, not {}", kind(found)))
}

/// What is not quoted back: a value may be long, or private.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

fn bad(message: &str) -> Failure {
    Failure::new("bad_config", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<T: core::fmt::Debug>(outcome: Result<T, Failure>) -> String {
        let failure = outcome.unwrap_err();
        assert_eq!(failure.code, "bad_config");
        failure.message
    }

    #[test]
    fn what_is_wrong_is_told_with_its_name() {
        let mut settings = Settings::parse(r#"{"a":5,"b":" ","c":["x",null],"d":{"k":[]},"e":"no","f":"z"}"#).unwrap();
        assert_eq!(message(settings.text("a")), "`a` is to be a string, not a number");
        assert_eq!(message(settings.text("b")), "`b` is empty");
        assert_eq!(message(settings.texts("c")), "`c[1]` is to be a string, not null");
        assert_eq!(message(settings.map("d")), "`d.k` is to be a string, not a list");
        assert_eq!(message(settings.flag("e")), "`e` is to be true or false, not a string");
        assert_eq!(message(settings.choice("f", &["x", "y"])), "`f` is to be one of x, y, not \"z\"");
    }

    #[test]
    fn a_member_that_nobody_takes_is_a_mistake() {
        let mut settings = Settings::parse(r##"{"chanel":"#ops"}"##).unwrap();
        settings.text("channel").unwrap();
        assert_eq!(message(settings.finish()), "`chanel` is not known here; there are channel");
    }

    #[test]
    fn nothing_at_all_is_a_config_too() {
        for config in ["{}", "null"] {
            let mut settings = Settings::parse(config).unwrap();
            assert_eq!(settings.choice("format", &["text", "post"]), Ok("text"));
            assert_eq!(settings.texts("list").unwrap(), Vec::<String>::new());
            assert!(settings.map("map").unwrap().is_empty() && !settings.flag("flag").unwrap());
            settings.finish().unwrap();
        }
        assert_eq!(message(Settings::parse("[]")), "the config is to be a map, not a list");
        assert!(message(Settings::parse("{")).starts_with("the config is no JSON: "));
    }
}
