//! `sandclaw transform test`: one transform on one event, or on one request, before any gateway has it.

mod cost;
mod hook;
mod shown;
mod text;

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use tracing_subscriber::EnvFilter;

use super::{output, runtime};
use crate::app::{self, HookTrial, HookTried, TransformTrial, TransformTried};
use crate::json::{self, JsonText};
use crate::model::{Grant, Power};
use crate::sandbox::{HookOutcome, TransformOutcome};

/// The largest event, request and config that are read: as much as any request may bring.
const INPUT_MAX_BYTES: u64 = 16 << 20;

#[derive(Subcommand)]
pub(super) enum Transform {
    /// Run a transform and show what would be sent for an event or done about a request, and what it cost
    Test(Box<Test>),
}

/// Exit codes: 0 it decides; 1 it is refused or fails; 2 the command line, or a file that it names.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Test {
    /// The component
    #[arg(long, value_name = "FILE")]
    plugin: PathBuf,
    /// For an outbound transform: the event, as JSON; of its members (id, type, timestamp, instanceId, data) only `type` must be there. It is run twice
    #[arg(long, value_name = "FILE", required_unless_present = "request")]
    event: Option<PathBuf>,
    /// For a hook transform: the request, as JSON; all of its members (headers, url, path, body, rawBody) may be left out
    #[arg(long, value_name = "FILE", conflicts_with = "event")]
    request: Option<PathBuf>,
    /// What the endpoint's or the mapping's config would give it, as JSON [default: null]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// `clock` or `random`, as often as needed
    #[arg(long, value_name = "GRANT", value_parser = grant)]
    grant: Vec<Grant>,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

const EXAMPLE: &str = r#"Examples:
  echo '{"type": "flow.finished", "data": {"goal": "rotate the keys"}}' > event.json
  sandclaw transform test --plugin slack.wasm --event event.json

  echo '{"headers": {"x-github-event": "ping"}, "body": {"zen": "Speak like a human."}}' > request.json
  sandclaw transform test --plugin github_hook.wasm --request request.json

What the transform logs goes to stderr. Its limits are the defaults of an endpoint and of a mapping."#;

/// The exit code for a file that cannot be used: like the rest of the command line.
const USAGE: u8 = 2;

/// What there is to try.
enum Trial {
    Event(TransformTrial),
    Request(HookTrial),
}

impl Transform {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Self::Test(test) = self;
        let trial = match test.trial() {
            Ok(trial) => trial,
            Err(error) => {
                output::error(&error);
                return Ok(ExitCode::from(USAGE));
            }
        };
        start_log();
        let decided = match trial {
            Trial::Event(trial) => test.show_event(&runtime()?.block_on(app::try_transform(trial))?)?,
            Trial::Request(trial) => test.show_request(&runtime()?.block_on(app::try_hook(trial))?)?,
        };
        Ok(if decided { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Test {
    fn trial(&self) -> Result<Trial> {
        let in_file = |file: &Path| file.display().to_string();
        let config = || self.config.as_deref().map_or_else(|| Ok(JsonText::null()), read);
        let (file, grants) = (self.plugin.clone(), self.grant.iter().copied().collect());
        let trial = match (&self.event, &self.request) {
            (_, Some(request)) => {
                let request = app::hook_request(&read(request)?).with_context(|| in_file(request))?;
                Trial::Request(HookTrial { file, request, config: config()?, grants })
            }
            (Some(event), None) => {
                let event = app::envelope(&read(event)?).with_context(|| in_file(event))?;
                Trial::Event(TransformTrial { file, event, config: config()?, grants })
            }
            (None, None) => {
                anyhow::bail!("an outbound transform wants `--event FILE`, a hook transform `--request FILE`")
            }
        };
        File::open(&self.plugin).with_context(|| format!("{} cannot be read", self.plugin.display()))?;
        Ok(trial)
    }

    /// Shows it; whether the transform decided.
    fn show_event(&self, tried: &TransformTried) -> Result<bool> {
        if self.json {
            output::json(&shown::as_json(tried))?;
        } else {
            shown::print(tried);
        }
        Ok(matches!(tried, TransformTried::Ran { run, .. } if !matches!(run.outcome, TransformOutcome::Failed(_))))
    }

    /// Shows it; whether the transform decided.
    fn show_request(&self, tried: &HookTried) -> Result<bool> {
        if self.json {
            output::json(&hook::as_json(tried))?;
        } else {
            hook::print(tried);
        }
        Ok(matches!(tried, HookTried::Ran { run, .. } if !matches!(run.outcome, HookOutcome::Failed(_))))
    }
}

fn grant(text: &str) -> Result<Grant, String> {
    match text.parse::<Grant>() {
        Ok(grant) if [Power::Clock, Power::Random].contains(&grant.power()) => Ok(grant),
        _ => Err("a transform can be granted `clock` and `random`, nothing else".to_owned()),
    }
}

fn read(file: &Path) -> Result<JsonText> {
    let failed = || format!("{} cannot be read", file.display());
    let mut bytes = Vec::new();
    File::open(file).with_context(failed)?.take(INPUT_MAX_BYTES + 1).read_to_end(&mut bytes).with_context(failed)?;
    anyhow::ensure!(bytes.len() as u64 <= INPUT_MAX_BYTES, "{} is larger than 16 MiB", file.display());
    json::canonical(&bytes).with_context(|| file.display().to_string())
}

/// The guest's own lines, and nothing else unless it is asked for.
fn start_log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("guest=trace"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time();
    log.with_ansi(std::io::stderr().is_terminal()).init();
}
