//! When to try again. Pure: the jitter comes from the delivery's own id, so that a test, and an operator with a log, can work it out.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::config::webhooks::{Backoff, Retry};
use crate::model::{DeliveryId, Millis};

/// A receiver may ask for this much patience and no more; one that wants to be left alone for days is one that fails.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// Waiting times vary by so many percent either way, so that what failed together does not come back together.
const JITTER_PERCENT: u64 = 20;

/// The time of the next try after `tries` that counted; nothing if there was the last.
pub(super) fn next_try(
    retry: &Retry,
    delivery: &DeliveryId,
    tries: u32,
    asked_for: Option<Duration>,
    now: Millis,
) -> Option<Millis> {
    if tries >= retry.max_attempts {
        return None;
    }
    let own = jittered(step(&retry.backoff, tries), delivery, tries);
    // What the receiver asks for can only add: an impatient one does not get more tries by it.
    Some(after(now, asked_for.unwrap_or_default().min(RETRY_AFTER_MAX).max(own)))
}

/// The time of the next try where this one was not the receiver's doing.
pub(super) fn next_excused_try(retry: &Retry, delivery: &DeliveryId, excused: u32, now: Millis) -> Millis {
    after(now, jittered(step(&retry.backoff, excused.saturating_add(1)), delivery, excused))
}

pub(super) fn after(now: Millis, wait: Duration) -> Millis {
    Millis(now.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
}

/// The wait before try number `tries` + 1.
fn step(backoff: &Backoff, tries: u32) -> Duration {
    let behind_first = tries.saturating_sub(1);
    match backoff {
        Backoff::Exponential { first, max } => {
            first.saturating_mul(2_u32.saturating_pow(behind_first.min(31))).min(*max)
        }
        Backoff::Schedule(waits) => {
            let last = waits.len().saturating_sub(1);
            waits.get(last.min(behind_first as usize)).copied().unwrap_or_default()
        }
    }
}

fn jittered(wait: Duration, delivery: &DeliveryId, tries: u32) -> Duration {
    let digest = Sha256::new().chain_update(delivery.as_str()).chain_update(tries.to_be_bytes()).finalize();
    let drawn = u64::from(u16::from_be_bytes([digest[0], digest[1]]));
    let percent = 100 - JITTER_PERCENT + drawn * (2 * JITTER_PERCENT) / u64::from(u16::MAX);
    Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).saturating_mul(percent) / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Retry = Retry {
        max_attempts: 3,
        backoff: Backoff::Exponential { first: Duration::from_secs(1), max: Duration::from_secs(3600) },
    };

    fn wait_ms(retry: &Retry, id: &str, tries: u32, asked_for: Option<u64>) -> Option<i64> {
        let at = next_try(retry, &DeliveryId::new(id), tries, asked_for.map(Duration::from_secs), Millis(0));
        at.map(|at| at.0)
    }

    #[test]
    fn waits_double_within_their_jitter_and_end_with_the_last_attempt() {
        for id in ["dlv_1", "dlv_2", "dlv_3"] {
            assert!((800..=1200).contains(&wait_ms(&SEED, id, 1, None).unwrap()));
            assert!((1600..=2400).contains(&wait_ms(&SEED, id, 2, None).unwrap()));
            assert_eq!(wait_ms(&SEED, id, 3, None), None);
        }
    }

    #[test]
    fn the_jitter_is_the_deliverys_own() {
        assert_eq!(wait_ms(&SEED, "dlv_1", 1, None), wait_ms(&SEED, "dlv_1", 1, None));
        let drawn: std::collections::HashSet<_> =
            (0..50).map(|n| wait_ms(&SEED, &format!("dlv_{n}"), 1, None)).collect();
        assert!(drawn.len() > 20, "{drawn:?}");
    }

    #[test]
    fn a_receiver_can_ask_for_more_time_but_not_for_less_nor_for_ever() {
        assert_eq!(wait_ms(&SEED, "dlv_1", 1, Some(60)), Some(60_000));
        assert!(wait_ms(&SEED, "dlv_1", 1, Some(0)).unwrap() >= 800);
        assert_eq!(wait_ms(&SEED, "dlv_1", 1, Some(u64::MAX)), Some(3_600_000));
    }

    #[test]
    fn a_schedule_is_followed_to_its_end() {
        let waits = vec![Duration::from_secs(5), Duration::from_secs(300)];
        let retry = Retry { max_attempts: 3, backoff: Backoff::Schedule(waits) };
        assert!((4_000..=6_000).contains(&wait_ms(&retry, "dlv_1", 1, None).unwrap()));
        assert!((240_000..=360_000).contains(&wait_ms(&retry, "dlv_1", 2, None).unwrap()));
        assert_eq!(wait_ms(&retry, "dlv_1", 3, None), None);
    }

    #[test]
    fn a_thousand_tries_overflow_nothing() {
        let retry = Retry { max_attempts: u32::MAX, ..SEED };
        assert!(wait_ms(&retry, "dlv_1", 1000, None).unwrap() <= 4_320_000);
    }
}
