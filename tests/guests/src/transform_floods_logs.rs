//! Wicked: logs without end.

use sandclaw_sdk::{Decision, Failure, Transform, log};

struct FloodsLogs;

impl Transform for FloodsLogs {
    fn transform(_event: &str, _config: &str) -> Result<Decision, Failure> {
        loop {
            log::info("flood", &"x".repeat(1000));
        }
    }
}

sandclaw_sdk::export_transform!(FloodsLogs);
