//! Wicked: overrides with whatever its config says, which need not be an object or JSON at all.

use sandclaw_sdk::{Failure, HookDecision, HookRequest, HookTransform};

struct ReturnsNoObject;

impl HookTransform for ReturnsNoObject {
    fn transform(_request: &HookRequest, config: &str) -> Result<HookDecision, Failure> {
        let text: String = serde_json::from_str(config).unwrap_or_default();
        Ok(HookDecision::Override(text))
    }
}

sandclaw_sdk::export_hook_transform!(ReturnsNoObject);
