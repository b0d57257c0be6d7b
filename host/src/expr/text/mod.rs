//! Texts with references and expressions in them: `deploy of ${webhook.body.branch}: $test.stdout`.
//!
//! The author writes the text and a sender only the data: a value that is put in is never looked at again, whatever dollars and braces it
//! holds. `$$` is a dollar sign, and a dollar sign before anything but a name or a brace (`$5`) is one too.

mod condition;
mod template;
#[cfg(test)]
mod tests;

pub use condition::Condition;
pub use template::Template;

use serde_json::Value;

use super::formula::Formula;
use super::reference::{Reference, Values};
use super::rewrite;
use super::scope::Scope;
use super::text_error::TextError;

/// Longest text that comes of one with its values put in: what a tool or a program can be expected to take.
pub const RENDERED_MAX_BYTES: usize = 4 << 20;

/// A text with references, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    pieces: Vec<Piece>,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text that is only text.
    Plain(String),
    /// What a value is put in for.
    Formula(Formula),
}

impl Text {
    /// Reads a text; the first reference that leads nowhere is the error.
    pub fn parse(text: &str, scope: &Scope) -> Result<Self, TextError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            plain.push_str(&rest[..at]);
            rest = &rest[at..];
            if rest.starts_with("$$") {
                plain.push('$');
                rest = &rest[2..];
            } else if let Some((formula, bytes)) = formula_at(rest, scope)? {
                if !plain.is_empty() {
                    pieces.push(Piece::Plain(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Formula(formula));
                rest = &rest[bytes..];
            } else {
                plain.push('$');
                rest = &rest[1..];
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Plain(plain));
        }
        Ok(Self { pieces })
    }

    /// A text that is only text.
    pub fn plain(text: &str) -> Self {
        Self { pieces: if text.is_empty() { Vec::new() } else { vec![Piece::Plain(text.to_owned())] } }
    }

    /// The pieces, in their order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The text, if there is no reference in it.
    pub fn as_plain(&self) -> Option<&str> {
        match &self.pieces[..] {
            [] => Some(""),
            [Piece::Plain(text)] => Some(text),
            _ => None,
        }
    }

    /// The one formula that all of the text is.
    pub fn as_formula(&self) -> Option<&Formula> {
        match &self.pieces[..] {
            [Piece::Formula(formula)] => Some(formula),
            _ => None,
        }
    }

    /// What it refers to, in the order of the text.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.pieces.iter().flat_map(|piece| match piece {
            Piece::Plain(_) => &[][..],
            Piece::Formula(formula) => formula.references(),
        })
    }

    /// Its value: a text that is one reference or expression keeps the type of what that yields; any other is a string.
    pub fn value(&self, values: &Values) -> Result<Value, TextError> {
        match self.as_formula() {
            Some(formula) => formula.value(values),
            None => self.render(values).map(Value::String),
        }
    }

    /// The text with its values put in: texts as they are, nothing for `null`, lists and objects as JSON.
    pub fn render(&self, values: &Values) -> Result<String, TextError> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Formula(formula) => text.push_str(&as_text(formula.value(values)?)),
            }
            if text.len() > RENDERED_MAX_BYTES {
                return Err(TextError::TooLarge);
            }
        }
        Ok(text)
    }
}

/// A value as it is put into a text.
pub fn as_text(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// The reference or expression that starts with this dollar sign, and how many bytes it has; nothing if it is only a dollar sign.
pub fn formula_at(text: &str, scope: &Scope) -> Result<Option<(Formula, usize)>, TextError> {
    if let Some(inside) = text.strip_prefix("${") {
        let (formula, bytes) = Formula::parse_braced(inside, scope)?;
        return Ok(Some((formula, bytes + "${}".len())));
    }
    let Some(named) = text.strip_prefix('$').filter(|named| begins_name(named)) else { return Ok(None) };
    let Some(name_bytes) = scope.longest_name(named) else {
        let end = named.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(named.len());
        return Err(scope.unknown(&named[..end]));
    };
    let (reference, bytes) = rewrite::reference(named, name_bytes, scope, false)?;
    if let Some(hyphen) = doubtful_hyphen(&named[name_bytes..bytes], &named[bytes..], &reference) {
        return Err(hyphen);
    }
    Ok(Some((Formula::of(reference), bytes + 1)))
}

/// Whether a name starts here.
pub fn begins_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// `$a.json.b-c`: whether `c` is text or a part of the member is not to be guessed. After a member that is known there is no doubt.
fn doubtful_hyphen(members: &str, after: &str, reference: &Reference) -> Option<TextError> {
    let after = after.strip_prefix('-')?;
    let after =
        &after[..after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(after.len())];
    let (of, member) = reference.as_str().rsplit_once('.')?;
    let is_free = reference.leads_into_json() && !members.ends_with(']');
    (begins_name(after) && is_free).then(|| TextError::Hyphen {
        reference: reference.as_str().to_owned(),
        of: of.to_owned(),
        member: member.to_owned(),
        after: after.to_owned(),
    })
}
