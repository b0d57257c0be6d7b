//! Panics on events whose data has `"crash": true`, and sends the others as they are.

use sandclaw_sdk::{Decision, Failure, Message, Transform};
use serde_json::Value;

struct TrapsIfTold;

impl Transform for TrapsIfTold {
    fn transform(event: &str, _config: &str) -> Result<Decision, Failure> {
        let told: Value = serde_json::from_str(event).map_err(|error| Failure::new("bad_event", error.to_string()))?;
        assert!(told["data"]["crash"] != true, "it was told to");
        Ok(Decision::Send(Message::json(event)))
    }
}

sandclaw_sdk::export_transform!(TrapsIfTold);
