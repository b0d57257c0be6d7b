//! `sandclaw webhooks …` beside a gateway that delivers: what an operator does, and what receivers see of it.

use std::path::Path;
use std::process::{Command, Output};

use gateway_tests::{Gateway, GatewayBuilder, Process, Receiver, emit, eventually};
use serde_json::{Value, json};

use crate::PROGRAM;

/// Runs a command to its end, off the runtime that the receiver answers on.
async fn webhooks(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).arg("webhooks").args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[track_caller]
fn says(output: &Output, code: i32, part: &str) {
    assert_eq!(output.status.code(), Some(code), "{}", out(output));
    assert!(out(output).contains(part), "{part:?} is not in\n{}", out(output));
}

#[track_caller]
fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("not JSON: {}", out(output)))
}

/// An endpoint `crm` there, which wants messages and is tried once.
fn builder(receiver: &Receiver) -> GatewayBuilder {
    let members = format!("{}, events: ['message.*'], retry: {{ maxAttempts: 1 }}", receiver.members("/"));
    Gateway::builder().ingest().endpoint("crm", &members)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_message_tells_how_it_went() {
    let receiver = Receiver::statuses(&[200, 500]).await;
    let (config, folder) = builder(&receiver).write();
    let _gateway = Process::serve(PROGRAM, &config);
    let send = || webhooks(folder.path(), &["send-test", "--endpoint", "crm"]);
    says(&send().await, 0, "the receiver answered 200 in ");
    let first = &receiver.wait_for(1).await[0];
    assert_eq!((&first.json()["type"], &first.json()["data"]["endpoint"]), (&json!("webhook.test"), &json!("crm")));
    says(&send().await, 1, "dead  dlv_");
    let unknown = webhooks(folder.path(), &["send-test", "--endpoint", "nobody"]).await;
    says(&unknown, 1, "there is no endpoint nobody in the config; it has crm");
    says(&webhooks(folder.path(), &["disable", "crm"]).await, 0, "disabled  crm");
    says(&send().await, 1, "the endpoint crm is disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_tried_again_by_hand_and_recovered() {
    let receiver = Receiver::statuses(&[500, 500, 200]).await;
    let (config, folder) = builder(&receiver).write();
    let gateway = Process::serve(PROGRAM, &config);
    let listed = async |status: &str| -> Vec<Value> {
        let list = webhooks(folder.path(), &["list", "--json", "--status", status]).await;
        json_of(&list)["deliveries"].as_array().unwrap().clone()
    };
    for n in 0..2 {
        emit(&gateway.client, "message.sent", json!({ "n": n })).await;
    }
    eventually("both are given up", || async { listed("dead").await.len() == 2 }).await;
    let id = listed("failed").await[0]["id"].as_str().unwrap().to_owned();
    says(&webhooks(folder.path(), &["retry", &id]).await, 0, "is tried now");
    eventually("one arrives", || async { listed("delivered").await.len() == 1 }).await;

    let recover = async |more: &[&str]| {
        json_of(
            &webhooks(folder.path(), &[&["recover", "--endpoint", "crm", "--since", "1h", "--json"], more].concat())
                .await,
        )
    };
    let forecast = recover(&["--dry-run"]).await;
    assert_eq!((&forecast["wouldRevive"], &forecast["wouldCreate"]), (&json!(1), &json!(0)));
    let done = recover(&[]).await;
    assert_eq!((&done["isDone"], &done["revived"]), (&json!(true), &json!(1)), "waited for");
    eventually("the other one arrives", || async { listed("delivered").await.len() == 2 }).await;
    let shown = json_of(&webhooks(folder.path(), &["endpoints", "--json"]).await);
    assert_eq!(
        (&shown["endpoints"][0]["status"], &shown["endpoints"][0]["counts"]["delivered"]),
        (&json!("active"), &json!(2))
    );
}
