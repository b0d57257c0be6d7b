//! Text from outside, made fit for a terminal: what a receiver answers must not move the cursor of whoever looks at it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::model::{visible, visible_line};

/// So many broken sequences in so many make text of a foreign encoding unreadable; then its bytes are the honest answer.
const BROKEN_ONE_IN: usize = 10;

/// Bytes as somebody can look at them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Readable {
    /// Text: what is not UTF-8 as U+FFFD, and what is hidden written out.
    Text(String),
    /// Anything else.
    Base64(String),
}

impl Readable {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let broken = bytes.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
        // The cut may have gone through a character: one broken sequence says nothing.
        if bytes.contains(&0) || broken > 1 && broken * BROKEN_ONE_IN > bytes.len() {
            return Self::Base64(STANDARD.encode(bytes));
        }
        Self::Text(visible(&String::from_utf8_lossy(bytes)))
    }
}

/// Text on one line: what is hidden is written out, and it is cut to so many characters.
pub fn shown(text: &str, chars_max: usize) -> String {
    let Some((at, _)) = text.char_indices().nth(chars_max) else { return visible_line(text) };
    format!("{}…", visible_line(&text[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &Readable) {
        assert_eq!(Readable::of(bytes), *expected);
    }

    #[test]
    fn bytes_are_text_unless_they_are_not() {
        let text = |text: &str| Readable::Text(text.to_owned());
        check(b"", &text(""));
        check(b"ok\n\tyes\r", &text("ok\n\tyes\\u{d}"));
        check(b"\x1b[31mred\x07", &text("\\u{1b}[31mred\\u{7}"));
        check("工单".as_bytes(), &text("工单"));
        check(&"工单".as_bytes()[..5], &text("工\u{fffd}"));
        check("a\u{202e}b".as_bytes(), &text("a\\u{202e}b"));
        check(b"\x00\x01", &Readable::Base64("AAE=".into()));
        check(&[0xff, 0xfe, 0xfd], &Readable::Base64("//79".into()));
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(shown("a\nb\u{85}", 9), "a\\u{a}b\\u{85}");
        assert_eq!(shown("工单工单", 2), "工单…");
        assert_eq!(shown("", 2), "");
    }
}
