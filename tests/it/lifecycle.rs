//! Start, drain, cut, restart; two processes on one state folder.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use gateway_tests::{Gateway, PATIENCE, Process};
use rustix::process::Signal;
use serde_json::json;

use crate::PROGRAM;

const CREATE: &str = r#"{"action":"create_flow","goal":"finish what is in hand"}"#;

/// A request whose body is held back, on a connection of its own.
fn half_a_request(gateway: &Process) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /plugins/webhooks/a HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer secret-a\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        CREATE.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The interim answer proves that the request passed the guards and its body is being waited for.
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100 Continue"));
    stream
}

fn refused(gateway: &Process) -> bool {
    TcpStream::connect(gateway.address).is_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_signal_finishes_what_is_in_hand() {
    let (config, _folder) = Gateway::builder().route("a", "agent:a:main", "").write();
    let gateway = Process::serve(PROGRAM, &config);
    let mut held = half_a_request(&gateway);
    gateway.signal(Signal::TERM);
    gateway_tests::eventually("no new connections are taken", || async { refused(&gateway) }).await;
    held.write_all(CREATE.as_bytes()).unwrap();
    let mut answer = String::new();
    held.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("HTTP/1.1 200 OK") && answer.contains("finish what is in hand"), "{answer}");
    assert_eq!(gateway.wait(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_signal_stops_at_once() {
    let (config, _folder) = Gateway::builder().route("a", "agent:a:main", "").write();
    let gateway = Process::serve(PROGRAM, &config);
    let mut held = half_a_request(&gateway);
    gateway.signal(Signal::INT);
    gateway_tests::eventually("no new connections are taken", || async { refused(&gateway) }).await;
    gateway.signal(Signal::INT);
    let mut answer = String::new();
    let _ = held.read_to_string(&mut answer);
    assert_eq!(answer, "", "the held request is cut");
    assert_eq!(gateway.wait(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_one_state_folder_is_refused_clearly() {
    let (config, _folder) = Gateway::builder().route("a", "agent:a:main", "").write();
    let first = Process::serve(PROGRAM, &config);
    let second = Command::new(PROGRAM).arg("serve").arg("--config").arg(&config).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("state") && said.contains(&first.id().to_string()), "{said}");
    assert_eq!(first.client.route("a", CREATE).send().await.status, 200, "the first one goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_every_flow_and_task_as_it_was() {
    let gateway = Gateway::builder().route("a", "agent:a:main", "").start().await;
    let odd = r#"{"action":"create_flow","goal":"\ud800 \u0000 é","stateJson":{"a":[1e21,-0.5],"2":1}}"#;
    let created = gateway.client.route("a", odd).send().await.text;
    // Not read as JSON: the lone surrogate, which must survive, is more than a Rust string can hold.
    let id = created.split(r#""flowId":""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    gateway
        .client
        .route(
            "a",
            json!({"action": "run_task", "flowId": id, "runtime": "acp", "task": "t", "label": "l"}).to_string(),
        )
        .send()
        .await;
    let look = [
        r#"{"action":"list_flows"}"#.to_owned(),
        json!({"action": "get_task_summary", "flowId": id}).to_string(),
        json!({"action": "cancel_flow", "flowId": id}).to_string(),
    ];
    let before = gateway.client.route("a", look[0].clone()).send().await.text;
    assert!(
        before.contains(r#""goal":"\ud800 \u0000 é""#) && before.contains(r#"{"2":1,"a":[1e+21,-0.5]}"#),
        "{before}"
    );
    let gateway = gateway.restart().await;
    assert_eq!(gateway.client.route("a", look[0].clone()).send().await.text, before);
    assert_eq!(gateway.client.route("a", look[1].clone()).send().await.result()["summary"]["total"], 1);
    assert_eq!(gateway.client.route("a", look[2].clone()).send().await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_readiness_are_told_without_a_credential() {
    let gateway = Gateway::builder().start().await;
    assert_eq!(gateway.client.get("/healthz").await.text, "ok");
    assert_eq!(gateway.client.get("/readyz").await.text, "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_stops_nothing() {
    let (config, _folder) = Gateway::builder().route("a", "agent:a:main", "").guest("fails", "").write();
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "exec \"$0\" serve --config \"$1\" 2>/dev/full", PROGRAM]).arg(&config);
    let process = Process::spawn(&mut command, &config);
    // A run that fails is a line in the log.
    assert_eq!(process.client.route("fails", "{}").send().await.status, 500);
    assert_eq!(process.client.route("a", CREATE).send().await.status, 200);
    process.kill();
}
