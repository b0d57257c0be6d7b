//! String literals: any legal spelling in, the one of `JSON.stringify` out.

use std::borrow::Cow;
use std::fmt::Write;

/// Reads the literal whose opening quote stands at `at`, and appends its canonical form to `out`.
/// Returns where the text goes on, or the offset of what is wrong.
pub(super) fn copy(text: &str, at: usize, out: &mut String) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    let mut from = at;
    let mut at = at + 1;
    loop {
        while bytes.get(at).is_some_and(|&b| is_plain(b)) {
            at += 1;
        }
        match bytes.get(at) {
            Some(b'"') => {
                out.push_str(&text[from..=at]);
                return Ok(at + 1);
            }
            Some(b'\\') => {
                out.push_str(&text[from..at]);
                let (unit, next) = escape(bytes, at)?;
                push_unit(out, unit);
                at = next;
                from = next;
            }
            _ => return Err(at),
        }
    }
}

/// Appends `text` as a canonical string literal.
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if !is_plain(byte) {
            out.push_str(&text[from..at]);
            push_char(out, char::from(byte));
            from = at + 1;
        }
    }
    out.push_str(&text[from..]);
    out.push('"');
}

/// What a canonical literal says, a lone surrogate as U+FFFD. Borrowed unless it has escapes.
pub(super) fn unquote_lossy(literal: &str) -> Cow<'_, str> {
    let inside = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    let mut said = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        said.push_str(&rest[..at]);
        // A canonical literal has no broken escape; stopping early is all that is left to do with one.
        let Ok((unit, next)) = escape(rest.as_bytes(), at) else { return Cow::Owned(said) };
        said.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = &rest[next..];
    }
    said.push_str(rest);
    Cow::Owned(said)
}

fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

/// The code point of the escape whose backslash stands at `at`, two escaped surrogates that belong together as one.
fn escape(bytes: &[u8], at: usize) -> Result<(u32, usize), usize> {
    let simple = |c: char| Ok((u32::from(c), at + 2));
    match bytes.get(at + 1) {
        Some(b'"') => simple('"'),
        Some(b'\\') => simple('\\'),
        Some(b'/') => simple('/'),
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(b'n') => simple('\n'),
        Some(b'r') => simple('\r'),
        Some(b't') => simple('\t'),
        Some(b'u') => {
            let first = hex4(bytes, at + 2)?;
            if (0xd800..0xdc00).contains(&first) && bytes.get(at + 6..at + 8) == Some(b"\\u") {
                let second = hex4(bytes, at + 8)?;
                if (0xdc00..0xe000).contains(&second) {
                    return Ok((0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00), at + 12));
                }
            }
            Ok((first, at + 6))
        }
        _ => Err(at + 1),
    }
}

fn hex4(bytes: &[u8], at: usize) -> Result<u32, usize> {
    (at..at + 4).try_fold(0, |value, at| {
        let digit = bytes.get(at).and_then(|&b| char::from(b).to_digit(16)).ok_or(at)?;
        Ok(value << 4 | digit)
    })
}

fn push_unit(out: &mut String, unit: u32) {
    match char::from_u32(unit) {
        Some(c) => push_char(out, c),
        None => push_escaped(out, unit),
    }
}

fn push_char(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\u{c}' => out.push_str("\\f"),
        '\r' => out.push_str("\\r"),
        '\0'..='\u{1f}' => push_escaped(out, u32::from(c)),
        c => out.push(c),
    }
}

fn push_escaped(out: &mut String, unit: u32) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\\u{unit:04x}");
}
