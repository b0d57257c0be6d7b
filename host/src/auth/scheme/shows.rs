//! What a sender shows with each request that is a secret by itself. It is looked at at the door, if at all, and goes no further: nobody behind the door
//! needs it, and a workflow, a component or a model that was handed it could tell it to others.

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use url::form_urlencoded;

use crate::model::js_trim;

/// The member of a form that holds the whole payload as JSON.
const PAYLOAD: &str = "payload";

/// Where a scheme's requests show such secrets, beside the headers that are credentials at every door.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shows {
    /// Headers, in lower case.
    pub headers: &'static [&'static str],
    /// Parameters of the query.
    pub query: &'static [&'static str],
    /// Members of the body by their names from the outside in, and if it is a form, fields of it.
    pub members: &'static [&'static [&'static str]],
}

impl Shows {
    /// No secret anywhere.
    pub const NOTHING: Self = Self { headers: &[], query: &[], members: &[] };

    /// The body without its secrets; nothing if it has none, which leaves it as it is, byte for byte.
    pub(super) fn without(&self, body: &[u8], is_form: bool) -> Option<Vec<u8>> {
        if self.members.is_empty() {
            return None;
        }
        match self.value_without(body) {
            Some(changed) => changed,
            None if is_form => self.form_without(body),
            None => None,
        }
    }

    /// The same of what the gateway reads as an object: it repairs UTF-8, and takes away what JavaScript's `trim` does. A sender that could
    /// write what one of the two readers refuses and the other takes would have its secret handed on.
    fn value_without(&self, body: &[u8]) -> Option<Option<Vec<u8>>> {
        object_without(js_trim(&String::from_utf8_lossy(body)).as_bytes(), self.members)
    }

    fn form_without(&self, body: &[u8]) -> Option<Vec<u8>> {
        let mut kept: Vec<Vec<u8>> = Vec::new();
        let (mut is_changed, mut is_payload_alone, mut lost) = (false, true, None);
        for pair in body.split(|byte| *byte == b'&') {
            let parsed = form_urlencoded::parse(pair).next();
            let Some((name, value)) = parsed else { continue };
            if let Some([name]) = self.members.iter().find(|names| **names == [&*name]) {
                (is_changed, lost) = (true, Some(*name));
                continue;
            }
            is_payload_alone &= name == PAYLOAD && kept.is_empty();
            let payload = (name == PAYLOAD).then(|| self.value_without(value.as_bytes())).flatten().flatten();
            if let Some(payload) = payload {
                is_changed = true;
                let mut pair = form_urlencoded::Serializer::new(String::new());
                pair.append_pair(PAYLOAD, &String::from_utf8_lossy(&payload));
                kept.push(pair.finish().into_bytes());
            } else {
                kept.push(pair.to_vec());
            }
        }
        if is_payload_alone && lost.is_some() && !kept.is_empty() {
            // A form of nothing but its payload is the payload, and this one was not: the name stays, and says nothing.
            kept.extend(lost.map(|name| [name.as_bytes(), b"="].concat()));
        }
        is_changed.then(|| kept.join(&b'&'))
    }

    /// The query without its secrets; nothing if it has none.
    pub fn query_without(&self, query: &str) -> Option<String> {
        let is_shown = |pair: &&str| {
            form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| self.query.iter().any(|secret| *secret == name))
        };
        if self.query.is_empty() || !query.split('&').any(|pair| is_shown(&pair)) {
            return None;
        }
        Some(query.split('&').filter(|pair| !is_shown(pair)).collect::<Vec<_>>().join("&"))
    }
}

/// An object without these members, the rest of it as it was written. The outer `None` is no object, the inner one has none of them.
fn object_without(json: &[u8], secrets: &[&[&str]]) -> Option<Option<Vec<u8>>> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let members = reader.deserialize_map(Members).ok()?;
    reader.end().ok()?;
    let mut kept: Vec<Vec<u8>> = Vec::new();
    let mut is_changed = false;
    for (raw_name, value) in members {
        let name: Option<String> = serde_json::from_str(raw_name.get()).ok();
        let under: Vec<&[&str]> = secrets
            .iter()
            .filter_map(|names| names.split_first())
            .filter(|(first, _)| name.as_deref() == Some(**first))
            .map(|(_, rest)| rest)
            .collect();
        if under.iter().any(|rest| rest.is_empty()) {
            is_changed = true;
            continue;
        }
        let inner = if under.is_empty() { None } else { object_without(value.get().as_bytes(), &under).flatten() };
        is_changed |= inner.is_some();
        let value = inner.as_deref().unwrap_or(value.get().as_bytes());
        kept.push([raw_name.get().as_bytes(), b":", value].concat());
    }
    Some(is_changed.then(|| [&b"{"[..], &kept.join(&b','), b"}"].concat()))
}

/// The members of an object, names and values as they are written.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(&'de RawValue, &'de RawValue)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWS: Shows = Shows { headers: &[], query: &["sign"], members: &[&["token"], &["header", "token"]] };

    fn check(is_form: bool, body: &str, expected: Option<&str>) {
        let without = SHOWS.without(body.as_bytes(), is_form).map(|body| String::from_utf8(body).unwrap());
        assert_eq!(without.as_deref(), expected, "{body}");
    }

    #[test]
    fn secrets_are_taken_out_and_all_else_stays_as_it_was_written() {
        check(false, r#"{"n": 1.50e1, "token":"s", "n":[1 ,2]}"#, Some(r#"{"n":1.50e1,"n":[1 ,2]}"#));
        check(false, r#"{"token":"s"}"#, Some("{}"));
        check(false, r#"{"token":1,"to\u006ben":2}"#, Some("{}"));
        check(
            false,
            r#"{"header":{"event_id":"e","token":"s"},"event":{"token":"its own"}}"#,
            Some(r#"{"header":{"event_id":"e"},"event":{"token":"its own"}}"#),
        );
        check(
            false,
            r#"{"\ud800":12345678901234567890123,"token":"s"}"#,
            Some(r#"{"\ud800":12345678901234567890123}"#),
        );
        for (read_all_the_same, expected) in [
            ("\u{feff}{\"token\":\"s\",\"a\":1}\u{a0}\n", "{\"a\":1}"),
            ("\u{2028}{\"header\":{\"token\":\"s\"}}\u{3000}", "{\"header\":{}}"),
            ("{\"a\":1e999,\"token\":\"s\"}", "{\"a\":1e999}"),
        ] {
            check(false, read_all_the_same, Some(expected));
            check(true, read_all_the_same, Some(expected));
        }
        let broken = SHOWS.without(b"{\"token\":\"s\",\"a\":\"\xff\"}", false).unwrap();
        assert_eq!(str::from_utf8(&broken), Ok("{\"a\":\"\u{fffd}\"}"));
        for as_it_is in [r#"{"a": {"token":"x"}}"#, r#"{"header":"token"}"#, r#"["token"]"#, "token=s", "", "{"] {
            check(false, as_it_is, None);
        }
        assert_eq!(Shows::NOTHING.without(br#"{"token":"s"}"#, true), None);
    }

    #[test]
    fn forms_and_queries_lose_theirs_too() {
        check(true, "token=s&text=a+b&to%6ben=t&token", Some("text=a+b"));
        check(true, "payload=%7B%22token%22%3A%22s%22%2C%22a%22%3A1%7D", Some("payload=%7B%22a%22%3A1%7D"));
        check(true, "payload=%EF%BB%BF%7B%22token%22%3A%22s%22%7D%C2%A0", Some("payload=%7B%7D"));
        check(true, "text=token&x=1", None);
        // Of two fields one is left, which is still one of two.
        check(true, "token=s&payload=%7B%7D", Some("payload=%7B%7D&token="));
        check(true, "token=s&payload=1&payload=2", Some("payload=1&payload=2"));
        check(true, "token=s", Some(""));
        assert_eq!(SHOWS.query_without("a=1&sign=x&b=2&si%67n=y").as_deref(), Some("a=1&b=2"));
        assert_eq!(SHOWS.query_without("a=1&design=x"), None);
        assert_eq!(SHOWS.query_without("sign=x").as_deref(), Some(""));
    }
}
