//! `bodies`: what a route takes beside JSON.

use super::field::Field;

/// The bodies that a route takes. JSON always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bodies {
    /// `application/x-www-form-urlencoded`, handed on as an object, or as what its `payload` holds.
    pub form: bool,
    /// `text/*`, handed on as a string.
    pub text: bool,
    /// Anything, handed on as `{"contentType", "base64"}`.
    pub raw: bool,
}

/// One kind of them.
#[derive(Clone, Copy)]
enum Kind {
    Json,
    Form,
    Text,
    Raw,
}

const KINDS: [(&str, Kind); 4] = [("json", Kind::Json), ("form", Kind::Form), ("text", Kind::Text), ("raw", Kind::Raw)];

/// The list, or `default` if there is none.
pub(super) fn read(field: &Field<'_>, default: Bodies) -> Bodies {
    if !field.is_present() {
        return default;
    }
    let mut bodies = Bodies::default();
    for item in field.items() {
        match item.choice(&KINDS) {
            Some(Kind::Form) => bodies.form = true,
            Some(Kind::Text) => bodies.text = true,
            Some(Kind::Raw) => bodies.raw = true,
            Some(Kind::Json) | None => {}
        }
    }
    bodies
}
