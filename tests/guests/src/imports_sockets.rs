//! Wicked: opens a TCP connection.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct ImportsSockets;

impl Action for ImportsSockets {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        let reached = std::net::TcpStream::connect("127.0.0.1:22").is_ok();
        Ok(Reply::ok(reached.to_string()))
    }
}

sandclaw_sdk::export_action!(ImportsSockets);
