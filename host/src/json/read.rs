//! Reading canonical text one level deep. It is known to be well-formed, so this only has to find where values end.

use std::borrow::Cow;

use super::literal;

/// The members of the object that `text` is, names decoded, values as they stand. None of no text.
pub(super) fn each_member(text: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    let mut at = 1;
    std::iter::from_fn(move || {
        if text.as_bytes().get(at) != Some(&b'"') {
            return None;
        }
        let (name, name_ends) = (at, value_end(text, at));
        let value = name_ends + 1; // behind the colon
        let ends = value_end(text, value);
        at = ends + 1; // behind the comma or the bracket
        Some((literal::unquote_lossy(&text[name..name_ends]), &text[value..ends]))
    })
}

/// The elements of the array that `text` is, as they stand. None of no text.
pub(super) fn each_element(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 1;
    std::iter::from_fn(move || {
        if matches!(text.as_bytes().get(at), None | Some(b']')) {
            return None;
        }
        let (starts, ends) = (at, value_end(text, at));
        at = ends + 1; // behind the comma or the bracket
        Some(&text[starts..ends])
    })
}

/// Does a number beyond the range of doubles stand anywhere in `text`, outside its strings?
pub(super) fn has_out_of_range_number(text: &str) -> bool {
    // Strings may say "1e999" too, so the quick look decides only when there is none.
    if !text.contains("1e999") {
        return false;
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = string_end(bytes, at),
            b'1' if bytes[at..].starts_with(b"1e999") => return true,
            _ => at += 1,
        }
    }
    false
}

/// Where the value that starts at `at` ends.
fn value_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    let mut at = at;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            b',' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// The place behind the string literal that starts at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}
