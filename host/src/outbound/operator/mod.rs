//! What an operator sees of deliveries and can do about them. The admin socket and the command line ask here, the one with a running engine
//! behind it and the other, when no gateway runs, with nothing but the store; both get the same views.
//!
//! Nothing here is a secret: of a URL the host is shown, because path and query often are the credential, and of what an endpoint is
//! signed with, nothing.

mod deliveries;
mod endpoints;
mod recovery;
mod saved;
mod status;
#[cfg(test)]
mod tests;
mod text;
pub mod views;

use std::pin::Pin;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::webhooks::Endpoint;
use crate::model::{DeliveryId, EndpointName, EndpointState, Event, Ids};
use crate::store::{Store, StoreError};

pub use deliveries::{LIST_DEFAULT, LIST_MAX, ListQuery};
pub use saved::{NotARequest, SavedRequest};
pub use status::Status;
pub use text::shown;

/// What a running engine can be told. Without one only rows change, and the next start acts on them.
pub trait Steer: Send + Sync {
    /// Rows changed: something is due, or a recovery waits.
    fn wake(&self);
    /// Enables an endpoint, as if nothing had ever failed.
    fn enable<'a>(&'a self, name: &'a EndpointName) -> Steering<'a, ()>;
    /// Disables an endpoint.
    fn disable<'a>(&'a self, name: &'a EndpointName) -> Steering<'a, ()>;
    /// Sends an endpoint a message of its own; its delivery is then as any other.
    fn send_test<'a>(&'a self, name: &'a EndpointName) -> Steering<'a, DeliveryId>;
}

/// What comes of steering.
pub type Steering<'a, T> = Pin<Box<dyn Future<Output = Result<T, OperatorError>> + Send + 'a>>;

/// Whether an endpoint of the config wants an event.
pub type Wants = Arc<dyn Fn(&EndpointName, &Event) -> bool + Send + Sync>;

/// Why something could not be shown or done. Each sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The question itself is wrong.
    #[error("{0}")]
    Invalid(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// It cannot be done as things stand.
    #[error("{0}")]
    Refused(String),
    /// Only a running gateway can do it.
    #[error("no gateway runs on this state folder, and only a running one can do this; start it with `sandclaw serve`")]
    NotRunning,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The operator's view of one state folder. Cheap to clone.
#[derive(Clone)]
pub struct Operator {
    store: Store,
    clock: Clock,
    ids: Ids,
    endpoints: Arc<[Endpoint]>,
    wants: Wants,
    steer: Option<Arc<dyn Steer>>,
}

impl Operator {
    /// A view of this store. `endpoints` are those of the config, switched off or not.
    pub fn new(store: Store, clock: Clock, endpoints: &[Endpoint], wants: Wants) -> Self {
        Self { store, clock, ids: Ids, endpoints: endpoints.into(), wants, steer: None }
    }

    /// With a running engine, which is told of every change.
    #[must_use]
    pub fn steering(mut self, engine: Arc<dyn Steer>) -> Self {
        self.steer = Some(engine);
        self
    }

    fn wake(&self) {
        if let Some(engine) = &self.steer {
            engine.wake();
        }
    }

    /// An endpoint of the config.
    fn configured(&self, name: &str) -> Result<&Endpoint, OperatorError> {
        self.endpoints.iter().find(|endpoint| endpoint.name.as_str() == name).ok_or_else(|| {
            let known: Vec<&str> = self.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
            let there_are = match known.as_slice() {
                [] => "it has none under webhooks.endpoints".to_owned(),
                known => format!("it has {}", known.join(", ")),
            };
            OperatorError::NotFound(format!("there is no endpoint {} in the config; {there_are}", shown(name, 64)))
        })
    }

    fn state_of(&self, name: &EndpointName) -> Result<Option<EndpointState>, OperatorError> {
        Ok(self.store.endpoint_states()?.into_iter().find(|state| state.name == *name))
    }
}

/// That an endpoint gets nothing, and what to do about it.
pub(super) fn is_disabled(name: &EndpointName, why: &str) -> String {
    format!("{name} is disabled ({}); `sandclaw webhooks enable {name}` first", shown(why, 200))
}
