//! White space as ECMAScript understands it (`WhiteSpace` and `LineTerminator` of its grammar): more than JSON's four
//! characters, and not quite Unicode's set either (U+FEFF is in, U+0085 is not).

/// Does `String.prototype.trim` take this character away?
pub(super) fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}'
    )
}

pub(super) fn trim_start(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

pub(super) fn trim_end(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

/// One character of a canonical string literal's inside: how many bytes it takes, and whether it is white space.
pub(super) struct Piece {
    pub len: usize,
    pub space: bool,
}

/// The first character of `inside`, which is the rest of a canonical literal without its closing quote.
pub(super) fn piece(inside: &str) -> Option<Piece> {
    let first = inside.chars().next()?;
    if first != '\\' {
        return Some(Piece { len: first.len_utf8(), space: is_space(first) });
    }
    match inside.as_bytes().get(1) {
        // `\u000b` is the only white space that JSON has no short escape for.
        Some(b'u') => Some(Piece { len: 6, space: inside.starts_with("\\u000b") }),
        Some(b't' | b'n' | b'f' | b'r') => Some(Piece { len: 2, space: true }),
        _ => Some(Piece { len: 2, space: false }),
    }
}
