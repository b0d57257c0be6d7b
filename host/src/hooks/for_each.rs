//! The items of an array, each of which becomes an action of its own.

use super::render::Source;
use super::request::Request;
use crate::json::{self, JsonPart, JsonText, quote};

/// OpenClaw's number of items of one request that are looked at.
const ITEMS_MAX: usize = 200;

/// The items under `key`, and how many there were too many. What is no array has none.
pub(super) fn items<'a>(request: &'a Request, key: &str) -> (Vec<JsonPart<'a>>, usize) {
    let found = request.payload.part().members().find(|(name, _)| name == key);
    let mut items: Vec<_> = found.into_iter().flat_map(|(_, value)| value.elements()).collect();
    let dropped = items.len().saturating_sub(ITEMS_MAX);
    items.truncate(ITEMS_MAX);
    (items, dropped)
}

/// The payload as a transform sees it: with one item, if it is asked about one.
pub(super) fn payload(source: &Source<'_>) -> JsonText {
    let whole = &source.request.payload;
    let Some((key, item)) = source.only else { return whole.clone() };
    let mut text = String::from("{");
    for (name, value) in whole.part().members() {
        if text.len() > 1 {
            text.push(',');
        }
        quote(&name, &mut text);
        text.push(':');
        match name == key {
            true => text.extend(["[", item.as_str(), "]"]),
            false => text.push_str(value.as_str()),
        }
    }
    text.push('}');
    // Made of canonical parts; only a name with a lone surrogate in it changes.
    json::canonical(text.as_bytes()).unwrap_or_else(|_| whole.clone())
}
