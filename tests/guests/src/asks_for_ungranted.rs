//! Wicked if granted too little: cancels a flow and reads the clock.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct AsksForUngranted;

impl Action for AsksForUngranted {
    fn handle<S: Session>(session: &S, _request: &Request) -> Result<Reply, Error> {
        #[expect(clippy::disallowed_methods, reason = "it is to need the clock")]
        let age = std::time::SystemTime::now().elapsed().unwrap_or_default();
        session.cancel_flow(&format!("{age:?}"))?;
        Ok(Reply::ok("null"))
    }
}

sandclaw_sdk::export_action!(AsksForUngranted);
