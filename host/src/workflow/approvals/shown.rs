//! Questions as people see them. One of them is shown whole: nobody approves what is cut off. In a list, where there is no room for that, the cut is
//! said in front of the text, where no text can push it out of view.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::json::value_lossy;
use crate::model::{Ask, Millis, visible_line};

/// Largest prompt and largest preview. More than this nobody reads, and nobody is asked for.
pub(in crate::workflow) const TEXT_MAX_BYTES: usize = 256 << 10;
/// What a list shows of either: a few lines of a terminal.
const EXCERPT_MAX_CHARS: usize = 300;

/// A question as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskView {
    /// Its id.
    pub id: String,
    /// `approval` or `input`.
    pub kind: String,
    /// The workflow that asks.
    pub workflow: String,
    /// Its run's flow.
    pub flow_id: String,
    /// `open`, `approved`, `rejected`, `expired`, `void`.
    pub state: String,
    /// The words; in a list on one line, and if they are longer than that, with a note in front.
    pub prompt: String,
    /// More to look at; in a list as the prompt.
    pub preview: Option<String>,
    /// Who may answer; nobody if it is empty.
    pub approvers: Vec<String>,
    /// Who may not, whatever the list says.
    pub not_by: Option<String>,
    /// What an answer must look like: a JSON Schema.
    pub schema: Option<Value>,
    /// When it was asked, milliseconds since 1970.
    pub created_at: i64,
    /// When nobody can answer it any more.
    pub expires_at: i64,
    /// Who answered.
    pub decided_by: Option<String>,
}

impl AskView {
    /// The whole question, which these may answer.
    pub(super) fn of(ask: &Ask, approvers: Vec<String>) -> Self {
        let Millis(created_at) = ask.created_at;
        Self {
            id: ask.id.clone(),
            kind: ask.kind.as_str().to_owned(),
            workflow: ask.workflow.clone(),
            flow_id: ask.flow.as_str().to_owned(),
            state: ask.state.as_str().to_owned(),
            prompt: ask.prompt.clone(),
            preview: ask.preview.clone(),
            approvers,
            not_by: ask.not_by.as_deref().map(visible_line),
            schema: ask.schema.as_deref().map(value_lossy),
            created_at,
            expires_at: ask.expires_at.0,
            decided_by: ask.decided_by.clone(),
        }
    }

    /// The same as one of many.
    pub(super) fn listed(ask: &Ask, approvers: Vec<String>) -> Self {
        let preview = ask.preview.as_deref().map(|preview| excerpt(&ask.id, preview, ask.preview_chars));
        Self { prompt: excerpt(&ask.id, &ask.prompt, ask.prompt_chars), preview, ..Self::of(ask, approvers) }
    }
}

/// A text of a question on one line, if there is room for it, or else its beginning behind a note. `chars` is how many it has, should `text` be the
/// beginning alone. Blanks are one space, however many: hundreds of them look like the end.
pub(in crate::workflow) fn excerpt(id: &str, text: &str, chars: u64) -> String {
    let line = one_line(text);
    let is_whole = text.chars().count() as u64 >= chars;
    match line.char_indices().nth(EXCERPT_MAX_CHARS) {
        None if is_whole => line,
        end => {
            let shown = end.map_or(line.as_str(), |(at, _)| &line[..at]);
            format!("[cut: all {} characters: sandclaw approvals show {id}] {shown}…", grouped(chars))
        }
    }
}

fn one_line(text: &str) -> String {
    // The braille pattern without dots is as empty as a space, and is none.
    let words = text.split(|c: char| c.is_whitespace() || c == '\u{2800}').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// `3,412`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_said_in_front_and_blanks_push_nothing_out_of_view() {
        let check = |text: &str, chars: u64, expected: &str| assert_eq!(excerpt("a1", text, chars), expected);
        check("Deploy main?", 12, "Deploy main?");
        check(&format!("ok?{}and delete all", " \n\u{a0}\u{2800}".repeat(500)), 2_017, "ok? and delete all");
        let note = |all: &str| format!("[cut: all {all} characters: sandclaw approvals show a1] ");
        check(&"x".repeat(301), 301, &format!("{}{}…", note("301"), "x".repeat(300)));
        check(&format!("ok?{}", " ".repeat(1_997)), 1_234_567, &format!("{}ok?…", note("1,234,567")));
        check(&"工".repeat(300), 300, &"工".repeat(300));
    }
}
