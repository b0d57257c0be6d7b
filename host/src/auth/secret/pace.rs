//! When a secret is looked up again, whoever needs it for whatever.

use std::time::Duration;

use crate::config::{SecretSource, SecretSpec};

/// Time between two questions to a program that has answered: a rotated secret is noticed within a minute, and a vault
/// is not asked thirty times for it.
const EXEC_REFRESH: Duration = Duration::from_secs(60);

/// How soon a secret can have another value than it had at the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    Never,
    /// At every tick.
    Soon,
    /// Once a minute: starting a program costs its host something.
    Slow,
}

impl Pace {
    /// The pace of a secret that stands in the config like this, and has a value or not.
    pub fn of(spec: &SecretSpec, has_value: bool) -> Self {
        match spec {
            // The config and the environment of a process stay as they are.
            SecretSpec::Plain(_) | SecretSpec::Missing(_) => Self::Never,
            SecretSpec::Ref(reference) => match reference.source {
                SecretSource::Env => Self::Never,
                SecretSource::Exec if has_value => Self::Slow,
                SecretSource::File | SecretSource::Exec => Self::Soon,
            },
        }
    }

    /// Whether it is time, so long after the last look.
    pub fn is_due(self, since: Duration) -> bool {
        match self {
            Self::Never => false,
            Self::Soon => true,
            Self::Slow => since >= EXEC_REFRESH,
        }
    }
}
