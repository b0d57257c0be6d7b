//! What a flow tells of its run: the `stateJson` of the flow. Bounded, and the same for the same results, whatever happened on the way.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::result::StepResult;
use crate::json::{self, JsonText};

/// Steps that are told of; of a run with more, how many more there are.
const STEPS_MAX: usize = 100;
/// Of each output and error, in characters: a screen of it. The whole is in the step's row.
const OUTPUT_MAX_CHARS: usize = 500;
/// Of the last result, in characters of its JSON.
const RESULT_MAX_CHARS: usize = 8_000;

/// Parts in the path of a workflow's own step.
const OWN: usize = 1;

/// The steps of a run so far.
#[derive(Debug, Default)]
pub(super) struct Summary {
    input: String,
    definition: String,
    steps: BTreeMap<Vec<(u64, String)>, Entry>,
    last: Option<Vec<(u64, String)>>,
}

#[derive(Debug)]
struct Entry {
    shown: Value,
    /// `id: ok`, for the text of `$flow.result`.
    line: String,
    is_failure: bool,
    result: Value,
}

impl Summary {
    /// That of a run with this input and definition, by their digests.
    pub fn new(input: String, definition: String) -> Self {
        Self { input, definition, ..Self::default() }
    }

    /// Notes what came of a step.
    pub fn put(&mut self, path: &str, id: &str, attempt: u32, result: &StepResult) {
        let mut shown = json!({ "step": path, "id": id, "status": result.status });
        if attempt > 1 {
            shown["attempt"] = attempt.into();
        }
        if let Some(code) = result.exit_code {
            shown["exitCode"] = code.into();
        }
        if let Some(text) = result.stdout.as_deref().filter(|text| !text.is_empty()) {
            shown["output"] = cut(text.trim_end(), OUTPUT_MAX_CHARS).into();
        }
        if let Some(message) = &result.error_message {
            shown["error"] = cut(message, OUTPUT_MAX_CHARS).into();
        }
        if let Some(by) = &result.approved_by {
            shown["approvedBy"] = by.as_str().into();
        }
        self.note(path, id, shown, result);
    }

    /// Notes how a step stands that has no result yet: `waiting`, `retrying`.
    pub fn stands(&mut self, path: &str, id: &str, status: &str) {
        let shown = json!({ "step": path, "id": id, "status": status });
        self.steps.insert(
            key(path),
            Entry { shown, line: format!("{id}: {status}"), is_failure: false, result: Value::Null },
        );
    }

    fn note(&mut self, path: &str, id: &str, shown: Value, result: &StepResult) {
        let line = match (&result.status[..], result.exit_code) {
            ("failed", Some(code)) => format!("{id}: failed (exit {code})"),
            (status, _) => format!("{id}: {status}"),
        };
        let at = key(path);
        if !result.skipped && at.len() == OWN && self.last.as_ref().is_none_or(|last| *last <= at) {
            self.last = Some(at.clone());
        }
        let entry = Entry { shown, line, is_failure: result.is_failure(), result: result.result.clone() };
        self.steps.insert(at, entry);
    }

    /// The workflow's own steps, without what stands inside of them.
    fn own(&self) -> impl Iterator<Item = &Entry> {
        self.steps.iter().filter(|(at, _)| at.len() == OWN).map(|(_, entry)| entry)
    }

    /// How the flow went so far, in a line: `test: failed (exit 1), deploy: skipped`.
    pub fn line(&self) -> String {
        let lines: Vec<&str> = self.own().take(STEPS_MAX).map(|entry| entry.line.as_str()).collect();
        lines.join(", ")
    }

    /// Whether no step has failed so far.
    pub fn is_well(&self) -> bool {
        !self.own().any(|entry| entry.is_failure)
    }

    /// As `$flow` shows it.
    pub fn flow_value(&self) -> Value {
        json!({ "result": self.line(), "status": if self.is_well() { "succeeded" } else { "failed" } })
    }

    /// The flow's state.
    pub fn state(&self) -> JsonText {
        let steps: Vec<&Value> = self.steps.values().take(STEPS_MAX).map(|entry| &entry.shown).collect();
        let mut state = json!({ "definition": self.definition, "input": self.input, "steps": steps });
        if self.steps.len() > STEPS_MAX {
            state["moreSteps"] = (self.steps.len() - STEPS_MAX).into();
        }
        if let Some(entry) = self.last.as_ref().and_then(|last| self.steps.get(last)) {
            let text = entry.result.to_string();
            let is_short = text.chars().nth(RESULT_MAX_CHARS).is_none();
            state["result"] = if is_short { entry.result.clone() } else { cut(&text, RESULT_MAX_CHARS).into() };
        }
        json_text(&state)
    }
}

/// A tree as canonical text.
pub(in crate::workflow) fn json_text(value: &Value) -> JsonText {
    json::canonical(value.to_string().as_bytes()).unwrap_or_else(|_| JsonText::null())
}

/// So many characters, and a mark if there were more.
pub(in crate::workflow) fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Orders paths as people count: 2 before 10.
fn key(path: &str) -> Vec<(u64, String)> {
    let part = |part: &str| match part.parse() {
        Ok(number) => (number, String::new()),
        Err(_) => (u64::MAX, part.to_owned()),
    };
    path.split(['.', '~']).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stand_in_the_order_of_their_numbers_and_long_texts_are_cut() {
        let mut summary = Summary::default();
        let long = StepResult::of_json(Value::String("x".repeat(OUTPUT_MAX_CHARS + 1)));
        summary.put("10", "ten", 1, &long);
        summary.put("2", "two", 2, &StepResult { exit_code: Some(3), ..StepResult::failed("exit", "no") });
        summary.put("9", "nine", 1, &StepResult::skipped());
        assert_eq!(summary.line(), "two: failed (exit 3), nine: skipped, ten: succeeded");
        let state: Value = serde_json::from_str(summary.state().as_str()).unwrap();
        assert_eq!(
            state["steps"][0],
            json!({"attempt": 2, "error": "no", "exitCode": 3, "id": "two", "status": "failed", "step": "2"})
        );
        assert_eq!(state["steps"][2]["output"].as_str().unwrap().chars().count(), OUTPUT_MAX_CHARS + 1);
        assert_eq!(state["result"].as_str().unwrap().len(), OUTPUT_MAX_CHARS + 1);
        assert!(!summary.is_well());
    }
}
