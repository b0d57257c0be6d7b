//! What becomes of an event before it is sent: nothing, a template, or a component.

use crate::json::JsonText;
use crate::model::{Grant, Power};

use super::super::component::{self, Reference};
use super::super::field::Field;
use super::super::json_value;
use super::super::limits::{self, RouteLimits};
use super::super::tree::Value;
use super::{Component, OnTransformFailure, Transform};

const ON_FAILURE: [(&str, OnTransformFailure); 2] =
    [("dead", OnTransformFailure::Dead), ("retry-after-swap", OnTransformFailure::RetryAfterSwap)];

/// The `transform`. A map with a `plugin` that is a string or a map names a component; anything else is a template.
pub(super) fn read(field: &Field<'_>, base: RouteLimits) -> Option<Transform> {
    match field.value() {
        None => Some(Transform::None),
        Some(Value::Map(entries)) => {
            let plugin = entries.iter().find(|entry| entry.key == "plugin").map(|entry| &entry.node.value);
            if matches!(plugin, Some(Value::Text(_) | Value::Map(_))) {
                return read_component(field, base).map(|component| Transform::Component(Box::new(component)));
            }
            json_value::read(field).map(Transform::Template)
        }
        Some(Value::Text(text)) if text.ends_with(".wasm") => {
            field.problem("is a template as it stands; for a component write { plugin: \"…\" }");
            None
        }
        Some(Value::Null) => {
            field.must_be("a JSON template or {plugin}");
            None
        }
        Some(_) => json_value::read(field).map(Transform::Template),
    }
}

fn read_component(field: &Field<'_>, base: RouteLimits) -> Option<Component> {
    let section = field.section(&["plugin", "config", "grants", "limits", "onFailure"]);
    let reference = component::read(&section.field("plugin"));
    let config = section.field("config");
    let config = if config.is_present() { json_value::read(&config) } else { Some(JsonText::null()) };
    let grants = component::read_grants(&section.field("grants"), refused);
    let limits = limits::read_run(&section.field("limits"), base);
    let on_failure = section.field("onFailure");
    let on_failure =
        if on_failure.is_present() { on_failure.choice(&ON_FAILURE) } else { Some(OnTransformFailure::Dead) };
    let Reference { file, digest } = reference?;
    Some(Component { file, digest, config: config?, grants, limits, on_failure: on_failure? })
}

fn refused(grant: Grant) -> Option<&'static str> {
    let allowed = matches!(grant.power(), Power::Clock | Power::Random);
    (!allowed).then_some("a transform belongs to no session and has no flows; it can be granted clock and random")
}
