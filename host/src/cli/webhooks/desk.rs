//! Where commands ask: the gateway that runs on the state folder, or its database when none does. Looked up with each question, so that a
//! command that goes on for a while (`--follow`) does not mind a restart.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use super::super::ConfigArgs;
use super::encoded;
use crate::app;
use crate::config::Config;
use crate::model::Millis;
use crate::outbound::operator::views::{
    DeliveryDetail, DeliveryList, EndpointList, RecoveryForecast, RecoveryLine, RecoveryList, RecoveryRequest,
    RetryAnswer, TestAnswer,
};
use crate::outbound::operator::{ListQuery, Operator, OperatorError};

/// A test message may wait for the events before it; the gateway gives up sooner than this.
const TEST_PATIENCE: Duration = Duration::from_secs(20);
/// Counting may look at every event there is.
const FORECAST_PATIENCE: Duration = Duration::from_secs(120);

pub(super) struct Desk {
    state_dir: PathBuf,
    config: Option<Config>,
    arguments: ConfigArgs,
    beside: OnceLock<Operator>,
}

impl Desk {
    /// With `--state-dir` alone no config is read until something needs it.
    pub fn new(arguments: &ConfigArgs) -> Result<Self> {
        let (state_dir, config) = match (&arguments.config, &arguments.state_dir) {
            (None, Some(state_dir)) => (state_dir.clone(), None),
            _ => {
                let config = arguments.load()?;
                (config.state_dir.clone(), Some(config))
            }
        };
        Ok(Self { state_dir, config, arguments: arguments.clone(), beside: OnceLock::new() })
    }

    pub async fn deliveries(&self, query: &ListQuery) -> Result<DeliveryList> {
        let mut path = format!("/webhooks/deliveries?recent={}", query.recent);
        if let Some(status) = query.status {
            path += &format!("&status={status}");
        }
        if let Some(endpoint) = &query.endpoint {
            path += &format!("&endpoint={}", encoded(endpoint));
        }
        if let Some(since) = query.changed_since {
            path += &format!("&changedSince={}", since.0);
        }
        match self.ask(&path).await? {
            Some(list) => Ok(list),
            None => Ok(self.beside()?.deliveries(query)?),
        }
    }

    pub async fn delivery(&self, id: &str) -> Result<DeliveryDetail> {
        match self.ask(&format!("/webhooks/deliveries/{}", encoded(id))).await? {
            Some(detail) => Ok(detail),
            None => Ok(self.beside()?.delivery(id)?),
        }
    }

    /// The answer, and whether a gateway runs that acts on it.
    pub async fn retry(&self, id: &str) -> Result<(RetryAnswer, bool)> {
        match self.tell(&format!("/webhooks/deliveries/{}/retry", encoded(id))).await? {
            Some(answer) => Ok((answer, true)),
            None => Ok((self.beside()?.retry(id).await?, false)),
        }
    }

    pub async fn endpoints(&self) -> Result<EndpointList> {
        match self.ask("/webhooks/endpoints").await? {
            Some(list) => Ok(list),
            None => Ok(self.beside_with_config()?.endpoints()?),
        }
    }

    pub async fn enable(&self, name: &str) -> Result<()> {
        match self.tell::<serde::de::IgnoredAny>(&format!("/webhooks/endpoints/{}/enable", encoded(name))).await? {
            Some(_) => Ok(()),
            None => Ok(self.beside_with_config()?.enable(name).await?),
        }
    }

    pub async fn disable(&self, name: &str) -> Result<()> {
        match self.tell::<serde::de::IgnoredAny>(&format!("/webhooks/endpoints/{}/disable", encoded(name))).await? {
            Some(_) => Ok(()),
            None => Ok(self.beside_with_config()?.disable(name).await?),
        }
    }

    pub async fn send_test(&self, name: &str) -> Result<TestAnswer> {
        let path = format!("/webhooks/endpoints/{}/test", encoded(name));
        let told = app::tell_operator(&self.state_dir, &path, &(), Some(TEST_PATIENCE)).await?;
        told.ok_or_else(|| OperatorError::NotRunning.into())
    }

    pub async fn forecast(&self, endpoint: &str, since: Millis) -> Result<RecoveryForecast> {
        let asked = RecoveryRequest { endpoint: endpoint.to_owned(), since: since.0, dry_run: true };
        match app::tell_operator(&self.state_dir, "/webhooks/recoveries", &asked, Some(FORECAST_PATIENCE)).await? {
            Some(forecast) => Ok(forecast),
            None => Ok(self.beside_with_config()?.forecast(endpoint, since)?),
        }
    }

    /// The recovery, and whether a gateway runs that carries it out.
    pub async fn recover(&self, endpoint: &str, since: Millis) -> Result<(RecoveryLine, bool)> {
        let asked = RecoveryRequest { endpoint: endpoint.to_owned(), since: since.0, dry_run: false };
        match app::tell_operator(&self.state_dir, "/webhooks/recoveries", &asked, None).await? {
            Some(line) => Ok((line, true)),
            None => Ok((self.beside_with_config()?.recover(endpoint, since).await?, false)),
        }
    }

    pub async fn recoveries(&self) -> Result<RecoveryList> {
        match self.ask("/webhooks/recoveries").await? {
            Some(list) => Ok(list),
            None => Ok(self.beside()?.recoveries()?),
        }
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>> {
        app::ask_operator(&self.state_dir, path).await
    }

    async fn tell<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>> {
        app::tell_operator(&self.state_dir, path, &(), None).await
    }

    fn beside(&self) -> Result<&Operator> {
        self.opened(self.config.as_ref())
    }

    /// Who changes an endpoint has to know those of the config.
    fn beside_with_config(&self) -> Result<&Operator> {
        if self.config.is_some() {
            return self.beside();
        }
        let config = self.arguments.load().context("no gateway runs on this state folder, so this needs its config")?;
        self.opened(Some(&config))
    }

    fn opened(&self, config: Option<&Config>) -> Result<&Operator> {
        if let Some(operator) = self.beside.get() {
            return Ok(operator);
        }
        let operator = app::operator_beside(&self.state_dir, config)?;
        Ok(self.beside.get_or_init(|| operator))
    }
}
