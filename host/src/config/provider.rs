//! Secrets as the config names them: written out, put in from the environment, or a reference to a provider. The values
//! behind references are in none of these types.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// The provider that exists without configuration: the environment.
pub(super) const DEFAULT_PROVIDER: &str = "default";

/// Where secrets come from, and how often to look again.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The providers by name.
    pub providers: Providers,
    /// The time between two looks at a secret that may have changed.
    pub refresh: Duration,
}

/// The providers by name; `default`, the environment, is always there.
#[derive(Clone, Debug)]
pub struct Providers(BTreeMap<String, Provider>);

impl Providers {
    /// The named providers, and `default` if it is not among them.
    pub fn new(mut named: BTreeMap<String, Provider>) -> Self {
        named.entry(DEFAULT_PROVIDER.to_owned()).or_insert(Provider::Env { allowlist: None });
        Self(named)
    }

    /// The provider of this name.
    pub fn get(&self, name: &str) -> Option<&Provider> {
        self.0.get(name)
    }
}

/// A place that holds secrets.
#[derive(Clone, Debug)]
pub enum Provider {
    /// Environment variables, all or only those listed.
    Env {
        /// The variables that may be read.
        allowlist: Option<BTreeSet<String>>,
    },
    /// A file that only the user of this process can read.
    File {
        /// Absolute.
        path: PathBuf,
        /// How it is read.
        mode: FileMode,
    },
    /// A program that is asked.
    Exec(ExecProvider),
}

impl Provider {
    /// The kind of provider it is.
    pub fn source(&self) -> SecretSource {
        match self {
            Self::Env { .. } => SecretSource::Env,
            Self::File { .. } => SecretSource::File,
            Self::Exec(_) => SecretSource::Exec,
        }
    }
}

/// How a secret file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileMode {
    /// A JSON document; ids are JSON pointers.
    Json,
    /// The whole file is the secret; the id is `value`.
    SingleValue,
}

/// A program that is asked for secrets.
#[derive(Clone, Debug)]
pub struct ExecProvider {
    /// Absolute path of the program.
    pub command: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables that it inherits; it inherits no others.
    pub pass_env: Vec<String>,
    /// Variables set for it.
    pub env: BTreeMap<String, SecretString>,
    /// Whether only the JSON protocol is accepted, or plain text too.
    pub json_only: bool,
    /// How long it may take.
    pub timeout: Duration,
}

/// A secret as the config names it.
#[derive(Clone, Debug)]
pub enum SecretSpec {
    /// The secret itself, trimmed; written in the file or put in from the environment.
    Plain(SecretString),
    /// A string with `${…}` of which these variables are not set, so it has no value.
    Missing(BTreeSet<String>),
    /// A secret that a provider holds.
    Ref(SecretRef),
}

/// A reference to a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRef {
    /// The kind of provider.
    pub source: SecretSource,
    /// The name of the provider.
    pub provider: String,
    /// The secret's id there.
    pub id: String,
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source, self.provider, self.id)
    }
}

/// The kinds of providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The environment.
    Env,
    /// A file.
    File,
    /// A program.
    Exec,
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Env => "env",
            Self::File => "file",
            Self::Exec => "exec",
        })
    }
}
