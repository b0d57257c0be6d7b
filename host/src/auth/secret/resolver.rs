//! Finds the value of a secret: in the config itself, in the environment, in a file, or by asking a program.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::config::{Env, Provider, Providers, SecretRef, SecretSpec};
use crate::model::js_trim;

use super::{exec, file};

/// Largest secret file or answer of a program. OpenClaw's number.
pub(super) const VALUE_MAX_BYTES: u64 = 1024 * 1024;
/// Files read at the same time, and programs run: a folder that hangs or a slow vault may hold this many threads or
/// processes and no more, however many routes there are.
const LOOKUPS_MAX: usize = 8;

/// Resolves secrets with the providers of a config. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Resolver {
    providers: Arc<Providers>,
    env: Env,
    files: Arc<Semaphore>,
    programs: Arc<Semaphore>,
}

/// A secret has no value. Safe to log: it names the reference and the reason, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reference}: {reason}")]
pub struct Unresolved {
    /// The reference as `<source>:<provider>:<id>`.
    pub reference: String,
    /// Why it has no value.
    pub reason: Reason,
}

/// Why a secret has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The environment variable is not there.
    #[error("the environment variable is not set or blank")]
    NotSet,
    /// The provider does not give out this variable.
    #[error("the variable is not in the provider's allowlist")]
    NotAllowed,
    /// The config has no such provider, or one of another source.
    #[error("no provider of this name and source is configured")]
    NoProvider,
    /// There is a value, and it is blank.
    #[error("the value is blank")]
    Blank,
    /// The file or program can be used by others, or is not what it must be.
    #[error("{what} {why}")]
    Unsafe {
        /// `the file` or `the program`.
        what: &'static str,
        /// What is wrong with it and what to do.
        why: &'static str,
    },
    /// It cannot be opened, read or started.
    #[error("{what}: {kind}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// How it failed.
        kind: std::io::ErrorKind,
    },
    /// Larger than a secret may be.
    #[error("larger than 1 MiB")]
    TooLarge,
    /// Not answered in time.
    #[error("no answer within {0:?}")]
    TimedOut(std::time::Duration),
    /// The content is not what the provider's mode or protocol asks for.
    #[error("{0}")]
    Malformed(&'static str),
    /// The program ended with an error.
    #[error("the program failed: {0}")]
    Failed(Exit),
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this code.
    Code(i32),
    /// By a signal.
    Signal,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal => f.write_str("killed by a signal"),
        }
    }
}

impl Resolver {
    /// Resolves with these providers and variables.
    pub fn new(providers: Providers, env: Env) -> Self {
        let turns = || Arc::new(Semaphore::new(LOOKUPS_MAX));
        Self { providers: Arc::new(providers), env, files: turns(), programs: turns() }
    }

    /// The value, trimmed and never blank. Takes as long as the provider may; dropping the future stops a program.
    pub async fn resolve(&self, spec: &SecretSpec) -> Result<SecretString, Unresolved> {
        let reference = match spec {
            SecretSpec::Plain(secret) => return Ok(secret.clone()),
            SecretSpec::Missing(names) => {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                let reference = format!("env:default:{}", names.join(","));
                return Err(Unresolved { reference, reason: Reason::NotSet });
            }
            SecretSpec::Ref(reference) => reference,
        };
        self.look_up(reference)
            .await
            .and_then(|value| trimmed(&value))
            .map_err(|reason| Unresolved { reference: reference.to_string(), reason })
    }

    async fn look_up(&self, reference: &SecretRef) -> Result<SecretString, Reason> {
        let provider = self.providers.get(&reference.provider).filter(|found| found.source() == reference.source);
        let id = &reference.id;
        match provider.ok_or(Reason::NoProvider)? {
            Provider::Env { allowlist: Some(allowed) } if !allowed.contains(id) => Err(Reason::NotAllowed),
            Provider::Env { .. } => {
                self.env.get(id).map(SecretString::from).and_then(|value| trimmed(&value).ok()).ok_or(Reason::NotSet)
            }
            Provider::File { path, mode } => {
                let text = file::read(path, Arc::clone(&self.files)).await?;
                file::pick(text, *mode, id)
            }
            Provider::Exec(program) => {
                let _turn = self.programs.acquire().await;
                exec::ask(program, &reference.provider, id, &self.env).await
            }
        }
    }
}

/// Presented secrets are trimmed, so one with blanks around it could never match.
fn trimmed(value: &SecretString) -> Result<SecretString, Reason> {
    match js_trim(value.expose_secret()) {
        "" => Err(Reason::Blank),
        trimmed => Ok(SecretString::from(trimmed)),
    }
}
