//! `llm`: who answers the `llm-task` steps of workflows. Anything that speaks OpenAI's chat completions.

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use super::field::Field;
use super::limits::Limit;
use super::provider::SecretSpec;
use super::secrets::{self, Declared};
use super::webhooks::{AllowedNet, Timeouts, read_allowed, read_url};

/// The provider that a step without another one asks.
pub const DEFAULT_LLM: &str = "default";

/// OpenAI's own.
const URL_DEFAULT: &str = "https://api.openai.com/v1";
/// One answer. OpenClaw's tool waits 30 s; models that think take longer.
const TIMEOUT_MS: Limit = Limit { key: "timeoutMs", default: 60_000, min: 100, max: 600_000 };

/// One provider.
#[derive(Clone, Debug)]
pub struct Llm {
    /// Where chat completions are asked for: ends in `/chat/completions`.
    pub url: Url,
    /// What is presented as Bearer, if anything.
    pub api_key: Option<SecretSpec>,
    /// The model, unless a step names one.
    pub model: String,
    /// Addresses, otherwise out of reach, that it may be at.
    pub allow_private: Vec<AllowedNet>,
    /// How long one answer may take.
    pub timeouts: Timeouts,
}

/// The providers by their names.
pub(super) fn read(field: &Field<'_>, declared: &Declared) -> BTreeMap<String, Llm> {
    field.entries().iter().filter_map(|(name, field)| Some(((*name).to_owned(), read_one(field, declared)?))).collect()
}

fn read_one(field: &Field<'_>, declared: &Declared) -> Option<Llm> {
    let section = field.section(&["url", "apiKey", "model", "allowPrivate", TIMEOUT_MS.key]);
    let at = section.field("url");
    let url = if at.is_present() { read_url(&at) } else { Url::parse(URL_DEFAULT).ok() };
    let key = section.field("apiKey");
    let api_key = if key.is_present() { Some(Some(secrets::read_credential(&key, declared)?)) } else { Some(None) };
    let model = section.field("model").required_text();
    let allow_private = read_allowed(&section.field("allowPrivate"));
    let total = TIMEOUT_MS.read_ms(&section);
    Some(Llm {
        url: completions(url?),
        api_key: api_key?,
        model: model?,
        allow_private: allow_private?,
        timeouts: Timeouts { connect: total.min(Duration::from_secs(10)), headers: total, total },
    })
}

/// The base URL is what OpenAI's libraries are given.
fn completions(mut url: Url) -> Url {
    if !url.path().ends_with("/chat/completions") {
        let path = format!("{}/chat/completions", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    url
}
