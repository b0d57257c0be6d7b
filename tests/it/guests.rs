//! One guest per behaviour, each stopped, refused or served with its own outcome, while another route goes on answering.
//!
//! Named after its guest, so that a guest without a test does not compile (`every_guest_has_its_test.rs` is written by `build.rs`).

use gateway_tests::{Answer, Gateway, guest};

include!(concat!(env!("OUT_DIR"), "/every_guest_has_its_test.rs"));

/// A gateway with one guest and, beside it, a route with the built-in actions.
async fn beside(name: &str, more: &str) -> Gateway {
    Gateway::builder().guest(name, more).route("steady", "agent:main:steady", "").start().await
}

async fn steady(gateway: &Gateway) -> Answer {
    gateway.client.route("steady", r#"{"action":"list_flows"}"#).send().await
}

/// Calls the guest and the steady route at the same time; the steady one must answer, and answer again afterwards.
async fn call(name: &str, more: &str) -> Answer {
    let gateway = beside(name, more).await;
    let (wicked, other) = tokio::join!(gateway.client.route(name, "{}").send(), steady(&gateway));
    assert_eq!(other.status, 200, "{}", other.text);
    assert_eq!(steady(&gateway).await.status, 200);
    wicked
}

#[track_caller]
fn ended(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{}", answer.text);
    assert_eq!(answer.json()["ok"], false);
}

/// Calls a guest that must not have been started, and returns why.
async fn refusal(name: &str, more: &str) -> String {
    let gateway = beside(name, more).await;
    let answer = gateway.client.route(name, "{}").send().await;
    ended(&answer, 503, "plugin-refused");
    assert_eq!(steady(&gateway).await.status, 200);
    let status = gateway.plugins().slots()[0].status();
    assert_eq!(status.serving, None);
    status.refused.clone().expect("a reason")
}

#[tokio::test(flavor = "multi_thread")]
async fn echoes() {
    let gateway = beside("echoes", "").await;
    let request = gateway.client.post("/plugins/webhooks/echoes?a=1&b=%20", r#"{"n":1.0,"n":2,"s":"\u0041"}"#);
    let answer = request.secret("secret-echoes").header("X-GitHub-Event", "push").header("cookie", "c=1").send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.result();
    assert_eq!(told["routeId"], "echoes");
    assert_eq!(told["query"], "a=1&b=%20");
    assert_eq!(told["header"], "push");
    assert_eq!(told["authorization"], serde_json::Value::Null);
    assert_eq!(told["body"], serde_json::json!({"n": 2, "s": "A"}));
    let headers = told["headers"].to_string();
    assert!(
        headers.contains("x-github-event=push") && !headers.contains("secret") && !headers.contains("cookie"),
        "{headers}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn remembers() {
    let gateway = beside("remembers", "").await;
    for _ in 0..20 {
        assert_eq!(gateway.client.route("remembers", "{}").send().await.result(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_what_comes() {
    let gateway = beside("keeps_what_comes", r#"grants: ["flow/create"]"#).await;
    let post = gateway.client.route("keeps_what_comes", r#"{"n":5.5,"deep":[null]}"#);
    let answer = post.header("x-github-event", "ping").header("x-github-delivery", "d1").send().await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let flows = gateway.store().all_flows(None).unwrap();
    let [kept] = &flows[..] else { panic!("one flow was expected: {flows:?}") };
    let (event, state) = (kept.current_step.as_ref().unwrap().as_str(), kept.state.as_ref().unwrap().as_str());
    assert_eq!((kept.goal.as_str(), event, state), ("\"d1\"", "\"ping\"", r#"{"deep":[null],"n":5.5}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn makes_then_asks() {
    let gateway = beside("makes_then_asks", r#"grants: ["flow/read", "flow/create", "flow/change"]"#).await;
    let answer = gateway.client.route("makes_then_asks", r#"{"gate":"nowhere"}"#).send().await;
    ended(&answer, 404, "no_gate");
    assert_eq!(gateway.store().all_flows(None).unwrap().len(), 1, "what it made stays made");
}

#[tokio::test(flavor = "multi_thread")]
async fn spins_forever() {
    ended(&call("spins_forever", "limits: { cpuMs: 100 }").await, 500, "cpu");
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_forever() {
    let answer = call("waits_forever", r#"grants: ["clock"], limits: { deadlineMs: 200 }"#).await;
    ended(&answer, 504, "deadline");
}

#[tokio::test(flavor = "multi_thread")]
async fn eats_memory() {
    ended(&call("eats_memory", "").await, 500, "memory");
}

#[tokio::test(flavor = "multi_thread")]
async fn eats_many_memories() {
    ended(&call("eats_many_memories", "").await, 500, "memory");
}

#[tokio::test(flavor = "multi_thread")]
async fn recurses_deep() {
    ended(&call("recurses_deep", "").await, 500, "trap");
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_logs() {
    ended(&call("floods_logs", "").await, 500, "output");
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_prints() {
    ended(&call("floods_prints", "").await, 500, "output");
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_host_calls() {
    ended(&call("floods_host_calls", "").await, 500, "host-calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_300_mib() {
    ended(&call("returns_300_mib", "limits: { memoryMiB: 1024 }").await, 500, "output");
}

#[tokio::test(flavor = "multi_thread")]
async fn hands_over_300_mib() {
    ended(&call("hands_over_300_mib", "limits: { memoryMiB: 1024 }").await, 500, "output");
}

#[tokio::test(flavor = "multi_thread")]
async fn traps_midway() {
    let gateway = Gateway::builder()
        .guest("traps_midway", r#"grants: ["flow/create"]"#)
        .route("same", "agent:traps_midway:main", "")
        .start()
        .await;
    let answer = gateway.client.route("traps_midway", "{}").send().await;
    ended(&answer, 500, "trap");
    assert!(!answer.text.contains("this is the crash"), "the guest's words are not for the caller: {}", answer.text);
    let flows = gateway.client.route("same", r#"{"action":"list_flows"}"#).send().await.result();
    assert_eq!(flows["flows"][0]["goal"], "made before the crash", "what was acknowledged to the guest stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn exits() {
    ended(&call("exits", "").await, 500, "trap");
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_no_json() {
    ended(&call("returns_no_json", "").await, 500, "guest-error");
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_a_redirect() {
    let answer = call("returns_a_redirect", "").await;
    ended(&answer, 500, "guest-error");
}

#[tokio::test(flavor = "multi_thread")]
async fn fails() {
    let answer = call("fails", "").await;
    ended(&answer, 500, "guest-error");
    assert!(!answer.text.contains("own words"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_for_ungranted() {
    let reason = refusal("asks_for_ungranted", r#"grants: ["flow/read"]"#).await;
    for part in [
        "needs flow/cancel/cancel-flow",
        "needs clock",
        "granted flow/read   unused: flow/read",
        "to allow, write:  grants: [\"flow/read\", \"flow/cancel/cancel-flow\", \"clock\"]",
    ] {
        assert!(reason.contains(part), "{part:?} is not in:\n{reason}");
    }
    let granted = beside("asks_for_ungranted", r#"grants: ["clock", "flow/cancel/cancel-flow"]"#).await;
    let answer = granted.client.route("asks_for_ungranted", "{}").send().await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (404, "not_found"),
        "granted, it runs: {}",
        answer.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_sockets() {
    let reason = refusal("imports_sockets", r#"grants: ["clock", "random", "flow/read"]"#).await;
    assert!(reason.contains("no grant gives") && reason.contains("wasi:sockets/tcp"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_files() {
    let answer = call("reads_files", "").await;
    assert_eq!(
        answer.result(),
        serde_json::json!({"file": false, "here": false, "variables": 0, "arguments": 0}),
        "{}",
        answer.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_world() {
    let reason = refusal("wrong_world", "").await;
    assert!(reason.contains("not a route action") && reason.contains("outbound transform"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_signature() {
    let reason = refusal("wrong_signature", "").await;
    assert!(reason.contains("its `handle` is not that of the contract"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn not_a_component() {
    let reason = refusal("not_a_component", "").await;
    assert!(reason.contains("a core WebAssembly module, not a component"), "{reason}");
}

/// P5: more guests than the machine has cores compute without end, and the steady route is answered again and again before any of them is done.
#[tokio::test(flavor = "multi_thread")]
async fn spinning_guests_do_not_keep_the_others_waiting() {
    let gateway = beside("spins_forever", "limits: { cpuMs: 1000, deadlineMs: 20000 }").await;
    let spinning: Vec<_> = (0..8).map(|_| tokio::spawn(gateway.client.route("spins_forever", "{}").send())).collect();
    for _ in 0..20 {
        assert_eq!(steady(&gateway).await.status, 200);
    }
    assert!(spinning.iter().all(|call| !call.is_finished()), "the steady route did not wait for the spinning one");
    for call in spinning {
        let code = call.await.unwrap().code();
        assert!(
            code == "cpu" || code == "deadline",
            "each ends at one of its limits, by how much the machine had left for it: {code}"
        );
    }
}

/// The files that are no guest of `tests/guests`: cut short, empty, text, machine code.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_component_is_refused_and_stops_nobody() {
    let whole = guest("echoes");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0xff;
    let files: [(&str, &[u8]); 5] = [
        ("truncated", &whole[..whole.len() / 2]),
        ("empty", b""),
        ("text", b"hello"),
        ("elf", b"\x7fELF\x02\x01\x01"),
        ("flipped", &flipped),
    ];
    let mut builder = Gateway::builder().route("steady", "agent:main:steady", "");
    for (name, bytes) in files {
        builder = builder.file(&format!("{name}.wasm"), bytes).route(
            name,
            "agent:main:x",
            &format!("plugin: \"{name}.wasm\""),
        );
    }
    let gateway = builder.route("absent", "agent:main:x", "plugin: \"absent.wasm\"").start().await;
    assert_eq!(steady(&gateway).await.status, 200);
    for name in ["truncated", "empty", "text", "elf", "flipped", "absent"] {
        let answer = gateway.client.route(name, "{}").send().await;
        // One flipped byte may leave a component that loads; then it must not answer as if nothing had happened.
        assert!(answer.status.is_server_error() || name == "flipped", "{name}: {}", answer.text);
    }
    let reasons: Vec<String> =
        gateway.plugins().slots().iter().filter_map(|slot| slot.status().refused.clone()).collect();
    for part in ["an empty file", "not a WebAssembly file", "a native or precompiled file", "not in the plugins folder"]
    {
        assert!(reasons.iter().any(|reason| reason.contains(part)), "{part:?} is not in {reasons:#?}");
    }
}

/// The two that are swapped in `plugins.rs`, and the one of `isolation.rs`.
pub use crate::isolation::tries_every_id;
pub use crate::plugins::{says_one, says_two};

pub use crate::hook_slots::hook_traps;
pub use crate::hook_transforms::{
    hook_changes_nothing, hook_fails, hook_overrides, hook_reads_flows, hook_returns_no_object, hook_skips, hook_spins,
    hook_tells_all,
};
pub use crate::transform_delivery::{transform_sends_bytes, transform_tells_all};
pub use crate::transform_trouble::transform_traps_if_told;
/// The outbound transforms, which have no gateway to stand beside.
pub use crate::transforms::{
    transform_draws_lots, transform_echo, transform_fails, transform_floods_logs, transform_reads_flows,
    transform_reads_the_clock, transform_returns_50_mib, transform_sets_headers, transform_skips, transform_spins,
    transform_traps,
};
