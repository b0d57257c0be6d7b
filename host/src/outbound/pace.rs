//! An endpoint's rate limit: so many tries in a window, spread by nothing but the receiver's own speed. A bucket that fills evenly.

use crate::config::webhooks::RateLimit;
use crate::model::Millis;

/// The bucket. Full at first.
#[derive(Debug)]
pub(super) struct Pace {
    limit: Option<RateLimit>,
    /// The time, in microseconds, at which the bucket is full again.
    full_at: i64,
}

impl Pace {
    pub fn new(limit: Option<RateLimit>) -> Self {
        Self { limit, full_at: i64::MIN / 2 }
    }

    /// Tries that may begin now.
    pub fn available(&self, now: Millis) -> u32 {
        let Some(limit) = self.limit else { return u32::MAX };
        let (interval, window) = spans(limit);
        let missing = self.full_at.saturating_sub(micros(now)).max(0);
        u32::try_from(window.saturating_sub(missing) / interval).unwrap_or(0)
    }

    /// Notes tries that begin now.
    pub fn take(&mut self, tries: u32, now: Millis) {
        let Some(limit) = self.limit else { return };
        let (interval, _) = spans(limit);
        self.full_at = self.full_at.max(micros(now)).saturating_add(interval.saturating_mul(i64::from(tries)));
    }

    /// When the next try may begin, if none may now.
    pub fn opens_at(&self, now: Millis) -> Option<Millis> {
        let limit = self.limit.filter(|_| self.available(now) == 0)?;
        let (interval, window) = spans(limit);
        let at = self.full_at.saturating_sub(window).saturating_add(interval);
        Some(Millis(at.saturating_add(999) / 1000))
    }

    /// The clock went back by so much, and the bucket with it.
    pub fn shift(&mut self, back_ms: i64) {
        self.full_at = self.full_at.saturating_sub(back_ms.saturating_mul(1000));
    }
}

/// The time of one try and of all, in microseconds.
fn spans(limit: RateLimit) -> (i64, i64) {
    let window = i64::try_from(limit.window.as_micros()).unwrap_or(i64::MAX).max(1);
    let interval = (window / i64::from(limit.requests.max(1))).max(1);
    (interval, interval.saturating_mul(i64::from(limit.requests.max(1))))
}

fn micros(at: Millis) -> i64 {
    at.0.saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn so_many_tries_fit_into_a_window_and_one_more_comes_with_each_part_of_it() {
        let mut pace = Pace::new(Some(RateLimit { requests: 4, window: Duration::from_secs(1) }));
        assert_eq!(pace.available(Millis(10_000)), 4);
        pace.take(4, Millis(10_000));
        assert_eq!((pace.available(Millis(10_249)), pace.opens_at(Millis(10_000))), (0, Some(Millis(10_250))));
        assert_eq!((pace.available(Millis(10_250)), pace.opens_at(Millis(10_250))), (1, None));
        assert_eq!(pace.available(Millis(11_000)), 4);
        assert_eq!(pace.available(Millis(99_000)), 4);
    }

    #[test]
    fn a_clock_that_goes_back_neither_fills_the_bucket_nor_closes_it() {
        let mut pace = Pace::new(Some(RateLimit { requests: 4, window: Duration::from_secs(1) }));
        pace.take(4, Millis(3_600_000));
        pace.shift(3_600_000);
        assert_eq!((pace.available(Millis(0)), pace.opens_at(Millis(0))), (0, Some(Millis(250))));
    }

    #[test]
    fn without_a_limit_there_is_always_room() {
        let mut pace = Pace::new(None);
        pace.take(1_000_000, Millis(0));
        assert_eq!((pace.available(Millis(0)), pace.opens_at(Millis(0))), (u32::MAX, None));
    }
}
