//! Wicked: a transform that wants to look at the flows of a session, which it does not have.
#![cfg(target_arch = "wasm32")] // it calls the host by name

use sandclaw_sdk::{Bound, Decision, Failure, Message, Session, Transform};

struct ReadsFlows;

impl Transform for ReadsFlows {
    fn transform(_event: &str, _config: &str) -> Result<Decision, Failure> {
        let flow = Bound.find_latest_flow().map_err(|refusal| Failure::new("refused", refusal.code))?;
        Ok(Decision::Send(Message::json(flow.unwrap_or_else(|| "null".into()))))
    }
}

sandclaw_sdk::export_transform!(ReadsFlows);
