//! What belongs to one run: what it is bound to, the meter, and WASI given empty. Dropped with its store, so nothing reaches the next run.

use std::sync::{Arc, LazyLock};

use wasmtime::component::ResourceTable;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{Deterministic, WasiCtx, WasiCtxView, WasiView};

use super::compile::digest_of;
use super::kind::Kind;
use super::meter::{Meter, Tally};
use super::outcome::printable;
use super::user::{User, log_of};
use crate::limits::Budget;

/// Random bytes that a guest may ask for in one call. More than a key or a seed ever needs; the host makes them without a look at any limit, so a call
/// must not take longer than a tick.
const RANDOM_MAX_BYTES: u64 = 64 << 10;

/// The seed of hash maps in a pure run, and in every other pure run.
const PURE_SEED: u128 = 0x5eed_0f00_d0e5_4a11_5a9d_c1a0_0000_0001;

/// What a guest may ask about the request beside its body. Implemented by the front door over its own request type, so that nothing is copied
/// for guests that do not ask. Credentials and cookies must already be out of it.
pub trait RequestHead: Send + Sync {
    /// The value of a header, several joined by `, `; `name` in any case.
    fn header(&self, name: &str) -> Option<String>;
    /// All headers, names in lower case.
    fn headers(&self) -> Vec<(String, String)>;
    /// The query string without `?`.
    fn query(&self) -> &str;
}

/// The data of a run's store.
pub(super) struct GuestState<K: Kind> {
    pub user: User,
    pub bound: K::Bound,
    pub meter: Meter,
    log_max_bytes: usize,
    wasi: Option<Box<Wasi>>,
}

/// Built at the first WASI call: most guests never make one.
struct Wasi {
    ctx: WasiCtx,
    table: ResourceTable,
    stdout: MemoryOutputPipe,
    stderr: MemoryOutputPipe,
}

impl<K: Kind> GuestState<K> {
    pub(super) fn new(user: User, bound: K::Bound, budget: Budget, tally: Arc<Tally>) -> Self {
        Self { user, bound, meter: Meter::new(budget, tally), log_max_bytes: budget.log_max_bytes, wasi: None }
    }

    /// Puts what the guest printed into the log, line by line: stdout as information, stderr (where panics go) as warnings.
    fn log_printed(&self) {
        let (Some(wasi), user) = (&self.wasi, &self.user) else { return };
        let (stdout, stderr) = (wasi.stdout.contents(), wasi.stderr.contents());
        self.meter.tally().printed(stdout.len() + stderr.len());
        for line in String::from_utf8_lossy(&stdout).lines() {
            log_of!(guest info, user, context = "stdout", "{}", printable(line));
        }
        for line in String::from_utf8_lossy(&stderr).lines() {
            log_of!(guest warn, user, context = "stderr", "{}", printable(line));
        }
    }

    /// Whether the guest printed until its log limit was reached; what it met then is its own confusion, not its failure.
    pub(super) fn printed_too_much(&self) -> bool {
        let full = |pipe: &MemoryOutputPipe| pipe.contents().len() >= self.log_max_bytes;
        self.wasi.as_ref().is_some_and(|wasi| full(&wasi.stdout) || full(&wasi.stderr))
    }

    fn wasi(&mut self) -> &mut Wasi {
        let capacity = self.log_max_bytes;
        self.wasi.get_or_insert_with(|| {
            // No arguments, no environment, no directories, no network, an empty stdin. What is printed counts against the log limit; more ends the run.
            let stdout = MemoryOutputPipe::new(capacity);
            let stderr = MemoryOutputPipe::new(capacity);
            let mut ctx = WasiCtx::builder();
            ctx.stdout(stdout.clone()).stderr(stderr.clone()).max_random_size(RANDOM_MAX_BYTES);
            if K::IS_PURE {
                ctx.insecure_random(Deterministic::new(PURE_BYTES.clone())).insecure_random_seed(PURE_SEED);
            }
            Box::new(Wasi { ctx: ctx.build(), table: ResourceTable::new(), stdout, stderr })
        })
    }
}

/// What a pure run gets for insecure random bytes, over and over. Long and even enough that whoever draws until a number pleases will find one.
static PURE_BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| (0..64u8).flat_map(|n| digest_of(&[n]).0).collect());

/// Whatever way a run ends, what it printed is told.
impl<K: Kind> Drop for GuestState<K> {
    fn drop(&mut self) {
        self.log_printed();
    }
}

impl<K: Kind> WasiView for GuestState<K> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi();
        WasiCtxView { ctx: &mut wasi.ctx, table: &mut wasi.table }
    }
}

impl<K: Kind> wasmtime_wasi_io::IoView for GuestState<K> {
    fn table(&mut self) -> &mut ResourceTable {
        &mut self.wasi().table
    }
}
