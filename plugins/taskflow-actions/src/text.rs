//! Strings as they stand between their quotes: trimming them as ECMAScript trims, and reading them where a host function wants
//! plain text. White space may be there as it is (U+3000) or escaped (`\n`, `\u000b`).

use alloc::borrow::Cow;
use alloc::string::String;

/// A string that holds half of a surrogate pair, which no Rust string can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoneSurrogate;

/// One character, or one escape: a UTF-16 code unit or more, and the bytes it takes.
#[derive(Clone, Copy)]
struct Unit {
    code: u32,
    bytes: usize,
}

/// Without the white space at both ends. As ECMAScript's `trim`: also no-break space, byte order mark and the line separators.
pub fn trimmed(escaped: &str) -> &str {
    let mut rest = escaped;
    while let Some(unit) = first_unit(rest).filter(Unit::is_space) {
        rest = rest.get(unit.bytes..).unwrap_or_default();
    }
    while let Some(unit) = last_unit(rest).filter(Unit::is_space) {
        rest = rest.get(..rest.len() - unit.bytes).unwrap_or_default();
    }
    rest
}

/// The text that is meant.
pub fn decoded(escaped: &str) -> Result<Cow<'_, str>, LoneSurrogate> {
    if !escaped.contains('\\') {
        return Ok(Cow::Borrowed(escaped));
    }
    decode(escaped, |_| Err(LoneSurrogate)).map(Cow::Owned)
}

/// The text that is meant, with U+FFFD for what cannot be said.
pub fn decoded_lossy(escaped: &str) -> String {
    decode(escaped, |_| Ok(char::REPLACEMENT_CHARACTER)).unwrap_or_default()
}

fn decode(escaped: &str, lone: impl Fn(u32) -> Result<char, LoneSurrogate>) -> Result<String, LoneSurrogate> {
    let mut text = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(unit) = first_unit(rest) {
        rest = rest.get(unit.bytes..).unwrap_or_default();
        let low = first_unit(rest).filter(|low| unit.is_high_surrogate() && low.is_low_surrogate());
        let code = match low {
            Some(low) => {
                rest = rest.get(low.bytes..).unwrap_or_default();
                0x1_0000 + ((unit.code & 0x3ff) << 10) + (low.code & 0x3ff)
            }
            None => unit.code,
        };
        text.push(match char::from_u32(code) {
            Some(char) => char,
            None => lone(code)?,
        });
    }
    Ok(text)
}

fn first_unit(escaped: &str) -> Option<Unit> {
    match escaped.as_bytes() {
        [] => None,
        [b'\\', b'u', hex @ ..] => Some(Unit { code: hex_code(hex.get(..4)?)?, bytes: 6 }),
        [b'\\', escape, ..] => Some(Unit { code: short_escape(*escape), bytes: 2 }),
        _ => escaped.chars().next().map(plain),
    }
}

/// What stands last, if that may be white space; anything else may be given by half.
fn last_unit(escaped: &str) -> Option<Unit> {
    match escaped.as_bytes() {
        [before @ .., b'\\', b'u', a, b, c, d] if is_escape(before) => {
            Some(Unit { code: hex_code(&[*a, *b, *c, *d])?, bytes: 6 })
        }
        [before @ .., b'\\', escape] if is_escape(before) => Some(Unit { code: short_escape(*escape), bytes: 2 }),
        _ => escaped.chars().next_back().map(plain),
    }
}

/// Is the backslash after these bytes the start of an escape, and not the end of one?
fn is_escape(before: &[u8]) -> bool {
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
}

fn plain(char: char) -> Unit {
    Unit { code: u32::from(char), bytes: char.len_utf8() }
}

fn short_escape(letter: u8) -> u32 {
    u32::from(match letter {
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'f' => 0x0c,
        b'r' => b'\r',
        itself => itself,
    })
}

fn hex_code(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?))
}

impl Unit {
    fn is_space(&self) -> bool {
        matches!(
            self.code,
            0x09..=0x0d | 0x20 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000 | 0xfeff
        )
    }

    fn is_high_surrogate(&self) -> bool {
        matches!(self.code, 0xd800..=0xdbff)
    }

    fn is_low_surrogate(&self) -> bool {
        matches!(self.code, 0xdc00..=0xdfff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(escaped: &str, expected: &str) {
        assert_eq!(trimmed(escaped), expected, "{escaped}");
    }

    #[test]
    fn white_space_goes_at_both_ends_whether_escaped_or_not() {
        check(" \\t x y \u{3000}\\u2028", "x y");
        check("\\u000B\\u00a0\u{feff}x\\n\\r\\f", "x");
        check(" \\n ", "");
        check("", "");
    }

    #[test]
    fn what_only_looks_like_white_space_stays() {
        check(r"n\\n", r"n\\n"); // a backslash and an n
        check(r"\\\n", r"\\"); // a backslash and a line feed
        check(r"x\\u0020", r"x\\u0020");
        check(r"x\\\u0020", r"x\\");
        check(r"\b\u200b\u0085x\u180e\b", r"\b\u200b\u0085x\u180e\b");
        check(r"\ud800 ", r"\ud800");
    }

    #[test]
    fn escapes_that_are_cut_off_do_no_harm() {
        for escaped in ["\\", "\\u", "\\u00", "\\u00g0", "x\\", "x\\u12"] {
            trimmed(escaped);
            decoded_lossy(escaped);
        }
    }

    #[test]
    fn text_is_read_unless_half_a_pair_is_missing() {
        assert_eq!(decoded("plain é").as_deref(), Ok("plain é"));
        assert_eq!(decoded(r#"\"\\\/\b\f\n\r\t\u0000\ud83e\udd80é"#).as_deref(), Ok("\"\\/\u{8}\u{c}\n\r\t\0🦀é"));
        for lone in [r"\ud800", r"\udc00", r"\ud800x", r"\ud800\ud800\udc00", r"\udc00\ud800"] {
            assert_eq!(decoded(lone), Err(LoneSurrogate), "{lone}");
        }
        assert_eq!(decoded_lossy(r"a\ud800\u0062"), "a\u{fffd}b");
    }
}
