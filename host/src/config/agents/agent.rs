//! One agent: which keys it has, and what they mean together.

use std::time::Duration;

use super::super::field::Field;
use super::super::reader::Section;
use super::super::secrets::{self, all};
use super::numbers::{AGENT_AT_ONCE, TIMEOUT_SECONDS};
use super::{Agent, Around, OnInterrupted, Runner, Said, acp, command, openclaw, pick};
use crate::model::{AgentId, TaskRuntime};

/// What every agent may say, whoever carries out its runs.
const COMMON: [&str; 7] =
    ["id", "default", "runner", AGENT_AT_ONCE.key, TIMEOUT_SECONDS.key, "onInterrupted", "runtime"];
/// What one may say that nobody here carries out.
const CLIENT: [&str; 1] = ["clientSecret"];

/// The words of `runner`.
#[derive(Clone, Copy)]
enum Kind {
    None,
    Command,
    Acp,
    OpenClaw,
}

const KINDS: [(&str, Kind); 4] =
    [("none", Kind::None), ("command", Kind::Command), ("acp", Kind::Acp), ("openclaw", Kind::OpenClaw)];

impl Agent {
    /// One of which nothing is said but its id.
    pub fn plain(id: AgentId) -> Self {
        Self {
            id,
            runner: Runner::None,
            at_once_max: AGENT_AT_ONCE.default,
            timeout: seconds(TIMEOUT_SECONDS.default),
            on_interrupted: OnInterrupted::Resume,
            runtimes: Vec::new(),
            client_secret: None,
        }
    }
}

/// The agent, unless something about it is wrong.
pub(super) fn read(id: &AgentId, said: &Said<'_>, around: &Around<'_>) -> Option<Agent> {
    let written = said.written("runner");
    let known = KINDS.iter().find(|(word, _)| Some(*word) == written).map(|(_, kind)| *kind);
    let own: &[&str] = match (known, written) {
        (Some(Kind::Command), _) => &command::KEYS,
        (Some(Kind::Acp), _) => &acp::ACP_KEYS,
        (Some(Kind::OpenClaw), _) => &openclaw::OPENCLAW_KEYS,
        (Some(Kind::None), _) | (None, None) => &CLIENT,
        // Which keys are right depends on the runner, so they are looked at once it is.
        (None, Some(_)) => &[&CLIENT[..], &command::KEYS, &acp::ACP_KEYS, &openclaw::OPENCLAW_KEYS].concat(),
    };
    let sections = said.sections(&COMMON, own);
    sections.iter().for_each(|section| _ = section.field("default").flag(false));
    let field = pick(&sections, "runner");
    let kind = if field.is_present() { field.choice(&KINDS) } else { Some(Kind::None) };
    let kind = kind?;
    let runner = match kind {
        Kind::None => Some(Runner::None),
        Kind::Command => command::read(&sections[0], around).map(Runner::Command),
        Kind::Acp => acp::read(&sections[0]).map(Runner::Acp),
        Kind::OpenClaw => openclaw::read(&sections[0], around.declared).map(Runner::OpenClaw),
    };
    let has_runner = !matches!(runner, Some(Runner::None));
    let client = pick(&sections, "clientSecret");
    let client_secret = match client.is_present() && !has_runner {
        true => Some(secrets::read_credential(&client, around.declared)?),
        false => None,
    };
    let at_once_max = number(&sections, AGENT_AT_ONCE.key, AGENT_AT_ONCE.min..=AGENT_AT_ONCE.max);
    let timeout = number(&sections, TIMEOUT_SECONDS.key, TIMEOUT_SECONDS.min..=TIMEOUT_SECONDS.max);
    let on_interrupted = on_interrupted(&pick(&sections, "onInterrupted"), kind);
    let runtimes = runtimes(&pick(&sections, "runtime"), has_runner);
    let is_nobodys = !has_runner && !client.is_present();
    if is_nobodys && runtimes.as_ref().is_some_and(|runtimes| !runtimes.is_empty()) {
        field.warn(format!(
            "agents: nobody carries out the runs of {id}, so its tasks wait; give it a `runner`, or a `clientSecret` for clients"
        ));
    }
    Some(Agent {
        id: id.clone(),
        runner: runner?,
        at_once_max: at_once_max.unwrap_or(AGENT_AT_ONCE.default),
        timeout: seconds(timeout.unwrap_or(TIMEOUT_SECONDS.default)),
        on_interrupted: on_interrupted?,
        runtimes: runtimes?,
        client_secret,
    })
}

fn number(sections: &[Section<'_>], key: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    pick(sections, key).number(range)
}

fn on_interrupted(field: &Field<'_>, kind: Kind) -> Option<OnInterrupted> {
    if field.is_present() {
        return field.choice(&[("fail", OnInterrupted::Fail), ("resume", OnInterrupted::Resume)]);
    }
    Some(match kind {
        // Whoever claims a run knows which attempt it is.
        Kind::None => OnInterrupted::Resume,
        // What a program has done by then is done.
        Kind::Command | Kind::Acp => OnInterrupted::Fail,
        // It is told the same key again, and knows whether it has begun.
        Kind::OpenClaw => OnInterrupted::Resume,
    })
}

/// Where nobody carries runs out, tasks are only recorded, unless it is said that a client takes them.
fn runtimes(field: &Field<'_>, has_runner: bool) -> Option<Vec<TaskRuntime>> {
    const SERVED: [(&str, TaskRuntime); 2] = [("acp", TaskRuntime::Acp), ("subagent", TaskRuntime::Subagent)];
    match (field.is_present(), has_runner) {
        (true, _) => all(field.items(), |item| item.choice(&SERVED)),
        (false, true) => Some(SERVED.iter().map(|(_, runtime)| *runtime).collect()),
        (false, false) => Some(Vec::new()),
    }
}

fn seconds(number: u32) -> Duration {
    Duration::from_secs(u64::from(number))
}
