//! Where runs are begun, and waited for. Durable when it returns; carrying them out begins by itself.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::Shared;
use super::plans::Plans;
use crate::json::{JsonText, value_lossy};
use crate::model::{Digest, Flow, FlowId, FlowStatus, NewWorkflowRun, NotifyPolicy, SessionKey, SyncMode};
use crate::store::{Once, StoreError, Submitted};
use crate::workflow::NotReady;

/// Of the goal that a flow shows.
const GOAL_MAX_CHARS: usize = 200;
/// Whoever waits for a run is woken when it ends or pauses, and looks by itself so often: five hundred who wait then read five hundred rows a
/// second, which takes some milliseconds.
const WAIT_LOOK_PACE: Duration = Duration::from_secs(1);

/// Begins runs. Cheap to clone.
#[derive(Clone)]
pub struct Begin(Arc<Shared>);

/// What a run is begun with.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The request: `{body, headers, query, path, method}`.
    pub webhook: Value,
    /// Arguments; what is not among them is looked for in the request's body.
    pub args: Map<String, Value>,
}

/// A run that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Its flow.
    pub flow: FlowId,
    /// Whether an earlier request of the same key began it.
    pub is_repeated: bool,
}

/// Why no run was begun.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BeginError {
    /// The workflow cannot be run now.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// The request is wrong; the sentence says what to do.
    #[error("{0}")]
    Invalid(String),
    /// The key belongs to another request.
    #[error("this idempotency key was used for another request; send the same body again, or take a new key")]
    OtherRequest,
    /// Too many runs have not ended.
    #[error("too many runs of workflows are open; send the request again later")]
    Crowded(#[source] StoreError),
    /// The store cannot write now.
    #[error("the run cannot be stored now; send the request again later")]
    Store(#[source] StoreError),
}

impl From<StoreError> for BeginError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooManyOpen(_) => Self::Crowded(error),
            _ => Self::Store(error),
        }
    }
}

/// A run as those see it who wait for it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Where its flow stands.
    pub status: FlowStatus,
    /// What came of its last step.
    pub result: Value,
    /// Why it failed.
    pub error: Option<String>,
    /// What it waits for.
    pub wait: Value,
}

impl Begin {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Whether a workflow can be run, and if not, why. Files are read where waiting for them holds up nobody else.
    pub async fn check(&self, workflow: &str) -> Result<Arc<Plans>, NotReady> {
        let (shared, name) = (self.0.clone(), workflow.to_owned());
        let looked = tokio::task::spawn_blocking(move || shared.kit.library.get(&name)).await;
        looked.unwrap_or_else(|_| {
            Err(NotReady::one(workflow, "the look at its file was cut off; send the request again"))
        })
    }

    /// Begins a run of the workflow.
    pub async fn begin(
        &self,
        workflow: &str,
        owner: &SessionKey,
        input: Input,
        once: Option<Once>,
    ) -> Result<Begun, BeginError> {
        let plans = self.check(workflow).await?;
        self.begin_plans(workflow, &plans, owner, input, once).await
    }

    /// Begins a run of a workflow that was read already.
    pub async fn begin_plans(
        &self,
        workflow: &str,
        plans: &Plans,
        owner: &SessionKey,
        input: Input,
        once: Option<Once>,
    ) -> Result<Begun, BeginError> {
        let Shared { store, clock, ids, work, kit, .. } = &*self.0;
        let text = plans.to_text();
        let args = args(plans, &input)?;
        let input = json!({ "webhook": input.webhook, "args": args }).to_string();
        let (now, flow) = (clock.now(), ids.flow());
        let goal = plans.root.description.as_deref().unwrap_or(workflow);
        let run = NewWorkflowRun {
            flow: Flow {
                id: flow.clone(),
                owner: owner.clone(),
                sync_mode: SyncMode::Managed,
                controller: Some(JsonText::string(&format!("workflow/{workflow}"))),
                current_step: None,
                blocked_task: None,
                blocked_summary: None,
                revision: 0,
                status: FlowStatus::Running,
                notify: NotifyPolicy::DoneOnly,
                goal: JsonText::string(&super::summary::cut(goal, GOAL_MAX_CHARS)),
                state: None,
                wait: None,
                cancel_requested_at: None,
                created_at: now,
                updated_at: now,
                ended_at: None,
            },
            workflow: workflow.to_owned(),
            definition: Digest(Sha256::digest(&text).into()),
            text,
            input,
        };
        let (answer, open_max) = (json!(flow.as_str()).to_string(), kit.settings.open_max);
        let begun = match store.begin_workflow(run, once, answer, open_max).await? {
            Submitted::Stored => Begun { flow, is_repeated: false },
            Submitted::Repeated(answer) => {
                let earlier: String = serde_json::from_str(&answer).unwrap_or_default();
                Begun { flow: FlowId::new(earlier), is_repeated: true }
            }
            Submitted::OtherRequest => return Err(BeginError::OtherRequest),
        };
        work.notify_one();
        Ok(begun)
    }

    /// The run as it stands when it has ended or waits for a person, or when the time is up.
    pub async fn wait(&self, flow: &FlowId, at_most: Duration) -> Result<Option<Seen>, StoreError> {
        let mut waiter = self.0.waiters.enter(flow);
        let settled = async {
            loop {
                let seen = self.see(flow)?;
                match &seen {
                    Some(seen) if !seen.status.is_terminal() && seen.status != FlowStatus::Waiting => {}
                    _ => return Ok(seen),
                }
                tokio::select! {
                    () = waiter.news() => {}
                    // Whoever ends the flow of a run that nobody carries out tells nobody here.
                    () = tokio::time::sleep(WAIT_LOOK_PACE) => {}
                    // The gateway stops, and whoever waits is told how it stands.
                    () = self.0.draining.cancelled() => return Ok(seen),
                }
            }
        };
        match tokio::time::timeout(at_most, settled).await {
            Ok(seen) => seen,
            Err(_) => self.see(flow),
        }
    }

    /// Somebody has answered a question, and a run goes on with it.
    pub fn answered(&self) {
        self.0.work.notify_one();
    }

    /// The run as it stands; nothing if its flow is gone.
    pub fn see(&self, flow: &FlowId) -> Result<Option<Seen>, StoreError> {
        let Some(flow) = self.0.store.find_flow(flow.as_str())? else { return Ok(None) };
        let value = |text: Option<JsonText>| text.map(|text| value_lossy(text.as_str())).unwrap_or_default();
        Ok(Some(Seen {
            status: flow.status,
            result: value(flow.state)["result"].take(),
            error: flow.blocked_summary.and_then(|why| why.as_string_lossy().map(Into::into)),
            wait: value(flow.wait),
        }))
    }
}

/// The arguments of the workflow: those that were given, else members of the request's body, else its defaults.
fn args(plans: &Plans, input: &Input) -> Result<Map<String, Value>, BeginError> {
    let mut args = Map::new();
    let mut missing = Vec::new();
    for arg in &plans.root.args {
        let given = input.args.get(&arg.name).or_else(|| input.webhook["body"].get(&arg.name));
        match given.cloned().or_else(|| arg.default.clone()) {
            Some(value) => _ = args.insert(arg.name.clone(), value),
            None => missing.push(arg.name.as_str()),
        }
    }
    if missing.is_empty() {
        return Ok(args);
    }
    Err(BeginError::Invalid(format!(
        "the workflow needs {}; send them as members of the JSON body",
        missing.join(", ")
    )))
}
