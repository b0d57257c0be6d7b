//! A tree, for those few who look into a value (filters, templates) and not only pass it on.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

/// The tree of a canonical text. A lone surrogate, which no Rust string can hold, is U+FFFD in it; text that is not canonical is `null`.
pub fn value_lossy(text: &str) -> Value {
    let text = without_lone_surrogates(text);
    let mut reader = serde_json::Deserializer::from_str(&text);
    // Canonical text has at most `MAX_DEPTH` levels.
    reader.disable_recursion_limit();
    Value::deserialize(&mut reader).unwrap_or_default()
}

/// In canonical text every `\ud…` is a lone surrogate: pairs stand there as the character they make.
fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    if !text.contains("\\ud") {
        return Cow::Borrowed(text);
    }
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let is_surrogate = escape.starts_with("\\ud") && escape.len() >= 6;
        let length = if is_surrogate { 6 } else { 2.min(escape.len()) };
        mended.push_str(if is_surrogate { "\\ufffd" } else { &escape[..length] });
        rest = &escape[length..];
    }
    mended.push_str(rest);
    Cow::Owned(mended)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{MAX_DEPTH, STACK_BYTES, canonical};
    use super::*;

    fn check(text: &str, expected: &Value) {
        let text = canonical(text.as_bytes()).unwrap();
        assert_eq!(value_lossy(text.as_str()), *expected, "{text:?}");
    }

    #[test]
    fn a_tree_holds_what_the_text_says_but_for_lone_surrogates() {
        check(r#"{"a": [1, "x", null]}"#, &json!({"a": [1, "x", null]}));
        check(r#""a\ud800b""#, &json!("a\u{fffd}b"));
        check(r#""\\\\ud800 \\\ud800""#, &json!("\\\\ud800 \\\u{fffd}"));
        check(r#""\ud83d\ude00""#, &json!("\u{1f600}"));
    }

    #[test]
    fn the_deepest_text_there_is_has_a_tree() {
        for (opening, closing) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = format!("{}1{}", opening.repeat(MAX_DEPTH), closing.repeat(MAX_DEPTH));
            let handle = move || {
                let tree = value_lossy(canonical(deep.as_bytes()).unwrap().as_str());
                assert!(!tree.is_null());
                assert_eq!(tree.clone().to_string(), deep);
            };
            std::thread::Builder::new().stack_size(STACK_BYTES).spawn(handle).unwrap().join().unwrap();
        }
    }
}
