//! The closed tree of grants: what an operator may give to a component, and which WIT functions each grant opens.

use std::fmt;

/// One power: the first two segments of a grant, and the functions that can be granted one by one.
#[derive(Debug)]
pub struct PowerSpec {
    /// As written in a config, for example `flow/read`.
    pub name: &'static str,
    /// The WIT interfaces it opens, without their version.
    pub interfaces: &'static [&'static str],
    /// The functions; empty where the power is granted only as a whole.
    pub functions: &'static [&'static str],
    /// What to say to an operator who decides about it.
    pub meaning: &'static str,
}

/// Every power there is. Nothing outside this table can be granted.
pub const POWERS: &[PowerSpec] = &[
    PowerSpec {
        name: "flow/read",
        interfaces: &["sandclaw:plugin/flow-read"],
        functions: &["get-flow", "list-flows", "find-latest-flow", "resolve-flow", "get-task-summary"],
        meaning: "look at the flows of the route's session",
    },
    PowerSpec {
        name: "flow/create",
        interfaces: &["sandclaw:plugin/flow-create"],
        functions: &["create-flow"],
        meaning: "make flows in the route's session",
    },
    PowerSpec {
        name: "flow/change",
        interfaces: &["sandclaw:plugin/flow-change"],
        functions: &["set-waiting", "resume-flow", "finish-flow", "fail-flow"],
        meaning: "move flows of the route's session along",
    },
    PowerSpec {
        name: "flow/cancel",
        interfaces: &["sandclaw:plugin/flow-cancel"],
        functions: &["request-cancel", "cancel-flow"],
        meaning: "cancel flows of the route's session",
    },
    PowerSpec {
        name: "task/run",
        interfaces: &["sandclaw:plugin/task-run"],
        functions: &["run-task"],
        meaning: "put child tasks into flows of the route's session",
    },
    PowerSpec {
        name: "clock",
        interfaces: &["wasi:clocks/wall-clock", "wasi:clocks/monotonic-clock"],
        functions: &[],
        meaning: "read the time of day and wait",
    },
    PowerSpec { name: "random", interfaces: &["wasi:random/random"], functions: &[], meaning: "read secure random bytes" },
];

/// One grant, as parsed: a whole power or one function of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    power: &'static str,
    function: Option<&'static str>,
}

impl Grant {
    /// Reads `flow/read`, `flow/read/*` or `flow/read/get-flow`. The error lists what could have been written.
    pub fn parse(text: &str) -> Result<Self, String> {
        for power in POWERS {
            if text == power.name || text.strip_suffix("/*").is_some_and(|whole| whole == power.name && !power.functions.is_empty()) {
                return Ok(Self { power: power.name, function: None });
            }
            let Some(rest) = text.strip_prefix(power.name).and_then(|rest| rest.strip_prefix('/')) else { continue };
            if let Some(function) = power.functions.iter().find(|function| **function == rest) {
                return Ok(Self { power: power.name, function: Some(function) });
            }
            if !power.functions.is_empty() {
                return Err(format!("`{}` has no `{rest}`; it has {}", power.name, power.functions.join(", ")));
            }
        }
        let names: Vec<&str> = POWERS.iter().map(|power| power.name).collect();
        Err(format!("there is no grant `{text}`; there are {}, and single functions such as flow/read/get-flow", names.join(", ")))
    }

    fn covers(self, power: &str, function: &str) -> bool {
        self.power == power && self.function.is_none_or(|granted| granted == function)
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.function {
            Some(function) => write!(f, "{}/{function}", self.power),
            None => f.write_str(self.power),
        }
    }
}

/// What one route gives to its component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(Vec<Grant>);

impl Grants {
    /// The given grants, in order, each once.
    pub fn new(grants: impl IntoIterator<Item = Grant>) -> Self {
        let mut kept: Vec<Grant> = Vec::new();
        for grant in grants {
            if !kept.contains(&grant) {
                kept.push(grant);
            }
        }
        Self(kept)
    }

    /// What the built-in action gets: every power over flows and tasks, no clock, no randomness.
    pub fn built_in() -> Self {
        let whole = |power: &PowerSpec| Grant { power: power.name, function: None };
        Self(POWERS.iter().filter(|power| !power.functions.is_empty()).map(whole).collect())
    }

    /// Every power there is, for telling what a component would need.
    pub fn all() -> Self {
        Self(POWERS.iter().map(|power| Grant { power: power.name, function: None }).collect())
    }

    /// Whether `function` of `power` is granted; for a power without functions, pass an empty name.
    pub fn allows(&self, power: &str, function: &str) -> bool {
        self.0.iter().any(|grant| grant.covers(power, function))
    }

    /// Whether a leaf of the tree, as `flow/read/get-flow` or `clock`, is granted.
    pub fn covers(&self, leaf: &str) -> bool {
        match Grant::parse(leaf) {
            Ok(Grant { power, function }) => self.allows(power, function.unwrap_or_default()),
            Err(_) => false,
        }
    }

    /// The grants as written.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(Grant::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(texts: &[&str]) -> Grants {
        Grants::new(texts.iter().map(|text| Grant::parse(text).unwrap()))
    }

    #[test]
    fn a_whole_power_covers_each_of_its_functions_and_no_other() {
        let read = grants(&["flow/read/*"]);
        assert!(read.allows("flow/read", "get-flow"));
        assert!(read.covers("flow/read/list-flows"));
        assert!(!read.covers("flow/create/create-flow"));
        assert!(!read.covers("clock"));
    }

    #[test]
    fn one_function_covers_only_itself() {
        let one = grants(&["flow/cancel/request-cancel"]);
        assert!(one.covers("flow/cancel/request-cancel"));
        assert!(!one.covers("flow/cancel/cancel-flow"));
    }

    #[test]
    fn an_unknown_grant_is_told_what_there_is() {
        assert!(Grant::parse("flow/delete").unwrap_err().contains("flow/read, flow/create"));
        assert!(Grant::parse("flow/read/get").unwrap_err().contains("get-flow, list-flows"));
        assert!(Grant::parse("clock/now").unwrap_err().contains("there is no grant `clock/now`"));
        assert!(Grant::parse("*").is_err());
    }
}
