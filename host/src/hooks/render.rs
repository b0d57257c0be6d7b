//! Texts with `{{path}}` in them, filled from a request. A missing path is empty, a string is itself, anything else is its JSON; what is filled in
//! is never a template itself. The rules of paths are OpenClaw's.

use std::borrow::Cow;

use jiff::Timestamp;

use super::for_each;
use super::request::Request;
use crate::config::hooks::next_expression;
use crate::json::{JsonKind, JsonPart};
use crate::model::Millis;

/// The most that one text may become, in bytes: four times the largest body, for a template that names it more than once.
pub(super) const TEXT_MAX_BYTES: usize = 1 << 20;

/// Names by which JavaScript's objects are reached into. They lead nowhere here; real senders have no such members.
const BLOCKED: [&str; 3] = ["__proto__", "prototype", "constructor"];

/// What templates are filled from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub request: &'a Request,
    pub now: Millis,
    /// Where the payload has this array, it has one item only.
    pub only: Option<(&'a str, JsonPart<'a>)>,
    /// Whether `body` is another name of the payload.
    pub has_body: bool,
}

/// A text was to become larger than [`TEXT_MAX_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// The text of a template.
pub(super) fn render(template: &str, source: &Source<'_>) -> Result<String, TooLong> {
    let (mut text, mut rest) = (String::new(), template);
    while let Some((before, expression, behind)) = next_expression(rest) {
        text.push_str(before);
        source.push(expression, &mut text);
        if text.len() > TEXT_MAX_BYTES {
            return Err(TooLong);
        }
        rest = behind;
    }
    text.push_str(rest);
    Ok(text)
}

/// How many items an array has, as JavaScript calls it.
const LENGTH: &str = "length";
/// A number beyond the range of doubles, as canonical JSON has it.
const BEYOND: &str = "1e999";

/// What an expression leads to.
#[derive(Clone, Copy)]
enum Place<'a> {
    Value(JsonPart<'a>),
    /// So many items.
    Length(usize),
    /// An array of this alone.
    ListOf(JsonPart<'a>),
    /// The payload as a whole.
    Payload,
}

enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

impl<'a> Source<'a> {
    fn push(&self, expression: &str, text: &mut String) {
        match expression {
            "path" => return text.push_str(&self.request.path),
            "now" => return text.push_str(&time(self.now)),
            "body" | "payload" if self.has_body => return text.push_str(self.request.payload.as_str()),
            _ => {}
        }
        if let Some(path) = expression.strip_prefix("headers.") {
            return text.push_str(only_name(path).and_then(|name| self.request.header(name)).unwrap_or_default());
        }
        if let Some(path) = expression.strip_prefix("query.") {
            return text.push_str(only_name(path).and_then(|name| self.request.query(name)).unwrap_or_default());
        }
        let path = expression.strip_prefix("payload.");
        let path = path.or_else(|| expression.strip_prefix("body.").filter(|_| self.has_body)).unwrap_or(expression);
        if path.is_empty() {
            return;
        }
        match self.look_up(path) {
            None => {}
            // `.` and `[]` are a path of no steps.
            Some(Place::Payload) => text.push_str(&told(for_each::payload(self).part())),
            Some(Place::Value(value)) => text.push_str(&told(value)),
            Some(Place::Length(items)) => text.push_str(&items.to_string()),
            Some(Place::ListOf(item)) => {
                text.push('[');
                text.push_str(&nested(item.as_str()));
                text.push(']');
            }
        }
    }

    fn look_up(&self, path: &str) -> Option<Place<'a>> {
        let payload = self.request.payload.part();
        steps(path).try_fold(Place::Payload, |place, step| match (place, step) {
            (_, Step::Member(name)) if BLOCKED.contains(&name) => None,
            (Place::Payload, Step::Member(name)) => match self.only {
                Some((key, item)) if key == name => Some(Place::ListOf(item)),
                _ => member(payload, name),
            },
            (Place::Payload, Step::Item(at)) => item(payload, at),
            (Place::ListOf(one), Step::Item(0) | Step::Member("0")) => Some(Place::Value(one)),
            (Place::ListOf(_), Step::Member(LENGTH)) => Some(Place::Length(1)),
            (Place::ListOf(_) | Place::Length(_), _) => None,
            (Place::Value(value), Step::Member(name)) => member(value, name),
            (Place::Value(value), Step::Item(at)) => item(value, at),
        })
    }
}

/// The name that a path of one step is: headers and parameters have nothing inside them.
fn only_name(path: &str) -> Option<&str> {
    let mut steps = steps(path);
    match (steps.next(), steps.next()) {
        (Some(Step::Member(name)), None) if !BLOCKED.contains(&name) => Some(name),
        _ => None,
    }
}

/// `a.b[0].c`: runs of anything but `.`, `[` and `]`, and numbers in brackets. What is neither is passed over.
fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    let mut rest = path;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(['.', ']']);
            if let Some(inside) = rest.strip_prefix('[') {
                let digits = inside.bytes().take_while(u8::is_ascii_digit).count();
                let (number, behind) = inside.split_at(digits);
                rest = inside;
                if digits > 0 && behind.starts_with(']') {
                    rest = &behind[1..];
                    // A number too large for any array leads nowhere.
                    return Some(Step::Item(number.parse().unwrap_or(usize::MAX)));
                }
                continue;
            }
            if rest.is_empty() {
                return None;
            }
            let (name, behind) = rest.split_at(rest.find(['.', '[', ']']).unwrap_or(rest.len()));
            rest = behind;
            return Some(Step::Member(name));
        }
    })
}

fn member<'a>(value: JsonPart<'a>, name: &str) -> Option<Place<'a>> {
    match value.kind() {
        JsonKind::Array if name == LENGTH => Some(Place::Length(value.elements().count())),
        // An array has its items under their numbers as JavaScript writes them, and under no other spelling.
        JsonKind::Array => item(value, name.parse().ok().filter(|at: &usize| at.to_string() == name)?),
        _ => value.members().find(|(known, _)| known == name).map(|(_, value)| Place::Value(value)),
    }
}

fn item(value: JsonPart<'_>, at: usize) -> Option<Place<'_>> {
    value.elements().nth(at).map(Place::Value)
}

fn told(value: JsonPart<'_>) -> Cow<'_, str> {
    match (value.kind(), value.as_str()) {
        (JsonKind::Null, _) => Cow::Borrowed(""),
        (JsonKind::String, _) => value.as_string_lossy().unwrap_or_default(),
        (JsonKind::Number, BEYOND) => Cow::Borrowed("Infinity"),
        (JsonKind::Number, number) if number.strip_prefix('-') == Some(BEYOND) => Cow::Borrowed("-Infinity"),
        (_, text) => nested(text),
    }
}

/// JSON as JavaScript writes it, which has `null` for a number beyond the range of doubles.
fn nested(json: &str) -> Cow<'_, str> {
    if !json.contains(BEYOND) {
        return Cow::Borrowed(json);
    }
    let bytes = json.as_bytes();
    let (mut told, mut from, mut at, mut is_string) = (String::with_capacity(json.len()), 0, 0, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            // Stands in strings only, and before one character that ends none.
            b'\\' => at += 1,
            b'"' => is_string = !is_string,
            b'1' if !is_string && bytes[at..].starts_with(BEYOND.as_bytes()) => {
                let number = if json[from..at].ends_with('-') { at - 1 } else { at };
                told.extend([&json[from..number], "null"]);
                from = at + BEYOND.len();
            }
            _ => {}
        }
        at += 1;
    }
    told.push_str(&json[from..]);
    Cow::Owned(told)
}

/// As JavaScript writes it: `2026-11-20T10:30:00.000Z`.
fn time(at: Millis) -> String {
    let at = Timestamp::from_millisecond(at.0).unwrap_or_default();
    format!("{at:.3}")
}
