//! How the file names a component, wherever it does: a file in the plugins folder, and perhaps the only digest it may have; and a whole transform, with what it is
//! given and may use.

use crate::json::JsonText;
use crate::model::{Digest, Grant, Grants, Power};

use super::field::Field;
use super::json_value;
use super::limits::{self, RouteLimits};
use super::problem::quoted;
use super::reader::Section;
use super::tree::Value;

/// A transform in the plugins folder: an outbound endpoint's, or a hook mapping's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// A plain file name in the plugins folder, ending in `.wasm`.
    pub file: String,
    /// The only digest it may have, if one is pinned.
    pub digest: Option<Digest>,
    /// What it is given beside its event or request: a JSON value.
    pub config: JsonText,
    /// Of `clock` and `random`, those it may use.
    pub grants: Grants,
    /// What one run may use.
    pub limits: RouteLimits,
}

/// The keys of a transform's component.
pub(super) const COMPONENT_KEYS: [&str; 4] = ["plugin", "config", "grants", "limits"];

/// `{plugin, config, grants, limits}`, where `plugin` is as for [`read`]. What is left out of `limits` is taken from `base`.
pub(super) fn read_component(field: &Field<'_>, base: RouteLimits) -> Option<Component> {
    match field.value() {
        Some(Value::Map(_)) => read_members(&field.section(&COMPONENT_KEYS), base),
        _ => {
            field.must_be("a map such as { plugin: \"github_hook.wasm\", config: {…} }");
            None
        }
    }
}

/// The same of a section that knows [`COMPONENT_KEYS`], and perhaps others.
pub(super) fn read_members(section: &Section<'_>, base: RouteLimits) -> Option<Component> {
    let reference = read(&section.field("plugin"));
    let config = section.field("config");
    let config = if config.is_present() { json_value::read(&config) } else { Some(JsonText::null()) };
    let grants = read_grants(&section.field("grants"), |grant| {
        let allowed = matches!(grant.power(), Power::Clock | Power::Random);
        (!allowed).then_some("a transform belongs to no session and has no flows; it can be granted clock and random")
    });
    let limits = limits::read_run(&section.field("limits"), base);
    let Reference { file, digest } = reference?;
    Some(Component { file, digest, config: config?, grants, limits })
}

/// Longest name that file systems take.
const FILE_NAME_MAX_BYTES: usize = 255;

/// A component as the file names it.
pub(super) struct Reference {
    pub file: String,
    pub digest: Option<Digest>,
}

/// `"x.wasm"` or `{file, digest}`.
pub(super) fn read(field: &Field<'_>) -> Option<Reference> {
    let (file, digest) = match field.value() {
        Some(Value::Text(_)) => (read_file_name(field), Some(None)),
        Some(Value::Map(_)) => {
            let section = field.section(&["file", "digest"]);
            (read_file_name(&section.field("file")), read_digest(&section.field("digest")))
        }
        _ => {
            field.must_be("a string such as \"zapier.wasm\" or {file, digest}");
            return None;
        }
    };
    Some(Reference { file: file?, digest: digest? })
}

/// A file that is the key of a map, with its digest beside it.
pub(super) fn named(name: &str, field: &Field<'_>, digest: &Field<'_>) -> Option<Reference> {
    Some(Reference { file: plain_file_name(name, field)?, digest: read_digest(digest)? })
}

/// A plain name: the component lies in the plugins folder itself, and no name can lead out of it.
fn read_file_name(field: &Field<'_>) -> Option<String> {
    let name = field.required_text()?;
    plain_file_name(&name, field)
}

fn plain_file_name(name: &str, field: &Field<'_>) -> Option<String> {
    let stem = name.strip_suffix(".wasm");
    let plain = stem.is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.'))
        && !name.contains(['/', '\\'])
        && !name.contains(char::is_control)
        && name.len() <= FILE_NAME_MAX_BYTES;
    if !plain {
        let message = "must be the plain name of a file in the plugins folder, ending in .wasm, such as zapier.wasm";
        field.problem(format!("{message}, found {}", quoted(name)));
        return None;
    }
    Some(name.to_owned())
}

/// The digest, `None` if there is none, nothing if it is wrong.
fn read_digest(field: &Field<'_>) -> Option<Option<Digest>> {
    if !field.is_present() {
        return Some(None);
    }
    field.text()?.parse().map(Some).map_err(|bad| field.problem(format!("{bad}"))).ok()
}

/// A list of grants; those that `refused` has a word about are problems.
pub(super) fn read_grants(field: &Field<'_>, refused: impl Fn(Grant) -> Option<&'static str>) -> Grants {
    let read = |item: &Field<'_>| {
        let text = item.text()?;
        let grant =
            text.parse::<Grant>().map_err(|unknown| item.problem(format!("{}: {unknown}", quoted(&text)))).ok()?;
        match refused(grant) {
            Some(reason) => {
                item.problem(format!("{}: {reason}", quoted(&text)));
                None
            }
            None => Some(grant),
        }
    };
    field.items().iter().filter_map(read).collect()
}
