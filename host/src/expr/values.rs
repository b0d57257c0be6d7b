//! An event's JSON as the library wants it. Numbers are doubles, as everywhere in JSON: `data.n > 5` and `data.n == 5` hold as
//! one reads them, arithmetic wants `5.0`, and whether an expression fits does not hang on a sender's `2` or `2.5`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cel::Value;
use cel::objects::{Key, Map};
use serde_json::{Number, Value as Json};

use super::ExprError;

/// Values of an event that an expression with a loop is asked about. Comparing each with each, which a loop can do with `in`,
/// is then a matter of milliseconds; the events after it wait for the answer.
pub(super) const LOOP_VALUES_MAX: usize = 1_000;
/// Levels of an event. Deeper ones are none of a person's or a Gateway's.
pub(super) const DEPTH_MAX: usize = 128;

/// Converts the variables of one question.
pub(super) struct Values {
    left: usize,
}

impl Values {
    pub fn new(has_loop: bool) -> Self {
        Self { left: if has_loop { LOOP_VALUES_MAX } else { usize::MAX } }
    }

    pub fn convert(&mut self, json: &Json) -> Result<Value, ExprError> {
        self.convert_at(json, 0)
    }

    fn convert_at(&mut self, json: &Json, depth: usize) -> Result<Value, ExprError> {
        if depth > DEPTH_MAX {
            return Err(ExprError::TooMuch);
        }
        self.left = self.left.checked_sub(1).ok_or(ExprError::TooMuch)?;
        Ok(match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            // Without a value only if it is beyond the doubles.
            Json::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Value::String(Arc::new(text.clone())),
            Json::Array(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.convert_at(item, depth + 1)).collect();
                Value::List(Arc::new(items?))
            }
            Json::Object(members) => {
                let member = |(name, value): (&String, &Json)| {
                    Ok((Key::String(Arc::new(name.clone())), self.convert_at(value, depth + 1)?))
                };
                let members: Result<HashMap<_, _>, _> = members.iter().map(member).collect();
                Value::Map(Map { map: Arc::new(members?) })
            }
        })
    }
}

/// What an expression yields, as JSON; nothing for bytes, functions and numbers beyond the doubles.
pub(super) fn to_json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number) => Json::from(*number),
        Value::UInt(number) => Json::from(*number),
        Value::Float(number) => Json::Number(json_number(*number)?),
        Value::String(text) => Json::String(text.as_str().to_owned()),
        Value::List(items) => Json::Array(items.iter().map(to_json).collect::<Option<_>>()?),
        Value::Map(members) => {
            let name = |key: &Key| match key {
                Key::String(name) => name.as_str().to_owned(),
                Key::Int(number) => number.to_string(),
                Key::Uint(number) => number.to_string(),
                Key::Bool(flag) => flag.to_string(),
            };
            let member = |(key, value): (&Key, &Value)| Some((name(key), to_json(value)?));
            // Sorted: the library's maps have another order in each run, and what is stored of a run must not.
            Json::Object(members.map.iter().map(member).collect::<Option<BTreeMap<_, _>>>()?.into_iter().collect())
        }
        _ => return None,
    })
}

/// A whole number without its `.0`, as JSON is written by most.
fn json_number(number: f64) -> Option<Number> {
    /// Up to here every whole number is a double of its own.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.fract() == 0.0 && number.abs() <= EXACT_MAX;
    if is_whole { Some(Number::from(number as i64)) } else { Number::from_f64(number) }
}
