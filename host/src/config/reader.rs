//! Walks the tree and collects what is wrong. A [`Section`] is a map whose keys are known beforehand, a [`Field`] one
//! value with its path; reading a value that is wrong reports it and returns nothing, so that the reader can go on.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::ops::RangeInclusive;

use crate::model::js_trim;

use super::env::{Env, substitute};
use super::problem::{Problem, quoted};
use super::suggest::closest;
use super::tree::{Entry, Node, Value};

/// Where the walk keeps what it found.
pub(super) struct Reader<'a> {
    file: &'a str,
    env: &'a Env,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<String>>,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, env: &'a Env) -> Self {
        Self { file, env, problems: RefCell::default(), warnings: RefCell::default() }
    }

    /// The whole file.
    pub fn root(&'a self, node: &'a Node) -> Field<'a> {
        self.report_repeated_keys(node, "");
        Field { reader: self, path: String::new(), line: node.line, node: Some(node), muted: false }
    }

    pub fn warn(&self, warning: String) {
        self.warnings.borrow_mut().push(warning);
    }

    pub fn finish(self) -> (Vec<Problem>, Vec<String>) {
        (self.problems.into_inner(), self.warnings.into_inner())
    }

    fn report(&self, line: usize, path: &str, message: impl Into<String>) {
        let problem =
            Problem { file: self.file.to_owned(), line: Some(line), path: path.to_owned(), message: message.into() };
        self.problems.borrow_mut().push(problem);
    }

    /// Of two equal keys one would silently win.
    fn report_repeated_keys(&self, node: &Node, path: &str) {
        match &node.value {
            Value::List(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(at, item)| self.report_repeated_keys(item, &format!("{path}[{at}]")));
            }
            Value::Map(entries) => {
                let mut first_lines = HashMap::new();
                for entry in entries {
                    let path = join(path, &entry.key);
                    if let Some(first) = first_lines.get(entry.key.as_str()) {
                        self.report(entry.line, &path, format!("written twice, first on line {first}; keep one"));
                    } else {
                        first_lines.insert(entry.key.as_str(), entry.line);
                    }
                    self.report_repeated_keys(&entry.node, &path);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        }
    }
}

/// A map with a known set of keys.
pub(super) struct Section<'a> {
    reader: &'a Reader<'a>,
    path: String,
    line: usize,
    entries: &'a [Entry],
    /// The map itself was wrong and is reported; what is missing from it needs no report of its own.
    muted: bool,
}

impl<'a> Section<'a> {
    /// The value under one of the known keys.
    pub fn field(&self, key: &str) -> Field<'a> {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        Field {
            reader: self.reader,
            path: join(&self.path, key),
            line: entry.map_or(self.line, |entry| entry.node.line),
            node: entry.map(|entry| &entry.node),
            muted: self.muted,
        }
    }
}

/// One value, there or not.
pub(super) struct Field<'a> {
    reader: &'a Reader<'a>,
    pub path: String,
    pub line: usize,
    node: Option<&'a Node>,
    muted: bool,
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
            self.reader.report(entry.line, &join(&self.path, &entry.key), message);
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

/// `a.b`, or `a["b c"]` for a key that would not read well.
fn join(path: &str, key: &str) -> String {
    let plain = !key.is_empty()
        && key.len() <= 64
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$'));
    match (path, plain) {
        ("", true) => key.to_owned(),
        (_, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[{}]", quoted(key).replace('`', "\"")),
    }
}
