//! Steps that are tried again: what an earlier attempt has done is not done twice, and what it has not is done.

use gateway_tests::{Gateway, Receiver, Verdict, eventually, guest};
use serde_json::{Value, json};

use super::{Workflows, begin, record, steps, until_status};

/// Another attempt after each minute.
const RETRY: &str = "retry: { max: 4, delay_ms: 60000 }";

/// Waits until the step has failed, and lets its pause pass.
async fn pass_the_pause(gateway: &Gateway, flow: &str) {
    eventually("it waits for its next attempt", || async {
        let due = gateway.store().next_workflow_due().unwrap();
        steps(&record(gateway.path(), flow)) == ["only retrying"] && due.is_some_and(|due| due > gateway.clock.now())
    })
    .await;
    gateway.clock.advance(60_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_failed_behind_a_change_makes_that_once_and_acts_where_its_run_belongs() {
    const SESSION: &str = "agent:main:ops";
    let flow = format!(
        "steps:\n  - id: only\n    plugin: makes_then_asks.wasm\n    args: {{ gate: $webhook.body.gate }}\n    {RETRY}\n"
    );
    let grants = "grants: ['flow/read', 'flow/create', 'flow/change']";
    let mut workflows =
        Workflows::new().flow("ship", &flow, &format!("plugins: {{ 'makes_then_asks.wasm': {{ {grants} }} }}"));
    workflows.doors = workflows.doors.replace("flow:", &format!("sessionKey: '{SESSION}', flow:"));
    let builder = workflows.with().file("makes_then_asks.wasm", &guest("makes_then_asks"));
    let gateway = builder.route("ops", SESSION, "").start().await;
    let ops = async |body: Value| {
        let answer = gateway.client.route("ops", body.to_string()).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.result()["flow"]["flowId"].as_str().unwrap().to_owned()
    };
    let gate = ops(json!({ "action": "create_flow", "goal": "the gate" })).await;
    let begun = begin(&gateway.client, "ship", "", json!({ "gate": gate })).await.json();
    let run = begun["flowId"].as_str().unwrap();
    pass_the_pause(&gateway, run).await;
    pass_the_pause(&gateway, run).await;
    eventually("it failed a third time", || async {
        record(gateway.path(), run)["stateJson"]["steps"][0]["status"] == "retrying"
            && gateway.store().next_workflow_due().unwrap().is_some_and(|due| due > gateway.clock.now())
    })
    .await;
    ops(json!({ "action": "set_waiting", "flowId": gate, "expectedRevision": 0 })).await;
    gateway.clock.advance(60_000);
    let ended = until_status(gateway.path(), run, "succeeded").await;
    assert_eq!(ended["stateJson"]["steps"][0]["attempt"], 4, "{ended}");
    let flows = gateway.store().all_flows(None).unwrap();
    let made: Vec<_> = flows.iter().filter(|flow| flow.goal.as_str() == "\"made by a step\"").collect();
    assert_eq!((made.len(), flows.len(), made[0].owner.as_str()), (1, 3, SESSION));
    assert_eq!(record(gateway.path(), &gate)["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_is_called_as_the_same_call_until_the_gateway_has_answered_it() {
    let gateway = Receiver::answering(|at, _| match at {
        // Not the Gateway's own answer: what became of the call is not known.
        0 => Verdict::status(502).body("<html>bad gateway</html>"),
        1 => Verdict::status(500).body(r#"{"ok":false,"error":{"type":"tool_error","message":"it broke"}}"#),
        2 => Verdict::status(503).body(r#"{"error":{"message":"retry shortly","type":"unavailable"}}"#),
        _ => Verdict::status(200).body(r#"{"ok":true,"result":{"details":{"done":true}}}"#),
    })
    .await;
    let tokens = "token: 'a-hooks-token-of-the-gateway-1', gatewayToken: 'a-gateway-token-of-the-gateway'";
    let agents = format!("agents: {{ main: {{ runner: 'openclaw', {}, {tokens} }} }},", gateway.members(""));
    let flow = format!("steps:\n  - id: only\n    tool: sessions_list\n    {RETRY}\n");
    let rights = "tools: { via: 'main', allow: ['sessions_list'] }";
    let house = Workflows::new().flow("look", &flow, rights).top(&agents).start().await;
    let begun = begin(&house.client, "look", "", json!({})).await.json();
    let run = begun["flowId"].as_str().unwrap();
    for calls in 1..=3 {
        gateway.wait_for(calls).await;
        pass_the_pause(&house, run).await;
    }
    let ended = until_status(house.path(), run, "succeeded").await;
    assert_eq!(ended["stateJson"]["steps"][0]["attempt"], 4, "{ended}");
    let asked: Vec<Value> =
        gateway.received().iter().map(|received| received.json()["idempotencyKey"].clone()).collect();
    let (first, other) = (asked[0].as_str().unwrap(), asked[2].as_str().unwrap());
    assert!(first.starts_with(run), "{first}");
    assert_eq!(asked, [first, first, other, other]);
    assert_ne!(first, other);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_told_how_the_run_stands_by_now() {
    let flow = "steps:\n  - id: say\n    tool: message\n    args: { channel: \"log:ops\", text: hi }\n  \
                - id: fail\n    command: npm test\n    when: $webhook.body.fails\n";
    let workflows = Workflows::new().flow("one", flow, "");
    workflows.program("npm", "exit 1");
    let gateway = workflows.start().await;
    for (fails, expected) in [(false, "succeeded"), (true, "failed")] {
        let ask = async |query: &str| {
            let post = gateway.client.post(&format!("/taskflow/one{query}"), json!({ "fails": fails }).to_string());
            let key = format!("key-{expected}");
            post.secret("t-one-0123456789abcdef0123456789").header("idempotency-key", &key).send().await
        };
        let first = ask("").await;
        assert_eq!((first.status.as_u16(), &first.json()["status"]), (202, &json!("running")), "{}", first.text);
        until_status(gateway.path(), first.json()["flowId"].as_str().unwrap(), expected).await;
        let again = ask("").await;
        let told = json!({ "ok": true, "flowId": first.json()["flowId"], "status": expected });
        assert_eq!((again.status.as_u16(), again.json()), (202, told));
        assert_eq!(again.headers["idempotency-replayed"], "true");
        let waited = ask("?wait=true").await;
        assert_eq!(
            (waited.status.as_u16(), &waited.json()["status"]),
            (if fails { 422 } else { 200 }, &json!(expected))
        );
    }
}
