//! Steps that hold others: another workflow, branches at the same time, a list gone through. What is inside has rows of its own, so that what
//! has a result keeps it; the step around only puts the results together.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::task::JoinSet;

use super::attempt::Attempt;
use super::result::StepResult;
use super::run::{Run, Wait};
use super::walk::{self, Place, Went};
use crate::expr::Template;
use crate::model::{Millis, StepRow, StepState};
use crate::workflow::steps::Done;
use crate::workflow::{Body, ForEach, Step, StepPath};

/// Goes through another workflow. Its result is that of its last step that ran.
pub(super) async fn call(
    run: &Arc<Run>,
    place: &Place,
    step: &Step,
    name: &str,
    args: &Template,
    path: &StepPath,
) -> Result<Done, Went> {
    let Some(plan) = place.plans.called.get(name) else {
        return Ok(Done::of(StepResult::failed("workflow", format!("there is no workflow `{name}`"))));
    };
    let given = match args.value(&place.values) {
        Ok(given) => given,
        Err(error) => return Ok(Done::of(StepResult::failed("expression", error.to_string()))),
    };
    let webhook = place.values.get("webhook").cloned().unwrap_or_default();
    let values = run.values(plan, &webhook, &given);
    let mut inner = Place { plan: plan.clone(), plans: place.plans.clone(), values, path: Some(path.clone()) };
    let walked = limited(step.timeout, walk::workflow(run, &mut inner)).await;
    match walked {
        None => Ok(Done::of(timed_out(step.timeout))),
        Some(Went::On | Went::SkipRest) => Ok(Done::of(last_result(&inner))),
        Some(Went::Failed(id, why)) => Ok(Done::of(StepResult::failed("workflow", format!("its step {id}: {why}")))),
        Some(went) => Err(went),
    }
}

fn last_result(place: &Place) -> StepResult {
    let result = |step: &Step| {
        let result: StepResult = serde_json::from_value(place.values.get(&step.id)?.clone()).ok()?;
        (!result.skipped).then_some(result)
    };
    let last = place.plan.steps.iter().rev().find_map(result);
    StepResult::of_json(last.map(|last| last.result).unwrap_or_default())
}

/// Goes over branches at the same time. Each knows what was known before, and nothing of the others.
pub(super) async fn parallel(
    run: &Arc<Run>,
    place: &mut Place,
    branches: &[Step],
    (any, timeout): (bool, Option<Duration>),
    path: &StepPath,
) -> Result<Done, Went> {
    let mut tasks = JoinSet::new();
    for branch in branches {
        let (run, mut place, branch, path) = (run.clone(), place.clone(), branch.clone(), path.branch(&branch.id));
        tasks.spawn(async move { (walk::one(&run, &mut place, &branch, path).await, branch.id.clone(), place) });
    }
    let (mut held_up, mut failures, mut succeeded) = (None, Vec::new(), false);
    let ended = limited(timeout, async {
        while let Some(joined) = tasks.join_next().await {
            let Ok((went, id, inner)) = joined else {
                held_up = Some(Went::Stopped);
                continue;
            };
            if let Some(value) = inner.values.get(&id) {
                succeeded |= value["success"] == true;
                place.values.set(&id, value.clone());
            }
            match went {
                Went::On | Went::SkipRest => {}
                Went::Failed(id, why) => failures.push(format!("{id}: {why}")),
                // Of several reasons the one that leaves least to do for this process.
                Went::Gone => held_up = Some(Went::Gone),
                Went::Stopped if held_up != Some(Went::Gone) => held_up = Some(Went::Stopped),
                Went::Stopped => {}
                Went::Waits => held_up = held_up.take().or(Some(Went::Waits)),
            }
            if any && succeeded {
                break;
            }
        }
    })
    .await;
    // Ends what is still under way, programs included.
    tasks.shutdown().await;
    if ended.is_none() {
        return Ok(Done::of(timed_out(timeout)));
    }
    if let Some(went) = held_up.filter(|_| !(any && succeeded)) {
        return Err(went);
    }
    let results =
        branches.iter().filter_map(|branch| Some((branch.id.clone(), place.values.get(&branch.id)?["result"].clone())));
    let json = Value::Object(results.collect::<Map<_, _>>());
    let result = match (any, succeeded, failures.is_empty()) {
        (true, true, _) | (false, _, true) => StepResult::of_json(json),
        _ => {
            failures.sort();
            let why = if failures.is_empty() { "no branch succeeded".to_owned() } else { failures.join("; ") };
            StepResult { json, ..StepResult::failed("branch", why) }.told()
        }
    };
    Ok(Done::of(result))
}

/// Goes over steps for each item, one item after the other.
pub(super) async fn for_each(
    run: &Arc<Run>,
    place: &Place,
    step: &Step,
    each: &ForEach,
    path: &StepPath,
) -> Result<Done, Went> {
    let items = match each.over.value(&place.values) {
        Ok(Value::Array(items)) => items,
        Ok(Value::Null) => Vec::new(),
        Ok(_) => return Ok(Done::of(StepResult::failed("for_each", "what it goes over is no list"))),
        Err(error) => return Ok(Done::of(StepResult::failed("expression", error.to_string()))),
    };
    let most = crate::config::workflow::ITEMS_MAX;
    if items.len() > most {
        let why = format!("has {} items, and at most {most} are gone over", items.len());
        return Ok(Done::of(StepResult::failed("for_each", why)));
    }
    match limited(step.timeout, over(run, place, each, &items, path)).await {
        None => Ok(Done::of(timed_out(step.timeout))),
        Some(went) => went.map(Done::of),
    }
}

async fn over(
    run: &Arc<Run>,
    place: &Place,
    each: &ForEach,
    items: &[Value],
    path: &StepPath,
) -> Result<StepResult, Went> {
    let mut inner = place.clone();
    let mut results = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 && index % each.batch_size.max(1) == 0 {
            pause(run, each.pause, &path.pause(index)).await?;
        }
        inner.values.set(&each.item_var, item.clone());
        inner.values.set(&each.index_var, Value::from(index));
        let mut result = Value::Null;
        for step in &each.steps {
            match walk::one(run, &mut inner, step, path.item(index, step.number)).await {
                Went::On => {}
                Went::SkipRest => break,
                Went::Failed(id, why) => {
                    let failed = StepResult::failed("item", format!("item {index}, step {id}: {why}"));
                    return Ok(StepResult { json: Value::Array(results), ..failed }.told());
                }
                went => return Err(went),
            }
            if let Some(value) = inner.values.get(&step.id).filter(|value| value["skipped"] != true) {
                result = value["result"].clone();
            }
        }
        results.push(result);
    }
    Ok(StepResult::of_json(Value::Array(results)))
}

/// The pause between two batches, as durable as the rest: its end is written, not slept.
async fn pause(run: &Run, length: Duration, path: &StepPath) -> Result<(), Went> {
    if length.is_zero() {
        return Ok(());
    }
    let until = match run.row(path) {
        Some(StepRow { state: StepState::Again, wake_at: Some(until), .. }) => until,
        _ => {
            let until = Millis(run.now().0.saturating_add(i64::try_from(length.as_millis()).unwrap_or(i64::MAX)));
            run.again(path, "pause", Attempt::FIRST, until).await?;
            until
        }
    };
    if run.now() < until { Err(run.wait(Wait { until, ask: None })) } else { Ok(()) }
}

/// What a step that holds others makes known beside its own result: that of each branch, also when it has it from its rows.
pub(super) fn make_known(run: &Run, place: &mut Place, step: &Step, path: &StepPath, attempt: u32) {
    let Body::Parallel { branches, .. } = &step.body else { return };
    for branch in branches {
        if let Some(row) =
            run.row(&path.attempt(attempt).branch(&branch.id)).filter(|row| row.state == StepState::Ended)
        {
            place.values.set(&branch.id, StepResult::of_text(row.result.as_deref()).to_value());
        }
    }
}

async fn limited<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    match limit {
        None => Some(work.await),
        Some(limit) => tokio::time::timeout(limit, work).await.ok(),
    }
}

fn timed_out(limit: Option<Duration>) -> StepResult {
    StepResult::failed("timeout", format!("took longer than {} ms", limit.unwrap_or_default().as_millis()))
}
