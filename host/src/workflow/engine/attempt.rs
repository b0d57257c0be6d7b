//! One step that has no result yet: begun, carried out, and written down; tried again later if it is to be.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::result::StepResult;
use super::run::{Run, Wait};
use super::walk::{Place, Went};
use super::{ask, nest};
use crate::config::WorkflowRights;
use crate::config::workflow::Retry;
use crate::model::{Millis, StepRow, StepState};
use crate::workflow::steps::{self, Done, Work};
use crate::workflow::{Body, Step, StepPath};

/// Which attempt of a step it is, and whose call of a tool it makes: its own, or that of an earlier attempt of which nobody knows what became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    pub number: u32,
    pub call: u32,
}

impl Attempt {
    pub const FIRST: Self = Self { number: 1, call: 1 };

    /// The one that a row tells of.
    fn of(row: &StepRow) -> Self {
        let call = row.result.as_deref().and_then(|note| note.parse().ok());
        Self { number: row.attempt, call: call.unwrap_or(Self::FIRST.call) }
    }

    /// What the row of a step without a result keeps beside the number.
    pub fn note(self) -> Option<String> {
        (self.call != Self::FIRST.call).then(|| self.call.to_string())
    }

    /// The same with the call of the one behind it. A call that was answered is over; any other is made again as the same one.
    fn come_to(self, result: &StepResult) -> Self {
        let is_answered = result.error.as_deref() == Some(steps::ANSWERED);
        Self { call: if is_answered { self.number.saturating_add(1) } else { self.call }, ..self }
    }
}

/// The result of a step that has none, and which attempt it came of.
pub(super) async fn of(
    run: &Arc<Run>,
    place: &mut Place,
    step: &Step,
    path: &StepPath,
    row: Option<StepRow>,
) -> Result<(StepResult, u32), Went> {
    let rights = run.engine.kit.rights(place.plan.key());
    let is_safe = is_safe(step, &rights);
    let attempt = match &row {
        None => Attempt::FIRST,
        Some(row) if row.state == StepState::Again => {
            if let Some(until) = row.wake_at.filter(|until| run.now() < *until) {
                return Err(run.wait(Wait { until, ask: None }));
            }
            Attempt { number: row.attempt + 1, ..Attempt::of(row) }
        }
        // Whoever began it is dead.
        Some(row) if row.state == StepState::Started && !(row.is_safe && is_safe) => {
            let result = run.end(path, &step.id, (row.attempt, false), StepResult::interrupted(), Vec::new()).await?;
            return Ok((result, row.attempt));
        }
        Some(row) => Attempt::of(row),
    };
    if let Body::Input { prompt, schema, defaults } = &step.body {
        let result = ask::input(run, place, step, (prompt, schema.as_ref(), defaults.as_ref()), path).await?;
        return Ok((result, 1));
    }
    if run.is_stopping() {
        return Err(Went::Stopped);
    }
    run.begin(path, &step.id, attempt, is_safe).await?;
    let done = carry_out(run, place, step, path, attempt).await?;
    if let Some(retry) = step.retry.filter(|retry| done.result.is_failure() && attempt.number < retry.max) {
        let pause = pause(&retry, attempt.number, &format!("{}/{path}", run.claimed.flow));
        let wake_at = Millis(run.now().0.saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)));
        run.again(path, &step.id, attempt.come_to(&done.result), wake_at).await?;
        return Err(run.wait(Wait { until: wake_at, ask: None }));
    }
    let result = run.end(path, &step.id, (attempt.number, is_safe), done.result, done.events).await?;
    Ok((result, attempt.number))
}

/// Whether it may begin again when nobody knows whether it ran. What stands inside other steps has rows of its own; a message has an id that
/// it keeps; a model that is asked twice has done nothing; what a component changed is answered from its notes, if it asks for the same again.
pub fn is_safe(step: &Step, rights: &WorkflowRights) -> bool {
    let by_nature = match &step.body {
        Body::Shell(_) | Body::Argv(_) => false,
        Body::Tool { tool, .. } => steps::is_safe(tool),
        Body::Plugin { file, .. } => rights.plugins.get(file).is_none_or(|plugin| plugin.grants.are_repeatable()),
        Body::Workflow { .. } | Body::Parallel { .. } | Body::ForEach(_) => true,
        Body::Input { .. } | Body::Approval => true,
    };
    by_nature || step.retry.is_some_and(|retry| retry.safe)
}

async fn carry_out(
    run: &Arc<Run>,
    place: &mut Place,
    step: &Step,
    path: &StepPath,
    attempt: Attempt,
) -> Result<Done, Went> {
    let inside = path.attempt(attempt.number);
    match &step.body {
        Body::Workflow { name, args } => nest::call(run, place, step, name, args, &inside).await,
        Body::Parallel { any, timeout, branches } => {
            nest::parallel(run, place, branches, (*any, *timeout), &inside).await
        }
        Body::ForEach(each) => nest::for_each(run, place, step, each, &inside).await,
        Body::Input { .. } | Body::Approval => Ok(Done::of(StepResult::skipped())),
        Body::Shell(_) | Body::Argv(_) | Body::Tool { .. } | Body::Plugin { .. } => {
            let work = Work {
                kit: &run.engine.kit,
                plan: &place.plan,
                values: &place.values,
                step,
                path,
                call: &path.attempt(attempt.call),
                flow: &run.claimed.flow,
                owner: &run.claimed.owner,
                stop: &run.stop,
            };
            steps::carry_out(work).await.ok_or(Went::Stopped)
        }
    }
}

/// The time before the next attempt. Its jitter comes of the step's name: nothing is drawn, and runs still part from each other.
fn pause(retry: &Retry, attempt: u32, name: &str) -> Duration {
    let most = u64::from(retry.max_delay_ms.max(retry.delay_ms));
    let doubled = 1_u64.checked_shl(attempt.saturating_sub(1)).unwrap_or(u64::MAX);
    let factor = if retry.exponential { doubled } else { 1 };
    let full = u64::from(retry.delay_ms).saturating_mul(factor).min(most);
    if !retry.jitter {
        return Duration::from_millis(full);
    }
    let digest = Sha256::digest(format!("{name}#{attempt}"));
    let share = u64::from(u16::from_be_bytes([digest[0], digest[1]]));
    Duration::from_millis(full / 2 + full / 2 * share / u64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{RouteLimits, StepPlugin};
    use crate::model::Grant;

    #[test]
    fn a_call_stays_the_same_one_until_it_is_answered() {
        let answered = StepResult::failed(steps::ANSWERED, "no");
        let unknown = StepResult::failed("unknown", "the line is dead");
        let next = |attempt: Attempt| Attempt { number: attempt.number + 1, ..attempt };
        let (first, mut calls) = (Attempt::FIRST, Vec::new());
        let results = [&unknown, &unknown, &answered, &unknown, &answered];
        results.iter().fold(first, |attempt, result| {
            calls.push(attempt.call);
            next(attempt.come_to(result))
        });
        assert_eq!(calls, [1, 1, 1, 4, 4]);
        let row = |attempt: Attempt| StepRow {
            path: "step.1".into(),
            id: "x".into(),
            attempt: attempt.number,
            state: StepState::Again,
            is_safe: true,
            wake_at: None,
            result: attempt.note(),
        };
        for attempt in [first, Attempt { number: 3, call: 1 }, Attempt { number: 5, call: 4 }] {
            assert_eq!(Attempt::of(&row(attempt)), attempt);
        }
        assert_eq!(first.note(), None, "as earlier releases wrote it");
    }

    #[test]
    fn what_a_crash_cut_off_runs_again_only_where_that_does_nothing_twice() {
        let check = |body: &str, grants: &[&str], expected: bool| {
            let text = format!("steps:\n  - id: x\n    {body}\n");
            let plan = crate::workflow::Plan::parse(&text, std::path::Path::new("w/a.yaml")).unwrap();
            let plugin = StepPlugin {
                digest: None,
                grants: grants.iter().map(|grant| grant.parse::<Grant>().unwrap()).collect(),
                limits: RouteLimits::default(),
            };
            let plugins = [("x.wasm".to_owned(), plugin)].into();
            let rights = WorkflowRights { plugins, ..WorkflowRights::default() };
            assert_eq!(is_safe(&plan.steps[0], &rights), expected, "{body} {grants:?}");
        };
        check("run: a", &[], false);
        check("run: a\n    retry: { max: 1, safe: true }", &[], true);
        check("tool: sessions_list", &[], false);
        check("tool: message", &[], true);
        check("plugin: x.wasm", &["flow/read", "flow/create"], true);
        check("plugin: x.wasm", &["flow/create", "clock"], false);
        check("plugin: x.wasm\n    retry: { max: 1, safe: true }", &["flow/create", "clock"], true);
        check("workflow: b", &[], true);
    }

    #[test]
    fn waits_double_up_to_the_longest_and_jitter_only_shortens_them() {
        let retry =
            Retry { max: 9, exponential: true, delay_ms: 1_000, max_delay_ms: 30_000, jitter: false, safe: false };
        let waits: Vec<u128> = (1..=7).map(|attempt| pause(&retry, attempt, "x").as_millis()).collect();
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        assert_eq!(pause(&retry, 1_000, "x").as_millis(), 30_000);
        let fixed = Retry { exponential: false, ..retry };
        assert_eq!(pause(&fixed, 5, "x").as_millis(), 1_000);
        let jittered = Retry { jitter: true, ..retry };
        for name in ["a", "b", "c"] {
            assert!((500..=1_000).contains(&pause(&jittered, 1, name).as_millis()));
        }
    }
}
