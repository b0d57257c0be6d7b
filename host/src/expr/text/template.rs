//! JSON with texts in it: the arguments of a tool. Keys are only keys; every string value is a [`Text`].

use serde_json::{Map, Value};

use super::super::reference::{Reference, Values};
use super::super::text_error::TextError;
use super::{RENDERED_MAX_BYTES, Text};

/// A JSON value whose strings have references.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// `null`, a flag or a number.
    Plain(Value),
    /// A string.
    Text(Text),
    /// A list.
    List(Vec<Template>),
    /// An object.
    Map(Vec<(String, Template)>),
}

impl Template {
    /// The JSON with its values put in.
    pub fn value(&self, values: &Values) -> Result<Value, TextError> {
        let mut left = RENDERED_MAX_BYTES;
        self.value_within(values, &mut left)
    }

    fn value_within(&self, values: &Values, left: &mut usize) -> Result<Value, TextError> {
        match self {
            Self::Plain(value) => Ok(value.clone()),
            Self::Text(text) => {
                let value = text.value(values)?;
                *left = left.checked_sub(size(&value)).ok_or(TextError::TooLarge)?;
                Ok(value)
            }
            Self::List(items) => items.iter().map(|item| item.value_within(values, left)).collect(),
            Self::Map(members) => {
                let member = |(name, member): &(String, Self)| Ok((name.clone(), member.value_within(values, left)?));
                Ok(Value::Object(members.iter().map(member).collect::<Result<Map<_, _>, TextError>>()?))
            }
        }
    }

    /// The member of an object.
    pub fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members.iter().find(|(known, _)| known == name).map(|(_, member)| member),
            _ => None,
        }
    }

    /// What it refers to, in the order of the text.
    pub fn references(&self) -> Vec<&Reference> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::Text(text) => text.references().collect(),
            Self::List(items) => items.iter().flat_map(Self::references).collect(),
            Self::Map(members) => members.iter().flat_map(|(_, member)| member.references()).collect(),
        }
    }
}

/// About how many bytes the value has as JSON.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(size).sum::<usize>() + 2,
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + 4 + size(value)).sum::<usize>() + 2,
    }
}
