//! What an override of a hook transform may look like: an object, its members of the types that the contract gives them. Which agents and sessions may be
//! named is policy, and not looked at here.

use super::outcome::printable;
use crate::json::{self, JsonKind, JsonText};

/// What a member of an action is.
enum Shape {
    Text,
    /// One of these, as JSON.
    Word(&'static [&'static str]),
    Flag,
    Number,
}

/// The members of an action that a transform can override.
const MEMBERS: [(&str, Shape); 16] = [
    ("kind", Shape::Word(&["\"agent\"", "\"wake\""])),
    ("message", Shape::Text),
    ("text", Shape::Text),
    ("name", Shape::Text),
    ("agentId", Shape::Text),
    ("wakeMode", Shape::Word(&["\"now\"", "\"next-heartbeat\""])),
    ("sessionKey", Shape::Text),
    ("sessionKeySource", Shape::Word(&["\"static\""])),
    ("sessionMode", Shape::Word(&["\"isolated\"", "\"persistent\""])),
    ("deliver", Shape::Flag),
    ("allowUnsafeExternalContent", Shape::Flag),
    ("channel", Shape::Text),
    ("to", Shape::Text),
    ("model", Shape::Text),
    ("thinking", Shape::Text),
    ("timeoutSeconds", Shape::Number),
];

/// The override as canonical text, or why it is none: names the member, never its value, which may be a sender's.
pub(super) fn checked(text: &str) -> Result<JsonText, String> {
    let given = json::canonical(text.as_bytes())
        .map_err(|cause| format!("answered with an override that is not JSON: {cause}"))?;
    let Some(members) = given.members() else {
        let kind = given.kind().as_str();
        return Err(format!("answered with an override that is no JSON object but of the type {kind}"));
    };
    for (name, value) in &members {
        let Some((_, shape)) = MEMBERS.iter().find(|(known, _)| known == name) else { continue };
        let first = value.as_bytes().first().copied();
        let fits = match shape {
            Shape::Text => first == Some(b'"'),
            Shape::Word(words) => words.contains(value),
            Shape::Flag => matches!(*value, "true" | "false"),
            Shape::Number => first.is_some_and(|first| first == b'-' || first.is_ascii_digit()),
        };
        if !fits && *value != JsonKind::Null.as_str() {
            return Err(format!("answered with an override whose `{}` is not {}", printable(name), shape.wanted()));
        }
    }
    drop(members);
    Ok(given)
}

impl Shape {
    fn wanted(&self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::Word(words) => words.join(" or "),
            Self::Flag => "true or false".to_owned(),
            Self::Number => "a number".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_an_object_and_its_text_canonical() {
        let members = r#" {"message": "a\ud800", "timeoutSeconds": 1.0, "deliver": false, "to": null, "later": [1]} "#;
        let canonical = r#"{"message":"a\ud800","timeoutSeconds":1,"deliver":false,"to":null,"later":[1]}"#;
        assert_eq!(checked(members).unwrap().as_str(), canonical);
        assert!(checked("{}").is_ok());
        for (text, why) in [("[]", "of the type array"), ("null", "of the type null"), ("{", "is not JSON")] {
            let error = checked(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_member_of_another_type_or_word_is_named_and_its_value_is_not() {
        for (member, why) in [
            (r#""message":["s3cret"]"#, "`message` is not a string"),
            (r#""kind":"s3cret""#, r#"`kind` is not "agent" or "wake""#),
            (r#""sessionKeySource":"templated""#, r#"`sessionKeySource` is not "static""#),
            (r#""deliver":"s3cret""#, "`deliver` is not true or false"),
            (r#""timeoutSeconds":"5""#, "`timeoutSeconds` is not a number"),
        ] {
            let error = checked(&format!("{{{member}}}")).unwrap_err();
            assert!(error.contains(why) && !error.contains("s3cret"), "{member}: {error}");
        }
    }
}
