//! Bodies that are no JSON, as JSON: forms and text, where a route takes them.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::answer::Refused;
use super::front::{first_of, json_content};
use crate::config::Bodies;
use crate::json::{self, JsonError, JsonText};
use crate::model::js_trim;

/// The member of a form that holds the whole payload as JSON: GitHub's and Slack's.
const PAYLOAD: &str = "payload";

/// What a body claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    Json,
    Form,
    Text,
    Raw,
}

/// What the body claims to be, if the route takes that. Asked before a byte of it is read.
pub(super) fn claim(headers: &HeaderMap, bodies: Bodies) -> Result<Claim, Refused> {
    if json_content(headers).is_ok() {
        return Ok(Claim::Json);
    }
    let content_type = first_of(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let media_type = js_trim(content_type.split(';').next().unwrap_or_default()).to_ascii_lowercase();
    match media_type.as_str() {
        "application/x-www-form-urlencoded" if bodies.form => Ok(Claim::Form),
        text if bodies.text && text.starts_with("text/") => Ok(Claim::Text),
        _ if bodies.raw => Ok(Claim::Raw),
        _ => Err(Refused::UnsupportedMediaType),
    }
}

/// The body as JSON. A form is an object of its members, or what its `payload` holds; a text is a string; anything else is
/// `{"contentType", "base64"}`.
pub(super) fn json(claim: Claim, headers: &HeaderMap, body: &[u8]) -> Result<JsonText, Refused> {
    match claim {
        Claim::Json => json::canonical(body).map_err(invalid),
        Claim::Form => of_form(body),
        Claim::Text => {
            let text = str::from_utf8(body).map_err(|_| Refused::InvalidBody)?;
            Ok(JsonText::string(text))
        }
        Claim::Raw => {
            let content_type = first_of(headers, header::CONTENT_TYPE.as_str());
            canonical(&json!({ "contentType": content_type, "base64": STANDARD.encode(body) }))
        }
    }
}

/// A body that is no JSON, if it says that it is a form or a text.
pub(super) fn other(headers: &HeaderMap, body: &[u8]) -> Option<JsonText> {
    let bodies = Bodies { form: true, text: true, raw: false };
    let claim = claim(headers, bodies).ok().filter(|claim| *claim != Claim::Json)?;
    json(claim, headers, body).ok()
}

fn of_form(body: &[u8]) -> Result<JsonText, Refused> {
    let mut members = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        let value = Value::String(value.into_owned());
        match members.get_mut(&*name) {
            None => drop(members.insert(name.into_owned(), value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    if members.len() == 1
        && let Some(Value::String(payload)) = members.get(PAYLOAD)
    {
        return json::canonical(payload.as_bytes()).map_err(invalid);
    }
    canonical(&Value::Object(members))
}

fn canonical(value: &Value) -> Result<JsonText, Refused> {
    json::canonical(value.to_string().as_bytes()).map_err(invalid)
}

pub(super) fn invalid(error: JsonError) -> Refused {
    match error {
        JsonError::TooDeep => Refused::BodyTooDeep,
        _ => Refused::InvalidBody,
    }
}
