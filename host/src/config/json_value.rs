//! Parts of the file that are JSON themselves: what a template says, what a component is given, an endpoint's definition.

use crate::json::{self, JsonText, quote};

use super::field::Field;
use super::tree::Value;

/// How much of a member goes into [`as_written`].
pub(super) enum Part {
    /// All of it.
    All,
    /// The keys of the map that it is, with nothing under them.
    Names,
    /// Nothing.
    Nothing,
}

/// The value as canonical JSON, with `${…}` put into its strings.
pub(super) fn read(field: &Field<'_>) -> Option<JsonText> {
    let mut out = String::new();
    let complete = write(field, Strings::Read, &mut out);
    complete.then(|| canonical(&out)).flatten()
}

/// A map as canonical JSON, as it stands in the file: what `${…}` stands for is not in it.
pub(super) fn as_written(map: &Field<'_>, part: impl Fn(&str) -> Part) -> Option<JsonText> {
    let mut out = String::from("{");
    for (name, value) in map.entries() {
        match part(name) {
            Part::All => {
                key(name, &mut out);
                write(&value, Strings::AsWritten, &mut out);
                out.push(',');
            }
            Part::Names => {
                key(name, &mut out);
                out.push('{');
                for (name, _) in value.entries() {
                    key(name, &mut out);
                    out.push_str("null,");
                }
                close('}', &mut out);
                out.push(',');
            }
            Part::Nothing => {}
        }
    }
    close('}', &mut out);
    canonical(&out)
}

fn canonical(text: &str) -> Option<JsonText> {
    json::canonical(text.as_bytes()).ok()
}

/// How strings are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strings {
    /// With `${…}` put in.
    Read,
    /// As they stand.
    AsWritten,
}

/// Writes the value; false if something in it is wrong. Where a value is only copied, its reader reports that.
fn write(field: &Field<'_>, strings: Strings, out: &mut String) -> bool {
    match field.value() {
        None | Some(Value::Null) => out.push_str("null"),
        Some(Value::Bool(flag)) => out.push_str(if *flag { "true" } else { "false" }),
        Some(Value::Number(number)) if !number.is_finite() => {
            if strings == Strings::Read {
                field.problem("must be a number that JSON has");
            }
            return false;
        }
        // Valid JSON; the canonical text has it as ECMAScript prints it.
        Some(Value::Number(number)) => out.push_str(&number.to_string()),
        Some(Value::Text(raw)) => match strings {
            Strings::AsWritten => quote(raw, out),
            Strings::Read => match field.verbatim() {
                Some(text) => quote(&text, out),
                None => return false,
            },
        },
        Some(Value::List(_)) => {
            let mut complete = true;
            out.push('[');
            for item in field.items() {
                complete &= write(&item, strings, out);
                out.push(',');
            }
            close(']', out);
            return complete;
        }
        Some(Value::Map(_)) => {
            let mut complete = true;
            out.push('{');
            for (name, value) in field.entries() {
                key(name, out);
                complete &= write(&value, strings, out);
                out.push(',');
            }
            close('}', out);
            return complete;
        }
    }
    true
}

fn key(name: &str, out: &mut String) {
    quote(name, out);
    out.push(':');
}

/// Ends a list or map; the comma behind its last item goes. No value ends with one: strings end with their quote.
fn close(bracket: char, out: &mut String) {
    if out.ends_with(',') {
        out.pop();
    }
    out.push(bracket);
}
