//! Wicked: answers with text that is no JSON, which would break the envelope.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct ReturnsNoJson;

impl Action for ReturnsNoJson {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        Ok(Reply::ok(r#"1,"ok":true"#))
    }
}

sandclaw_sdk::export_action!(ReturnsNoJson);
