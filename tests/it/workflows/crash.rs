//! Durable step by step: the real program is killed in the middle of each step, and between steps, and in the end nobody can tell.

use std::path::Path;

use gateway_tests::{Process, eventually};
use serde_json::{Value, json};

use super::{Workflows, begin, calls, record, said, steps, until_status};
use crate::PROGRAM;

/// Each command notes its call, and kills the gateway that runs it if it is told to, once. Without a shell: the gateway is their parent.
const FLOW: &str = r#"
steps:
  - id: one
    command: ["npm", "one"]
    retry: { max: 1, safe: true }
  - id: tell
    tool: message
    args: { channel: "webhook:sink", text: "at ${one.stdout}" }
  - id: both
    parallel:
      branches:
        - id: left
          command: ["npm", "left"]
          retry: { max: 1, safe: true }
        - id: right
          command: ["npm", "right"]
          retry: { max: 1, safe: true }
  - id: each
    for_each: [1, 2]
    steps:
      - id: item
        command: ["npm", "item", "${item}"]
        retry: { max: 1, safe: true }
  - id: last
    command: ["npm", "last", "${left.stdout}"]
    retry: { max: 1, safe: true }
"#;

const PROGRAM_BODY: &str = r#"echo "$1"
name="$1"; [ "$1" = item ] && name="$1$2"
if [ -e "../kill-$name" ]; then rm "../kill-$name"; kill -9 $PPID; fi"#;

fn workflows(flow: &str) -> Workflows {
    let sink = "channels: { \"webhook:sink\": { url: \"http://127.0.0.1:9/\", allowPrivate: [\"127.0.0.1/32:9\"], \
        retry: { maxAttempts: 100, backoffMs: 60000 }, breaker: { failures: 100000 } } },";
    let workflows = Workflows::new().flow("five", flow, "").top(sink);
    workflows.program("npm", PROGRAM_BODY);
    workflows
}

/// What is left in the end, without times, the port that the request came to, and the id that the message has by its flow's.
fn ending(record: &Value) -> Value {
    let mut record = record.clone();
    record["stateJson"]["input"].take();
    record["stateJson"]["steps"][1]["output"].take();
    let keys = ["status", "stateJson", "waitJson", "currentStep", "revision", "controllerId", "goal"];
    keys.iter().map(|key| ((*key).to_owned(), record[*key].clone())).collect::<serde_json::Map<_, _>>().into()
}

async fn ended(config: &Path, folder: &Path, flow: &str) -> Value {
    let _gateway = Process::serve(PROGRAM, config);
    until_status(folder, flow, "succeeded").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_killed_in_any_step_ends_as_one_that_was_not() {
    let (config, folder) = workflows(FLOW).with().write();
    let folder = folder.path();
    let gateway = Process::serve(PROGRAM, &config);
    let flow = begin(&gateway.client, "five", "", json!({})).await.json()["flowId"].as_str().unwrap().to_owned();
    let whole = ending(&until_status(folder, &flow, "succeeded").await);
    gateway.kill();
    let mut told = said(folder).len();
    assert_eq!(told, 1);

    for step in ["one", "left", "right", "item1", "item2", "last"] {
        std::fs::write(folder.join(format!("kill-{step}")), "").unwrap();
        let gateway = Process::serve(PROGRAM, &config);
        let flow = begin(&gateway.client, "five", "", json!({})).await.json()["flowId"].as_str().unwrap().to_owned();
        assert_eq!(gateway.wait(), None, "killed in {step}");
        let record = ended(&config, folder, &flow).await;
        assert_eq!(ending(&record), whole, "{step}");
        told += 1;
        assert_eq!(said(folder).len(), told, "said once, whatever happened: {step}");
    }
    // And at the moments in between: after so many rows of steps were written.
    for rows in 1..=8 {
        let gateway = Process::serve(PROGRAM, &config);
        let flow = begin(&gateway.client, "five", "", json!({})).await.json()["flowId"].as_str().unwrap().to_owned();
        eventually("some of it is done", || async { steps(&record(folder, &flow)).len() >= rows }).await;
        gateway.kill();
        assert_eq!(ending(&ended(&config, folder, &flow).await), whole, "after {rows}");
        told += 1;
        assert_eq!(said(folder).len(), told, "after {rows}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_may_have_run_and_is_not_safe_is_not_run_again() {
    let flow = "steps:\n  - id: once\n    command: [npm, once]\n  - id: asked\n    command: [npm, after]\n";
    let (config, folder) = workflows(flow).with().write();
    let folder = folder.path();
    std::fs::write(folder.join("kill-once"), "").unwrap();
    let gateway = Process::serve(PROGRAM, &config);
    let flow = begin(&gateway.client, "five", "", json!({})).await.json()["flowId"].as_str().unwrap().to_owned();
    assert_eq!(gateway.wait(), None);
    let _gateway = Process::serve(PROGRAM, &config);
    let record = until_status(folder, &flow, "failed").await;
    assert!(record["blockedSummary"].as_str().unwrap().contains("it may have run"), "{record}");
    assert_eq!(calls(folder), ["npm once"]);
}
