//! One guest run: a fresh store and instance, the call, and the outcome. Nothing of it is kept: the store is dropped at the end, whatever the end was.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use wasmtime::{Store, UpdateDeadline};

use super::SandboxError;
use super::bindings::{WitError, WitReply};
use super::guest::{GuestState, RequestHead};
use super::meter::{CpuMeter, metered};
use super::outcome::{Failure, FailureKind, LimitHit, Outcome, REPLY_STATUSES, Reply, failure, printable};
use super::plugin::Plugin;
use crate::json::{self, JsonText};
use crate::limits::{Admission, Budget};
use crate::model::RouteId;
use crate::taskflow::Session;

/// Handles (streams, pollables) a run may hold at once. A stock guest holds three.
const HANDLES_MAX: usize = 1000;

/// The time a component may take to start. Generous: interpreters set themselves up here.
const TRIAL_DEADLINE: Duration = Duration::from_secs(10);
const TRIAL_CPU: Duration = Duration::from_secs(5);

/// What a run acts on.
pub struct Call {
    /// The route.
    pub route: RouteId,
    /// The session that is bound to the run.
    pub session: Session,
    /// The request beside its body.
    pub head: Box<dyn RequestHead>,
    /// The body.
    pub body: JsonText,
}

impl Plugin {
    /// Runs the action once, within the budget of the admission, which is held until the run is gone.
    pub(super) async fn run(self: &Arc<Self>, admission: Admission, call: Call) -> Outcome {
        let budget = admission.budget();
        let cpu = Arc::new(CpuMeter::default());
        let run = Box::pin(metered(cpu.clone(), self.clone().attempt(admission, call, cpu.clone())));
        match timeout(budget.deadline, self.engine.long_lane().run(run, &cpu)).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => failed(FailureKind::Host, "the run panicked in the host"),
            Err(_) => failed(FailureKind::Deadline, &format!("no answer after {} ms", budget.deadline.as_millis())),
        }
    }

    async fn attempt(self: Arc<Self>, admission: Admission, call: Call, cpu: Arc<CpuMeter>) -> Outcome {
        let budget = admission.budget();
        let mut store = self.store(GuestState::new(call.route, call.session, call.head, budget));
        set_limits(&mut store, budget, &cpu);
        let outcome = match self.call(&mut store, call.body.as_str()).await {
            Ok(answer) => judge(answer),
            Err(failure) if failure.kind == FailureKind::Trap && store.data().printed_too_much() => {
                failed(FailureKind::Output, "it printed more than its log limit")
            }
            Err(failure) => Outcome::Failed(failure),
        };
        // The instance goes back to the pool before its place in the pool is given to the next.
        drop(store);
        drop(admission);
        outcome
    }

    /// Makes one instance and drops it: what cannot even start is found before it serves. Bounded as a run of its route is, but with more time.
    pub(super) async fn try_once(
        self: &Arc<Self>,
        route: &RouteId,
        session: &Session,
        budget: Budget,
        file: &str,
    ) -> Result<(), SandboxError> {
        let budget = Budget { deadline: TRIAL_DEADLINE, cpu: TRIAL_CPU, ..budget };
        let cpu = Arc::new(CpuMeter::default());
        let state = GuestState::new(route.clone(), session.clone(), Box::new(NoRequest), budget);
        let trial = Box::pin(metered(cpu.clone(), self.clone().start(state, budget, cpu.clone())));
        let reason = match timeout(budget.deadline, self.engine.long_lane().run(trial, &cpu)).await {
            Ok(Some(Ok(()))) => return Ok(()),
            Ok(Some(Err(reason))) => reason,
            Ok(None) => "its start panicked in the host".to_owned(),
            Err(_) => format!("it did not start within {} ms", budget.deadline.as_millis()),
        };
        Err(SandboxError::Component { file: file.to_owned(), reason: format!("it cannot be started: {reason}") })
    }

    async fn start(self: Arc<Self>, state: GuestState, budget: Budget, cpu: Arc<CpuMeter>) -> Result<(), String> {
        let mut store = self.store(state);
        set_limits(&mut store, budget, &cpu);
        let instance = self.pre.instantiate_async(&mut store).await.map_err(|error| not_started(&error).to_string())?;
        instance
            .get_typed_func::<(&str,), (Answer,)>(&mut store, &self.handle)
            .map(drop)
            .map_err(|error| format!("its `handle` is not that of the contract: {error:#}"))
    }

    async fn call(&self, store: &mut Store<GuestState>, body: &str) -> Result<Answer, Failure> {
        let instance = self.pre.instantiate_async(&mut *store).await.map_err(|error| not_started(&error))?;
        let handle =
            instance.get_typed_func::<(&str,), (Answer,)>(&mut *store, &self.handle).map_err(|error| host(&error))?;
        let (answer,) = handle.call_async(&mut *store, (body,)).await.map_err(|error| failure(&error))?;
        Ok(answer)
    }
}

type Answer = Result<WitReply, WitError>;

fn set_limits(store: &mut Store<GuestState>, budget: Budget, cpu: &Arc<CpuMeter>) {
    store.limiter(|state| &mut state.meter);
    store.set_hostcall_fuel(budget.output_max_bytes);
    store.set_max_component_handles(HANDLES_MAX);
    store.set_epoch_deadline(1);
    let cpu = cpu.clone();
    // At every tick: look at the time used, then let the other tasks of this thread go first. The callback stays off the store
    // (RUSTSEC-2026-0223).
    store.epoch_deadline_callback(move |_| {
        if cpu.used_up(budget.cpu) { Err(LimitHit(FailureKind::Cpu).into()) } else { Ok(UpdateDeadline::Yield(1)) }
    });
}

/// The request of a trial: none.
struct NoRequest;

impl RequestHead for NoRequest {
    fn header(&self, _name: &str) -> Option<String> {
        None
    }

    fn headers(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn query(&self) -> &str {
        ""
    }
}

/// An instance could not be made. Traps and limits in a start function are the guest's; the rest (the pool is full, no more file descriptors) is ours.
fn not_started(error: &wasmtime::Error) -> Failure {
    let found = failure(error);
    if found.kind == FailureKind::Output { host(error) } else { found }
}

fn host(error: &wasmtime::Error) -> Failure {
    Failure { kind: FailureKind::Host, detail: printable(&format!("{error:#}")) }
}

/// What a guest returns is input, not truth.
fn judge(answer: Answer) -> Outcome {
    match answer {
        Ok(reply) if !REPLY_STATUSES.contains(&reply.status) => {
            guest_error(format!("answered with status {}, which no action may", reply.status))
        }
        Ok(reply) => match json::canonical(reply.result.as_bytes()) {
            Ok(result) => {
                Outcome::Replied(Reply { status: reply.status, code: reply.code, error: reply.error, result })
            }
            Err(cause) => guest_error(format!("answered with a result that is not JSON: {cause}")),
        },
        Err(error) if error.code == "invalid_request" => Outcome::InvalidRequest(error.message),
        Err(error) => guest_error(format!("{}: {}", printable(&error.code), printable(&error.message))),
    }
}

fn guest_error(detail: String) -> Outcome {
    failed(FailureKind::GuestError, &detail)
}

fn failed(kind: FailureKind, detail: &str) -> Outcome {
    Outcome::Failed(Failure { kind, detail: detail.to_owned() })
}
