//! When an endpoint is tried, how often, for how long, and when it is left alone.

use std::time::Duration;

use super::super::field::Field;
use super::super::limits::ms;
use super::super::tree::Value;
use super::numbers::{
    ATTEMPTS_MAX, BACKOFF_MS, BREAKER_FAILURES, BREAKER_OPEN_MAX_MS, BREAKER_OPEN_MS, CONNECT_MS, DAY_MS,
    DISABLE_FAILURES, DISABLE_HOURS, HEADERS_MS, MAX_ATTEMPTS, MAX_BACKOFF_MS, RATE_PER_MS, RATE_REQUESTS_MAX,
    TOTAL_MS,
};
use super::{Backoff, Breaker, DisableAfter, RateLimit, Retry, Timeouts};

const SCHEDULE_MS: &str = "scheduleMs";
const SECONDS_PER_HOUR: u64 = 3_600;

/// `{maxAttempts, backoffMs, maxBackoffMs}` or `{scheduleMs}`. Where it is wrong the problem is reported, as below.
pub(super) fn read(field: &Field<'_>) -> Retry {
    let section = field.section(&[MAX_ATTEMPTS.key, BACKOFF_MS.key, MAX_BACKOFF_MS.key, SCHEDULE_MS]);
    let schedule = section.field(SCHEDULE_MS);
    if schedule.is_present() {
        for key in [MAX_ATTEMPTS.key, BACKOFF_MS.key, MAX_BACKOFF_MS.key] {
            let other = section.field(key);
            if other.is_present() {
                other.problem("not together with `scheduleMs`, which says all of it; remove one");
            }
        }
        return read_schedule(&schedule);
    }
    let max_attempts = MAX_ATTEMPTS.read(&section);
    let first = BACKOFF_MS.read_ms(&section);
    let max = section.field(MAX_BACKOFF_MS.key);
    // A first wait beyond the default of the longest one is meant.
    let longest =
        if max.is_present() { MAX_BACKOFF_MS.read_ms(&section) } else { first.max(ms(MAX_BACKOFF_MS.default)) };
    not_below(&max, longest, first, BACKOFF_MS.key);
    Retry { max_attempts, backoff: Backoff::Exponential { first, max: longest } }
}

fn read_schedule(field: &Field<'_>) -> Retry {
    let waits = field.items();
    if waits.is_empty() || waits.len() >= ATTEMPTS_MAX as usize {
        field.problem(format!("must be a list of 1 to {} waits, one before each further try", ATTEMPTS_MAX - 1));
    }
    let waits: Vec<_> = waits.iter().filter_map(|wait| wait.number(1..=DAY_MS).map(ms)).collect();
    // The list is short, or it is reported.
    Retry { max_attempts: waits.len() as u32 + 1, backoff: Backoff::Schedule(waits) }
}

/// A number for the whole try, or `{connectMs, headersMs, totalMs}`.
pub(super) fn read_timeouts(field: &Field<'_>) -> Timeouts {
    let Some(Value::Map(_)) = field.value() else {
        if !matches!(field.value(), None | Some(Value::Number(_))) {
            field.must_be("a number or {connectMs, headersMs, totalMs}");
            return timeouts(ms(TOTAL_MS.default), None, None);
        }
        return timeouts(ms(field.number(TOTAL_MS.min..=TOTAL_MS.max).unwrap_or(TOTAL_MS.default)), None, None);
    };
    let section = field.section(&[CONNECT_MS.key, HEADERS_MS.key, TOTAL_MS.key]);
    let total = TOTAL_MS.read_ms(&section);
    let [connect, headers] = [&CONNECT_MS, &HEADERS_MS].map(|limit| {
        let part = section.field(limit.key).is_present().then(|| limit.read_ms(&section))?;
        not_below(&section.field(TOTAL_MS.key), total, part, limit.key);
        Some(part)
    });
    timeouts(total, connect, headers)
}

/// No part is longer than the whole.
fn timeouts(total: Duration, connect: Option<Duration>, headers: Option<Duration>) -> Timeouts {
    let connect = connect.unwrap_or(ms(CONNECT_MS.default)).min(total);
    Timeouts { connect, headers: headers.unwrap_or(total).min(total), total }
}

/// The rate, `None` if there is no limit, nothing if it is wrong.
pub(super) fn read_rate(field: &Field<'_>) -> Option<Option<RateLimit>> {
    if !field.is_present() {
        return Some(None);
    }
    let section = field.section(&["requests", RATE_PER_MS.key]);
    let requests = section.field("requests");
    if !requests.is_present() {
        requests.must_be("a number of tries");
    }
    let window = RATE_PER_MS.read_ms(&section);
    Some(Some(RateLimit { requests: requests.number(1..=RATE_REQUESTS_MAX)?, window }))
}

/// The `breaker`.
pub(super) fn read_breaker(field: &Field<'_>) -> Breaker {
    let section = field.section(&[BREAKER_FAILURES.key, BREAKER_OPEN_MS.key, BREAKER_OPEN_MAX_MS.key]);
    let failures = BREAKER_FAILURES.read(&section);
    let open = BREAKER_OPEN_MS.read_ms(&section);
    let max = section.field(BREAKER_OPEN_MAX_MS.key);
    let open_max = if max.is_present() {
        BREAKER_OPEN_MAX_MS.read_ms(&section)
    } else {
        open.max(ms(BREAKER_OPEN_MAX_MS.default))
    };
    not_below(&max, open_max, open, BREAKER_OPEN_MS.key);
    Breaker { failures, open, open_max }
}

/// `{hours, failures}`, or `false` for never.
pub(super) fn read_disable(field: &Field<'_>) -> Option<DisableAfter> {
    match field.value() {
        None | Some(Value::Map(_)) => {
            let section = field.section(&[DISABLE_HOURS.key, DISABLE_FAILURES.key]);
            let failing = Duration::from_secs(u64::from(DISABLE_HOURS.read(&section)) * SECONDS_PER_HOUR);
            Some(DisableAfter { failing, failures: DISABLE_FAILURES.read(&section) })
        }
        Some(Value::Bool(false)) => None,
        Some(_) => {
            field.must_be("{hours, failures} or false");
            None
        }
    }
}

fn not_below(field: &Field<'_>, value: Duration, least: Duration, key: &str) {
    if value < least {
        field.problem(format!("must not be less than `{key}`, {}", least.as_millis()));
    }
}
