//! Sends what it got: the event and the config.

use sandclaw_sdk::{Decision, Failure, Message, Transform};

struct Echo;

impl Transform for Echo {
    fn transform(event: &str, config: &str) -> Result<Decision, Failure> {
        let body = format!(r#"{{"event":{event},"config":{config}}}"#);
        Ok(Decision::Send(Message::json(body).with_header("X-Echo", "yes")))
    }
}

sandclaw_sdk::export_transform!(Echo);
