//! Wicked if it is told to: sets the content type and the headers that its config names, whatever they are.

use sandclaw_sdk::{Decision, Failure, Header, Message, Transform};
use serde_json::Value;

struct SetsHeaders;

impl Transform for SetsHeaders {
    /// `{"contentType"?: "…", "headers"?: [["name", "value"]…]}`
    fn transform(_event: &str, config: &str) -> Result<Decision, Failure> {
        let config: Value =
            serde_json::from_str(config).map_err(|error| Failure::new("bad_config", error.to_string()))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let header = |pair: &Value| Header { name: text(&pair[0]), value: text(&pair[1]) };
        Ok(Decision::Send(Message {
            body: b"{}".to_vec(),
            content_type: config["contentType"].as_str().map(str::to_owned),
            headers: config["headers"].as_array().map(|pairs| pairs.iter().map(header).collect()).unwrap_or_default(),
        }))
    }
}

sandclaw_sdk::export_transform!(SetsHeaders);
