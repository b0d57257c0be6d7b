//! Files that are written, wrong and mended, as those see them who begin runs.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::config::{Env, Format};

struct House {
    folder: TempDir,
    library: Library,
}

impl House {
    fn with(rights: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("workflows")).unwrap();
        let text = format!("{{ workflows: {{ flows: {{ a: {{ {rights} }} }} }} }}");
        let file = folder.path().join("sandclaw.json5");
        let config = Config::parse(&text, Format::Json5, &file, &Env::new(|_| None)).unwrap();
        Self { folder, library: Library::new(&config) }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("workflows").join(file)
    }

    fn write(&self, file: &str, text: &str) {
        // As an operator should: beside, and renamed.
        let beside = self.path("beside.tmp");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, self.path(file)).unwrap();
    }

    fn why_not(&self) -> String {
        self.library.get("a").map(drop).unwrap_err().to_string()
    }

    /// Whether the last look is still good: then no file is read for the next one.
    fn is_remembered(&self) -> bool {
        let read = self.library.read.lock().unwrap().get("a").unwrap().clone();
        let read = read.lock().unwrap();
        read.as_ref().unwrap().looked.is_unchanged()
    }
}

const SAYS: &str = "steps:\n  - tool: message\n    args: { channel: 'log:x', text: hi }\n";

#[test]
fn a_wrong_file_is_read_once_and_a_right_one_in_its_place_counts_at_once() {
    let house = House::with("");
    assert!(house.why_not().contains("there is no "));
    assert!(house.is_remembered());
    house.write("a.yaml", "steps: [\n");
    assert!(house.why_not().contains("not valid YAML"));
    assert!(house.is_remembered(), "what is wrong is as well known as what is right");
    assert_eq!(house.why_not(), house.why_not());
    house.write("a.yaml", SAYS);
    let first = house.library.get("a").unwrap();
    assert!(Arc::ptr_eq(&first, &house.library.get("a").unwrap()));
    house.write("a.yaml", &SAYS.replace("hi", "ho"));
    assert!(house.library.get("a").unwrap().root.source.contains("ho"));
    house.write("a.yaml", "steps: 1\n");
    assert!(house.why_not().contains("steps"), "what was right before does not stand in for it");
}

#[test]
fn what_is_wrong_with_a_workflow_that_is_called_is_looked_at_again_when_that_changes() {
    let house = House::with("");
    house.write("a.yaml", "steps:\n  - workflow: b\n");
    assert!(house.why_not().contains("there is no workflow `b`"));
    assert!(house.is_remembered());
    house.write("b.yaml", "steps: [\n");
    assert!(house.why_not().contains("not valid YAML"));
    assert!(house.is_remembered());
    house.write("b.yaml", SAYS);
    assert_eq!(house.library.get("a").unwrap().called.len(), 1);
    fs::remove_file(house.path("b.yaml")).unwrap();
    assert!(house.why_not().contains("there is no workflow `b`"));
}

#[test]
fn a_component_that_would_not_ask_for_the_same_again_is_told_of() {
    let step = "steps:\n  - id: draw\n    plugin: x.wasm\n";
    let trouble = |grants: &str, step: &str| {
        let house = House::with(&format!("plugins: {{ 'x.wasm': {{ grants: [{grants}] }} }}"));
        house.write("a.yaml", step);
        house.library.trouble("a").join("\n")
    };
    for (grants, is_told) in [
        ("", false),
        ("'random', 'clock'", false),
        ("'flow/create', 'flow/read'", false),
        ("'flow/create', 'random'", true),
        ("'flow/change/finish-flow', 'clock'", true),
    ] {
        assert_eq!(trouble(grants, step).contains("the step `draw` of `a` runs x.wasm"), is_told, "{grants}");
    }
    let willing = format!("{step}    retry: {{ max: 1, safe: true }}\n");
    assert_eq!(trouble("'flow/create', 'random'", &willing), "");
}
