//! `sandclaw workflow graph`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::super::output;
use crate::workflow::{self, GraphFormat, Plan};

const EXAMPLES: &str = "Examples:
  sandclaw workflow graph workflows/deploy.yaml                       for a README
  sandclaw workflow graph workflows/deploy.yaml --format ascii        for a terminal
  sandclaw workflow graph workflows/deploy.yaml --format dot | dot -Tsvg > deploy.svg";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Graph {
    /// The workflow file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How it is drawn
    #[arg(long, value_enum, default_value_t = Format::Mermaid)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For Markdown
    Mermaid,
    /// For Graphviz
    Dot,
    /// For a terminal
    Ascii,
}

impl Graph {
    pub(super) fn run(self) -> Result<ExitCode> {
        let plan = Plan::load(&self.file)?;
        let format = match self.format {
            Format::Mermaid => GraphFormat::Mermaid,
            Format::Dot => GraphFormat::Dot,
            Format::Ascii => GraphFormat::Ascii,
        };
        output::print(workflow::graph(&plan, format).trim_end());
        Ok(ExitCode::SUCCESS)
    }
}
