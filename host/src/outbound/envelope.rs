//! The envelope of an event, as receivers and transforms read it: `{"id","type","timestamp","instanceId","data"}`, in this order.

use std::fmt::Write as _;

use crate::json;
use crate::model::{Event, Millis};

/// The envelope's JSON.
pub(super) fn of(event: &Event, instance_id: &str) -> String {
    let mut text = String::with_capacity(event.data.len() + 160);
    text.push_str("{\"id\":");
    json::quote(event.id.as_str(), &mut text);
    text.push_str(",\"type\":");
    json::quote(&event.kind, &mut text);
    text.push_str(",\"timestamp\":");
    match &event.timestamp {
        Some(given) => json::quote(given, &mut text),
        None => {
            let _ = write!(text, "\"{}\"", iso(event.created_at));
        }
    }
    text.push_str(",\"instanceId\":");
    json::quote(event.instance.as_deref().unwrap_or(instance_id), &mut text);
    text.push_str(",\"data\":");
    text.push_str(&event.data);
    text.push('}');
    text
}

/// ISO 8601 in UTC with milliseconds, as ECMAScript's `toISOString` writes it.
pub fn iso(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |at| format!("{at:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EventId;

    #[test]
    fn an_envelope_has_the_five_members_in_their_order() {
        let event = Event {
            seq: 7,
            id: EventId::new("evt_1"),
            kind: "message.sent".into(),
            timestamp: None,
            instance: None,
            session: None,
            data: r#"{"agentId":"a"}"#.into(),
            created_at: Millis(1_773_484_200_000),
            callback_url: None,
        };
        assert_eq!(
            of(&event, "node-1"),
            r#"{"id":"evt_1","type":"message.sent","timestamp":"2026-03-14T10:30:00.000Z","instanceId":"node-1","data":{"agentId":"a"}}"#
        );
        let elsewhere = Event { instance: Some("node-2".into()), ..event.clone() };
        assert!(of(&elsewhere, "node-1").contains(r#""instanceId":"node-2""#));
        let handed_in = Event { timestamp: Some("2026-03-14T10:30:00Z".into()), ..event };
        assert!(of(&handed_in, "n\"1").contains(r#""timestamp":"2026-03-14T10:30:00Z","instanceId":"n\"1""#));
    }
}
