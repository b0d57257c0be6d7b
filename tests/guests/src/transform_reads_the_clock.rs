//! Not pure if it is granted the clock, refused if it is not: sends the time.

use std::time::{SystemTime, UNIX_EPOCH};

use sandclaw_sdk::{Decision, Failure, Message, Transform};

struct ReadsTheClock;

impl Transform for ReadsTheClock {
    fn transform(_event: &str, _config: &str) -> Result<Decision, Failure> {
        #[expect(clippy::disallowed_methods, reason = "it is to need the clock")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Decision::Send(Message::json(now.as_nanos().to_string())))
    }
}

sandclaw_sdk::export_transform!(ReadsTheClock);
