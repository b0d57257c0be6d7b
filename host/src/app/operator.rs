//! The operator's view of deliveries: through the socket of a gateway that runs, or else from the store beside it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Clock;
use crate::config::{Config, Workflows};
use crate::http::{Said, ask_admin, tell_admin};
use crate::outbound::operator::Operator;
use crate::outbound::operator::views::Refusal;
use crate::outbound::wants_of;
use crate::store::Store;
use crate::workflow::approvals::Approvals;

/// What a gateway that runs on this state folder shows at a path of its socket; nothing if none runs.
pub async fn ask_operator<T: DeserializeOwned>(state_dir: &Path, path: &str) -> Result<Option<T>> {
    ask_admin(state_dir, path).await?.map(read).transpose()
}

/// Tells a gateway that runs on this state folder to do something; nothing if none runs. `patience` is for what takes its time.
pub async fn tell_operator<T: DeserializeOwned>(
    state_dir: &Path,
    path: &str,
    body: &(impl Serialize + Sync),
    patience: Option<Duration>,
) -> Result<Option<T>> {
    tell_admin(state_dir, path, body, patience).await?.map(read).transpose()
}

/// The view of a state folder on which no gateway runs. Without a config no endpoint is known.
pub fn operator_beside(state_dir: &Path, config: Option<&Config>) -> Result<Operator> {
    let store = Store::open_beside(state_dir)?;
    Ok(operator(config, store, Clock::system()))
}

/// The desk of a state folder on which no gateway runs: what is answered there is gone on with when one starts. Without `workflows` nobody can
/// answer for an operator's list.
pub fn approvals_beside(state_dir: &Path, workflows: Option<Workflows>) -> Result<Approvals> {
    let store = Store::open_beside(state_dir)?;
    Approvals::new(store, Clock::system(), state_dir, workflows).context("the key of approval links cannot be read")
}

/// The view of a store.
pub(super) fn operator(config: Option<&Config>, store: Store, clock: Clock) -> Operator {
    match config {
        Some(config) => {
            let webhooks = &config.webhooks;
            let wants = wants_of(&webhooks.endpoints, &webhooks.instance_id);
            Operator::new(store, clock, &webhooks.endpoints, wants)
        }
        None => Operator::new(store, clock, &[], Arc::new(|_, _| false)),
    }
}

fn read<T: DeserializeOwned>(said: Said) -> Result<T> {
    if said.is_ok {
        return serde_json::from_slice(&said.body)
            .context("the gateway on this state folder answers in another release's words; use its own `sandclaw`");
    }
    let refusal: Option<Refusal> = serde_json::from_slice(&said.body).ok();
    Err(match refusal {
        Some(refusal) => anyhow!(refusal.error),
        None => anyhow!("the gateway on this state folder does not know this command; is it an older release?"),
    })
}
