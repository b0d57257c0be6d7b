//! Who may answer a question. The question keeps who was asked; of an operator's list only those count who are on it now, so that somebody who is
//! taken off it can answer nothing any more, with a link of yesterday neither. A list that the file has is the file's word, which its run keeps.

use crate::config::Workflows;
use crate::model::{Ask, is_hidden};

/// What the operator says now; nothing where no config is at hand.
#[derive(Clone)]
pub(super) struct Who(Option<Workflows>);

impl Who {
    pub fn new(workflows: Option<Workflows>) -> Self {
        Self(workflows)
    }

    /// Those who were asked and may answer still; nothing if only the config could tell.
    fn allowed(&self, ask: &Ask) -> Option<Vec<String>> {
        let Some(workflow) = &ask.approvers_of else { return Some(ask.approvers.clone()) };
        let now = self.0.as_ref()?.rights(workflow).approvers.unwrap_or_default();
        Some(ask.approvers.iter().filter(|name| now.contains(name)).cloned().collect())
    }

    /// The same to look at: without a config those who were asked.
    pub fn shown(&self, ask: &Ask) -> Vec<String> {
        self.allowed(ask).unwrap_or_else(|| ask.approvers.clone())
    }

    /// Whether this person may; if not, why, for the operator.
    pub fn may_answer(&self, ask: &Ask, name: &str) -> Result<(), String> {
        let list = format!("workflows.flows[\"{}\"].approvers", ask.approvers_of.as_ref().unwrap_or(&ask.workflow));
        if ask.approvers.is_empty() {
            return Err(format!(
                "nobody can approve this: it names no approvers. Give the step `approvers`, or the operator {list}"
            ));
        }
        if !ask.approvers.iter().any(|approver| approver == name) {
            return Err(format!("{name} is not asked here; {} may answer", self.shown(ask).join(", ")));
        }
        match self.allowed(ask) {
            None => {
                return Err(format!(
                    "whether {name} may answer still is said by {list}: name the config with --config"
                ));
            }
            Some(allowed) if !allowed.iter().any(|approver| approver == name) => {
                return Err(format!(
                    "{name} was asked here, and may not answer any more: {list} does not have that name now"
                ));
            }
            Some(_) => {}
        }
        if ask.not_by.as_deref().is_some_and(|other| spelt(other) == spelt(name)) {
            return Err(format!("{name} began this, and another person has to approve it"));
        }
        Ok(())
    }
}

/// A name as it is compared with one that a request brings: a request may write it in any case, with blanks, and with what nobody sees.
fn spelt(name: &str) -> String {
    name.chars().filter(|c| !is_hidden(*c) && !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::spelt;

    #[test]
    fn a_name_is_the_same_person_in_any_spelling() {
        for name in ["Alice B", " alice\u{a0}b ", "al\u{200b}ice\u{202e}b\u{e0041}"] {
            assert_eq!(spelt(name), "aliceb", "{name:?}");
        }
        assert_ne!(spelt("alice"), spelt("alicia"));
    }
}
