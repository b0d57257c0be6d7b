//! JSON as ECMAScript reads and writes it: `JSON.parse`, then `JSON.stringify`, in one pass and without a tree.
//!
//! Everything that enters the house as JSON (a request's body, what a guest hands over) becomes a [`JsonText`] here. A
//! string that a caller supplied stays JSON text, quotes and all, for as long as we hold it: an OpenClaw string may hold
//! a lone surrogate (`"\ud800"`), which neither a Rust string nor an SQLite text can.

mod literal;
mod number;
mod order;
mod part;
mod read;
mod scan;
mod space;
#[cfg(test)]
mod tests;
mod text;
mod value;

use std::fmt;

pub use literal::quote;
pub use part::JsonPart;
pub use text::{JsonKind, JsonText};
pub use value::value_lossy;

/// How many arrays and objects may stand inside each other. The real gateway takes 500 and breaks at 5 000; the store's
/// own JSON functions stop at 1 000 too.
pub const MAX_DEPTH: usize = 1000;

/// The stack of a thread that reads texts of [`MAX_DEPTH`] levels into trees. Objects inside each other take 1.1 MiB of it in a release build
/// and 3.1 MiB in a debug build, and whoever looks into the tree has frames of its own; tokio's threads have 2 MiB unless told otherwise.
pub const STACK_BYTES: usize = 8 << 20;

/// Why a text is no JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Nothing but white space.
    Empty,
    /// The grammar is broken at this byte of the text (counted after repair of its UTF-8).
    Syntax {
        /// Bytes before the offending one.
        offset: usize,
    },
    /// More than [`MAX_DEPTH`] levels.
    TooDeep,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("expected a JSON value, found nothing"),
            Self::Syntax { offset } => write!(f, "not valid JSON: unexpected input at byte {offset}"),
            Self::TooDeep => write!(f, "not accepted: JSON nested deeper than {MAX_DEPTH} levels"),
        }
    }
}

impl std::error::Error for JsonError {}

/// The canonical text of the one JSON value in `body`.
///
/// Invalid UTF-8 becomes U+FFFD, and white space around the value is what JavaScript's `trim` takes for it (a byte order
/// mark, U+00A0, U+3000…). Inside, the grammar is strict. Of duplicate members the last value wins, at the place of the
/// first; members named like array indices come first, ascending; numbers are doubles, and one beyond their range reads
/// `1e999` or `-1e999`, so that whoever checks the value can still refuse it. A member `__proto__` is dropped, as in the
/// real gateway, except on the outermost object, where the real one sees (and refuses) it.
pub fn canonical(body: &[u8]) -> Result<JsonText, JsonError> {
    let text = String::from_utf8_lossy(body);
    let value = space::trim_end(&text);
    let from = value.len() - space::trim_start(value).len();
    if from == value.len() {
        return Err(JsonError::Empty);
    }
    scan::canonical(value, from).map(JsonText::of_canonical)
}
