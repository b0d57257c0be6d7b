//! The records of `sandclaw:plugin@0.1.0` and `sandclaw:hooks@0.1.0` as wasmtime reads and writes them. Field for field the text of `wit/`; wasmtime compares them with the
//! component's own types when it is loaded, so a mismatch is a refusal and never a misread.

use wasmtime::component::{ComponentType, Lift, Lower};

use super::outcome::printable;
use crate::taskflow::{FlowPage, Refusal};

/// What a route action exports.
pub(super) const ACTION: &str = "sandclaw:plugin/action@0.1.0";
/// What an outbound transform exports.
pub(super) const TRANSFORM: &str = "sandclaw:plugin/transform@0.1.0";
/// What a hook transform exports.
pub(super) const HOOK_TRANSFORM: &str = "sandclaw:hooks/transform@0.1.0";

#[derive(ComponentType, Lift)]
#[component(record)]
pub(super) struct WitReply {
    pub status: u16,
    pub code: Option<String>,
    pub error: Option<String>,
    pub result: String,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(super) struct WitError {
    pub code: String,
    pub message: String,
}

impl WitError {
    /// For one line of a log.
    pub fn printable(&self) -> String {
        format!("{}: {}", printable(&self.code), printable(&self.message))
    }
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(super) enum WitDecision {
    #[component(name = "send")]
    Send(WitMessage),
    #[component(name = "skip")]
    Skip(String),
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(super) struct WitMessage {
    pub body: Vec<u8>,
    #[component(name = "content-type")]
    pub content_type: Option<String>,
    pub headers: Vec<WitHeader>,
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct WitHookRequest {
    pub payload: String,
    pub headers: Vec<WitHeader>,
    pub url: String,
    pub path: String,
    #[component(name = "raw-body")]
    pub raw_body: Vec<u8>,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(super) enum WitHookDecision {
    #[component(name = "unchanged")]
    Unchanged,
    #[component(name = "skip")]
    Skip,
    #[component(name = "override")]
    Override(String),
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct WitRefusal {
    pub code: String,
    pub message: String,
    pub data: String,
}

impl From<Refusal> for WitRefusal {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code.as_str().to_owned(), message: refusal.message, data: refusal.data }
    }
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(super) struct WitPage {
    pub flows: String,
    pub next: Option<String>,
}

impl From<FlowPage> for WitPage {
    fn from(page: FlowPage) -> Self {
        Self { flows: page.flows, next: page.next }
    }
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(super) struct WitHeader {
    pub name: String,
    pub value: String,
}

#[expect(dead_code, reason = "only guests make them")]
#[derive(ComponentType, Lift, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
pub(super) enum WitLevel {
    #[component(name = "trace")]
    Trace,
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
    #[component(name = "critical")]
    Critical,
}
