//! A time in the past, as people say it.

use crate::model::Millis;

/// `2h`, `3d`, `45m`, `30s`, `1w` ago, or an RFC 3339 date and time.
pub(super) fn parse(text: &str, now: Millis) -> Result<Millis, String> {
    const WANTED: &str = "must be a time such as 2026-03-14T10:30:00Z, or how long ago: 90s, 45m, 2h, 3d, 1w";
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(Millis(at.as_millisecond()));
    }
    let unit = text.chars().next_back().ok_or(WANTED)?;
    let unit_ms: i64 = match unit {
        's' => 1000,
        'm' => 60 * 1000,
        'h' => 60 * 60 * 1000,
        'd' => 24 * 60 * 60 * 1000,
        'w' => 7 * 24 * 60 * 60 * 1000,
        _ => return Err(WANTED.to_owned()),
    };
    let number = &text[..text.len() - 1];
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let ago_ms = number.parse::<i64>().ok().filter(|_| is_number).and_then(|number| number.checked_mul(unit_ms));
    ago_ms.map(|ago_ms| Millis(now.0.saturating_sub(ago_ms).max(0))).ok_or_else(|| WANTED.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_dates_or_as_how_long_ago() {
        let now = Millis(1_795_000_000_000);
        for (text, expected) in [
            ("2026-03-14T10:30:00Z", Some(1_773_484_200_000)),
            ("2026-03-14T18:30:00+08:00", Some(1_773_484_200_000)),
            ("90s", Some(now.0 - 90_000)),
            ("45m", Some(now.0 - 2_700_000)),
            ("2h", Some(now.0 - 7_200_000)),
            ("3d", Some(now.0 - 259_200_000)),
            ("1w", Some(now.0 - 604_800_000)),
            ("100000w", Some(0)),
            ("2026-03-14T10:30:00", None),
            ("2", None),
            ("h", None),
            ("-2h", None),
            ("+2h", None),
            ("2 h", None),
            ("2y", None),
            ("9999999999999999999d", None),
            ("2時", None),
            ("", None),
        ] {
            assert_eq!(parse(text, now).ok().map(|at| at.0), expected, "{text}");
        }
    }
}
