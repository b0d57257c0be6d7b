//! `sandclaw runs list|show|cancel`: runs of agents. Asks the gateway that runs on the state folder, or, when none does, its database.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use super::output::{self, BAD, DIM, GOOD, WARN};
use super::webhooks::encoded;
use super::{Common, runtime};
use crate::agents::operator::{CancelAnswer, LIST_DEFAULT, RunList, RunView, RunsAsked, RunsDesk};
use crate::app;
use crate::model::RunState;
use crate::outbound::operator::shown;
use crate::store::{RUNS_LISTED_MAX, Store};

/// How much of a message or an answer stands in a line.
const LINE_CHARS: usize = 60;
/// How much of one is printed; `--json` has all of it.
const TEXT_CHARS: usize = 4_000;

#[derive(Subcommand)]
#[command(after_help = "Examples:
  sandclaw runs list --agent main --state failed
  sandclaw runs show 5f0c1f5e-3a57-4a0e-9c5b-0d5a1a3f7f10
  sandclaw runs cancel 5f0c1f5e-3a57-4a0e-9c5b-0d5a1a3f7f10")]
pub(super) enum Runs {
    /// List runs, the newest first
    List(List),
    /// Show one run: what was asked, how it went, what was answered
    Show(One),
    /// End a run that is not begun, or stop one that is under way
    Cancel(One),
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
    /// Only those of this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// Only those in this state: queued, running, succeeded, failed, timed_out, cancelled, lost
    #[arg(long)]
    state: Option<String>,
    /// How many, at most 1000
    #[arg(long, value_name = "N", default_value_t = LIST_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=i64::from(RUNS_LISTED_MAX)))]
    recent: u32,
}

#[derive(Args)]
pub(super) struct One {
    #[command(flatten)]
    common: Common,
    /// A run id
    #[arg(value_name = "RUN")]
    id: String,
}

impl Runs {
    pub(super) fn run(self) -> Result<ExitCode> {
        runtime()?.block_on(async {
            match self {
                Self::List(list) => list.run().await,
                Self::Show(one) => one.show().await,
                Self::Cancel(one) => one.cancel().await,
            }
        })
    }
}

impl List {
    async fn run(self) -> Result<ExitCode> {
        let state_dir = self.common.state_dir()?;
        let asked = RunsAsked {
            recent: self.recent,
            agent: self.agent.clone(),
            state: self.state.as_deref().map(parse_state).transpose()?,
        };
        let mut path = format!("/runs?recent={}", asked.recent);
        if let Some(agent) = &asked.agent {
            let _ = write!(path, "&agent={}", encoded(agent));
        }
        if let Some(state) = asked.state {
            let _ = write!(path, "&state={state}");
        }
        let list: RunList = match app::ask_operator(&state_dir, &path).await? {
            Some(list) => list,
            None => RunsDesk::new(Store::open_beside(&state_dir)?).list(&asked)?,
        };
        if self.common.json {
            output::json(&list)?;
        } else if list.runs.is_empty() {
            output::print("No runs found.");
        } else {
            let rows: Vec<_> = list.runs.iter().map(row).collect();
            output::table(&["Run", "Created", "Agent", "Session", "State", "Begun", "What"], &rows);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl One {
    async fn show(self) -> Result<ExitCode> {
        let state_dir = self.common.state_dir()?;
        let view: RunView = match app::ask_operator(&state_dir, &format!("/runs/{}", encoded(&self.id))).await? {
            Some(view) => view,
            None => RunsDesk::new(Store::open_beside(&state_dir)?).show(&self.id)?,
        };
        if self.common.json {
            output::json(&view)?;
        } else {
            print(&view);
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn cancel(self) -> Result<ExitCode> {
        let state_dir = self.common.state_dir()?;
        let path = format!("/runs/{}/cancel", encoded(&self.id));
        let answer: CancelAnswer = match app::tell_operator(&state_dir, &path, &(), None).await? {
            Some(answer) => answer,
            None => RunsDesk::new(Store::open_beside(&state_dir)?).cancel(&self.id).await?,
        };
        let id = shown(&self.id, 80);
        if self.common.json {
            output::json(&answer)?;
        } else if answer.is_ended {
            output::print(&format!("{GOOD}cancelled{GOOD:#}  {id} is not begun any more"));
        } else {
            output::print(&format!("{WARN}stopping{WARN:#}  {id} is under way and told to stop"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn parse_state(text: &str) -> Result<RunState> {
    match RunState::parse(text.trim()) {
        Some(state) => Ok(state),
        None => {
            let states: Vec<_> = RunState::ALL.iter().map(|state| state.as_str()).collect();
            bail!("--state must be one of {}", states.join(", "))
        }
    }
}

fn row(run: &RunView) -> Vec<String> {
    vec![
        run.run_id.clone(),
        output::time(run.created_at),
        shown(&run.agent, 30),
        shown(&run.session, 40),
        run.state.clone(),
        run.attempts.to_string(),
        what(run),
    ]
}

/// The newest there is to say of it.
fn what(run: &RunView) -> String {
    let said = run.error.as_deref().or(run.reply.as_deref()).or(run.summary.as_deref()).unwrap_or(&run.message);
    shown(said, LINE_CHARS)
}

fn print(run: &RunView) {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{DIM}{name}:{DIM:#} {value}");
    };
    let style = match run.state.as_str() {
        "succeeded" => GOOD,
        "failed" | "timed_out" | "lost" => BAD,
        _ => WARN,
    };
    line("run", &run.run_id);
    let stopping = if run.is_to_stop { " (told to stop)" } else { "" };
    line("state", &format!("{style}{}{style:#}{stopping}", run.state));
    line("agent", &shown(&run.agent, 80));
    line("session", &format!("{} ({})", shown(&run.session, 200), run.session_mode));
    line("came through", &format!("{}, {}", shown(&run.origin, 100), run.trust));
    line("name", &shown(&run.name, 200));
    line("begun", &format!("{} times", run.attempts));
    if let (Some(flow), Some(task)) = (&run.flow, &run.task) {
        line("task", &format!("{task} of flow {flow}"));
    }
    line("created", &output::time(run.created_at));
    for (name, at) in [("started", run.started_at), ("ended", run.ended_at)] {
        if let Some(at) = at {
            line(name, &output::time(at));
        }
    }
    if let Some(model) = &run.model {
        line("model", &shown(model, 100));
    }
    if let (Some(input), Some(output)) = (run.input_tokens, run.output_tokens) {
        line("tokens", &format!("{input} in, {output} out"));
    }
    for (name, value) in [("doing", &run.summary), ("error", &run.error)] {
        if let Some(value) = value {
            line(name, &shown(value, TEXT_CHARS));
        }
    }
    line("message", &shown(&run.message, TEXT_CHARS));
    if let Some(reply) = &run.reply {
        line("reply", &shown(reply, TEXT_CHARS));
    }
    output::print(text.trim_end());
}
