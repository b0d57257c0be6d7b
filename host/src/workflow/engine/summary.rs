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

/// A path in the order in which people count: 2 before 10.
type Key = Vec<(u64, String)>;

/// The steps of a run so far.
#[derive(Debug, Default)]
pub(super) struct Summary {
    input: String,
    definition: String,
    /// What is shown of each step.
    steps: BTreeMap<Key, Value>,
    /// The workflow's own steps, without what stands inside of them.
    own: BTreeMap<Key, Entry>,
    /// The own step that ran last, and its result.
    last: Option<(Key, Value)>,
}

#[derive(Debug)]
struct Entry {
    /// `id: ok`, for the text of `$flow.result`.
    line: String,
    is_failure: bool,
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
        let line = match (&result.status[..], result.exit_code) {
            ("failed", Some(code)) => format!("{id}: failed (exit {code})"),
            (status, _) => format!("{id}: {status}"),
        };
        let at = key(path);
        let is_last = self.last.as_ref().is_none_or(|(last, _)| *last <= at);
        if is_own(&at) && is_last && !result.skipped {
            self.last = Some((at.clone(), result.result.clone()));
        }
        self.note(at, shown, Entry { line, is_failure: result.is_failure() });
    }

    /// Notes how a step stands that has no result yet: `waiting`, `retrying`.
    pub fn stands(&mut self, path: &str, id: &str, status: &str) {
        let shown = json!({ "step": path, "id": id, "status": status });
        self.note(key(path), shown, Entry { line: format!("{id}: {status}"), is_failure: false });
    }

    fn note(&mut self, at: Key, shown: Value, entry: Entry) {
        if is_own(&at) {
            self.own.insert(at.clone(), entry);
        }
        self.steps.insert(at, shown);
    }

    /// Whether the flow's state tells of this step by more than a number. What it does not tell of is no news of the flow.
    pub fn shows(&self, path: &str) -> bool {
        let at = key(path);
        is_own(&at) || self.steps.keys().nth(STEPS_MAX).is_none_or(|first_left_out| at < *first_left_out)
    }

    /// How the flow went so far, in a line: `test: failed (exit 1), deploy: skipped`.
    pub fn line(&self) -> String {
        let lines: Vec<&str> = self.own.values().take(STEPS_MAX).map(|entry| entry.line.as_str()).collect();
        lines.join(", ")
    }

    /// Whether no step has failed so far.
    pub fn is_well(&self) -> bool {
        !self.own.values().any(|entry| entry.is_failure)
    }

    /// As `$flow` shows it.
    pub fn flow_value(&self) -> Value {
        json!({ "result": self.line(), "status": if self.is_well() { "succeeded" } else { "failed" } })
    }

    /// The flow's state.
    pub fn state(&self) -> JsonText {
        let steps: Vec<&Value> = self.steps.values().take(STEPS_MAX).collect();
        let mut state = json!({ "definition": self.definition, "input": self.input, "steps": steps });
        if self.steps.len() > STEPS_MAX {
            state["moreSteps"] = (self.steps.len() - STEPS_MAX).into();
        }
        if let Some((_, result)) = &self.last {
            let text = result.to_string();
            let is_short = text.chars().nth(RESULT_MAX_CHARS).is_none();
            state["result"] = if is_short { result.clone() } else { cut(&text, RESULT_MAX_CHARS).into() };
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

fn key(path: &str) -> Key {
    let part = |part: &str| match part.parse() {
        Ok(number) => (number, String::new()),
        Err(_) => (u64::MAX, part.to_owned()),
    };
    path.split(['.', '~']).map(part).collect()
}

fn is_own(at: &Key) -> bool {
    at.len() == 1
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

    #[test]
    fn what_stands_inside_of_a_step_is_news_as_far_as_it_is_shown() {
        let mut summary = Summary::default();
        let done = StepResult::of_json(Value::Null);
        for item in 0..STEPS_MAX {
            summary.put(&format!("1.item.{item}.1"), "inner", 1, &done);
            assert!(summary.shows(&format!("1.item.{item}.1")));
        }
        summary.put("1.item.200.1", "inner", 1, &done);
        assert!(!summary.shows("1.item.200.1"));
        summary.put("1", "each", 1, &done);
        assert!(summary.shows("1"));
        let state: Value = serde_json::from_str(summary.state().as_str()).unwrap();
        assert_eq!((state["steps"].as_array().unwrap().len(), &state["moreSteps"]), (STEPS_MAX, &json!(2)));
        assert_eq!(summary.line(), "each: succeeded");
    }
}
