//! One step: what it has besides its body, and in which company it may stand.

use super::super::field::Field;
use super::super::problem::quoted;
use super::super::reader::Section;
use super::super::tree::Value;
use super::model::{BodyDefinition, OnError, Retry, StepDefinition};
use super::{NAME_RULE, RESERVED, approval, body, data, is_name};

const KEYS: [&str; 26] = [
    "id",
    "command",
    "run",
    "tool",
    "args",
    "plugin",
    "workflow",
    "workflow_args",
    "parallel",
    "for_each",
    "item_var",
    "index_var",
    "batch_size",
    "pause_ms",
    "steps",
    "input",
    "pipeline",
    "approval",
    "when",
    "condition",
    "on_error",
    "retry",
    "timeout_ms",
    "env",
    "stdin",
    "cwd",
];

/// Longest time that a step may take, as in Lobster: 24 days, what a 32-bit timer holds.
const TIMEOUT_MAX_MS: u32 = i32::MAX as u32;
/// Tries of a step in all. Who needs more waits for something, which is a workflow's trigger.
const TRIES_MAX: u32 = 20;
/// The longest wait between two tries: a day.
const DELAY_MAX_MS: u32 = 86_400_000;

/// Where steps stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the workflow's own list.
    Flow,
    /// In a `parallel`.
    Branch,
    /// In a `for_each`.
    Item,
}

/// Reads a list of steps, and counts them.
pub(super) fn read_all(field: &Field<'_>, place: Place, count: &mut usize) -> Vec<StepDefinition> {
    let items = field.items();
    *count += items.len();
    items.iter().map(|item| read(item, place, count)).collect()
}

fn read(field: &Field<'_>, place: Place, count: &mut usize) -> StepDefinition {
    if !matches!(field.value(), Some(Value::Map(_))) {
        field.must_be("a map with what the step does");
    }
    let section = field.section(&KEYS);
    let (body, is_command) = body::read(&section, place, count);
    let approval = approval::read(&section.field("approval"));
    match (&body, place) {
        (_, Place::Branch | Place::Item) if approval.is_some() => {
            section
                .field("approval")
                .problem("cannot be asked inside `parallel` and `for_each`; make it a step of its own before or after");
        }
        (BodyDefinition::Input { .. }, _) if approval.is_some() => {
            section.field("approval").problem("cannot stand beside `input`; make it a step of its own");
        }
        (BodyDefinition::ForEach { .. } | BodyDefinition::Parallel { .. }, _) if approval.is_some() => {
            section
                .field("approval")
                .problem("cannot stand beside `for_each` or `parallel`; make it a step of its own");
        }
        _ => {}
    }
    if !is_command {
        for key in ["stdin", "cwd", "env"] {
            let field = section.field(key);
            if field.is_present() && !matches!(body, BodyDefinition::None) {
                field.reader.report_strict(field.line, &field.path, "has no use here: only commands have it");
            }
        }
    }
    let (when, condition) = (section.field("when"), section.field("condition"));
    StepDefinition {
        at: data::spot(field),
        id: id(&section),
        body,
        approval,
        when: if when.is_present() { self::when(&when) } else { self::when(&condition) },
        on_error: on_error(&section.field("on_error")),
        retry: retry(&section.field("retry")),
        timeout_ms: timeout(&section.field("timeout_ms")),
        env: data::env(&section.field("env")),
        stdin: section.field("stdin").is_present().then(|| data::data(&section.field("stdin"))),
        cwd: data::text(&section.field("cwd")),
    }
}

fn id(section: &Section<'_>) -> Option<super::Written> {
    let field = section.field("id");
    let id = data::text(&field)?;
    if !is_name(&id.text) {
        field.problem(format!("{} is no id; {NAME_RULE}", quoted(&id.text)));
    } else if RESERVED.contains(&id.text.as_str()) {
        field.problem(format!("`{}` is a word of expressions; choose another id", id.text));
    }
    Some(id)
}

/// `when: true` is a flag to YAML and a condition to us.
fn when(field: &Field<'_>) -> Option<super::Written> {
    match field.value()? {
        Value::Bool(flag) => Some(super::Written { text: flag.to_string(), at: data::spot(field) }),
        Value::Text(_) => data::required(field, "a condition such as `$test.success`"),
        _ => {
            field.must_be("a condition such as `$test.success`");
            None
        }
    }
}

fn on_error(field: &Field<'_>) -> Option<OnError> {
    let words = [("stop", OnError::Stop), ("continue", OnError::Continue), ("skip_rest", OnError::SkipRest)];
    if field.is_present() { field.choice(&words) } else { None }
}

pub(super) fn timeout(field: &Field<'_>) -> Option<u32> {
    field.number(1..=TIMEOUT_MAX_MS)
}

fn retry(field: &Field<'_>) -> Option<Retry> {
    let once = Retry { max: 1, exponential: false, delay_ms: 1_000, max_delay_ms: 30_000, jitter: false, safe: false };
    match field.value()? {
        Value::Text(word) if word == "safe" => Some(Retry { safe: true, ..once }),
        Value::Map(_) => {
            let section = field.section(&["max", "backoff", "delay_ms", "max_delay_ms", "jitter", "safe"]);
            let backoff = section.field("backoff");
            let words = [("fixed", false), ("exponential", true)];
            Some(Retry {
                max: section.field("max").number(1..=TRIES_MAX).unwrap_or(once.max),
                exponential: backoff.is_present() && backoff.choice(&words).unwrap_or(false),
                delay_ms: section.field("delay_ms").number(0..=DELAY_MAX_MS).unwrap_or(once.delay_ms),
                max_delay_ms: section.field("max_delay_ms").number(0..=DELAY_MAX_MS).unwrap_or(once.max_delay_ms),
                jitter: section.field("jitter").flag(false),
                safe: section.field("safe").flag(false),
            })
        }
        _ => {
            field.problem("must be `safe`, or a map with max, backoff, delay_ms, max_delay_ms, jitter, safe");
            None
        }
    }
}
