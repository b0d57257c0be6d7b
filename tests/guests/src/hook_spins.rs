//! Wicked: computes and never ends.

use sandclaw_sdk::{Failure, HookDecision, HookRequest, HookTransform};

struct Spins;

impl HookTransform for Spins {
    fn transform(_request: &HookRequest, _config: &str) -> Result<HookDecision, Failure> {
        let mut round: u64 = 0;
        loop {
            round = std::hint::black_box(round.wrapping_add(1));
        }
    }
}

sandclaw_sdk::export_hook_transform!(Spins);
