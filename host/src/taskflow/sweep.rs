//! What happens to flows and tasks by itself: tasks whose worker fell silent are lost, cancellations complete, old tasks go, and so do keys and
//! signatures that nobody repeats any more.
//!
//! OpenClaw 2026.4.7 left a flow without tasks for ever once `request_cancel` had marked it; its later releases and this one end it.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use super::following::end_cancelled;
use super::{TaskFlows, task_rules};
use crate::model::Millis;
use crate::store::{StoreError, Swept};

/// First pass after start, then the pace: OpenClaw's numbers.
const FIRST: Duration = Duration::from_secs(5);
const PACE: Duration = Duration::from_secs(60);

/// A task with a child session may be silent this long, and a cancellation without tasks may be left to its controller this long.
const GRACE_MS: i64 = 5 * 60 * 1000;

/// Sweeps until `shutdown` is ready. A pass that fails is logged, and the next one tries again.
pub async fn run(flows: &TaskFlows, shutdown: impl Future<Output = ()>) {
    let mut shutdown = pin!(shutdown);
    let mut wait = FIRST;
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = PACE;
        match once(flows, flows.clock.now()).await {
            Ok(done) if done.tasks + done.flows > 0 => {
                tracing::info!(
                    tasks_lost = done.tasks,
                    flows_cancelled = done.flows,
                    "the sweep ended what was left behind"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "the sweep failed and will be tried again"),
        }
    }
}

/// One pass, as of `now`. Returns what it did.
pub async fn once(flows: &TaskFlows, now: Millis) -> Result<Swept, StoreError> {
    let grace_began = Millis(now.0.saturating_sub(GRACE_MS));
    let mut total = Swept::default();
    let mut add = |step: Swept| {
        total.tasks += step.tasks;
        total.flows += step.flows;
        total.deleted += step.deleted;
        step.more
    };
    let store = &flows.store;
    while add(store
        .sweep_silent_tasks(
            grace_began,
            move |task| task_rules::lose(task, now),
            |flow, task| end_cancelled(flow, task.ended_at?),
        )
        .await?)
    {}
    while add(store.sweep_cancelled_flows(grace_began, move |flow| end_cancelled(flow, now)).await?) {}
    while add(store.sweep_old_tasks(now).await?) {}
    while add(store.sweep_accepted(now).await?) {}
    Ok(total)
}
