//! Words by which models tell who speaks. In a text of somebody else they are an attempt to speak as another.

use super::fold::{Folded, folded, is_invisible, narrow};

const REMOVED: &str = "[REMOVED_SPECIAL_TOKEN]";

/// OpenClaw's list.
const TOKENS: [&str; 22] = [
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|python_tag|>",
    "<|eom_id|>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "<s>",
    "</s>",
    "<|channel|>",
    "<|message|>",
    "<|return|>",
    "<|call|>",
    "<start_of_turn>",
    "<end_of_turn>",
];
/// And those of this form, with a number in it.
const RESERVED: (&str, &str) = ("<|reserved_special_token_", "|>");

/// The text with a word in place of each of them. Quotation marks that look like brackets are left alone: `«s»` is French.
pub(super) fn removed(text: &str) -> String {
    let seen = folded(text, |c| (!is_invisible(c)).then(|| narrow(c)));
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied) = (0, 0);
    while at < seen.len() {
        let Some(length) = token(&seen[at..]) else {
            at += 1;
            continue;
        };
        out.push_str(&text[copied..seen[at].from]);
        out.push_str(REMOVED);
        at += length;
        copied = seen[at - 1].to;
    }
    out.push_str(&text[copied..]);
    out
}

fn token(seen: &[Folded]) -> Option<usize> {
    if !matches!(seen.first()?.char, '<' | '[') {
        return None;
    }
    let known = TOKENS.iter().find(|token| starts_with(seen, token)).map(|token| token.len());
    known.or_else(|| reserved(seen))
}

fn reserved(seen: &[Folded]) -> Option<usize> {
    let (before, after) = RESERVED;
    if !starts_with(seen, before) {
        return None;
    }
    let digits = seen[before.len()..].iter().take_while(|seen| seen.char.is_ascii_digit()).count();
    let ends = before.len() + digits;
    (digits > 0 && starts_with(&seen[ends..], after)).then_some(ends + after.len())
}

/// All of these are ASCII: a character is a byte.
fn starts_with(seen: &[Folded], token: &str) -> bool {
    seen.len() >= token.len() && token.chars().zip(seen).all(|(wanted, seen)| wanted == seen.char)
}
