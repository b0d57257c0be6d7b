//! Text as ECMAScript sees it, where the contract says "trimmed"; and as a person sees it, who must not be shown less, or something else, than what
//! is there. This is the one place that knows which characters do that.

/// Cuts off what `String.prototype.trim` cuts off. `str::trim` differs: it keeps U+FEFF and removes U+0085.
pub fn js_trim(text: &str) -> &str {
    text.trim_matches(is_js_space)
}

// ECMA-262 WhiteSpace and LineTerminator.
fn is_js_space(c: char) -> bool {
    matches!(
        c,
        '\u{9}'..='\u{d}'
            | ' '
            | '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}'
            | '\u{feff}'
    )
}

/// Whether a reader does not see the character, but what it does: it steers a terminal, turns the direction of what stands around it, or is a part
/// of the text that nobody sees.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// A stranger's text as a person is shown it: its lines stay lines, tabs stay tabs, and what is hidden is written out, as `\u{202e}`. A joiner
/// between two letters that are not ASCII stays: emoji, Persian and the scripts of India are written with it.
pub fn visible(text: &str) -> String {
    written_out(&text.replace("\r\n", "\n"), |c| matches!(c, '\n' | '\t'), in_braces)
}

/// The same on one line: line ends and tabs are written out too.
pub fn visible_line(text: &str) -> String {
    written_out(text, |_| false, in_braces)
}

/// The same of JSON, which stays JSON and says the same: what is hidden in a string is written `\u202e`.
pub fn visible_json(json: &str) -> String {
    written_out(
        json,
        |c| matches!(c, '\n' | '\t' | '\r'),
        |out, c| {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        },
    )
}

fn in_braces(out: &mut String, c: char) {
    out.extend(c.escape_unicode());
}

fn written_out(text: &str, stays: fn(char) -> bool, write: fn(&mut String, char)) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let joins = matches!(c, '\u{200c}' | '\u{200d}')
            && is_joined(before)
            && chars.peek().is_some_and(|after| is_joined(*after));
        if is_hidden(c) && !stays(c) && !joins {
            write(&mut out, c)
        } else {
            out.push(c)
        }
        before = c;
    }
    out
}

/// Between ASCII nothing is joined: there a joiner only makes one name look like another.
fn is_joined(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() && !is_hidden(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ecmascript_calls_space_is_trimmed_and_nothing_else() {
        assert_eq!(js_trim("\u{feff}\u{a0} \t\r\n\u{b}x y\u{3000}\u{2029}"), "x y");
        assert_eq!(js_trim("\u{85}x\u{200b}"), "\u{85}x\u{200b}");
        assert_eq!(js_trim(" \u{feff} "), "");
    }

    #[test]
    fn what_is_hidden_is_written_out_and_what_people_write_stays() {
        let check = |text: &str, expected: &str| assert_eq!(visible(text), expected, "{text:?}");
        check("plain 工单 é e\u{301} 😀\n\tok", "plain 工单 é e\u{301} 😀\n\tok");
        check("a\r\nb\rc", "a\nb\\u{d}c");
        check("\u{1b}[2J\u{9b}1A\u{7}\0", "\\u{1b}[2J\\u{9b}1A\\u{7}\\u{0}");
        check("ok \u{202e}gpj.exe\u{2066}", "ok \\u{202e}gpj.exe\\u{2066}");
        check("al\u{200b}i\u{200d}ce\u{ad}\u{feff}", "al\\u{200b}i\\u{200d}ce\\u{ad}\\u{feff}");
        check("x\u{e0041}\u{e007f}\u{fff9}\u{3164}\u{2028}", "x\\u{e0041}\\u{e007f}\\u{fff9}\\u{3164}\\u{2028}");
        // A family, a heart on fire, and Persian.
        for written in ["👩\u{200d}👧", "❤\u{fe0f}\u{200d}🔥", "می\u{200c}خواهم"] {
            check(written, written);
        }
        check("👩\u{200d}\u{200d}👧", "👩\\u{200d}\\u{200d}👧");
        assert_eq!(visible_line("a\n\tb"), "a\\u{a}\\u{9}b");
    }

    #[test]
    fn json_says_the_same_when_nothing_in_it_is_hidden() {
        let value = serde_json::json!({"a\u{202e}": ["\u{9b}\u{e0041}\n", 1]});
        let shown = visible_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!shown.chars().any(|c| is_hidden(c) && c != '\n'), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
