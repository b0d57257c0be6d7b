//! The command line, as people and scripts use it.

use std::path::Path;
use std::process::{Command, Output};

use gateway_tests::{Client, Gateway, Process, guest};
use serde_json::{Value, json};

use crate::PROGRAM;

fn sandclaw(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM).current_dir(folder).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("not JSON: {}", out(output)))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_init_writes_is_served_and_its_curl_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let init = sandclaw(folder.path(), &["init"]);
    assert!(init.status.success(), "{}", out(&init));
    let config = folder.path().join("sandclaw.json5");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&config).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "the secret is for its owner alone");

    let said = out(&init);
    let secret =
        said.split("Bearer ").nth(1).and_then(|rest| rest.split('\'').next()).expect("the curl line shows the secret");
    assert_eq!(secret.len(), 64);
    let mut serve = Command::new(PROGRAM);
    serve.current_dir(folder.path()).args(["serve", "--listen", "127.0.0.1:0"]);
    let gateway = Process::spawn(&mut serve, &config);
    let created = gateway
        .client
        .post("/plugins/webhooks/hello", r#"{"action":"create_flow","goal":"Review inbound queue"}"#)
        .secret(secret)
        .send()
        .await;
    assert_eq!(created.status, 200, "{}", created.text);
    assert_eq!(created.result()["flow"]["goal"], "Review inbound queue");

    let again = sandclaw(folder.path(), &["init"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(out(&again).contains("already there"), "an existing config is never overwritten");
}

#[test]
fn check_says_everything_that_is_wrong_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = r#"{
  gateway: { listen: "nowhere" },
  plugins: { entries: { webhooks: { enabled: true, config: { routes: {
    a: { sessionKey: " ", secert: "s" },
    b: { sessionKey: "x", secret: "s", path: "/x", plugin: "p.wasm", grants: ["flow/delete"] },
    c: { sessionKey: "x", secret: "s", path: "/x/" },
  } } } } },
}"#;
    std::fs::write(folder.path().join("sandclaw.json5"), config).unwrap();
    let check = sandclaw(folder.path(), &["check", "--json"]);
    assert_eq!(check.status.code(), Some(1));
    let problems = json_of(&check)["problems"].to_string();
    for part in [
        "sandclaw.json5:2: gateway.listen",
        "sandclaw.json5:4: plugins.entries.webhooks.config.routes.a.sessionKey",
        "secert",
        "routes.a.secret",
        "flow/delete",
        "/x",
    ] {
        assert!(problems.contains(part), "{part:?} is not in {problems}");
    }
    let serve = sandclaw(folder.path(), &["serve"]);
    assert_eq!(serve.status.code(), Some(1), "and serve refuses the same, before it opens anything");
    assert!(!folder.path().join("state").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_plugins_list_show_need_grants_and_leftovers() {
    let builder = Gateway::builder()
        .guest("asks_for_ungranted", r#"grants: ["flow/read"]"#)
        .guest("echoes", r#"grants: ["clock"]"#)
        .file("stranger.wasm", &guest("says_one"))
        .route("built-in", "agent:main:main", "");
    let (config, _folder) = builder.write();
    let folder = config.parent().unwrap();

    let check = sandclaw(folder, &["check"]);
    assert_eq!(check.status.code(), Some(1));
    for part in [
        "needs flow/cancel/cancel-flow",
        "to allow, write:  grants: [",
        "grants that echoes.wasm does not use: clock",
        "stranger.wasm: in quarantine",
        "1 problems",
    ] {
        assert!(out(&check).contains(part), "{part:?} is not in\n{}", out(&check));
    }

    let list = json_of(&sandclaw(folder, &["plugins", "list", "--json"]));
    let of = |file: &str| {
        list.as_array()
            .unwrap()
            .iter()
            .find(|found| found["file"] == file)
            .unwrap_or_else(|| panic!("{file} is not in {list}"))
            .clone()
    };
    assert_eq!(of("asks_for_ungranted.wasm")["state"], "refused");
    assert_eq!(of("asks_for_ungranted.wasm")["needs"], json!(["flow/cancel/cancel-flow", "clock"]));
    assert_eq!(of("echoes.wasm")["unused"], json!(["clock"]));
    assert_eq!((&of("stranger.wasm")["state"], &of("stranger.wasm")["route"]), (&json!("quarantine"), &Value::Null));
    assert_eq!(of("built-in taskflow-actions")["state"], "ready");
    assert_eq!(
        of("built-in taskflow-actions")["needs"],
        json!(["flow/read", "flow/create", "flow/change", "flow/cancel", "task/run"])
    );
    assert!(!folder.join("state").exists(), "looking makes nothing");

    let text = out(&sandclaw(folder, &["plugins", "list"]));
    assert!(text.starts_with("Used by ") && !text.contains('\u{1b}'), "plain text in a pipe: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plugins_list_asks_the_running_gateway_for_what_only_it_knows() {
    let builder = Gateway::builder().guest("recurses_deep", "").file("swapped.wasm", &guest("says_one"));
    let builder = builder.route("swapped", "agent:a:main", r#"plugin: "swapped.wasm""#);
    let (config, folder) = builder.write();
    let gateway = Process::serve(PROGRAM, &config);
    let socket = std::fs::metadata(folder.path().join("state/admin.sock")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&socket.permissions()) & 0o777, 0o600, "for its owner alone");
    let state = |route: &str| {
        let list = json_of(&sandclaw(folder.path(), &["plugins", "list", "--json"]));
        list.as_array().unwrap().iter().find(|found| found["route"] == route).unwrap()["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!((state("swapped"), state("recurses_deep")), ("active".to_owned(), "active".to_owned()));

    let serving = guest("says_one");
    std::fs::write(folder.path().join("plugins/swapped.wasm"), &serving[..serving.len() / 2]).unwrap();
    gateway_tests::eventually("the half file is refused", || async { state("swapped") == "last-good" }).await;
    assert_eq!(gateway.client.route("swapped", "{}").send().await.result(), 1);

    for _ in 0..5 {
        gateway.client.route("recurses_deep", "{}").send().await;
    }
    assert_eq!(state("recurses_deep"), "poisoned");
}

#[test]
fn inspect_writes_a_route_entry_that_makes_the_component_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("asks_for_ungranted.wasm");
    std::fs::write(&file, guest("asks_for_ungranted")).unwrap();
    let inspect = sandclaw(folder.path(), &["plugins", "inspect", "asks_for_ungranted.wasm", "--emit-config"]);
    assert!(inspect.status.success(), "{}", out(&inspect));
    let entry = out(&inspect);
    std::fs::create_dir(folder.path().join("plugins")).unwrap();
    std::fs::copy(&file, folder.path().join("plugins/asks_for_ungranted.wasm")).unwrap();
    let config = format!(
        "{{ plugins: {{ entries: {{ webhooks: {{ enabled: true, config: {{ routes: {{\n{entry}\n}} }} }} }} }} }}"
    );
    std::fs::write(folder.path().join("sandclaw.json5"), config).unwrap();
    let check = sandclaw(folder.path(), &["check"]);
    assert!(check.status.success(), "{}", out(&check));

    std::fs::write(folder.path().join("junk.wasm"), "junk").unwrap();
    assert_eq!(sandclaw(folder.path(), &["plugins", "inspect", "junk.wasm"]).status.code(), Some(1));
}

async fn create(client: &Client, goal: &str) -> String {
    let created = client.route("a", json!({"action": "create_flow", "goal": goal}).to_string()).send().await;
    created.result()["flow"]["flowId"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_are_listed_shown_and_cancelled_beside_a_running_gateway_and_without_one() {
    let (config, folder) = Gateway::builder().route("a", "agent:a:main", "").write();
    let gateway = Process::serve(PROGRAM, &config);
    let first = create(&gateway.client, "first\u{7}").await;
    let second = create(&gateway.client, "second").await;
    let flow = |arguments: &[&str]| sandclaw(folder.path(), &[&["tasks", "flow"], arguments].concat());

    let list = json_of(&flow(&["list", "--json"]));
    assert_eq!((&list["count"], &list["status"]), (&json!(2), &Value::Null));
    assert_eq!(list["flows"].as_array().unwrap().len(), 2);
    let record =
        &list["flows"].as_array().unwrap().iter().find(|flow| flow["flowId"] == first.as_str()).unwrap().clone();
    assert_eq!(
        (&record["ownerKey"], &record["tasks"], &record["taskSummary"]["total"]),
        (&json!("agent:a:main"), &json!([]), &json!(0))
    );
    let text = out(&flow(&["list"]));
    assert!(text.contains("TaskFlow pressure: 2 active · 0 blocked · 0 cancel-requested · 2 total"), "{text}");
    assert!(text.contains("first\\u{7}"), "control characters do not reach the terminal: {text:?}");

    let cancelled = flow(&["cancel", &first]);
    assert!(
        cancelled.status.success() && out(&cancelled).contains(&format!("Cancelled {first} with status cancelled.")),
        "{}",
        out(&cancelled)
    );
    let seen =
        gateway.client.route("a", json!({"action": "get_flow", "flowId": first}).to_string()).send().await.result();
    assert_eq!(seen["flow"]["status"], "cancelled", "the gateway sees it at once");
    assert_eq!(flow(&["cancel", &first]).status.code(), Some(1), "a second time there is nothing to cancel");

    gateway.kill();
    assert_eq!(
        json_of(&flow(&["show", "agent:a:main", "--json"]))["flowId"],
        second.as_str(),
        "a session key finds its latest flow"
    );
    assert_eq!(json_of(&flow(&["list", "--status", "cancelled", "--json"]))["count"], 1);
    let missing = flow(&["show", "nothing"]);
    assert_eq!((missing.status.code(), out(&missing).as_str()), (Some(1), "TaskFlow not found: nothing\n"));
    assert_eq!(flow(&["list", "--status", "asleep"]).status.code(), Some(1));
}
