//! Holds a body against its action's schema: a [`Call`], or the first problem in the words of OpenClaw.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use sandclaw_sdk::Error;

use crate::json::{Member, Value, Whole, kind, members, whole};
use crate::schema::{Action, FIELDS_MAX, FLOW_ID, Field, REVISION, Rule, SCHEMAS, Schema, TOKEN};
use crate::text::{LoneSurrogate, decoded, decoded_lossy, trimmed};

/// A body that is as its schema wants it.
pub struct Call<'a> {
    schema: &'static Schema,
    /// In the order of `schema.fields`.
    given: [Option<Given<'a>>; FIELDS_MAX],
    body_bytes: usize,
}

/// A value that passed.
#[derive(Clone, Copy)]
enum Given<'a> {
    /// A string, trimmed, without its quotes.
    Text(&'a str),
    /// Anything else, as it came.
    Raw(&'a str),
}

/// Checks in the order of the contract: the fields one by one, then unknown members, then the rule over several fields.
pub fn check(body: &str) -> Result<Call<'_>, Error> {
    let members = members(body).ok_or_else(|| no_object(body))?;
    let schema = schema_of(&members).ok_or_else(|| Error::invalid("action: Invalid input"))?;
    let mut call = Call { schema, given: [None; FIELDS_MAX], body_bytes: body.len() };
    for (field, given) in schema.fields.iter().zip(&mut call.given) {
        *given =
            check_field(field, find(&members, field.name)).map_err(|problem| invalid(&[field.name, ": ", &problem]))?;
    }
    refuse_unknown(schema, &members)?;
    if schema.action == Action::RunTask {
        check_running_rule(&call)?;
    }
    Ok(call)
}

fn schema_of(members: &[Member<'_>]) -> Option<&'static Schema> {
    let action = inside_quotes(find(members, "action")?.text)?;
    SCHEMAS.iter().find(|schema| schema.name == action)
}

fn check_field<'a>(field: &Field, value: Option<Value<'a>>) -> Result<Option<Given<'a>>, Cow<'static, str>> {
    let Some(value) = value else {
        return if field.is_required { Err(mismatch(field.rule, "undefined")) } else { Ok(None) };
    };
    let received = kind(value.text);
    let raw = Ok(Some(Given::Raw(value.text)));
    match field.rule {
        Rule::NullableText if received == "null" => raw,
        Rule::Text | Rule::NullableText => match inside_quotes(value.text).map(trimmed) {
            Some("") => Err("Too small: expected string to have >=1 characters".into()),
            Some(text) => Ok(Some(Given::Text(text))),
            None => Err(mismatch(field.rule, received)),
        },
        Rule::OneOf(names) => match inside_quotes(value.text) {
            Some(name) if names.contains(&name) => raw,
            _ => Err(mismatch(field.rule, received)),
        },
        Rule::Flag if received == "boolean" => raw,
        Rule::Json if value.is_finite => raw,
        Rule::Whole if received == "number" => match whole(value.text) {
            Whole::Is(_) => raw,
            Whole::NotFinite => Err(mismatch(field.rule, received)),
            Whole::NotInteger => Err("Invalid input: expected int, received number".into()),
            Whole::Negative => Err("Too small: expected number to be >=0".into()),
            Whole::TooBig => Err("Too big: expected int to be <=9007199254740991".into()),
            Whole::TooSmall => Err("Too small: expected int to be >=-9007199254740991".into()),
        },
        Rule::Flag | Rule::Json | Rule::Whole => Err(mismatch(field.rule, received)),
    }
}

/// What is said of a value that is no such thing at all.
fn mismatch(rule: Rule, received: &str) -> Cow<'static, str> {
    let expected = match rule {
        Rule::Text | Rule::NullableText => "string",
        Rule::Whole => "number",
        Rule::Flag => "boolean",
        Rule::Json => return "Invalid input".into(),
        Rule::OneOf(names) => {
            return ["Invalid option: expected one of \"", &names.join("\"|\""), "\""].concat().into();
        }
    };
    ["Invalid input: expected ", expected, ", received ", received].concat().into()
}

fn refuse_unknown(schema: &Schema, members: &[Member<'_>]) -> Result<(), Error> {
    let is_known = |name| name == "action" || schema.fields.iter().any(|field| field.name == name);
    let unknown = members.iter().map(|member| member.name).filter(|name| !is_known(*name));
    let names: Vec<String> = unknown.map(decoded_lossy).collect();
    match names.len() {
        0 => Ok(()),
        1 => Err(invalid(&["Unrecognized key: \"", &names.concat(), "\""])),
        _ => Err(invalid(&["Unrecognized keys: \"", &names.join("\", \""), "\""])),
    }
}

/// What only a running task can have makes sense for a running task only, even when it is null.
fn check_running_rule(call: &Call<'_>) -> Result<(), Error> {
    let is_running = matches!(call.get("status"), Some(Given::Raw("\"running\"")));
    let has_progress = ["startedAt", "lastEventAt", "progressSummary"].iter().any(|name| call.get(name).is_some());
    if has_progress && !is_running {
        return Err(Error::invalid(
            "status: status must be running when startedAt, lastEventAt, or progressSummary is provided",
        ));
    }
    Ok(())
}

fn no_object(body: &str) -> Error {
    match kind(body) {
        "object" => Error::invalid("invalid request body"),
        received => invalid(&["Invalid input: expected object, received ", received]),
    }
}

fn find<'a>(members: &[Member<'a>], name: &str) -> Option<Value<'a>> {
    members.iter().find(|member| member.name == name).map(|member| member.value)
}

fn inside_quotes(token: &str) -> Option<&str> {
    token.strip_prefix('"')?.strip_suffix('"')
}

fn invalid(parts: &[&str]) -> Error {
    Error::Invalid(parts.concat())
}

impl<'a> Call<'a> {
    pub fn action(&self) -> Action {
        self.schema.action
    }

    /// The flow that is meant.
    pub fn flow_id(&self) -> Result<Cow<'a, str>, LoneSurrogate> {
        self.text(FLOW_ID)
    }

    /// What is to be resolved.
    pub fn token(&self) -> Result<Cow<'a, str>, LoneSurrogate> {
        self.text(TOKEN)
    }

    /// The revision that the caller believes in.
    pub fn expected_revision(&self) -> u64 {
        match self.get(REVISION) {
            Some(Given::Raw(number)) => match whole(number) {
                Whole::Is(revision) => revision,
                _ => 0,
            },
            _ => 0,
        }
    }

    /// The fields for the host: a JSON object of what was given besides the arguments.
    pub fn fields(&self) -> String {
        let mut fields = String::with_capacity(self.body_bytes); // all of it stands in the body, with `action` besides
        fields.push('{');
        for (field, given) in self.schema.fields.iter().zip(self.given).filter(|(field, _)| !field.is_argument) {
            let Some(given) = given else { continue };
            if fields.len() > 1 {
                fields.push(',');
            }
            fields.push('"');
            fields.push_str(field.name);
            fields.push_str("\":");
            match given {
                Given::Text(text) => {
                    fields.push('"');
                    fields.push_str(text);
                    fields.push('"');
                }
                Given::Raw(text) => fields.push_str(text),
            }
        }
        fields.push('}');
        fields
    }

    fn text(&self, name: &str) -> Result<Cow<'a, str>, LoneSurrogate> {
        match self.get(name) {
            Some(Given::Text(text)) => decoded(text),
            _ => Ok(Cow::Borrowed("")),
        }
    }

    fn get(&self, name: &str) -> Option<Given<'a>> {
        self.schema.fields.iter().zip(self.given).find(|(field, _)| field.name == name)?.1
    }
}
