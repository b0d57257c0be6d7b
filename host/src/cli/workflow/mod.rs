//! `sandclaw workflow`: files of steps, looked at before any request starts them.

mod check;
mod graph;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub(super) enum Workflow {
    /// Say everything that is wrong with workflow files, and what each step does
    Check(check::Check),
    /// Draw a workflow as text
    Graph(graph::Graph),
}

impl Workflow {
    pub(super) fn run(self) -> Result<ExitCode> {
        match self {
            Self::Check(check) => check.run(),
            Self::Graph(graph) => graph.run(),
        }
    }
}
