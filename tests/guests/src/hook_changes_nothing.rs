//! Leaves the mapping's action as it is, and says so.

use sandclaw_sdk::{Failure, HookDecision, HookRequest, HookTransform, log};

struct ChangesNothing;

impl HookTransform for ChangesNothing {
    fn transform(_request: &HookRequest, _config: &str) -> Result<HookDecision, Failure> {
        log::info("hook", "nothing to change");
        Ok(HookDecision::Unchanged)
    }
}

sandclaw_sdk::export_hook_transform!(ChangesNothing);
