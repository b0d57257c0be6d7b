//! Who there is to name. A file without agents has every agent that it names; one that lists them has those and no others.

use std::cell::RefCell;

use crate::config::agents::CALLBACKS;
use crate::config::field::Field;
use crate::config::problem::quoted;
use crate::config::suggest::closest;
use crate::config::tree::{Node, Value};
use crate::model::AgentId;

use super::normalised_agent;

/// OpenClaw's only agent where no agent is configured.
const ONLY: &str = "main";
/// Keys of `agents` that are no agents.
const NOT_AGENTS: [&str; 4] = ["list", "entries", "defaults", CALLBACKS];

/// The agents of the file.
pub(in crate::config) struct Roster {
    declared: Option<Vec<AgentId>>,
    default: Option<AgentId>,
    named: RefCell<Vec<AgentId>>,
}

impl Roster {
    /// Looks through the `agents` root for ids. What is wrong there is reported by its own reader.
    pub fn new(field: &Field<'_>) -> Self {
        let mut found = Vec::new();
        if let Some(Value::Map(entries)) = field.value() {
            for entry in entries {
                match (entry.key.as_str(), &entry.node.value) {
                    ("list", Value::List(items)) => {
                        found.extend(items.iter().filter_map(|item| Some((text(item, "id")?, is_default(item)))));
                    }
                    ("entries", Value::Map(entries)) => {
                        found.extend(entries.iter().map(|entry| (entry.key.clone(), is_default(&entry.node))));
                    }
                    (key, Value::Map(_)) if !NOT_AGENTS.contains(&key) => {
                        found.push((key.to_owned(), is_default(&entry.node)));
                    }
                    _ => {}
                }
            }
        }
        let flagged = found.iter().find(|(_, is_default)| *is_default).or(match &found[..] {
            [only] => Some(only),
            _ => None,
        });
        let default = flagged.map(|(id, _)| AgentId::new(id.as_str()));
        let ids: Vec<_> = found.iter().map(|(id, _)| AgentId::new(id.as_str())).collect();
        match ids.is_empty() {
            true => Self { declared: None, default: Some(AgentId::new(ONLY)), named: RefCell::default() },
            false => Self { declared: Some(ids), default, named: RefCell::default() },
        }
    }

    /// Who gets what names nobody.
    pub fn default(&self) -> Option<AgentId> {
        self.default.clone()
    }

    /// The agent that the file names here, if there is one.
    pub fn find(&self, id: &str) -> Option<AgentId> {
        let Some(declared) = &self.declared else {
            let id = AgentId::new(id);
            let mut named = self.named.borrow_mut();
            if id.as_str() != ONLY && !named.contains(&id) {
                named.push(id.clone());
            }
            return Some(id);
        };
        let wanted = normalised_agent(id);
        let is_it =
            |known: &&AgentId| known.as_str() == id || wanted.is_some() && normalised_agent(known.as_str()) == wanted;
        declared.iter().find(is_it).cloned()
    }

    /// The agent that must be there; a problem if it is not.
    pub fn expect(&self, field: &Field<'_>, id: &str) -> Option<AgentId> {
        let found = self.find(id);
        if found.is_none() {
            field.problem(self.missing(id));
        }
        found
    }

    /// What is to be said of an agent that is not there.
    pub fn missing(&self, id: &str) -> String {
        let known: Vec<&str> = self.declared.iter().flatten().map(AgentId::as_str).collect();
        let advice = match closest(id, &known) {
            Some(known) => format!("did you mean {}?", quoted(known)),
            None => format!("the agents are {}", known.join(", ")),
        };
        format!("there is no agent {} under agents; {advice}", quoted(id))
    }

    /// Everybody: those of the file, or else the only one and all that were named.
    pub fn known(&self) -> Vec<AgentId> {
        match &self.declared {
            Some(declared) => declared.clone(),
            None => [vec![AgentId::new(ONLY)], self.named.borrow().clone()].concat(),
        }
    }
}

fn text(node: &Node, key: &str) -> Option<String> {
    match member(node, key)? {
        Value::Text(text) => Some(crate::model::js_trim(text).to_owned()),
        _ => None,
    }
}

fn is_default(node: &Node) -> bool {
    matches!(member(node, "default"), Some(Value::Bool(true)))
}

fn member<'n>(node: &'n Node, key: &str) -> Option<&'n Value> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node.value)
}
