//! Writing a record as a JSON object, member by member, without a tree.

use std::fmt::Write;

use super::Millis;
use crate::json::{self, JsonText};

/// An object in the making. Members that are unset are left out.
pub(super) struct Members<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Members<'a> {
    pub fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    pub fn end(self) {
        self.out.push('}');
    }

    /// A value that is JSON text already.
    pub fn json(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.name(name);
            self.out.push_str(value);
        }
    }

    /// A string that a caller supplied.
    pub fn string(&mut self, name: &str, value: Option<&JsonText>) {
        self.json(name, value.map(JsonText::as_str));
    }

    /// Text of our own.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        json::quote(value, self.out);
    }

    pub fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        // Writing to a string cannot fail.
        let _ = write!(self.out, "{value}");
    }

    pub fn time(&mut self, name: &str, value: Option<Millis>) {
        if let Some(Millis(value)) = value {
            self.name(name);
            let _ = write!(self.out, "{value}");
        }
    }

    pub fn object<'n>(&mut self, name: &str, counters: impl Iterator<Item = (&'n str, u64)>) {
        self.name(name);
        let mut inner = Members::begin(self.out);
        for (name, value) in counters {
            inner.number(name, value);
        }
        inner.end();
    }

    fn name(&mut self, name: &str) {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }
}
