//! Wicked: returns a body of 50 MiB.

use sandclaw_sdk::{Decision, Failure, Message, Transform};

struct Returns50MiB;

impl Transform for Returns50MiB {
    fn transform(_event: &str, _config: &str) -> Result<Decision, Failure> {
        Ok(Decision::Send(Message::json(vec![b' '; 50 << 20])))
    }
}

sandclaw_sdk::export_transform!(Returns50MiB);
