//! Two lanes for guest runs. Nearly every run is over within microseconds and stays on the thread of its request. One that
//! computes from tick to tick goes on to threads of its own, so that guests which compute for long never sit between the runtime and its sockets.
//!
//! It matters: a runtime looks at its sockets once in some sixty polls, and a guest that computes makes each poll a tick long. With eight such guests on two
//! cores, every other request waited for half a second.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use super::SandboxError;
use super::meter::CpuMeter;

/// How much less the kernel gives to long runs where short ones want the same core: about a third.
const LONG_RUN_NICENESS: i32 = 5;

/// The threads of long runs. They sleep while there are none.
#[derive(Clone)]
pub(super) struct LongLane(Arc<Threads>);

/// A runtime may not be waited for where it is dropped, which can be inside another one.
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl LongLane {
    pub(super) fn open() -> Result<Self, SandboxError> {
        let runtime = Builder::new_multi_thread()
            .thread_name("long-runs")
            // Every poll here may be a tick long, so timers and wake-ups are looked at after each.
            .event_interval(1)
            .global_queue_interval(1)
            .enable_time()
            .on_thread_start(|| {
                // Failing leaves them with the same share as everybody else, which is fair too.
                let _ = rustix::process::setpriority_process(None, LONG_RUN_NICENESS);
            })
            .build()
            .map_err(|cause| SandboxError::Engine(format!("cannot start the threads of long runs: {cause}")))?;
        Ok(Self(Arc::new(Threads(Some(runtime)))))
    }

    /// Runs it here until it has proved to be long, then over there. Dropping this drops the run, wherever it is, at its next tick. Nothing comes out if the run
    /// panicked over there.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        mut run: Pin<Box<dyn Future<Output = T> + Send>>,
        cpu: &CpuMeter,
    ) -> Option<T> {
        let short = std::future::poll_fn(|cx| match run.as_mut().poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending if cpu.is_long() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        if let Some(ended) = short.await {
            return Some(ended);
        }
        let threads = self.0.0.as_ref()?;
        let mut long = JoinSet::new();
        long.spawn_on(run, threads.handle());
        long.join_next().await?.ok()
    }
}
