//! The way through a workflow, step by step. It is the same way each time: what has a result is passed over, what has none is done. So going
//! on after a crash, after an answer and after a pause are one and the same.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::attempt;
use super::plans::Plans;
use super::result::StepResult;
use super::run::Run;
use super::{ask, nest};
use crate::expr::Values;
use crate::model::StepState;
use crate::workflow::{AfterFailure, Body, FLOW, Plan, Step, StepPath};

/// How it goes on behind a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// With the next one.
    On,
    /// No further step runs; that is well.
    SkipRest,
    /// No further step runs; this one failed, and why.
    Failed(String, String),
    /// Not before something happens; what that is, the run knows.
    Waits,
    /// Not now: the run is to end, or the gateway stops.
    Stopped,
    /// Not by us: the run has ended, or somebody else carries it out.
    Gone,
}

/// Where the walk is: which workflow, what is known there, and what stands before the numbers of its steps.
#[derive(Clone)]
pub(super) struct Place {
    pub plan: Arc<Plan>,
    pub plans: Arc<Plans>,
    pub values: Values,
    pub path: Option<StepPath>,
}

impl Place {
    /// The path of a step of this workflow's own list.
    fn of(&self, step: &Step) -> StepPath {
        match &self.path {
            None => StepPath::step(step.number),
            Some(caller) => caller.called(step.number),
        }
    }

    pub fn set(&mut self, step: &Step, result: &StepResult, flow: serde_json::Value) {
        self.values.set(&step.id, result.to_value());
        self.values.set(FLOW, flow);
    }
}

type Walking<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Goes through a workflow.
pub(super) fn workflow<'a>(run: &'a Arc<Run>, place: &'a mut Place) -> Walking<'a, Went> {
    Box::pin(async move {
        let plan = place.plan.clone();
        for step in &plan.steps {
            let path = place.of(step);
            match one(run, place, step, path).await {
                Went::On => {}
                end => return end,
            }
        }
        Went::On
    })
}

/// Goes over one step.
pub(super) fn one<'a>(run: &'a Arc<Run>, place: &'a mut Place, step: &'a Step, path: StepPath) -> Walking<'a, Went> {
    Box::pin(async move {
        match result(run, place, step, &path).await {
            Ok(result) => after(step, &result),
            Err(went) => went,
        }
    })
}

/// The result of a step, its approval included.
async fn result(run: &Arc<Run>, place: &mut Place, step: &Step, path: &StepPath) -> Result<StepResult, Went> {
    let is_question = matches!(step.body, Body::Approval);
    let row = run.row(path);
    if row.is_none() {
        if run.is_stopping() {
            return Err(Went::Stopped);
        }
        run.has_room(&step.id)?;
        let asked = step.when.as_ref().map(|when| when.is_true(&place.values));
        let settled = match asked {
            None | Some(Ok(true)) => None,
            Some(Ok(false)) => Some(StepResult::skipped()),
            Some(Err(error)) => Some(StepResult::failed("expression", format!("when: {error}"))),
        };
        if let Some(result) = settled {
            let result = run.end(path, &step.id, (1, true), result, Vec::new()).await?;
            return Ok(known(run, place, step, path, 1, result).await);
        }
    }
    let own = match row {
        Some(row) if row.state == StepState::Ended => {
            let result = StepResult::of_text(row.result.as_deref());
            Some(known(run, place, step, path, row.attempt, result).await)
        }
        _ if is_question => None,
        row => {
            let (result, attempt) = attempt::of(run, place, step, path, row).await?;
            Some(known(run, place, step, path, attempt, result).await)
        }
    };
    let Some(approval) = step.approval.as_ref().filter(|_| own.as_ref().is_none_or(|own| own.success && !is_question))
    else {
        return Ok(own.unwrap_or_else(StepResult::skipped));
    };
    let asked_at = if is_question { path.clone() } else { path.approval() };
    let answer = ask::approval(run, place, step, approval, &asked_at).await?;
    let merged = match own {
        None => answer,
        Some(own) => StepResult {
            approved: answer.approved,
            approved_by: answer.approved_by,
            initiated_by: answer.initiated_by,
            subject: answer.subject,
            ..own
        },
    };
    Ok(known(run, place, step, path, 1, merged).await)
}

/// Makes a result known to the steps behind it.
async fn known(
    run: &Run,
    place: &mut Place,
    step: &Step,
    path: &StepPath,
    attempt: u32,
    result: StepResult,
) -> StepResult {
    let flow = run.remember(path, &step.id, attempt, &result).await;
    place.set(step, &result, flow);
    nest::make_known(run, place, step, path, attempt);
    result
}

/// What follows from a result.
fn after(step: &Step, result: &StepResult) -> Went {
    if !result.is_failure() {
        return Went::On;
    }
    match &step.failure {
        AfterFailure::Continue | AfterFailure::AskedFor { .. } => Went::On,
        AfterFailure::SkipRest => Went::SkipRest,
        AfterFailure::Stop => {
            let why = result.error_message.clone().unwrap_or_else(|| "it failed".to_owned());
            Went::Failed(step.id.clone(), why)
        }
    }
}
