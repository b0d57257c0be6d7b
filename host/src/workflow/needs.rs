//! What a workflow needs from the host, known before it starts: whoever grants it sees it on one page.

use std::collections::BTreeSet;

/// What a workflow needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Whether it runs commands, which the host must grant.
    pub commands: bool,
    /// Tools of the agent's gateway.
    pub tools: BTreeSet<String>,
    /// Channels that its messages name, as far as they are written out.
    pub channels: BTreeSet<String>,
    /// Components, by file.
    pub plugins: BTreeSet<String>,
    /// Other workflows, by name.
    pub workflows: BTreeSet<String>,
    /// Whether it waits for people: approvals and answers.
    pub people: bool,
}
