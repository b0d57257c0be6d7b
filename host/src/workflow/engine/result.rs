//! What came of a step, in the words in which later steps ask for it, and as it is stored.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All of it is there after every step, `null` where it says nothing. The names are those of `fields.rs`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StepResult {
    /// What it printed, or what it answered, as text.
    pub stdout: Option<String>,
    /// What it printed to stderr.
    pub stderr: Option<String>,
    /// What it answered, if that is JSON.
    pub json: Value,
    /// How its program ended.
    pub exit_code: Option<i32>,
    /// Whether it ran, and ran well.
    pub success: bool,
    /// Whether it did not run because of its `when`.
    pub skipped: bool,
    /// What went wrong, in a word: `exit`, `timeout`, `interrupted`, `tool`, …
    pub error: Option<String>,
    /// In a sentence.
    pub error_message: Option<String>,
    /// Whether a person approved it.
    pub approved: Option<bool>,
    /// What a person answered.
    pub response: Value,
    /// What was to be approved.
    pub subject: Value,
    /// Who began it.
    pub initiated_by: Option<String>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// Its `json`, or else its `stdout`.
    pub result: Value,
    /// `succeeded`, `failed` or `skipped`.
    pub status: String,
}

impl StepResult {
    /// It went well, and this is what it answered.
    pub fn of_json(json: Value) -> Self {
        let stdout = match &json {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        Self { stdout, json, success: true, ..Self::default() }.told()
    }

    /// It went wrong.
    pub fn failed(error: &str, message: impl Into<String>) -> Self {
        Self { error: Some(error.to_owned()), error_message: Some(message.into()), ..Self::default() }.told()
    }

    /// Its `when` said no.
    pub fn skipped() -> Self {
        Self { skipped: true, ..Self::default() }.told()
    }

    /// It was begun, and nobody knows whether it ran.
    pub fn interrupted() -> Self {
        Self::failed(
            "interrupted",
            "the gateway stopped while this step ran: it may have run, wholly or in part. A step that may run twice says `retry: { safe: true }`",
        )
    }

    /// Whether it failed.
    pub fn is_failure(&self) -> bool {
        !self.success && !self.skipped
    }

    /// Fills in what follows from the rest.
    #[must_use]
    pub fn told(mut self) -> Self {
        self.status = match (self.success, self.skipped) {
            (true, _) => "succeeded",
            (false, true) => "skipped",
            (false, false) => "failed",
        }
        .to_owned();
        self.result = match (&self.json, &self.stdout) {
            (Value::Null, Some(text)) => Value::String(text.clone()),
            (json, _) => json.clone(),
        };
        self
    }

    /// As it is stored.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As references find it.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// As it was stored. What cannot be read is a failure.
    pub fn of_text(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_else(|| Self::failed("unreadable", "the stored result of this step cannot be read"))
    }
}
