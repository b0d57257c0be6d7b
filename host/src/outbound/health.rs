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
pub(super) const REST_MAX: Duration = Duration::from_secs(3600);

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

/// What a try changed in what is known of the endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Learned {
    /// Nothing.
    Nothing,
    /// A count or a time.
    Something,
    /// The breaker opened; nothing is tried before this time.
    Opened(Millis),
    /// The breaker closed: the receiver works again.
    Closed,
    /// It gets nothing more, for this reason.
    Disabled(String),
}

/// The endpoint as it is after this try, and what is new.
pub(super) fn learn(
    state: &EndpointState,
    showed: Showed,
    breaker: Breaker,
    disable_after: Option<DisableAfter>,
    now: Millis,
) -> (EndpointState, Learned) {
    let mut next = state.clone();
    if showed == Showed::Works {
        // A receiver that asks for rest goes on answering what it had before: only a rest of the breaker's ends with that.
        let asked_for = state.rests_until.filter(|until| state.opens == 0 && *until > now);
        (next.failures, next.failing_since, next.opens, next.rests_until) = (0, None, 0, asked_for);
        let learned = match state.opens {
            0 if next == *state => Learned::Nothing,
            0 => Learned::Something,
            _ => Learned::Closed,
        };
        return (next, learned);
    }
    let mut learned = Learned::Something;
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
            learned = Learned::Opened(next.rests_until.unwrap_or(now));
        }
    }
    if state.disabled.is_none()
        && let Some(why) = reason_to_disable(&next, showed, disable_after, now)
    {
        next.disabled = Some((now, why.clone()));
        learned = Learned::Disabled(why);
    }
    (next, learned)
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
    fn what_still_gets_through_does_not_end_the_rest_that_a_receiver_asked_for() {
        let asked = after_tries(fresh(), &[(Showed::Overloaded(Some(Duration::from_secs(20))), 0), (Showed::Works, 1)]);
        assert_eq!((asked.failures, asked.rests_until), (0, Some(Millis(20_000))));
        assert_eq!(after_tries(asked, &[(Showed::Works, 20_000)]), fresh());
    }

    #[test]
    fn opening_and_closing_are_told_once() {
        let told = |state: &EndpointState, showed, at| learn(state, showed, BREAKER, DISABLE, Millis(at));
        let (open, learned) = told(&after_tries(fresh(), &[(Showed::Fails, 0); 2]), Showed::Fails, 0);
        assert_eq!(learned, Learned::Opened(Millis(30_000)));
        assert_eq!(told(&open, Showed::Fails, 1).1, Learned::Something);
        let (closed, learned) = told(&open, Showed::Works, 2);
        assert_eq!((learned, told(&closed, Showed::Works, 3).1), (Learned::Closed, Learned::Nothing));
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
        let (gone, learned) = learn(&fresh(), Showed::Gone, BREAKER, None, Millis(5));
        let why = "the receiver answered 410 Gone".to_owned();
        assert_eq!((gone.disabled, learned), (Some((Millis(5), why.clone())), Learned::Disabled(why)));
        let failing = after_tries(fresh(), &[(Showed::Fails, 0); 6]);
        assert_eq!(failing.disabled, None, "many, but not for long");
        let (over, learned) = learn(&failing, Showed::Fails, BREAKER, DISABLE, Millis(7_200_000));
        assert!(matches!(learned, Learned::Disabled(_)), "{over:?}");
        let few = after_tries(fresh(), &[(Showed::Fails, 0), (Showed::Fails, 7_200_000)]);
        assert_eq!(few.disabled, None, "long, but not many");
        let again = learn(&over, Showed::Gone, BREAKER, DISABLE, Millis(7_300_000));
        assert_eq!(again.0.disabled, over.disabled, "once is enough");
        assert!(!matches!(again.1, Learned::Disabled(_)), "{again:?}");
    }
}
