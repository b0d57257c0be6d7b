//! `workflows`: where the files are, how many run, and what each may do. A file alone may do nothing to this machine: what its steps need is
//! granted here, by the operator, to the workflow's name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::model::{AgentId, Digest, Grants};

use super::component::{self, Reference};
use super::field::Field;
use super::limits::{self, Limit, RouteLimits};
use super::problem::quoted;
use super::provider::SecretSpec;
use super::reader::Section;
use super::secrets::{self, Declared};
use super::webhooks::read_url;

/// Runs at the same time. Each is mostly a program or a model that is waited for.
const MAX_CONCURRENT: Limit = Limit { key: "maxConcurrent", default: 16, min: 1, max: 1_024 };
/// Runs of one workflow at the same time, so that a burst of one leaves places to the others.
const EACH_MAX: Limit = Limit { key: "maxConcurrentEach", default: 8, min: 1, max: 1_024 };
/// Runs that have not ended: whatever waits for its turn, a person or another attempt. Weeks of work, and seconds for a sender gone wild; each
/// is at most some hundred KiB with its request, so that these fit on a small disk.
const OPEN_MAX: Limit = Limit { key: "maxOpenRuns", default: 10_000, min: 1, max: 100_000 };
/// Half an hour: longer than builds and tests take, and short enough that a program that hangs gives its place back the same day.
const STEP_TIMEOUT_SECONDS: Limit = Limit { key: "stepTimeoutSeconds", default: 1_800, min: 1, max: 86_400 };
/// Two weeks, as long as deliveries are kept.
const RETENTION_DAYS: Limit = Limit { key: "retentionDays", default: 14, min: 1, max: 365 };
/// A day: whoever is asked in the evening answers in the morning.
const APPROVAL_HOURS: Limit = Limit { key: "approvalHours", default: 24, min: 1, max: 24 * 90 };

const SECONDS_PER_HOUR: u64 = 3_600;

/// The only word in `grants` so far.
const COMMAND: &str = "command";

/// The workflows as the operator allows them.
#[derive(Clone, Debug)]
pub struct Workflows {
    /// Where the files are: `<name>.yaml`.
    pub dir: PathBuf,
    /// Runs at the same time.
    pub max_concurrent: u32,
    /// Of one workflow.
    pub each_max: u32,
    /// Runs that have not ended.
    pub open_max: u32,
    /// How long a command, a tool or a component may take if its step does not say.
    pub step_timeout: Duration,
    /// How long runs that have ended are kept with their steps.
    pub retention: Duration,
    /// How long a question may be answered if its step does not say.
    pub approval_expires: Duration,
    /// Where people reach this gateway, for the links that are sent to them.
    pub public_url: Option<Url>,
    /// What each may do, by its name.
    pub flows: BTreeMap<String, WorkflowRights>,
}

impl Workflows {
    /// What the workflow of this name may do: nothing, if the file does not say.
    pub fn rights(&self, name: &str) -> WorkflowRights {
        self.flows.get(name).cloned().unwrap_or_default()
    }
}

/// What one workflow may do.
#[derive(Clone, Debug, Default)]
pub struct WorkflowRights {
    /// Whether it may run programs on this machine.
    pub command: bool,
    /// The folder of its programs; nothing is the folder of the workflows.
    pub cwd: Option<PathBuf>,
    /// Variables of its programs, beside the few that all have.
    pub env: Vec<(String, SecretSpec)>,
    /// Variables of the gateway that its programs get.
    pub pass_env: Vec<String>,
    /// Who may answer its questions where the step does not say.
    pub approvers: Option<Vec<String>>,
    /// The components that its steps may name, by their file names.
    pub plugins: BTreeMap<String, StepPlugin>,
    /// Who answers its `llm-task` steps; nothing is `default`.
    pub llm: Option<String>,
    /// The tools of an OpenClaw Gateway that its steps may name.
    pub tools: Option<GatewayTools>,
}

/// Tools of an OpenClaw Gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayTools {
    /// The agent whose runner is that Gateway.
    pub via: AgentId,
    /// The tools, by their names there.
    pub allow: Vec<String>,
}

/// A component that is a step.
#[derive(Clone, Debug)]
pub struct StepPlugin {
    /// The only digest it may have, if one is pinned.
    pub digest: Option<Digest>,
    /// What it was granted.
    pub grants: Grants,
    /// What one run may use.
    pub limits: RouteLimits,
}

/// The whole root.
pub(super) fn read(field: &Field<'_>, beside: &Path, base: RouteLimits, declared: &Declared) -> Workflows {
    let section = field.section(&[
        "dir",
        MAX_CONCURRENT.key,
        EACH_MAX.key,
        OPEN_MAX.key,
        STEP_TIMEOUT_SECONDS.key,
        RETENTION_DAYS.key,
        APPROVAL_HOURS.key,
        "publicUrl",
        "flows",
    ]);
    let public_url = section.field("publicUrl");
    let flow =
        |(name, field): &(&str, Field<'_>)| Some(((*name).to_owned(), read_rights(field, beside, base, declared)?));
    Workflows {
        dir: beside.join(section.field("dir").text().unwrap_or_else(|| "workflows".to_owned())),
        max_concurrent: MAX_CONCURRENT.read(&section),
        each_max: EACH_MAX.read(&section),
        open_max: OPEN_MAX.read(&section),
        step_timeout: Duration::from_secs(STEP_TIMEOUT_SECONDS.read(&section).into()),
        retention: Duration::from_secs(u64::from(RETENTION_DAYS.read(&section)) * 24 * SECONDS_PER_HOUR),
        approval_expires: Duration::from_secs(u64::from(APPROVAL_HOURS.read(&section)) * SECONDS_PER_HOUR),
        public_url: if public_url.is_present() { read_url(&public_url) } else { None },
        flows: section.field("flows").entries().iter().filter_map(flow).collect(),
    }
}

fn read_rights(field: &Field<'_>, beside: &Path, base: RouteLimits, declared: &Declared) -> Option<WorkflowRights> {
    let section = field.section(&["grants", "cwd", "env", "passEnv", "approvers", "plugins", "llm", "tools"]);
    let granted = secrets::all(section.field("grants").items(), read_grant);
    let env = secrets::all(section.field("env").entries(), |(name, field)| {
        Some((variable(name, field)?, secrets::read_credential(field, declared)?))
    });
    let pass_env = secrets::all(section.field("passEnv").items(), |field| variable(&field.text()?, field));
    let listed = section.field("approvers");
    let approvers = secrets::all(listed.items(), Field::text)?;
    let plugins = secrets::all(section.field("plugins").entries(), |(name, field)| read_plugin(name, field, base));
    Some(WorkflowRights {
        command: !granted?.is_empty(),
        cwd: section.field("cwd").text().map(|cwd| beside.join(cwd)),
        env: env?,
        pass_env: pass_env?,
        approvers: listed.is_present().then_some(approvers),
        plugins: plugins?.into_iter().collect(),
        llm: section.field("llm").text(),
        tools: read_tools(&section.field("tools"))?,
    })
}

/// Nothing if there are none; `None` if they are wrong.
fn read_tools(field: &Field<'_>) -> Option<Option<GatewayTools>> {
    if !field.is_present() {
        return Some(None);
    }
    let section = field.section(&["via", "allow"]);
    let via = section.field("via").required_text();
    let allow = secrets::all(section.field("allow").items(), |item| {
        let tool = item.text()?;
        if tool == "message" {
            item.problem("messages go to `channels`, whoever else could send them");
            return None;
        }
        Some(tool)
    });
    Some(Some(GatewayTools { via: AgentId::new(via?), allow: allow? }))
}

fn read_grant(field: &Field<'_>) -> Option<()> {
    let text = field.text()?;
    if text != COMMAND {
        field.problem(format!(
            "must be \"{COMMAND}\", found {}; components are granted theirs under `plugins`",
            quoted(&text)
        ));
        return None;
    }
    Some(())
}

fn variable(name: &str, field: &Field<'_>) -> Option<String> {
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !plain {
        field.problem(format!("must be the name of an environment variable, found {}", quoted(name)));
        return None;
    }
    Some(name.to_owned())
}

/// `"x.wasm": {digest, grants, limits}`.
fn read_plugin(name: &str, field: &Field<'_>, base: RouteLimits) -> Option<(String, StepPlugin)> {
    let section: Section<'_> = field.section(&["digest", "grants", "limits"]);
    let Reference { file, digest } = component::named(name, field, &section.field("digest"))?;
    let grants = component::read_grants(&section.field("grants"), |_| None);
    Some((file, StepPlugin { digest, grants, limits: limits::read_run(&section.field("limits"), base) }))
}
