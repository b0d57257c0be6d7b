//! Fails in its own words.

use sandclaw_sdk::{Failure, HookDecision, HookRequest, HookTransform};

struct Fails;

impl HookTransform for Fails {
    fn transform(_request: &HookRequest, _config: &str) -> Result<HookDecision, Failure> {
        Err(Failure::new("no_luck", "the guest's\nown words"))
    }
}

sandclaw_sdk::export_hook_transform!(Fails);
