//! The doors of workflows beside their token: another port, a sender that signs, a component as a step, and what the command line makes of a file.

use std::fs;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_tests::{Gateway, guest};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Workflows, begin, calls, run, said, steps, until_status};
use crate::PROGRAM;

const SECRET: &str = "SECe7f1c8a2b5d94e60a3c7f1b2d8e4a6c9";

/// Signed as DingTalk's outgoing robots do: the time, and nothing of the body.
fn dingtalk(ms: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{ms}\n{SECRET}").as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_of_dingtalk_begins_a_workflow_by_its_sign() {
    let flow = "steps:\n  - id: say\n    tool: message\n    args: { channel: \"log:ops\", text: $webhook.body.text.content }\n";
    let flows = "workflows: { flows: {} }, hooks: { webhooks: { endpoints: [";
    let door = format!("{{ flow: 'alert', auth: {{ scheme: 'dingtalk', secret: '{SECRET}' }} }} ] }} }},");
    let builder = Gateway::builder().top(&format!("{flows}{door}"));
    let folder = builder.write().1.path().to_owned();
    fs::create_dir(folder.join("workflows")).unwrap();
    fs::write(folder.join("workflows/alert.yaml"), flow).unwrap();
    let gateway = builder.start().await;
    let body = json!({"msgtype": "text", "text": {"content": "CPU 95%"}, "msgId": "msg-1"}).to_string();
    let post = |ms: i64, sign: &str| {
        let post = gateway.client.post("/taskflow/alert?wait=true", body.clone());
        post.header("timestamp", &ms.to_string()).header("sign", sign)
    };
    let now = gateway.clock.now().0;
    assert_eq!(post(now, &dingtalk(now - 1)).send().await.status, 401);
    assert_eq!(post(now - 3_700_000, &dingtalk(now - 3_700_000)).send().await.status, 401);
    let ran = post(now, &dingtalk(now)).send().await;
    assert_eq!((ran.status.as_u16(), ran.json()["status"].as_str()), (200, Some("succeeded")), "{}", ran.text);
    // The same message, told again with a new sign, is the same run.
    let again = post(now + 1, &dingtalk(now + 1)).send().await;
    assert_eq!(again.json()["flowId"], ran.json()["flowId"]);
    assert_eq!(again.headers["idempotency-replayed"], "true");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_a_step_with_what_its_workflow_was_granted() {
    let flow = "steps:\n  - id: ask\n    plugin: echoes.wasm\n    args: { n: $webhook.body.n }\n  \
                - id: tell\n    command: npm \"${ask.json.body.n}\"\n";
    let workflows = Workflows::new().flow("own", flow, "plugins: { 'echoes.wasm': {} }").flow("other", flow, "");
    let gateway = workflows.with().file("echoes.wasm", &guest("echoes")).start().await;
    let record = run(&gateway, "own", json!({"n": "7; npm stolen"})).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    assert_eq!(calls(gateway.path()), ["npm 7; npm stolen"]);
    // It reads the name of the workflow where a route has its id, and no header of the request.
    let told = record["stateJson"].to_string();
    assert!(told.contains("\\\"routeId\\\":\\\"own\\\"") || told.contains("\"routeId\":\"own\""), "{told}");
    assert_eq!(begin(&gateway.client, "other", "", json!({})).await.status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_began_it_does_not_approve_it_where_that_is_said() {
    let flow = "steps:\n  - id: gate\n    approval: { prompt: ship it?, approvers: [alice, bob], initiated_by: $webhook.body.by, \
                require_different_approver: true }\n  - command: npm ship\n";
    let gateway = Workflows::new().flow("two", flow, "").start().await;
    let asked = begin(&gateway.client, "two", "?wait=true", json!({"by": "alice"})).await.json();
    let id = asked["waitsFor"]["approvalId"].as_str().unwrap();
    let decide = |name: &str| {
        let mut command = Command::new(PROGRAM);
        command.args(["approvals", "approve", id, "--as", name, "--config"]).arg(gateway.path().join("sandclaw.json5"));
        command.output().unwrap()
    };
    let own = decide("alice");
    assert_eq!(own.status.code(), Some(1), "{}", String::from_utf8_lossy(&own.stdout));
    assert!(calls(gateway.path()).is_empty());
    assert!(decide("bob").status.success());
    until_status(gateway.path(), asked["flowId"].as_str().unwrap(), "succeeded").await;
    assert_eq!(calls(gateway.path()), ["npm ship"]);
    // A request that hides who it is from gets around nothing.
    for by in [json!(" Alice "), json!(" "), Value::Null] {
        let asked = begin(&gateway.client, "two", "?wait=true", json!({ "by": by })).await.json();
        let id = asked["waitsFor"]["approvalId"].as_str().unwrap();
        let mut command = Command::new(PROGRAM);
        command
            .args(["approvals", "approve", id, "--as", "alice", "--config"])
            .arg(gateway.path().join("sandclaw.json5"));
        assert_eq!(command.output().unwrap().status.code(), Some(1), "{by}");
    }
    assert_eq!(calls(gateway.path()), ["npm ship"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_cannot_name_its_own_approver() {
    let flow = "steps:\n  - id: gate\n    approval: { prompt: ship it?, required_approver: $webhook.body.owner }\n  - command: npm ship\n";
    let gateway = Workflows::new().flow("own", flow, "approvers: ['alice']").start().await;
    for (owner, name) in [("mallory", "mallory"), ("", "mallory"), ("mallory", "alice")] {
        let asked = begin(&gateway.client, "own", "?wait=true", json!({ "owner": owner })).await.json();
        let id = asked["waitsFor"]["approvalId"].as_str().unwrap();
        let mut command = Command::new(PROGRAM);
        command.args(["approvals", "approve", id, "--as", name, "--config"]).arg(gateway.path().join("sandclaw.json5"));
        assert_eq!(command.output().unwrap().status.code(), Some(1), "{owner} {name}");
    }
    assert!(calls(gateway.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_branch_to_end_is_enough_where_any_is_waited_for() {
    let flow = "steps:\n  - id: race\n    parallel:\n      wait: any\n      branches:\n        - id: slow\n          command: exec sleep 600\n        \
                - id: quick\n          command: npm quick\n  - command: npm \"${quick.success}\"\n";
    let gateway = Workflows::new().flow("race", flow, "").start().await;
    let record = run(&gateway, "race", json!({})).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    assert_eq!(calls(gateway.path()), ["npm quick", "npm true"]);
    assert_eq!(steps(&record).first().map(String::as_str), Some("race succeeded"));
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ship.yaml");
    fs::write(&file, "steps:\n  - id: mark\n    command: touch marked\n  - id: say\n    tool: message\n    args: { channel: \"log:ops\", text: done }\n").unwrap();
    let sandclaw = |arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.current_dir(folder.path()).args(["workflow", "run", "ship.yaml"]).args(arguments).output().unwrap()
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let dry = sandclaw(&["--dry-run", "--grant-command"]);
    assert!(
        dry.status.success() && text(&dry.stdout).contains("touch marked"),
        "{}{}",
        text(&dry.stdout),
        text(&dry.stderr)
    );
    assert!(!folder.path().join("marked").exists());
    let refused = sandclaw(&[]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("command"), "{}", text(&refused.stderr));
    assert!(!folder.path().join("marked").exists());
    let ran = sandclaw(&["--grant-command", "--json"]);
    assert!(ran.status.success() && folder.path().join("marked").exists(), "{}", text(&ran.stderr));
    assert!(!text(&ran.stderr).contains('\u{1b}'), "no colours in a pipe");
    assert_eq!(serde_json::from_slice::<Value>(&ran.stdout).unwrap()["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_of_the_doors_is_open_beside_the_gateways() {
    // Free a moment ago. Nothing else of this machine is likely to take it meanwhile, and if something does the gateway says so.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let flow = "steps:\n  - id: say\n    tool: message\n    args: { channel: \"log:ops\", text: $webhook.body.n }\n";
    let doors = format!(
        "hooks: {{ webhooks: {{ port: {port}, endpoints: [{{ flow: 'say', token: 't-say-0123456789abcdef0123456789' }}] }} }},"
    );
    let builder = Gateway::builder().top(&doors);
    let folder = builder.write().1.path().to_owned();
    fs::create_dir(folder.join("workflows")).unwrap();
    fs::write(folder.join("workflows/say.yaml"), flow).unwrap();
    let gateway = builder.start().await;
    let beside = gateway_tests::Client::new(std::net::SocketAddr::from(([127, 0, 0, 1], port)));
    for (client, n) in [(&beside, "1"), (&gateway.client, "2")] {
        let ran = begin(client, "say", "?wait=true", json!({ "n": n })).await;
        assert_eq!(ran.status, 200, "{}", ran.text);
    }
    assert_eq!(said(gateway.path()).len(), 0, "what goes to the log is no event");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_links_that_is_none_stops_the_start_before_anything_runs() {
    let flow = "steps:\n  - command: npm once\n    retry: { max: 1, safe: true }\n";
    let gateway = Workflows::new().flow("one", flow, "").start().await;
    let (key, folder) = (gateway.path().join("state/approvals.key"), gateway.path().to_owned());
    let begun = begin(&gateway.client, "one", "?wait=true", json!({})).await;
    assert_eq!((begun.status.as_u16(), calls(&folder).len()), (200, 1));
    fs::write(&key, "short").unwrap();
    let refused = gateway.try_restart().await.err().expect("a refusal");
    let told = format!("{refused:#}");
    assert!(told.contains("the key of approval links") && told.contains("too short for a key; remove it"), "{told}");
}
