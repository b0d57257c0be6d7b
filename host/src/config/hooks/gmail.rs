//! OpenClaw's preset `gmail`, and the limit of bodies that goes with it.

use crate::config::AllowedIps;
use crate::config::field::Field;
use crate::model::SessionMode;

use super::{HookAction, Mapping};

/// Its name, and its path.
pub(super) const NAME: &str = "gmail";

/// OpenClaw's numbers. A batch has at most so many messages,
const MESSAGES_MAX: usize = 100;
/// each of its characters may be escaped with three,
const ESCAPING: usize = 3;
/// and so much stands around it.
const AROUND_BYTES: usize = 8_192;
/// No batch is larger.
const BODY_CEILING: usize = 32 << 20;
/// What a message is cut to, unless `gmail.maxBytes` says else.
const MESSAGE_BYTES: u32 = 20_000;

/// What matters here of `hooks.gmail`.
pub(super) struct Gmail {
    /// Largest body under the preset's path, in bytes.
    pub body_max_bytes: usize,
    allow_unsafe: Option<bool>,
}

/// Reads `hooks.gmail`. Its other members are for the program that watches a mailbox, which is not this one.
pub(super) fn read(field: &Field<'_>) -> Gmail {
    let mut gmail = Gmail { body_max_bytes: body_limit(MESSAGE_BYTES), allow_unsafe: None };
    for (name, value) in field.entries() {
        match name {
            "allowUnsafeExternalContent" => gmail.allow_unsafe = Some(value.flag(false)),
            "maxBytes" => gmail.body_max_bytes = value.number(1..=u32::MAX).map_or(gmail.body_max_bytes, body_limit),
            _ => {}
        }
    }
    if field.is_present() {
        field.warn(format!(
            "{}: no mailbox is watched here; what is posted to the path of the preset is served",
            field.path
        ));
    }
    gmail
}

fn body_limit(message_bytes: u32) -> usize {
    let message = usize::try_from(message_bytes).unwrap_or(usize::MAX).saturating_mul(ESCAPING);
    message.saturating_add(AROUND_BYTES).saturating_mul(MESSAGES_MAX).min(BODY_CEILING)
}

impl Gmail {
    /// The preset's mapping.
    pub fn mapping(&self) -> Mapping {
        Mapping {
            id: NAME.to_owned(),
            path: Some(NAME.to_owned()),
            source: None,
            action: HookAction::Agent,
            is_wake_deferred: false,
            name: Some("Gmail".to_owned()),
            agent: None,
            session_key: Some("hook:gmail:{{messages[0].id}}".to_owned()),
            session_mode: SessionMode::Isolated,
            message_template: "New email from {{messages[0].from}}\nSubject: {{messages[0].subject}}\n{{messages[0].snippet}}\n{{messages[0].body}}".to_owned(),
            text_template: String::new(),
            for_each: Some("messages".to_owned()),
            deliver: None,
            allow_unsafe_external_content: self.allow_unsafe,
            channel: None,
            to: None,
            model: None,
            thinking: None,
            timeout_seconds: None,
            callback_url: None,
            auth: None,
            allowed_ips: AllowedIps::default(),
            transform: None,
            body_max_bytes: self.body_max_bytes,
        }
    }
}
