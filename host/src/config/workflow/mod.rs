//! Workflow files, `workflows/<flow>.yaml|.yml|.json|.lobster`: both dialects as one, read with all their problems at once. What the texts
//! in them refer to is the business of `workflow`, which adds what it finds to the same [`Findings`].

mod approval;
mod body;
mod data;
mod findings;
mod model;
mod step;

use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::model::Digest;

pub use model::{
    ApprovalDefinition, ArgDefinition, BodyDefinition, CostLimit, Data, Definition, Dialect, Findings, OnError, Retry,
    Spot, StepDefinition, Written,
};

use super::field::Field;
use super::problem::quoted;
use super::reader::Reader;
use super::tree::{self, Value};
use super::{ConfigErrors, Env, Format};

/// Largest file. Two hundred steps with a page of prompt each are half of it.
pub const WORKFLOW_FILE_MAX_BYTES: u64 = 256 * 1024;
/// Steps of a file, those inside others too. Who needs more has two workflows.
pub const STEPS_MAX: usize = 200;
/// Steps of a `parallel`: each is a process or a call of its own.
pub const BRANCHES_MAX: usize = 32;
/// Items that a `for_each` goes over; each writes a row for each of its steps.
pub const ITEMS_MAX: usize = 1_000;
/// Arguments of a workflow, and variables of an `env`.
const NAMES_MAX: usize = 64;
/// Longest name of a step, an argument or a variable, in characters.
const NAME_MAX_CHARS: usize = 64;

const EXTENSIONS: [&str; 4] = ["yaml", "yml", "json", "lobster"];
const KEYS: [&str; 8] = ["name", "description", "trigger", "args", "env", "cwd", "steps", "cost_limit"];

/// Names that are no step's, because they are something else in every expression.
pub const RESERVED: [&str; 9] = ["webhook", "args", "env", "true", "false", "null", "in", "has", "size"];

impl Definition {
    /// Whether the name is one of a workflow file.
    pub fn is_file(path: &Path) -> bool {
        path.extension().and_then(|extension| extension.to_str()).is_some_and(|name| EXTENSIONS.contains(&name))
    }

    /// Reads a file; its dialect is told by its extension.
    pub fn load(path: &Path) -> Result<(Self, Findings), ConfigErrors> {
        let file = path.display().to_string();
        let text = super::read_file(path, WORKFLOW_FILE_MAX_BYTES)
            .map_err(|error| ConfigErrors::one(&file, None, format!("cannot be read: {error}")))?;
        Self::parse(&text, path)
    }

    /// Reads a workflow from its text; `path` tells the dialect and is what problems name. What is wrong is in the findings, and the
    /// definition is then of use only for finding more. An error is a text of which nothing can be read.
    pub fn parse(text: &str, path: &Path) -> Result<(Self, Findings), ConfigErrors> {
        let file = path.display().to_string();
        let (format, dialect) = match path.extension().and_then(|extension| extension.to_str()) {
            Some("yaml" | "yml") => (Format::Yaml, Dialect::Sandclaw),
            Some("json") => (Format::Json5, Dialect::Sandclaw),
            Some("lobster") => (Format::Yaml, Dialect::Lobster),
            _ => {
                let message = "the name of a workflow file ends in .yaml, .yml, .json or .lobster";
                return Err(ConfigErrors::one(&file, None, message));
            }
        };
        let tree = tree::parse(text, format).map_err(|error| ConfigErrors::one(&file, error.line, error.message))?;
        let env = Env::new(|_| None);
        let mut reader = Reader::new(&file, &env);
        reader.lenient = dialect == Dialect::Lobster;
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let definition = read(&reader.root(&tree), stem, Source { text, file: &file, dialect });
        let (problems, warnings) = reader.finish();
        Ok((definition, Findings { file, problems, warnings }))
    }
}

struct Source<'a> {
    text: &'a str,
    file: &'a str,
    dialect: Dialect,
}

fn read(root: &Field<'_>, stem: &str, source: Source<'_>) -> Definition {
    let section = root.section(&KEYS);
    let name = section.field("name").name_or(stem);
    if name != stem && source.dialect == Dialect::Sandclaw {
        let field = section.field("name");
        field.warn_here(&format!(
            "the flow is started as `{stem}`, the name of its file; `{name}` is what its texts call it"
        ));
    }
    let trigger = section.field("trigger");
    if trigger.is_present() {
        let _reported = trigger.choice(&[("webhook", ())]);
    }
    let steps = section.field("steps");
    if matches!(steps.value(), None | Some(Value::Null))
        || matches!(steps.value(), Some(Value::List(items)) if items.is_empty())
    {
        steps.problem("required, a list with at least one step");
    }
    let mut count = 0;
    let steps = step::read_all(&steps, step::Place::Flow, &mut count);
    if count > STEPS_MAX {
        section
            .field("steps")
            .problem(format!("has {count} steps, and a workflow has at most {STEPS_MAX}; make two of it"));
    }
    Definition {
        digest: digest(stem, source.text),
        name,
        file: source.file.to_owned(),
        dialect: source.dialect,
        source: source.text.to_owned(),
        description: section.field("description").raw().map(str::to_owned),
        args: args(&section.field("args")),
        env: data::env(&section.field("env")),
        cwd: data::text(&section.field("cwd")),
        cost_limit: cost_limit(&section.field("cost_limit")),
        steps,
    }
}

/// Over the text as it stands: a changed comment makes another definition, which costs nothing; a changed meaning that went unnoticed would.
fn digest(stem: &str, text: &str) -> Digest {
    let mut hash = Sha256::new();
    hash.update((stem.len() as u64).to_le_bytes());
    hash.update(stem);
    hash.update(text);
    Digest(hash.finalize().into())
}

fn args(field: &Field<'_>) -> Vec<ArgDefinition> {
    let entries = field.entries();
    if entries.len() > NAMES_MAX {
        field.problem(format!("has {} arguments, and a workflow has at most {NAMES_MAX}", entries.len()));
    }
    let arg = |(name, field): (&str, Field<'_>)| {
        if !is_name(name) {
            field.problem(format!("{} is no name; {NAME_RULE}", quoted(name)));
        }
        let section = field.section(&["default", "description"]);
        let default = section.field("default");
        ArgDefinition {
            name: name.to_owned(),
            default: default.is_present().then(|| data::json(&default)),
            description: section.field("description").raw().map(str::to_owned),
            at: data::spot(&field),
        }
    };
    entries.into_iter().map(arg).collect()
}

fn cost_limit(field: &Field<'_>) -> Option<CostLimit> {
    if !field.is_present() {
        return None;
    }
    let section = field.section(&["max_usd", "action"]);
    let max = section.field("max_usd");
    let max_usd = match max.value() {
        Some(Value::Number(number)) if *number >= 0.0 && number.is_finite() => *number,
        _ => {
            max.must_be("a number of US dollars, 0 or more");
            return None;
        }
    };
    let action = section.field("action");
    let stops = !action.is_present() || action.choice(&[("stop", true), ("warn", false)]).unwrap_or(true);
    Some(CostLimit { max_usd, stops })
}

/// What [`is_name`] wants.
const NAME_RULE: &str =
    "a name has letters, digits, `_` and `-`, starts with a letter or `_`, and has at most 64 characters";

/// Whether it can be the name of a step or an argument.
fn is_name(name: &str) -> bool {
    name.len() <= NAME_MAX_CHARS
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        && !name.ends_with('-')
}
