//! YAML to [`Node`]s, event by event, with a stack of our own. Anchors, aliases and tags are refused: they make a file
//! that reads differently from what it does, and aliases can grow a small file without bound.

use saphyr::{Scalar, ScanError};
use saphyr_parser::{Event, Parser, Span};

use super::tree::{DEPTH_MAX, Entry, Node, SyntaxError, Value, too_deep};

pub(super) fn parse(text: &str) -> Result<Node, SyntaxError> {
    let mut parser = Parser::new_from_str(text);
    let mut builder = Builder::default();
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(not_yaml)?;
        builder.take(event, span)?;
    }
    builder.root.ok_or_else(|| SyntaxError { line: None, message: "the file is empty; write at least `{}`".to_owned() })
}

fn not_yaml(error: ScanError) -> SyntaxError {
    SyntaxError { line: Some(error.marker().line()), message: format!("not valid YAML: {}", error.info()) }
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
}

/// A list or map that has not ended yet.
enum Open {
    List { line: usize, items: Vec<Node> },
    Map { line: usize, entries: Vec<Entry>, key: Option<(String, usize)> },
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        let line = span.start.line();
        match event {
            Event::Scalar(_, _, 1.., _)
            | Event::SequenceStart(1.., _)
            | Event::MappingStart(1.., _)
            | Event::Alias(_) => {
                Err(refused(line, "anchors and aliases (`&x`, `*x`) are not read here; write the value out"))
            }
            Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                Err(refused(line, "tags (`!x`) are not read here; quote a value that is to be a string"))
            }
            Event::Scalar(text, style, ..) => match self.open.last_mut() {
                Some(Open::Map { key: key @ None, .. }) => {
                    *key = Some((text.into_owned(), line));
                    Ok(())
                }
                _ => {
                    let scalar = Scalar::parse_from_cow_and_metadata(text, style, None);
                    self.close(Node { line, value: scalar.map_or(Value::Null, value) })
                }
            },
            Event::SequenceStart(..) => self.open(line, Open::List { line, items: Vec::new() }),
            Event::MappingStart(..) => self.open(line, Open::Map { line, entries: Vec::new(), key: None }),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { line, items }) => self.close(Node { line, value: Value::List(items) }),
                Some(Open::Map { line, entries, .. }) => self.close(Node { line, value: Value::Map(entries) }),
                None => Ok(()),
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn open(&mut self, line: usize, open: Open) -> Result<(), SyntaxError> {
        if matches!(self.open.last(), Some(Open::Map { key: None, .. })) {
            return Err(refused(line, "a key must be a string"));
        }
        if self.open.len() == DEPTH_MAX {
            return Err(too_deep(line));
        }
        self.open.push(open);
        Ok(())
    }

    /// Puts a finished value where it belongs.
    fn close(&mut self, node: Node) -> Result<(), SyntaxError> {
        match self.open.last_mut() {
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => {
                if let Some((key, line)) = key.take() {
                    entries.push(Entry { key, line, node });
                }
            }
            None if self.root.is_some() => {
                return Err(refused(node.line, "a second document starts here; a config file holds one"));
            }
            None => self.root = Some(node),
        }
        Ok(())
    }
}

fn refused(line: usize, message: &str) -> SyntaxError {
    SyntaxError { line: Some(line), message: message.to_owned() }
}

fn value(scalar: Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(flag) => Value::Bool(flag),
        Scalar::Integer(number) => Value::Number(number as f64),
        Scalar::FloatingPoint(number) => Value::Number(number.into_inner()),
        Scalar::String(text) => Value::Text(text.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::picture;
    use super::*;

    #[test]
    fn every_key_and_value_knows_its_line() {
        let text = "# c\na: 1\n\"b\":\n  - true\n  - ~\n  - { x: '1' }\nc:\n  d: |\n    t\n1: 2.5\ne:\n";
        assert_eq!(
            picture(&parse(text).unwrap()),
            r#"2:{2=a 2:1 3=b 4:[4:true 5:null 6:{6=x 6:"1"}] 7=c 8:{8=d 9:"t\n"} 10=1 10:2.5 11=e 11:null}"#
        );
    }

    #[test]
    fn what_is_not_read_is_refused_with_its_line() {
        for (text, line, message) in [
            ("a: [1 2\n  b: }", Some(2), "not valid YAML: "),
            ("a: b\n  c: d", Some(2), "not valid YAML: "),
            ("a: &x 1\nb: *x", Some(1), "anchors and aliases"),
            ("a: !!str 1", Some(1), "tags"),
            ("a: !x {}", Some(1), "tags"),
            ("? [a]\n: 1", Some(1), "a key must be a string"),
            ("a: 1\n---\nb: 2", Some(3), "a second document"),
            ("# nothing\n", None, "the file is empty"),
            ("", None, "the file is empty"),
        ] {
            let error = parse(text).err().unwrap();
            assert!(error.message.starts_with(message), "{text}: {}", error.message);
            assert_eq!(error.line, line, "{text}: {}", error.message);
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| (0..depth).map(|level| "  ".repeat(level) + "a:\n").collect::<String>();
        assert!(parse(&nested(DEPTH_MAX)).is_ok());
        assert!(parse(&nested(DEPTH_MAX + 1)).is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"- ".repeat(100_000)).is_err());
    }
}
