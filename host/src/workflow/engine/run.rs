//! One run while it is carried out: what it has done, what it may do, and how that is written down. It is rebuilt from its rows whenever
//! somebody goes on with it; nothing of it lives only in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::attempt::Attempt;
use super::result::StepResult;
use super::summary::{Summary, json_text};
use super::walk::Went;
use crate::expr::Values;
use crate::model::{ClaimedWorkflow, Digest, Flow, Millis, NewAsk, NewEvent, RunRecord, StepRow, StepState};
use crate::store::patience::until_stored;
use crate::store::{Recording, StoreError};
use crate::taskflow::{Steering, steer};
use crate::workflow::{FLOW, Plan, StepPath};

/// What the steps of one run leave behind, all together. Whoever has more to say writes files.
const RESULTS_MAX_BYTES: usize = 16 << 20;
/// Steps of one run, those inside of others and each attempt of them counted: a list of lists grows faster than whoever wrote it thinks.
const STEPS_MAX: usize = 10_000;
/// What a result keeps of its outputs once that is used up.
const CUT_RESULT_CHARS: usize = 1_000;

/// A run that is carried out.
pub(super) struct Run {
    pub engine: Arc<Shared>,
    pub claimed: ClaimedWorkflow,
    /// Somebody wants it to end, or the gateway stops at once.
    pub stop: CancellationToken,
    rows: Mutex<HashMap<String, StepRow>>,
    waits: Mutex<Vec<Wait>>,
    /// Held while a result is written, so that each state of the flow tells of the one before it too.
    summary: tokio::sync::Mutex<Summary>,
    results_bytes: AtomicUsize,
}

/// What a run waits for.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    /// When it goes on by itself.
    pub until: Millis,
    /// If it waits for a person, the question's id and what the flow shows of it.
    pub ask: Option<(String, Value)>,
}

impl Run {
    pub fn new(engine: Arc<Shared>, mut claimed: ClaimedWorkflow, stop: CancellationToken) -> Self {
        let digest = |text: &str| Digest(Sha256::digest(text).into()).to_string();
        let mut summary = Summary::new(digest(&claimed.input), digest(&claimed.text));
        // Also of what the walk will pass over, such as the branches of a step that has its result.
        for row in claimed.steps.iter().filter(|row| row.state == StepState::Ended) {
            summary.put(&row.path, &row.id, row.attempt, &StepResult::of_text(row.result.as_deref()));
        }
        let left_behind = claimed.steps.iter().filter_map(|row| row.result.as_deref()).map(str::len).sum();
        let rows = claimed.steps.drain(..).map(|row| (row.path.clone(), row)).collect();
        Self {
            engine,
            claimed,
            stop,
            rows: Mutex::new(rows),
            waits: Mutex::default(),
            summary: tokio::sync::Mutex::new(summary),
            results_bytes: AtomicUsize::new(left_behind),
        }
    }

    pub fn now(&self) -> Millis {
        self.engine.clock.now()
    }

    /// Whether no further step is to begin.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled() || self.engine.draining.is_cancelled()
    }

    pub fn row(&self, path: &StepPath) -> Option<StepRow> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).get(path.as_str()).cloned()
    }

    /// Whether the run may have one more step; if not, how it ends.
    pub fn has_room(&self, id: &str) -> Result<(), Went> {
        if self.rows.lock().unwrap_or_else(PoisonError::into_inner).len() < STEPS_MAX {
            return Ok(());
        }
        let why = format!("a run has at most {STEPS_MAX} steps, those inside of others counted; begin several runs");
        Err(Went::Failed(id.to_owned(), why))
    }

    /// Whether a step around this one has gone on without it, so that nobody waits for what comes of it.
    fn is_left_behind(&self, path: &StepPath) -> bool {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        path.around().any(|(around, attempt)| {
            rows.get(around).is_some_and(|row| match row.state {
                StepState::Ended => true,
                StepState::Again => row.attempt >= attempt,
                StepState::Started | StepState::Asked => row.attempt > attempt,
            })
        })
    }

    /// Notes that the run cannot go on before that.
    pub fn wait(&self, wait: Wait) -> Went {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).push(wait);
        Went::Waits
    }

    pub fn take_waits(&self) -> Vec<Wait> {
        std::mem::take(&mut *self.waits.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The values that the steps of this plan begin with.
    pub fn values(&self, plan: &Plan, webhook: &Value, given: &Value) -> Values {
        let args: serde_json::Map<String, Value> = plan
            .args
            .iter()
            .map(|arg| {
                let value = given.get(&arg.name).cloned().or_else(|| arg.default.clone());
                (arg.name.clone(), value.unwrap_or_default())
            })
            .collect();
        let mut values = Values::default();
        values.set("webhook", webhook.clone());
        values.set("args", Value::Object(args));
        values.set(FLOW, json!({ "result": "", "status": "succeeded" }));
        values
    }

    /// Notes a result that is stored already, and what the flow tells of itself by then.
    pub async fn remember(&self, path: &StepPath, id: &str, attempt: u32, result: &StepResult) -> Value {
        let mut summary = self.summary.lock().await;
        summary.put(path.as_str(), id, attempt, result);
        summary.flow_value()
    }

    /// Writes that a step begins.
    pub async fn begin(&self, path: &StepPath, id: &str, attempt: Attempt, is_safe: bool) -> Result<(), Went> {
        let row = StepRow {
            path: path.as_str().to_owned(),
            id: id.to_owned(),
            attempt: attempt.number,
            state: StepState::Started,
            is_safe,
            wake_at: None,
            result: attempt.note(),
        };
        let Self { engine, claimed, .. } = self;
        let write = || engine.store.begin_step(&claimed.flow, claimed.lease, row.clone(), id.to_owned());
        self.written(write).await
    }

    /// Writes what came of a step, and gives the flow its new state.
    pub async fn end(
        &self,
        path: &StepPath,
        id: &str,
        row: (u32, bool),
        mut result: StepResult,
        events: Vec<NewEvent>,
    ) -> Result<StepResult, Went> {
        self.bound(&mut result);
        let (attempt, is_safe) = row;
        let row = StepRow {
            path: path.as_str().to_owned(),
            id: id.to_owned(),
            attempt,
            state: StepState::Ended,
            is_safe,
            wake_at: None,
            result: Some(result.to_text()),
        };
        let mut summary = self.summary.lock().await;
        summary.put(path.as_str(), id, attempt, &result);
        let record = RunRecord { step: Some(row), ask: None, events };
        self.record(record, progress(&summary, path)).await?;
        Ok(result)
    }

    /// Writes that a step failed and is tried again at a time.
    pub async fn again(&self, path: &StepPath, id: &str, attempt: Attempt, wake_at: Millis) -> Result<(), Went> {
        let row = StepRow {
            path: path.as_str().to_owned(),
            id: id.to_owned(),
            attempt: attempt.number,
            state: StepState::Again,
            is_safe: true,
            wake_at: Some(wake_at),
            result: attempt.note(),
        };
        let mut summary = self.summary.lock().await;
        summary.stands(path.as_str(), id, "retrying");
        let record = RunRecord { step: Some(row), ..RunRecord::default() };
        self.record(record, progress(&summary, path)).await
    }

    /// Writes a question.
    pub async fn ask(&self, path: &StepPath, id: &str, ask: NewAsk) -> Result<(), Went> {
        let row = StepRow {
            path: path.as_str().to_owned(),
            id: id.to_owned(),
            attempt: 1,
            state: StepState::Asked,
            is_safe: true,
            wake_at: Some(ask.expires_at),
            // What the question is known by, for whoever goes on with the run.
            result: Some(ask.id.clone()),
        };
        let mut summary = self.summary.lock().await;
        // Whoever decides that waits for the lock too, and takes back what was asked before.
        if self.is_left_behind(path) {
            return Err(Went::Stopped);
        }
        summary.stands(path.as_str(), id, "waiting");
        let record = RunRecord { step: Some(row), ask: Some(ask), events: Vec::new() };
        self.record(record, progress(&summary, path)).await
    }

    /// Moves the flow alone.
    pub async fn steer(&self, wish: impl FnOnce(crate::json::JsonText) -> Steering) -> Result<(), Went> {
        let summary = self.summary.lock().await;
        self.record(RunRecord::default(), Some(wish(summary.state()))).await
    }

    /// Lays the run aside until something of that happens.
    pub async fn park(&self, waits: &[Wait]) -> Result<(), Went> {
        let (asked, shown): (Vec<String>, Vec<Value>) = waits.iter().filter_map(|wait| wait.ask.clone()).unzip();
        let until = waits.iter().map(|wait| wait.until).min().unwrap_or_else(|| self.now());
        let state = self.summary.lock().await.state();
        let shown = match &shown[..] {
            [] => None,
            [only] => Some(json_text(only)),
            several => Some(json_text(&json!({ "kind": "several", "waitsFor": several }))),
        };
        let now = self.now();
        let Self { engine, claimed, .. } = self;
        let write = || {
            let wish = shown.clone().map(|wait| Steering::Wait { state: state.clone(), wait });
            let decide = move |flow: &Flow| wish.as_ref().and_then(|wish| steer(flow, wish, now));
            engine.store.park_workflow(&claimed.owner, &claimed.flow, claimed.lease, until, asked.clone(), decide)
        };
        self.written(write).await
    }

    /// Writes that, and moves the flow if it is to be.
    async fn record(&self, record: RunRecord, wish: Option<Steering>) -> Result<(), Went> {
        let now = self.now();
        let Self { engine, claimed, .. } = self;
        let row = record.step.clone();
        let write = || {
            let wish = wish.clone();
            let decide = move |flow: &Flow| wish.as_ref().and_then(|wish| steer(flow, wish, now));
            engine.store.record_step(&claimed.owner, &claimed.flow, claimed.lease, record.clone(), decide)
        };
        self.written(write).await?;
        if let Some(row) = row {
            self.rows.lock().unwrap_or_else(PoisonError::into_inner).insert(row.path.clone(), row);
        }
        Ok(())
    }

    /// Writes until the store does. What cannot be written before the gateway stops is found at the next start.
    async fn written<F>(&self, write: impl Fn() -> F) -> Result<(), Went>
    where
        F: Future<Output = Result<Recording, StoreError>>,
    {
        match until_stored(&self.engine.draining, "a step of a workflow cannot be written", write).await {
            Some(Recording::Written) => Ok(()),
            Some(Recording::Fenced) | None => Err(Went::Gone),
        }
    }

    fn bound(&self, result: &mut StepResult) {
        let size = result.to_text().len();
        if self.results_bytes.fetch_add(size, Ordering::Relaxed) + size <= RESULTS_MAX_BYTES {
            return;
        }
        for text in [&mut result.stdout, &mut result.stderr, &mut result.error_message].into_iter().flatten() {
            *text = super::summary::cut(text, CUT_RESULT_CHARS);
        }
        if result.json.to_string().len() > CUT_RESULT_CHARS {
            result.json = Value::Null;
        }
        *result = std::mem::take(result).told();
    }
}

/// What the flow tells of a step that has moved.
fn progress(summary: &Summary, path: &StepPath) -> Option<Steering> {
    summary.shows(path.as_str()).then(|| Steering::Progress(summary.state()))
}
