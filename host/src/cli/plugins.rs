//! `sandclaw plugins list|inspect`: needs, grants and leftovers on one screen.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{self, BAD, DIM, WARN};
use super::{ConfigArgs, runtime};
use crate::app::{self, Found};
use crate::sandbox::short;

#[derive(Subcommand)]
pub(super) enum Plugins {
    /// Every component: its route, what it needs, was granted, leaves unused, and whether it would run
    List(List),
    /// One component file: its digest and what it needs
    Inspect(Inspect),
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[command(after_help = "Example:\n  sandclaw plugins inspect zapier.wasm --emit-config >> routes.json5")]
pub(super) struct Inspect {
    /// The component
    file: PathBuf,
    /// Print a route entry to paste into the config
    #[arg(long, conflicts_with = "json")]
    emit_config: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

impl Plugins {
    pub(super) fn run(self) -> Result<ExitCode> {
        match self {
            Self::List(list) => list.run(),
            Self::Inspect(inspect) => inspect.run(),
        }
    }
}

impl List {
    fn run(self) -> Result<ExitCode> {
        let config = self.config.load()?;
        let inspection = runtime()?.block_on(app::inspect_all(&config))?;
        if self.json {
            output::json(&inspection.found.iter().map(as_json).collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        let rows: Vec<Vec<String>> = inspection.found.iter().map(row).collect();
        output::table(&["Route", "File", "Digest", "State", "Needs", "Granted", "Unused"], &rows);
        for problem in inspection.problems() {
            output::print(&format!("\n{BAD}refused{BAD:#}  {problem}"));
        }
        if inspection.found.iter().any(|found| found.route.is_none()) {
            output::print(&format!(
                "\n{WARN}quarantine{WARN:#}  no route names these files, so they are never run; `sandclaw plugins inspect FILE --emit-config` writes an entry"
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Inspect {
    fn run(self) -> Result<ExitCode> {
        let found = runtime()?.block_on(app::inspect_file(&self.file))?;
        if self.json {
            output::json(&as_json(&found))?;
        } else if self.emit_config {
            output::print(&stanza(&found));
        } else {
            print(&self.file, &found);
        }
        Ok(if found.refused.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn state(found: &Found) -> &'static str {
    match (&found.route, &found.refused) {
        (None, _) => "quarantine",
        (Some(_), Some(_)) => "refused",
        (Some(_), None) => "ready",
    }
}

fn row(found: &Found) -> Vec<String> {
    let list = |names: &[String]| if names.is_empty() { "-".to_owned() } else { names.join(" ") };
    vec![
        found.route.clone().unwrap_or_else(|| "-".into()),
        found.file.clone(),
        found.digest.map_or_else(|| "-".into(), short),
        state(found).to_owned(),
        list(&[found.needs.clone(), found.unknown.clone()].concat()),
        list(&found.granted),
        list(&found.unused),
    ]
}

fn as_json(found: &Found) -> serde_json::Value {
    json!({
        "route": found.route,
        "file": found.file,
        "digest": found.digest.map(|digest| digest.to_string()),
        "state": state(found),
        "needs": found.needs,
        "unknownImports": found.unknown,
        "granted": found.granted,
        "unused": found.unused,
        "refused": found.refused,
    })
}

fn print(file: &Path, found: &Found) {
    let list = |names: &[String]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    output::print(&format!(
        "file    {}\ndigest  {}\nneeds   {}",
        found.file,
        found.digest.map_or_else(|| "-".into(), |digest| digest.to_string()),
        list(&found.needs)
    ));
    for import in &found.unknown {
        output::print(&format!("{BAD}also{BAD:#}    {import}, which no grant gives"));
    }
    match &found.refused {
        Some(reason) => output::print(&format!("{BAD}refused{BAD:#} {reason}")),
        None => output::print(&format!(
            "{DIM}a route entry for it: sandclaw plugins inspect {} --emit-config{DIM:#}",
            file.display()
        )),
    }
}

fn stanza(found: &Found) -> String {
    let id = found.file.strip_suffix(".wasm").unwrap_or(&found.file);
    let variable = id.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let grants: Vec<String> = found.needs.iter().map(|grant| format!("\"{grant}\"")).collect();
    format!(
        "// under plugins.entries.webhooks.config.routes; the grants are exactly what {} needs\n\"{id}\": {{\n  sessionKey: \"agent:main:{id}\",\n  secret: {{ source: \"env\", provider: \"default\", id: \"{variable}_WEBHOOK_SECRET\" }},\n  plugin: {{ file: \"{}\", digest: \"{}\" }},\n  grants: [{}],\n}},",
        found.file,
        found.file,
        found.digest.map(|digest| digest.to_string()).unwrap_or_default(),
        grants.join(", ")
    )
}
