//! Why the sandbox, or one plugin, could not be made ready. Whose doing it is can be read from the variant.

use std::fmt;

use super::user::User;

/// Something that stops the sandbox or one plugin before any request.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Ours: the engine could not be built on this machine.
    #[error("the sandbox cannot start: {0}")]
    Engine(String),
    /// The operator's: the file is not there or cannot be used.
    #[error("{file}: {reason}")]
    File {
        /// The file name as configured.
        file: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The component's: it is none, or none for this host.
    #[error("{file}: {reason}")]
    Component {
        /// The file name as configured.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It needs more than it is granted.
    #[error("{0}")]
    Refused(Box<Refusal>),
}

/// Everything that stands between a component and its use, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Who wants the component.
    pub user: User,
    /// The component's file and digest.
    pub component: String,
    /// What it needs beyond its grants: the grant that would give it, and the import that needs it.
    pub ungranted: Vec<(String, String)>,
    /// What it imports that no grant gives.
    pub unknown: Vec<String>,
    /// What it was granted.
    pub granted: Vec<String>,
    /// What it was granted and does not import.
    pub unused: Vec<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = self.ungranted.len() + self.unknown.len();
        let capabilities = if missing == 1 { "1 capability" } else { &format!("{missing} capabilities") };
        writeln!(f, "{} not started: {} needs {capabilities} that its grants do not give", self.user, self.component)?;
        for (grant, import) in &self.ungranted {
            writeln!(f, "  needs {grant:<30} imports {import}")?;
        }
        for import in &self.unknown {
            writeln!(f, "  no grant gives{:22} imports {import}", "")?;
        }
        let list = |names: &[String]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        write!(f, "  granted {}", list(&self.granted))?;
        if !self.unused.is_empty() {
            write!(f, "   unused: {}", list(&self.unused))?;
        }
        if !self.ungranted.is_empty() {
            let mut all: Vec<&str> = self.granted.iter().map(String::as_str).collect();
            all.extend(self.ungranted.iter().map(|(grant, _)| grant.as_str()));
            all.dedup();
            let quoted: Vec<String> = all.iter().map(|grant| format!("\"{grant}\"")).collect();
            write!(f, "\n  to allow, write:  grants: [{}]", quoted.join(", "))?;
        }
        Ok(())
    }
}
