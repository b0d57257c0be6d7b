//! The file as a small tree in which every key and value knows its line. Both syntaxes end here; what the keys mean is
//! the business of the readers. Keys that occur twice are kept, so that they can be reported.

use super::{json5, yaml};

/// Deepest nesting of maps and lists. The config itself needs eight levels; the bound keeps parsers off the stack's end.
pub(super) const DEPTH_MAX: usize = 32;

/// How a config file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON5, and so JSON.
    Json5,
    /// YAML 1.2, without anchors and tags.
    Yaml,
}

impl Format {
    /// The format that a file name stands for, by its extension.
    pub fn of(path: &std::path::Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "json5" | "json" => Some(Self::Json5),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// A value and the line on which it starts.
pub(super) struct Node {
    pub line: usize,
    pub value: Value,
}

pub(super) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a map, in the order of the file.
pub(super) struct Entry {
    pub key: String,
    pub line: usize,
    pub node: Node,
}

/// The text is not what its format asks for.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub line: Option<usize>,
    pub message: String,
}

/// Reads the text; the first error ends it, because what follows one cannot be trusted.
pub(super) fn parse(text: &str, format: Format) -> Result<Node, SyntaxError> {
    // An editor's byte order mark says nothing in UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match format {
        Format::Json5 => json5::parse(text),
        Format::Yaml => yaml::parse(text),
    }
}

pub(super) fn too_deep(line: usize) -> SyntaxError {
    SyntaxError { line: Some(line), message: format!("maps and lists are nested deeper than {DEPTH_MAX} levels") }
}

impl Value {
    /// What it is, in words for a message. Never the value itself: it may be a secret in the wrong place.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// A picture of the tree for tests: `line:value`, keys as `line=key`.
#[cfg(test)]
pub(super) fn picture(node: &Node) -> String {
    let value = match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(picture).collect::<Vec<_>>().join(" ")),
        Value::Map(entries) => {
            let entry = |entry: &Entry| format!("{}={} {}", entry.line, entry.key, picture(&entry.node));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(" "))
        }
    };
    format!("{}:{value}", node.line)
}
