//! Every number of the `webhooks` root, with its default, its range and the reason for it. What a run of a transform may use
//! stands with the other limits of runs, in `config/limits.rs`.

use super::super::limits::Limit;

/// Two weeks: longer than a holiday, so that whoever comes back can still see and repeat what failed.
pub(super) const RETENTION_DAYS: Limit = Limit { key: "retentionDays", default: 14, min: 1, max: 365 };

/// The number in the document that these keys come from, for what is announced with it is expected. Enough for a hiccup; a receiver that
/// may be down for longer wants more, or a schedule.
pub(super) const MAX_ATTEMPTS: Limit = Limit { key: "maxAttempts", default: 3, min: 1, max: ATTEMPTS_MAX };
/// No schedule needs more; each try of each delivery is a row.
pub(super) const ATTEMPTS_MAX: u32 = 100;
/// From the same document.
pub(super) const BACKOFF_MS: Limit = Limit { key: "backoffMs", default: 1_000, min: 1, max: DAY_MS };
/// An hour: a receiver that is back is noticed the same morning.
pub(super) const MAX_BACKOFF_MS: Limit = Limit { key: "maxBackoffMs", default: 3_600_000, min: 1, max: DAY_MS };
/// Longest wait of a schedule.
pub(super) const DAY_MS: u32 = 86_400_000;

/// A whole try. Receivers are told to answer first and work afterwards; 15 s is what the large senders wait.
pub(super) const TOTAL_MS: Limit = Limit { key: "totalMs", default: 15_000, min: 10, max: 300_000 };
/// Name, TCP and TLS: three round trips, each of which may lose a packet and wait a second for it.
pub(super) const CONNECT_MS: Limit = Limit { key: "connectMs", default: 5_000, min: 10, max: 300_000 };
/// From the connection to the head of the answer: as long as the whole try, unless it is said.
pub(super) const HEADERS_MS: Limit = Limit { key: "headersMs", default: 15_000, min: 10, max: 300_000 };

/// Tries in a window; there is no limit unless it is said.
pub(super) const RATE_REQUESTS_MAX: u32 = 1_000_000;
/// Receivers state their limits by the second.
pub(super) const RATE_PER_MS: Limit = Limit { key: "perMs", default: 1_000, min: 100, max: DAY_MS };

/// Tries at the same time: sixteen at 100 ms each are 160 a second, more than most receivers want to see.
pub(super) const MAX_IN_FLIGHT: Limit = Limit { key: "maxInFlight", default: 16, min: 1, max: 1_024 };

/// Ten failures in a row are no accident.
pub(super) const BREAKER_FAILURES: Limit = Limit { key: "failures", default: 10, min: 1, max: 100_000 };
/// Half a minute is what a restart takes.
pub(super) const BREAKER_OPEN_MS: Limit = Limit { key: "openMs", default: 30_000, min: 10, max: DAY_MS };
/// Half an hour: one probe in that time costs nobody anything.
pub(super) const BREAKER_OPEN_MAX_MS: Limit = Limit { key: "openMaxMs", default: 1_800_000, min: 10, max: DAY_MS };

/// Five days of nothing but failures outlast a long weekend.
pub(super) const DISABLE_HOURS: Limit = Limit { key: "hours", default: 120, min: 1, max: 8_760 };
/// So that two failures, five days apart, disable nobody.
pub(super) const DISABLE_FAILURES: Limit = Limit { key: "failures", default: 20, min: 1, max: 1_000_000 };
