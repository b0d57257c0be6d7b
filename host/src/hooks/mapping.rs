//! The operator's own names under the door: which mapping a request matches, and what that makes of it.

use super::action::{self, Action};
use super::answer::Refusal;
use super::for_each;
use super::render::{Source, TooLong};
use super::request::Request;
use super::transform::{HookOutcome, HookRequest, Transforms};
use crate::config::hooks::Mapping;
use crate::model::Millis;

/// The most text that the actions of one request may have together, in bytes: twice what the largest batch of mail is posted as.
const TEXTS_MAX_BYTES: usize = 16 << 20;

/// What a request becomes.
pub(super) struct Mapped {
    pub actions: Vec<Action>,
    /// Whether each is one item of many.
    pub is_fan_out: bool,
}

/// Why a request becomes nothing.
pub(super) enum Failed {
    /// It is wrong, or leads to something that is.
    Refused(Refusal),
    /// Its transform failed.
    Transform,
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<TooLong> for Failed {
    fn from(_: TooLong) -> Self {
        Self::Refused(Refusal::new("hook mapping message too large"))
    }
}

/// The first mapping that the request matches, and its place in the list. One for any name stands behind the door's own gate: who came in by the
/// gate of another name has not passed that one, and does not reach it.
pub(super) fn matching<'m>(mappings: &'m [Mapping], request: &Request) -> Option<(usize, &'m Mapping)> {
    let path = request.path.trim_matches('/');
    let source = request.payload.part().members().find(|(name, _)| name == "source");
    let source = source.and_then(|(_, value)| value.as_string_lossy());
    let is_behind_another =
        mappings.iter().any(|mapping| mapping.path.as_deref() == Some(path) && mapping.has_own_gate());
    mappings.iter().enumerate().find(|(_, mapping)| {
        mapping.path.as_deref().map_or(!is_behind_another, |wanted| wanted == path)
            && mapping.source.as_deref().is_none_or(|wanted| source.as_deref() == Some(wanted))
    })
}

/// What the mapping makes of the request.
pub(super) async fn apply(
    at: usize,
    mapping: &Mapping,
    request: &Request,
    now: Millis,
    transforms: &dyn Transforms,
) -> Result<Mapped, Failed> {
    let whole = Source { request, now, only: None, has_body: false };
    let Some(key) = &mapping.for_each else {
        let action = one(at, mapping, &whole, transforms).await?;
        return Ok(Mapped { actions: action.into_iter().collect(), is_fan_out: false });
    };
    let (items, dropped) = for_each::items(request, key);
    if dropped > 0 {
        tracing::warn!(mapping = mapping.id, "a request has {dropped} items more than are looked at");
    }
    let (mut actions, mut size) = (Vec::new(), 0);
    for item in items {
        let source = Source { only: Some((key.as_str(), item)), ..whole };
        if let Some(action) = one(at, mapping, &source, transforms).await? {
            size += action.size();
            if size > TEXTS_MAX_BYTES {
                return Err(TooLong.into());
            }
            actions.push(action);
        }
    }
    Ok(Mapped { actions, is_fan_out: true })
}

async fn one(
    at: usize,
    mapping: &Mapping,
    source: &Source<'_>,
    transforms: &dyn Transforms,
) -> Result<Option<Action>, Failed> {
    let base = action::of_mapping(mapping, source)?;
    if mapping.transform.is_none() {
        return Ok(Some(base.check()?));
    }
    let request = source.request;
    let told = HookRequest {
        payload: for_each::payload(source),
        headers: request.headers.clone(),
        url: request.url.clone(),
        path: request.path.clone(),
        raw_body: request.raw_body.clone(),
    };
    match transforms.transform(at, told).await {
        HookOutcome::Unchanged => Ok(Some(base.check()?)),
        HookOutcome::Skip => Ok(None),
        HookOutcome::Override(members) => Ok(Some(action::overridden(base, &members)?.check()?)),
        HookOutcome::Failed => Err(Failed::Transform),
    }
}
