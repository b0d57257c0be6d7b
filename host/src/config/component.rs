//! How the file names a component, wherever it does: a file in the plugins folder, and perhaps the only digest it may have.

use crate::model::{Digest, Grant, Grants};

use super::field::Field;
use super::problem::quoted;
use super::tree::Value;

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

/// A plain name: the component lies in the plugins folder itself, and no name can lead out of it.
fn read_file_name(field: &Field<'_>) -> Option<String> {
    let name = field.required_text()?;
    let stem = name.strip_suffix(".wasm");
    let plain = stem.is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.'))
        && !name.contains(['/', '\\'])
        && !name.contains(char::is_control)
        && name.len() <= FILE_NAME_MAX_BYTES;
    if !plain {
        let message = "must be the plain name of a file in the plugins folder, ending in .wasm, such as zapier.wasm";
        field.problem(format!("{message}, found {}", quoted(&name)));
        return None;
    }
    Some(name)
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
