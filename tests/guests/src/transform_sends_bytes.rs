//! Sends every byte there is, which together are no text.

use sandclaw_sdk::{Decision, Failure, Message, Transform};

struct SendsBytes;

impl Transform for SendsBytes {
    fn transform(_event: &str, _config: &str) -> Result<Decision, Failure> {
        Ok(Decision::Send(Message {
            body: (0..=u8::MAX).collect(),
            content_type: Some("application/octet-stream".into()),
            headers: Vec::new(),
        }))
    }
}

sandclaw_sdk::export_transform!(SendsBytes);
