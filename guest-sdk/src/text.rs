//! Text on its way to people: cleaned of what disturbs a screen, and cut to what a receiver takes. Whoever wrote it is not
//! trusted, and no cut goes through a character.

use alloc::borrow::Cow;
use alloc::string::String;

/// Stands at the end of what was cut.
const ELLIPSIS: char = '…';

/// The text with line ends of every kind as `\n` and tabs as spaces. Other control characters, and those that turn the direction of
/// writing around (which make text look like other text), become U+FFFD.
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        cleaned.push(match c {
            '\r' if chars.peek() == Some(&'\n') => continue,
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            '\t' => ' ',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        });
    }
    cleaned
}

/// The text, [clean](clean()), on one line.
pub fn one_line(text: &str) -> String {
    clean(text.trim()).replace('\n', " ")
}

/// At most `max` of the text, measured by `size`; what was cut ends in `…`. With `char::len_utf8` it counts bytes, with `char::len_utf16`
/// what JavaScript calls length; for text that is escaped afterwards give the size of the escaped character, and no escape is cut.
pub fn cut(text: &str, max: usize, size: impl Fn(char) -> usize) -> Cow<'_, str> {
    let room = max.saturating_sub(size(ELLIPSIS));
    let (mut used, mut kept) = (0, 0);
    for (at, c) in text.char_indices() {
        used += size(c);
        if used <= room {
            kept = at + c.len_utf8();
        }
        if used > max {
            let mut start = String::from(text[..kept].trim_end());
            start.push(ELLIPSIS);
            return Cow::Owned(if max < size(ELLIPSIS) { String::new() } else { start });
        }
    }
    Cow::Borrowed(text)
}

/// The bytes that a character of [clean](clean()) text takes in a JSON string.
pub fn json_len(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' => 2,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_never_goes_through_a_character() {
        let family = "é漢👩‍👩‍👧";
        for max in 0..40 {
            assert!(cut(family, max, char::len_utf8).len() <= max, "{max}");
            assert!(cut(family, max, char::len_utf16).encode_utf16().count() <= max, "{max}");
        }
        assert_eq!(cut("abcdef", 6, char::len_utf16), "abcdef");
        assert_eq!(cut("abcdef", 5, char::len_utf16), "abcd…");
        assert_eq!(cut("a😀😀", 4, char::len_utf16), "a😀…");
        assert_eq!(cut("a😀😀", 3, char::len_utf16), "a…");
        assert_eq!(cut("", 0, char::len_utf8), "");
    }

    #[test]
    fn a_cut_counts_what_escaping_will_make_of_it() {
        let size = |c| if c == '&' { 5 } else { 1 };
        assert_eq!(cut("&&&", 15, size), "&&&");
        assert_eq!(cut("&&&", 14, size), "&&…");
    }

    #[test]
    fn control_characters_do_not_reach_the_screen() {
        assert_eq!(clean("a\r\nb\rc\u{2028}d\te"), "a\nb\nc\nd e");
        assert_eq!(clean("\u{1b}[31m\0\u{202e}gpj.exe\u{7f}"), "\u{fffd}[31m\u{fffd}\u{fffd}gpj.exe\u{fffd}");
        assert_eq!(one_line(" a\n b "), "a  b");
        assert_eq!(clean("👩‍👧 née"), "👩‍👧 née");
    }
}
