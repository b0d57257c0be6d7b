//! What a step does: exactly one of the bodies, or nothing but asking for approval.

use super::super::field::Field;
use super::super::problem::quoted;
use super::super::reader::Section;
use super::super::tree::Value;
use super::model::{BodyDefinition, Data, Written};
use super::step::{Place, read_all, timeout};
use super::{BRANCHES_MAX, ITEMS_MAX, NAME_RULE, RESERVED, data, is_name};

/// The keys that are bodies.
const BODIES: [&str; 9] = ["command", "run", "tool", "plugin", "workflow", "parallel", "for_each", "input", "pipeline"];
/// Keys that belong to one body, or two.
const PARTS: [(&str, &[&str]); 7] = [
    ("args", &["tool", "plugin"]),
    ("workflow_args", &["workflow"]),
    ("item_var", &["for_each"]),
    ("index_var", &["for_each"]),
    ("batch_size", &["for_each"]),
    ("pause_ms", &["for_each"]),
    ("steps", &["for_each"]),
];
/// Words of a command that is a list.
const WORDS_MAX: usize = 256;
/// The longest pause between two batches: an hour.
const PAUSE_MAX_MS: u32 = 3_600_000;
/// Longest name of a tool, a component's file or a workflow, in characters.
const TARGET_MAX_CHARS: usize = 128;

/// Reads the body; says whether it is a command, which has an environment, a folder and an input.
pub(super) fn read(section: &Section<'_>, place: Place, count: &mut usize) -> (BodyDefinition, bool) {
    let there: Vec<&str> = BODIES.into_iter().filter(|key| section.field(key).is_present()).collect();
    for (part, owners) in PARTS {
        let field = section.field(part);
        if field.is_present() && !owners.iter().any(|owner| there.contains(owner)) {
            let message = format!("has no use here: it belongs to `{}`", owners.join("` and `"));
            field.reader.report_strict(field.line, &field.path, &message);
        }
    }
    let report = |message: String| {
        if !section.muted {
            section.reader.report(section.line, &section.path, message);
        }
    };
    let key = match there[..] {
        [key] => key,
        [] if section.field("approval").is_present() => return (BodyDefinition::None, false),
        [] => {
            report(format!("does nothing; give it one of {}, approval", BODIES[..8].join(", ")));
            return (BodyDefinition::None, false);
        }
        _ => {
            report(format!("has {}; a step has one body, so make them steps of their own", there.join(" and ")));
            return (BodyDefinition::None, false);
        }
    };
    let field = section.field(key);
    let is_flow = place == Place::Flow;
    if !is_flow && ["parallel", "for_each", "input"].contains(&key) {
        let around = if place == Place::Branch { "parallel" } else { "for_each" };
        field.problem(format!(
            "cannot stand inside `{around}`; put it into a workflow of its own and call that with `workflow:`"
        ));
        return (BodyDefinition::None, false);
    }
    let body = match key {
        "command" | "run" => command(&field),
        "tool" => tool(&field, section),
        "plugin" => plugin(&field, section),
        "workflow" => workflow(&field, section),
        "parallel" => Some(parallel(&field, count)),
        "for_each" => Some(for_each(&field, section, count)),
        "input" => input(&field),
        _ => {
            field.problem(
                "pipelines of Lobster are not run here; write each stage as a step: `command:` for exec and jq, `tool:` for \
                 openclaw.invoke and llm_task.invoke, `when:` for where, `for_each:` for map, `approval:` for approve",
            );
            None
        }
    };
    (body.unwrap_or(BodyDefinition::None), ["command", "run"].contains(&key))
}

fn command(field: &Field<'_>) -> Option<BodyDefinition> {
    let Some(Value::List(_)) = field.value() else {
        let line = data::required(field, "a string for the shell, or a list with a program and its arguments")?;
        return no_nul(field, &line.text).then_some(BodyDefinition::Shell(line));
    };
    let items = field.items();
    if items.is_empty() || items.len() > WORDS_MAX {
        field.problem(format!("must have from 1 to {WORDS_MAX} words, found {}", items.len()));
    }
    let mut words = Vec::new();
    for item in &items {
        let word = match data::data(item) {
            Data::Text(word) => word,
            // `["sleep", 5]` is what one means by it.
            Data::Plain(value) if value.is_number() => Written { text: value.to_string(), at: data::spot(item) },
            _ => {
                item.must_be("a string");
                continue;
            }
        };
        no_nul(item, &word.text);
        words.push(word);
    }
    (words.len() == items.len() && !words.is_empty()).then_some(BodyDefinition::Argv(words))
}

fn no_nul(field: &Field<'_>, text: &str) -> bool {
    if text.contains('\0') {
        field.problem("holds a NUL character, which no program can be given");
    }
    !text.contains('\0')
}

/// A name that is written out: what a workflow needs is known before it runs.
fn target(field: &Field<'_>, wanted: &str) -> Option<Written> {
    let target = data::required(field, wanted)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
    let text = &target.text;
    if text.len() > TARGET_MAX_CHARS || text.starts_with(['.', '-']) || !text.bytes().all(plain) {
        let advice = if text.contains('$') {
            "it is written out, without references, so that it can be checked before anything runs"
        } else {
            "a name has letters, digits, `.`, `_`, `:` and `-`"
        };
        field.problem(format!("must be {wanted}, found {}; {advice}", quoted(text)));
        return None;
    }
    Some(target)
}

fn tool(field: &Field<'_>, section: &Section<'_>) -> Option<BodyDefinition> {
    let tool = target(field, "the name of a tool, such as message or llm-task");
    Some(BodyDefinition::Tool { args: data::map(&section.field("args")), tool: tool? })
}

fn plugin(field: &Field<'_>, section: &Section<'_>) -> Option<BodyDefinition> {
    let file = target(field, "the file name of a component, such as triage.wasm");
    let args = data::map(&section.field("args"));
    let file = file?;
    if !file.text.ends_with(".wasm") {
        field.problem(format!("must be the file name of a component and end in .wasm, found {}", quoted(&file.text)));
        return None;
    }
    Some(BodyDefinition::Plugin { file, args })
}

fn workflow(field: &Field<'_>, section: &Section<'_>) -> Option<BodyDefinition> {
    let name = target(field, "the name of another workflow of this folder");
    Some(BodyDefinition::Workflow { args: data::map(&section.field("workflow_args")), name: name? })
}

fn parallel(field: &Field<'_>, count: &mut usize) -> BodyDefinition {
    let section = field.section(&["wait", "timeout_ms", "branches"]);
    let wait = section.field("wait");
    let any = wait.is_present() && wait.choice(&[("all", false), ("any", true)]).unwrap_or(false);
    let branches = section.field("branches");
    let found = branches.items().len();
    if !section.muted && (found == 0 || found > BRANCHES_MAX) {
        branches.problem(format!("must be a list of 1 to {BRANCHES_MAX} steps, found {found}"));
    }
    BodyDefinition::Parallel {
        any,
        timeout_ms: timeout(&section.field("timeout_ms")),
        branches: read_all(&branches, Place::Branch, count),
    }
}

fn for_each(field: &Field<'_>, section: &Section<'_>, count: &mut usize) -> BodyDefinition {
    match field.value() {
        Some(Value::Text(text)) if !text.trim().is_empty() => {}
        Some(Value::List(items)) if items.len() <= ITEMS_MAX => {}
        Some(Value::List(items)) => {
            field.problem(format!("has {} items, and a step goes over at most {ITEMS_MAX}", items.len()));
        }
        _ => field.must_be("a reference to a list such as `$fetch.json`, or a list"),
    }
    let steps = section.field("steps");
    if steps.items().is_empty() {
        steps.problem("required, a list with at least one step to do for each item");
    }
    let (item_var, index_var) = (variable(section, "item_var", "item"), variable(section, "index_var", "index"));
    if item_var == index_var {
        section.field("index_var").problem(format!("the item and its number cannot both be called `{item_var}`"));
    }
    let items_max = u32::try_from(ITEMS_MAX).unwrap_or(u32::MAX);
    BodyDefinition::ForEach {
        over: data::data(field),
        at: data::spot(field),
        item_var,
        index_var,
        batch_size: section.field("batch_size").number(1..=items_max).unwrap_or(1),
        pause_ms: section.field("pause_ms").number(0..=PAUSE_MAX_MS).unwrap_or(0),
        steps: read_all(&steps, Place::Item, count),
    }
}

fn variable(section: &Section<'_>, key: &str, default: &str) -> String {
    let field = section.field(key);
    let name = field.name_or(default);
    if !is_name(&name) || RESERVED.contains(&name.as_str()) {
        field.problem(format!("{} is no name; {NAME_RULE}, and is no word of expressions", quoted(&name)));
    }
    name
}

fn input(field: &Field<'_>) -> Option<BodyDefinition> {
    let section = field.section(&["prompt", "responseSchema", "response_schema", "defaults"]);
    let prompt = data::required(&section.field("prompt"), "the question that is asked");
    let camel = section.field("responseSchema");
    let schema = if camel.is_present() { camel } else { section.field("response_schema") };
    let defaults = section.field("defaults");
    for field in [&schema, &defaults] {
        data::map(field);
    }
    Some(BodyDefinition::Input {
        prompt: prompt?,
        schema: schema.is_present().then(|| data::json(&schema)),
        defaults: defaults.is_present().then(|| data::json(&defaults)),
    })
}
