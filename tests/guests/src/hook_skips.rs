//! Wants nothing done.

use sandclaw_sdk::{Failure, HookDecision, HookRequest, HookTransform};

struct Skips;

impl HookTransform for Skips {
    fn transform(_request: &HookRequest, _config: &str) -> Result<HookDecision, Failure> {
        Ok(HookDecision::Skip)
    }
}

sandclaw_sdk::export_hook_transform!(Skips);
