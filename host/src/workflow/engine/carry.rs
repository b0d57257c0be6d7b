//! One run, from its claim to its end, or to where it has to wait.

use std::sync::Arc;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::plans::Plans;
use super::run::Run;
use super::walk::{self, Place, Went};
use crate::json::{JsonText, value_lossy};
use crate::model::{ClaimedWorkflow, visible_line};
use crate::taskflow::Steering;

/// Carries it out as far as it can go now.
pub(super) async fn carry_out(engine: Arc<Shared>, claimed: ClaimedWorkflow, stop: CancellationToken) {
    let (flow, workflow) = (claimed.flow.clone(), claimed.workflow.clone());
    let run = Arc::new(Run::new(engine, claimed, stop));
    let went = if run.claimed.is_to_end { Went::Stopped } else { walk_on(&run).await };
    match &went {
        Went::On | Went::SkipRest => tracing::info!(%flow, workflow, "the workflow succeeded"),
        Went::Failed(step, why) => tracing::warn!(%flow, workflow, step, "the workflow failed: {}", visible_line(why)),
        Went::Waits | Went::Stopped | Went::Gone => tracing::debug!(%flow, workflow, "the workflow pauses"),
    }
    // A failure here means that the run is no longer ours, or that the next start finds it as it is.
    let _ = settle(&run, went).await;
}

async fn settle(run: &Run, went: Went) -> Result<(), Went> {
    match went {
        Went::On | Went::SkipRest => run.steer(Steering::Finish).await,
        Went::Failed(step, why) => {
            let reason = JsonText::string(&super::summary::cut(&format!("{step}: {why}"), 1_000));
            run.steer(|state| Steering::Fail { state, reason }).await
        }
        Went::Waits => run.park(&run.take_waits()).await,
        Went::Stopped if run.claimed.is_to_end || run.engine.under_way.is_to_end(&run.claimed.flow) => {
            run.steer(|state| Steering::Cancel(Some(state))).await
        }
        // The gateway stops: whoever starts next goes on at once.
        Went::Stopped => run.park(&[]).await,
        Went::Gone => Ok(()),
    }
}

async fn walk_on(run: &Arc<Run>) -> Went {
    let plans = match Plans::of_text(&run.claimed.text) {
        Ok(plans) => Arc::new(plans),
        Err(why) => {
            return Went::Failed(
                "definition".to_owned(),
                format!("this release cannot read what the run began with: {why}"),
            );
        }
    };
    let input = value_lossy(&run.claimed.input);
    let empty = Value::Null;
    let (webhook, args) = (input.get("webhook").unwrap_or(&empty), input.get("args").unwrap_or(&empty));
    let values = run.values(&plans.root, webhook, args);
    let mut place = Place { plan: plans.root.clone(), plans, values, path: None };
    walk::workflow(run, &mut place).await
}
