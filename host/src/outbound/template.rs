//! Templates: a JSON value in whose strings `{{path}}` stands for something of the event. What is filled in stays inside its string,
//! whatever it holds: a value of the event can break out of nothing.
//!
//! The rules are those of OpenClaw's own hook templates: a missing path is empty, a string is itself, anything else is its JSON.

use serde_json::Value;

/// The most that is filled in, in bytes: twice the largest event. A template may name the whole event a hundred times, and events come from
/// others.
pub const FILLED_MAX_BYTES: usize = 32 << 20;

/// A template, taken apart once.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Node);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(Vec<Piece>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    Other(Value),
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Literal(String),
    Path(Vec<Step>),
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Member(String),
    Item(usize),
}

impl Template {
    /// Takes a template apart. `{{` without its `}}` is text.
    pub fn new(value: &Value) -> Self {
        Self(Node::new(value))
    }

    /// The JSON text for this event; nothing if more than [`FILLED_MAX_BYTES`] would be filled in.
    pub fn fill(&self, event: &Value) -> Option<String> {
        let mut room = FILLED_MAX_BYTES;
        Some(self.0.fill(event, &mut room)?.to_string())
    }
}

impl Node {
    fn new(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Text(pieces(text)),
            Value::Array(items) => Self::List(items.iter().map(Self::new).collect()),
            Value::Object(members) => {
                Self::Map(members.iter().map(|(name, value)| (name.clone(), Self::new(value))).collect())
            }
            other => Self::Other(other.clone()),
        }
    }

    fn fill(&self, event: &Value, room: &mut usize) -> Option<Value> {
        Some(match self {
            Self::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Literal(literal) => text.push_str(literal),
                        Piece::Path(path) => {
                            let before = text.len();
                            push(look_up(event, path), &mut text);
                            *room = room.checked_sub(text.len() - before)?;
                        }
                    }
                }
                Value::String(text)
            }
            Self::List(items) => Value::Array(items.iter().map(|item| item.fill(event, room)).collect::<Option<_>>()?),
            Self::Map(members) => {
                let filled = members.iter().map(|(name, node)| Some((name.clone(), node.fill(event, room)?)));
                Value::Object(filled.collect::<Option<_>>()?)
            }
            Self::Other(value) => value.clone(),
        })
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        literal.push_str(before);
        let Some((path, behind)) = after.split_once("}}") else {
            rest = &rest[before.len()..];
            break;
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Path(steps(path.trim())));
        rest = behind;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

/// `data.items[0].name`, or `data.items.0.name`.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let mut parts = part.split('[');
        let name = parts.next().unwrap_or_default().trim();
        if !name.is_empty() {
            steps.push(Step::Member(name.to_owned()));
        }
        for item in parts {
            match item.trim_end().strip_suffix(']').map(str::trim) {
                Some(item) if item.parse::<usize>().is_ok() => steps.push(Step::Item(item.parse().unwrap_or(0))),
                Some(name) => steps.push(Step::Member(name.trim_matches(['"', '\'']).to_owned())),
                None => steps.push(Step::Member(format!("[{item}"))),
            }
        }
    }
    steps
}

/// What the path leads to; an empty path leads nowhere.
fn look_up<'v>(event: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.first()?;
    path.iter().try_fold(event, |value, step| match (step, value) {
        (Step::Item(at), Value::Array(items)) => items.get(*at),
        (Step::Item(at), Value::Object(members)) => members.get(&at.to_string()),
        (Step::Member(name), Value::Object(members)) => members.get(name),
        (Step::Member(name), Value::Array(items)) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

fn push(value: Option<&Value>, text: &mut String) {
    match value {
        None | Some(Value::Null) => {}
        Some(Value::String(string)) => text.push_str(string),
        Some(other) => text.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(template: Value, expected: Value) {
        let event = json!({
            "type": "error.occurred",
            "timestamp": "2026-03-14T10:30:00Z",
            "data": {
                "agentId": "a\"},{\"x\":\"", "n": 5, "ok": true, "none": null, "error": {"message": "bad\nnews"},
                "items": [{"name": "first"}, "second"]
            }
        });
        let filled: Value = serde_json::from_str(&Template::new(&template).fill(&event).unwrap()).unwrap();
        assert_eq!(filled, expected);
    }

    #[test]
    fn paths_are_filled_in_and_missing_ones_are_empty() {
        check(
            json!({"text": "{{data.error.message}} at {{ timestamp }}"}),
            json!({"text": "bad\nnews at 2026-03-14T10:30:00Z"}),
        );
        check(json!("[{{data.nothing.at.all}}{{data.none}}{{}}]"), json!("[]"));
        check(json!(["{{data.n}}", "{{data.ok}}", 7, null]), json!(["5", "true", 7, null]));
    }

    #[test]
    fn objects_and_lists_are_their_json() {
        check(json!("{{data.error}}"), json!(r#"{"message":"bad\nnews"}"#));
        check(json!("{{data.items[0].name}} {{data.items.1}} {{data.items[9]}}"), json!("first second "));
    }

    #[test]
    fn a_value_cannot_break_out_of_its_string_and_is_not_a_template_itself() {
        check(json!({"text": "{{data.agentId}}"}), json!({"text": "a\"},{\"x\":\""}));
        let event = json!({"data": {"a": "{{type}}"}, "type": "x"});
        assert_eq!(Template::new(&json!("{{data.a}}")).fill(&event).unwrap(), r#""{{type}}""#);
    }

    #[test]
    fn a_large_event_named_often_makes_no_body_beyond_all_bounds() {
        let event = json!({"data": "x".repeat(FILLED_MAX_BYTES / 4)});
        assert!(Template::new(&json!(["{{data}}{{data}}", {"a": "{{data}}"}])).fill(&event).is_some());
        assert_eq!(Template::new(&json!(["{{data}}{{data}}", {"a": "{{data}}{{data}}{{data}}"}])).fill(&event), None);
    }

    #[test]
    fn braces_that_do_not_match_are_text() {
        check(json!("a {{ b"), json!("a {{ b"));
        check(json!("}} {{type"), json!("}} {{type"));
        check(json!({"{{type}}": "names stay"}), json!({"{{type}}": "names stay"}));
    }
}
