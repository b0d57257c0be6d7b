//! Wicked: crashes.

use sandclaw_sdk::{Failure, HookDecision, HookRequest, HookTransform};

struct Traps;

impl HookTransform for Traps {
    fn transform(_request: &HookRequest, _config: &str) -> Result<HookDecision, Failure> {
        panic!("a hook that crashes")
    }
}

sandclaw_sdk::export_hook_transform!(Traps);
