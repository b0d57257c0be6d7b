//! Text as ECMAScript sees it, where the contract says "trimmed".

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

#[cfg(test)]
mod tests {
    use super::js_trim;

    #[test]
    fn what_ecmascript_calls_space_is_trimmed_and_nothing_else() {
        assert_eq!(js_trim("\u{feff}\u{a0} \t\r\n\u{b}x y\u{3000}\u{2029}"), "x y");
        assert_eq!(js_trim("\u{85}x\u{200b}"), "\u{85}x\u{200b}");
        assert_eq!(js_trim(" \u{feff} "), "");
    }
}
