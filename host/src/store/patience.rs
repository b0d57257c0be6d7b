//! What engines over the store have in common: they go on when it fails for a while, and when one of their own tasks comes to grief.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::StoreError;

/// The first wait after a failure, and the longest: a full disk takes a person, and the log is to tell of it without filling it.
pub const AFTER_FAILURE: Duration = Duration::from_secs(1);
const AFTER_FAILURES: Duration = Duration::from_secs(60);

/// Does this until the store does; `None` if `stop` or the store's end comes before: the next start finds out.
pub async fn until_stored<T, F>(stop: &CancellationToken, what: &str, act: impl Fn() -> F) -> Option<T>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut pause = AFTER_FAILURE;
    loop {
        match act().await {
            Ok(done) => return Some(done),
            Err(StoreError::Closed) => return None,
            Err(error) => tracing::error!("{what}, which will be tried again: {error}"),
        }
        tokio::select! {
            () = stop.cancelled() => return None,
            () = sleep(pause) => pause = pause.saturating_mul(2).min(AFTER_FAILURES),
        }
    }
}

/// Runs one of an engine's tasks, and again if it panics: without it nothing more would be done, and nobody would know.
pub async fn keep_running<F>(what: &'static str, run: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    while let Err(error) = AbortOnDropHandle::new(tokio::spawn(run())).await {
        tracing::error!("{what} came to grief and begins anew: {error}");
        sleep(AFTER_FAILURE).await;
    }
}
