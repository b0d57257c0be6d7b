//! Every number of the `agents` root, with its default, its range and the reason for it.

use super::super::limits::Limit;

/// Runs at once over all agents. Each is mostly a process that waits for a model.
pub(super) const AT_ONCE: Limit = Limit { key: "maxConcurrent", default: 16, min: 1, max: 1_024 };
/// Runs of one agent at once, over all its sessions. OpenClaw's number.
pub(super) const AGENT_AT_ONCE: Limit = Limit { key: "maxConcurrent", default: 4, min: 1, max: 256 };
/// OpenClaw's limit of one run of an agent; a day is longer than anybody waits.
pub(super) const TIMEOUT_SECONDS: Limit = Limit { key: "timeoutSeconds", default: 600, min: 1, max: 86_400 };
/// A reply of one MiB is a book. It is held in memory while it comes, is a row, and goes out with an event.
pub(super) const OUTPUT_KIB: Limit = Limit { key: "outputKiB", default: 1_024, min: 1, max: 16 * 1024 };
/// Two weeks, as with deliveries: whoever comes back from a holiday can still see what ran.
pub(super) const RETENTION_DAYS: Limit = Limit { key: "retentionDays", default: 14, min: 1, max: 365 };
/// A conversation that nobody has gone on with for a season is over. What is forgotten is a name; the runner keeps the rest.
pub(super) const SESSION_DAYS: Limit = Limit { key: "sessionDays", default: 90, min: 1, max: 3_650 };
