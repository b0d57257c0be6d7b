//! What one run has used, and the checks that end it. Shared between the guest's state, the epoch callback and the future that polls it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use wasmtime::ResourceLimiter;

use super::outcome::{FailureKind, LimitHit};
use crate::limits::Budget;

/// What one run has used. Outside of its store, so that it can be told whatever way the run ended.
#[derive(Default)]
pub(super) struct Tally {
    pub cpu: CpuMeter,
    memory_bytes: AtomicUsize,
    output_bytes: AtomicUsize,
    log_bytes: AtomicUsize,
    host_calls: AtomicU32,
}

/// What one run used of its budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Wall-clock time.
    pub wall: Duration,
    /// Processor time.
    pub cpu: Duration,
    /// All memories together.
    pub memory_bytes: usize,
    /// The answer and what was handed to host calls.
    pub output_bytes: usize,
    /// Log text, printed lines included.
    pub log_bytes: usize,
    /// Calls to the host.
    pub host_calls: u32,
}

impl Tally {
    /// Of a run whose processor time is measured from its first instruction on, if that is wanted; otherwise from its first tick on.
    pub(super) fn new(is_measured: bool) -> Self {
        let cpu = CpuMeter { armed: AtomicBool::new(is_measured), ..CpuMeter::default() };
        Self { cpu, ..Self::default() }
    }

    pub(super) fn cost(&self, wall: Duration) -> Cost {
        Cost {
            wall,
            cpu: Duration::from_nanos(self.cpu.used_ns.load(Ordering::Relaxed)),
            memory_bytes: self.memory_bytes.load(Ordering::Relaxed),
            output_bytes: self.output_bytes.load(Ordering::Relaxed),
            log_bytes: self.log_bytes.load(Ordering::Relaxed),
            host_calls: self.host_calls.load(Ordering::Relaxed),
        }
    }

    /// `bytes` that the guest printed, which the pipes have limited already.
    pub(super) fn printed(&self, bytes: usize) {
        add(&self.log_bytes, bytes);
    }
}

/// The sum. Only the run itself counts, so two steps are as good as one.
fn add(count: &AtomicUsize, more: usize) -> usize {
    let sum = count.load(Ordering::Relaxed).saturating_add(more);
    count.store(sum, Ordering::Relaxed);
    sum
}

/// Holds what a run uses against its budget.
pub(super) struct Meter {
    budget: Budget,
    tally: Arc<Tally>,
}

impl Meter {
    pub(super) fn new(budget: Budget, tally: Arc<Tally>) -> Self {
        Self { budget, tally }
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// One call to the host, which was handed `bytes` of the guest's data.
    pub(super) fn host_call(&mut self, bytes: usize) -> Result<(), LimitHit> {
        let calls = self.tally.host_calls.load(Ordering::Relaxed).saturating_add(1);
        self.tally.host_calls.store(calls, Ordering::Relaxed);
        within(calls <= self.budget.host_calls_max, FailureKind::HostCalls)?;
        self.output(bytes)
    }

    /// `bytes` that the guest gives to the host.
    pub(super) fn output(&mut self, bytes: usize) -> Result<(), LimitHit> {
        within(add(&self.tally.output_bytes, bytes) <= self.budget.output_max_bytes, FailureKind::Output)
    }

    /// `bytes` of log text.
    pub(super) fn log(&mut self, bytes: usize) -> Result<(), LimitHit> {
        within(add(&self.tally.log_bytes, bytes) <= self.budget.log_max_bytes, FailureKind::Output)
    }
}

fn within(is_within: bool, limit: FailureKind) -> Result<(), LimitHit> {
    if is_within { Ok(()) } else { Err(LimitHit(limit)) }
}

/// The limiter of the store. Sums over all memories: wasmtime's own `StoreLimits` counts each by itself, so four memories would get four limits.
impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _max: Option<usize>) -> wasmtime::Result<bool> {
        let before = self.tally.memory_bytes.load(Ordering::Relaxed);
        let total = before.saturating_add(desired.saturating_sub(current));
        if total > self.budget.memory_max_bytes {
            // An error ends the run here, with its own name. Answering `false` would let the guest's allocator turn it into some trap.
            return Err(LimitHit(FailureKind::Memory).into());
        }
        self.tally.memory_bytes.store(total, Ordering::Relaxed);
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, max: Option<usize>) -> wasmtime::Result<bool> {
        Ok(max.is_none_or(|max| desired <= max))
    }
}

/// More CPU time than this, once it is measured, makes a run a long one: half a tick.
const LONG_NS: u64 = 5_000_000;

/// CPU time of one run: the time its thread was running while the run was being polled. Time that other programs took from the thread does not
/// count, nor does waiting in host calls.
///
/// Nearly all runs of route actions end before the first tick, so nothing of theirs is measured until then; what such a run used before its first tick
/// (at most one tick) is free.
#[derive(Default)]
pub(super) struct CpuMeter {
    armed: AtomicBool,
    poll_began_ns: AtomicU64,
    used_ns: AtomicU64,
}

impl CpuMeter {
    /// Whether the run computes for long: it was seen to use most of a tick. One that a tick met while it waited for the disk was not.
    pub(super) fn is_long(&self) -> bool {
        self.used_ns.load(Ordering::Relaxed) >= LONG_NS
    }

    /// Called at every tick the guest lives to see, on its own thread. True if it has used up `limit`.
    pub(super) fn used_up(&self, limit: Duration) -> bool {
        let now = thread_cpu_ns();
        if !self.armed.swap(true, Ordering::Relaxed) {
            self.poll_began_ns.store(now, Ordering::Relaxed);
            return false;
        }
        let this_poll = now.saturating_sub(self.poll_began_ns.load(Ordering::Relaxed));
        let used = self.used_ns.load(Ordering::Relaxed).saturating_add(this_poll);
        Duration::from_nanos(used) >= limit
    }
}

/// Polls a run and charges its thread's time to it once it is armed.
pub(super) async fn metered<F: Future>(tally: Arc<Tally>, run: F) -> F::Output {
    let mut run = pin!(run);
    std::future::poll_fn(move |cx| poll_metered(&tally.cpu, run.as_mut(), cx)).await
}

fn poll_metered<F: Future>(cpu: &CpuMeter, run: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    if cpu.armed.load(Ordering::Relaxed) {
        cpu.poll_began_ns.store(thread_cpu_ns(), Ordering::Relaxed);
    }
    let polled = run.poll(cx);
    if cpu.armed.load(Ordering::Relaxed) {
        let this_poll = thread_cpu_ns().saturating_sub(cpu.poll_began_ns.load(Ordering::Relaxed));
        cpu.used_ns.fetch_add(this_poll, Ordering::Relaxed);
    }
    polled
}

fn thread_cpu_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(now.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}
