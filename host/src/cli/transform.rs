//! `sandclaw transform test`: one transform on one event, before any gateway has it.

mod shown;

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use tracing_subscriber::EnvFilter;

use super::{output, runtime};
use crate::app::{self, TransformTrial, TransformTried};
use crate::json::{self, JsonText};
use crate::model::{Grant, Power};
use crate::sandbox::TransformOutcome;

/// The largest event and config that are read: as much as any request may bring.
const INPUT_MAX_BYTES: u64 = 16 << 20;

#[derive(Subcommand)]
pub(super) enum Transform {
    /// Run a transform twice on an event and show what would be sent, and what it cost
    Test(Box<Test>),
}

/// Exit codes: 0 it sends or skips; 1 it is refused or fails; 2 the command line, or a file that it names.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Test {
    /// The component
    #[arg(long, value_name = "FILE")]
    plugin: PathBuf,
    /// The event, as JSON; of its members (id, type, timestamp, instanceId, data) only `type` must be there
    #[arg(long, value_name = "FILE")]
    event: PathBuf,
    /// What the endpoint's config would give it, as JSON [default: null]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// `clock` or `random`, as often as needed
    #[arg(long, value_name = "GRANT", value_parser = grant)]
    grant: Vec<Grant>,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

const EXAMPLE: &str = r#"Example:
  echo '{"type": "flow.finished", "data": {"goal": "rotate the keys"}}' > event.json
  sandclaw transform test --plugin slack.wasm --event event.json

What the transform logs goes to stderr. Its limits are the defaults of an endpoint."#;

/// The exit code for a file that cannot be used: like the rest of the command line.
const USAGE: u8 = 2;

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
        let tried = runtime()?.block_on(app::try_transform(trial))?;
        if test.json {
            output::json(&shown::as_json(&tried))?;
        } else {
            shown::print(&tried);
        }
        let failed = match &tried {
            TransformTried::Refused(_) => true,
            TransformTried::Ran { run, .. } => matches!(run.outcome, TransformOutcome::Failed(_)),
        };
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

impl Test {
    fn trial(&self) -> Result<TransformTrial> {
        let event = read(&self.event)?;
        let event = app::envelope(&event).with_context(|| self.event.display().to_string())?;
        let config = match &self.config {
            Some(file) => read(file)?,
            None => JsonText::null(),
        };
        File::open(&self.plugin).with_context(|| format!("{} cannot be read", self.plugin.display()))?;
        Ok(TransformTrial { file: self.plugin.clone(), event, config, grants: self.grant.iter().copied().collect() })
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
