//! The `fields` argument: a JSON object whose members must be known and of their kind. Values stay text, so that whatever JSON can say
//! comes back as it went in.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::Refusal;

pub enum Kind {
    Text,
    NullableText,
    Json,
    Flag,
    Millis,
    OneOf(&'static [&'static str]),
}

pub const NOTIFY_POLICIES: Kind = Kind::OneOf(&["done_only", "state_changes", "silent"]);

pub struct Fields(BTreeMap<String, Box<RawValue>>);

impl Fields {
    pub fn read(text: &str, known: &[(&str, Kind)]) -> Result<Self, Refusal> {
        let members: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(text).map_err(|error| invalid(format!("fields: {error}")))?;
        for (name, value) in &members {
            match known.iter().find(|(known, _)| known == name) {
                None => return Err(invalid(format!("fields.{name} is not known here"))),
                Some((_, kind)) if !kind.allows(value.get()) => {
                    return Err(invalid(format!("fields.{name} cannot be {}", value.get())));
                }
                Some(_) => {}
            }
        }
        Ok(Self(members))
    }

    /// The text of a member.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.get())
    }

    /// The text of a member that must be there.
    pub fn require(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| invalid(format!("fields.{name} is missing")))
    }

    /// The text of a member that is there and not null.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| *value != "null")
    }

    pub fn owned(&self, name: &str) -> Option<String> {
        self.value(name).map(String::from)
    }

    /// Absent keeps, null clears, a value sets.
    pub fn change_text(&self, name: &str, stored: &mut Option<String>) {
        if self.get(name).is_some() {
            *stored = self.owned(name);
        }
    }

    /// As `change_text`, but a JSON member that was cleared shows as null.
    pub fn change_json(&self, name: &str, stored: &mut Option<String>) {
        if let Some(value) = self.get(name) {
            *stored = Some(value.to_string());
        }
    }
}

impl Kind {
    fn allows(&self, value: &str) -> bool {
        match self {
            Self::Text => value.starts_with('"') && !value.trim_matches('"').trim().is_empty(),
            Self::NullableText => value == "null" || Self::Text.allows(value),
            Self::Json => true,
            Self::Flag => matches!(value, "true" | "false"),
            Self::Millis => value.parse::<u64>().is_ok(),
            Self::OneOf(names) => names.contains(&value.trim_matches('"')),
        }
    }
}

pub fn invalid(message: String) -> Refusal {
    Refusal { code: "invalid_argument".into(), message, data: "{}".into() }
}
