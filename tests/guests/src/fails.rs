//! Returns an error of its own.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct Fails;

impl Action for Fails {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        Err(Error::failed("no_luck", "the guest's own words"))
    }
}

sandclaw_sdk::export_action!(Fails);
