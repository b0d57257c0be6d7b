//! `sandclaw workflow run`: one run in the foreground, with the operator's own hands. What it may do is what the config grants, and what the command
//! line adds.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

use super::super::output::{self, BAD, DIM, GOOD, WARN};
use super::super::serve::LOG_DEFAULT;
use super::super::{ConfigArgs, runtime};
use crate::app::{self, WorkflowRan, WorkflowRun};
use crate::config::{self, Config, Env, Format};
use crate::model::{FlowId, FlowStatus};
use crate::workflow::{Seen, summary};

const EXAMPLES: &str = "Examples:
  sandclaw workflow run workflows/deploy.yaml --input '{\"branch\":\"main\"}' --dry-run
  sandclaw workflow run workflows/deploy.yaml --input @request.json --grant-command
  sandclaw workflow run workflows/deploy.yaml --config sandclaw.json5 --keep-in ./try

Exit codes: 0 it succeeded; 1 it failed, was cancelled or cannot be run; 2 the command line; 3 it waits for a person;
130, 143 and 129 it was interrupted by Ctrl-C, SIGTERM or the end of its terminal. A second one does not wait for its programs.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Run {
    #[command(flatten)]
    config: ConfigArgs,
    /// The workflow file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The request's body: JSON, or @FILE
    #[arg(long, value_name = "JSON|@FILE")]
    input: Option<String>,
    /// Let it run commands on this machine, whatever the config says
    #[arg(long)]
    grant_command: bool,
    /// Keep the run in this state folder: one that waits for a person, or was interrupted, goes on when a gateway starts on it (`sandclaw serve
    /// --state-dir DIR`). It is made if it is missing, and no gateway may use it meanwhile [default: a temporary folder, and with it the run is gone]
    #[arg(long, value_name = "DIR")]
    keep_in: Option<PathBuf>,
    /// Only say what it would do
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Run {
    pub(super) fn run(self) -> Result<ExitCode> {
        let mut config = self.load()?;
        let name = self.file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if self.grant_command {
            config.workflows.flows.entry(name).or_default().command = true;
        }
        let input = self.read_input()?;
        let run = WorkflowRun { file: self.file.clone(), input, keep_in: self.keep_in.clone() };
        if self.dry_run {
            return dry(&config, &run, self.json);
        }
        // What happens meanwhile, and what is said to `log:`.
        let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).without_time();
        let _ = log
            .with_ansi(std::io::stderr().is_terminal())
            .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG_DEFAULT)))
            .try_init();
        match runtime()?.block_on(app::run_workflow(config, run))? {
            WorkflowRan::Settled(flow, seen) => self.settled(&flow, &seen),
            WorkflowRan::Interrupted(flow, signal) => {
                self.interrupted(flow.as_ref());
                Ok(ExitCode::from(signal.exit_code()))
            }
        }
    }

    fn settled(&self, flow: &FlowId, seen: &Seen) -> Result<ExitCode> {
        let status = seen.status;
        if self.json {
            output::json(&json!({
                "flowId": flow.as_str(), "status": status.as_str(), "result": seen.result, "error": seen.error, "waitsFor": seen.wait,
            }))?;
        } else {
            let style = match status {
                FlowStatus::Succeeded => GOOD,
                FlowStatus::Waiting => WARN,
                _ => BAD,
            };
            let error = seen.error.as_deref().unwrap_or_default();
            output::note(&format!("{style}{status}{style:#} {DIM}{flow}{DIM:#} {error}"));
            match &seen.result {
                Value::Null => {}
                Value::String(text) => output::print(text.trim_end()),
                other => output::json(other)?,
            }
            if status == FlowStatus::Waiting {
                output::note(&format!("it waits for a person: {}", seen.wait));
                if let Some(folder) = &self.keep_in {
                    let folder = folder.display();
                    output::note(&format!(
                        "answer with `sandclaw approvals approve ID --as NAME --state-dir {folder}`; `sandclaw serve --state-dir {folder}` goes on with it"
                    ));
                }
            }
        }
        Ok(match status {
            FlowStatus::Succeeded => ExitCode::SUCCESS,
            FlowStatus::Waiting => ExitCode::from(3),
            _ => ExitCode::FAILURE,
        })
    }

    /// What has become of the run.
    fn interrupted(&self, flow: Option<&FlowId>) {
        let what = match (flow, &self.keep_in) {
            (None, _) => "before the run began".to_owned(),
            (Some(flow), None) => {
                format!("{DIM}{flow}{DIM:#} the run is gone; what its steps have done stays done")
            }
            (Some(flow), Some(folder)) => format!(
                "{DIM}{flow}{DIM:#} the run goes on when a gateway starts on {}; a command that was cut off counts as interrupted, unless its step \
                 says `retry: {{ safe: true }}`",
                folder.display()
            ),
        };
        output::note(&format!("{WARN}interrupted{WARN:#} {what}"));
    }

    /// Without a config nothing is granted, and the workflows are those of the file's folder.
    fn load(&self) -> Result<Config> {
        if self.config.config.is_some() || config::find(".".as_ref()).is_ok() {
            return self.config.load();
        }
        let mut config = Config::parse("{}", Format::Json5, "sandclaw.json5".as_ref(), &Env::process())?;
        // The parent of a bare name is nothing, and nothing is no folder.
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        config.workflows.dir = folder.unwrap_or(Path::new(".")).to_owned();
        Ok(config)
    }

    fn read_input(&self) -> Result<Value> {
        let Some(input) = &self.input else { return Ok(json!({})) };
        let text = match input.strip_prefix('@') {
            Some(file) => std::fs::read_to_string(file).with_context(|| format!("--input: {file} cannot be read"))?,
            None => input.clone(),
        };
        serde_json::from_str(&text).context("--input: not JSON")
    }
}

fn dry(config: &Config, run: &WorkflowRun, json: bool) -> Result<ExitCode> {
    let plans = app::look_at_workflow(config, run)?;
    let steps: Vec<_> = plans.root.steps.iter().map(|step| (step.id.clone(), step.kind(), summary(step))).collect();
    if json {
        let steps: Vec<Value> =
            steps.iter().map(|(id, kind, what)| json!({ "id": id, "kind": kind, "what": what })).collect();
        output::json(&json!({ "workflow": plans.root.name, "steps": steps }))?;
    } else {
        let rows: Vec<Vec<String>> =
            steps.into_iter().map(|(id, kind, what)| vec![id, kind.to_owned(), what]).collect();
        output::table(&["Step", "Kind", "What"], &rows);
    }
    Ok(ExitCode::SUCCESS)
}
