//! Tools of an OpenClaw Gateway as steps, against a server that answers as one. What a real one makes of `/tools/invoke` is tested in
//! `real_openclaw.rs`.

use gateway_tests::{Receiver, Verdict};
use serde_json::{Value, json};

use super::{Workflows, begin, calls, run};

const FLOW: &str = "steps:\n  - id: look\n    tool: sessions_list\n    args: { action: json, limit: 3, who: $webhook.body.who }\n  \
                    - id: judge\n    tool: llm-task\n    args: { prompt: how many }\n    when: $look.success\n";

fn config(gateway: &Receiver) -> String {
    let tokens = "token: 'a-hooks-token-of-the-gateway-1', gatewayToken: 'a-gateway-token-of-the-gateway'";
    format!("agents: {{ main: {{ runner: 'openclaw', {}, {tokens} }} }},", gateway.members(""))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_is_granted_is_called_at_the_gateway() {
    let gateway = Receiver::answering(|at, _| {
        let result = match at {
            0 => json!({ "content": [{ "type": "text", "text": "two" }], "details": { "count": 2 } }),
            _ => json!({ "details": { "json": { "answer": 2 } } }),
        };
        Verdict::status(200).body(&json!({ "ok": true, "result": result }).to_string())
    })
    .await;
    let rights = "tools: { via: 'main', allow: ['sessions_list', 'llm-task'] }";
    let house = Workflows::new().flow("look", FLOW, rights).top(&config(&gateway)).start().await;
    let record = run(&house, "look", json!({"who": "${env.HOME} $(id)"})).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    let asked: Vec<Value> = gateway.received().iter().map(|received| received.json()).collect();
    let (first, second) = (&asked[0], &asked[1]);
    assert_eq!((&first["tool"], &first["action"]), (&json!("sessions_list"), &json!("json")));
    assert_eq!(first["args"], json!({ "limit": 3, "who": "${env.HOME} $(id)" }));
    assert_eq!((&second["tool"], &second["args"]), (&json!("llm-task"), &json!({ "prompt": "how many" })));
    assert_ne!(first["idempotencyKey"], second["idempotencyKey"]);
    let head = &gateway.received()[0];
    assert_eq!(
        (&*head.target, head.header("authorization")),
        ("/tools/invoke", "Bearer a-gateway-token-of-the-gateway")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_does_not_allow_fails_the_step_in_its_words() {
    let gateway = Receiver::answering(|_, _| {
        let said =
            json!({ "ok": false, "error": { "type": "not_found", "message": "Tool not available: sessions_list" } });
        Verdict::status(404).body(&said.to_string())
    })
    .await;
    let rights = "tools: { via: 'main', allow: ['sessions_list', 'llm-task'] }";
    let house = Workflows::new().flow("look", FLOW, rights).top(&config(&gateway)).start().await;
    let record = run(&house, "look", json!({})).await;
    assert_eq!(record["status"], "succeeded", "the next step asks whether it went well: {record}");
    assert!(record["stateJson"].to_string().contains("Tool not available: sessions_list"), "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_nobody_granted_keeps_its_workflow_from_running() {
    let gateway = Receiver::start().await;
    let house = Workflows::new().flow("look", FLOW, "").top(&config(&gateway)).start().await;
    let refused = begin(&house.client, "look", "", json!({})).await;
    assert_eq!((refused.status.as_u16(), gateway.count()), (503, 0), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_gateway_is_looked_up_once_for_agents_and_steps() {
    let gateway = Receiver::answering(|_, _| Verdict::status(200).body(r#"{"ok":true,"result":{}}"#)).await;
    let house = Workflows::new();
    house.program("token", "echo a-gateway-token-of-the-gateway");
    let provider = format!(
        "secrets: {{ providers: {{ p: {{ source: 'exec', command: '{}', jsonOnly: false }} }} }},",
        house.folder.join("bin/token").display()
    );
    let asked =
        config(&gateway).replace("'a-gateway-token-of-the-gateway'", "{ source: 'exec', provider: 'p', id: 'k' }");
    let rights = "tools: { via: 'main', allow: ['sessions_list', 'llm-task'] }";
    let house = house.flow("look", FLOW, rights).top(&provider).top(&asked).start().await;
    assert_eq!(calls(house.path()).len(), 1);
    assert_eq!(run(&house, "look", json!({})).await["status"], "succeeded");
    assert_eq!(gateway.received()[0].header("authorization"), "Bearer a-gateway-token-of-the-gateway");
}
