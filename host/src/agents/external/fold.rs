//! A text as a reader sees it: look-alikes as what they look like, what cannot be seen left out, and for each character where it stood.

/// One character, and its place in the original, in bytes.
#[derive(Clone, Copy)]
pub(super) struct Folded {
    pub char: char,
    pub from: usize,
    pub to: usize,
}

/// The characters of `text` as `fold` has them; `None` is left out.
pub(super) fn folded(text: &str, fold: impl Fn(char) -> Option<char>) -> Vec<Folded> {
    let at = |(from, c): (usize, char)| fold(c).map(|char| Folded { char, from, to: from + c.len_utf8() });
    text.char_indices().filter_map(at).collect()
}

/// Nothing of it is seen.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e01ef}'
    )
}

/// Full-width forms as the ASCII that they are forms of.
pub(super) fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// Every kind of angle bracket as the plain one.
pub(super) fn plain_bracket(c: char) -> char {
    match c {
        '\u{2329}' | '\u{3008}' | '\u{2039}' | '\u{27e8}' | '\u{fe64}' | '\u{ab}' | '\u{300a}' | '\u{27ea}'
        | '\u{27ec}' | '\u{27ee}' | '\u{276c}' | '\u{276e}' | '\u{2c2}' => '<',
        '\u{232a}' | '\u{3009}' | '\u{203a}' | '\u{27e9}' | '\u{fe65}' | '\u{bb}' | '\u{300b}' | '\u{27eb}'
        | '\u{27ed}' | '\u{27ef}' | '\u{276d}' | '\u{276f}' | '\u{2c3}' => '>',
        _ => c,
    }
}
