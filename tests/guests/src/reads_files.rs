//! Curious: looks at files, variables, arguments and directories; all of it is empty.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct ReadsFiles;

impl Action for ReadsFiles {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        let told = serde_json::json!({
            "file": std::fs::read("/etc/passwd").is_ok(),
            "here": std::fs::read_dir(".").is_ok(),
            "variables": std::env::vars().count(),
            "arguments": std::env::args().count(),
        });
        Ok(Reply::ok(told.to_string()))
    }
}

sandclaw_sdk::export_action!(ReadsFiles);
