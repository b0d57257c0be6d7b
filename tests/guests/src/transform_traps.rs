//! Wicked: panics.

use sandclaw_sdk::{Decision, Failure, Transform};

struct Traps;

impl Transform for Traps {
    fn transform(_event: &str, _config: &str) -> Result<Decision, Failure> {
        panic!("this is the crash");
    }
}

sandclaw_sdk::export_transform!(Traps);
