//! The start: what a dead process left is taken over, each agent gets its runner, and the tasks begin.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::super::Groups;
use super::super::acp::Acp;
use super::super::command::Command;
use super::super::openclaw::{Gateways, OpenClaw};
use super::super::runner::Runs;
use super::{ATTEMPTS_MAX, Engine, Serving, Workers, claim, upkeep};
use crate::auth::secret::{KeptSecret, Resolver, keep_fresh, look_up_all};
use crate::clock::Clock;
use crate::config::agents::{Agent, Agents, OnInterrupted, Runner};
use crate::config::{Config, Env};
use crate::model::RunState;
use crate::store::patience::keep_running;
use crate::store::{Resuming, RunQuery, Store, StoreError};
use crate::taskflow::FOLLOWING;

/// What the engine is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Finds the values of secrets.
    pub resolver: Resolver,
    /// What programs inherit, if they are to.
    pub env: Env,
    /// The OpenClaw Gateways that agents live in.
    pub gateways: Gateways,
    /// Where programs are started.
    pub groups: Groups,
}

impl Workers {
    /// Starts the engine for the agents of this config.
    pub async fn start(config: &Config, parts: Parts) -> Result<Self, StoreError> {
        let agents = &config.agents;
        let resuming = resuming(agents);
        take_over(&parts.store, &resuming).await?;
        tell_of_strays(&parts.store, agents)?;
        let mut secrets = Vec::new();
        let serving = agents.list.iter().filter_map(|agent| {
            let runs = runner(agent, &parts, &mut secrets)?;
            Some(Arc::new(Serving {
                id: agent.id.clone(),
                runs,
                at_once_max: agent.at_once_max,
                timeout: agent.timeout,
            }))
        });
        let serving: Vec<_> = serving.collect();
        look_up_all(&secrets, &parts.resolver).await;
        let engine = Arc::new(Engine {
            store: parts.store,
            clock: parts.clock,
            agents: serving,
            at_once_max: agents.at_once_max,
            resuming,
            retention_ms: millis(agents.retention),
            sessions_kept_ms: millis(agents.sessions_kept),
            under_way: Mutex::default(),
            room: Notify::new(),
            runs: TaskTracker::new(),
            draining: CancellationToken::new(),
            cut: CancellationToken::new(),
        });
        let (one, two) = (engine.clone(), engine.clone());
        let claiming = tokio::spawn(keep_running("the claiming of runs", move || claim::run(one.clone())));
        let tasks = vec![
            tokio::spawn(keep_running("the upkeep of runs", move || upkeep::run(two.clone()))),
            tokio::spawn(keep_fresh(secrets, parts.resolver, config.secrets.refresh)),
        ];
        Ok(Self { engine, claiming: Some(claiming), tasks })
    }
}

/// What carries out the runs of this agent, if anything here does. Secrets it needs are added to `secrets`, to be kept fresh.
fn runner(agent: &Agent, parts: &Parts, secrets: &mut Vec<Arc<KeptSecret>>) -> Option<Arc<dyn Runs>> {
    match &agent.runner {
        Runner::None => None,
        Runner::Command(config) => {
            let command = Command::new(&agent.id, config.clone(), &parts.env, parts.groups.clone());
            secrets.extend(command.secrets());
            Some(Arc::new(command))
        }
        Runner::Acp(config) => Some(Arc::new(Acp::new(config.clone(), parts.env.clone(), parts.groups.clone()))),
        Runner::OpenClaw(_) => {
            let gateway = parts.gateways.of(&agent.id)?;
            Some(Arc::new(OpenClaw::new(gateway.clone(), parts.clock.clone())))
        }
    }
}

/// What becomes of runs that are interrupted.
fn resuming(agents: &Agents) -> Resuming {
    let may = agents.list.iter().filter(|agent| agent.on_interrupted == OnInterrupted::Resume);
    Resuming { agents: may.map(|agent| agent.id.clone()).collect(), attempts_max: ATTEMPTS_MAX }
}

/// The folder's lock says that whoever held these leases is dead.
async fn take_over(store: &Store, resuming: &Resuming) -> Result<(), StoreError> {
    let mut taken = (0, 0);
    loop {
        match store.take_over_runs(resuming.clone(), FOLLOWING).await? {
            (0, 0) => break,
            (again, ended) => taken = (taken.0 + again, taken.1 + ended),
        }
    }
    if taken != (0, 0) {
        let (again, ended) = taken;
        tracing::warn!(
            "runs were cut off when the last process ended: {again} are begun again, {ended} have ended with that"
        );
    }
    Ok(())
}

/// Runs that wait for somebody whom the config does not have.
fn tell_of_strays(store: &Store, agents: &Agents) -> Result<(), StoreError> {
    for agent in store.agents_with_runs()?.into_iter().filter(|agent| agents.find(agent).is_none()) {
        let query = RunQuery { recent: 1, agent: Some(agent.clone()), states: vec![RunState::Queued] };
        if !store.runs(&query)?.is_empty() {
            tracing::warn!(
                %agent,
                "runs wait for an agent that the config does not have; `sandclaw runs list --agent {agent}` shows them"
            );
        }
    }
    Ok(())
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
