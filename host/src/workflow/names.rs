//! Who is called what in a workflow, and what can be referred to at each place of it.

use std::collections::BTreeMap;

use super::fields;
use crate::config::workflow::{BodyDefinition, Definition, Findings, Spot, StepDefinition};
use crate::expr::{Scope, Shape};

/// The ids of all steps, in the order in which they are read, and the names that are known before any has run.
pub(super) struct Names {
    /// The ids of the workflow's own steps; those inside them by the line and path of the step.
    ids: BTreeMap<String, String>,
    /// Known at the beginning.
    pub scope: Scope,
}

impl Names {
    /// Gives every step its id and reports those that are given twice.
    pub fn of(definition: &Definition, findings: &mut Findings) -> Self {
        let mut taken: BTreeMap<String, Spot> =
            definition.args.iter().map(|arg| (arg.name.clone(), arg.at.clone())).collect();
        let mut names = Self { ids: BTreeMap::new(), scope: Scope::default() };
        names.give(&definition.steps, "step", &mut taken, findings);
        names.scope = scope(definition, &taken);
        for id in names.ids.values() {
            names.scope.refuse(id, "runs later than this step, or not before it");
        }
        names
    }

    /// The id of a step.
    pub fn id(&self, step: &StepDefinition) -> &str {
        self.ids.get(&step.at.path).map_or("", String::as_str)
    }

    fn give(
        &mut self,
        steps: &[StepDefinition],
        prefix: &str,
        taken: &mut BTreeMap<String, Spot>,
        findings: &mut Findings,
    ) {
        for (at, step) in steps.iter().enumerate() {
            let written = step.id.as_ref().map(|id| id.text.clone());
            let id = written.unwrap_or_else(|| format!("{prefix}{}", at + 1));
            let spot = step.id.as_ref().map_or(&step.at, |id| &id.at);
            if let Some(first) = taken.get(&id) {
                let advice = if step.id.is_some() { "choose another" } else { "give this step an `id` of its own" };
                findings
                    .problem(spot, format!("`{id}` is the name of what is on line {} already; {advice}", first.line));
            } else {
                taken.insert(id.clone(), spot.clone());
            }
            match &step.body {
                BodyDefinition::Parallel { branches, .. } => {
                    self.give(branches, &format!("{id}-branch"), taken, findings);
                }
                BodyDefinition::ForEach { steps, item_var, index_var, at, .. } => {
                    for name in [item_var, index_var] {
                        if let Some(other) = taken.get(name) {
                            let message = format!(
                                "`{name}` is the name of what is on line {} already; choose another",
                                other.line
                            );
                            findings.problem(at, message);
                        }
                    }
                    self.give(steps, &format!("{id}-step"), taken, findings);
                }
                _ => {}
            }
            self.ids.insert(step.at.path.clone(), id);
        }
    }
}

/// What is known before the first step.
fn scope(definition: &Definition, taken: &BTreeMap<String, Spot>) -> Scope {
    let mut scope = Scope::default();
    scope.add("webhook", fields::webhook());
    scope.add("args", fields::members(definition.args.iter().map(|arg| (arg.name.as_str(), Shape::Any))));
    for arg in &definition.args {
        scope.add_alias(&arg.name, "args", &[&arg.name], Shape::Any);
    }
    if !taken.contains_key(&definition.name) {
        scope.add_alias(&definition.name, fields::FLOW, &[], fields::flow());
    }
    scope.refuse("item", "is known only inside `for_each`");
    scope.refuse("index", "is known only inside `for_each`");
    scope.refuse("env", "is not read by expressions; in a command, `$NAME` is the shell's");
    scope
}
