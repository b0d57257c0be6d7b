//! `Retry-After`, as receivers write it. What is made of it is the engine's business; here it is only read.

use std::time::{Duration, UNIX_EPOCH};

use crate::model::Millis;

/// When the other side wants to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// After so long; at most a year.
    In(Duration),
    /// Not before.
    At(Millis),
}

/// More than anybody will wait for. Keeps sums with it inside their types.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

impl RetryAfter {
    /// Reads seconds, also with a fraction, or an HTTP date. Anything else is as if it were not there.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with(|first: char| first.is_ascii_digit())
            && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            let seconds: f64 = text.parse().ok()?;
            return Some(Self::In(Duration::try_from_secs_f64(seconds).map_or(LONGEST, |wait| wait.min(LONGEST))));
        }
        let at = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(at.as_millis()).ok().map(|at| Self::At(Millis(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_fractions_and_dates_are_read_and_nothing_else() {
        let check = |text: &str, expected| assert_eq!(RetryAfter::parse(text), expected, "{text}");
        check("0", Some(RetryAfter::In(Duration::ZERO)));
        check(" 120 ", Some(RetryAfter::In(Duration::from_secs(120))));
        check("1.5", Some(RetryAfter::In(Duration::from_millis(1500))));
        check("99999999999999999999999999", Some(RetryAfter::In(LONGEST)));
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(RetryAfter::At(Millis(784_111_777_000))));
        check("Sunday, 06-Nov-94 08:49:37 GMT", Some(RetryAfter::At(Millis(784_111_777_000))));
        for junk in ["", "-5", "+5", "1e9", "inf", "NaN", "1.2.3", ".", "soon", "2026-01-01T00:00:00Z"] {
            check(junk, None);
        }
    }
}
