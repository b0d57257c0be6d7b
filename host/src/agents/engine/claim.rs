//! Takes leases as far as there is room, and starts a task for each run; stops what is to be stopped; takes back what clients let lapse.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Engine, UnderWay, carry};
use crate::model::AgentId;
use crate::store::patience::AFTER_FAILURE;
use crate::store::{RunRoom, StoreError};
use crate::taskflow::FOLLOWING;

/// The command line writes beside the server and cannot wake it; a clock may be set.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) async fn run(engine: Arc<Engine>) {
    let mut changes = engine.store.runs_changed();
    let mut turn = 0;
    while !engine.draining.is_cancelled() {
        changes.mark_unchanged();
        let pause = match once(&engine, turn).await {
            Ok(()) => LOOK_AGAIN,
            Err(StoreError::Closed) => return,
            Err(error) => {
                tracing::error!("runs cannot be claimed and will be again: {error}");
                tokio::select! {
                    () = engine.draining.cancelled() => {}
                    () = tokio::time::sleep(AFTER_FAILURE) => {}
                }
                continue;
            }
        };
        turn += 1;
        let lapse = async {
            match engine.store.next_lapse() {
                Ok(Some(at)) => engine.clock.reach(at).await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = changes.changed() => {}
            () = engine.room.notified() => {}
            () = lapse => {}
            () = tokio::time::sleep(pause) => {}
            () = engine.draining.cancelled() => {}
        }
    }
}

async fn once(engine: &Arc<Engine>, turn: usize) -> Result<(), StoreError> {
    stop(engine)?;
    lapse(engine).await?;
    claim(engine, turn).await
}

/// Tells runs under way to stop that somebody has cancelled.
fn stop(engine: &Engine) -> Result<(), StoreError> {
    for id in engine.store.runs_to_stop()? {
        if let Some(run) = engine.under_way().get(&id) {
            run.stop.cancel();
        }
    }
    Ok(())
}

async fn lapse(engine: &Engine) -> Result<(), StoreError> {
    while engine.store.next_lapse()?.is_some_and(|at| at <= engine.clock.now()) {
        let (again, ended) = engine.store.lapse_runs(engine.resuming.clone(), FOLLOWING).await?;
        tracing::warn!("leases of clients ended without a word: {again} runs wait again, {ended} have ended with that");
    }
    Ok(())
}

/// What each agent has room for. The turn moves who goes first, so that none is always last when there is little room for all.
fn rooms(engine: &Engine, turn: usize) -> Result<(Vec<RunRoom>, u32), StoreError> {
    let mut counts: HashMap<AgentId, u32> = HashMap::new();
    let mut total: u32 = 0;
    for run in engine.under_way().values() {
        *counts.entry(run.agent.clone()).or_default() += 1;
        total += 1;
    }
    let mut rooms = Vec::new();
    let first = turn.checked_rem(engine.agents.len()).unwrap_or(0);
    for agent in engine.agents[first..].iter().chain(&engine.agents[..first]) {
        let under_way = counts.get(&agent.id).copied().unwrap_or(0);
        let limit = agent.at_once_max.saturating_sub(under_way);
        if limit > 0 && engine.store.has_turn(&agent.id)? {
            rooms.push(RunRoom { agent: agent.id.clone(), limit });
        }
    }
    Ok((rooms, engine.at_once_max.saturating_sub(total)))
}

async fn claim(engine: &Arc<Engine>, turn: usize) -> Result<(), StoreError> {
    let (rooms, total) = rooms(engine, turn)?;
    if rooms.is_empty() || total == 0 {
        return Ok(());
    }
    for claimed in engine.store.claim_runs(rooms, total, FOLLOWING).await? {
        let Some(agent) = engine.agents.iter().find(|agent| agent.id == claimed.run.asked.agent) else { continue };
        let stop = CancellationToken::new();
        let under_way = UnderWay { agent: agent.id.clone(), stop: stop.clone() };
        engine.under_way().insert(claimed.run.asked.id.clone(), under_way);
        let carried = carry::run(engine.clone(), agent.clone(), claimed, stop);
        engine.runs.spawn(engine.cut.clone().run_until_cancelled_owned(carried));
    }
    Ok(())
}
