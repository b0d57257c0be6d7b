//! `channels`: where a workflow's messages go. `feishu:dev` is a kind and a name, written so or as `feishu: { dev: … }`; each becomes an outbound
//! endpoint of that name, which gets the messages that are addressed to it and nothing else.

use std::collections::BTreeSet;

use crate::json::{self, JsonText};
use crate::model::EventKind;

use super::field::Field;
use super::problem::quoted;
use super::webhooks::{Around, Channel, Endpoint, Signing, Transform, read_channel};

/// The kind that needs no receiver: the gateway's own log.
pub const LOG_CHANNEL: &str = "log";

/// Longest name of a channel, kind included. It stands in logs and in every row of a delivery.
const NAME_MAX_CHARS: usize = 64;

/// What is sent to each kind if nothing else is said: the message in the words of that kind's incoming webhooks.
const KINDS: [(&str, &str, Signing); 9] = [
    ("slack", r#"{"text":"{{data.text}}"}"#, Signing::OpenClaw),
    ("mattermost", r#"{"text":"{{data.text}}"}"#, Signing::OpenClaw),
    ("discord", r#"{"content":"{{data.text}}"}"#, Signing::OpenClaw),
    ("feishu", r#"{"msg_type":"text","content":{"text":"{{data.text}}"}}"#, Signing::Feishu),
    ("lark", r#"{"msg_type":"text","content":{"text":"{{data.text}}"}}"#, Signing::Feishu),
    ("dingtalk", r#"{"msgtype":"text","text":{"content":"{{data.text}}"}}"#, Signing::DingTalk),
    ("wecom", r#"{"msgtype":"text","text":{"content":"{{data.text}}"}}"#, Signing::OpenClaw),
    ("webhook", "", Signing::OpenClaw),
    (LOG_CHANNEL, "", Signing::None),
];

/// Where messages go.
#[derive(Clone, Debug, Default)]
pub struct Channels {
    names: BTreeSet<String>,
}

impl Channels {
    /// Whether a message can be sent there. The log is always there.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name) || name.strip_prefix(LOG_CHANNEL).is_some_and(|rest| rest.starts_with(':'))
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

/// The channels, and the endpoints that they are.
pub(super) fn read(field: &Field<'_>, around: &Around<'_>) -> (Channels, Vec<Endpoint>) {
    let mut channels = Channels::default();
    let mut endpoints = Vec::new();
    for (key, field) in field.entries() {
        let flat = key.contains(':');
        let nested = if flat { vec![(key.to_owned(), field)] } else { named(key, &field) };
        for (name, field) in nested {
            let Some(endpoint) = read_one(&name, &field, around) else { continue };
            if !channels.names.insert(name) {
                field.problem("written twice, once with `:` and once as a map; keep one");
            }
            endpoints.push(endpoint);
        }
    }
    (channels, endpoints)
}

fn named<'a>(kind: &str, field: &Field<'a>) -> Vec<(String, Field<'a>)> {
    field.entries().into_iter().map(|(name, field)| (format!("{kind}:{name}"), field)).collect()
}

fn read_one(name: &str, field: &Field<'_>, around: &Around<'_>) -> Option<Endpoint> {
    let (kind, target) = name.split_once(':')?;
    let plain = name.len() <= NAME_MAX_CHARS
        && !target.is_empty()
        && target.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if !plain {
        field.problem(format!(
            "a channel is a kind, `:` and a name of letters, digits, `-`, `_` and `.`, at most {NAME_MAX_CHARS} characters, found {}",
            quoted(name)
        ));
        return None;
    }
    if kind == LOG_CHANNEL {
        field.problem("the log needs no entry here: a message to it is a line of the gateway's log");
        return None;
    }
    let Some((_, template, signing)) = KINDS.iter().find(|(known, ..)| *known == kind) else {
        let kinds: Vec<&str> = KINDS.iter().map(|(kind, ..)| *kind).collect();
        field.problem(format!(
            "there is no kind {}; there are {}. For another receiver write webhook:{target} and give it a `transform`",
            quoted(kind),
            kinds.join(", ")
        ));
        return None;
    };
    let transform = if template.is_empty() { Transform::None } else { Transform::Template(json_text(template)) };
    let channel = Channel { name, event: EventKind::ChannelMessage.as_str(), transform, signing: *signing };
    read_channel(field, channel, around)
}

/// The templates above are JSON.
fn json_text(text: &str) -> JsonText {
    json::canonical(text.as_bytes()).unwrap_or_else(|_| JsonText::null())
}
