//! `sandclaw workflow`: files of steps, looked at before any request starts them.

mod check;
mod graph;
mod run;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub(super) enum Workflow {
    /// Say everything that is wrong with workflow files, and what each step does
    Check(check::Check),
    /// Run one in the foreground
    Run(run::Run),
    /// Draw a workflow as text
    Graph(graph::Graph),
}

impl Workflow {
    pub(super) fn run(self) -> Result<ExitCode> {
        match self {
            Self::Check(check) => check.run(),
            Self::Run(run) => run.run(),
            Self::Graph(graph) => graph.run(),
        }
    }
}
