//! Every limit that an operator can set, with its default, its range and the reason for the number. Limits of a route
//! hold for all routes when they stand under the top-level `limits`, and for one when they stand in its own.

use std::time::Duration;

use super::field::Field;
use super::reader::Section;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// A limit as the file knows it.
pub(super) struct Limit {
    pub key: &'static str,
    pub default: u32,
    pub min: u32,
    pub max: u32,
}

impl Limit {
    /// The number under the limit's key, or its default.
    pub fn read(&self, section: &Section<'_>) -> u32 {
        read(section, self).unwrap_or(self.default)
    }

    /// The number under the limit's key as milliseconds, or its default.
    pub fn read_ms(&self, section: &Section<'_>) -> Duration {
        ms(self.read(section))
    }
}

/// OpenClaw's number: two requests a second from one address is more than any sender of events needs.
const RATE_REQUESTS: Limit = Limit { key: "rateRequests", default: 120, min: 1, max: 1_000_000 };
/// OpenClaw's number. From a tenth of a second, below which a window counts nothing, to a day.
const RATE_WINDOW_MS: Limit = Limit { key: "rateWindowMs", default: 60_000, min: 100, max: 86_400_000 };
/// OpenClaw's number: requests of one address that a path handles at the same time.
const IN_FLIGHT: Limit = Limit { key: "inFlight", default: 8, min: 1, max: 1_024 };
/// OpenClaw's number, 262 144 bytes. A body is held in memory whole, so 16 MiB for each request in flight is the most.
const BODY_KIB: Limit = Limit { key: "bodyKiB", default: 256, min: 1, max: 16 * 1024 };
/// OpenClaw's number: 256 KiB in 15 s is what a bad mobile line manages. Two minutes is as long as senders wait.
const BODY_TIMEOUT_MS: Limit = Limit { key: "bodyTimeoutMs", default: 15_000, min: 100, max: 120_000 };
/// Wall clock of one run, host calls included. Senders such as Slack give up after 3 s, GitHub after 10 s.
const DEADLINE_MS: Limit = Limit { key: "deadlineMs", default: 5_000, min: 10, max: 60_000 };
/// Processor time of one run: a thousand times what the built-in action takes.
const CPU_MS: Limit = Limit { key: "cpuMs", default: 1_000, min: 1, max: 60_000 };
/// All memories of one run together. A Rust component starts with 1 to 2 MiB, one with a JavaScript engine with 20 to 40.
const MEMORY_MIB: Limit = Limit { key: "memoryMiB", default: 64, min: 1, max: 1_024 };
/// The reply and everything passed to host calls: a list of a thousand flows is about 300 KiB, and its state may be more.
const OUTPUT_KIB: Limit = Limit { key: "outputKiB", default: 8 * 1024, min: 1, max: 64 * 1024 };
/// Log text of one run: some five hundred lines.
const LOG_KIB: Limit = Limit { key: "logKiB", default: 64, min: 1, max: 4 * 1024 };
/// Calls of one run into the host: each may wait a millisecond for the disk, so these fill the deadline's fifth.
const HOST_CALLS: Limit = Limit { key: "hostCalls", default: 1_000, min: 1, max: 1_000_000 };

/// An event may carry a whole conversation turn with what its tools said; receivers seldom take more than 1 MiB.
const INGEST_BODY_KIB: Limit = Limit { key: "bodyKiB", default: 1_024, min: 1, max: 16 * 1024 };
/// One Gateway hands in the events of all its sessions, from one address.
const INGEST_IN_FLIGHT: Limit = Limit { key: "inFlight", default: 512, min: 1, max: 1_024 };

/// OpenClaw's number of rate windows that are kept; the one used longest ago goes first. About 100 bytes each.
const RATE_KEYS: Limit = Limit { key: "rateKeys", default: 4_096, min: 16, max: 1_000_000 };
/// How long a connection may take over the head of a request: a slow-loris holds a connection no longer than this.
const HEADER_TIMEOUT_MS: Limit = Limit { key: "headerTimeoutMs", default: 10_000, min: 100, max: 120_000 };
/// Requests in flight over all routes: twice the sandbox instances, so that some read their body while others run.
const REQUESTS_IN_FLIGHT: Limit = Limit { key: "requestsInFlight", default: 1_024, min: 1, max: 65_536 };
/// Open connections, idle ones included. Leaves room below the usual 65 536 file descriptors of a service.
const CONNECTIONS: Limit = Limit { key: "connections", default: 4_096, min: 1, max: 60_000 };

const REQUEST_KEYS: [&str; 5] =
    [RATE_REQUESTS.key, RATE_WINDOW_MS.key, IN_FLIGHT.key, BODY_KIB.key, BODY_TIMEOUT_MS.key];
const RUN_KEYS: [&str; 6] = [DEADLINE_MS.key, CPU_MS.key, MEMORY_MIB.key, OUTPUT_KIB.key, LOG_KIB.key, HOST_CALLS.key];
const GLOBAL_KEYS: [&str; 4] = [RATE_KEYS.key, HEADER_TIMEOUT_MS.key, REQUESTS_IN_FLIGHT.key, CONNECTIONS.key];

/// What one route, and one run of its action, may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteLimits {
    /// Requests in one rate window, for each path and client.
    pub rate_requests: u32,
    /// Length of the rate window.
    pub rate_window: Duration,
    /// Requests at the same time, for each path and peer.
    pub in_flight: u32,
    /// Largest request body, in bytes.
    pub body_max_bytes: usize,
    /// Longest time to read a body.
    pub body_timeout: Duration,
    /// Longest run, by the wall clock.
    pub deadline: Duration,
    /// Most processor time of a run.
    pub cpu: Duration,
    /// Most memory of a run, in bytes.
    pub memory_max_bytes: usize,
    /// Most output of a run (reply and arguments of host calls), in bytes.
    pub output_max_bytes: usize,
    /// Most log text of a run, in bytes.
    pub log_max_bytes: usize,
    /// Most host calls of a run.
    pub host_calls_max: u32,
}

/// What all routes share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalLimits {
    /// Rate windows kept at the same time.
    pub rate_keys_max: usize,
    /// Longest time to read the head of a request.
    pub header_timeout: Duration,
    /// Requests in flight over all routes.
    pub requests_in_flight: usize,
    /// Open connections.
    pub connections_max: usize,
}

/// What the door for events takes.
pub(super) struct IngestLimits {
    pub body_max_bytes: usize,
    pub body_timeout: Duration,
    pub in_flight: u32,
}

impl Default for RouteLimits {
    fn default() -> Self {
        Self {
            rate_requests: RATE_REQUESTS.default,
            rate_window: ms(RATE_WINDOW_MS.default),
            in_flight: IN_FLIGHT.default,
            body_max_bytes: size(BODY_KIB.default, KIB),
            body_timeout: ms(BODY_TIMEOUT_MS.default),
            deadline: ms(DEADLINE_MS.default),
            cpu: ms(CPU_MS.default),
            memory_max_bytes: size(MEMORY_MIB.default, MIB),
            output_max_bytes: size(OUTPUT_KIB.default, KIB),
            log_max_bytes: size(LOG_KIB.default, KIB),
            host_calls_max: HOST_CALLS.default,
        }
    }
}

impl Default for GlobalLimits {
    fn default() -> Self {
        Self {
            rate_keys_max: size(RATE_KEYS.default, 1),
            header_timeout: ms(HEADER_TIMEOUT_MS.default),
            requests_in_flight: size(REQUESTS_IN_FLIGHT.default, 1),
            connections_max: size(CONNECTIONS.default, 1),
        }
    }
}

/// The top-level `limits`: the defaults of every route and what they share.
pub(super) fn read_global(field: &Field<'_>) -> (RouteLimits, GlobalLimits) {
    let section = field.section(&[&REQUEST_KEYS[..], &RUN_KEYS[..], &GLOBAL_KEYS[..]].concat());
    let base = GlobalLimits::default();
    let global = GlobalLimits {
        rate_keys_max: read(&section, &RATE_KEYS).map_or(base.rate_keys_max, |n| size(n, 1)),
        header_timeout: read(&section, &HEADER_TIMEOUT_MS).map_or(base.header_timeout, ms),
        requests_in_flight: read(&section, &REQUESTS_IN_FLIGHT).map_or(base.requests_in_flight, |n| size(n, 1)),
        connections_max: read(&section, &CONNECTIONS).map_or(base.connections_max, |n| size(n, 1)),
    };
    (over(RouteLimits::default(), &section), global)
}

/// The `limits` of one route, over those of all.
pub(super) fn read_route(field: &Field<'_>, base: RouteLimits) -> RouteLimits {
    over(base, &field.section(&[&REQUEST_KEYS[..], &RUN_KEYS[..]].concat()))
}

/// The `limits` of what runs without a request, such as a transform: those of a run only.
pub(super) fn read_run(field: &Field<'_>, base: RouteLimits) -> RouteLimits {
    over(base, &field.section(&RUN_KEYS))
}

/// The `limits` of the door for events.
pub(super) fn read_ingest(field: &Field<'_>) -> IngestLimits {
    let section = field.section(&[INGEST_BODY_KIB.key, BODY_TIMEOUT_MS.key, INGEST_IN_FLIGHT.key]);
    IngestLimits {
        body_max_bytes: size(INGEST_BODY_KIB.read(&section), KIB),
        body_timeout: BODY_TIMEOUT_MS.read_ms(&section),
        in_flight: INGEST_IN_FLIGHT.read(&section),
    }
}

fn over(base: RouteLimits, section: &Section<'_>) -> RouteLimits {
    RouteLimits {
        rate_requests: read(section, &RATE_REQUESTS).unwrap_or(base.rate_requests),
        rate_window: read(section, &RATE_WINDOW_MS).map_or(base.rate_window, ms),
        in_flight: read(section, &IN_FLIGHT).unwrap_or(base.in_flight),
        body_max_bytes: read(section, &BODY_KIB).map_or(base.body_max_bytes, |n| size(n, KIB)),
        body_timeout: read(section, &BODY_TIMEOUT_MS).map_or(base.body_timeout, ms),
        deadline: read(section, &DEADLINE_MS).map_or(base.deadline, ms),
        cpu: read(section, &CPU_MS).map_or(base.cpu, ms),
        memory_max_bytes: read(section, &MEMORY_MIB).map_or(base.memory_max_bytes, |n| size(n, MIB)),
        output_max_bytes: read(section, &OUTPUT_KIB).map_or(base.output_max_bytes, |n| size(n, KIB)),
        log_max_bytes: read(section, &LOG_KIB).map_or(base.log_max_bytes, |n| size(n, KIB)),
        host_calls_max: read(section, &HOST_CALLS).unwrap_or(base.host_calls_max),
    }
}

fn read(section: &Section<'_>, limit: &Limit) -> Option<u32> {
    section.field(limit.key).number(limit.min..=limit.max)
}

pub(super) fn ms(number: u32) -> Duration {
    Duration::from_millis(u64::from(number))
}

fn size(number: u32, unit: usize) -> usize {
    // The largest are some GiB, which a 64-bit usize holds; on a smaller one they mean "all there is".
    usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(unit)
}
