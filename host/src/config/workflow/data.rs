//! Texts and JSON of a workflow file with their places. Nothing is put in for `${…}` here: in a workflow that is a reference.

use serde_json::{Map, Number, Value as Json};

use super::super::field::Field;
use super::super::problem::quoted;
use super::super::tree::Value;
use super::model::{Data, Spot, Written};
use super::{NAME_MAX_CHARS, NAMES_MAX};

/// Whole doubles up to here are written without a fraction; beyond, not every whole number is one.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// Names of variables of the environment that are ours.
const OWN_VARIABLES: &str = "SANDCLAW_";

pub(super) fn spot(field: &Field<'_>) -> Spot {
    Spot { line: field.line, path: field.path.clone() }
}

/// A text, if there is one.
pub(super) fn text(field: &Field<'_>) -> Option<Written> {
    field.raw().map(|text| Written { text: text.to_owned(), at: spot(field) })
}

/// A text that is not blank.
pub(super) fn required(field: &Field<'_>, wanted: &str) -> Option<Written> {
    match field.value() {
        Some(Value::Text(text)) if !text.trim().is_empty() => Some(Written { text: text.clone(), at: spot(field) }),
        Some(Value::Text(_)) => {
            field.problem(format!("must be {wanted}, found an empty string"));
            None
        }
        _ => {
            field.must_be(wanted);
            None
        }
    }
}

/// Any JSON.
pub(super) fn data(field: &Field<'_>) -> Data {
    match field.value() {
        None | Some(Value::Null) => Data::Plain(Json::Null),
        Some(Value::Bool(flag)) => Data::Plain(Json::Bool(*flag)),
        Some(Value::Number(number)) => Data::Plain(as_number(field, *number)),
        Some(Value::Text(text)) => Data::Text(Written { text: text.clone(), at: spot(field) }),
        Some(Value::List(_)) => Data::List(field.items().iter().map(data).collect()),
        Some(Value::Map(_)) => {
            Data::Map(field.entries().iter().map(|(name, value)| ((*name).to_owned(), data(value))).collect())
        }
    }
}

/// An object, if there is one.
pub(super) fn map(field: &Field<'_>) -> Option<Data> {
    match field.value()? {
        Value::Map(_) => Some(data(field)),
        _ => {
            field.must_be("a map");
            None
        }
    }
}

/// JSON in which a text is only text.
pub(super) fn json(field: &Field<'_>) -> Json {
    fn plain(data: Data) -> Json {
        match data {
            Data::Plain(value) => value,
            Data::Text(written) => Json::String(written.text),
            Data::List(items) => Json::Array(items.into_iter().map(plain).collect()),
            Data::Map(members) => {
                Json::Object(members.into_iter().map(|(name, member)| (name, plain(member))).collect::<Map<_, _>>())
            }
        }
    }
    plain(data(field))
}

/// An environment: texts, and numbers and flags as they print.
pub(super) fn env(field: &Field<'_>) -> Vec<(String, Written)> {
    let entries = field.entries();
    if entries.len() > NAMES_MAX {
        field.problem(format!("has {} variables, and there are at most {NAMES_MAX}", entries.len()));
    }
    let mut variables = Vec::new();
    for (name, value) in entries {
        let is_variable = name.len() <= NAME_MAX_CHARS
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_variable {
            value.problem(format!("{} is no name of a variable; it has letters, digits and `_`", quoted(name)));
        } else if name.starts_with(OWN_VARIABLES) {
            value.problem(format!("names that start with {OWN_VARIABLES} are the gateway's own; choose another"));
        }
        let text = match value.value() {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Bool(flag)) => flag.to_string(),
            Some(Value::Number(number)) => as_number(&value, *number).to_string(),
            _ => {
                value.must_be("a string");
                continue;
            }
        };
        if text.contains('\0') {
            value.problem("holds a NUL character, which no variable can");
        }
        variables.push((name.to_owned(), Written { text, at: spot(&value) }));
    }
    variables
}

fn as_number(field: &Field<'_>, number: f64) -> Json {
    if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
        return Json::from(number as i64);
    }
    let read = Number::from_f64(number);
    if read.is_none() {
        field.problem("must be a number that JSON has");
    }
    read.map_or(Json::Null, Json::Number)
}
