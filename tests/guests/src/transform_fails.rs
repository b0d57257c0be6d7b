//! Returns an error of its own.

use sandclaw_sdk::{Decision, Failure, Transform};

struct Fails;

impl Transform for Fails {
    fn transform(_event: &str, _config: &str) -> Result<Decision, Failure> {
        Err(Failure::new("no_luck", "the guest's own words"))
    }
}

sandclaw_sdk::export_transform!(Fails);
