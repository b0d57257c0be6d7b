//! An agent of a real OpenClaw Gateway: where that is, what opens its doors, and whether its answer is waited for.

use url::Url;

use super::super::field::Field;
use super::super::paths::is_in_urls;
use super::super::provider::SecretSpec;
use super::super::reader::Section;
use super::super::secrets::{Declared, read_credential};
use super::super::webhooks::{AllowedNet, read_allowed, read_url, warn_private};

/// The keys of an agent with `runner: "openclaw"`, besides those that every agent has.
pub(in super::super) const OPENCLAW_KEYS: [&str; 7] =
    ["url", "token", "gatewayToken", "agentId", "hooksPath", "wait", "allowPrivate"];

/// OpenClaw's own.
const HOOKS_PATH_DEFAULT: &str = "/hooks";

/// An agent of an OpenClaw Gateway.
#[derive(Clone, Debug)]
pub struct OpenClawRunner {
    /// The Gateway; what follows the host is put before its paths.
    pub url: Url,
    /// The value of its `hooks.token`.
    pub token: SecretSpec,
    /// Its own token, for `/tools/invoke`. Without it no tool can be called.
    pub gateway_token: Option<SecretSpec>,
    /// The agent's id there. Without it the Gateway takes its default.
    pub agent_id: Option<String>,
    /// The value of its `hooks.path`, without a `/` at the end.
    pub hooks_path: String,
    /// Whether a run lasts until the agent is done, and not only until the Gateway has taken it.
    pub waits: bool,
    /// The addresses, otherwise out of reach, that the Gateway may be at.
    pub allow_private: Vec<AllowedNet>,
}

/// Reads the runner, unless something about it is wrong.
pub(in super::super) fn read(section: &Section<'_>, declared: &Declared) -> Option<OpenClawRunner> {
    let url = read_base(&section.field("url"));
    let token = read_token(&section.field("token"), declared);
    let gateway_token = section.field("gatewayToken");
    let gateway_token = match gateway_token.is_present() {
        true => read_credential(&gateway_token, declared).map(Some),
        false => Some(None),
    };
    let agent_id = section.field("agentId").text();
    let hooks_path = read_hooks_path(&section.field("hooksPath"));
    let waits = section.field("wait").flag(true);
    let allow_private = read_allowed(&section.field("allowPrivate"));
    let (url, allow_private) = (url?, allow_private?);
    warn_private(&section.field("url"), &url, &allow_private);
    Some(OpenClawRunner {
        url,
        token: token?,
        gateway_token: gateway_token?,
        agent_id,
        hooks_path: hooks_path?,
        waits,
        allow_private,
    })
}

fn read_token(field: &Field<'_>, declared: &Declared) -> Option<SecretSpec> {
    if !field.is_present() {
        field.must_be("a non-blank string or {source, provider, id}: the value of the Gateway's hooks.token");
        return None;
    }
    read_credential(field, declared)
}

fn read_base(field: &Field<'_>) -> Option<Url> {
    let url = read_url(field)?;
    if url.query().is_some() {
        field.problem("must be where the Gateway is, such as http://127.0.0.1:18789, without `?`");
        return None;
    }
    Some(url)
}

fn read_hooks_path(field: &Field<'_>) -> Option<String> {
    if !field.is_present() {
        return Some(HOOKS_PATH_DEFAULT.to_owned());
    }
    let text = field.text()?;
    let path = format!("/{}", text.trim_matches('/'));
    if path == "/" || !is_in_urls(&path) {
        field.problem("must be the value of the Gateway's hooks.path, such as /hooks");
        return None;
    }
    Some(path)
}
