//! P1: acknowledged means durable. The real program is killed under load, again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gateway_tests::{Client, Gateway, Process};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::PROGRAM;

/// How often it is killed. `CRASH_ROUNDS=100 cargo test -p gateway-tests crash` for the long mode.
fn rounds() -> u32 {
    std::env::var("CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10)
}

/// What the gateway said it had done: flow ids with their last acknowledged revision and status.
type Acknowledged = Arc<Mutex<Vec<(String, u64, String)>>>;

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_change_is_there_after_a_kill() {
    let limits = "limits: { rateRequests: 1000000, inFlight: 64 }";
    let (config, _folder) = Gateway::builder().route("load", "agent:load:main", limits).write();
    let acknowledged = Acknowledged::default();
    for round in 0..rounds() {
        let gateway = Process::serve(PROGRAM, &config);
        check(&gateway.client, &acknowledged).await;
        let done = Arc::new(AtomicBool::new(false));
        let senders: Vec<_> = (0..16)
            .map(|_| tokio::spawn(send_until_killed(gateway.client.clone(), acknowledged.clone(), done.clone())))
            .collect();
        // At a different moment each round: after so many acknowledgements, and somewhere inside the next batch.
        let enough = acknowledged.lock().await.len() + 20 + (round as usize * 37) % 200;
        gateway_tests::eventually("enough is acknowledged", || async { acknowledged.lock().await.len() >= enough })
            .await;
        tokio::time::sleep(Duration::from_micros(u64::from(round) * 313 % 4_000)).await;
        gateway.kill();
        done.store(true, Ordering::Relaxed);
        for sender in senders {
            sender.await.unwrap();
        }
    }
    let gateway = Process::serve(PROGRAM, &config);
    check(&gateway.client, &acknowledged).await;
}

/// Makes flows and moves them along, noting each answer, until the connection breaks.
async fn send_until_killed(client: Client, acknowledged: Acknowledged, done: Arc<AtomicBool>) {
    while !done.load(Ordering::Relaxed) {
        let create = json!({"action": "create_flow", "goal": "survive", "stateJson": {"n": 1}}).to_string();
        let Ok(created) = client.route("load", create).try_send().await else { return };
        let id = note(&acknowledged, &created.result()["flow"]).await;
        let finish =
            json!({"action": "finish_flow", "flowId": id, "expectedRevision": 0, "stateJson": {"n": 2}}).to_string();
        let Ok(finished) = client.route("load", finish).try_send().await else { return };
        note(&acknowledged, &finished.result()["flow"]).await;
    }
}

async fn note(acknowledged: &Acknowledged, flow: &Value) -> String {
    let id = flow["flowId"].as_str().expect("an acknowledged flow").to_owned();
    let known = (id.clone(), flow["revision"].as_u64().unwrap(), flow["status"].as_str().unwrap().to_owned());
    acknowledged.lock().await.push(known);
    id
}

/// Every acknowledged flow is there, at the acknowledged revision or a later one.
async fn check(client: &Client, acknowledged: &Acknowledged) {
    let acknowledged = acknowledged.lock().await;
    if acknowledged.is_empty() {
        return;
    }
    let flows = client.route("load", r#"{"action":"list_flows"}"#).send().await;
    assert_eq!(flows.status, 200, "{}", flows.text);
    let flows = flows.result();
    let stored: std::collections::HashMap<&str, &Value> =
        flows["flows"].as_array().unwrap().iter().map(|flow| (flow["flowId"].as_str().unwrap(), flow)).collect();
    for (id, revision, status) in acknowledged.iter() {
        let flow = stored.get(id.as_str()).unwrap_or_else(|| panic!("flow {id} was acknowledged and is lost"));
        let found = flow["revision"].as_u64().unwrap();
        assert!(found >= *revision, "flow {id} went back from revision {revision} to {found}");
        assert!(found > *revision || flow["status"] == status.as_str(), "{flow}");
        assert_eq!(flow["stateJson"]["n"], found + 1, "a flow is never between two revisions: {flow}");
    }
}
