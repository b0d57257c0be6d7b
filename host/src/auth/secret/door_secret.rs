//! The secret of one door over time, and what that means for requests.
//!
//! ```text
//! Unresolved ──► Live ◄──► Lost
//!   (404)       (compare)  (401)
//! ```
//! A door that never had its secret does not exist for callers; one that lost it stays, and lets nobody in.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use secrecy::SecretString;

use crate::config::SecretSpec;

use super::credential::Credential;
use super::door::Door;
use super::pace::Pace;
use super::resolver::Unresolved;

/// Whether there is a secret to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretState {
    /// Not since the start: the door answers as if it were not there.
    Unresolved,
    /// Yes.
    Live(Credential),
    /// Not any more: nobody is let in.
    Lost,
}

/// The secret of one door.
#[derive(Debug)]
pub struct DoorSecret {
    door: Door,
    spec: SecretSpec,
    state: ArcSwap<SecretState>,
}

impl DoorSecret {
    /// A secret that has not been looked up yet.
    pub fn new(door: Door, spec: SecretSpec) -> Self {
        Self { door, spec, state: ArcSwap::from_pointee(SecretState::Unresolved) }
    }

    /// What it opens.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// The state as it is now. Takes no lock: requests ask for it.
    pub fn state(&self) -> Guard<Arc<SecretState>> {
        self.state.load()
    }

    pub(super) fn spec(&self) -> &SecretSpec {
        &self.spec
    }

    /// The first look, when the gateway starts.
    pub(super) fn begin(&self, looked_up: Result<SecretString, Unresolved>) {
        match looked_up {
            Ok(secret) => self.set(SecretState::Live(Credential::of(&secret))),
            Err(why) => tracing::warn!(door = %self.door, reason = %why.reason, "{}", self.skipped(&why)),
        }
    }

    /// A later look. Tells the log about each change once.
    pub(super) fn renew(&self, looked_up: Result<SecretString, Unresolved>) {
        let door = &self.door;
        let next = match (&**self.state(), looked_up) {
            (SecretState::Unresolved | SecretState::Lost, Err(_)) => return,
            (SecretState::Live(_), Err(why)) => {
                tracing::warn!(%door, "{door} lets nobody in: its secret can no longer be resolved ({why})");
                SecretState::Lost
            }
            (SecretState::Live(old), Ok(secret)) => {
                let new = Credential::of(&secret);
                if *old == new {
                    return;
                }
                tracing::warn!(%door, "{door} has a new secret; the old one is refused from now on");
                SecretState::Live(new)
            }
            (SecretState::Unresolved | SecretState::Lost, Ok(secret)) => {
                tracing::warn!(%door, "{door} is served: its secret is resolved");
                SecretState::Live(Credential::of(&secret))
            }
        };
        self.set(next);
    }

    fn set(&self, state: SecretState) {
        self.state.store(Arc::new(state));
    }

    /// OpenClaw's sentence for a reference, word for word: people watch their logs for it.
    pub(super) fn skipped(&self, why: &Unresolved) -> String {
        let (door, secret) = (&self.door, self.door.config_path());
        if matches!(self.door, Door::Hooks(..) | Door::Inbound(..)) {
            // These are there all the same, and fail closed.
            return format!("{door} lets nobody in with this secret: {secret} is unresolved ({}).", why.reference);
        }
        match &self.spec {
            SecretSpec::Ref(reference) => {
                format!("[webhooks] skipping {door}: {secret} SecretRef is unresolved ({reference}).")
            }
            SecretSpec::Missing(_) | SecretSpec::Plain(_) => {
                format!("[webhooks] skipping {door}: {secret} is unresolved ({}).", why.reference)
            }
        }
    }

    /// How soon the secret can have another value than it had at the last look.
    pub(super) fn pace(&self) -> Pace {
        Pace::of(&self.spec, matches!(**self.state(), SecretState::Live(_)))
    }
}
