//! What a door asks of those who knock, with its secrets as they are now.

use std::sync::Arc;

use secrecy::SecretString;

use crate::auth::Caller;
use crate::auth::scheme::{Handshake, Keys, Presented, Proof, Refused, Scheme, Verified};
use crate::config::auth::{AuthConfig, SchemeConfig, SchemeKind};
use crate::model::Millis;

use super::door::Door;
use super::door_secret::{DoorSecret, Key, SecretState};
use super::pace::Pace;
use super::resolver::Unresolved;
use crate::config::SecretSpec;

/// What a door asks.
#[derive(Clone, Debug)]
pub enum DoorGuard {
    /// Nothing, because the operator wrote so.
    Open(OpenDoor),
    /// One of its secrets, as it is.
    Bearer(Arc<DoorSecret>),
    /// A signature.
    Scheme(Arc<DoorKeys>),
}

impl DoorGuard {
    /// As the config has it; secrets are not looked up yet.
    pub(super) fn new(door: Door, config: &AuthConfig) -> Self {
        match config {
            AuthConfig::Open => Self::Open(OpenDoor(door)),
            AuthConfig::Bearer(secrets) => Self::Bearer(Arc::new(DoorSecret::new(door, secrets.clone()))),
            AuthConfig::Scheme(scheme) => Self::Scheme(Arc::new(DoorKeys::new(door, scheme))),
        }
    }

    /// The door.
    pub fn door(&self) -> &Door {
        match self {
            Self::Open(open) => &open.0,
            Self::Bearer(secret) => secret.door(),
            Self::Scheme(keys) => keys.door(),
        }
    }

    /// Whether it never had a secret that it needs: for callers it does not exist.
    pub fn is_unresolved(&self) -> bool {
        match self {
            Self::Open(_) => false,
            Self::Bearer(secret) => matches!(**secret.state(), SecretState::Unresolved),
            Self::Scheme(keys) => matches!(**keys.keys.state(), SecretState::Unresolved),
        }
    }

    pub(super) fn specs(&self) -> &[SecretSpec] {
        match self {
            Self::Open(_) => &[],
            Self::Bearer(secret) => secret.specs(),
            Self::Scheme(keys) => keys.keys.specs(),
        }
    }

    pub(super) fn begin(&self, at: usize, looked_up: Result<SecretString, Unresolved>) {
        match self {
            Self::Open(_) => {}
            Self::Bearer(secret) => secret.begin(at, looked_up),
            Self::Scheme(keys) => keys.keys.begin(at, looked_up),
        }
    }

    pub(super) fn renew(&self, at: usize, looked_up: Result<SecretString, Unresolved>) {
        match self {
            Self::Open(_) => {}
            Self::Bearer(secret) => secret.renew(at, looked_up),
            Self::Scheme(keys) => keys.keys.renew(at, looked_up),
        }
    }

    pub(super) fn pace(&self, at: usize) -> Pace {
        match self {
            Self::Open(_) => Pace::Never,
            Self::Bearer(secret) => secret.pace(at),
            Self::Scheme(keys) => keys.keys.pace(at),
        }
    }
}

/// A door that asks nobody. Made from a config that says so, and from nothing else.
#[derive(Clone, Debug)]
pub struct OpenDoor(Door);

impl OpenDoor {
    /// Whoever knocks.
    pub fn caller(&self) -> Caller {
        Caller::at(self.0.clone())
    }
}

/// A door with a scheme, and the values of its secrets.
#[derive(Debug)]
pub struct DoorKeys {
    scheme: Scheme,
    /// The secrets, and behind them the tokens of handshakes.
    keys: DoorSecret<Key>,
    secrets: usize,
}

/// Who knocked at a door with a scheme.
#[derive(Debug)]
pub enum Knock<'a> {
    /// A sender, with what is known of its request.
    Request(Caller, Proof<'a>),
    /// A sender that asks whether this is the right door; to be answered so.
    Handshake(Handshake),
}

impl DoorKeys {
    fn new(door: Door, config: &SchemeConfig) -> Self {
        let mut specs = config.secrets.clone();
        if let SchemeKind::Feishu { verification_token } = &config.kind {
            specs.push((**verification_token).clone());
        }
        Self { scheme: Scheme::new(config), keys: DoorSecret::new(door, specs), secrets: config.secrets.len() }
    }

    /// The door.
    pub fn door(&self) -> &Door {
        self.keys.door()
    }

    /// Its scheme.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Checks a request with the secrets as they are now. The reason of a refusal is for the log alone.
    pub fn verify<'a>(&self, presented: &Presented<'a>, now: Millis) -> Result<Knock<'a>, Refused> {
        let state = self.keys.state();
        let (secrets, tokens) = match &**state {
            SecretState::Live(keys) => keys.split_at_checked(self.secrets).unwrap_or((keys, &[])),
            SecretState::Unresolved | SecretState::Lost => (&[][..], &[][..]),
        };
        let values = |keys: &[Option<Key>]| -> Vec<_> { keys.iter().flatten().map(|key| key.0.clone()).collect() };
        let (secrets, tokens) = (values(secrets), values(tokens));
        let keys = Keys { secrets: &secrets, tokens: &tokens };
        Ok(match self.scheme.verify(keys, presented, now)? {
            Verified::Request(proof) => Knock::Request(Caller::at(self.door().clone()), proof),
            Verified::Handshake(handshake) => Knock::Handshake(handshake),
        })
    }
}
