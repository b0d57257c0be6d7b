//! What belongs to one run: the bound session, the request, the meter, and WASI given empty. Dropped with its store, so nothing reaches the next run.

use wasmtime::component::ResourceTable;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::meter::Meter;
use super::outcome::printable;
use crate::limits::Budget;
use crate::model::RouteId;
use crate::taskflow::Session;

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
pub(super) struct GuestState {
    pub route: RouteId,
    pub session: Session,
    pub head: Box<dyn RequestHead>,
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

impl GuestState {
    pub(super) fn new(route: RouteId, session: Session, head: Box<dyn RequestHead>, budget: Budget) -> Self {
        Self { route, session, head, meter: Meter::new(budget), log_max_bytes: budget.log_max_bytes, wasi: None }
    }

    /// Puts what the guest printed into the log, line by line: stdout as information, stderr (where panics go) as warnings.
    fn log_printed(&self) {
        let Some(wasi) = &self.wasi else { return };
        for line in String::from_utf8_lossy(&wasi.stdout.contents()).lines() {
            tracing::info!(target: "guest", route = %self.route, context = "stdout", "{}", printable(line));
        }
        for line in String::from_utf8_lossy(&wasi.stderr.contents()).lines() {
            tracing::warn!(target: "guest", route = %self.route, context = "stderr", "{}", printable(line));
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
            let ctx = WasiCtx::builder().stdout(stdout.clone()).stderr(stderr.clone()).build();
            Box::new(Wasi { ctx, table: ResourceTable::new(), stdout, stderr })
        })
    }
}

/// Whatever way a run ends, what it printed is told.
impl Drop for GuestState {
    fn drop(&mut self) {
        self.log_printed();
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi();
        WasiCtxView { ctx: &mut wasi.ctx, table: &mut wasi.table }
    }
}

impl wasmtime_wasi_io::IoView for GuestState {
    fn table(&mut self) -> &mut ResourceTable {
        &mut self.wasi().table
    }
}
