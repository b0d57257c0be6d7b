//! The command line: parse, call `app`, print. People get aligned text, with colours on a terminal; programs get `--json`.
//!
//! Exit codes: 0 done; 1 something is wrong with the config, a plugin, the state or the thing asked for; 2 the command line itself.

mod approvals;
mod check;
mod init;
mod output;
mod plugins;
mod runs;
mod serve;
mod tasks;
mod transform;
mod webhooks;
mod workflow;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config};

/// A webhook gateway for OpenClaw TaskFlows in which every route action runs as a WebAssembly component in a fresh sandbox.
#[derive(Parser)]
#[command(name = "sandclaw", version, propagate_version = true, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  sandclaw init                     write a starter config with a fresh secret
  sandclaw check                    say everything that is wrong with config and plugins
  sandclaw serve                    serve it
  sandclaw plugins list             what each component needs, was given, leaves unused
  sandclaw transform test --help    try a transform on an event, without a gateway
  sandclaw webhooks list --follow   the deliveries, as they happen
  sandclaw workflow check FILE...   what workflows do, and what is wrong with them
  sandclaw tasks flow list --json   the flows, for a program";

#[derive(Subcommand)]
enum Command {
    /// Serve the routes of a config until told to stop
    Serve(serve::Serve),
    /// Validate the config and its plugins; every problem at once, exit code 1 if there is one
    Check(check::Check),
    /// Write a commented starter config with a strong secret
    Init(init::Init),
    /// Look at components: needs, grants, digests
    #[command(subcommand)]
    Plugins(plugins::Plugins),
    /// Try transforms of events and of requests
    #[command(subcommand)]
    Transform(transform::Transform),
    /// Look at and cancel TaskFlows
    #[command(subcommand)]
    Tasks(tasks::Tasks),
    /// Look at runs of agents; stop them
    #[command(subcommand)]
    Runs(runs::Runs),
    /// Look at deliveries and endpoints; try again, recover, test, verify
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    /// Check, draw and run workflows
    #[command(subcommand)]
    Workflow(workflow::Workflow),
    /// Look at what workflows ask people, and answer it
    #[command(subcommand)]
    Approvals(approvals::Approvals),
}

/// Where the config is.
#[derive(Args, Clone)]
struct ConfigArgs {
    /// The config file [default: sandclaw.{json5,json,yaml,yml} in the working directory]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// The state folder, instead of the config's
    #[arg(long, value_name = "DIR", global = true)]
    state_dir: Option<PathBuf>,
}

impl ConfigArgs {
    fn load(&self) -> Result<Config> {
        let file = match &self.config {
            Some(file) => file.clone(),
            None => config::find(Path::new("."))?,
        };
        let mut config = Config::load(&file)?;
        if let Some(state_dir) = &self.state_dir {
            config.state_dir.clone_from(state_dir);
        }
        Ok(config)
    }
}

/// What commands about a state folder have in common.
#[derive(Args, Clone)]
struct Common {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Common {
    /// With `--state-dir` alone no config is needed.
    fn state_dir(&self) -> Result<PathBuf> {
        match (&self.config.config, &self.config.state_dir) {
            (None, Some(state_dir)) => Ok(state_dir.clone()),
            _ => Ok(self.config.load()?.state_dir),
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let ran = match cli.command {
        Command::Serve(serve) => serve.run(),
        Command::Check(check) => check.run(),
        Command::Init(init) => init.run(),
        Command::Plugins(plugins) => plugins.run(),
        Command::Transform(transform) => transform.run(),
        Command::Tasks(tasks) => tasks.run(),
        Command::Runs(runs) => runs.run(),
        Command::Webhooks(webhooks) => webhooks.run(),
        Command::Workflow(workflow) => workflow.run(),
        Command::Approvals(approvals) => approvals.run(),
    };
    ran.unwrap_or_else(|error| {
        output::error(&error);
        ExitCode::FAILURE
    })
}

/// A runtime for commands that look at things.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
