//! What would go on for ever has an end: a step that says nothing of its time, runs without number, waiting for one of them.

use gateway_tests::Process;
use sandclaw::json::MAX_DEPTH;
use serde_json::json;

use super::{Workflows, begin, run, until_status};
use crate::PROGRAM;

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_says_nothing_of_its_time_gets_the_operators() {
    let flow = "steps:\n  - id: hangs\n    command: exec sleep 600\n    on_error: continue\n  - id: longer\n    command: sleep 1.5\n    timeout_ms: 60000\n";
    let gateway = Workflows::new().flow("hangs", flow, "").settings("stepTimeoutSeconds: 1,").start().await;
    let record = run(&gateway, "hangs", json!({})).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    assert_eq!(super::steps(&record), ["hangs failed", "longer succeeded"]);
    assert!(record.to_string().contains("took longer than 1000 ms"), "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_runs_are_begun_than_may_be_open() {
    let flow = "steps:\n  - approval: { prompt: go?, approvers: [alice] }\n";
    let gateway = Workflows::new().flow("asks", flow, "").settings("maxOpenRuns: 2,").start().await;
    let keyed = |key: &str| {
        let post = gateway.client.post("/taskflow/asks", "{}").secret("t-asks-0123456789abcdef0123456789");
        post.header("idempotency-key", key)
    };
    let first = keyed("k1").send().await;
    assert_eq!(first.status, 202, "{}", first.text);
    assert_eq!(begin(&gateway.client, "asks", "", json!({})).await.status, 202);
    let full = keyed("k3").send().await;
    assert_eq!((full.status.as_u16(), full.code().as_str()), (503, "unavailable"), "{}", full.text);
    assert_eq!(full.headers["retry-after"], "10");
    assert!(full.json()["error"].as_str().unwrap().contains("too many runs"), "{}", full.text);
    // Who asks again for what was begun is no further run.
    let again = keyed("k1").send().await;
    assert_eq!((again.status.as_u16(), &again.json()["flowId"]), (202, &first.json()["flowId"]));

    let flow = first.json()["flowId"].as_str().unwrap().to_owned();
    until_status(gateway.path(), &flow, "waiting").await;
    gateway.operator(PROGRAM, &["tasks", "flow", "cancel", &flow]);
    until_status(gateway.path(), &flow, "cancelled").await;
    gateway.clock.advance(1_000);
    let room = keyed("k3").send().await;
    assert_eq!(room.status, 202, "{}", room.text);
    assert!(!room.headers.contains_key("idempotency-replayed"), "a key that was refused belongs to nobody");
    assert_eq!(begin(&gateway.client, "asks", "", json!({})).await.status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_who_waits_learns_of_his_own_run() {
    let flow = "steps:\n  - id: held\n    command: until [ -e ../open ]; do sleep 0.01; done; echo ${webhook.body.n}\n";
    let gateway = Workflows::new().flow("held", flow, "").start().await;
    let waiting: Vec<_> = (0..6)
        .map(|n| {
            let client = gateway.client.clone();
            tokio::spawn(async move { (n, begin(&client, "held", "?wait=true", json!({ "n": n })).await) })
        })
        .collect();
    gateway_tests::eventually("all have begun", || async { gateway.store().open_workflow_runs().unwrap() == 6 }).await;
    std::fs::write(gateway.path().join("open"), "").unwrap();
    for one in waiting {
        let (n, answer) = one.await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.json()["result"].clone()), (200, json!(n)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_learns_that_somebody_beside_the_gateway_ended_the_run() {
    // One place, which another run has: nobody here carries this one out, and so nobody here is told of its end.
    let flow = "steps:\n  - command: touch ../taken; exec sleep 600\n";
    let gateway = Workflows::new().flow("slow", flow, "").settings("maxConcurrent: 1,").start().await;
    assert_eq!(begin(&gateway.client, "slow", "", json!({})).await.status, 202);
    gateway_tests::eventually("the place is taken", || async { gateway.path().join("taken").exists() }).await;
    let client = gateway.client.clone();
    let waiting = tokio::spawn(async move { begin(&client, "slow", "?wait=true", json!({})).await });
    gateway_tests::eventually("both are there", || async { gateway.store().open_workflow_runs().unwrap() == 2 }).await;
    let flows = gateway.operator(PROGRAM, &["tasks", "flow", "list"]);
    let flows = flows["flows"].as_array().unwrap_or_else(|| panic!("{flows}")).clone();
    let queued = flows.iter().find(|flow| flow["currentStep"].is_null()).unwrap_or_else(|| panic!("{flows:?}"));
    gateway.operator(PROGRAM, &["tasks", "flow", "cancel", queued["flowId"].as_str().unwrap()]);
    let answer = waiting.await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "workflow_cancelled"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deepest_body_there_is_does_not_go_beyond_the_stack() {
    let flow = "steps:\n  - id: say\n    tool: message\n    args: { channel: \"log:ops\", text: \"got $webhook.body.note\" }\n";
    let (config, _folder) = Workflows::new().flow("deep", flow, "").with().write();
    let gateway = Process::serve(PROGRAM, &config);
    let deep = |levels: usize| format!("{{\"note\":1,\"deep\":{}1{}}}", "{\"a\":".repeat(levels), "}".repeat(levels));
    for (levels, expected) in [(MAX_DEPTH - 1, 200), (MAX_DEPTH, 400)] {
        let post = gateway.client.post("/taskflow/deep?wait=true", deep(levels));
        let answer = post.secret("t-deep-0123456789abcdef0123456789").send().await;
        assert_eq!(answer.status, expected, "{levels}: {}", answer.text);
    }
    assert!(!gateway.has_ended());
}
