//! Wicked: waits in a host call for a year. Needs `clock`.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct WaitsForever;

impl Action for WaitsForever {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        #[expect(clippy::disallowed_methods, reason = "waiting is its wickedness")]
        std::thread::sleep(std::time::Duration::from_secs(31_536_000));
        Ok(Reply::ok("null"))
    }
}

sandclaw_sdk::export_action!(WaitsForever);
