//! Which sessions a door's messages go to. The rules and their words are OpenClaw's.

use crate::config::field::Field;
use crate::config::reader::Section;
use crate::model::js_trim;

use super::SessionRules;

/// The keys of these rules, as `hooks` has them.
pub(super) const KEYS: [&str; 3] = ["defaultSessionKey", "allowRequestSessionKey", "allowedSessionKeyPrefixes"];

/// What a message without a session gets one like.
const EXAMPLE: &str = "hook:example";

/// The rules, and whether they go together.
pub(super) fn read(section: &Section<'_>, is_enabled: bool) -> SessionRules {
    let default = section.field(KEYS[0]);
    let prefixes = section.field(KEYS[2]);
    let rules = SessionRules {
        default_key: optional(&default),
        allow_request_key: section.field(KEYS[1]).flag(false),
        prefixes: read_prefixes(&prefixes),
    };
    if is_enabled {
        match &rules.default_key {
            Some(key) if !rules.allow(key) => {
                default.problem("hooks.defaultSessionKey must match hooks.allowedSessionKeyPrefixes");
            }
            None if !rules.allow(EXAMPLE) => prefixes
                .problem("hooks.allowedSessionKeyPrefixes must include 'hook:' when hooks.defaultSessionKey is unset"),
            _ => {}
        }
    }
    rules
}

/// Blank ones count for nothing, upper and lower case are the same.
pub(super) fn read_prefixes(field: &Field<'_>) -> Vec<String> {
    let mut prefixes = Vec::new();
    for item in field.items() {
        let Some(prefix) = item.verbatim() else { continue };
        let prefix = js_trim(&prefix).to_lowercase();
        if !prefix.is_empty() && !prefixes.contains(&prefix) {
            prefixes.push(prefix);
        }
    }
    prefixes
}

/// A trimmed string; a blank one is none.
pub(super) fn optional(field: &Field<'_>) -> Option<String> {
    let text = field.is_present().then(|| field.verbatim()).flatten()?;
    let text = js_trim(&text);
    (!text.is_empty()).then(|| text.to_owned())
}
