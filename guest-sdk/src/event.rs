//! What an outbound transform is given, as a type.

use alloc::string::{String, ToString};

use serde::Deserialize;
use serde_json::Value;

use crate::{Failure, mend, text};

/// One event, as a [`Transform`](crate::Transform) is given it. [`summary`](Self::summary) tells it to people.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// `evt_` and 32 hexadecimal digits; the same for every attempt to deliver it.
    pub id: String,
    /// What happened, as in `flow.created`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened, as the host wrote it.
    pub timestamp: Value,
    /// The sandclaw that it happened in.
    #[serde(rename = "instanceId")]
    pub instance_id: String,
    /// What it happened to.
    pub data: Value,
}

impl Event {
    /// Reads an event, whatever is in its data: lists and maps below the hundredth level become `null`, and halves of surrogate pairs U+FFFD.
    /// Fails with `bad_event` if it is no event.
    pub fn parse(event: &str) -> Result<Self, Failure> {
        serde_json::from_str(&mend::mended(event)).map_err(|error| Failure::new("bad_event", error.to_string()))
    }

    /// The member of [`data`](Self::data) at a path as `error.message`, if there is one.
    pub fn member(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.data, |value, name| value.get(name))
    }

    /// The string, number or truth value at the first of these paths of [`data`](Self::data) that has one, as [clean](text::clean) text.
    /// Blank strings are none.
    pub fn text(&self, paths: &[&str]) -> Option<String> {
        let found = |path: &&str| match self.member(path)? {
            Value::String(string) => Some(text::clean(string).trim().to_string()).filter(|text| !text.is_empty()),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            _ => None,
        };
        paths.iter().find_map(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &str) -> Event {
        let event = r#"{"id":"evt_1","type":"x","timestamp":"t","instanceId":"i","data":"#;
        Event::parse(&format!("{event}{data}}}")).unwrap()
    }

    #[test]
    fn a_member_is_found_at_the_first_path_that_has_text() {
        let event = event(r#"{"error":{"message":" ","code":5},"tool":{"name":"search"},"ok":true,"none":null}"#);
        assert_eq!(event.text(&["error.message", "error", "tool.name"]).as_deref(), Some("search"));
        assert_eq!(event.text(&["error.code"]).as_deref(), Some("5"));
        assert_eq!(event.text(&["ok"]).as_deref(), Some("true"));
        assert_eq!(event.text(&["none", "tool.name.first", "", "nothing"]), None);
    }

    #[test]
    fn a_deep_event_is_read_as_far_as_anybody_looks() {
        let event = event(&format!(r#"{{"flow":{{"state":{}{},"goal":"Review"}}}}"#, "[".repeat(900), "]".repeat(900)));
        assert_eq!(event.text(&["flow.goal"]).as_deref(), Some("Review"));
    }

    #[test]
    fn half_an_emoji_does_not_make_an_event_unreadable() {
        let event = event(r#"{"cut":"a\ud83d","whole":"\ud83d\ude00","text":"\\ud83d"}"#);
        assert_eq!(event.text(&["cut"]).as_deref(), Some("a\u{fffd}"));
        assert_eq!(event.text(&["whole"]).as_deref(), Some("😀"));
        assert_eq!(event.text(&["text"]).as_deref(), Some(r"\ud83d"));
    }

    #[test]
    fn what_is_no_event_is_refused_with_the_reason() {
        let failure = Event::parse(r#"{"id":"evt_1"}"#).unwrap_err();
        assert_eq!(failure.code, "bad_event");
        assert!(failure.message.contains("missing field `type`"), "{failure}");
    }
}
