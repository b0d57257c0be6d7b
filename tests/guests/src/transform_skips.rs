//! Sends nothing, with a reason that would break a log line.

use sandclaw_sdk::{Decision, Failure, Transform};

struct Skips;

impl Transform for Skips {
    fn transform(_event: &str, _config: &str) -> Result<Decision, Failure> {
        Ok(Decision::Skip(format!("nobody asked\nfor this\u{1b}[31m{}", "!".repeat(10_000))))
    }
}

sandclaw_sdk::export_transform!(Skips);
