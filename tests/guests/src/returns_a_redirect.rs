//! Wicked: answers with a status that is not for actions.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct ReturnsARedirect;

impl Action for ReturnsARedirect {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        Ok(Reply { status: 302, code: None, error: None, result: "null".into() })
    }
}

sandclaw_sdk::export_action!(ReturnsARedirect);
