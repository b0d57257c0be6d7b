//! One value of the file with its path. Reading a value that is wrong reports it and returns nothing.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::model::js_trim;

use super::env::{Env, substitute};
use super::problem::quoted;
use super::reader::{Reader, Section, join};
use super::suggest::closest;
use super::tree::{Entry, Node, Value};

/// One value, there or not.
pub(super) struct Field<'a> {
    pub reader: &'a Reader<'a>,
    pub path: String,
    pub line: usize,
    pub node: Option<&'a Node>,
    /// What it stands in is itself wrong and is reported; this needs no report of its own.
    pub muted: bool,
}

impl<'a> Field<'a> {
    pub fn is_present(&self) -> bool {
        self.node.is_some()
    }

    /// The value as it stands, for a choice by type.
    pub fn value(&self) -> Option<&'a Value> {
        self.node.map(|node| &node.value)
    }

    pub fn env(&self) -> &'a Env {
        self.reader.env
    }

    pub fn problem(&self, message: impl Into<String>) {
        if !self.muted {
            self.reader.report(self.line, &self.path, message);
        }
    }

    pub fn warn(&self, message: String) {
        self.reader.warn(message);
    }

    pub fn warn_here(&self, message: &str) {
        self.reader.warn_at(self.line, &self.path, message);
    }

    /// A name as it is written, or another if there is none.
    pub fn name_or(&self, other: &str) -> String {
        self.raw().map(str::trim).filter(|name| !name.is_empty()).unwrap_or(other).to_owned()
    }

    pub fn must_be(&self, wanted: &str) {
        match self.value() {
            None => self.problem(format!("required, {wanted}")),
            Some(Value::Null) => self.problem(format!("must be {wanted}, found null; give a value or remove the key")),
            Some(found @ (Value::Number(_) | Value::Bool(_))) if wanted.contains("string") => {
                self.problem(format!("must be {wanted}, found {}; put it in quotes", found.kind()));
            }
            Some(found) => self.problem(format!("must be {wanted}, found {}", found.kind())),
        }
    }

    /// A map with these keys and no others. Absent, it is an empty one.
    pub fn section(&self, keys: &[&str]) -> Section<'a> {
        let (entries, muted): (&[Entry], _) = match self.value() {
            None => (&[], self.muted),
            Some(Value::Map(entries)) => (entries, false),
            Some(_) => {
                self.must_be("a map");
                (&[], true)
            }
        };
        for entry in entries.iter().filter(|entry| !keys.contains(&entry.key.as_str())) {
            let advice = match closest(&entry.key, keys) {
                Some(key) => format!("did you mean `{key}`?"),
                None => format!("the keys here are {}", keys.join(", ")),
            };
            let message = format!("unknown key {}; {advice}", quoted(&entry.key));
            self.reader.report_strict(entry.line, &join(&self.path, &entry.key), &message);
        }
        Section { reader: self.reader, path: self.path.clone(), line: self.line, entries, muted }
    }

    /// The keys and values of a map whose keys the operator chooses.
    pub fn entries(&self) -> Vec<(&'a str, Field<'a>)> {
        match self.value() {
            None => Vec::new(),
            Some(Value::Map(entries)) => {
                let field = |entry: &'a Entry| Field {
                    reader: self.reader,
                    path: join(&self.path, &entry.key),
                    line: entry.line,
                    node: Some(&entry.node),
                    muted: false,
                };
                entries.iter().map(|entry| (entry.key.as_str(), field(entry))).collect()
            }
            Some(_) => {
                self.must_be("a map");
                Vec::new()
            }
        }
    }

    /// The items of a list. Absent, there are none.
    pub fn items(&self) -> Vec<Field<'a>> {
        match self.value() {
            None => Vec::new(),
            Some(Value::List(items)) => {
                let field = |(at, node): (usize, &'a Node)| Field {
                    reader: self.reader,
                    path: format!("{}[{at}]", self.path),
                    line: node.line,
                    node: Some(node),
                    muted: false,
                };
                items.iter().enumerate().map(field).collect()
            }
            Some(_) => {
                self.must_be("a list");
                Vec::new()
            }
        }
    }

    /// A string as it is written, `${…}` not yet put in.
    pub fn raw(&self) -> Option<&'a str> {
        match self.value()? {
            Value::Text(text) => Some(text),
            _ => {
                self.must_be("a string");
                None
            }
        }
    }

    /// A string with `${…}` put in, otherwise as it is; it may be blank.
    pub fn verbatim(&self) -> Option<String> {
        match substitute(self.raw()?, self.reader.env) {
            Ok(text) => Some(text),
            Err(missing) => {
                self.problem(format!("{}; set it, or write `$${{…}}` for the text itself", not_set(&missing)));
                None
            }
        }
    }

    /// A string with `${…}` put in, trimmed, and something left of it.
    pub fn text(&self) -> Option<String> {
        let text = self.verbatim()?;
        match js_trim(&text) {
            "" => {
                self.problem("must be a non-blank string");
                None
            }
            trimmed => Some(trimmed.to_owned()),
        }
    }

    pub fn required_text(&self) -> Option<String> {
        if !self.is_present() {
            self.must_be("a non-blank string");
        }
        self.text()
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let wanted = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        if !self.is_present() {
            self.must_be(&format!("one of {}", wanted()));
        }
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            self.problem(format!("must be one of {}, found {}", wanted(), quoted(&text)));
        }
        found.map(|(_, choice)| *choice)
    }

    pub fn flag(&self, default: bool) -> bool {
        match self.value() {
            None => default,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.must_be("true or false");
                default
            }
        }
    }

    /// A whole number in the range.
    pub fn number(&self, range: RangeInclusive<u32>) -> Option<u32> {
        let Value::Number(number) = *self.value()? else {
            self.must_be(&format!("a whole number from {} to {}", range.start(), range.end()));
            return None;
        };
        let whole = number.fract() == 0.0 && (f64::from(*range.start())..=f64::from(*range.end())).contains(&number);
        if !whole {
            self.problem(format!("must be a whole number from {} to {}, found {number}", range.start(), range.end()));
        }
        // Exact: it is whole and inside the range of u32.
        whole.then_some(number as u32)
    }
}

/// `environment variable A is not set`, for one or more.
fn not_set(names: &BTreeSet<String>) -> String {
    let listed = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len() {
        1 => format!("environment variable {listed} is not set"),
        _ => format!("environment variables {listed} are not set"),
    }
}
