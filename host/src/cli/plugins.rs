//! `sandclaw plugins list|inspect`: needs, grants and leftovers on one screen.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::{self, BAD, DIM, WARN};
use super::{ConfigArgs, runtime};
use crate::app::{self, Found};
use crate::sandbox::{ComponentKind, User, short};

#[derive(Subcommand)]
pub(super) enum Plugins {
    /// Every component: who uses it, what it needs, was granted, leaves unused, and whether it would run
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
    /// Print what to paste into the config: a route entry, or the transform of an endpoint or a hook mapping
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
        let (inspection, running) =
            runtime()?.block_on(async { (app::inspect_all(&config).await, app::ask_plugins(&config.state_dir).await) });
        let inspection = inspection?;
        let live = |found: &Found| live(running.as_ref(), found);
        if self.json {
            output::json(&inspection.found.iter().map(|found| as_json(found, live(found))).collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        let rows: Vec<Vec<String>> = inspection.found.iter().map(|found| row(found, live(found))).collect();
        output::table(&["Used by", "File", "Digest", "State", "Since", "Needs", "Granted", "Unused"], &rows);
        for problem in inspection.problems() {
            output::print(&format!("\n{BAD}refused{BAD:#}  {problem}"));
        }
        if running.is_none() {
            output::print(&format!(
                "\n{DIM}no gateway runs on {}; this is what one would do{DIM:#}",
                config.state_dir.display()
            ));
        }
        if inspection.found.iter().any(|found| found.user.is_none()) {
            output::print(&format!(
                "\n{WARN}quarantine{WARN:#}  nothing in the config names these files, so they are never run; `sandclaw plugins inspect FILE --emit-config` writes an entry"
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Inspect {
    fn run(self) -> Result<ExitCode> {
        let found = runtime()?.block_on(app::inspect_file(&self.file))?;
        if self.json {
            output::json(&as_json(&found, None))?;
        } else if self.emit_config {
            output::print(&stanza(&found));
        } else {
            print(&self.file, &found);
        }
        Ok(if found.refused.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// What the running gateway says of this component's slot. A workflow may use several files.
fn live<'a>(running: Option<&'a Value>, found: &Found) -> Option<&'a Value> {
    let user = found.user.as_ref()?;
    running?["slots"].as_array()?.iter().find(|slot| slot[user.word()] == user.name() && slot["file"] == found.file)
}

/// `active`, `last-good` (the file there now is refused, an older one serves), `poisoned`, `refused`; without a gateway `ready` or `refused`.
fn state(found: &Found, live: Option<&Value>) -> &'static str {
    match (live, &found.user, &found.refused) {
        (Some(slot), ..) if !slot["restsUntil"].is_null() => "poisoned",
        (Some(slot), ..) if slot["serving"].is_null() => "refused",
        (Some(slot), ..) if !slot["refused"].is_null() => "last-good",
        (Some(_), ..) => "active",
        (None, None, _) => "quarantine",
        (None, Some(_), Some(_)) => "refused",
        (None, Some(_), None) => "ready",
    }
}

fn since(live: Option<&Value>) -> String {
    let at = live.and_then(|slot| jiff::Timestamp::from_millisecond(slot["since"].as_i64()?).ok());
    at.map_or_else(|| "-".to_owned(), |at| format!("{at:.0}"))
}

fn row(found: &Found, live: Option<&Value>) -> Vec<String> {
    let list = |names: &[String]| if names.is_empty() { "-".to_owned() } else { names.join(" ") };
    vec![
        match &found.user {
            None => "-".to_owned(),
            Some(User::Route(route)) => route.to_string(),
            Some(user @ (User::Endpoint(_) | User::Workflow(_))) => format!("{} ({})", user.name(), user.word()),
            Some(User::Mapping(mapping)) => mapping.to_string(),
        },
        found.file.clone(),
        found.digest.map_or_else(|| "-".into(), short),
        state(found, live).to_owned(),
        since(live),
        list(&[found.needs.clone(), found.unknown.clone()].concat()),
        list(&found.granted),
        list(&found.unused),
    ]
}

fn as_json(found: &Found, live: Option<&Value>) -> Value {
    let named = |word: &str| found.user.as_ref().filter(|user| user.word() == word).map(User::name);
    json!({
        "route": named("route"),
        "endpoint": named("endpoint"),
        "mapping": named("mapping"),
        "workflow": named("workflow"),
        "kind": found.kind.map(ComponentKind::as_str),
        "file": found.file,
        "digest": found.digest.map(|digest| digest.to_string()),
        "state": state(found, live),
        "needs": found.needs,
        "unknownImports": found.unknown,
        "granted": found.granted,
        "unused": found.unused,
        "refused": found.refused,
        "live": live,
    })
}

fn print(file: &Path, found: &Found) {
    let list = |names: &[String]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    output::print(&format!(
        "file    {}\nkind    {}\ndigest  {}\nneeds   {}",
        found.file,
        found.kind.map_or("-", ComponentKind::as_str),
        found.digest.map_or_else(|| "-".into(), |digest| digest.to_string()),
        list(&found.needs)
    ));
    for import in &found.unknown {
        output::print(&format!("{BAD}also{BAD:#}    {import}, which no grant gives"));
    }
    match &found.refused {
        Some(reason) => output::print(&format!("{BAD}refused{BAD:#} {reason}")),
        None => output::print(&format!(
            "{DIM}{} for it: sandclaw plugins inspect {} --emit-config{DIM:#}",
            what_to_write(found),
            file.display()
        )),
    }
}

fn what_to_write(found: &Found) -> &'static str {
    match found.kind {
        Some(ComponentKind::Transform) => "the transform of an endpoint",
        Some(ComponentKind::HookTransform) => "the transform of a hook mapping",
        Some(ComponentKind::Action) | None => "a route entry",
    }
}

/// What to paste into the config.
fn stanza(found: &Found) -> String {
    let file = &found.file;
    let digest = found.digest.map(|digest| digest.to_string()).unwrap_or_default();
    let quoted: Vec<String> = found.needs.iter().map(|grant| format!("\"{grant}\"")).collect();
    let grants = quoted.join(", ");
    let list = match found.kind {
        Some(ComponentKind::Transform) => Some("webhooks.endpoints"),
        Some(ComponentKind::HookTransform) => Some("hooks.mappings"),
        Some(ComponentKind::Action) | None => None,
    };
    if let Some(list) = list {
        return format!(
            "// in an entry of {list}; the grants are exactly what {file} needs\ntransform: {{\n  plugin: {{ file: \"{file}\", digest: \"{digest}\" }},\n  grants: [{grants}],\n}},"
        );
    }
    let id = file.strip_suffix(".wasm").unwrap_or(file);
    let variable = id.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!(
        "// under plugins.entries.webhooks.config.routes; the grants are exactly what {file} needs\n\"{id}\": {{\n  sessionKey: \"agent:main:{id}\",\n  secret: {{ source: \"env\", provider: \"default\", id: \"{variable}_WEBHOOK_SECRET\" }},\n  plugin: {{ file: \"{file}\", digest: \"{digest}\" }},\n  grants: [{grants}],\n}},"
    )
}
