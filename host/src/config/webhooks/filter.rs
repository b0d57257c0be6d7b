//! Which events an endpoint gets: by type, and by what they are about.

use crate::expr::Expr;
use crate::model::EventKind;

use super::super::field::Field;
use super::super::problem::quoted;
use super::super::secrets::all;
use super::super::suggest::closest;
use super::super::tree::Value;
use super::Filter;

/// Longest pattern of event types. Types themselves are two short words.
const PATTERN_MAX_BYTES: usize = 128;

/// The patterns of `events`.
pub(super) fn read_events(field: &Field<'_>) -> Option<Vec<String>> {
    if !field.is_present() {
        field.must_be("a list of event types such as [\"flow.*\"]");
        return None;
    }
    some_of(field, read_pattern)
}

fn read_pattern(field: &Field<'_>) -> Option<String> {
    let pattern = field.text()?;
    let is_word = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*".contains(&byte))
    };
    if pattern.len() > PATTERN_MAX_BYTES || !pattern.split('.').all(is_word) {
        let message = "must be an event type such as flow.failed, in which `*` stands for any characters";
        field.problem(format!("{message}, found {}", quoted(&pattern)));
        return None;
    }
    let known: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    if !pattern.contains('*') && !known.contains(&pattern.as_str()) {
        let advice = closest(&pattern, &known).map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
        field.warn(format!("{}: no event of the type {} is known here{advice}", field.path, quoted(&pattern)));
    }
    Some(pattern)
}

/// The `filter`.
pub(super) fn read(field: &Field<'_>) -> Option<Filter> {
    let section = field.section(&["agentIds", "sessionKeys", "channel", "expr"]);
    let agent_ids = texts(&section.field("agentIds"));
    let session_keys = texts(&section.field("sessionKeys"));
    let channel = section.field("channel");
    let channels = match channel.value() {
        Some(Value::Text(_)) => channel.text().map(|one| vec![one]),
        None | Some(Value::List(_)) => texts(&channel),
        Some(_) => {
            channel.must_be("a string or a list of strings");
            None
        }
    };
    let expr = read_expr(&section.field("expr"));
    Some(Filter { agent_ids: agent_ids?, session_keys: session_keys?, channels: channels?, expr: expr? })
}

/// The expression, `None` if there is none, nothing if it is wrong.
fn read_expr(field: &Field<'_>) -> Option<Option<String>> {
    if !field.is_present() {
        return Some(None);
    }
    let text = field.text()?;
    match Expr::parse(&text) {
        Ok(_) => Some(Some(text)),
        Err(error) => {
            field.problem(error.to_string());
            None
        }
    }
}

/// A list of strings. Absent, there are none.
fn texts(field: &Field<'_>) -> Option<Vec<String>> {
    if field.is_present() { some_of(field, |item| item.text()) } else { Some(Vec::new()) }
}

/// A list with something in it: an empty one would read as "none" to some and as "any" to others.
fn some_of<T>(field: &Field<'_>, read: impl Fn(&Field<'_>) -> Option<T>) -> Option<Vec<T>> {
    if matches!(field.value(), Some(Value::List(items)) if items.is_empty()) {
        field.problem("must not be empty; name what you want, or remove the key");
        return None;
    }
    all(field.items(), read)
}
