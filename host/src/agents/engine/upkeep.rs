//! What can wait: runs and sessions past their time. In small steps, so that no run waits behind it.

use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use crate::model::Millis;
use crate::store::StoreError;

/// The pace of the upkeep.
const PACE: Duration = Duration::from_secs(60);
const PACE_MS: i64 = 60_000;

pub(super) async fn run(engine: Arc<Engine>) {
    loop {
        if let Err(error) = once(&engine).await {
            tracing::error!("the upkeep of runs failed and will be tried again: {error}");
        }
        let next = Millis(engine.clock.now().0.saturating_add(PACE_MS));
        tokio::select! {
            () = engine.clock.reach(next) => {}
            // The clock may have been set back.
            () = tokio::time::sleep(PACE) => {}
        }
    }
}

async fn once(engine: &Engine) -> Result<(), StoreError> {
    let now = engine.clock.now().0;
    let before = Millis(now.saturating_sub(engine.retention_ms));
    let sessions_before = Millis(now.saturating_sub(engine.sessions_kept_ms));
    while engine.store.forget_runs(before, sessions_before).await? {}
    Ok(())
}
