//! Time, handed in. Rooms that need the time of day take a [`Clock`], so that tests move it by hand; lengths of time
//! inside one run (deadlines, latencies) are measured with `Instant` where they are used.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

use crate::model::Millis;

/// The machine's clock may be set while somebody waits for a time: nobody sleeps longer than this without looking at it again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Where the time of day comes from. Cheap to clone; all clones of a test clock move together.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Test(Arc<Hand>),
}

/// A clock that somebody moves.
#[derive(Debug)]
struct Hand {
    at: AtomicI64,
    moved: Notify,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is moved.
    pub fn test(start: Millis) -> Self {
        Self(Source::Test(Arc::new(Hand { at: AtomicI64::new(start.0), moved: Notify::new() })))
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> Millis {
        match &self.0 {
            Source::System => {
                #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Source::Test(hand) => Millis(hand.at.load(Ordering::SeqCst)),
        }
    }

    /// Returns when it is `at` or later. Follows the clock when it is set or moved.
    pub async fn reach(&self, at: Millis) {
        match &self.0 {
            Source::System => {
                while let left @ 1.. = at.0.saturating_sub(self.now().0) {
                    tokio::time::sleep(Duration::from_millis(left.unsigned_abs()).min(LOOK_AGAIN)).await;
                }
            }
            Source::Test(hand) => loop {
                let moved = hand.moved.notified();
                if self.now() >= at {
                    return;
                }
                moved.await;
            },
        }
    }

    /// Moves a test clock, back if negative; the machine's clock stays as it is.
    pub fn advance(&self, by_ms: i64) {
        if let Source::Test(hand) = &self.0 {
            hand.at.fetch_add(by_ms, Ordering::SeqCst);
            hand.moved.notify_waiters();
        }
    }
}
