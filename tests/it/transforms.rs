//! Outbound transforms: what they may send, where they end, and how their files are swapped. The real program tries each guest on an event; what happens over
//! time is asked of the slots.

use std::path::Path;
use std::process::{Command, Output};

use gateway_tests::guest;
use serde_json::{Value, json};

use crate::PROGRAM;

/// What `transform test --json` says of a guest, and its exit code.
fn tried(name: &str, config: &Value, more: &[&str]) -> (Value, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(format!("{name}.wasm")), guest(name)).unwrap();
    std::fs::write(folder.path().join("event.json"), r#"{"type":"flow.finished","data":{"goal":"x","n":1.0}}"#)
        .unwrap();
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let output = test(folder.path(), name, &[&["--config", "config.json", "--json"], more].concat());
    let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {}", text(&output)));
    (said, output.status.code())
}

fn test(folder: &Path, name: &str, more: &[&str]) -> Output {
    let plugin = format!("{name}.wasm");
    let arguments = [&["transform", "test", "--plugin", &plugin, "--event", "event.json"], more].concat();
    Command::new(PROGRAM).current_dir(folder).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[track_caller]
fn fails(name: &str, config: &Value, failure: &str, reason: &str) -> Value {
    let (said, code) = tried(name, config, &[]);
    assert_eq!((&said["outcome"], &said["failure"], code), (&json!("failed"), &json!(failure), Some(1)), "{said}");
    assert!(said["reason"].as_str().unwrap().contains(reason), "{said}");
    said
}

#[track_caller]
fn refused(name: &str, more: &[&str], reason: &str) {
    let (said, code) = tried(name, &json!({}), more);
    assert_eq!((&said["outcome"], code), (&json!("refused"), Some(1)), "{said}");
    assert!(said["reason"].as_str().unwrap().contains(reason), "{reason:?} is not in {said}");
}

#[test]
pub fn transform_echo() {
    let (said, code) = tried("transform_echo", &json!({"channel": "#ops"}), &[]);
    assert_eq!((&said["outcome"], code), (&json!("send"), Some(0)), "{said}");
    assert_eq!(
        said["body"],
        r##"{"event":{"id":"evt_00000000000000000000000000000000","type":"flow.finished","timestamp":"2026-01-01T00:00:00.000Z","instanceId":"test","data":{"goal":"x","n":1}},"config":{"channel":"#ops"}}"##
    );
    assert_eq!((&said["contentType"], &said["repeats"]), (&json!("application/json"), &json!(true)));
    assert_eq!(said["headers"], json!([{"name": "x-echo", "value": "yes"}]));
    let used = |what: &str| said["cost"][what]["used"].as_u64().unwrap();
    let body = said["body"].as_str().unwrap().len() as u64;
    assert_eq!(used("outputBytes"), body + "x-echoyes".len() as u64);
    assert!(used("memoryBytes") >= 64 << 10 && used("wallUs") > 0 && used("cpuUs") > 0, "{said}");
    assert_eq!((used("hostCalls"), used("logBytes")), (0, 0));
    for digest in ["component", "bodyDigest"] {
        assert!(said[digest].as_str().unwrap().starts_with("sha256:"), "{said}");
    }
}

#[test]
pub fn transform_skips() {
    let (said, code) = tried("transform_skips", &json!({}), &[]);
    assert_eq!((&said["outcome"], code), (&json!("skip"), Some(0)), "{said}");
    let reason = said["reason"].as_str().unwrap();
    assert!(reason.starts_with("nobody asked\\nfor this\\u{1b}[31m!!") && reason.len() < 500, "{reason:?}");
}

#[test]
pub fn transform_fails() {
    fails("transform_fails", &json!({}), "guest-error", "no_luck: the guest's own words");
}

#[test]
pub fn transform_sets_headers() {
    let send = |config: Value| {
        let (said, code) = tried("transform_sets_headers", &config, &[]);
        assert_eq!((&said["outcome"], code), (&json!("send"), Some(0)), "{said}");
        said
    };
    let said = send(json!({"contentType": "text/plain", "headers": [["x-a", "1"], ["x-b", "s p a c e"]]}));
    assert_eq!(said["contentType"], "text/plain");
    assert_eq!(said["headers"][1], json!({"name": "x-b", "value": "s p a c e"}));
    for (headers, reason) in [
        (json!([["x-openclaw-signature", "s3cret"]]), "`x-openclaw-signature` is not for a transform to set"),
        (json!([["webhook-signature", "s3cret"]]), "`webhook-signature` is not"),
        (json!([["authorization", "s3cret"]]), "`authorization` is not"),
        (json!([["host", "s3cret.example"]]), "`host` is not"),
        (json!([["x-forwarded-host", "s3cret.example"]]), "`x-forwarded-host` is not"),
        (json!([[":path", "/s3cret"]]), "`:path` is not a header name"),
        (json!([["Host", "s3cret.example"]]), "`Host` is not a header name"),
        (json!([["content-length", "0"]]), "`content-length` is not"),
        (json!([["x-a", "s3cret\r\nhost: evil.example"]]), "`x-a` has a value"),
        (json!([["x-a\r\nhost", "s3cret"]]), "`x-a\\r\\nhost` is not a header name"),
        (json!([["x-a", "1"], ["x-a", "s3cret"]]), "`x-a` is there twice"),
        (json!([["x-a", "s3cret".repeat(2_000)]]), "8192 is the most"),
        (json!((0..33).map(|n| [format!("x-{n}"), String::new()]).collect::<Vec<_>>()), "wants 33 headers"),
    ] {
        let said = fails("transform_sets_headers", &json!({ "headers": headers }), "guest-error", reason);
        assert!(!said.to_string().contains("s3cret"), "a value is never told: {said}");
    }
    let smuggled = json!({"contentType": "text/plain\r\nx-openclaw-signature: s3cret"});
    let said = fails("transform_sets_headers", &smuggled, "guest-error", "its content type is none");
    assert!(!said.to_string().contains("s3cret"), "{said}");
}

#[test]
pub fn transform_returns_50_mib() {
    fails("transform_returns_50_mib", &json!({}), "output", "");
}

#[test]
pub fn transform_floods_logs() {
    fails("transform_floods_logs", &json!({}), "output", "");
}

#[test]
pub fn transform_spins() {
    let (said, code) = tried("transform_spins", &json!({}), &[]);
    let (failure, cost) = (said["failure"].as_str().unwrap(), &said["cost"]);
    let used_up = |what: &str| cost[what]["used"].as_u64() >= cost[what]["limit"].as_u64();
    // Which limit comes first is for the machine to say: how much of a processor it had left.
    assert!(
        code == Some(1) && (failure == "cpu" && used_up("cpuUs") || failure == "deadline" && used_up("wallUs")),
        "{said}"
    );
    assert!(cost["memoryBytes"]["used"].as_u64().unwrap() > 0, "what it used is known though it was stopped: {said}");
}

#[test]
pub fn transform_traps() {
    fails("transform_traps", &json!({}), "trap", "");
}

#[test]
pub fn transform_reads_the_clock() {
    refused("transform_reads_the_clock", &[], "to allow, write:  grants: [\"clock\"]");
    let (said, code) = tried("transform_reads_the_clock", &json!({}), &["--grant", "clock"]);
    assert_eq!((&said["outcome"], &said["repeats"], code), (&json!("send"), &json!(false), Some(0)), "{said}");
}

#[test]
pub fn transform_draws_lots() {
    let (first, _) = tried("transform_draws_lots", &json!({}), &[]);
    assert_eq!(first["repeats"], true, "{first}");
    let drawn: Value = serde_json::from_str(first["body"].as_str().unwrap()).unwrap();
    assert_ne!(drawn["drawn"][0], drawn["drawn"][1], "what is drawn differs within a run");
    let (other_process, _) = tried("transform_draws_lots", &json!({}), &[]);
    assert_eq!(first["bodyDigest"], other_process["bodyDigest"]);
}

#[test]
pub fn transform_reads_flows() {
    refused(
        "transform_reads_flows",
        &["--grant", "clock"],
        "imports sandclaw:plugin/flow-read@0.1.0 find-latest-flow, which an outbound transform never has",
    );
}

#[test]
fn a_route_action_is_refused_as_a_transform() {
    refused(
        "echoes",
        &[],
        "not an outbound transform: one exports sandclaw:plugin/transform@0.1.0, it is a route action",
    );
}

#[test]
fn people_see_what_would_be_sent_and_files_that_cannot_be_used_are_the_command_lines() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, bytes: &[u8]| std::fs::write(folder.path().join(file), bytes).unwrap();
    write("transform_echo.wasm", &guest("transform_echo"));
    write("event.json", br#"{"type":"flow.finished"}"#);
    let output = test(folder.path(), "transform_echo", &[]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    for part in [
        "send       application/json, ",
        "header     x-echo: yes",
        "\n    \"type\": \"flow.finished\",\n",
        "repeats    yes",
        "host calls  0",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    assert!(!said.contains('\u{1b}'), "plain text in a pipe: {said}");

    let usage = |more: &[&str], told: &str| {
        let output = test(folder.path(), "transform_echo", more);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {}", text(&output));
        assert!(text(&output).contains(told), "{told:?} is not in\n{}", text(&output));
    };
    usage(&["--grant", "flow/read"], "`clock` and `random`, nothing else");
    usage(&["--config", "absent.json"], "absent.json cannot be read");
    write("config.json", b"{");
    usage(&["--config", "config.json"], "config.json: not valid JSON");
    write("event.json", br#"{"kind":"flow.finished"}"#);
    usage(&[], "`kind` is none of them");
    std::fs::remove_file(folder.path().join("transform_echo.wasm")).unwrap();
    write("event.json", br#"{"type":"flow.finished"}"#);
    usage(&[], "transform_echo.wasm cannot be read");
}

#[test]
fn inspect_writes_the_transform_of_an_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let inspect = |name: &str, more: &[&str]| {
        let file = format!("{name}.wasm");
        std::fs::write(folder.path().join(&file), guest(name)).unwrap();
        let arguments = [&["plugins", "inspect", &file], more].concat();
        Command::new(PROGRAM).current_dir(folder.path()).args(arguments).output().unwrap()
    };
    let said = text(&inspect("transform_reads_the_clock", &["--emit-config"]));
    for part in [
        "in an entry of webhooks.endpoints",
        "transform: {",
        "transform_reads_the_clock.wasm",
        "sha256:",
        "grants: [\"clock\"]",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    let found: Value = serde_json::from_slice(&inspect("transform_echo", &["--json"]).stdout).unwrap();
    assert_eq!((&found["kind"], &found["needs"], &found["refused"]), (&json!("transform"), &json!([]), &Value::Null));
    let flows = inspect("transform_reads_flows", &[]);
    assert_eq!(flows.status.code(), Some(1));
    assert!(text(&flows).contains("which an outbound transform never has"), "{}", text(&flows));
}
