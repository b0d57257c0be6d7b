//! What is wrong with a body that is no JSON, in the words of the parser that OpenClaw uses, as far as one place in the text tells.

use crate::json::JsonError;

/// As much of a body is repeated to its sender.
const SHOWN_MAX_CHARS: usize = 40;

/// The sentence for a body that could not be read.
pub(super) fn message(body: &[u8], error: JsonError) -> String {
    let offset = match error {
        JsonError::Syntax { offset } => offset,
        JsonError::Empty | JsonError::TooDeep => return format!("JSON body {error}"),
    };
    let text = String::from_utf8_lossy(body);
    let (before, rest) = text.split_at_checked(offset).unwrap_or((&text, ""));
    // The parser sees the text trimmed.
    let (before, whole) = (before.trim_start(), text.trim());
    let Some(found) = rest.chars().next().filter(|_| !rest.trim().is_empty()) else {
        return "Unexpected end of JSON input".to_owned();
    };
    if before.trim_end().ends_with('{') {
        return format!("Expected property name or '}}' in JSON at {}", place(before));
    }
    let shown = if whole.chars().count() <= SHOWN_MAX_CHARS { format!("\"{whole}\"") } else { around(before, rest) };
    format!("Unexpected token '{found}', {shown} is not valid JSON")
}

/// Ten characters before the place and ten behind it, as V8 shows them.
fn around(before: &str, rest: &str) -> String {
    let from = before.char_indices().rev().nth(9).map_or(0, |(at, _)| at);
    let to = rest.char_indices().nth(10).map_or(rest.len(), |(at, _)| at);
    let left = if from > 0 { "..." } else { "" };
    let right = if to < rest.len() { "..." } else { "" };
    format!("{left}\"{}{}\"{right}", &before[from..], &rest[..to])
}

/// Counted as JavaScript counts.
fn place(before: &str) -> String {
    let units = |text: &str| text.encode_utf16().count();
    let line = before.matches('\n').count() + 1;
    let column = units(before.rsplit('\n').next().unwrap_or_default()) + 1;
    format!("position {} (line {line} column {column})", units(before))
}

#[cfg(test)]
mod tests {
    use super::message;
    use crate::json::canonical;

    #[test]
    fn what_is_wrong_is_said_as_v8_says_it() {
        for (body, expected) in [
            ("{bad", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
            (" {\n é}", "Expected property name or '}' in JSON at position 3 (line 2 column 2)"),
            ("{", "Unexpected end of JSON input"),
            ("[1,", "Unexpected end of JSON input"),
            ("nope", "Unexpected token 'n', \"nope\" is not valid JSON"),
            ("message=hi", "Unexpected token 'm', \"message=hi\" is not valid JSON"),
            (
                "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":x,\"f\":6,\"g\":7}",
                "Unexpected token 'x', ...\"\"d\":4,\"e\":x,\"f\":6,\"g\"... is not valid JSON",
            ),
        ] {
            let error = canonical(body.as_bytes()).unwrap_err();
            assert_eq!(message(body.as_bytes(), error), expected, "{body}");
        }
    }

    #[test]
    fn every_message_names_json_and_stays_short() {
        let deep = "[".repeat(5_000);
        let long = format!("{{\"a\":\"{}\" x}}", "é".repeat(10_000));
        for body in [deep.as_bytes(), long.as_bytes(), b"\xff\xfe{", b"\xe3\x80", b"{\"a\":\"\x01\"}", b"1 2"] {
            let Err(error) = canonical(body) else { continue };
            let said = message(body, error);
            assert!(said.contains("JSON") && said.len() < 300, "{said}");
        }
    }
}
