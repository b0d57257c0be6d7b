//! How often the log tells of one endpoint's failures. A receiver that fails half of five thousand deliveries a second would fill a disk with
//! lines that all say the same; each attempt is a row in the store anyway.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One line in this time for each endpoint.
const PACE: Duration = Duration::from_secs(1);

/// When the log last told of an endpoint's failures.
#[derive(Debug, Default)]
pub(super) struct Telling(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    at: Option<Instant>,
    left_out: u64,
}

impl Telling {
    /// Whether it may tell of one more now: then, of how many it did not since the last.
    pub fn may_tell(&self, now: Instant) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.at.is_some_and(|at| now.saturating_duration_since(at) < PACE) {
            told.left_out += 1;
            return None;
        }
        told.at = Some(now);
        Some(std::mem::take(&mut told.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_in_a_time_counts_those_that_were_left_out() {
        let (telling, start) = (Telling::default(), Instant::now());
        let told: Vec<_> = [0, 1, 999, 1_000, 1_001, 5_000]
            .map(|ms| telling.may_tell(start + Duration::from_millis(ms)))
            .into_iter()
            .collect();
        assert_eq!(told, [Some(0), None, None, Some(2), None, Some(1)]);
    }
}
