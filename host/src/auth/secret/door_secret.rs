//! The secrets of one door over time, and what that means for requests.
//!
//! ```text
//! Unresolved ──► Live ◄──► Lost
//!   (404)       (compare)  (401)
//! ```
//! A door that never had a secret does not exist for callers; one that lost its last one stays, and lets nobody in. Of several secrets
//! every one that has a value lets in.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use secrecy::{ExposeSecret, SecretString};

use crate::config::SecretSpec;

use super::credential::Credential;
use super::door::Door;
use super::pace::Pace;
use super::resolver::Unresolved;

/// Whether there is a secret to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretState<K = Credential> {
    /// Not since the start: the door answers as if it were not there.
    Unresolved,
    /// Yes: what is remembered of each secret of the config, in its order; nothing of one that has no value.
    Live(Vec<Option<K>>),
    /// Not any more: nobody is let in.
    Lost,
}

/// What a door remembers of a secret.
pub trait Remembered: Clone + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// Of this one.
    fn of(secret: &SecretString) -> Self;
}

impl Remembered for Credential {
    fn of(secret: &SecretString) -> Self {
        Self::of(secret)
    }
}

/// The value itself, for signatures.
#[derive(Clone, Debug)]
pub struct Key(pub(in crate::auth) Arc<SecretString>);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Remembered for Key {
    fn of(secret: &SecretString) -> Self {
        Self(Arc::new(secret.clone()))
    }
}

/// The secrets of one door.
#[derive(Debug)]
pub struct DoorSecret<K = Credential> {
    door: Door,
    specs: Vec<SecretSpec>,
    state: ArcSwap<SecretState<K>>,
}

impl<K: Remembered> DoorSecret<K> {
    /// Secrets that have not been looked up yet.
    pub fn new(door: Door, specs: Vec<SecretSpec>) -> Self {
        Self { door, specs, state: ArcSwap::from_pointee(SecretState::Unresolved) }
    }

    /// What they open.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// The state as it is now. Takes no lock: requests ask for it.
    pub fn state(&self) -> Guard<Arc<SecretState<K>>> {
        self.state.load()
    }

    pub(super) fn specs(&self) -> &[SecretSpec] {
        &self.specs
    }

    /// The first look, at one of them, when the gateway starts.
    pub(super) fn begin(&self, at: usize, looked_up: Result<SecretString, Unresolved>) {
        match looked_up {
            Ok(secret) => self.set(at, Some(K::of(&secret))),
            Err(why) => tracing::warn!(door = %self.door, reason = %why.reason, "{}", self.skipped(at, &why)),
        }
    }

    /// A later look at one of them. Tells the log about each change once.
    pub(super) fn renew(&self, at: usize, looked_up: Result<SecretString, Unresolved>) {
        let door = &self.door;
        let state = self.state.load_full();
        let old = match &*state {
            SecretState::Live(secrets) => secrets.get(at).and_then(Option::as_ref),
            SecretState::Unresolved | SecretState::Lost => None,
        };
        let is_only_one = self.specs.len() == 1;
        let next = match (old, looked_up) {
            (None, Err(_)) => return,
            (Some(_), Err(why)) => {
                match is_only_one {
                    true => {
                        tracing::warn!(%door, "{door} lets nobody in: its secret can no longer be resolved ({why})")
                    }
                    false => tracing::warn!(%door, "{door}: one of its secrets can no longer be resolved ({why})"),
                }
                None
            }
            (Some(old), Ok(secret)) => {
                let new = K::of(&secret);
                if *old == new {
                    return;
                }
                tracing::warn!(%door, "{door} has a new secret; the old one is refused from now on");
                Some(new)
            }
            (None, Ok(secret)) => {
                match is_only_one {
                    true => tracing::warn!(%door, "{door} is served: its secret is resolved"),
                    false => tracing::warn!(%door, "{door}: one of its secrets is resolved"),
                }
                Some(K::of(&secret))
            }
        };
        self.set(at, next);
        if !is_only_one && matches!(**self.state(), SecretState::Lost) {
            tracing::warn!(%door, "{door} lets nobody in: none of its secrets can be resolved any more");
        }
    }

    /// Looks come in one after the other, from the one task that renews, so nobody writes in between.
    fn set(&self, at: usize, secret: Option<K>) {
        let (mut secrets, had_one) = match &**self.state() {
            SecretState::Live(secrets) => (secrets.clone(), true),
            SecretState::Lost => (vec![None; self.specs.len()], true),
            SecretState::Unresolved => (vec![None; self.specs.len()], false),
        };
        if let Some(place) = secrets.get_mut(at) {
            *place = secret;
        }
        let next = match (secrets.iter().any(Option::is_some), had_one) {
            (true, _) => SecretState::Live(secrets),
            (false, true) => SecretState::Lost,
            (false, false) => SecretState::Unresolved,
        };
        self.state.store(Arc::new(next));
    }

    /// OpenClaw's sentence for a reference, word for word where the door has one secret: people watch their logs for it.
    pub(super) fn skipped(&self, at: usize, why: &Unresolved) -> String {
        let (door, secret) = (&self.door, self.door.config_path());
        if matches!(self.door, Door::Hooks(_) | Door::Mapping(_) | Door::Inbound(_)) {
            // These are there all the same, and fail closed.
            return format!("{door} lets nobody in with this secret: {secret} is unresolved ({}).", why.reference);
        }
        if self.specs.len() > 1 {
            let number = at + 1;
            return format!("[webhooks] {door}: {secret}, number {number} of them, is unresolved ({why}).");
        }
        match self.specs.first() {
            Some(SecretSpec::Ref(reference)) => {
                format!("[webhooks] skipping {door}: {secret} SecretRef is unresolved ({reference}).")
            }
            Some(SecretSpec::Missing(_) | SecretSpec::Plain(_)) | None => {
                format!("[webhooks] skipping {door}: {secret} is unresolved ({}).", why.reference)
            }
        }
    }

    /// How soon one of them can have another value than it had at the last look.
    pub(super) fn pace(&self, at: usize) -> Pace {
        let has_value = match &**self.state() {
            SecretState::Live(secrets) => secrets.get(at).is_some_and(Option::is_some),
            SecretState::Unresolved | SecretState::Lost => false,
        };
        self.specs.get(at).map_or(Pace::Never, |spec| Pace::of(spec, has_value))
    }
}
