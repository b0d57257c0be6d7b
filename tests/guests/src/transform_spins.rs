//! Wicked: computes and never ends.

use sandclaw_sdk::{Decision, Failure, Transform};

struct Spins;

impl Transform for Spins {
    fn transform(_event: &str, _config: &str) -> Result<Decision, Failure> {
        let mut round: u64 = 0;
        loop {
            round = std::hint::black_box(round.wrapping_add(1));
        }
    }
}

sandclaw_sdk::export_transform!(Spins);
