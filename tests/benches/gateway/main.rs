//! What the sandbox costs, as ratios within one run on one machine: `cargo bench -p gateway-tests`.
//!
//! (a) an action over HTTP through sandclaw, and through a plain axum handler that calls the same flow and store code natively;
//! (b) one call in a fresh instance inside this process, beside the native call;
//! (c) durable `create_flow` through the sandbox at 1 to 256 callers, beside the store alone;
//! (d) start-up with a warm cache, and idle memory;
//! (e) events accepted over HTTP, durable before the answer;
//! (f) deliveries end to end, with a template and with components, and beside an endpoint that hangs;
//! (g) runs acknowledged to 64 senders while a slow agent works on them and their queue grows.
//!
//! `--quick` shortens every measurement; the numbers are then only good for a smoke test. `a` to `g` as arguments pick parts.

mod acknowledged;
mod http;
mod in_process;
mod load;
mod native;
mod outbound;
mod proc_stat;
mod sink;
mod start_up;

use std::time::Duration;

/// The allocator of the program, so that the native side has it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long and how often things are measured.
#[derive(Clone, Copy)]
pub struct Effort {
    /// One measurement.
    pub length: Duration,
    /// Rounds; the median is shown.
    pub rounds: usize,
    /// Calls of an in-process measurement.
    pub calls: usize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--native-server") {
        return native::serve(&arguments[at + 1]);
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let effort = if quick {
        Effort { length: Duration::from_millis(300), rounds: 1, calls: 2_000 }
    } else {
        Effort { length: Duration::from_secs(3), rounds: 5, calls: 40_000 }
    };
    let parts: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted.as_str() == part);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if wanted("a") {
        runtime.block_on(http::measure(effort));
    }
    if wanted("b") {
        in_process::one_call(effort);
    }
    if wanted("c") {
        in_process::durable_creates(effort);
    }
    if wanted("d") {
        start_up::measure(effort);
    }
    if wanted("e") {
        outbound::accepted(effort);
    }
    if wanted("f") {
        runtime.block_on(outbound::delivered(effort));
    }
    if wanted("g") {
        acknowledged::measure(effort);
    }
}

/// The middle of several measurements.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The value below which this share of the (sorted) values lies.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a few thousand values"
    )]
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// A judged aim.
pub fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
