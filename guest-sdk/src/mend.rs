//! JSON of the host's made such that serde_json reads it. The host hands out whatever JavaScript would accept, and anybody may have written it: an
//! alarm must not get lost because a flow's state is very deep, or half an emoji stands in a message.

use alloc::borrow::Cow;
use alloc::string::String;

/// serde_json reads 127 levels. Nobody reads as many.
const LEVELS_MAX: usize = 100;

/// The same JSON, less deep, with well-formed strings.
pub fn mended(json: &str) -> Cow<'_, str> {
    match without_depths(json) {
        Cow::Borrowed(json) => without_lone_surrogates(json),
        Cow::Owned(json) => Cow::Owned(without_lone_surrogates(&json).into_owned()),
    }
}

/// Lists and maps below [`LEVELS_MAX`] become `null`.
fn without_depths(json: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let (mut copied, mut levels, mut left_out) = (0, 0_usize, 0);
    let (mut in_string, mut is_escaped) = (false, false);
    for (at, byte) in json.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                levels += 1;
                if levels == LEVELS_MAX + 1 {
                    left_out = at;
                }
            }
            b']' | b'}' => {
                if levels == LEVELS_MAX + 1 {
                    mended.push_str(&json[copied..left_out]);
                    mended.push_str("null");
                    copied = at + 1;
                }
                levels = levels.saturating_sub(1);
            }
            _ => {}
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(&json[copied..]);
    Cow::Owned(mended)
}

/// Halves of surrogate pairs, as a JavaScript program leaves them where it cuts an emoji in two, become U+FFFD.
fn without_lone_surrogates(json: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(next) = json[at..].find('\\') {
        at += next;
        match (surrogate(json, at), surrogate(json, at + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => at += 12,
            (Some(_), _) => {
                mended.push_str(&json[copied..at]);
                mended.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            // An escape is a backslash and one ASCII character at least; in what is no JSON there may be less.
            (None, _) => at += if json.is_char_boundary(at + 2) { 2 } else { 1 },
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(&json[copied..]);
    Cow::Owned(mended)
}

/// The surrogate that is escaped there.
fn surrogate(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok().filter(|unit| (0xd800..0xe000).contains(unit))
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn what_is_too_deep_is_left_out_and_the_rest_stays() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            for levels in [1, 99, 100, 101, 102, 1_000] {
                let deep = format!("{}1{}", open.repeat(levels), close.repeat(levels));
                let kept = levels.min(LEVELS_MAX);
                let inside = if kept < levels { "null" } else { "1" };
                assert_eq!(without_depths(&deep), format!("{}{inside}{}", open.repeat(kept), close.repeat(kept)));
            }
        }
        let deep = format!("[{0}1{1},{0}2{1},3]", "[".repeat(100), "]".repeat(100));
        assert_eq!(without_depths(&deep), format!("[{0}null{1},{0}null{1},3]", "[".repeat(99), "]".repeat(99)));
    }

    #[test]
    fn brackets_in_strings_are_no_levels() {
        let text = format!(r#"["{}\"{}\\",[]]"#, "[".repeat(200), "{".repeat(200));
        assert_eq!(mended(&text), text);
        for not_json in ["]]]", "[[", "\"[", "", "\\"] {
            assert_eq!(without_depths(not_json), not_json);
        }
    }

    #[test]
    fn only_halves_of_surrogate_pairs_are_mended() {
        for (json, mended) in [
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\uD83D\ud83d\uDE00""#, r#""\ufffd\ud83d\uDE00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#""\u00e9 \ud8"#, r#""\u00e9 \ud8"#),
            ("\"\\é\\", "\"\\é\\"),
        ] {
            assert_eq!(without_lone_surrogates(json), mended);
        }
    }
}
