//! Wicked: answers with 300 MiB.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct Returns300Mib;

impl Action for Returns300Mib {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        let mut result = String::with_capacity((300 << 20) + 2);
        result.push('"');
        result.extend(std::iter::repeat_n('x', 300 << 20));
        result.push('"');
        Ok(Reply::ok(result))
    }
}

sandclaw_sdk::export_action!(Returns300Mib);
