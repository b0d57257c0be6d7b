//! No route action: a transform that sends each event on as it is.

use sandclaw_sdk::{Decision, Failure, Message, Transform};

struct WrongWorld;

impl Transform for WrongWorld {
    fn transform(event: &str, _config: &str) -> Result<Decision, Failure> {
        Ok(Decision::Send(Message { body: event.as_bytes().to_vec(), content_type: None, headers: Vec::new() }))
    }
}

sandclaw_sdk::export_transform!(WrongWorld);
