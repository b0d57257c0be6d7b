//! What an endpoint's tries teach about it: when it is left alone, and when it is given up until somebody says otherwise. Pure.
//!
//! ```text
//! closed ── failures in a row ──► open (rests) ── rest over ──► one probe ── works ──► closed
//!    │                             ▲                              │
//!    │                             └───────── fails, rests twice as long
//!    └── 410, or nothing but failures for days ──► disabled, until somebody enables it
//! ```

use std::time::Duration;

use super::retry::after;
use crate::config::webhooks::{Breaker, DisableAfter};
use crate::model::{EndpointState, Millis};

/// An endpoint that answers 429, 502 or 504 without saying how long is left alone so long, and longer each time in a row.
const SLOW_STEP: Duration = Duration::from_secs(1);
const SLOW_MAX: Duration = Duration::from_secs(60);

/// The longest that a receiver can have its whole endpoint rest by `Retry-After`.
const REST_MAX: Duration = Duration::from_secs(3600);

/// What one try showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Showed {
    /// The receiver took it.
    Works,
    /// It did not, or could not be reached.
    Fails,
    /// It did not, and wants less: 429, 502, 504, or any failure with `Retry-After`, which is the time.
    Overloaded(Option<Duration>),
    /// 410: it wants nothing ever again.
    Gone,
}

/// The endpoint as it is after this try, and whether this try disabled it.
pub(super) fn learn(
    state: &EndpointState,
    showed: Showed,
    breaker: Breaker,
    disable_after: Option<DisableAfter>,
    now: Millis,
) -> (EndpointState, bool) {
    let mut next = state.clone();
    if showed == Showed::Works {
        (next.failures, next.failing_since, next.opens, next.rests_until) = (0, None, 0, None);
        return (next, false);
    }
    next.failures = state.failures.saturating_add(1);
    next.failing_since = state.failing_since.or(Some(now));
    if let Showed::Overloaded(asked_for) = showed {
        let own = SLOW_STEP.saturating_mul(2_u32.saturating_pow(state.failures.min(6))).min(SLOW_MAX);
        rest(&mut next, after(now, asked_for.unwrap_or(own).min(REST_MAX)));
    }
    if next.failures >= breaker.failures {
        // Tries that were under way when it opened fail as well; they are no reason to open it again.
        let is_open = state.opens > 0 && state.rests_until.is_some_and(|until| until > now);
        if !is_open {
            let open = breaker.open.saturating_mul(2_u32.saturating_pow(state.opens.min(16))).min(breaker.open_max);
            next.opens = state.opens.saturating_add(1);
            rest(&mut next, after(now, open));
        }
    }
    if state.disabled.is_none()
        && let Some(why) = reason_to_disable(&next, showed, disable_after, now)
    {
        next.disabled = Some((now, why));
        return (next, true);
    }
    (next, false)
}

fn rest(state: &mut EndpointState, until: Millis) {
    state.rests_until = state.rests_until.max(Some(until));
}

fn reason_to_disable(
    state: &EndpointState,
    showed: Showed,
    disable_after: Option<DisableAfter>,
    now: Millis,
) -> Option<String> {
    if showed == Showed::Gone {
        return Some("the receiver answered 410 Gone".into());
    }
    let limit = disable_after?;
    let since = state.failing_since?;
    let is_over = now >= after(since, limit.failing) && state.failures >= limit.failures;
    is_over.then(|| {
        format!("nothing but failures for {} hours, {} of them", limit.failing.as_secs() / 3600, state.failures)
    })
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::model::{Digest, EndpointName};

    const BREAKER: Breaker = Breaker { failures: 3, open: Duration::from_secs(30), open_max: Duration::from_secs(100) };
    const DISABLE: Option<DisableAfter> = Some(DisableAfter { failing: Duration::from_secs(7200), failures: 5 });

    fn fresh() -> EndpointState {
        EndpointState::new(EndpointName::new("e"), Digest(Sha256::digest(b"").into()))
    }

    fn after_tries(state: EndpointState, tries: &[(Showed, i64)]) -> EndpointState {
        tries.iter().fold(state, |state, (showed, at)| learn(&state, *showed, BREAKER, DISABLE, Millis(*at)).0)
    }

    #[test]
    fn the_breaker_opens_after_so_many_failures_and_longer_each_time() {
        let state = after_tries(fresh(), &[(Showed::Fails, 0), (Showed::Fails, 0)]);
        assert_eq!((state.opens, state.rests_until), (0, None));
        let state = after_tries(state, &[(Showed::Fails, 0)]);
        assert_eq!((state.opens, state.rests_until), (1, Some(Millis(30_000))));
        let state = after_tries(state, &[(Showed::Fails, 30_000)]);
        assert_eq!((state.opens, state.rests_until), (2, Some(Millis(90_000))));
        let state = after_tries(state, &[(Showed::Fails, 90_000)]);
        assert_eq!((state.opens, state.rests_until), (3, Some(Millis(190_000))));
    }

    #[test]
    fn tries_that_were_under_way_do_not_open_it_twice() {
        let state = after_tries(fresh(), &[(Showed::Fails, 0); 9]);
        assert_eq!((state.opens, state.failures), (1, 9));
    }

    #[test]
    fn one_success_forgets_everything() {
        let state = after_tries(fresh(), &[(Showed::Fails, 0); 5]);
        assert_eq!(after_tries(state, &[(Showed::Works, 1)]), fresh());
    }

    #[test]
    fn an_overloaded_receiver_gets_a_rest_with_and_without_retry_after() {
        let asked = after_tries(fresh(), &[(Showed::Overloaded(Some(Duration::from_secs(20))), 0)]);
        assert_eq!(asked.rests_until, Some(Millis(20_000)));
        let silent = after_tries(fresh(), &[(Showed::Overloaded(None), 0)]);
        assert_eq!(silent.rests_until, Some(Millis(1_000)));
        let again = after_tries(silent, &[(Showed::Overloaded(None), 1_000)]);
        assert_eq!(again.rests_until, Some(Millis(3_000)));
    }

    #[test]
    fn an_endpoint_is_disabled_by_410_and_by_days_of_failures_only() {
        let (gone, disabled) = learn(&fresh(), Showed::Gone, BREAKER, None, Millis(5));
        assert!(disabled && gone.disabled == Some((Millis(5), "the receiver answered 410 Gone".into())));
        let failing = after_tries(fresh(), &[(Showed::Fails, 0); 6]);
        assert_eq!(failing.disabled, None, "many, but not for long");
        let (over, disabled) = learn(&failing, Showed::Fails, BREAKER, DISABLE, Millis(7_200_000));
        assert!(disabled, "{over:?}");
        let few = after_tries(fresh(), &[(Showed::Fails, 0), (Showed::Fails, 7_200_000)]);
        assert_eq!(few.disabled, None, "long, but not many");
        assert!(!learn(&over, Showed::Gone, BREAKER, DISABLE, Millis(7_300_000)).1, "once is enough");
    }
}
