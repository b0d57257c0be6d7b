//! Signals: the first drains, the second cuts, and a drain that takes too long is cut as well.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::http::Phase;

/// A drain longer than this is cut: service managers kill after 90 s at the latest, and a run may take a minute at most.
const DRAIN_MAX: Duration = Duration::from_secs(75);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signalled {
    /// SIGINT, as Ctrl-C sends it.
    Interrupt,
    /// SIGTERM, as a service manager sends it.
    Terminate,
    /// SIGHUP, as a terminal sends it that goes away.
    HangUp,
}

impl Signalled {
    /// What a process that a signal has ended exits with, as shells count it.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 128 + 2,
            Self::Terminate => 128 + 15,
            Self::HangUp => 128 + 1,
        }
    }
}

/// The process's signals, caught from now on: one that arrives before anybody looks is not lost, and does not kill.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// Not if whoever started us wants it ignored, as `nohup` does.
    hang_up: Option<Signal>,
}

impl Signals {
    /// Catches SIGINT, SIGTERM and SIGHUP. To be called before the world learns that we serve: whoever knows may already send one.
    pub fn catch() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: if ignores_hang_up() { None } else { Some(signal(SignalKind::hangup())?) },
        })
    }

    /// The next one. One that came before anybody asked is not lost.
    pub async fn next(&mut self) -> Signalled {
        tokio::select! {
            _ = self.interrupt.recv() => Signalled::Interrupt,
            _ = self.terminate.recv() => Signalled::Terminate,
            Some(_) = async { self.hang_up.as_mut()?.recv().await } => Signalled::HangUp,
        }
    }

    /// Turns them into phases. Never returns before the cut.
    pub async fn steer(mut self, phase: watch::Sender<Phase>) {
        self.next().await;
        tracing::info!("draining: no new requests; a second signal stops at once");
        phase.send_replace(Phase::Draining);
        tokio::select! {
            _ = self.next() => {}
            () = tokio::time::sleep(DRAIN_MAX) => tracing::warn!("the drain took longer than {} s", DRAIN_MAX.as_secs()),
        }
        tracing::warn!("stopping at once");
        phase.send_replace(Phase::Cut);
    }
}

/// Whether SIGHUP is ignored. Linux says so of each process, as a mask in which signal 1 is the last bit.
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
