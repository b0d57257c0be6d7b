//! The schemes by their words: which keys each may have, and what they are read to.

use std::borrow::Cow;

use super::super::field::Field;
use super::super::problem::quoted;
use super::super::reader::Section;
use super::super::secrets::{self, Declared};
use super::super::tree::Value;
use super::model::SchemeKind;
use super::{described, public_url};
use crate::model::{is_of_connection, is_token, js_trim};

/// The word for what is no signature.
pub(super) const BEARER: &str = "bearer";

/// The words, in the order of the documentation.
const WORDS: [&str; 17] = [
    "github",
    "gitlab",
    "gitlab-signing",
    "stripe",
    "slack",
    "standard-webhooks",
    "svix",
    "shopify",
    "twilio",
    "pagerduty",
    "sentry",
    "linear",
    "grafana",
    "dingtalk",
    "feishu",
    "hmac",
    BEARER,
];

/// Where Grafana puts its signature if nothing else is said there.
const GRAFANA_HEADER: &str = "x-grafana-alerting-signature";
/// Longest name of a header; a head of requests is 16 KiB at most.
const NAME_MAX_BYTES: usize = 128;

pub(super) fn is_word(text: &str) -> bool {
    WORDS.contains(&text)
}

/// The scheme that the map names, if it is one.
pub(super) fn word_of(field: &Field<'_>) -> Option<&'static str> {
    let Value::Map(entries) = field.value()? else { return None };
    let Value::Text(word) = &entries.iter().find(|entry| entry.key == "scheme")?.node.value else { return None };
    WORDS.into_iter().find(|known| *known == js_trim(word))
}

/// Reports what is wrong with `scheme`. Which other keys are right depends on it, so they are looked at once it is.
pub(super) fn ask(field: &Field<'_>) {
    let all: Vec<_> = WORDS.iter().flat_map(|word| keys(word)).collect();
    let words: Vec<_> = WORDS.iter().map(|word| (*word, ())).collect();
    field.section(&all).field("scheme").choice(&words);
}

/// The keys beside such a word.
pub(super) fn keys(word: &str) -> Vec<&'static str> {
    let own: &[&str] = match word {
        BEARER | "gitlab" => return vec!["scheme", "secret", "secrets"],
        "twilio" => &["url"],
        "grafana" => &["header", "timestampHeader"],
        "feishu" => &["verificationToken"],
        "hmac" => &described::KEYS,
        _ => &[],
    };
    [&["scheme", "secret", "secrets", "toleranceSeconds", "replayWindowSeconds"], own].concat()
}

/// The scheme with what only it needs. `bearer` is none.
pub(super) fn read(section: &Section<'_>, word: &'static str, declared: &Declared) -> Option<SchemeKind> {
    Some(match word {
        "github" => SchemeKind::GitHub,
        "gitlab" => SchemeKind::GitLab,
        "gitlab-signing" => SchemeKind::GitLabSigning,
        "stripe" => SchemeKind::Stripe,
        "slack" => SchemeKind::Slack,
        "standard-webhooks" => SchemeKind::StandardWebhooks,
        "svix" => SchemeKind::Svix,
        "shopify" => SchemeKind::Shopify,
        "twilio" => SchemeKind::Twilio { url: public_url::read(&section.field("url"))? },
        "pagerduty" => SchemeKind::PagerDuty,
        "sentry" => SchemeKind::Sentry,
        "linear" => SchemeKind::Linear,
        "grafana" => {
            let header = optional_header(&section.field("header"));
            let timestamp_header = optional_header(&section.field("timestampHeader"));
            let header = header?.map_or(Cow::Borrowed(GRAFANA_HEADER), Cow::Owned);
            SchemeKind::Grafana { header, timestamp_header: timestamp_header? }
        }
        "dingtalk" => SchemeKind::DingTalk,
        "feishu" => {
            let token = section.field("verificationToken");
            SchemeKind::Feishu { verification_token: Box::new(secrets::read_credential(&token, declared)?) }
        }
        "hmac" => described::read(section)?,
        _ => return None,
    })
}

/// The name of a header, in lower case.
pub(super) fn header(field: &Field<'_>) -> Option<String> {
    let name = field.required_text()?.to_ascii_lowercase();
    if name.len() > NAME_MAX_BYTES || !is_token(&name) {
        field.problem(format!("must be the name of a header: letters, digits and `-`, found {}", quoted(&name)));
        return None;
    }
    if is_of_connection(&name) {
        field.problem(format!("the header {} is the connection's, and no sender's", quoted(&name)));
        return None;
    }
    Some(name)
}

/// The name, `None` if there is none, nothing if it is wrong.
pub(super) fn optional_header(field: &Field<'_>) -> Option<Option<String>> {
    if field.is_present() { header(field).map(Some) } else { Some(None) }
}
