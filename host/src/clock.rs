//! Time, handed in. Rooms that need the time of day take a [`Clock`], so that tests move it by hand; lengths of time
//! inside one run (deadlines, latencies) are measured with `Instant` where they are used.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::Millis;

/// Where the time of day comes from. Cheap to clone; all clones of a test clock move together.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Test(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is moved.
    pub fn test(start: Millis) -> Self {
        Self(Source::Test(Arc::new(AtomicI64::new(start.0))))
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> Millis {
        match &self.0 {
            Source::System => {
                #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Source::Test(at) => Millis(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a test clock forward; the machine's clock stays as it is.
    pub fn advance(&self, by_ms: i64) {
        if let Source::Test(at) = &self.0 {
            at.fetch_add(by_ms, Ordering::SeqCst);
        }
    }
}
