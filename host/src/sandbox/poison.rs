//! Poison: a component that keeps crashing is left alone for a while, longer each time, so that it costs the others nothing.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::outcome::FailureKind;
use crate::model::Millis;

/// So many crashes within [`WINDOW_MS`] poison a component. A handler with a rare bad input stays up; one that is simply broken is out within a moment.
const CRASHES_MAX: usize = 5;
const WINDOW_MS: i64 = 60_000;
/// The first rest, doubled at each crash that follows it, up to the longest.
const REST_FIRST_MS: i64 = 1_000;
const REST_LONGEST_MS: i64 = 300_000;

/// The crash record of one route's component. A new component starts with a clean one.
#[derive(Default)]
pub(super) struct Poison {
    /// Read on every request; zero while all is well.
    rests_until_ms: AtomicI64,
    record: Mutex<Record>,
}

#[derive(Default)]
struct Record {
    crashes: VecDeque<i64>,
    strikes: u32,
}

impl Poison {
    /// If it rests: until when.
    pub(super) fn rests_until(&self, now: Millis) -> Option<Millis> {
        let until = self.rests_until_ms.load(Ordering::Relaxed);
        (until > now.0).then_some(Millis(until))
    }

    /// A run answered: the next crash is a first one again.
    pub(super) fn worked(&self) {
        if self.rests_until_ms.load(Ordering::Relaxed) != 0 {
            self.rests_until_ms.store(0, Ordering::Relaxed);
            *self.record.lock().unwrap_or_else(PoisonError::into_inner) = Record::default();
        }
    }

    /// A run failed. Returns until when the component rests, if this failure poisoned it.
    pub(super) fn failed(&self, kind: FailureKind, now: Millis) -> Option<Millis> {
        if !counts(kind) {
            return None;
        }
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.crashes.push_back(now.0);
        while record.crashes.front().is_some_and(|at| now.0 - at > WINDOW_MS) {
            record.crashes.pop_front();
        }
        // After a rest one more crash is enough.
        if record.crashes.len() < CRASHES_MAX && record.strikes == 0 {
            return None;
        }
        let rest = REST_FIRST_MS.saturating_mul(1 << record.strikes.min(20)).min(REST_LONGEST_MS);
        record.strikes += 1;
        record.crashes.clear();
        let until = now.0.saturating_add(rest);
        self.rests_until_ms.store(until, Ordering::Relaxed);
        Some(Millis(until))
    }
}

/// A slow disk makes runs miss their deadline, a caller's odd input makes a guest return an error: neither says that the component is broken.
fn counts(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Cpu | FailureKind::Memory | FailureKind::Output | FailureKind::HostCalls | FailureKind::Trap => {
            true
        }
        FailureKind::Deadline | FailureKind::GuestError | FailureKind::Host => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_rests_longer_after_each_crash_and_is_forgiven_when_it_works() {
        let poison = Poison::default();
        for at in 0..4 {
            assert_eq!(poison.failed(FailureKind::Trap, Millis(at)), None);
        }
        assert_eq!(poison.failed(FailureKind::Trap, Millis(4)), Some(Millis(1_004)));
        assert_eq!(poison.rests_until(Millis(1_003)), Some(Millis(1_004)));
        assert_eq!(poison.rests_until(Millis(1_004)), None);
        assert_eq!(poison.failed(FailureKind::Cpu, Millis(1_010)), Some(Millis(3_010)));
        assert_eq!(poison.failed(FailureKind::Memory, Millis(3_010)), Some(Millis(7_010)));
        poison.worked();
        assert_eq!(poison.failed(FailureKind::Trap, Millis(8_000)), None);
    }

    #[test]
    fn crashes_far_apart_and_failures_that_are_not_crashes_do_not_poison() {
        let poison = Poison::default();
        for at in 0..20 {
            assert_eq!(poison.failed(FailureKind::Trap, Millis(at * 20_000)), None);
            assert_eq!(poison.failed(FailureKind::Deadline, Millis(at * 20_000)), None);
            assert_eq!(poison.failed(FailureKind::GuestError, Millis(at * 20_000)), None);
        }
    }
}
