//! The `agents` root: OpenClaw's `list`, and for each agent who carries out its runs. An agent may stand in the list, under its id, or in
//! both, each key once; what belongs to a runner stands beside `runner`.

mod agent;
mod command;
mod model;
mod numbers;

pub use model::{Agent, Agents, CommandRunner, OnInterrupted, Runner, Stdin};
pub mod acp;
pub mod openclaw;

pub use acp::AcpRunner;
pub use openclaw::OpenClawRunner;

use std::path::Path;
use std::time::Duration;

use super::field::Field;
use super::paths::Paths;
use super::problem::quoted;
use super::reader::Section;
use super::secrets::Declared;
use super::tree::Value;
use super::webhooks::{self, Callbacks};
use crate::model::{AgentId, js_trim};
use numbers::{AT_ONCE, RETENTION_DAYS, SESSION_DAYS};

/// OpenClaw's name for the only agent of a gateway that names none.
const DEFAULT_ID: &str = "main";

/// The keys of the root that are no agents.
const KEYS: [&str; 5] = ["list", AT_ONCE.key, RETENTION_DAYS.key, SESSION_DAYS.key, CALLBACKS];
/// The key of what is no agent, but a map as agents are.
pub(super) const CALLBACKS: &str = "callbacks";
/// Names that no agent may have: OpenClaw has them beside `list`, or they are to mean something here.
const RESERVED: [&str; 2] = ["defaults", "runs"];

/// Longest id of an agent. It stands in URLs, logs and every row of a run.
const ID_MAX_CHARS: usize = 64;

const SECONDS_PER_DAY: u64 = 86_400;

/// What the other sections say that matters here.
pub(super) struct Around<'a> {
    /// The folder of the config file.
    pub beside: &'a Path,
    /// The providers of secrets.
    pub declared: &'a Declared,
}

/// What the file says of one agent: in the list, under its id, or in both.
pub(super) struct Said<'a> {
    parts: Vec<Field<'a>>,
}

impl<'a> Said<'a> {
    /// The parts as maps of these keys. Those of the runner stand where the runner does, and that part is the first.
    fn sections(&self, common: &[&str], own: &[&str]) -> Vec<Section<'a>> {
        let at = self.parts.iter().position(|part| text_at(part, "runner").is_some()).unwrap_or(0);
        let both = [common, own].concat();
        let first = self.parts[at].section(&both);
        let others = self.parts.iter().enumerate().filter(|(other, _)| *other != at);
        std::iter::once(first).chain(others.map(|(_, part)| part.section(common))).collect()
    }

    /// The word under this key as it is written, before anything is checked.
    fn written(&self, key: &str) -> Option<&'a str> {
        self.parts.iter().find_map(|part| text_at(part, key))
    }
}

fn text_at<'a>(part: &Field<'a>, key: &str) -> Option<&'a str> {
    let Value::Map(entries) = part.value()? else { return None };
    match &entries.iter().find(|entry| entry.key == key)?.node.value {
        Value::Text(text) => Some(js_trim(text)),
        _ => None,
    }
}

/// The value under a key in whichever part has it.
pub(super) fn pick<'a>(sections: &[Section<'a>], key: &str) -> Field<'a> {
    let mut present = sections.iter().map(|section| section.field(key)).filter(Field::is_present);
    match (present.next(), present.next()) {
        (Some(first), second) => {
            if let Some(second) = second {
                second.problem(format!("stands at {} too; keep one", first.path));
            }
            first
        }
        // Every agent stands somewhere.
        (None, _) => sections[0].field(key),
    }
}

/// Where ends of runs may be reported to. Read before the doors at which somebody may ask for it.
pub(super) fn read_callbacks(field: &Field<'_>, declared: &Declared) -> Callbacks {
    webhooks::read_callbacks(&root(field).field(CALLBACKS), declared)
}

/// The root as a map; what else it may be is reported where agents are looked for.
fn root<'a>(field: &Field<'a>) -> Section<'a> {
    Section {
        reader: field.reader,
        path: field.path.clone(),
        line: field.line,
        entries: match field.value() {
            Some(Value::Map(entries)) => entries,
            _ => &[],
        },
        muted: field.muted,
    }
}

/// The whole root.
pub(super) fn read(field: &Field<'_>, around: &Around<'_>, callbacks: Callbacks) -> Agents {
    let (named, default) = named(field);
    let root = root(field);
    let mut list: Vec<Agent> = named.iter().filter_map(|(id, said)| agent::read(id, said, around)).collect();
    let first = list.first().map(|agent| agent.id.clone());
    let default = default.or(first).unwrap_or_else(|| AgentId::new(DEFAULT_ID));
    if list.is_empty() {
        list.push(Agent::plain(default.clone()));
    }
    Agents {
        list,
        default,
        at_once_max: AT_ONCE.read(&root),
        retention: days(RETENTION_DAYS.read(&root)),
        sessions_kept: days(SESSION_DAYS.read(&root)),
        callbacks,
    }
}

/// The paths on which clients of agents are answered.
pub(super) fn take_paths(agents: &Agents, field: &Field<'_>, paths: &mut Paths) {
    for agent in agents.list.iter().filter(|agent| agent.client_secret.is_some()) {
        let owner = format!("agents.{}.clientSecret", agent.id);
        paths.take(&format!("/agents/{}/claim", agent.id), &owner, field);
    }
}

/// The agents of the file in its order, and the one that is marked as the default.
fn named<'a>(field: &Field<'a>) -> (Vec<(AgentId, Said<'a>)>, Option<AgentId>) {
    let mut named: Vec<(AgentId, Said<'a>)> = Vec::new();
    let mut default = None;
    let entries = field.entries();
    for item in entries.iter().filter(|(key, _)| *key == "list").flat_map(|(_, list)| list.items()) {
        let Some(id) = list_id(&item) else { continue };
        if is_marked(&item) && default.replace(id.clone()).is_some() {
            item.problem("is another default; one agent is");
        }
        if named.iter().any(|(known, _)| *known == id) {
            item.problem(format!("the agent {} is in the list twice; keep one", quoted(id.as_str())));
            continue;
        }
        named.push((id, Said { parts: vec![item] }));
    }
    for (key, part) in entries.into_iter().filter(|(key, _)| !KEYS.contains(key)) {
        let Some(id) = checked_id(key, &part) else { continue };
        match named.iter_mut().find(|(known, _)| *known == id) {
            Some((_, said)) => said.parts.push(part),
            None => named.push((id, Said { parts: vec![part] })),
        }
    }
    (named, default)
}

/// The `id` of an item of the list.
fn list_id(item: &Field<'_>) -> Option<AgentId> {
    let entries = item.entries();
    let Some((_, id)) = entries.iter().find(|(key, _)| *key == "id") else {
        item.problem("an agent needs an `id`");
        return None;
    };
    checked_id(&id.text()?, id)
}

/// What is not true or false is reported where the agent is read.
fn is_marked(item: &Field<'_>) -> bool {
    item.entries().iter().any(|(key, field)| *key == "default" && matches!(field.value(), Some(Value::Bool(true))))
}

fn checked_id(id: &str, field: &Field<'_>) -> Option<AgentId> {
    if RESERVED.contains(&id) || KEYS.contains(&id) {
        field.problem(format!("{} is no name for an agent here; choose another", quoted(id)));
        return None;
    }
    let plain = (1..=ID_MAX_CHARS).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && id.bytes().any(|byte| byte != b'.');
    if !plain {
        field.problem(format!(
            "the id of an agent is 1 to {ID_MAX_CHARS} letters, digits, `-`, `_` and `.`, found {}",
            quoted(id)
        ));
        return None;
    }
    Some(AgentId::new(id))
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * SECONDS_PER_DAY)
}

/// Adds those that other sections name.
pub(super) fn add_named(agents: &mut Agents, ids: Vec<AgentId>) {
    for id in ids {
        if agents.find(&id).is_none() {
            agents.list.push(Agent::plain(id));
        }
    }
}
