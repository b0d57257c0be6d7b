//! One guest run: a fresh store and instance, the call, and what came back. Nothing of it is kept: the store is dropped at the end, whatever the end was.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;
use wasmtime::{Store, UpdateDeadline};

use super::SandboxError;
use super::guest::GuestState;
use super::kind::Kind;
use super::meter::{Cost, Tally, metered};
use super::outcome::{Failure, FailureKind, LimitHit, failure, printable};
use super::plugin::Plugin;
use super::user::User;
use crate::limits::{Admission, Budget};

/// Handles (streams, pollables) a run may hold at once. A stock guest holds three.
const HANDLES_MAX: usize = 1000;

/// The time a component may take to start. Generous: interpreters set themselves up here.
const TRIAL_DEADLINE: Duration = Duration::from_secs(10);
const TRIAL_CPU: Duration = Duration::from_secs(5);

impl<K: Kind> Plugin<K> {
    /// Calls the function once, within the budget of the admission, which is held until the run is gone.
    pub(super) async fn run(
        self: &Arc<Self>,
        admission: Admission,
        user: User,
        bound: K::Bound,
        input: K::Input,
    ) -> (Result<K::Answer, Failure>, Cost) {
        let (began, budget) = (Instant::now(), admission.budget());
        let tally = Arc::new(Tally::new(K::IS_PURE));
        let state = GuestState::new(user, bound, budget, tally.clone());
        let run = self.clone().attempt(admission, state, input, tally.clone());
        let run = Box::pin(metered(tally.clone(), run));
        let answer = match timeout(budget.deadline, self.engine.long_lane().run(run, &tally.cpu)).await {
            Ok(Some(answer)) => answer,
            Ok(None) => Err(failed(FailureKind::Host, "the run panicked in the host")),
            Err(_) => {
                Err(failed(FailureKind::Deadline, &format!("no answer after {} ms", budget.deadline.as_millis())))
            }
        };
        (answer, tally.cost(began.elapsed()))
    }

    async fn attempt(
        self: Arc<Self>,
        admission: Admission,
        state: GuestState<K>,
        input: K::Input,
        tally: Arc<Tally>,
    ) -> Result<K::Answer, Failure> {
        let mut store = self.store(state);
        set_limits(&mut store, admission.budget(), tally);
        let answer = match self.call(&mut store, &input).await {
            Err(failure) if failure.kind == FailureKind::Trap && store.data().printed_too_much() => {
                Err(failed(FailureKind::Output, "it printed more than its log limit"))
            }
            answer => answer,
        };
        // The instance goes back to the pool before its place in the pool is given to the next.
        drop(store);
        drop(admission);
        answer
    }

    /// Makes one instance and drops it: what cannot even start is found before it serves. Bounded as a run is, but with more time.
    pub(super) async fn try_once(
        self: &Arc<Self>,
        user: &User,
        bound: K::Bound,
        budget: Budget,
        file: &str,
    ) -> Result<(), SandboxError> {
        let budget = Budget { deadline: TRIAL_DEADLINE, cpu: TRIAL_CPU, ..budget };
        let tally = Arc::new(Tally::new(false));
        let state = GuestState::new(user.clone(), bound, budget, tally.clone());
        let trial = Box::pin(metered(tally.clone(), self.clone().start(state, budget, tally.clone())));
        let reason = match timeout(budget.deadline, self.engine.long_lane().run(trial, &tally.cpu)).await {
            Ok(Some(Ok(()))) => return Ok(()),
            Ok(Some(Err(reason))) => reason,
            Ok(None) => "its start panicked in the host".to_owned(),
            Err(_) => format!("it did not start within {} ms", budget.deadline.as_millis()),
        };
        Err(SandboxError::Component { file: file.to_owned(), reason: format!("it cannot be started: {reason}") })
    }

    async fn start(self: Arc<Self>, state: GuestState<K>, budget: Budget, tally: Arc<Tally>) -> Result<(), String> {
        let mut store = self.store(state);
        set_limits(&mut store, budget, tally);
        let instance = self.pre.instantiate_async(&mut store).await.map_err(|error| not_started(&error).to_string())?;
        instance
            .get_typed_func::<K::Params<'_>, (K::Answer,)>(&mut store, &self.function)
            .map(drop)
            .map_err(|error| format!("its `{}` is not that of the contract: {error:#}", K::FUNCTION))
    }

    async fn call(&self, store: &mut Store<GuestState<K>>, input: &K::Input) -> Result<K::Answer, Failure> {
        let instance = self.pre.instantiate_async(&mut *store).await.map_err(|error| not_started(&error))?;
        let function = instance
            .get_typed_func::<K::Params<'_>, (K::Answer,)>(&mut *store, &self.function)
            .map_err(|error| host(&error))?;
        let (answer,) = function.call_async(&mut *store, K::params(input)).await.map_err(|error| failure(&error))?;
        // Reading it was bounded by itself; here it is added to what was handed to host calls.
        let counted = store.data_mut().meter.output(K::weigh(&answer));
        counted
            .map_err(|LimitHit(kind)| failed(kind, "its answer and what it handed over are more than it may give"))?;
        Ok(answer)
    }
}

fn set_limits<K: Kind>(store: &mut Store<GuestState<K>>, budget: Budget, tally: Arc<Tally>) {
    store.limiter(|state| &mut state.meter);
    store.set_hostcall_fuel(budget.output_max_bytes);
    store.set_max_component_handles(HANDLES_MAX);
    store.set_epoch_deadline(1);
    // At every tick: look at the time used, then let the other tasks of this thread go first. The callback stays off the store
    // (RUSTSEC-2026-0223).
    store.epoch_deadline_callback(move |_| {
        if tally.cpu.used_up(budget.cpu) {
            Err(LimitHit(FailureKind::Cpu).into())
        } else {
            Ok(UpdateDeadline::Yield(1))
        }
    });
}

/// An instance could not be made. Traps and limits in a start function are the guest's; the rest (the pool is full, no more file descriptors) is ours.
fn not_started(error: &wasmtime::Error) -> Failure {
    let found = failure(error);
    if found.kind == FailureKind::Output { host(error) } else { found }
}

fn host(error: &wasmtime::Error) -> Failure {
    failed(FailureKind::Host, &printable(&format!("{error:#}")))
}

fn failed(kind: FailureKind, detail: &str) -> Failure {
    Failure { kind, detail: detail.to_owned() }
}
