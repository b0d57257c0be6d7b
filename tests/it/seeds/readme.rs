//! The README's agent and its workflow: its commands pasted into the same shell; only ports and folders are the test's.

use std::collections::BTreeSet;
use std::fs;

use gateway_tests::Process;
use serde_json::Value;

use super::reader::{Reader, filled};
use crate::documents::{blocks, root};

/// The part of the README below this heading.
fn section(heading: &str) -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, below) = readme.split_once(&format!("\n## {heading}\n")).unwrap();
    below.split("\n## ").next().unwrap().to_owned()
}

/// The example that the section serves.
fn serve(section: &str) -> (Reader, Process, String) {
    let serve = blocks(section, "sh")[0].trim();
    let example = serve.strip_prefix("cargo run --release -p sandclaw -- serve --config ").unwrap().to_owned();
    let config = fs::read_to_string(root().join(&example)).unwrap();
    let name = example.rsplit('/').next().unwrap().trim_end_matches(".json5");
    let config = filled(&config, &[(&format!("../target/{name}-example/state"), "state")]);
    let reader = Reader::with(&[("sandclaw.json5", &config)]);
    let gateway = reader.serve();
    (reader, gateway, example)
}

/// A block of commands with this gateway in it.
fn pasted(block: &str, gateway: &Process, example: &str) -> String {
    let here = [("http://127.0.0.1:18789", &*format!("http://{}", gateway.address))];
    let block = if block.starts_with("curl") { filled(block, &here) } else { block.to_owned() };
    block.replace("cargo run --release -p sandclaw --", "openclaw").replace(&format!(" --config {example}"), "")
}

/// The names of members, those of members in them too.
fn names(value: &Value, above: &str, found: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let name = format!("{above}/{name}");
        names(value, &name, found);
        found.insert(name);
    }
}

#[track_caller]
fn is_as_shown(answer: &Value, section: &str) -> Value {
    let shown: Value = serde_json::from_str(blocks(section, "json")[0]).unwrap();
    let [mut there, mut expected] = [BTreeSet::new(), BTreeSet::new()];
    names(answer, "", &mut there);
    names(&shown, "", &mut expected);
    assert_eq!(there, expected, "{answer}");
    shown
}

#[test]
fn the_agent_of_the_readme_is_told_and_answers() {
    let section = section("An agent that is told");
    let (reader, gateway, example) = serve(&section);
    let [_, curl, look] = blocks(&section, "sh")[..] else { panic!("three blocks of commands") };
    let (status, answer) = reader.curl(&pasted(curl, &gateway, &example), &[]);
    assert_eq!(status, 200, "{answer}");
    let shown = is_as_shown(&answer, &section);
    assert_eq!(answer["completion"], shown["completion"]);
    let id = (shown["runId"].as_str().unwrap(), answer["runId"].as_str().unwrap());
    let seen = reader.bash(&filled(&pasted(look, &gateway, &example), &[id]), &[]);
    assert!(seen.contains("succeeded") && seen.contains("Summarise the night."), "{seen}");
}

#[test]
fn the_workflow_of_the_readme_asks_and_goes_on() {
    let section = section("A workflow");
    let (reader, gateway, example) = serve(&section);
    let workflow = fs::read_to_string(root().join("examples/workflows/release.yaml")).unwrap();
    reader.write("workflows/release.yaml", &workflow);
    let [_, curl, decide] = blocks(&section, "sh")[..] else { panic!("three blocks of commands") };
    let (status, answer) = reader.curl(&pasted(curl, &gateway, &example), &[]);
    assert_eq!(status, 202, "{answer}");
    let shown = is_as_shown(&answer, &section);
    assert_eq!((&answer["status"], &answer["waitsFor"]["prompt"]), (&shown["status"], &shown["waitsFor"]["prompt"]));
    let [shown, id] = [&shown, &answer].map(|answer| answer["waitsFor"]["approvalId"].as_str().unwrap());
    let seen = reader.bash(&filled(&pasted(decide, &gateway, &example), &[(shown, id)]), &[]);
    assert!(seen.contains("workflow/release") && seen.contains(id), "{seen}");
}
