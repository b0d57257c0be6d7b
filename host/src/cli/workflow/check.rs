//! `sandclaw workflow check`: what is wrong, or what each step does and what the workflow needs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::super::output::{self, BAD, DIM, GOOD, WARN};
use crate::config::WorkflowRights;
use crate::workflow::{AfterFailure, Body, Needs, Plan, Step, Workflows, runs_again, summary};

const EXAMPLES: &str = "Examples:
  sandclaw workflow check workflows/*.yaml
  sandclaw workflow check workflows/deploy.yaml --json

Exit codes: 0 all of them can be run; 1 something is wrong with one; 2 the command line.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Check {
    /// Workflow files: .yaml, .yml, .json, .lobster
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    ok: bool,
    workflows: Vec<Checked>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    file: String,
    ok: bool,
    problems: Vec<String>,
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    steps: Vec<StepShown>,
    needs: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StepShown {
    id: String,
    line: usize,
    kind: &'static str,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    continues_on_failure: bool,
    on_failure: String,
    after_crash: &'static str,
    approval: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepShown>,
}

impl Check {
    pub(super) fn run(self) -> Result<ExitCode> {
        let workflows: Vec<Checked> = self.files.iter().map(|file| check(file)).collect();
        let report = Report { ok: workflows.iter().all(|checked| checked.ok), workflows };
        if self.json {
            output::json(&report)?;
        } else {
            report.workflows.iter().for_each(print);
        }
        Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn check(file: &Path) -> Checked {
    let shown = file.display().to_string();
    match Workflows::load_one(file) {
        Ok((plan, _)) => of_plan(shown, &plan),
        Err(errors) => Checked {
            file: shown,
            ok: false,
            problems: errors.iter().flat_map(|errors| errors.problems()).map(ToString::to_string).collect(),
            warnings: Vec::new(),
            name: None,
            digest: None,
            steps: Vec::new(),
            needs: Vec::new(),
        },
    }
}

fn of_plan(file: String, plan: &Plan) -> Checked {
    Checked {
        file,
        ok: true,
        problems: Vec::new(),
        warnings: plan.warnings.clone(),
        name: Some(plan.name.clone()),
        digest: Some(plan.digest.to_string()),
        steps: plan.steps.iter().map(of_step).collect(),
        needs: needs(&plan.needs),
    }
}

fn of_step(step: &Step) -> StepShown {
    StepShown {
        id: step.id.clone(),
        line: step.line,
        kind: step.kind(),
        what: summary(step),
        when: step.when.as_ref().map(|when| when.as_str().to_owned()),
        continues_on_failure: step.continues_on_failure(),
        on_failure: on_failure(&step.failure),
        after_crash: after_crash(step),
        approval: step.approval.is_some(),
        steps: step.inside().iter().map(of_step).collect(),
    }
}

fn on_failure(failure: &AfterFailure) -> String {
    match failure {
        AfterFailure::Stop => "the flow stops".to_owned(),
        AfterFailure::Continue => "the flow goes on: on_error".to_owned(),
        AfterFailure::SkipRest => "the rest is skipped: on_error".to_owned(),
        AfterFailure::AskedFor { by, field } => format!("the flow goes on: {by} reads its {field}"),
    }
}

/// What becomes of the step if the gateway ends while it runs. What its component is granted stands in the config, which is not looked at here.
fn after_crash(step: &Step) -> &'static str {
    let says_safe = step.retry.is_some_and(|retry| retry.safe);
    match &step.body {
        Body::Plugin { .. } if !says_safe => {
            "it runs again, unless its component may make changes and has clock or random"
        }
        _ if runs_again(step, &WorkflowRights::default()) => "it runs again, or goes on",
        _ => "it fails as interrupted",
    }
}

/// What the workflow needs, a line each.
fn needs(needs: &Needs) -> Vec<String> {
    let names = |what: &str, names: &std::collections::BTreeSet<String>| {
        let names = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        (!names.is_empty()).then(|| format!("{what} {names}"))
    };
    let commands = needs.commands.then(|| "commands, which the host must grant".to_owned());
    let people = needs.people.then(|| "people who approve or answer".to_owned());
    let named = [
        names("tools", &needs.tools),
        names("channels", &needs.channels),
        names("plugins", &needs.plugins),
        names("workflows", &needs.workflows),
    ];
    [commands].into_iter().chain(named).chain([people]).flatten().collect()
}

fn print(checked: &Checked) {
    for problem in &checked.problems {
        output::print(&format!("{BAD}problem{BAD:#}  {problem}"));
    }
    for warning in &checked.warnings {
        output::print(&format!("{WARN}warning{WARN:#}  {warning}"));
    }
    if !checked.ok {
        return;
    }
    let name = checked.name.as_deref().unwrap_or_default();
    output::print(&format!("{GOOD}ok{GOOD:#}       {}: {name}", checked.file));
    let mut rows = Vec::new();
    rows_of(&checked.steps, "", &mut rows);
    output::table(&["STEP", "KIND", "IF IT FAILS", "WHAT"], &rows);
    for need in &checked.needs {
        output::print(&format!("{DIM}needs{DIM:#}    {need}"));
    }
}

fn rows_of(steps: &[StepShown], indent: &str, rows: &mut Vec<Vec<String>>) {
    for step in steps {
        let mut what = step.what.clone();
        if step.approval && step.kind != "approval" {
            what.push_str(", then approval");
        }
        if let Some(when) = &step.when {
            what.push_str(&format!("  when {}", when.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
        rows.push(vec![format!("{indent}{}", step.id), step.kind.to_owned(), step.on_failure.clone(), what]);
        rows_of(&step.steps, &format!("{indent}  "), rows);
    }
}
