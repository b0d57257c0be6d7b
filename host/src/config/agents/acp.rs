//! An agent that speaks the Agent Client Protocol: the program to start, what it is given, and what it may do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::super::field::Field;
use super::super::reader::Section;
use super::super::secrets::{all, read_environment, variable_name};

/// The keys of an agent with `runner: "acp"`, besides those that every agent has.
pub(in super::super) const ACP_KEYS: [&str; 6] =
    ["command", "cwd", "env", "passEnv", "permissions", "startTimeoutSeconds"];

/// What every program needs to find others and its own files, and what is no secret.
pub const PASS_ENV_DEFAULT: [&str; 5] = ["PATH", "HOME", "USER", "LANG", "TMPDIR"];
/// Time until a session stands. An agent that `npx` has to fetch first takes most of a minute.
const START_TIMEOUT_SECONDS_DEFAULT: u32 = 60;
/// Longer than any start; shorter than a run that would never begin.
const START_TIMEOUT_SECONDS_MAX: u32 = 600;

/// An agent that is a program speaking ACP over its standard input and output.
#[derive(Clone, Debug)]
pub struct AcpRunner {
    /// The program and its arguments. A program without `/` is looked for in the `PATH` that it is given.
    pub command: Vec<String>,
    /// The folder that it works in, absolute.
    pub cwd: PathBuf,
    /// Variables set for it.
    pub env: BTreeMap<String, SecretString>,
    /// Variables that it inherits; it inherits no others.
    pub pass_env: Vec<String>,
    /// What it may do without being told no. Everything else is refused.
    pub allow: BTreeSet<ToolKind>,
    /// The time until a session stands.
    pub start_timeout: Duration,
}

/// What a tool does, in the words of the protocol. The agent says which; nothing proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToolKind {
    /// Reads files or data.
    Read,
    /// Changes files.
    Edit,
    /// Removes files.
    Delete,
    /// Moves or renames files.
    Move,
    /// Looks for something.
    Search,
    /// Runs a command.
    Execute,
    /// Thinks.
    Think,
    /// Gets something from elsewhere.
    Fetch,
    /// Changes the session's mode.
    SwitchMode,
    /// None of these, or not said.
    Other,
}

impl ToolKind {
    /// All of them, by the names that the protocol has for them.
    pub const NAMED: [(&str, Self); 10] = [
        ("read", Self::Read),
        ("edit", Self::Edit),
        ("delete", Self::Delete),
        ("move", Self::Move),
        ("search", Self::Search),
        ("execute", Self::Execute),
        ("think", Self::Think),
        ("fetch", Self::Fetch),
        ("switch_mode", Self::SwitchMode),
        ("other", Self::Other),
    ];

    /// Its name in the protocol.
    pub fn as_str(self) -> &'static str {
        Self::NAMED.iter().find(|(_, kind)| *kind == self).map_or("other", |(name, _)| name)
    }
}

/// Reads the runner, unless something about it is wrong.
pub(in super::super) fn read(section: &Section<'_>) -> Option<AcpRunner> {
    let command = read_command(&section.field("command"));
    let cwd = read_cwd(&section.field("cwd"));
    let env = read_environment(&section.field("env"));
    let pass_env = section.field("passEnv");
    let pass_env = match pass_env.is_present() {
        true => all(pass_env.items(), variable_name),
        false => Some(PASS_ENV_DEFAULT.map(str::to_owned).to_vec()),
    };
    let allow = read_permissions(&section.field("permissions"));
    let start = section.field("startTimeoutSeconds").number(1..=START_TIMEOUT_SECONDS_MAX);
    Some(AcpRunner {
        command: command?,
        cwd: cwd?,
        env: env?,
        pass_env: pass_env?,
        allow: allow?,
        start_timeout: Duration::from_secs(start.unwrap_or(START_TIMEOUT_SECONDS_DEFAULT).into()),
    })
}

fn read_command(field: &Field<'_>) -> Option<Vec<String>> {
    const WANTED: &str = "a list of strings, the program and its arguments, such as [\"claude-code-acp\"]";
    if !field.is_present() {
        field.must_be(WANTED);
        return None;
    }
    let command = all(field.items(), Field::verbatim)?;
    if command.first().is_none_or(|program| program.trim().is_empty()) {
        field.problem(format!("must be {WANTED}"));
        return None;
    }
    if command.iter().any(|argument| argument.contains('\0')) {
        field.problem("no argument of a program can hold a NUL character");
        return None;
    }
    Some(command)
}

/// Required: where an agent works is what it can read, and the gateway's own folder is the wrong place to begin with.
fn read_cwd(field: &Field<'_>) -> Option<PathBuf> {
    let path = PathBuf::from(field.required_text()?);
    if !path.is_absolute() {
        field.problem("must be the absolute path of the folder that the agent works in");
        return None;
    }
    Some(path)
}

/// `deny`, `allow-reads`, or `{allow: [kinds]}`.
fn read_permissions(field: &Field<'_>) -> Option<BTreeSet<ToolKind>> {
    use super::super::tree::Value;
    const WANTED: &str = "\"deny\", \"allow-reads\" or {allow: [kinds of tools]}";
    match field.value() {
        None => Some(BTreeSet::new()),
        Some(Value::Text(_)) => {
            let reads = [ToolKind::Read, ToolKind::Search, ToolKind::Think];
            field
                .choice(&[("deny", &[] as &[ToolKind]), ("allow-reads", &reads)])
                .map(|kinds| kinds.iter().copied().collect())
        }
        Some(Value::Map(_)) => {
            let allow = field.section(&["allow"]).field("allow");
            let kinds = all(allow.items(), |item| item.choice(&ToolKind::NAMED))?;
            Some(kinds.into_iter().collect())
        }
        Some(_) => {
            field.must_be(WANTED);
            None
        }
    }
}
