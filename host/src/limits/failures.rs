//! Credentials that fail. OpenClaw's throttle to the letter: twenty in a sliding minute from one address, and for a minute no more are
//! looked at, but for a right one, which ends it. An address on this machine is no exception: a proxy without a list of its own
//! makes everybody local.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

/// Failures that are answered as such. With the last of them the lockout begins, and the next one is told to wait.
const FAILURES_MAX: usize = 20;
/// In how long they are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// How long nothing but a right credential is looked at.
const LOCKOUT: Duration = Duration::from_secs(60);

/// The failures of all addresses.
pub struct FailedCredentials {
    /// Keys are remembered by a keyed 64-bit hash: nobody outside knows the key, so nobody can make two of them meet.
    failures: Mutex<LruCache<u64, Failures>>,
    hasher: RandomState,
}

#[derive(Default)]
struct Failures {
    /// When, the oldest first; never more than are counted.
    recent: VecDeque<Instant>,
    locked_until: Option<Instant>,
    /// Whether somebody was told of the lockout.
    is_told: bool,
}

/// What a failure is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// Unauthorized.
    Refused,
    /// Too many: come back after so long.
    LockedOut {
        /// For `Retry-After`; whole seconds, at least one.
        retry_after: Duration,
        /// Whether it is the first that is told of this lockout; the log is to tell once.
        is_first: bool,
    },
}

impl FailedCredentials {
    /// Remembers at most `keys_max` addresses, the one unused longest dropped first.
    pub fn new(keys_max: NonZeroUsize) -> Self {
        Self { failures: Mutex::new(LruCache::new(keys_max)), hasher: RandomState::new() }
    }

    /// Counts a failure of this address at `now`. `scope` names the doors that count together.
    pub fn failed(&self, scope: &str, client: IpAddr, now: Instant) -> Failed {
        let key = self.key(scope, client);
        let mut all = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = all.get_or_insert_mut(key, Failures::default);
        if let Some(until) = failures.locked_until {
            if now < until {
                let is_first = !std::mem::replace(&mut failures.is_told, true);
                return Failed::LockedOut { retry_after: whole_seconds(until - now), is_first };
            }
            *failures = Failures::default();
        }
        let is_old = |at: &Instant| now.saturating_duration_since(*at) >= WINDOW;
        while failures.recent.front().is_some_and(is_old) {
            failures.recent.pop_front();
        }
        failures.recent.push_back(now);
        if failures.recent.len() >= FAILURES_MAX {
            failures.locked_until = Some(now + LOCKOUT);
        }
        Failed::Refused
    }

    /// A right credential: what failed before is forgotten, a lockout too.
    pub fn succeeded(&self, scope: &str, client: IpAddr) {
        let key = self.key(scope, client);
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).pop(&key);
    }

    fn key(&self, scope: &str, client: IpAddr) -> u64 {
        self.hasher.hash_one((scope, client.to_canonical()))
    }
}

fn whole_seconds(left: Duration) -> Duration {
    Duration::from_secs(left.as_millis().div_ceil(1_000).max(1).try_into().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const A: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const B: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    fn throttle() -> FailedCredentials {
        FailedCredentials::new(NonZeroUsize::new(8).unwrap())
    }

    /// So many failures of A, all refused.
    fn fail(throttle: &FailedCredentials, times: usize, now: Instant) {
        for time in 0..times {
            assert_eq!(throttle.failed("hooks", A, now), Failed::Refused, "{time}");
        }
    }

    fn locked(seconds: u64, is_first: bool) -> Failed {
        Failed::LockedOut { retry_after: Duration::from_secs(seconds), is_first }
    }

    #[test]
    fn the_twenty_first_failure_of_a_minute_is_told_to_wait_a_minute() {
        let (throttle, start) = (throttle(), Instant::now());
        fail(&throttle, 20, start);
        assert_eq!(throttle.failed("hooks", A, start), locked(60, true));
        assert_eq!(throttle.failed("hooks", A, start + Duration::from_millis(500)), locked(60, false));
        assert_eq!(throttle.failed("hooks", A, start + Duration::from_millis(59_999)), locked(1, false));
        fail(&throttle, 20, start + Duration::from_secs(60));
    }

    #[test]
    fn failures_leave_the_window_one_by_one() {
        let (throttle, start) = (throttle(), Instant::now());
        fail(&throttle, 10, start);
        fail(&throttle, 9, start + Duration::from_secs(30));
        fail(&throttle, 11, start + Duration::from_secs(60));
        assert_eq!(throttle.failed("hooks", A, start + Duration::from_secs(70)), locked(50, true));
    }

    #[test]
    fn a_right_credential_ends_the_lockout() {
        let (throttle, now) = (throttle(), Instant::now());
        fail(&throttle, 20, now);
        assert_eq!(throttle.failed("hooks", A, now), locked(60, true));
        throttle.succeeded("hooks", A);
        fail(&throttle, 20, now);
    }

    #[test]
    fn another_address_and_another_scope_are_counted_apart() {
        let (throttle, now) = (throttle(), Instant::now());
        fail(&throttle, 20, now);
        assert_eq!(throttle.failed("hooks", B, now), Failed::Refused);
        assert_eq!(throttle.failed("routes", A, now), Failed::Refused);
        assert_eq!(throttle.failed("hooks", Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(), now), locked(60, true));
    }

    #[test]
    fn the_address_unused_longest_is_forgotten_first() {
        let throttle = FailedCredentials::new(NonZeroUsize::new(1).unwrap());
        let now = Instant::now();
        fail(&throttle, 20, now);
        assert_eq!(throttle.failed("hooks", B, now), Failed::Refused);
        fail(&throttle, 20, now);
    }
}
