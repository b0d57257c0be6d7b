//! What an operator can do to a running engine.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::super::operator::{OperatorError, Steer, Steering, Wants, is_disabled};
use super::super::wants::{self, Candidate, TEST_KIND};
use super::super::words::{self, BY_OPERATOR};
use super::{Destination, Engine, state_now};
use crate::config::webhooks::Endpoint;
use crate::model::{DeliveryId, EndpointName, NewEvent};
use crate::store::{DeliveryQuery, HandedIn};

/// The longest that a test message may wait for its dispatch: events before it go first.
const DISPATCH_MAX: Duration = Duration::from_secs(10);

/// Deliveries among which the one of a test message is looked for: the newest ones of its endpoint.
const LOOKED_THROUGH: u32 = 1000;

/// The engine, for those who steer it.
pub(super) struct Wheel(pub Arc<Engine>);

/// Whether an endpoint of these wants an event, without a running engine.
pub fn wants_of(endpoints: &[Endpoint], instance_id: &str) -> Wants {
    let all: Vec<_> = endpoints.iter().map(|endpoint| (endpoint.name.clone(), wants::Wants::new(endpoint))).collect();
    let instance_id = instance_id.to_owned();
    Arc::new(move |name, event| {
        let wants = all.iter().find(|(known, _)| known == name);
        wants.is_some_and(|(_, wants)| wants.wants(&Candidate::new(event, &instance_id)))
    })
}

impl Steer for Wheel {
    fn wake(&self) {
        self.0.wake();
    }

    fn enable<'a>(&'a self, name: &'a EndpointName) -> Steering<'a, ()> {
        Box::pin(self.0.enable(name))
    }

    fn disable<'a>(&'a self, name: &'a EndpointName) -> Steering<'a, ()> {
        Box::pin(self.0.disable(name))
    }

    fn send_test<'a>(&'a self, name: &'a EndpointName) -> Steering<'a, DeliveryId> {
        Box::pin(self.0.send_test(name))
    }
}

impl Engine {
    fn served(&self, name: &EndpointName) -> Result<&Arc<Destination>, OperatorError> {
        self.destination(name.as_str()).ok_or_else(|| {
            OperatorError::Refused(format!("the endpoint {name} is switched off in the config (`enabled: false`)"))
        })
    }

    /// Rows changed: look again.
    fn wake(&self) {
        let now = self.clock.now();
        for to in &self.destinations {
            to.lane.is_due(now);
            to.lane.is_due_again(now);
        }
        self.room.notify_one();
        self.chores.notify_one();
    }

    async fn enable(&self, name: &EndpointName) -> Result<(), OperatorError> {
        let to = self.served(name)?;
        // In memory first: a try that ends meanwhile writes what it finds there.
        to.lane.enable();
        self.store.put_endpoint_state_now(state_now(to), Vec::new()).await?;
        self.wake();
        Ok(())
    }

    /// What is open for it is given up; a recovery brings it back.
    async fn disable(&self, name: &EndpointName) -> Result<(), OperatorError> {
        let to = self.served(name)?;
        if to.lane.is_disabled() {
            return Ok(());
        }
        to.lane.set_disabled(Some((self.clock.now(), BY_OPERATOR.to_owned())));
        let told = words::disabled(self.ids, to.name(), BY_OPERATOR);
        if let Err(error) = self.store.put_endpoint_state_now(state_now(to), vec![told]).await {
            to.lane.set_disabled(None);
            return Err(error.into());
        }
        self.chores.notify_one();
        Ok(())
    }

    /// Sends one endpoint a message of its own. Its delivery is then as any other.
    async fn send_test(&self, name: &EndpointName) -> Result<DeliveryId, OperatorError> {
        let to = self.served(name)?;
        if let Some((_, why)) = to.lane.health().disabled {
            return Err(OperatorError::Refused(format!("the endpoint {}", is_disabled(name, &why))));
        }
        let data =
            json!({ "endpoint": name.as_str(), "message": "This is a test of your endpoint. Nothing happened." });
        let event = NewEvent::new(self.ids.event(), TEST_KIND, data.to_string());
        let id = event.id.clone();
        let mut dispatched = self.dispatched.subscribe();
        let late = || {
            let sentence = "the test message is stored and waits behind other events";
            OperatorError::Refused(format!("{sentence}; `sandclaw webhooks list --endpoint {name}` will show it"))
        };
        if !matches!(self.store.hand_in(vec![event], None).await?, HandedIn::Stored(_)) {
            return Err(late());
        }
        let query =
            DeliveryQuery { recent: LOOKED_THROUGH, endpoint: Some(to.name().clone()), ..DeliveryQuery::default() };
        let found = async {
            loop {
                let rows = self.store.deliveries(&query)?;
                if let Some(row) = rows.into_iter().find(|row| row.event == id) {
                    return Ok(row.id);
                }
                if dispatched.changed().await.is_err() {
                    return Err(late());
                }
            }
        };
        tokio::time::timeout(DISPATCH_MAX, found).await.unwrap_or_else(|_| Err(late()))
    }
}
