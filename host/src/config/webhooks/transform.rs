//! What becomes of an event before it is sent: nothing, a template, or a component.

use super::super::component;
use super::super::field::Field;
use super::super::json_value;
use super::super::limits::RouteLimits;
use super::super::tree::Value;
use super::{OnTransformFailure, Transform};

const ON_FAILURE: [(&str, OnTransformFailure); 2] =
    [("dead", OnTransformFailure::Dead), ("retry-after-swap", OnTransformFailure::RetryAfterSwap)];

/// The `transform`. A map with a `plugin` that is a string or a map names a component; anything else is a template.
pub(super) fn read(field: &Field<'_>, base: RouteLimits) -> Option<Transform> {
    match field.value() {
        None => Some(Transform::None),
        Some(Value::Map(entries)) => {
            let plugin = entries.iter().find(|entry| entry.key == "plugin").map(|entry| &entry.node.value);
            if matches!(plugin, Some(Value::Text(_) | Value::Map(_))) {
                return read_component(field, base);
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

/// A component, and what its failure leads to.
fn read_component(field: &Field<'_>, base: RouteLimits) -> Option<Transform> {
    let [plugin, config, grants, limits] = component::COMPONENT_KEYS;
    let section = field.section(&[plugin, config, grants, limits, "onFailure"]);
    let component = component::read_members(&section, base);
    let on_failure = section.field("onFailure");
    let on_failure =
        if on_failure.is_present() { on_failure.choice(&ON_FAILURE) } else { Some(OnTransformFailure::Dead) };
    Some(Transform::Component { component: Box::new(component?), on_failure: on_failure? })
}
