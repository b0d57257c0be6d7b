//! The answer to `session/request_permission`. There is nobody to ask, so the operator's list of kinds decides: once, never for always, and by
//! the option's kind, never by its place or its name. An agent that offers no fitting option hears that the question was cancelled.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::heard::{Heard, line};
use crate::agents::runner::Progress;
use crate::config::agents::acp::ToolKind;

/// What an agent may do.
#[derive(Clone, Copy)]
pub(super) struct Policy<'a>(pub &'a BTreeSet<ToolKind>);

/// The kind that an agent says. One that we do not know is none of those that have a name.
pub(super) fn kind(said: &Value) -> Option<ToolKind> {
    let said = said.as_str()?;
    Some(ToolKind::NAMED.iter().find(|(name, _)| *name == said).map_or(ToolKind::Other, |(_, kind)| *kind))
}

impl Policy<'_> {
    /// The outcome of a request, told if it is a no.
    pub(super) fn permit(self, heard: &Heard, params: &Value) -> Value {
        if heard.is_cancelled() {
            return cancelled();
        }
        let tool = &params["toolCall"];
        let announced = || heard.kind_of(tool["toolCallId"].as_str()?);
        let kind = kind(&tool["kind"]).or_else(announced).unwrap_or(ToolKind::Other);
        let (outcome, is_allowed) = self.decide(kind, &params["options"]);
        if !is_allowed {
            let title = tool["title"].as_str().unwrap_or("a tool");
            heard.tell(Progress::Summary(line(&format!("not permitted: {} ({title})", kind.as_str()))));
        }
        outcome
    }

    /// The outcome for a tool of this kind, and whether that is a yes.
    fn decide(self, kind: ToolKind, options: &Value) -> (Value, bool) {
        let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
        let offered = |wanted: &str| options.iter().find(|option| option["kind"] == wanted)?["optionId"].as_str();
        // "Always" would bind runs that have a policy of their own.
        let yes = offered("allow_once").filter(|_| self.0.contains(&kind));
        let no = || offered("reject_once").or_else(|| offered("reject_always"));
        let outcome = match yes.or_else(no) {
            Some(option) => json!({"outcome": "selected", "optionId": option}),
            None => cancelled(),
        };
        (outcome, yes.is_some())
    }
}

fn cancelled() -> Value {
    json!({"outcome": "cancelled"})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allow: &[ToolKind], kind: ToolKind, options: &[&str], expected: Option<&str>) {
        let options = options.iter().enumerate();
        let options: Value =
            options.map(|(at, kind)| json!({"optionId": at.to_string(), "name": "Yes!", "kind": kind})).collect();
        let (outcome, _) = Policy(&allow.iter().copied().collect()).decide(kind, &options);
        assert_eq!(outcome["optionId"].as_str(), expected, "{kind:?} {options}");
        assert_eq!(outcome["outcome"], if expected.is_some() { "selected" } else { "cancelled" });
    }

    #[test]
    fn what_is_not_allowed_is_rejected_and_nothing_is_ever_allowed_for_always() {
        let all = ["allow_always", "allow_once", "reject_always", "reject_once"];
        check(&[], ToolKind::Read, &all, Some("3"));
        check(&[ToolKind::Read], ToolKind::Read, &all, Some("1"));
        check(&[ToolKind::Read], ToolKind::Edit, &all, Some("3"));
        check(&[ToolKind::Read], ToolKind::Other, &all, Some("3"));
        check(&[ToolKind::Read], ToolKind::Read, &["allow_always", "reject_once"], Some("1"));
        check(&[ToolKind::Read], ToolKind::Read, &["allow_always"], None);
        check(&[], ToolKind::Read, &["allow_once", "reject_always"], Some("1"));
        check(&[], ToolKind::Read, &["allow_once"], None);
        check(&[], ToolKind::Read, &[], None);
    }

    #[test]
    fn a_kind_that_nobody_knows_is_other() {
        assert_eq!(kind(&json!("read")), Some(ToolKind::Read));
        assert_eq!(kind(&json!("teleport")), Some(ToolKind::Other));
        assert_eq!(kind(&Value::Null), None);
    }
}
