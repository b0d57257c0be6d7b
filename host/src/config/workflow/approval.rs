//! `approval`: a flag, a word, a question, or a map with who is asked.

use super::super::field::Field;
use super::super::reader::Section;
use super::super::tree::Value;
use super::data;
use super::model::ApprovalDefinition;

/// Longest time for an answer: 24 days, what a 32-bit timer holds.
const EXPIRES_MAX_MS: u32 = i32::MAX as u32;
/// People who may answer.
const APPROVERS_MAX: usize = 100;

const KEYS: [&str; 12] = [
    "prompt",
    "items",
    "preview",
    "initiated_by",
    "initiatedBy",
    "required_approver",
    "requiredApprover",
    "require_different_approver",
    "requireDifferentApprover",
    "approvers",
    "expires_ms",
    "expiresMs",
];

pub(super) fn read(field: &Field<'_>) -> Option<ApprovalDefinition> {
    match field.value()? {
        Value::Bool(asked) => asked.then(ApprovalDefinition::default),
        Value::Text(word) if word == "required" => Some(ApprovalDefinition::default()),
        Value::Text(_) => {
            let prompt = data::required(field, "true, `required`, a question, or a map");
            Some(ApprovalDefinition { prompt, ..ApprovalDefinition::default() })
        }
        Value::Map(_) => Some(map(field)),
        _ => {
            field.must_be("true, `required`, a question, or a map with who is asked");
            None
        }
    }
}

fn map(field: &Field<'_>) -> ApprovalDefinition {
    let section = field.section(&KEYS);
    let either = |snake: &str, camel: &str| either(&section, snake, camel);
    let items = section.field("items");
    let approvers = section.field("approvers");
    let names: Vec<String> =
        approvers.items().iter().filter_map(Field::raw).map(|name| name.trim().to_owned()).collect();
    if names.len() > APPROVERS_MAX {
        approvers.problem(format!("has {} names, and there are at most {APPROVERS_MAX}", names.len()));
    }
    if approvers.is_present() && names.is_empty() {
        approvers.warn_here("is empty: nobody may approve this step");
    }
    ApprovalDefinition {
        prompt: section
            .field("prompt")
            .is_present()
            .then(|| data::required(&section.field("prompt"), "a question"))
            .flatten(),
        items: items.is_present().then(|| data::data(&items)),
        preview: data::text(&section.field("preview")),
        initiated_by: data::text(&either("initiated_by", "initiatedBy")),
        required_approver: data::text(&either("required_approver", "requiredApprover")),
        require_different_approver: either("require_different_approver", "requireDifferentApprover").flag(false),
        approvers: approvers.is_present().then_some(names),
        expires_ms: either("expires_ms", "expiresMs").number(1..=EXPIRES_MAX_MS),
    }
}

fn either<'a>(section: &Section<'a>, snake: &str, camel: &str) -> Field<'a> {
    let (first, second) = (section.field(snake), section.field(camel));
    if first.is_present() && second.is_present() {
        second.problem(format!("is written as `{snake}` too; keep one"));
    }
    if first.is_present() { first } else { second }
}
