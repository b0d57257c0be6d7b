//! Well-behaved: the second version of a handler that is swapped.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct SaysTwo;

impl Action for SaysTwo {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        Ok(Reply::ok("2"))
    }
}

sandclaw_sdk::export_action!(SaysTwo);
