//! What a run used of what it may use, for people and for programs.

use serde_json::{Value, json};

use super::super::output;
use crate::config::RouteLimits;
use crate::sandbox::Cost;

/// A table, for people.
pub(super) fn print(cost: &Cost, limits: &RouteLimits) {
    let rows: Vec<Vec<String>> = lines(cost, limits)
        .into_iter()
        .map(|line| vec![line.name.to_owned(), line.unit.shown(line.used), line.unit.shown(line.limit)])
        .collect();
    output::print("");
    output::table(&["Cost", "Used", "Limit"], &rows);
}

/// `{"wallUs": {"used", "limit"}, …}`, for programs.
pub(super) fn as_json(cost: &Cost, limits: &RouteLimits) -> Value {
    let cost = lines(cost, limits)
        .map(|line| (line.key.to_owned(), json!({ "used": saturated(line.used), "limit": saturated(line.limit) })));
    Value::Object(cost.into_iter().collect())
}

/// One thing that a run uses.
struct Line {
    name: &'static str,
    key: &'static str,
    unit: Unit,
    used: u128,
    limit: u128,
}

enum Unit {
    Micros,
    Bytes,
    Calls,
}

impl Unit {
    fn shown(&self, amount: u128) -> String {
        let tenths = |unit: u128, name: &str| format!("{}.{} {name}", amount / unit, amount % unit * 10 / unit);
        match self {
            Self::Micros => tenths(1_000, "ms"),
            Self::Bytes if amount >= 1 << 20 => tenths(1 << 20, "MiB"),
            Self::Bytes if amount >= 1 << 10 => tenths(1 << 10, "KiB"),
            Self::Bytes => format!("{amount} B"),
            Self::Calls => amount.to_string(),
        }
    }
}

fn lines(cost: &Cost, limits: &RouteLimits) -> [Line; 6] {
    let line = |name, key, unit, used, limit| Line { name, key, unit, used, limit };
    let bytes = |name, key, used: usize, limit: usize| line(name, key, Unit::Bytes, used as u128, limit as u128);
    [
        line("time", "wallUs", Unit::Micros, cost.wall.as_micros(), limits.deadline.as_micros()),
        line("processor", "cpuUs", Unit::Micros, cost.cpu.as_micros(), limits.cpu.as_micros()),
        bytes("memory", "memoryBytes", cost.memory_bytes, limits.memory_max_bytes),
        bytes("output", "outputBytes", cost.output_bytes, limits.output_max_bytes),
        bytes("log", "logBytes", cost.log_bytes, limits.log_max_bytes),
        line("host calls", "hostCalls", Unit::Calls, cost.host_calls.into(), limits.host_calls_max.into()),
    ]
}

fn saturated(amount: u128) -> u64 {
    u64::try_from(amount).unwrap_or(u64::MAX)
}
