//! `sandclaw approvals …`: what workflows ask people, and the answers. Asks the gateway that runs on the state folder, or, when none does, its
//! database; the run then goes on when a gateway starts.

mod desk;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::{self, BAD, DIM, GOOD};
use super::{Common, runtime};
use crate::model::{visible, visible_json, visible_line};
use crate::workflow::approvals::AskView;
use desk::Desk;

#[derive(Subcommand)]
#[command(after_help = "Examples:
  sandclaw approvals list
  sandclaw approvals approve 3f9a61c2d07b --as alice
  sandclaw approvals approve 3f9a61c2d07b --as alice --response '{\"replicas\":3}'
  sandclaw approvals link 3f9a61c2d07b --as alice")]
pub(super) enum Approvals {
    /// List the questions that are open
    List(List),
    /// Show one question, whole
    Show(One),
    /// Approve, or answer a question for input
    Approve(Decide),
    /// Reject; the run is cancelled
    Reject(Decide),
    /// Print a link with which one person can answer, once
    Link(Decide),
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
    /// Those that were answered too
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
pub(super) struct One {
    #[command(flatten)]
    common: Common,
    /// The id of the question
    id: String,
}

#[derive(Args)]
pub(super) struct Decide {
    #[command(flatten)]
    common: Common,
    /// The id of the question
    id: String,
    /// Whose answer it is
    #[arg(long = "as", value_name = "NAME")]
    name: String,
    /// The answer to a question for input
    #[arg(long, value_name = "JSON")]
    response: Option<String>,
}

impl Approvals {
    pub(super) fn run(self) -> Result<ExitCode> {
        runtime()?.block_on(async {
            match self {
                Self::List(list) => list.run().await,
                Self::Show(one) => one.run().await,
                Self::Approve(decide) => decide.run(true).await,
                Self::Reject(decide) => decide.run(false).await,
                Self::Link(decide) => decide.link().await,
            }
        })
    }
}

impl List {
    async fn run(self) -> Result<ExitCode> {
        let asks = Desk::new(&self.common.config)?.list(self.all).await?;
        if self.common.json {
            output::json(&json!({ "approvals": asks }))?;
        } else if asks.is_empty() {
            output::print("Nobody is asked anything.");
        } else {
            let row = |ask: &AskView| {
                vec![
                    ask.id.clone(),
                    ask.workflow.clone(),
                    ask.state.clone(),
                    output::time(ask.expires_at),
                    approvers(ask),
                    ask.prompt.clone(),
                ]
            };
            let rows: Vec<Vec<String>> = asks.iter().map(row).collect();
            output::table(&["Id", "Workflow", "State", "Until", "Asked", "Prompt"], &rows);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl One {
    async fn run(self) -> Result<ExitCode> {
        let ask = Desk::new(&self.common.config)?.show(&self.id).await?;
        if self.common.json {
            output::json(&ask)?;
        } else {
            print(&ask);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Decide {
    async fn run(self, approve: bool) -> Result<ExitCode> {
        let response = self.response.as_deref().map(serde_json::from_str::<Value>).transpose();
        let response = response.context("--response: not JSON")?;
        let ask = Desk::new(&self.common.config)?.decide(&self.id, &self.name, approve, response).await?;
        if self.common.json {
            output::json(&ask)?;
        } else {
            let style = if approve { GOOD } else { BAD };
            output::print(&format!("{style}{}{style:#} {} by {}", ask.state, ask.id, self.name));
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn link(self) -> Result<ExitCode> {
        let desk = Desk::new(&self.common.config)?;
        let token = desk.link(&self.id, &self.name).await?;
        let path = format!("/approvals/{token}");
        let url = desk.public_url().map(|base| format!("{}{path}", base.trim_end_matches('/')));
        if self.common.json {
            output::json(&json!({ "path": path, "url": url }))?;
        } else {
            output::print(&url.unwrap_or(path));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn approvers(ask: &AskView) -> String {
    if ask.approvers.is_empty() { "nobody".to_owned() } else { ask.approvers.join(", ") }
}

fn print(ask: &AskView) {
    for (name, value) in [
        ("id", &ask.id),
        ("kind", &ask.kind),
        ("workflow", &ask.workflow),
        ("flow", &ask.flow_id),
        ("state", &ask.state),
        ("asked", &approvers(ask)),
        ("until", &output::time(ask.expires_at)),
    ] {
        output::print(&format!("{DIM}{name}:{DIM:#} {}", visible_line(value)));
    }
    // Whole, whatever their length: whoever answers has to see what it is about.
    for (name, text) in [("prompt", Some(&ask.prompt)), ("preview", ask.preview.as_ref())] {
        let Some(text) = text else { continue };
        let (chars, lines) = (text.chars().count(), text.lines().count());
        output::print(&format!("{DIM}{name} ({chars} characters, {lines} lines):{DIM:#}\n{}", visible(text)));
    }
    if let Some(schema) = &ask.schema {
        output::print(&format!("{DIM}schema:{DIM:#} {}", visible_json(&schema.to_string())));
    }
}
