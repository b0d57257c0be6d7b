//! What steps do, what they are kept from doing, and how long they may take.

use std::fs;
use std::time::Duration;

use gateway_tests::{Gateway, eventually};
use rustix::process::{Pid, test_kill_process};
use serde_json::{Value, json};

use super::{Workflows, begin, calls, events, record, run, said, steps, until_status};
use crate::PROGRAM;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_request_says_is_never_more_than_data() {
    let flow = r#"
steps:
  - id: say
    command: echo "title ${webhook.body.title}" ${webhook.body.branch}
    env: { NOTE: "${webhook.body.title}" }
  - id: words
    command: ["printf", "%s|", "${webhook.body.title}", "$webhook.body.branch"]
  - id: read
    command: cat
    stdin: $webhook.body
"#;
    let gateway = Workflows::new().flow("inert", flow, "").start().await;
    let evil = "$(touch pwned) `touch pwned`; touch pwned #' \" ${deploy} $PATH \n&& touch pwned";
    let record = run(&gateway, "inert", json!({"title": evil, "branch": "a; touch pwned"})).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    let outputs: Vec<&str> =
        record["stateJson"]["steps"].as_array().unwrap().iter().map(|step| step["output"].as_str().unwrap()).collect();
    assert_eq!(outputs[0], format!("title {evil} a; touch pwned"));
    assert_eq!(outputs[1], format!("{evil}|a; touch pwned|"));
    let read: Value = serde_json::from_str(outputs[2]).unwrap();
    assert_eq!(read["title"], evil);
    assert!(!gateway.path().join("workflows/pwned").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_is_tried_again_when_its_time_has_come() {
    let flow =
        "steps:\n  - id: flaky\n    command: npm ping\n    retry: { max: 3, delay_ms: 60000, backoff: exponential }\n";
    let workflows = Workflows::new().flow("again", flow, "");
    workflows.program("npm", "[ $(wc -l < ../calls) -ge 3 ]");
    let gateway = workflows.start().await;
    let flow = begin(&gateway.client, "again", "", json!({})).await.json()["flowId"].as_str().unwrap().to_owned();
    for (tries, pause) in [(1, 60_000), (2, 120_000)] {
        eventually("it was tried", || async { calls(gateway.path()).len() == tries }).await;
        eventually("it waits", || async { steps(&record(gateway.path(), &flow)) == ["flaky retrying"] }).await;
        eventually("its time is known", || async { gateway.store().next_workflow_due().unwrap().is_some() }).await;
        gateway.clock.advance(pause - 1);
        assert_eq!(calls(gateway.path()).len(), tries);
        gateway.clock.advance(1);
    }
    let record = until_status(gateway.path(), &flow, "succeeded").await;
    assert_eq!((calls(gateway.path()).len(), &record["stateJson"]["steps"][0]["attempt"]), (3, &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_takes_too_long_is_ended_with_its_children() {
    let flow = "steps:\n  - id: slow\n    command: sleep 600 & echo $! > ../child; wait\n    timeout_ms: 300\n";
    let gateway = Workflows::new().flow("slow", flow, "").start().await;
    let record = run(&gateway, "slow", json!({})).await;
    assert_eq!(record["status"], "failed");
    assert!(record["blockedSummary"].as_str().unwrap().contains("took longer than 300 ms"), "{record}");
    is_gone(&gateway).await;
}

/// The child whose number stands in `child`.
async fn is_gone(gateway: &Gateway) {
    let number: i32 = fs::read_to_string(gateway.path().join("child")).unwrap().trim().parse().unwrap();
    let pid = Pid::from_raw(number).unwrap();
    let is_zombie = || {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'))
    };
    eventually("the child is gone", || async { test_kill_process(pid).is_err() || is_zombie() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_ends_its_program() {
    let flow = "steps:\n  - id: slow\n    command: sleep 600 & echo $! > ../child; wait\n  - command: npm never\n";
    let gateway = Workflows::new().flow("slow", flow, "").start().await;
    let flow = begin(&gateway.client, "slow", "", json!({})).await.json()["flowId"].as_str().unwrap().to_owned();
    eventually("it runs", || async {
        fs::read_to_string(gateway.path().join("child")).is_ok_and(|text| text.ends_with('\n'))
    })
    .await;
    gateway.operator(PROGRAM, &["tasks", "flow", "cancel", &flow]);
    until_status(gateway.path(), &flow, "cancelled").await;
    is_gone(&gateway).await;
    assert!(calls(gateway.path()).is_empty());
    assert_eq!(gateway.store().open_workflow_runs().unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_run_at_the_same_time_and_lists_are_gone_over() {
    let flow = r#"
steps:
  - id: both
    parallel:
      branches:
        - id: left
          command: touch ../left; until [ -e ../right ]; do sleep 0.01; done; echo l
        - id: right
          command: touch ../right; until [ -e ../left ]; do sleep 0.01; done; echo r
  - id: each
    for_each: $webhook.body.items
    steps:
      - id: one
        command: echo "${index}=${item.name} ${left.stdout}"
"#;
    let gateway = Workflows::new().flow("nest", flow, "").start().await;
    let record = run(&gateway, "nest", json!({"items": [{"name": "a"}, {"name": "b"}]})).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    assert_eq!(record["stateJson"]["result"], json!(["0=a l\n\n", "1=b l\n\n"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_lists_end_where_a_run_has_as_many_steps_as_it_may() {
    let list = |steps: &str| format!("steps:\n  - id: each\n    for_each: $webhook.body.items\n    steps:\n{steps}");
    let inner = list("      - id: never\n        command: npm never\n        when: \"false\"\n");
    let outer = list("      - id: call\n        workflow: inner\n");
    let gateway = Workflows::new().flow("inner", &inner, "").flow("outer", &outer, "").start().await;
    let items: Vec<u32> = (0..101).collect();
    // Ten thousand commits, one after another: whoever has a slow disk waits for that, too.
    let answer = begin(&gateway.client, "outer", "?wait=55s", json!({ "items": items })).await;
    let record = until_status(gateway.path(), answer.json()["flowId"].as_str().unwrap(), "failed").await;
    let why = record["blockedSummary"].as_str().unwrap();
    assert!(why.contains("a run has at most 10000 steps"), "{why}");
    let state = &record["stateJson"];
    let told = state["steps"].as_array().unwrap().len() as u64 + state["moreSteps"].as_u64().unwrap();
    assert!((10_000..10_010).contains(&told), "{told} steps");
    let updates = events(gateway.path()).iter().filter(|kind| *kind == "flow.updated").count();
    assert!(updates < 300, "{updates} events for one run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_calls_another_and_gets_its_result() {
    let inner = "args: { who: {} }\nsteps:\n  - id: greet\n    command: echo '{\"hello\":\"'${who}'\"}'\n";
    let outer = "steps:\n  - id: ask\n    workflow: inner\n    workflow_args: { who: $webhook.body.name }\n  - id: tell\n    tool: message\n    args: { channel: \"log:x\", text: \"$ask.json.hello\" }\n";
    let gateway = Workflows::new().flow("inner", inner, "").flow("outer", outer, "").start().await;
    let record = run(&gateway, "outer", json!({"name": "ann"})).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    assert_eq!(steps(&record), ["ask succeeded", "greet succeeded", "tell succeeded"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_without_its_grant_is_not_run_and_the_others_are() {
    let workflows = Workflows::new().flow("good", "steps:\n  - command: echo ok\n", "").flow(
        "bad",
        "steps:\n  - command: npm x\n",
        "",
    );
    let text = workflows.with();
    let (config, _folder) = text.write();
    let written = fs::read_to_string(&config).unwrap().replace("\"bad\": { grants: [\"command\"],", "\"bad\": {");
    let gateway = text.config(&written).start().await;
    let answer = begin(&gateway.client, "bad", "", json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "workflow_not_ready"), "{}", answer.text);
    assert_eq!(run(&gateway, "good", json!({})).await["status"], "succeeded");
    assert!(calls(gateway.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_wants_its_token_and_counts_a_request_once() {
    let gateway = Workflows::new().flow("once", "steps:\n  - command: npm x\n", "").start().await;
    let post = |body: &str| gateway.client.post("/taskflow/once", body.to_owned());
    assert_eq!(post("{}").send().await.status, 401);
    assert_eq!(post("{}").header("x-openclaw-token", "wrong").send().await.status, 401);
    let known = |body: &str| post(body).secret("t-once-0123456789abcdef0123456789").header("idempotency-key", "k1");
    let first = known("{\"n\":1}").send().await;
    assert_eq!(first.status, 202, "{}", first.text);
    let again = known("{\"n\":1}").send().await;
    assert_eq!((again.status.as_u16(), again.json()["flowId"].clone()), (202, first.json()["flowId"].clone()));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(known("{\"n\":2}").send().await.status, 409);
    let asked = |query: &str| {
        let post = gateway.client.post(&format!("/taskflow/once{query}"), "{\"n\":1}");
        post.secret("t-once-0123456789abcdef0123456789").header("idempotency-key", "k1")
    };
    // A workflow reads the query; how long somebody waits is nothing to it.
    assert_eq!(asked("?n=2").send().await.status, 409);
    assert_eq!(asked("?wait=5s").send().await.headers["idempotency-replayed"], "true");
    let flow = first.json()["flowId"].as_str().unwrap().to_owned();
    until_status(gateway.path(), &flow, "succeeded").await;
    assert_eq!(calls(gateway.path()), ["npm x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_a_channel_that_is_not_there_says_which_line_is_missing() {
    let flow = "steps:\n  - id: say\n    tool: message\n    args: { channel: \"slack:nowhere\", text: hi }\n";
    let gateway = Workflows::new().flow("lost", flow, "").start().await;
    let record = run(&gateway, "lost", json!({})).await;
    assert!(record["blockedSummary"].as_str().unwrap().contains("channels: { \"slack:nowhere\": { url:"), "{record}");
    assert!(said(gateway.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_outside_the_granted_one_is_not_entered() {
    let flow = "steps:\n  - id: out\n    command: pwd\n    cwd: $webhook.body.to\n";
    let gateway = Workflows::new().flow("cwd", flow, "").start().await;
    fs::create_dir(gateway.path().join("workflows/inner")).unwrap();
    std::os::unix::fs::symlink("/tmp", gateway.path().join("workflows/link")).unwrap();
    assert_eq!(run(&gateway, "cwd", json!({"to": "inner"})).await["status"], "succeeded");
    for out in ["..", "/tmp", "link", "inner/../..", "missing"] {
        let record = run(&gateway, "cwd", json!({"to": out})).await;
        assert_eq!(record["status"], "failed", "{out}");
        assert!(record["blockedSummary"].as_str().unwrap().contains("cwd: "), "{record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_runs_go_side_by_side_and_none_starves() {
    let workflows = Workflows::new().flow("many", "steps:\n  - command: echo x\n", "").flow(
        "rare",
        "steps:\n  - command: echo y\n",
        "",
    );
    let gateway = workflows.top("limits: { rateRequests: 100000, inFlight: 64 },").start().await;
    for _ in 0..40 {
        assert_eq!(begin(&gateway.client, "many", "", json!({})).await.status, 202);
    }
    let rare = begin(&gateway.client, "rare", "?wait=true", json!({})).await;
    assert_eq!(rare.status, 200, "{}", rare.text);
    let ended = || async { gateway.store().open_workflow_runs().unwrap() == 0 };
    eventually("all have ended", ended).await;
    tokio::time::timeout(Duration::from_secs(1), ended()).await.unwrap();
}
