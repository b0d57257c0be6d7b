//! Signals: the first drains, the second cuts, and a drain that takes too long is cut as well.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::http::Phase;

/// A drain longer than this is cut: service managers kill after 90 s at the latest, and a run may take a minute at most.
const DRAIN_MAX: Duration = Duration::from_secs(75);

/// Turns signals (SIGINT, SIGTERM) into phases. Never returns before the cut.
pub async fn signals(phase: watch::Sender<Phase>) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} }
    tracing::info!("draining: no new requests; a second signal stops at once");
    phase.send_replace(Phase::Draining);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = tokio::time::sleep(DRAIN_MAX) => tracing::warn!("the drain took longer than {} s", DRAIN_MAX.as_secs()),
    }
    tracing::warn!("stopping at once");
    phase.send_replace(Phase::Cut);
    Ok(())
}
