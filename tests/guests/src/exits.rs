//! Wicked: ends the program instead of answering.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct Exits;

impl Action for Exits {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        std::process::exit(3);
    }
}

sandclaw_sdk::export_action!(Exits);
