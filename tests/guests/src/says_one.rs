//! Well-behaved: the first version of a handler that is swapped.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct SaysOne;

impl Action for SaysOne {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        Ok(Reply::ok("1"))
    }
}

sandclaw_sdk::export_action!(SaysOne);
