//! The members of a body, as OpenClaw reads them.

use std::borrow::Cow;

use crate::json::{JsonKind, JsonPart, JsonText};
use crate::model::js_trim;

/// The members of an object, found once.
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, JsonPart<'a>)>);

impl<'a> Fields<'a> {
    pub fn of(payload: &'a JsonText) -> Self {
        Self(payload.part().members().collect())
    }

    /// The member, `null` too.
    pub fn get(&self, name: &str) -> Option<JsonPart<'a>> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// Whether it is there, whatever it is.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A string, trimmed, with something left of it.
    pub fn text(&self, name: &str) -> Option<String> {
        let text = self.string(name)?;
        let text = js_trim(&text);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A string as it is.
    pub fn string(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name)?.as_string_lossy()
    }

    /// Whether it is this very JSON.
    pub fn is(&self, name: &str, json: &str) -> bool {
        self.get(name).is_some_and(|value| value.as_str() == json)
    }

    /// A positive number, rounded down. Anything else counts for nothing.
    pub fn seconds(&self, name: &str) -> Option<u64> {
        let value = self.get(name).filter(|value| value.kind() == JsonKind::Number)?;
        let number: f64 = value.as_str().parse().ok()?;
        // Beyond u64 it saturates, and no run takes that long.
        (number.is_finite() && number > 0.0).then_some(number as u64)
    }
}
