//! One hook transform on one request, without a gateway, a config or a state folder: for `sandclaw transform test`. The component goes through the same checks, limits
//! and judgement as in a gateway; only its limits are the default ones, and there was no guard.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::inspect::lone;
use super::transform::{not_ready, refused};
use crate::clock::Clock;
use crate::config::RouteLimits;
use crate::json::{self, JsonKind, JsonText};
use crate::limits::{Admissions, Budget};
use crate::model::{Grants, MappingName, is_token};
use crate::sandbox::{ComponentKind, HookRequest, HookRun, HookSlot, tell_nobody};

/// What is to be tried.
#[derive(Clone, Debug)]
pub struct HookTrial {
    /// The component, anywhere.
    pub file: PathBuf,
    /// The request, as [`hook_request`] makes it.
    pub request: HookRequest,
    /// What the operator would write for the mapping.
    pub config: JsonText,
    /// Of `clock` and `random`, those it may use.
    pub grants: Grants,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum HookTried {
    /// No mapping could use the component, for this reason.
    Refused(String),
    /// It ran.
    Ran {
        /// The run.
        run: Box<HookRun>,
        /// What it was allowed to use.
        limits: RouteLimits,
    },
}

/// Loads the component as a gateway would, and runs it once. Fails if the file cannot be read.
pub async fn try_hook(trial: HookTrial) -> Result<HookTried> {
    let limits = RouteLimits::default();
    let budget = Budget::from(&limits);
    let (compiler, folder, source) = lone(&trial.file, &limits)?;
    let name = MappingName::new("test");
    let slot = HookSlot::new(name, source.clone(), trial.grants, budget, Clock::system(), tell_nobody());
    if let Err(error) = slot.load(&compiler, Some(&folder)).await {
        return Ok(HookTried::Refused(refused(error, ComponentKind::HookTransform, &compiler, &folder, &source).await));
    }
    let admission = Admissions::new(1).admit_transform(budget).await;
    let run = slot.run(admission, trial.request, trial.config.as_str()).await.map_err(not_ready)?;
    Ok(HookTried::Ran { run: Box::new(run), limits })
}

/// The members of a request in a file.
const MEMBERS: [&str; 5] = ["headers", "url", "path", "body", "rawBody"];

/// A request of which everything may be left out: `headers` (an object of strings), `path` (default `test`), `url` (default `/hooks/` and the path), `body` (the
/// payload, any JSON value, default `{}`), `rawBody` (a string, default the body's text).
pub fn hook_request(given: &JsonText) -> Result<HookRequest> {
    let members =
        given.members().with_context(|| format!("a request is an object, this is {}", given.kind().as_str()))?;
    if let Some((name, _)) = members.iter().find(|(name, _)| !MEMBERS.contains(&name.as_ref())) {
        bail!(
            "a request has the members headers, url, path, body and rawBody; `{}` is none of them",
            name.escape_debug()
        );
    }
    let member = |wanted: &str| {
        let found = members.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| json::canonical(value.as_bytes())).transpose()
    };
    let text = |wanted: &str| member(wanted)?.map(|value| string(wanted, &value)).transpose();
    let path = text("path")?.unwrap_or_else(|| "test".to_owned());
    let payload = match member("body")? {
        Some(body) => body,
        None => json::canonical(b"{}")?,
    };
    Ok(HookRequest {
        headers: member("headers")?.map(|headers| read_headers(&headers)).transpose()?.unwrap_or_default(),
        url: text("url")?.unwrap_or_else(|| format!("/hooks/{path}")),
        path,
        raw_body: text("rawBody")?.map_or_else(|| payload.as_str().as_bytes().to_vec(), String::into_bytes),
        payload,
    })
}

fn read_headers(headers: &JsonText) -> Result<Vec<(String, String)>> {
    let members = headers.members().context("`headers` of a request is an object of strings")?;
    let header = |(name, value): (std::borrow::Cow<'_, str>, &str)| {
        let name = name.into_owned();
        anyhow::ensure!(is_token(&name), "`{}` is no name of a header", name.escape_debug());
        Ok((name.clone(), string(&name, &json::canonical(value.as_bytes())?)?))
    };
    members.into_iter().map(header).collect()
}

fn string(name: &str, value: &JsonText) -> Result<String> {
    match value.as_string_lossy() {
        Some(text) if value.kind() == JsonKind::String => Ok(text.into_owned()),
        _ => bail!("`{name}` of a request is a string"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(given: &str) -> Result<HookRequest, String> {
        hook_request(&json::canonical(given.as_bytes()).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_is_filled_in_and_what_is_given_stays() {
        let bare = made("{}").unwrap();
        assert_eq!((bare.url.as_str(), bare.path.as_str(), bare.payload.as_str()), ("/hooks/test", "test", "{}"));
        let whole =
            made(r#"{"headers":{"X-A":"1"},"url":"/h/g?a=1","path":"g","body":{"a":"\ud800"},"rawBody":"a=%ED"}"#)
                .unwrap();
        assert_eq!(whole.headers, [("X-A".to_owned(), "1".to_owned())]);
        assert_eq!((whole.url.as_str(), whole.path.as_str()), ("/h/g?a=1", "g"));
        assert_eq!((whole.payload.as_str(), whole.raw_body.as_slice()), (r#"{"a":"\ud800"}"#, b"a=%ED".as_slice()));
        assert_eq!(made(r#"{"body":[1.0]}"#).unwrap().raw_body, b"[1]");
    }

    #[test]
    fn what_is_no_request_is_told() {
        for (given, told) in [
            ("[]", "a request is an object, this is array"),
            (r#"{"payload":1}"#, "`payload` is none of them"),
            (r#"{"path":1}"#, "`path` of a request is a string"),
            (r#"{"headers":[]}"#, "`headers` of a request is an object of strings"),
            (r#"{"headers":{"a b":"1"}}"#, "`a b` is no name of a header"),
            (r#"{"headers":{"a":1}}"#, "`a` of a request is a string"),
        ] {
            let error = made(given).unwrap_err();
            assert!(error.contains(told), "{given}: {error}");
        }
    }
}
