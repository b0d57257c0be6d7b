//! Values inside a request: times, ids, members of a JSON body.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Presented, Reason, Refused, Source};
use crate::model::Millis;

/// The sender's id of the delivery, if it sends one. Headers come from the request, members from the body as it is after decryption.
pub(super) fn delivery_id(
    sources: &[Source],
    presented: &Presented<'_>,
    body: &[u8],
) -> Result<Option<String>, Refused> {
    for source in sources {
        let found = match source {
            Source::Header(name) => presented.optional_header(name)?.map(str::to_owned),
            Source::Member(names) => member(body, names),
            Source::Item(_) => None,
        };
        if let Some(id) = found.filter(|id| !id.is_empty()) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// A time, written in units of so many milliseconds.
pub(super) fn stamp(text: &str, unit_ms: i64) -> Result<Millis, Refused> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| text.parse::<i64>().ok()).flatten();
    let at = number.and_then(|number| number.checked_mul(unit_ms));
    Ok(at.map(Millis).ok_or(Reason::Malformed("the timestamp is not a number of the usual size"))?)
}

/// A string or a whole number under these names, as text. What is no JSON has none.
pub(super) fn member(body: &[u8], names: &[&str]) -> Option<String> {
    let mut value = body;
    for name in names {
        let mut json = serde_json::Deserializer::from_slice(value);
        value = Member(name).deserialize(&mut json).ok()??.get().as_bytes();
    }
    match value.first()? {
        b'"' => serde_json::from_slice(value).ok(),
        b'0'..=b'9' => serde_json::from_slice::<u64>(value).ok().map(|number| number.to_string()),
        _ => None,
    }
}

/// The last member of this name in an object, as JavaScript reads it. The rest is passed over, whatever its size.
struct Member<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<String>()? {
            if name == self.0 {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}
