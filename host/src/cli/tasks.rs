//! `sandclaw tasks flow list|show|cancel`, with the flags, shapes and exit codes of `openclaw tasks flow`. Works beside a running gateway and without one:
//! both read and write the same database, and nothing is kept in memory.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::value::RawValue;

use super::output::{self, BAD, DIM, GOOD, WARN};
use super::{ConfigArgs, runtime};
use crate::clock::Clock;
use crate::json::JsonText;
use crate::model::{Flow, FlowStatus, Ids, Millis};
use crate::outbound::operator;
use crate::store::Store;
use crate::taskflow::{FlowRecord, OperatorCancel, TaskFlows};

#[derive(Subcommand)]
pub(super) enum Tasks {
    /// Flows of all sessions
    #[command(subcommand)]
    Flow(Flows),
}

#[derive(Subcommand)]
pub(super) enum Flows {
    /// List flows, newest first
    List(List),
    /// Show one flow and its tasks
    Show(One),
    /// Cancel one flow
    Cancel(One),
}

#[derive(Args)]
#[command(after_help = "Example:\n  sandclaw tasks flow list --status waiting")]
pub(super) struct List {
    #[command(flatten)]
    config: ConfigArgs,
    /// Only flows of this status: queued, running, waiting, blocked, succeeded, failed, cancelled, lost
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct One {
    #[command(flatten)]
    config: ConfigArgs,
    /// A flow id, or a session key for its latest flow
    #[arg(value_name = "FLOW|SESSION")]
    lookup: String,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

impl Tasks {
    pub(super) fn run(self) -> Result<ExitCode> {
        match self {
            Self::Flow(Flows::List(list)) => list.run(),
            Self::Flow(Flows::Show(one)) => one.show(),
            Self::Flow(Flows::Cancel(one)) => one.cancel(),
        }
    }
}

/// The flows in the state folder that the arguments name. With `--state-dir` no config is needed.
fn open(config: &ConfigArgs) -> Result<TaskFlows> {
    let state_dir = match (&config.config, &config.state_dir) {
        (None, Some(state_dir)) => state_dir.clone(),
        _ => config.load()?.state_dir,
    };
    Ok(TaskFlows::new(Store::open_beside(&state_dir)?, Clock::system(), Ids))
}

impl List {
    fn run(self) -> Result<ExitCode> {
        let status =
            self.status.as_deref().map(str::trim).filter(|status| !status.is_empty()).map(parse_status).transpose()?;
        let flows = open(&self.config)?.all_flows(status)?;
        if self.json {
            let records: Vec<Box<RawValue>> =
                flows.iter().map(|flow| Ok(RawValue::from_string(flow.to_json())?)).collect::<Result<_>>()?;
            output::json(
                &serde_json::json!({ "count": flows.len(), "status": status.map(FlowStatus::as_str), "flows": records }),
            )?;
            return Ok(ExitCode::SUCCESS);
        }
        print_list(&flows);
        Ok(ExitCode::SUCCESS)
    }
}

impl One {
    fn show(self) -> Result<ExitCode> {
        let Some(record) = open(&self.config)?.find(&self.lookup)? else { return Ok(self.not_found()) };
        if self.json {
            output::json(&RawValue::from_string(record.to_json())?)?;
        } else {
            print_record(&record);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn cancel(self) -> Result<ExitCode> {
        let (said, code, record) = match runtime()?.block_on(open(&self.config)?.cancel_as_operator(&self.lookup))? {
            OperatorCancel::NotFound => return Ok(self.not_found()),
            OperatorCancel::Cancelled(record) => (
                format!("{GOOD}Cancelled{GOOD:#} {} with status cancelled.", record.flow.id),
                ExitCode::SUCCESS,
                record,
            ),
            OperatorCancel::Pending(record) => (
                format!("{WARN}Cancelling{WARN:#} {}: one or more child tasks are still active.", record.flow.id),
                ExitCode::SUCCESS,
                record,
            ),
            OperatorCancel::Refused(record, why) => {
                (format!("{BAD}Not cancelled{BAD:#} {}: {why}", record.flow.id), ExitCode::FAILURE, record)
            }
        };
        if self.json {
            output::json(&RawValue::from_string(record.to_json())?)?;
        } else {
            output::print(&said);
        }
        Ok(code)
    }

    fn not_found(&self) -> ExitCode {
        output::note(&format!("TaskFlow not found: {}", self.lookup));
        ExitCode::FAILURE
    }
}

fn parse_status(text: &str) -> Result<FlowStatus> {
    match FlowStatus::parse(text) {
        Some(status) => Ok(status),
        None => bail!(
            "there is no status `{text}`; there are queued, running, waiting, blocked, succeeded, failed, cancelled, lost"
        ),
    }
}

fn print_list(flows: &[FlowRecord]) {
    let count = |of: fn(&Flow) -> bool| flows.iter().filter(|record| of(&record.flow)).count();
    let active = count(|flow| matches!(flow.status, FlowStatus::Queued | FlowStatus::Running | FlowStatus::Waiting));
    let blocked = count(|flow| flow.status == FlowStatus::Blocked);
    let cancelling = count(|flow| flow.cancel_requested_at.is_some() && !flow.status.is_terminal());
    output::print(&format!("TaskFlows: {}", flows.len()));
    output::print(&format!(
        "TaskFlow pressure: {active} active · {blocked} blocked · {cancelling} cancel-requested · {} total",
        flows.len()
    ));
    if flows.is_empty() {
        output::print("No TaskFlows found.");
        return;
    }
    let rows: Vec<Vec<String>> = flows.iter().map(row).collect();
    output::table(&["TaskFlow", "Mode", "Status", "Rev", "Controller", "Tasks", "Goal"], &rows);
}

fn row(record: &FlowRecord) -> Vec<String> {
    let flow = &record.flow;
    vec![
        flow.id.to_string(),
        flow.sync_mode.as_str().to_owned(),
        flow.status.as_str().to_owned(),
        flow.revision.to_string(),
        shown(flow.controller.as_ref(), 24),
        format!("{} active/{} total", record.counts.active(), record.counts.total()),
        shown(Some(&flow.goal), 60),
    ]
}

fn print_record(record: &FlowRecord) {
    let flow = &record.flow;
    let mut text = String::from("TaskFlow:\n");
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{DIM}{name}:{DIM:#} {value}");
    };
    line("flowId", flow.id.to_string());
    line("status", flow.status.as_str().to_owned());
    line("goal", shown(Some(&flow.goal), 400));
    line("currentStep", shown(flow.current_step.as_ref(), 200));
    line("owner", flow.owner.to_string());
    line("controller", shown(flow.controller.as_ref(), 200));
    line("notify", flow.notify.as_str().to_owned());
    line("revision", flow.revision.to_string());
    line("created", time(Some(flow.created_at)));
    line("updated", time(Some(flow.updated_at)));
    line("cancel requested", time(flow.cancel_requested_at));
    line("ended", time(flow.ended_at));
    line(
        "tasks",
        format!(
            "{} total · {} active · {} failures",
            record.counts.total(),
            record.counts.active(),
            record.counts.failures()
        ),
    );
    output::print(text.trim_end());
    if !record.tasks.is_empty() {
        let rows: Vec<Vec<String>> = record
            .tasks
            .iter()
            .map(|task| {
                vec![
                    task.id.to_string(),
                    task.runtime.as_str().to_owned(),
                    task.status.as_str().to_owned(),
                    shown(task.label.as_ref(), 24),
                    shown(Some(&task.task), 60),
                ]
            })
            .collect();
        output::table(&["Task", "Runtime", "Status", "Label", "Task"], &rows);
    }
}

/// A caller's text on one line of a terminal, cut to so many characters.
fn shown(text: Option<&JsonText>, chars_max: usize) -> String {
    let text = text.and_then(JsonText::as_string_lossy);
    text.map_or_else(|| "-".to_owned(), |text| operator::shown(&text, chars_max))
}

fn time(at: Option<Millis>) -> String {
    let at = at.and_then(|at| jiff::Timestamp::from_millisecond(at.0).ok());
    at.map_or_else(|| "-".to_owned(), |at| format!("{at:.0}"))
}
