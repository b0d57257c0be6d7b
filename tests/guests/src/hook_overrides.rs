//! Overrides the message with all that it got: the request and the config.

use sandclaw_sdk::{Failure, HookDecision, HookRequest, HookTransform};
use serde_json::{Value, json};

struct Overrides;

impl HookTransform for Overrides {
    fn transform(request: &HookRequest, config: &str) -> Result<HookDecision, Failure> {
        let headers: Vec<_> = request.headers().iter().map(|header| json!([header.name, header.value])).collect();
        let told = json!({
            "payload": request.json::<Value>()?,
            "headers": headers,
            "url": request.url(),
            "path": request.path(),
            "rawBody": String::from_utf8_lossy(request.raw_body()),
            "config": serde_json::from_str::<Value>(config).unwrap_or_default(),
        });
        let members = json!({"kind": "agent", "message": told.to_string(), "timeoutSeconds": 1.0, "to": null});
        Ok(HookDecision::Override(members.to_string()))
    }
}

sandclaw_sdk::export_hook_transform!(Overrides);
