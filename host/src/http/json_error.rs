//! What is wrong with a body that is no JSON, in the words of the parser that OpenClaw uses, V8's: senders' tests and people's eyes know them.

use crate::json::JsonError;
use crate::model::js_trim;

/// V8 shows so much of a text on either side of the place, and all of it if that is no more.
const AROUND_UNITS: usize = 10;

const PROPERTY_OR_END: &str = "Expected property name or '}' in JSON";
const PROPERTY: &str = "Expected double-quoted property name in JSON";
const COLON: &str = "Expected ':' after property name in JSON";
const COMMA_OR_BRACE: &str = "Expected ',' or '}' after property value in JSON";
const COMMA_OR_BRACKET: &str = "Expected ',' or ']' after array element in JSON";
const MORE: &str = "Unexpected non-whitespace character after JSON";
const STRING_END: &str = "Unterminated string in JSON";
const CONTROL: &str = "Bad control character in string literal in JSON";
const ESCAPE: &str = "Bad escaped character in JSON";
const UNICODE: &str = "Bad Unicode escape in JSON";
const MINUS: &str = "No number after minus sign in JSON";
const FRACTION: &str = "Unterminated fractional number in JSON";
const EXPONENT: &str = "Exponent part is missing a number in JSON";
const NUMBER: &str = "Unexpected number in JSON";
const STRING: &str = "Unexpected string in JSON";

/// The sentence for a body that could not be read.
pub(super) fn message(body: &[u8], error: JsonError) -> String {
    if matches!(error, JsonError::Empty | JsonError::TooDeep) {
        return format!("JSON body {error}");
    }
    let text = String::from_utf8_lossy(body);
    // The parser sees the text trimmed.
    let text = js_trim(&text);
    match (Walk { bytes: text.as_bytes(), at: 0 }).document() {
        Err(Fault { at, words: Some(words) }) => format!("{words} at {}", place(&text[..at])),
        Err(Fault { at, words: None }) => unexpected(text, at),
        Ok(()) => format!("JSON body {error}"),
    }
}

/// A character that nothing can begin with where it stands.
fn unexpected(text: &str, at: usize) -> String {
    let (before, rest) = text.split_at(at);
    let Some(found) = rest.chars().next() else { return "Unexpected end of JSON input".to_owned() };
    if ["NaN", "Infinity", "undefined", "[object Object]"].contains(&text) {
        return format!("\"{text}\" is not valid JSON");
    }
    let found = if found.len_utf16() == 1 { found } else { char::REPLACEMENT_CHARACTER };
    format!("Unexpected token '{found}', {} is not valid JSON", around(before, rest))
}

fn around(before: &str, rest: &str) -> String {
    let (units_before, units_behind) = (units(before), units(rest));
    if units_before + units_behind <= 2 * AROUND_UNITS {
        return format!("\"{before}{rest}\"");
    }
    let is_at_start = units_before < AROUND_UNITS;
    let is_at_end = !is_at_start && units_behind <= AROUND_UNITS;
    let from = if is_at_start { 0 } else { before.len() - within(before.chars().rev()) };
    let to = if is_at_end { rest.len() } else { within(rest.chars()) };
    let (left, right) = (if is_at_start { "" } else { "..." }, if is_at_end { "" } else { "..." });
    format!("{left}\"{}{}\"{right}", &before[from..], &rest[..to])
}

/// How many bytes the characters have that are shown.
fn within(chars: impl Iterator<Item = char>) -> usize {
    let shown = chars.scan(0, |units, c| {
        *units += c.len_utf16();
        (*units <= AROUND_UNITS).then(|| c.len_utf8())
    });
    shown.sum()
}

/// Counted as JavaScript counts.
fn place(before: &str) -> String {
    let line = before.matches('\n').count() + 1;
    let column = units(before.rsplit('\n').next().unwrap_or_default()) + 1;
    format!("position {} (line {line} column {column})", units(before))
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The first thing that is wrong, and where. Without words it is what stands there.
struct Fault {
    at: usize,
    words: Option<&'static str>,
}

/// A second look at a text that is known to be wrong, in the order in which V8 looks at it.
struct Walk<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Walk<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        // Not by recursion: how deep it goes the sender says.
        let mut open = Vec::new();
        loop {
            self.value(&mut open)?;
            if self.closes(&mut open)? {
                return Ok(());
            }
        }
    }

    /// To the end of a value, or to the first value within one that is opened.
    fn value(&mut self, open: &mut Vec<u8>) -> Result<(), Fault> {
        loop {
            match self.next() {
                Some(b'{') => {
                    self.at += 1;
                    match self.next() {
                        Some(b'}') => break self.at += 1,
                        Some(b'"') => self.name(Some(COLON))?,
                        _ => return self.fault(PROPERTY_OR_END),
                    }
                    open.push(b'{');
                }
                Some(b'[') => {
                    self.at += 1;
                    if self.next() == Some(b']') {
                        break self.at += 1;
                    }
                    open.push(b'[');
                }
                Some(b'"') => break self.string()?,
                Some(b'-' | b'0'..=b'9') => break self.number()?,
                Some(b't') => break self.literal(b"true")?,
                Some(b'f') => break self.literal(b"false")?,
                Some(b'n') => break self.literal(b"null")?,
                _ => return self.token(),
            }
        }
        Ok(())
    }

    /// Behind a value, to where the next one begins. Whether there is none, because the text ends.
    fn closes(&mut self, open: &mut Vec<u8>) -> Result<bool, Fault> {
        loop {
            match (open.last(), self.next()) {
                (None, None) => return Ok(true),
                (None, Some(_)) => return self.fault(MORE),
                (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) => {
                    self.at += 1;
                    open.pop();
                }
                (Some(&kind), Some(b',')) => {
                    self.at += 1;
                    if kind == b'{' {
                        if self.next() != Some(b'"') {
                            return self.fault(PROPERTY);
                        }
                        self.name(None)?;
                    }
                    return Ok(false);
                }
                (Some(b'{'), _) => return self.fault(COMMA_OR_BRACE),
                (Some(_), _) => return self.fault(COMMA_OR_BRACKET),
            }
        }
    }

    /// A name with its colon. Of one that is missing V8 only says so behind the first name of an object.
    fn name(&mut self, missing: Option<&'static str>) -> Result<(), Fault> {
        self.string()?;
        match (self.next(), missing) {
            (Some(b':'), _) => self.at += 1,
            (_, Some(words)) => return self.fault(words),
            (_, None) => return self.token(),
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Fault> {
        self.at += 1;
        loop {
            match self.here() {
                Some(b'"') => break self.at += 1,
                Some(b'\\') => self.escape()?,
                Some(0..=0x1f) => return self.fault(CONTROL),
                Some(_) => self.at += 1,
                None => return self.fault(STRING_END),
            }
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Fault> {
        self.at += 1;
        match self.here() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                for _ in 0..4 {
                    self.at += 1;
                    if !self.here().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return self.fault(UNICODE);
                    }
                }
                self.at += 1;
            }
            None => return self.token(),
            Some(_) => return self.fault(ESCAPE),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.here() == Some(b'-') {
            self.at += 1;
            if !self.is_digit() {
                return self.fault(MINUS);
            }
        }
        if self.here() == Some(b'0') {
            self.at += 1;
            if self.is_digit() {
                return self.fault(NUMBER);
            }
        }
        self.digits();
        if self.here() == Some(b'.') {
            self.at += 1;
            if !self.digits() {
                return self.fault(FRACTION);
            }
        }
        if matches!(self.here(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.here(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !self.digits() {
                return self.fault(EXPONENT);
            }
        }
        Ok(())
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), Fault> {
        for &byte in word {
            if self.here() != Some(byte) {
                return self.token();
            }
            self.at += 1;
        }
        Ok(())
    }

    fn digits(&mut self) -> bool {
        let from = self.at;
        while self.is_digit() {
            self.at += 1;
        }
        self.at > from
    }

    fn is_digit(&self) -> bool {
        self.here().is_some_and(|byte| byte.is_ascii_digit())
    }

    /// What stands behind white space.
    fn next(&mut self) -> Option<u8> {
        while matches!(self.here(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.here()
    }

    fn here(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn fault<T>(&self, words: &'static str) -> Result<T, Fault> {
        Err(Fault { at: self.at, words: Some(words) })
    }

    /// What stands here is not what may stand here.
    fn token<T>(&self) -> Result<T, Fault> {
        let words = match self.here() {
            Some(b'"') => Some(STRING),
            Some(b'-' | b'0'..=b'9') => Some(NUMBER),
            _ => None,
        };
        Err(Fault { at: self.at, words })
    }
}

#[cfg(test)]
mod tests;
