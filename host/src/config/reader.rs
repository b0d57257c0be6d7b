//! Walks the tree and collects what is wrong. A [`Section`] is a map whose keys are known beforehand, a [`Field`] one of
//! its values; a wrong one never ends the walk, so that all of them are found.

use std::cell::RefCell;
use std::collections::HashMap;

use super::env::Env;
use super::field::Field;
use super::problem::{Problem, quoted};
use super::tree::{Entry, Node, Value};

/// Where the walk keeps what it found.
pub(super) struct Reader<'a> {
    file: &'a str,
    pub env: &'a Env,
    /// Whether unknown keys are warnings: in a file that another program reads too.
    pub lenient: bool,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<String>>,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, env: &'a Env) -> Self {
        Self { file, env, lenient: false, problems: RefCell::default(), warnings: RefCell::default() }
    }

    /// The whole file.
    pub fn root(&'a self, node: &'a Node) -> Field<'a> {
        self.report_repeated_keys(node, "");
        Field { reader: self, path: String::new(), line: node.line, node: Some(node), muted: false }
    }

    pub fn warn(&self, warning: String) {
        self.warnings.borrow_mut().push(warning);
    }

    /// A warning about a place of the file.
    pub fn warn_at(&self, line: usize, path: &str, message: &str) {
        self.warn(format!("{}:{line}: {path}: {message}", self.file));
    }

    /// Something that is wrong in a file of ours, and passed over in one that another program reads too.
    pub fn report_strict(&self, line: usize, path: &str, message: &str) {
        if self.lenient { self.warn_at(line, path, message) } else { self.report(line, path, message) }
    }

    pub fn finish(self) -> (Vec<Problem>, Vec<String>) {
        (self.problems.into_inner(), self.warnings.into_inner())
    }

    pub fn report(&self, line: usize, path: &str, message: impl Into<String>) {
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
    pub reader: &'a Reader<'a>,
    pub path: String,
    pub line: usize,
    pub entries: &'a [Entry],
    /// The map itself was wrong and is reported; what is missing from it needs no report of its own.
    pub muted: bool,
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

/// `a.b`, or `a["b c"]` for a key that would not read well.
pub(super) fn join(path: &str, key: &str) -> String {
    let plain = !key.is_empty()
        && key.len() <= 64
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$'));
    match (path, plain) {
        ("", true) => key.to_owned(),
        (_, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[{}]", quoted(key).replace('`', "\"")),
    }
}
