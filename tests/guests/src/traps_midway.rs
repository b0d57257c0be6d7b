//! Wicked: makes a flow, then crashes.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct TrapsMidway;

impl Action for TrapsMidway {
    fn handle<S: Session>(session: &S, _request: &Request) -> Result<Reply, Error> {
        session.create_flow(r#"{"goal":"made before the crash"}"#)?;
        panic!("this is the crash\nwith a second line");
    }
}

sandclaw_sdk::export_action!(TrapsMidway);
