//! Wicked: prints without end.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct FloodsPrints;

impl Action for FloodsPrints {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        loop {
            println!("{}", "x".repeat(1000));
        }
    }
}

sandclaw_sdk::export_action!(FloodsPrints);
