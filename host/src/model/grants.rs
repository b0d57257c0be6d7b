//! What a component can be granted: a closed tree of powers and, below each, its functions. The operator writes
//! `flow/read` or `flow/read/get-flow`; the sandbox asks [`Grants::allows`] before it links a function. Nothing else grants.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A power: one branch of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Power {
    /// Look at the flows of the bound session.
    FlowRead,
    /// Make flows.
    FlowCreate,
    /// Move flows along.
    FlowChange,
    /// Cancel flows.
    FlowCancel,
    /// Put child tasks into flows.
    TaskRun,
    /// Read the time of day, and wait.
    Clock,
    /// Read secure random bytes.
    Random,
}

impl Power {
    /// Every power, in the order in which they are listed to people.
    pub const ALL: [Self; 7] = [
        Self::FlowRead,
        Self::FlowCreate,
        Self::FlowChange,
        Self::FlowCancel,
        Self::TaskRun,
        Self::Clock,
        Self::Random,
    ];

    /// The name as the operator writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::FlowRead => "flow/read",
            Self::FlowCreate => "flow/create",
            Self::FlowChange => "flow/change",
            Self::FlowCancel => "flow/cancel",
            Self::TaskRun => "task/run",
            Self::Clock => "clock",
            Self::Random => "random",
        }
    }

    /// The WIT interfaces behind the power, without a version.
    pub fn interfaces(self) -> &'static [&'static str] {
        match self {
            Self::FlowRead => &["sandclaw:plugin/flow-read"],
            Self::FlowCreate => &["sandclaw:plugin/flow-create"],
            Self::FlowChange => &["sandclaw:plugin/flow-change"],
            Self::FlowCancel => &["sandclaw:plugin/flow-cancel"],
            Self::TaskRun => &["sandclaw:plugin/task-run"],
            Self::Clock => &["wasi:clocks/wall-clock", "wasi:clocks/monotonic-clock"],
            Self::Random => &["wasi:random/random"],
        }
    }

    /// The functions that can be granted one by one. `clock` and `random` are granted whole: nothing is gained by
    /// telling one way to ask for the time from another.
    pub fn functions(self) -> &'static [&'static str] {
        match self {
            Self::FlowRead => &["get-flow", "list-flows", "find-latest-flow", "resolve-flow", "get-task-summary"],
            Self::FlowCreate => &["create-flow"],
            Self::FlowChange => &["set-waiting", "resume-flow", "finish-flow", "fail-flow"],
            Self::FlowCancel => &["request-cancel", "cancel-flow"],
            Self::TaskRun => &["run-task"],
            Self::Clock | Self::Random => &[],
        }
    }

    /// What it means for a component that is run a second time on the same input.
    fn repeat(self) -> Repeat {
        match self {
            // Flows may have moved in between. They are moved by their revision, so that what was read too early or too late is refused.
            Self::FlowRead => Repeat::Nothing,
            // Each change is noted with its answer, in its own transaction.
            Self::FlowCreate | Self::FlowChange | Self::FlowCancel | Self::TaskRun => Repeat::Noted,
            Self::Clock | Self::Random => Repeat::Differs,
        }
    }

    /// The power behind a WIT interface; a version (`@0.1.0`) is ignored.
    pub fn of_interface(interface: &str) -> Option<Self> {
        let name = interface.split_once('@').map_or(interface, |(name, _)| name);
        Self::ALL.into_iter().find(|power| power.interfaces().contains(&name))
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a power means for a second run. One that reaches outside of this gateway needs a word of its own here, and is not repeatable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeat {
    /// It changes nothing.
    Nothing,
    /// What it changed is answered from notes, if the same is asked for.
    Noted,
    /// It lets a component ask for something else than the first time.
    Differs,
}

/// One line of `grants`: a whole power, or one function of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    power: Power,
    function: Option<&'static str>,
}

impl Grant {
    /// The power with all its functions.
    pub fn whole(power: Power) -> Self {
        Self { power, function: None }
    }

    /// One function of the power, if it has it.
    pub fn leaf(power: Power, function: &str) -> Option<Self> {
        let function = power.functions().iter().copied().find(|known| *known == function)?;
        Some(Self { power, function: Some(function) })
    }

    /// The power it is, or is a part of.
    pub fn power(self) -> Power {
        self.power
    }

    /// The function, or nothing if the whole power is granted.
    pub fn function(self) -> Option<&'static str> {
        self.function
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.function {
            None => f.write_str(self.power.name()),
            Some(function) => write!(f, "{}/{function}", self.power),
        }
    }
}

/// There is no such grant; the message lists those that there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownGrant {
    /// The first part names no power.
    #[error("no such power; the powers are {}, and `<power>/<function>` grants one function", powers())]
    Power,
    /// The power is there, the function is not.
    #[error("{0} has no such function; grant `{0}` whole or one of {leaves}", leaves = leaves(*.0))]
    Function(Power),
    /// The power cannot be divided.
    #[error("{0} has no parts; write `{0}`")]
    Whole(Power),
}

fn powers() -> String {
    Power::ALL.map(Power::name).join(", ")
}

fn leaves(power: Power) -> String {
    let leaves: Vec<_> = power.functions().iter().map(|function| format!("{power}/{function}")).collect();
    leaves.join(", ")
}

impl FromStr for Grant {
    type Err = UnknownGrant;

    fn from_str(text: &str) -> Result<Self, UnknownGrant> {
        for power in Power::ALL {
            let Some(rest) = text.strip_prefix(power.name()) else { continue };
            return match rest.strip_prefix('/') {
                None if rest.is_empty() => Ok(Self::whole(power)),
                None => continue,
                Some("*") => Ok(Self::whole(power)),
                Some(_) if power.functions().is_empty() => Err(UnknownGrant::Whole(power)),
                Some(function) => Self::leaf(power, function).ok_or(UnknownGrant::Function(power)),
            };
        }
        Err(UnknownGrant::Power)
    }
}

/// What one component was granted. Empty by default: a component without grants can only compute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(BTreeSet<Grant>);

impl Grants {
    /// Whether the function of the power may be linked.
    pub fn allows(&self, power: Power, function: &str) -> bool {
        self.allows_whole(power) || Grant::leaf(power, function).is_some_and(|leaf| self.0.contains(&leaf))
    }

    /// Whether the whole power is granted by name. Several leaves do not add up to it: a function that a later release
    /// gives to the power would be granted without anybody having said so.
    pub fn allows_whole(&self, power: Power) -> bool {
        self.0.contains(&Grant::whole(power))
    }

    /// Whether a component with these can be run again on the same input, and what it changed the first time is not changed twice.
    pub fn are_repeatable(&self) -> bool {
        let has = |repeat| self.iter().any(|grant| grant.power().repeat() == repeat);
        !(has(Repeat::Noted) && has(Repeat::Differs))
    }

    /// The lines, in the order of [`Power::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Grant> + '_ {
        self.0.iter().copied()
    }

    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Grant> for Grants {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Self {
        Self(grants.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_repeatable_unless_chance_or_the_hour_may_make_others_of_them() {
        for (grants, expected) in [
            (&[][..], true),
            (&["clock", "random", "flow/read"], true),
            (&["flow/read", "flow/create", "flow/change", "flow/cancel", "task/run"], true),
            (&["task/run", "random"], false),
            (&["flow/cancel/cancel-flow", "clock"], false),
        ] {
            let grants: Grants = grants.iter().map(|grant| grant.parse::<Grant>().unwrap()).collect();
            assert_eq!(grants.are_repeatable(), expected, "{grants:?}");
        }
    }

    #[test]
    fn every_grant_of_the_tree_reads_back_what_it_prints() {
        for power in Power::ALL {
            assert_eq!(power.name().parse(), Ok(Grant::whole(power)));
            assert_eq!(format!("{power}/*").parse(), Ok(Grant::whole(power)));
            for function in power.functions() {
                let leaf = Grant::leaf(power, function).unwrap();
                assert_eq!(leaf.to_string().parse(), Ok(leaf));
            }
        }
    }

    #[test]
    fn what_is_not_in_the_tree_is_refused_with_what_is() {
        for (text, message) in [
            ("flow", "no such power; the powers are flow/read, flow/create"),
            ("flow/reading", "no such power"),
            ("", "no such power"),
            ("*", "no such power"),
            ("Flow/read", "no such power"),
            ("flow/read/", "flow/read has no such function; grant `flow/read` whole or one of flow/read/get-flow, "),
            ("flow/read/cancel-flow", "flow/read has no such function"),
            ("flow/read/get-flow/x", "flow/read has no such function"),
            ("clock/now", "clock has no parts; write `clock`"),
        ] {
            let error = text.parse::<Grant>().unwrap_err().to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
    }

    #[test]
    fn a_leaf_grants_itself_and_a_power_all_its_functions() {
        let grants: Grants =
            ["flow/read/get-flow", "flow/cancel"].map(|text| text.parse::<Grant>().unwrap()).into_iter().collect();
        assert!(grants.allows(Power::FlowRead, "get-flow"));
        assert!(!grants.allows(Power::FlowRead, "list-flows"));
        assert!(!grants.allows_whole(Power::FlowRead));
        assert!(grants.allows(Power::FlowCancel, "cancel-flow"));
        assert!(!grants.allows(Power::FlowCreate, "create-flow"));
        assert!(!Grants::default().allows(Power::Clock, "now"));
    }

    #[test]
    fn an_interface_leads_to_its_power() {
        assert_eq!(Power::of_interface("sandclaw:plugin/task-run@0.1.0"), Some(Power::TaskRun));
        assert_eq!(Power::of_interface("wasi:clocks/wall-clock@0.2.6"), Some(Power::Clock));
        assert_eq!(Power::of_interface("wasi:io/streams@0.2.6"), None);
    }
}
