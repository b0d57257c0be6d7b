//! A canonical JSON value, and what can be asked of it without building a tree.

use std::borrow::Cow;
use std::fmt;

use super::{literal, read, space};

/// One JSON value as canonical text. Only this room makes them, so holding one is holding valid JSON.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct JsonText(String);

/// The six types of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// Any number, also one out of range.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl JsonKind {
    /// The word for it in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

impl JsonText {
    /// For text that is canonical already: what the scan made, a part of a canonical value, a column the store wrote.
    pub(crate) fn of_canonical(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A JSON string.
    pub fn string(text: &str) -> Self {
        let mut out = String::with_capacity(text.len() + 2);
        literal::quote(text, &mut out);
        Self(out)
    }

    /// The value `null`.
    pub fn null() -> Self {
        Self("null".into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, without copying it.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Is it `null`?
    pub fn is_null(&self) -> bool {
        self.0 == "null"
    }

    /// Its type.
    pub fn kind(&self) -> JsonKind {
        kind_of(&self.0)
    }

    /// An object's members in order, names decoded (a lone surrogate as U+FFFD), values as canonical text; `None` for other types.
    pub fn members(&self) -> Option<Vec<(Cow<'_, str>, &str)>> {
        (self.kind() == JsonKind::Object).then(|| read::each_member(&self.0).collect())
    }

    /// What a string says, a lone surrogate as U+FFFD; `None` for other types.
    pub fn as_string_lossy(&self) -> Option<Cow<'_, str>> {
        (self.kind() == JsonKind::String).then(|| literal::unquote_lossy(&self.0))
    }

    /// A number that is an integer from 0 to 2^53 - 1 (what ECMAScript calls safe); `None` for anything else.
    pub fn as_safe_integer(&self) -> Option<u64> {
        const MAX_SAFE: u64 = (1 << 53) - 1;
        let digits = self.0.bytes().all(|b| b.is_ascii_digit());
        self.0.parse().ok().filter(|&value| digits && value <= MAX_SAFE)
    }

    /// Does a number beyond the range of doubles stand anywhere in it?
    pub fn has_out_of_range_number(&self) -> bool {
        read::has_out_of_range_number(&self.0)
    }

    /// A string without white space at its ends, as JavaScript's `trim`; other types as they are.
    #[must_use]
    pub fn trimmed(self) -> Self {
        let Some(inside) = self.inside() else { return self };
        let from = inside_start(inside);
        let end = inside_end(inside);
        if from == 0 && end == inside.len() { self } else { Self(format!("\"{}\"", &inside[from.min(end)..end])) }
    }

    /// A string with each run of white space as one space and none at its ends; other types as they are.
    #[must_use]
    pub fn collapsed(self) -> Self {
        let Some(mut rest) = self.inside() else { return self };
        let mut out = String::with_capacity(rest.len() + 2);
        out.push('"');
        let mut gap = false;
        while let Some(piece) = space::piece(rest) {
            if !piece.space {
                if gap && out.len() > 1 {
                    out.push(' ');
                }
                out.push_str(&rest[..piece.len]);
            }
            gap = piece.space;
            rest = &rest[piece.len..];
        }
        out.push('"');
        Self(out)
    }

    /// Is it the string of no characters?
    pub fn is_empty_string(&self) -> bool {
        self.0 == "\"\""
    }

    /// What stands between the quotes of a string.
    fn inside(&self) -> Option<&str> {
        if self.kind() == JsonKind::String { self.0.get(1..self.0.len() - 1) } else { None }
    }
}

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The type of a canonical text.
pub(super) fn kind_of(text: &str) -> JsonKind {
    match text.as_bytes().first() {
        Some(b'"') => JsonKind::String,
        Some(b'{') => JsonKind::Object,
        Some(b'[') => JsonKind::Array,
        Some(b't' | b'f') => JsonKind::Boolean,
        Some(b'n') => JsonKind::Null,
        _ => JsonKind::Number,
    }
}

fn inside_start(inside: &str) -> usize {
    let mut at = 0;
    while let Some(piece) = space::piece(&inside[at..]).filter(|piece| piece.space) {
        at += piece.len;
    }
    at
}

/// Read from the front: from the back, `\\t` (a backslash and a t) and `\t` (a tab) look alike.
fn inside_end(inside: &str) -> usize {
    let mut at = 0;
    let mut end = 0;
    while let Some(piece) = space::piece(&inside[at..]) {
        at += piece.len;
        if !piece.space {
            end = at;
        }
    }
    end
}
