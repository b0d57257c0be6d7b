//! JSON5 to [`Node`]s. The `json5` crate decides what the text means; it does not tell where things stand, so `lines`
//! finds the line of every key and value, and the two are put together in the order of the text.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::lines::{self, Lines};
use super::tree::{DEPTH_MAX, Entry, Node, SyntaxError, Value, too_deep};

pub(super) fn parse(text: &str) -> Result<Node, SyntaxError> {
    let mut lines = lines::scan(text);
    // Before the crate sees it: it goes one level down the stack for each level of the text.
    if let Some(line) = lines.deeper_than(DEPTH_MAX) {
        return Err(too_deep(line));
    }
    let mut root: Node = json5::from_str(text).map_err(|error| {
        let line = error.position().map(|position| position.line + 1);
        // The crate's own sentence; its `Display` would name the place a second time.
        let reason = error.code().map_or_else(|| "a number is malformed".to_owned(), |code| code.to_string());
        SyntaxError { line, message: format!("not valid JSON5: {reason}") }
    })?;
    place(&mut root, &mut lines);
    Ok(root)
}

/// Gives every key and value its line, in the order of the text.
fn place(node: &mut Node, lines: &mut Lines) {
    node.line = lines.next();
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| place(item, lines)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.line = lines.next();
            place(&mut entry.node, lines);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(|value| Self { line: 0, value })
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, node)) = map.next_entry()? {
            entries.push(Entry { key, line: 0, node });
        }
        Ok(Value::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::picture;
    use super::*;

    #[test]
    fn every_key_and_value_knows_its_line() {
        let text = "// c\n{ a: 1, /* {\n\" */ 'b\\'}': [ true,\n null ], \"c\":\n  'x\\\ny', d: {}, a: -0x10,\n}\n";
        assert_eq!(
            picture(&parse(text).unwrap()),
            r#"2:{2=a 2:1 3=b'} 3:[3:true 4:null] 4=c 5:"xy" 6=d 6:{} 6=a 6:-16}"#
        );
    }

    #[test]
    fn a_syntax_error_names_its_line() {
        for (text, line, message) in [
            ("{\n a: 1\n b: 2 }", Some(3), "not valid JSON5: expected "),
            ("{ a: 'x\n' }", Some(1), "not valid JSON5: line terminator in string"),
            ("{ a: 1..2 }", Some(1), "not valid JSON5: a number is malformed"),
            ("{} {}", Some(1), "not valid JSON5: trailing characters"),
            ("\n{ a: [", Some(2), "not valid JSON5: EOF"),
            ("", None, "not valid JSON5: EOF"),
        ] {
            let error = parse(text).err().unwrap();
            assert_eq!(error.line, line, "{text}: {}", error.message);
            assert!(error.message.starts_with(message), "{text}: {}", error.message);
        }
    }

    #[test]
    fn nesting_is_bounded_before_it_reaches_the_stack() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(&nested(DEPTH_MAX)).is_ok());
        assert!(parse(&nested(DEPTH_MAX + 1)).is_err());
        assert!(parse(&format!("\n{}", "{a:".repeat(1_000_000))).is_err_and(|error| error.line == Some(2)));
    }
}
