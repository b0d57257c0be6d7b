//! Wicked: hands 300 MiB to a host call.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct HandsOver300Mib;

impl Action for HandsOver300Mib {
    fn handle<S: Session>(_session: &S, request: &Request) -> Result<Reply, Error> {
        Ok(Reply::ok(request.header(&"x".repeat(300 << 20)).unwrap_or_default()))
    }
}

sandclaw_sdk::export_action!(HandsOver300Mib);
