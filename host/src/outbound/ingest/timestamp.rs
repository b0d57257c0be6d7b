//! RFC 3339, to the letter. Receivers compare and parse these, so nothing looser gets in.

use jiff::Timestamp;

/// The moment in UTC: as it was given if it ends in `Z`, else converted, with as many decimals. `None` if it is no RFC 3339 date and time
/// with a zone.
pub(super) fn utc(text: &str) -> Option<String> {
    let decimals = shape(text)?;
    let at: Timestamp = text.parse().ok()?;
    Some(if text.ends_with('Z') { text.to_owned() } else { format!("{at:.decimals$}") })
}

/// Whether it looks like `2026-03-14T10:30:00[.123]Z` or `…+08:00`; how many decimals it has. What the calendar says is not looked at.
fn shape(text: &str) -> Option<usize> {
    const SECONDS: &[u8] = b"0000-00-00T00:00:00";
    /// What the parser and every receiver can hold.
    const DECIMALS_MAX: usize = 9;
    let (seconds, rest) = text.as_bytes().split_at_checked(SECONDS.len())?;
    let fits = |text: &[u8], pattern: &[u8]| {
        let same = |(byte, like): (&u8, &u8)| if *like == b'0' { byte.is_ascii_digit() } else { byte == like };
        text.len() == pattern.len() && text.iter().zip(pattern).all(same)
    };
    if !fits(seconds, SECONDS) {
        return None;
    }
    let (decimals, zone) = match rest.strip_prefix(b".") {
        None => (0, rest),
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            ((1..=DECIMALS_MAX).contains(&digits).then_some(digits)?, &fraction[digits..])
        }
    };
    (zone == b"Z" || fits(zone, b"+00:00") || fits(zone, b"-00:00")).then_some(decimals)
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn moments_with_a_zone_become_utc_and_nothing_else_is_one() {
        for (text, expected) in [
            ("2026-03-14T10:30:00Z", Some("2026-03-14T10:30:00Z")),
            ("2026-03-14T10:30:00.000Z", Some("2026-03-14T10:30:00.000Z")),
            ("2026-03-14T10:30:00+08:00", Some("2026-03-14T02:30:00Z")),
            ("2026-03-14T00:30:00.50+08:00", Some("2026-03-13T16:30:00.50Z")),
            ("2026-03-14T10:30:00.123456789-00:00", Some("2026-03-14T10:30:00.123456789Z")),
            ("2024-02-29T00:00:00Z", Some("2024-02-29T00:00:00Z")),
            ("2026-02-29T00:00:00Z", None),
            ("2026-03-14T25:00:00Z", None),
            ("2026-03-14T10:30:00", None),
            ("2026-03-14T10:30:00z", None),
            ("2026-03-14t10:30:00Z", None),
            ("2026-03-14 10:30:00Z", None),
            ("2026-03-14T10:30Z", None),
            ("2026-03-14", None),
            ("20260314T103000Z", None),
            ("2026-03-14T10:30:00.Z", None),
            ("2026-03-14T10:30:00,5Z", None),
            ("2026-03-14T10:30:00.1234567891Z", None),
            ("2026-03-14T10:30:00+0800", None),
            ("2026-03-14T10:30:00+08:00[Asia/Shanghai]", None),
            ("2026-03-14T10:30:00+99:00", None),
            ("", None),
            ("Z", None),
            ("2026-03-14T10:30:0٣Z", None),
        ] {
            assert_eq!(utc(text).as_deref(), expected, "{text}");
        }
    }
}
