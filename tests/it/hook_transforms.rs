//! Hook transforms: what they are told, what they may answer and where they end. The real program tries each guest on a request.

use std::path::Path;
use std::process::{Command, Output};

use gateway_tests::{guest, plugin};
use serde_json::{Value, json};

use crate::PROGRAM;

/// What `transform test --json` says of a component, and its exit code.
fn tried_on(component: &[u8], request: &Value, config: &Value, more: &[&str]) -> (Value, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hook.wasm"), component).unwrap();
    std::fs::write(folder.path().join("request.json"), request.to_string()).unwrap();
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let output = test(folder.path(), &[&["--config", "config.json", "--json"], more].concat());
    let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {}", text(&output)));
    (said, output.status.code())
}

fn tried(name: &str, config: &Value, more: &[&str]) -> (Value, Option<i32>) {
    tried_on(&guest(name), &json!({"body": {"n": 1}}), config, more)
}

fn test(folder: &Path, more: &[&str]) -> Output {
    let arguments = [&["transform", "test", "--plugin", "hook.wasm", "--request", "request.json"], more].concat();
    Command::new(PROGRAM).current_dir(folder).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The members that the action is overridden with.
#[track_caller]
fn overridden((said, code): (Value, Option<i32>)) -> Value {
    assert_eq!((&said["outcome"], code), (&json!("override"), Some(0)), "{said}");
    serde_json::from_str(said["override"].as_str().unwrap()).unwrap()
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
pub fn hook_overrides() {
    let request = json!({
        "headers": {"X-GitHub-Event": "push", "content-type": "application/x-www-form-urlencoded"},
        "url": "/hooks/ci/main?try=1",
        "path": "ci/main",
        "body": {"n": 1.0, "deep": [{"a": null}]},
        "rawBody": "n=1",
    });
    let run = tried_on(&guest("hook_overrides"), &request, &json!({"channel": "#ops"}), &[]);
    let (used, component) = (run.0["cost"]["outputBytes"]["used"].as_u64(), run.0["component"].clone());
    let text = run.0["override"].as_str().unwrap_or_default().to_owned();
    let members = overridden(run);
    assert_eq!(
        (&members["kind"], &members["timeoutSeconds"], &members["to"]),
        (&json!("agent"), &json!(1), &Value::Null)
    );
    let told: Value = serde_json::from_str(members["message"].as_str().unwrap()).unwrap();
    assert_eq!(
        told,
        json!({
            "payload": {"n": 1, "deep": [{"a": null}]},
            "headers": [["x-github-event", "push"], ["content-type", "application/x-www-form-urlencoded"]],
            "url": "/hooks/ci/main?try=1",
            "path": "ci/main",
            "rawBody": "n=1",
            "config": {"channel": "#ops"},
        })
    );
    assert!(
        used >= Some(text.len() as u64) && component.as_str().unwrap().starts_with("sha256:"),
        "{used:?} {component}"
    );
}

#[test]
pub fn hook_skips() {
    let (said, code) = tried("hook_skips", &json!({}), &[]);
    assert_eq!((&said["outcome"], &said["override"], code), (&json!("skip"), &Value::Null, Some(0)), "{said}");
}

#[test]
pub fn hook_changes_nothing() {
    let (said, code) = tried("hook_changes_nothing", &json!({}), &[]);
    assert_eq!((&said["outcome"], code), (&json!("unchanged"), Some(0)), "{said}");
    assert_eq!(said["cost"]["hostCalls"]["used"], 1, "its line in the log: {said}");
}

#[test]
pub fn hook_fails() {
    fails("hook_fails", &json!({}), "guest-error", "no_luck: the guest's\\nown words");
}

#[test]
pub fn hook_returns_no_object() {
    for (text, reason) in [
        ("[1]", "no JSON object but of the type array"),
        ("\"message\"", "of the type string"),
        ("null", "of the type null"),
        ("{\"message\":", "not JSON"),
        ("{\"message\":5}", "`message` is not a string"),
        ("", "not JSON"),
    ] {
        fails("hook_returns_no_object", &json!(text), "guest-error", reason);
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(2_000), "]".repeat(2_000));
    fails("hook_returns_no_object", &json!(deep), "guest-error", "not JSON");
    fails("hook_returns_no_object", &json!(format!("{{\"a\":\"{}\"}}", "x".repeat(9 << 20))), "output", "");
    assert_eq!(overridden(tried("hook_returns_no_object", &json!(" {\"a\": 1, \"a\": 2} "), &[])), json!({"a": 2}));
}

#[test]
pub fn hook_spins() {
    let (said, code) = tried("hook_spins", &json!({}), &[]);
    let (failure, cost) = (said["failure"].as_str().unwrap(), &said["cost"]);
    let used_up = |what: &str| cost[what]["used"].as_u64() >= cost[what]["limit"].as_u64();
    // Which limit comes first is for the machine to say: how much of a processor it had left.
    assert!(
        code == Some(1) && (failure == "cpu" && used_up("cpuUs") || failure == "deadline" && used_up("wallUs")),
        "{said}"
    );
}

#[test]
pub fn hook_tells_all() {
    refused("hook_tells_all", &[], "to allow, write:  grants: [\"clock\"]");
    let headers = json!({
        "Authorization": "Bearer s3cret",
        "proxy-authorization": "Basic s3cret",
        "Cookie": "sid=s3cret",
        "X-OpenClaw-Token": "s3cret",
        "x-openclaw-webhook-secret": "s3cret",
        "X-Gitlab-Token": "s3cret",
        "X-Event": "push",
    });
    let told = overridden(tried_on(
        &guest("hook_tells_all"),
        &json!({ "headers": headers }),
        &Value::Null,
        &["--grant", "clock"],
    ));
    assert_eq!(
        told,
        json!({"headers": ["x-event=push"], "environment": [], "arguments": [], "files": [], "knowsTheTime": true})
    );
}

#[test]
pub fn hook_reads_flows() {
    refused(
        "hook_reads_flows",
        &["--grant", "clock"],
        "imports sandclaw:plugin/flow-read@0.1.0 find-latest-flow, which a hook transform never has",
    );
}

#[test]
fn a_component_of_another_kind_is_refused_and_how_to_try_it_is_told() {
    refused("echoes", &[], "not a hook transform: one exports sandclaw:hooks/transform@0.1.0, it is a route action");
    refused(
        "transform_echo",
        &[],
        "it is an outbound transform, which belongs into the `transform` of an endpoint; try it with `--event`",
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hook.wasm"), guest("hook_skips")).unwrap();
    std::fs::write(folder.path().join("event.json"), r#"{"type":"x"}"#).unwrap();
    let arguments = ["transform", "test", "--plugin", "hook.wasm", "--event", "event.json"];
    let output = Command::new(PROGRAM).current_dir(folder.path()).args(arguments).output().unwrap();
    let told = "it is a hook transform, which belongs into the `transform` of a hook mapping; try it with `--request`";
    assert!(output.status.code() == Some(1) && text(&output).contains(told), "{}", text(&output));
}

#[test]
fn what_github_posts_becomes_a_message() {
    let request = |event: &str| {
        json!({
            "headers": {"x-github-event": event},
            "body": {"action": "closed", "issue": {"number": 5, "title": "It squeaks", "body": null},
                "repository": {"full_name": "octo/house"}, "sender": {"login": "ada"}},
        })
    };
    let told = overridden(tried_on(&plugin("github_hook"), &request("issues"), &Value::Null, &[]));
    assert_eq!(told, json!({"message": "Issue #5 closed in octo/house by ada.\nTitle: It squeaks"}));
    let (said, _) = tried_on(&plugin("github_hook"), &request("ping"), &Value::Null, &[]);
    assert_eq!(said["outcome"], "skip");
    let (said, _) = tried_on(&plugin("github_hook"), &request("star"), &Value::Null, &[]);
    assert_eq!(said["outcome"], "unchanged");
}

#[test]
fn people_see_what_is_decided_and_files_that_cannot_be_used_are_the_command_lines() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, bytes: &[u8]| std::fs::write(folder.path().join(file), bytes).unwrap();
    write("hook.wasm", &guest("hook_overrides"));
    write("request.json", b"{}");
    let output = test(folder.path(), &[]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    for part in
        ["override   of the mapping's action", "\n  \"kind\": \"agent\",\n", "component  sha256:", "host calls  0"]
    {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }

    let usage = |more: &[&str], told: &str| {
        let output = test(folder.path(), more);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {}", text(&output));
        assert!(text(&output).contains(told), "{told:?} is not in\n{}", text(&output));
    };
    usage(&["--grant", "flow/read"], "`clock` and `random`, nothing else");
    usage(&["--event", "event.json"], "cannot be used with");
    write("request.json", br#"{"payload":{}}"#);
    usage(
        &[],
        "request.json: a request has the members headers, url, path, body and rawBody; `payload` is none of them",
    );
    std::fs::remove_file(folder.path().join("request.json")).unwrap();
    usage(&[], "request.json cannot be read");
}

#[test]
fn inspect_writes_the_transform_of_a_mapping() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("github_hook.wasm"), plugin("github_hook")).unwrap();
    let inspect = |more: &[&str]| {
        let arguments = [&["plugins", "inspect", "github_hook.wasm"], more].concat();
        Command::new(PROGRAM).current_dir(folder.path()).args(arguments).output().unwrap()
    };
    let said = text(&inspect(&["--emit-config"]));
    for part in ["in an entry of hooks.mappings", "transform: {", "github_hook.wasm", "sha256:", "grants: []"] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    let found: Value = serde_json::from_slice(&inspect(&["--json"]).stdout).unwrap();
    assert_eq!((&found["kind"], &found["needs"]), (&json!("hook-transform"), &json!([])));
    assert_eq!((&found["refused"], &found["mapping"]), (&Value::Null, &Value::Null));
}
