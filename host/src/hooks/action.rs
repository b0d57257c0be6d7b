//! What a mapping makes of a request, and what a transform changes of it. OpenClaw's members and words.

use super::agent::NAME_DEFAULT;
use super::answer::Refusal;
use super::fields::Fields;
use super::policy::KeySource;
use super::render::{Source, TooLong, render};
use crate::config::hooks::{HookAction, Mapping, has_expressions};
use crate::json::JsonText;
use crate::model::{SessionMode, js_trim};

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Action {
    pub kind: HookAction,
    /// The message, or the note that wakes.
    pub text: String,
    /// Whether the text is the operator's own, with nothing of the request in it.
    pub is_operators: bool,
    pub name: Option<String>,
    pub agent: Option<String>,
    pub is_deferred: bool,
    pub session_key: Option<String>,
    /// Nothing if there is no key.
    pub key_source: Option<KeySource>,
    pub session_mode: SessionMode,
    pub deliver: Option<bool>,
    pub allows_unsafe: bool,
    pub channel: Option<String>,
    pub to: Option<String>,
    pub model: Option<String>,
    pub thinking: Option<String>,
    pub timeout_seconds: Option<u64>,
    /// Where the end is reported to, not yet judged. The operator's to say: no transform does.
    pub callback_url: Option<String>,
}

/// The action as the mapping says it, not yet judged.
pub(super) fn of_mapping(mapping: &Mapping, source: &Source<'_>) -> Result<Action, TooLong> {
    let template = match mapping.action {
        HookAction::Agent => &mapping.message_template,
        HookAction::Wake => &mapping.text_template,
    };
    let optional = |template: &Option<String>| -> Result<Option<String>, TooLong> {
        let Some(template) = template else { return Ok(None) };
        let text = render(template, source)?;
        let text = js_trim(&text);
        Ok((!text.is_empty()).then(|| text.to_owned()))
    };
    let key_source = |template: &String| match has_expressions(template) {
        true => KeySource::Templated,
        false => KeySource::Static,
    };
    Ok(Action {
        kind: mapping.action,
        text: render(template, source)?,
        is_operators: !has_expressions(template),
        name: optional(&mapping.name)?,
        agent: mapping.agent.as_ref().map(|agent| agent.as_str().to_owned()),
        is_deferred: mapping.is_wake_deferred,
        session_key: optional(&mapping.session_key)?,
        key_source: mapping.session_key.as_ref().map(key_source),
        session_mode: mapping.session_mode,
        deliver: mapping.deliver,
        allows_unsafe: mapping.allow_unsafe_external_content.unwrap_or(false),
        channel: mapping.channel.clone(),
        to: optional(&mapping.to)?,
        model: optional(&mapping.model)?,
        thinking: optional(&mapping.thinking)?,
        timeout_seconds: mapping.timeout_seconds,
        callback_url: optional(&mapping.callback_url)?,
    })
}

/// The action with what a transform says instead. A member that is absent or `null` stays as it is.
pub(super) fn overridden(base: Action, members: &JsonText) -> Result<Action, Refusal> {
    let said = Fields::of(members);
    let kind = match said.string("kind").as_deref() {
        Some("wake") => HookAction::Wake,
        Some(_) => HookAction::Agent,
        None => base.kind,
    };
    // Of an action of the other kind nothing stays.
    let base = if kind == base.kind { base } else { blank(kind) };
    let text = said.string(if kind == HookAction::Wake { "text" } else { "message" });
    let own = |name: &str, mapped: Option<String>| said.string(name).map(|text| text.into_owned()).or(mapped);
    let flag = |name: &str| match (said.is(name, "true"), said.is(name, "false")) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let key_source = match said.string("sessionKey") {
        Some(key) if js_trim(&key).is_empty() => None,
        // What a transform makes of a request is the request's, unless it vouches for it.
        Some(_) if said.is("sessionKeySource", "\"static\"") => Some(KeySource::Static),
        Some(_) => Some(KeySource::Templated),
        None => base.key_source,
    };
    let is_deferred = ["wakeMode", "mode"].iter().any(|name| said.is(name, "\"next-heartbeat\""));
    Ok(Action {
        kind,
        is_operators: base.is_operators && text.is_none(),
        text: text.map_or(base.text, |text| text.into_owned()),
        name: own("name", base.name),
        agent: own("agentId", base.agent),
        is_deferred: is_deferred || base.is_deferred,
        session_key: own("sessionKey", base.session_key),
        key_source,
        session_mode: match said.string("sessionMode").as_deref() {
            None => base.session_mode,
            Some("isolated") => SessionMode::Isolated,
            Some("persistent") => SessionMode::Persistent,
            Some(_) => return Err(Refusal::new("hook mapping sessionMode must be isolated or persistent")),
        },
        deliver: flag("deliver").or(base.deliver),
        allows_unsafe: flag("allowUnsafeExternalContent").unwrap_or(base.allows_unsafe),
        channel: own("channel", base.channel),
        to: own("to", base.to),
        model: own("model", base.model),
        thinking: own("thinking", base.thinking),
        timeout_seconds: said.seconds("timeoutSeconds").filter(|seconds| *seconds > 0).or(base.timeout_seconds),
        callback_url: base.callback_url,
    })
}

fn blank(kind: HookAction) -> Action {
    Action {
        kind,
        text: String::new(),
        is_operators: true,
        name: None,
        agent: None,
        is_deferred: false,
        session_key: None,
        key_source: None,
        session_mode: SessionMode::Isolated,
        deliver: None,
        allows_unsafe: false,
        channel: None,
        to: None,
        model: None,
        thinking: None,
        timeout_seconds: None,
        callback_url: None,
    }
}

impl Action {
    /// Whether it can be carried out, each check in OpenClaw's order.
    pub fn check(self) -> Result<Self, Refusal> {
        let is_blank = |text: &str| js_trim(text).is_empty();
        let key = self.session_key.as_deref();
        if self.key_source == Some(KeySource::Templated) && key.is_none_or(is_blank) {
            return Err(Refusal::new("hook mapping sessionKey template rendered empty"));
        }
        match self.kind {
            HookAction::Wake if is_blank(&self.text) => Err(Refusal::new("hook mapping requires text")),
            HookAction::Wake if self.is_deferred && key.is_some_and(|key| !key.is_empty()) => {
                Err(Refusal::new("hook mapping sessionKey requires wakeMode=now"))
            }
            HookAction::Agent if is_blank(&self.text) => Err(Refusal::new("hook mapping requires message")),
            HookAction::Wake | HookAction::Agent => Ok(self),
        }
    }

    /// The session that it names, if any.
    pub fn key(&self) -> Option<&str> {
        self.session_key.as_deref().map(js_trim).filter(|key| !key.is_empty())
    }

    /// The bytes of all its texts.
    pub fn size(&self) -> usize {
        let others = [&self.name, &self.agent, &self.session_key, &self.channel, &self.to, &self.model, &self.thinking];
        self.text.len() + others.into_iter().flatten().map(String::len).sum::<usize>()
    }

    /// Where its key comes from. What names none is nobody's to check.
    pub fn source(&self) -> KeySource {
        self.key_source.unwrap_or(KeySource::Templated)
    }

    /// Its label.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(NAME_DEFAULT)
    }
}
