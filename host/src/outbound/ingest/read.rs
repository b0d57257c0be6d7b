//! From a body to events, by the rules of the door: one event, or an array of up to a thousand. Everything is a piece of the canonical
//! body, looked at in place; `data` is the one thing that is copied.

use std::fmt;

use super::timestamp;
use crate::json::{JsonKind, JsonPart, JsonText};
use crate::model::{EventId, Ids, NewEvent, SessionKey};

/// Events of one request. They are one transaction, and the writer does not let a long one stand in everybody's way.
const EVENTS_MAX: usize = 1000;
/// Longest instance id: twice the longest name of a host that anybody has.
const INSTANCE_MAX_BYTES: usize = 128;

/// Longest type. Receivers keep it in a column or a topic's name.
const TYPE_MAX_BYTES: usize = 100;
/// Longest id behind its prefix; ours have 32.
const ID_MAX_BYTES: usize = 64;
/// How ids begin.
const ID_PREFIX: &str = "evt_";
/// The gateway's own events begin like this. A sender that could make them could make receivers believe in flows that never were,
/// and reach endpoints that did not ask, which only the operator's test message does.
const RESERVED: [&str; 8] = ["flow.", "task.", "run.", "plugin.", "endpoint.", "delivery.", "webhook.", "channel."];

/// What is wrong with a body, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Its place in the array, if there is one.
    index: Option<usize>,
    /// The member, if it is one.
    member: Option<String>,
    rule: String,
}

impl Wrong {
    fn of(member: &str, rule: impl Into<String>) -> Self {
        Self { index: None, member: Some(member.to_owned()), rule: rule.into() }
    }

    fn whole(rule: impl Into<String>) -> Self {
        Self { index: None, member: None, rule: rule.into() }
    }
}

impl fmt::Display for Wrong {
    /// `[3].type: …`, as a path into the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.index, &self.member) {
            (Some(index), Some(member)) => write!(f, "[{index}].{member}: {}", self.rule),
            (Some(index), None) => write!(f, "[{index}]: {}", self.rule),
            (None, Some(member)) => write!(f, "{member}: {}", self.rule),
            (None, None) => f.write_str(&self.rule),
        }
    }
}

/// The events that the body is, or the first thing that is wrong with it.
pub(super) fn events(body: &JsonText, ids: Ids) -> Result<Vec<NewEvent>, Wrong> {
    match body.kind() {
        JsonKind::Object => Ok(vec![event(body.part(), ids)?]),
        JsonKind::Array => {
            let mut events = Vec::new();
            for (index, part) in body.part().elements().enumerate() {
                if index == EVENTS_MAX {
                    return Err(Wrong::whole(format!("too many events; send at most {EVENTS_MAX} in one request")));
                }
                events.push(event(part, ids).map_err(|wrong| Wrong { index: Some(index), ..wrong })?);
            }
            if events.is_empty() {
                return Err(Wrong::whole("no events; send one, or an array of at least one"));
            }
            Ok(events)
        }
        other => Err(Wrong::whole(format!("must be an event or an array of events, not {}", article(other)))),
    }
}

fn event(part: JsonPart<'_>, ids: Ids) -> Result<NewEvent, Wrong> {
    if part.kind() != JsonKind::Object {
        return Err(Wrong::whole(format!("must be an event, not {}", article(part.kind()))));
    }
    let (mut kind, mut data, mut id, mut timestamp, mut instance) = (None, None, None, None, None);
    for (name, value) in part.members() {
        match &*name {
            "type" => kind = Some(read_type(value)?),
            "data" => data = Some(read_data(value)?),
            "id" => id = Some(read_id(value)?),
            "timestamp" => timestamp = Some(read_timestamp(value)?),
            "instanceId" => instance = Some(read_instance(value)?),
            other => {
                return Err(Wrong::of(
                    &shown(other),
                    "unknown member; an event has type, data, id, timestamp and instanceId",
                ));
            }
        }
    }
    let kind = kind.ok_or_else(|| Wrong::of("type", "is missing; every event has one, such as `message.sent`"))?;
    let data = data.ok_or_else(|| Wrong::of("data", "is missing; every event has one, if only `{}`"))?;
    Ok(NewEvent {
        id: id.unwrap_or_else(|| ids.event()),
        kind,
        timestamp,
        instance,
        session: session(data),
        data: data.as_str().to_owned(),
    })
}

fn read_type(value: JsonPart<'_>) -> Result<String, Wrong> {
    let wrong = |rule: String| Wrong::of("type", rule);
    let text = value.as_string_lossy().ok_or_else(|| wrong(must_be("a string", value)))?;
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
    if text.len() > TYPE_MAX_BYTES {
        return Err(wrong(format!("too long; at most {TYPE_MAX_BYTES} characters")));
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) || !text.split('.').all(is_word) {
        return Err(wrong("must be lower-case words with dots between them, such as `message.sent`".into()));
    }
    if let Some(reserved) = RESERVED.iter().find(|reserved| text.starts_with(**reserved)) {
        return Err(wrong(format!("`{reserved}*` is reserved for events of the gateway itself; use another word")));
    }
    Ok(text.into_owned())
}

fn read_data(value: JsonPart<'_>) -> Result<JsonPart<'_>, Wrong> {
    if value.kind() != JsonKind::Object {
        return Err(Wrong::of("data", must_be("an object", value)));
    }
    if value.has_out_of_range_number() {
        return Err(Wrong::of("data", "holds a number beyond the range of doubles; send it as a string"));
    }
    Ok(value)
}

fn read_id(value: JsonPart<'_>) -> Result<EventId, Wrong> {
    let text = value.as_string_lossy().ok_or_else(|| Wrong::of("id", must_be("a string", value)))?;
    let is_good = text.strip_prefix(ID_PREFIX).is_some_and(|rest| {
        (1..=ID_MAX_BYTES).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    });
    let rule = || format!("must be `{ID_PREFIX}` and 1 to {ID_MAX_BYTES} letters, digits, `_` or `-`");
    if is_good { Ok(EventId::new(text)) } else { Err(Wrong::of("id", rule())) }
}

fn read_timestamp(value: JsonPart<'_>) -> Result<String, Wrong> {
    let text = value.as_string_lossy().ok_or_else(|| Wrong::of("timestamp", must_be("a string", value)))?;
    timestamp::utc(&text).ok_or_else(|| {
        Wrong::of("timestamp", "must be an RFC 3339 date and time with its zone, such as `2026-03-14T10:30:00Z`")
    })
}

fn read_instance(value: JsonPart<'_>) -> Result<String, Wrong> {
    let text = value.as_string_lossy().ok_or_else(|| Wrong::of("instanceId", must_be("a string", value)))?;
    let is_good = (1..=INSTANCE_MAX_BYTES).contains(&text.len()) && !text.contains(char::is_control);
    let rule = || format!("must be 1 to {INSTANCE_MAX_BYTES} bytes without control characters");
    if is_good { Ok(text.into_owned()) } else { Err(Wrong::of("instanceId", rule())) }
}

/// The session that the event is about, if it says so: by its key, or else by its id.
fn session(data: JsonPart<'_>) -> Option<SessionKey> {
    let (mut key, mut id) = (None, None);
    for (name, value) in data.members() {
        match &*name {
            "sessionKey" => key = value.as_string_lossy(),
            "sessionId" => id = value.as_string_lossy(),
            _ => {}
        }
    }
    key.or(id).filter(|text| !text.is_empty()).map(SessionKey::new)
}

fn must_be(wanted: &str, value: JsonPart<'_>) -> String {
    format!("must be {wanted}, not {}", article(value.kind()))
}

fn article(kind: JsonKind) -> String {
    match kind {
        JsonKind::Null => "null".to_owned(),
        JsonKind::Array | JsonKind::Object => format!("an {}", kind.as_str()),
        _ => format!("a {}", kind.as_str()),
    }
}

/// A name from outside, fit for a message: short and on one line.
fn shown(name: &str) -> String {
    const SHOWN_MAX_CHARS: usize = 40;
    let mut shown: String = name.chars().take(SHOWN_MAX_CHARS).flat_map(char::escape_debug).collect();
    if name.chars().nth(SHOWN_MAX_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
