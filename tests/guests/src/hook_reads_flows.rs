//! Wicked: a hook transform that wants to look at the flows of a session, which it does not have.
#![cfg(target_arch = "wasm32")] // it calls the host by name

use sandclaw_sdk::{Bound, Failure, HookDecision, HookRequest, HookTransform, Session};

struct ReadsFlows;

impl HookTransform for ReadsFlows {
    fn transform(_request: &HookRequest, _config: &str) -> Result<HookDecision, Failure> {
        let flow = Bound.find_latest_flow().map_err(|refusal| Failure::new("refused", refusal.code))?;
        Ok(HookDecision::message(flow.as_deref().unwrap_or("none")))
    }
}

sandclaw_sdk::export_hook_transform!(ReadsFlows);
