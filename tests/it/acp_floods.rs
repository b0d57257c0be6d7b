//! Agents of the protocol that say more than anybody can want, to the real program: its memory does not follow.

use gateway_tests::{Gateway, Process};
use serde_json::{Value, json};

use crate::PROGRAM;

const TOKEN: &str = "a-token-that-is-long-enough";

/// What all of them begin with: they greet, open a session, and are asked.
const BEGIN: &str = r#"
hear() { IFS= read -r line || exit 0; id=${line#*'"id":'}; id=${id%%[,\}]*}; }
answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
flood() { yes "$1" | head -c "$2" | sed '$d'; }
hear; answer '{"protocolVersion":1}'; hear; answer '{"sessionId":"s1"}'; hear
"#;
const END: &str = r#"answer '{"stopReason":"end_turn"}'"#;

/// What an agent writes in all. More than 256 MiB end a run.
const FLOOD_BYTES: usize = 200 << 20;
/// How much more of the gateway's memory is in use at the height of it.
const GROWTH_MAX_KIB: usize = 32 << 10;

fn height_kib(gateway: &Process) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

async fn ask(gateway: &Process, agent: &str) -> Value {
    let body = json!({ "agentId": agent, "message": "Go on.", "waitForCompletion": true, "timeoutSeconds": 120 });
    let answer = gateway.client.post("/hooks/agent", body.to_string()).secret(TOKEN).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// Has an agent write lines like this one, and measures.
async fn check(line: &str) {
    let flood = format!("flood '{line}' {FLOOD_BYTES}");
    let agents = [("calm", ":"), ("loud", &*flood)].map(|(id, script)| {
        let command = json!(["sh", "-c", format!("{BEGIN}\n{script}\n{END}")]);
        format!("{id}: {{ runner: 'acp', cwd: '/', command: {command} }}")
    });
    let hooks = format!("hooks: {{ enabled: true, token: '{TOKEN}' }}");
    let top = format!("agents: {{ {} }}, {hooks},", agents.join(", "));
    let (config, _folder) = Gateway::builder().route("r", "agent:main:main", "").top(&top).write();
    let gateway = Process::serve(PROGRAM, &config);
    for (agent, growth_max_kib) in [("calm", usize::MAX), ("loud", GROWTH_MAX_KIB)] {
        let before = height_kib(&gateway);
        let told = ask(&gateway, agent).await;
        assert_eq!(told["completion"]["status"], "ok", "{told}");
        let growth = height_kib(&gateway) - before;
        assert!(growth < growth_max_kib, "{growth} KiB more for {line:.100}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_as_fast_as_an_agent_can_do_not_pile_up() {
    let text = "0123456789".repeat(100);
    let update = json!({ "sessionUpdate": "agent_message_chunk", "content": { "type": "text", "text": text } });
    let params = json!({ "sessionId": "s1", "update": update });
    check(&json!({ "jsonrpc": "2.0", "method": "session/update", "params": params }).to_string()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_client_knows_is_not_kept() {
    let params = json!({ "sessionId": "s1", "more": "0123456789".repeat(3_000) });
    check(&json!({ "jsonrpc": "2.0", "method": "session/sing", "params": params }).to_string()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_what_nobody_asked_are_not_kept() {
    let line = json!({ "jsonrpc": "2.0", "id": "nobody", "result": "0123456789".repeat(3_000) });
    check(&line.to_string()).await;
}
