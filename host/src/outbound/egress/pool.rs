//! The connections of one endpoint that wait for its next request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::connection::Connection;
use super::target::Target;

/// How long a connection waits for its next request. Receivers and the boxes between forget idle ones after a minute or so, and a
/// request on a forgotten connection is a lost one.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(30);
/// A receiver that names its own time gets its connection back so much earlier: our request must not cross its good-bye.
const MARGIN: Duration = Duration::from_secs(1);

/// The connections of one endpoint that wait.
pub(super) struct Pool {
    max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<Idle>,
    is_swept: bool,
}

struct Idle {
    target: Target,
    connection: Connection,
    until: Instant,
}

impl Pool {
    /// Keeps at most `max` of them.
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, state: Mutex::default() })
    }

    /// The connection to this target that was used last. Those that are over are forgotten.
    pub(super) fn take(&self, target: &Target) -> Option<Connection> {
        let mut state = self.state();
        state.forget_old();
        let at = state.idle.iter().rposition(|idle| idle.target == *target)?;
        Some(state.idle.remove(at).connection)
    }

    /// Keeps a connection whose answer has been read to its end; `keep_alive` is what the receiver says about it.
    pub(super) async fn put(
        self: &Arc<Self>,
        target: Target,
        mut connection: Connection,
        keep_alive: Option<Duration>,
    ) {
        let lifetime = keep_alive.map_or(IDLE_MAX, |told| told.saturating_sub(MARGIN).min(IDLE_MAX));
        if self.max == 0 || lifetime.is_zero() || !connection.settle().await {
            return;
        }
        let mut state = self.state();
        state.forget_old();
        if state.idle.len() >= self.max {
            state.idle.remove(0);
        }
        state.idle.push(Idle { target, connection, until: Instant::now() + lifetime });
        if !state.is_swept {
            state.is_swept = true;
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// How many wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        let mut state = self.state();
        state.forget_old();
        state.idle.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget_old(&mut self) {
        let now = Instant::now();
        self.idle.retain(|idle| idle.until > now && idle.connection.is_open());
    }
}

/// Closes connections when their time is over, also when no request comes to see it. Ends when there are none.
async fn sweep(pool: Weak<Pool>) {
    loop {
        let Some(next) = pool.upgrade().and_then(|pool| {
            let mut state = pool.state();
            state.forget_old();
            let next = state.idle.iter().map(|idle| idle.until).min();
            state.is_swept = next.is_some();
            next
        }) else {
            return;
        };
        sleep_until(next).await;
    }
}

/// `timeout` of a `Keep-Alive` header.
pub(super) fn keep_alive(header: &str) -> Option<Duration> {
    let mut parameters = header.split(',').filter_map(|parameter| parameter.split_once('='));
    let (_, seconds) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"))?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}
