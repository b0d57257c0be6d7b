//! The way from a name to a value: `webhook.body.items.0`. What is not there is `null`, as in the dialects that this serves.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// One turn of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A member of an object; of a list, if it is a number.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Index(at) => write!(f, "{at}"),
        }
    }
}

/// A reference that was checked: it can lead somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    written: String,
    root: String,
    way: Vec<Part>,
    is_free: bool,
}

impl Reference {
    pub(super) fn new(written: String, root: String, way: Vec<Part>, is_free: bool) -> Self {
        Self { written, root, way, is_free }
    }

    /// As it was written, without `$` and braces, with dots.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The name in [`Values`] from which it goes out.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The member right after the root, if it goes on.
    pub fn first_member(&self) -> Option<&str> {
        match self.way.first()? {
            Part::Key(key) => Some(key),
            Part::Index(_) => None,
        }
    }

    /// Whether its last member is one that the author chose, such as a key of a request's body.
    pub(super) fn leads_into_json(&self) -> bool {
        self.is_free
    }

    /// The value that it leads to, if it is there.
    pub fn find<'a>(&self, values: &'a Values) -> Option<&'a Value> {
        let mut value = values.get(&self.root)?;
        for part in &self.way {
            value = match (value, part) {
                (Value::Object(members), Part::Key(key)) => members.get(key)?,
                (Value::Object(members), Part::Index(at)) => members.get(&at.to_string())?,
                (Value::Array(items), Part::Index(at)) => items.get(*at)?,
                (Value::Array(items), Part::Key(key)) => items.get(key.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value)
    }
}

/// What references lead to: JSON values under the names of the scope. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<String, Arc<Value>>);

impl Values {
    /// Sets the value of a name, instead of the one it had.
    pub fn set(&mut self, name: &str, value: impl Into<Arc<Value>>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Takes a name away.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).map(|value| &**value)
    }
}
