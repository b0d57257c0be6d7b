//! The one wasmtime engine of the process, and the thread that makes its clock tick.
//!
//! Every setting here was chosen by measurement or answers an advisory; the comment beside it says which. Nothing else in the house
//! configures wasmtime.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::{
    Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig, WasmFeatures,
};

use super::SandboxError;
use super::lanes::LongLane;

/// How often running guests are looked at. A guest is stopped within about one tick of its limit; ten milliseconds cost nothing measurable.
pub const TICK: Duration = Duration::from_millis(10);

/// Stack of a guest run. 512 KiB is wasmtime's own default; a guest that recurses deeper ends with the outcome `trap`.
const WASM_STACK_BYTES: usize = 512 << 10;
/// The fiber that carries a run: the guest's stack and what the host functions need above it.
const FIBER_STACK_BYTES: usize = 2 << 20;
/// What a memory slot keeps between runs and clears by writing zeros. The page faults saved are the largest single saving there is
/// (40 µs against 15 µs for a call); a guest with a 64 KiB stack touches less than this.
const MEMORY_KEPT_BYTES: usize = 256 << 10;
/// The same for tables: three page faults a run, half of its cost, if it is left at zero.
const TABLE_KEPT_BYTES: usize = 64 << 10;
/// The largest table seen in any toolchain's output is SpiderMonkey's with 7 700 elements.
const TABLE_ELEMENTS: usize = 20_000;
/// Core instances a component may have. Rust has 3, QuickJS 13, CPython 40.
const CORE_INSTANCES_PER_COMPONENT: u32 = 64;
/// Memories a component may have; the memory limit counts all of them together.
const MEMORIES_PER_COMPONENT: u32 = 16;

/// How large the pool is.
#[derive(Clone, Copy, Debug)]
pub struct PoolSize {
    /// Runs at the same time.
    pub runs: u32,
    /// The largest memory any route may have, in bytes.
    pub memory_max_bytes: usize,
    /// Reset memories by asking the kernel for their dirty pages. Faster for guests with large stacks; unsafe on hosts with swap
    /// (wasmtime #14357), so it must be asked for.
    pub pagemap_scan: bool,
}

/// The engine, its ticker, and the threads of long runs. They stop when it is dropped.
#[derive(Clone)]
pub struct SandboxEngine {
    engine: Engine,
    _ticker: Arc<Ticker>,
    long_lane: LongLane,
}

impl SandboxEngine {
    /// Builds the engine, reserving address space (not memory) for the whole pool.
    pub fn new(size: PoolSize) -> Result<Self, SandboxError> {
        let engine = Engine::new(&settings(size)).map_err(|cause| SandboxError::Engine(format!("{cause:#}")))?;
        let ticker = Ticker::start(engine.weak())?;
        Ok(Self { engine, _ticker: Arc::new(ticker), long_lane: LongLane::open()? })
    }

    /// Where runs go that compute for long.
    pub(super) fn long_lane(&self) -> &LongLane {
        &self.long_lane
    }

    /// The wasmtime engine, for this room only.
    pub(super) fn wasmtime(&self) -> &Engine {
        &self.engine
    }
}

fn settings(size: PoolSize) -> Config {
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(size)))
        .memory_init_cow(true)
        .epoch_interruption(true)
        // One guest call is one call: component-model-async costs a quarter of every run and has had an advisory a month.
        .concurrency_support(false)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(FIBER_STACK_BYTES)
        // A transform gives the same bytes on every machine, and the bits of a NaN are where processors differ. Only floating-point code pays.
        .cranelift_nan_canonicalization(true)
        .wasm_backtrace_max_frames(None);
    // Proposals that no toolchain of ours needs are attack surface. MULTI_MEMORY stays on: without it wasmtime panics on composed
    // components such as QuickJS's.
    config.wasm_features(
        WasmFeatures::GC
            | WasmFeatures::GC_TYPES
            | WasmFeatures::FUNCTION_REFERENCES
            | WasmFeatures::EXCEPTIONS
            | WasmFeatures::THREADS
            | WasmFeatures::MEMORY64
            | WasmFeatures::RELAXED_SIMD
            | WasmFeatures::TAIL_CALL
            | WasmFeatures::WIDE_ARITHMETIC
            | WasmFeatures::STACK_SWITCHING
            | WasmFeatures::CM_ASYNC
            | WasmFeatures::CM_MAP
            | WasmFeatures::CM_IMPLEMENTS,
        false,
    );
    config
}

fn pool(size: PoolSize) -> PoolingAllocationConfig {
    let runs = size.runs;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(runs)
        .total_core_instances(runs.saturating_mul(4).max(CORE_INSTANCES_PER_COMPONENT))
        .total_memories(runs.saturating_mul(2).max(MEMORIES_PER_COMPONENT))
        .total_tables(runs.saturating_mul(4).max(CORE_INSTANCES_PER_COMPONENT))
        .total_stacks(runs)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_memories_per_module(MEMORIES_PER_COMPONENT)
        .max_memory_size(size.memory_max_bytes)
        .table_elements(TABLE_ELEMENTS)
        .max_unused_warm_slots(runs)
        .linear_memory_keep_resident(MEMORY_KEPT_BYTES)
        .table_keep_resident(TABLE_KEPT_BYTES)
        .async_stack_keep_resident(0)
        .pagemap_scan(if size.pagemap_scan { Enabled::Auto } else { Enabled::No });
    pool
}

/// Advances the engine's epoch from a thread of its own: a task on the runtime would stand still exactly when a guest keeps all of its
/// workers busy.
struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Ticker {
    fn start(engine: EngineWeak) -> Result<Self, SandboxError> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped: Weak<AtomicBool> = Arc::downgrade(&stop);
        let thread = thread::Builder::new()
            .name("sandbox-ticker".into())
            .spawn(move || tick(&engine, &stopped))
            .map_err(|cause| SandboxError::Engine(format!("cannot start the ticker thread: {cause}")))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

fn tick(engine: &EngineWeak, stop: &Weak<AtomicBool>) {
    let mut next = Instant::now() + TICK;
    while stop.upgrade().is_some_and(|stop| !stop.load(Ordering::Relaxed)) {
        thread::park_timeout(next.saturating_duration_since(Instant::now()));
        if Instant::now() < next {
            continue; // woken to stop, or for no reason
        }
        let Some(engine) = engine.upgrade() else { return };
        engine.increment_epoch();
        // Ticks that were missed while the machine was busy are skipped, not made up for: a burst of them would cut guests that did nothing.
        next = Instant::now() + TICK;
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // Joining would deadlock if the ticker itself held the last reference.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}
