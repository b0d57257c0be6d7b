//! Wicked: answers with 300 MiB.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct Returns300Mib;

impl Action for Returns300Mib {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        Ok(Reply::ok(format!("\"{}\"", "x".repeat(300 << 20))))
    }
}

sandclaw_sdk::export_action!(Returns300Mib);
