//! `sandclaw check`: everything that is wrong, at once.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::output::{self, BAD, GOOD, WARN};
use super::{ConfigArgs, runtime};
use crate::app;
use crate::auth::secret::Resolver;
use crate::config::{Config, ConfigErrors, Env};

#[derive(Args)]
pub(super) struct Check {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Default, Serialize)]
struct Report {
    ok: bool,
    problems: Vec<String>,
    warnings: Vec<String>,
}

impl Check {
    pub(super) fn run(self) -> Result<ExitCode> {
        let mut report = Report::default();
        match self.config.load() {
            Ok(config) => runtime()?.block_on(look(&config, &mut report))?,
            Err(error) => match error.downcast_ref::<ConfigErrors>() {
                Some(errors) => report.problems = errors.problems().iter().map(ToString::to_string).collect(),
                None => report.problems.push(format!("{error:#}")),
            },
        }
        report.ok = report.problems.is_empty();
        if self.json {
            output::json(&report)?;
        } else {
            print(&report);
        }
        Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

async fn look(config: &Config, report: &mut Report) -> Result<()> {
    report.warnings.clone_from(&config.warnings);
    let resolver = Resolver::new(config.providers().clone(), Env::process());
    for route in &config.routes {
        for secret in route.auth.secrets() {
            if let Err(unresolved) = resolver.resolve(secret).await {
                let why = format!("route {}: its secret is unresolved, so it would answer 404: {unresolved}", route.id);
                report.warnings.push(why);
            }
        }
    }
    report.warnings.extend(app::workflow_trouble(config));
    let inspection = app::inspect_all(config).await?;
    report.problems.extend(inspection.problems().map(str::to_owned));
    for found in &inspection.found {
        match &found.user {
            Some(user) if !found.unused.is_empty() && found.file != "built-in taskflow-actions" => {
                report.warnings.push(format!(
                    "{} {}: grants that {} does not use: {}",
                    user.word(),
                    user.name(),
                    found.file,
                    found.unused.join(", ")
                ));
            }
            Some(_) => {}
            None => report.warnings.push(format!("{}: in quarantine, nothing in the config names it", found.file)),
        }
    }
    Ok(())
}

fn print(report: &Report) {
    for problem in &report.problems {
        output::print(&format!("{BAD}problem{BAD:#}  {problem}"));
    }
    for warning in &report.warnings {
        output::print(&format!("{WARN}warning{WARN:#}  {warning}"));
    }
    let (problems, warnings) = (report.problems.len(), report.warnings.len());
    if report.ok {
        output::print(&format!(
            "{GOOD}ok{GOOD:#}       the config and its plugins can be served ({warnings} warnings)"
        ));
    } else {
        output::print(&format!("{problems} problems, {warnings} warnings"));
    }
}
