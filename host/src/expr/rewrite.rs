//! From an expression of a workflow to CEL: every reference becomes a variable of its own, so that hyphens in names are no subtraction
//! and what is missing is `null`. The rest goes over as it is written, and the other way is open for messages: CEL's columns are
//! those of the rewritten text.

use super::reference::{Part, Reference};
use super::scope::{Scope, short};
use super::text_error::TextError;

/// What the variable of the first reference is called; no author's name begins so.
const VARIABLE: &str = "_r";

/// Words of CEL itself.
const WORDS: [&str; 4] = ["true", "false", "null", "in"];
/// Names of types, as `check` has them.
const TYPES: [&str; 10] = super::check::TYPES;
/// What binds a name inside its parentheses.
const BINDERS: [&str; 5] = ["exists", "exists_one", "all", "map", "filter"];

/// An expression in CEL.
pub(super) struct Rewritten {
    pub cel: String,
    /// The reference behind each variable, in their order.
    pub references: Vec<Reference>,
    /// How many characters of CEL and of the author's text lie before each place where they part.
    places: Vec<(usize, usize)>,
}

impl Rewritten {
    /// The column of the author's text, from 1, for one of the CEL.
    pub fn column(&self, cel_column: usize) -> usize {
        let before = self.places.iter().rev().find(|(cel, _)| *cel < cel_column);
        before.map_or(cel_column, |(cel, written)| written + cel_column - cel)
    }
}

/// The name of a variable.
pub(super) fn variable(number: usize) -> String {
    format!("{VARIABLE}{number}")
}

/// The number of a variable.
pub(super) fn number(variable: &str) -> Option<usize> {
    variable.strip_prefix(VARIABLE)?.parse().ok()
}

/// Rewrites the expression at the beginning of `text`: up to the `}` that ends it if `braced`, else all of it. Says how many bytes it is.
pub(super) fn rewrite(text: &str, braced: bool, scope: &Scope) -> Result<(Rewritten, usize), TextError> {
    let out = Rewritten { cel: String::new(), references: Vec::new(), places: Vec::new() };
    let mut rewriter = Rewriter { text, at: 0, scope, out, open: Vec::new(), bound: Vec::new() };
    rewriter.all(braced)?;
    Ok((rewriter.out, rewriter.at))
}

struct Rewriter<'a> {
    text: &'a str,
    at: usize,
    scope: &'a Scope,
    out: Rewritten,
    /// What closes each bracket that is open, in CEL and here.
    open: Vec<Bracket>,
    /// Names that loops bind, with how many brackets were open outside of them.
    bound: Vec<(&'a str, usize)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Round,
    Square,
    Curly,
    /// `${`, which is a pair of parentheses in CEL.
    Dollar,
}

impl<'a> Rewriter<'a> {
    fn all(&mut self, braced: bool) -> Result<(), TextError> {
        let text = self.text;
        while let Some(c) = self.rest().chars().next() {
            match c {
                '}' if braced && self.open.is_empty() => return Ok(()),
                '"' | '\'' => self.string(c)?,
                '$' if self.rest().starts_with("${") => {
                    self.open.push(Bracket::Dollar);
                    self.put("(", 2);
                }
                '$' => {
                    let name = &self.rest()[1..];
                    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                        return Err(unusual("a `$` without a name", "a reference is `$name.member`"));
                    }
                    self.at += 1;
                    self.word(true)?;
                }
                c if c.is_ascii_alphabetic() || c == '_' => self.word(false)?,
                c if c.is_ascii_digit() => self.number(),
                '(' | '[' | '{' => {
                    self.open.push(match c {
                        '(' => Bracket::Round,
                        '[' => Bracket::Square,
                        _ => Bracket::Curly,
                    });
                    self.copy(1);
                }
                ')' | ']' | '}' => self.close(c),
                '/' if self.rest().starts_with("//") => {
                    return Err(unusual("`//`", "a comment belongs into the file, after `#`"));
                }
                '.' => self.members_of_value(),
                c if c.is_whitespace() || "+-*/%!<>=&|?:,".contains(c) => self.copy(c.len_utf8()),
                c => return Err(unusual(&format!("`{}`", short(&c.to_string())), "put text in quotes")),
            }
        }
        debug_assert_eq!(self.at, text.len());
        if braced { Err(TextError::Unended) } else { Ok(()) }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Takes bytes over as they are.
    fn copy(&mut self, bytes: usize) {
        self.out.cel.push_str(&self.text[self.at..self.at + bytes]);
        self.at += bytes;
    }

    /// Writes something else for so many bytes.
    fn put(&mut self, cel: &str, bytes: usize) {
        self.out.cel.push_str(cel);
        self.at += bytes;
        let place = (self.out.cel.chars().count(), self.text[..self.at].chars().count());
        self.out.places.push(place);
    }

    fn close(&mut self, c: char) {
        let closed = self.open.pop();
        // Where brackets do not match, CEL says so.
        if c == '}' && closed == Some(Bracket::Dollar) {
            self.put(")", 1);
        } else {
            self.copy(1);
        }
        let open = self.open.len();
        self.bound.retain(|(_, outside)| *outside < open);
    }

    fn string(&mut self, quote: char) -> Result<(), TextError> {
        if self.rest().starts_with(&quote.to_string().repeat(3)) {
            return Err(unusual("a text in three quotes", "use one, and `\\n` for a new line"));
        }
        let mut escaped = false;
        for (at, c) in self.rest().char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == quote => {
                    self.copy(at + 1);
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(unusual("a text without its closing quote", "close it"))
    }

    /// All numbers of JSON are doubles to CEL, which does not add `1` to one of them; so `1` is `1.0`, but where it counts items.
    fn number(&mut self) {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(rest.len());
        let is_whole = rest[..end].bytes().all(|b| b.is_ascii_digit());
        if is_whole && self.open.last() != Some(&Bracket::Square) {
            self.put(&format!("{}.0", &rest[..end]), end);
        } else {
            self.copy(end);
        }
    }

    /// `.member` of what is no reference, such as a call's value.
    fn members_of_value(&mut self) {
        let after = self.rest()[1..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let name = &self.rest()[1..after.map_or(self.rest().len(), |end| end + 1)];
        self.copy(1 + name.len());
        self.binds(name);
    }

    /// If the name before is one that binds another inside its parentheses, notes which.
    fn binds(&mut self, name: &str) {
        let Some(inside) = self.rest().strip_prefix('(') else { return };
        if !BINDERS.contains(&name) {
            return;
        }
        let inside = inside.trim_start();
        let bound = &inside[..inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len())];
        if !bound.is_empty() && !bound.starts_with('_') && inside[bound.len()..].trim_start().starts_with(',') {
            self.bound.push((bound, self.open.len()));
        }
    }

    /// A name: of a reference, of a loop's variable, of a function, or a word of CEL.
    fn word(&mut self, is_reference: bool) -> Result<(), TextError> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let word = &rest[..end];
        let is_bound = !is_reference && self.bound.iter().any(|(name, _)| *name == word);
        if is_bound || (!is_reference && WORDS.contains(&word)) {
            self.copy(end);
            return Ok(());
        }
        if rest[end..].starts_with(['"', '\'']) {
            return Err(unusual(&format!("`{word}` before a quote"), "write the text in plain quotes"));
        }
        if let Some(length) = self.scope.longest_name(rest) {
            return self.reference(length);
        }
        if !is_reference && rest[end..].trim_start().starts_with('(') {
            if word == "has" {
                return self.has();
            }
            self.copy(end);
            return Ok(());
        }
        if !is_reference && TYPES.contains(&word) {
            self.copy(end);
            return Ok(());
        }
        let whole = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        Err(match self.scope.unknown(&rest[..whole]) {
            TextError::UnknownName { name, advice } if !is_reference => {
                TextError::UnknownName { advice: format!("{advice}; a text stands in quotes, `'{name}'`"), name }
            }
            other => other,
        })
    }

    /// A reference whose name has so many bytes, and its members.
    fn reference(&mut self, name_bytes: usize) -> Result<(), TextError> {
        let (reference, bytes) = reference(self.rest(), name_bytes, self.scope, true)?;
        let number = self.out.references.len();
        self.out.references.push(reference);
        self.put(&variable(number), bytes);
        if self.rest().starts_with('.') {
            self.members_of_value();
        }
        Ok(())
    }

    /// `has(reference)`: whether it is there and not null. Of a loop's variable, CEL's own.
    fn has(&mut self) -> Result<(), TextError> {
        let inside = self.rest()["has".len()..].trim_start().strip_prefix('(').unwrap_or_default().trim_start();
        let inside = inside.strip_prefix('$').unwrap_or(inside);
        let first = &inside[..inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len())];
        if self.bound.iter().any(|(name, _)| *name == first) {
            self.copy("has".len());
            return Ok(());
        }
        let Some(length) = self.scope.longest_name(inside) else {
            return Err(self.scope.unknown(first));
        };
        let (reference, bytes) = reference(inside, length, self.scope, true)?;
        let after = inside[bytes..].trim_start();
        let Some(after) = after.strip_prefix(')') else {
            return Err(unusual("`has` of more than a reference", "write `has($step.json.member)`"));
        };
        let number = self.out.references.len();
        self.out.references.push(reference);
        let bytes = self.rest().len() - after.len();
        self.put(&format!("({} != null)", variable(number)), bytes);
        Ok(())
    }
}

/// Reads a reference whose name has so many bytes; says how many all of it has. Inside an expression a name before `(` is a function's.
pub(super) fn reference(
    text: &str,
    name_bytes: usize,
    scope: &Scope,
    in_expression: bool,
) -> Result<(Reference, usize), TextError> {
    let (name, mut rest) = text.split_at(name_bytes);
    let mut parts = Vec::new();
    loop {
        let (part, after) = if let Some(after) = rest.strip_prefix('.') {
            // Names of headers have hyphens.
            let in_headers = matches!(&parts[..], [Part::Key(first)] if first == "headers");
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || (in_headers && c == '-');
            let member = &after[..after.find(|c| !is_part(c)).unwrap_or(after.len())];
            let member = member.trim_end_matches('-');
            if member.is_empty() || (in_expression && after[member.len()..].starts_with('(')) {
                break;
            }
            (Part::Key(member.to_owned()), &after[member.len()..])
        } else if let Some((part, after)) = rest.strip_prefix('[').and_then(in_brackets) {
            (part, after)
        } else {
            break;
        };
        parts.push(part);
        rest = after;
    }
    Ok((scope.resolve(name, &parts)?, text.len() - rest.len()))
}

/// `0]` or `"a key"]`.
fn in_brackets(text: &str) -> Option<(Part, &str)> {
    let quote = text.chars().next()?;
    if quote == '"' || quote == '\'' {
        let (key, after) = text[1..].split_once(quote)?;
        return (!key.contains('\\')).then_some((Part::Key(key.to_owned()), after.strip_prefix(']')?));
    }
    let (index, after) = text.split_once(']')?;
    let is_index = !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit());
    Some((Part::Index(is_index.then(|| index.parse().ok())??), after))
}

fn unusual(what: &str, advice: &str) -> TextError {
    TextError::Unusual { what: what.to_owned(), advice: advice.to_owned() }
}
