//! Endpoints: how they are, and switching them on and off.

use std::collections::HashMap;

use url::Url;

use super::super::words::{self, BY_OPERATOR};
use super::views::{Counts, EndpointLine, EndpointList, EndpointStatus, TestAnswer};
use super::{Operator, OperatorError};
use crate::config::webhooks::Endpoint;
use crate::model::{DeliveryState, EndpointName, EndpointState, Millis};

impl Operator {
    /// Every endpoint of the config in its order, then those that are gone from it and still remembered.
    pub fn endpoints(&self) -> Result<EndpointList, OperatorError> {
        let mut states: HashMap<EndpointName, EndpointState> =
            self.store.endpoint_states()?.into_iter().map(|state| (state.name.clone(), state)).collect();
        let mut counts: HashMap<EndpointName, Counts> =
            self.store.delivery_counts()?.into_iter().map(|of| (of.endpoint, counted(&of.states))).collect();
        let now = self.clock.now();
        let mut endpoints: Vec<_> = self
            .endpoints
            .iter()
            .map(|endpoint| {
                let name = &endpoint.name;
                line(name, Some(endpoint), states.remove(name), counts.remove(name).unwrap_or_default(), now)
            })
            .collect();
        let mut gone: Vec<EndpointName> = states.keys().chain(counts.keys()).cloned().collect();
        gone.sort();
        gone.dedup();
        endpoints.extend(
            gone.iter().map(|name| line(name, None, states.remove(name), counts.remove(name).unwrap_or_default(), now)),
        );
        Ok(EndpointList { endpoints })
    }

    /// Enables an endpoint, as if nothing had ever failed.
    pub async fn enable(&self, name: &str) -> Result<(), OperatorError> {
        let endpoint = self.configured(name)?;
        let name = &endpoint.name;
        if !endpoint.enabled {
            let why = format!("the config switches {name} off; take `enabled: false` out of it and start again");
            return Err(OperatorError::Refused(why));
        }
        match &self.steer {
            Some(engine) => engine.enable(name).await,
            None => {
                let fresh = EndpointState::new(name.clone(), endpoint.version());
                Ok(self.store.put_endpoint_state(fresh, Vec::new()).await?)
            }
        }
    }

    /// Disables an endpoint: it gets nothing until somebody enables it.
    pub async fn disable(&self, name: &str) -> Result<(), OperatorError> {
        let endpoint = self.configured(name)?;
        let name = &endpoint.name;
        if !endpoint.enabled {
            return Err(OperatorError::Refused(format!("the config switches {name} off already")));
        }
        if let Some(engine) = &self.steer {
            return engine.disable(name).await;
        }
        let known = self.state_of(name)?;
        if known.as_ref().is_some_and(|state| state.disabled.is_some()) {
            return Ok(());
        }
        let mut state = known.unwrap_or_else(|| EndpointState::new(name.clone(), endpoint.version()));
        state.disabled = Some((self.clock.now(), BY_OPERATOR.to_owned()));
        let told = words::disabled(self.ids, name, BY_OPERATOR);
        Ok(self.store.put_endpoint_state(state, vec![told]).await?)
    }

    /// Sends an endpoint a message of its own.
    pub async fn send_test(&self, name: &str) -> Result<TestAnswer, OperatorError> {
        let engine = self.steer.as_ref().ok_or(OperatorError::NotRunning)?;
        let name = self.configured(name)?.name.clone();
        Ok(TestAnswer { delivery: engine.send_test(&name).await?.to_string() })
    }
}

fn line(
    name: &EndpointName,
    endpoint: Option<&Endpoint>,
    state: Option<EndpointState>,
    counts: Counts,
    now: Millis,
) -> EndpointLine {
    // Of another definition nothing is known.
    let version = endpoint.map(Endpoint::version);
    let state = state.filter(|state| version.is_none_or(|version| version == state.version));
    let rests_until = state.as_ref().and_then(|state| state.rests_until).filter(|until| *until > now);
    let (disabled_at, disabled_reason) = state.as_ref().and_then(|state| state.disabled.clone()).unzip();
    EndpointLine {
        name: name.to_string(),
        status: match (endpoint, &state) {
            (None, _) => EndpointStatus::Gone,
            (Some(endpoint), _) if !endpoint.enabled => EndpointStatus::Off,
            _ if disabled_at.is_some() => EndpointStatus::Disabled,
            _ if rests_until.is_some() => EndpointStatus::Resting,
            (_, Some(state)) if state.failures > 0 => EndpointStatus::Failing,
            _ => EndpointStatus::Active,
        },
        url: endpoint.map(|endpoint| place(&endpoint.url)),
        events: endpoint.map(|endpoint| endpoint.events.clone()).unwrap_or_default(),
        disabled_at: disabled_at.map(|at| at.0),
        disabled_reason,
        failures: state.as_ref().map_or(0, |state| state.failures),
        failing_since: state.as_ref().and_then(|state| state.failing_since).map(|at| at.0),
        opens: state.as_ref().map_or(0, |state| state.opens),
        rests_until: rests_until.map(|at| at.0),
        counts,
    }
}

/// Scheme, host and port. Slack's and others' URLs are their credentials, so nothing behind the host is shown.
fn place(url: &Url) -> String {
    let has_more = url.path() != "/" || url.query().is_some();
    format!("{}/{}", url.origin().ascii_serialization(), if has_more { "…" } else { "" })
}

fn counted(states: &[(DeliveryState, u64)]) -> Counts {
    let of = |state| states.iter().find(|(found, _)| *found == state).map_or(0, |(_, count)| *count);
    Counts {
        due: of(DeliveryState::Due),
        leased: of(DeliveryState::Leased),
        held: of(DeliveryState::Held),
        delivered: of(DeliveryState::Delivered),
        skipped: of(DeliveryState::Skipped),
        dead: of(DeliveryState::Dead),
        cancelled: of(DeliveryState::Cancelled),
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn of_a_url_nothing_is_shown_that_may_be_a_secret() {
        for (url, expected) in [
            ("https://hooks.slack.com/services/T00/B00/xxxxx", "https://hooks.slack.com/…"),
            ("https://oapi.dingtalk.com/robot/send?access_token=x", "https://oapi.dingtalk.com/…"),
            ("https://h/?token=x", "https://h/…"),
            ("http://[::1]:8080/a", "http://[::1]:8080/…"),
            ("https://h:8443", "https://h:8443/"),
        ] {
            assert_eq!(place(&url.parse().unwrap()), expected);
        }
    }
}
