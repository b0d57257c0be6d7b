//! `sandclaw workflow check` and `graph`, as people and scripts use them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::PROGRAM;

fn workflow(arguments: &[&str]) -> Output {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/seeds/000/workflows");
    Command::new(PROGRAM).current_dir(folder).arg("workflow").args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn check_says_which_steps_the_flow_goes_on_after_and_why() {
    let checked = workflow(&["check", "deploy-workflow.yaml"]);
    assert!(checked.status.success(), "{}", out(&checked));
    let expected = "\
ok       deploy-workflow.yaml: deploy-workflow
STEP    KIND     IF IT FAILS                                WHAT
notify  tool     the flow stops                             message
pull    command  the flow stops                             git pull origin main
test    command  the flow goes on: deploy reads its success  npm test
deploy  command  the flow goes on: report reads its success  pm2 restart app  when $test.success
report  tool     the flow stops                             message
needs    commands, which the host must grant
needs    tools message
needs    channels feishu:dev
";
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeezed(&out(&checked)), squeezed(expected));
}

#[test]
fn check_tells_programs_the_same_as_json_and_by_its_exit_code() {
    let checked = workflow(&["check", "--json", "ci-deploy.yaml", "ticket-triage.yaml", "alert-diagnosis.yaml"]);
    let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!((report["ok"].as_bool(), report["workflows"].as_array().unwrap().len()), (Some(true), 3));
    assert_eq!(report["workflows"][0]["steps"][1]["continuesOnFailure"], false);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.yaml");
    fs::write(&file, "steps:\n- run: echo $webhok.body\n- comand: x\n").unwrap();
    let checked = workflow(&["check", file.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(1));
    let said = out(&checked);
    assert!(said.contains("wrong.yaml:2: steps[0].run: there is no `webhok` here; did you mean `webhook`?"), "{said}");
    assert!(said.contains("wrong.yaml:3: steps[1].comand: unknown key `comand`; did you mean `command`?"), "{said}");
}

#[test]
fn graph_draws_in_three_ways() {
    for (format, first) in [("mermaid", "flowchart TD"), ("dot", "digraph \"ci-deploy\" {"), ("ascii", "ci-deploy")] {
        let drawn = workflow(&["graph", "ci-deploy.yaml", "--format", format]);
        assert!(drawn.status.success() && out(&drawn).starts_with(first), "{}", out(&drawn));
    }
}
