//! One alert as Alertmanager writes it: its times, its fingerprint, the key of its group.

use sandclaw_sdk::Event;
use serde_json::{Value, json};

use crate::Labels;

/// How Go writes the time that is none; Alertmanager's own alerts have it as the end of what still fires.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// An element of `alerts`. A firing alert starts with its event and has no end. A resolved one ends with its event; when it began is not
/// told by that event, so its start is the same moment.
pub fn alert(event: &Event, is_firing: bool, labels: &Labels, annotations: &Labels, url: &str) -> Value {
    // A time that is none must not keep an alarm from its receiver, who would fail to parse it.
    let time = event.timestamp.as_str().filter(|time| is_rfc3339(time)).unwrap_or(NO_TIME);
    json!({
        "status": if is_firing { "firing" } else { "resolved" },
        "labels": labels,
        "annotations": annotations,
        "startsAt": time,
        "endsAt": if is_firing { NO_TIME } else { time },
        "generatorURL": url,
        "fingerprint": fingerprint(labels),
    })
}

/// The fingerprint that Alertmanager gives these labels: 64-bit FNV-1a of all names and values, each followed by a byte 0xff, as 16
/// hexadecimal digits.
pub fn fingerprint(labels: &Labels) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let texts = labels.iter().flat_map(|(name, value)| [name, value]);
    let bytes = texts.flat_map(|text| text.bytes().chain([0xff]));
    let hash = bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    format!("{hash:016x}")
}

/// `{}:{alertname="…", flow_id="…"}`, as of an Alertmanager that groups by all labels: one alert, one group.
pub fn group_key(labels: &Labels) -> String {
    let label = |(name, value): (&String, &String)| format!("{name}={value:?}");
    format!("{{}}:{{{}}}", labels.iter().map(label).collect::<Vec<_>>().join(", "))
}

/// `2026-03-14T10:30:00.5Z`, `2026-03-14T10:30:00+08:00`.
fn is_rfc3339(time: &str) -> bool {
    let number = |text: Option<&str>, low: u32, high: u32| {
        let text = text.filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        text.and_then(|text| text.parse().ok()).is_some_and(|number: u32| (low..=high).contains(&number))
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let is_marked = marks.iter().all(|(at, mark)| time.as_bytes().get(*at) == Some(mark));
    let limits = [(0..4, 1, 9_999), (5..7, 1, 12), (8..10, 1, 31), (11..13, 0, 23), (14..16, 0, 59), (17..19, 0, 59)];
    let is_in_range = limits.into_iter().all(|(place, low, high)| number(time.get(place), low, high));
    let Some(mut rest) = time.get(19..).filter(|_| is_marked && is_in_range) else { return false };
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=9).contains(&digits) {
            return false;
        }
        rest = &fraction[digits..];
    }
    let is_offset = rest.len() == 6
        && rest.starts_with(['+', '-'])
        && number(rest.get(1..3), 0, 23)
        && rest.get(3..4) == Some(":")
        && number(rest.get(4..6), 0, 59);
    rest == "Z" || is_offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_taken_if_go_would_take_it() {
        for good in ["2026-03-14T10:30:00Z", "2026-03-14T10:30:00.123456789Z", "2026-03-14T10:30:00.5+08:00", NO_TIME] {
            assert!(is_rfc3339(good), "{good}");
        }
        for bad in [
            "",
            "Z",
            "yesterday",
            "2026-03-14",
            "2026-03-14 10:30:00Z",
            "2026-13-14T10:30:00Z",
            "2026-03-14T24:30:00Z",
            "2026-03-14T10:30:00",
            "2026-03-14T10:30:00.Z",
            "2026-03-14T10:30:00+0800",
            "2026-03-14T10:30:00Zz",
            "+026-03-14T10:30:00Z",
            "２026-03-14T10:30:00Z",
            "2026-03-14T10:30:é",
        ] {
            assert!(!is_rfc3339(bad), "{bad}");
        }
    }
}
