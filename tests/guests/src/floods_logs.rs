//! Wicked: writes log lines without end.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct FloodsLogs;

impl Action for FloodsLogs {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        loop {
            sandclaw_sdk::log::info("flood", &"x".repeat(1000));
        }
    }
}

sandclaw_sdk::export_action!(FloodsLogs);
