//! The end of a run, reported to the URL that was given with it: signed, tried again, not lost with the process, and nowhere but where the
//! operator allows.

use std::path::Path;

use gateway_tests::{Answer, Client, Gateway, GatewayBuilder, Process, Received, Receiver, Verdict, deliveries_once};
use hmac::{Hmac, Mac};
use sandclaw::model::{DeliveryState, RunId};
use sandclaw::store::{RunQuery, Store};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::watch;

use crate::PROGRAM;

const TOKEN: &str = "a-token-that-is-long-enough";
const SECRET: &str = "what-callbacks-are-signed-with";
/// Ends when it may, or is ended.
const WAITS: &str = "while [ ! -e go ]; do sleep 0.01; done; echo done";

/// A gateway whose agent is this program, and whose runs may be reported to these receivers, below `/hooks/`.
fn builder(script: &str, receivers: &[&Receiver], agent: &str, callbacks: &str) -> GatewayBuilder {
    let urls: Vec<String> = receivers.iter().map(|receiver| receiver.url("/hooks/")).collect();
    let nets: Vec<String> =
        receivers.iter().map(|receiver| format!("127.0.0.1/32:{}", receiver.address().port())).collect();
    Gateway::builder().top(&format!(
        "hooks: {{ enabled: true, token: '{TOKEN}', mappings: [
             {{ match: {{ path: 'mapped' }}, messageTemplate: '{{{{text}}}}', callbackUrl: '{{{{reply_to}}}}' }},
         ] }},
         agents: {{
             main: {{ runner: 'command', command: ['sh', '-c', {}], {agent} }},
             callbacks: {{ secret: '{SECRET}', allowUrls: {}, allowPrivate: {}, {callbacks} }},
         }},",
        json!(script),
        json!(urls),
        json!(nets),
    ))
}

async fn ask(client: &Client, url: &str) -> Answer {
    post(client, "/hooks/agent", json!({ "message": "hello", "callbackUrl": url })).await
}

async fn post(client: &Client, path: &str, body: Value) -> Answer {
    client.post(path, body.to_string()).secret(TOKEN).send().await
}

/// The id of a run that is to be reported there.
async fn run(client: &Client, url: &str) -> String {
    let answer = ask(client, url).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["runId"].as_str().unwrap().to_owned()
}

fn name(receiver: &Receiver) -> String {
    format!("agents.callbacks.127.0.0.1-{}-http", receiver.address().port())
}

/// The event, if the signature is good.
fn believed(received: &Received) -> Value {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(received.header("x-openclaw-timestamp").as_bytes());
    mac.update(b".");
    mac.update(&received.body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(received.header("x-openclaw-signature"), format!("sha256={hex}"));
    let event = received.json();
    assert_eq!(event["type"], "run.finished");
    event["data"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_reported_to_its_url_signed_and_to_no_other_and_others_do_not_learn_it() {
    let (receiver, audit) = (Receiver::start().await, Receiver::start().await);
    let events = "events: ['run.*']";
    let gateway = builder("cat > /dev/null; echo all done", &[&receiver], "", "")
        .endpoint("audit", &format!("{}, {events}", audit.members("/e")))
        .start()
        .await;
    let url = receiver.url("/hooks/ci?job=7&token=of-the-job");
    let id = run(&gateway.client, &url).await;
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.target, "/hooks/ci?job=7&token=of-the-job");
    assert!(received.header("x-openclaw-delivery").starts_with("dlv_"));
    let data = believed(&received);
    assert!(data["endedAt"].as_i64() >= data["startedAt"].as_i64() && data["startedAt"].is_i64(), "{data}");
    for (member, expected) in [
        ("runId", json!(id)),
        ("agentId", json!("main")),
        ("status", json!("succeeded")),
        ("reply", json!("all done")),
        ("error", Value::Null),
    ] {
        assert_eq!(data[member], expected, "{data}");
    }

    let without = post(&gateway.client, "/hooks/agent", json!({ "message": "hello" })).await;
    let without = without.json()["runId"].clone();
    let told = audit.wait_for(2).await;
    assert_eq!(told.iter().filter(|told| told.json()["data"]["runId"] == id.as_str()).count(), 1);
    assert_eq!(told.iter().filter(|told| told.json()["data"]["runId"] == without).count(), 1);
    assert!(told.iter().all(|told| !String::from_utf8_lossy(&told.body).contains("of-the-job")));
    gateway.deliveries_once("audit", |rows| rows.iter().all(|row| row.state == DeliveryState::Delivered)).await;
    assert_eq!(receiver.count(), 1, "a run without a URL is reported to none");

    let endpoints = gateway.operator(PROGRAM, &["webhooks", "endpoints"]);
    let line = endpoints["endpoints"].as_array().unwrap().iter().find(|line| line["name"] == name(&receiver)).unwrap();
    assert_eq!((&line["url"], &line["counts"]["delivered"]), (&json!(receiver.url("/…")), &json!(1)));
    let (row, _) = gateway.delivery_once(&name(&receiver), &[DeliveryState::Delivered]).await;
    let shown = gateway.operator(PROGRAM, &["webhooks", "show", row.id.as_str()]).to_string();
    assert!(shown.contains("run.finished") && !shown.contains("of-the-job") && !shown.contains(SECRET), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_is_asked_again_with_the_same_id_until_it_is_given_up() {
    let receiver = Receiver::statuses(&[500, 200, 410, 200]).await;
    let gateway = builder("echo done", &[&receiver], "", "retry: { maxAttempts: 2, backoffMs: 10 }").start().await;
    run(&gateway.client, &receiver.url("/hooks/a")).await;
    let rows = gateway
        .deliveries_once(&name(&receiver), |rows| rows.iter().any(|row| row.attempts == 1 && row.due_at.is_some()))
        .await;
    gateway.clock.advance(1_000);
    let received = receiver.wait_for(2).await;
    received.iter().for_each(|received| drop(believed(received)));
    assert!(received.iter().all(|received| received.header("x-openclaw-delivery") == rows[0].id.as_str()));

    // That one URL is gone is the end of one delivery, and not of those to the host's other URLs.
    run(&gateway.client, &receiver.url("/hooks/gone")).await;
    let dead = |state| move |row: &sandclaw::store::DeliveryRow| row.state == state;
    gateway.deliveries_once(&name(&receiver), |rows| rows.iter().any(dead(DeliveryState::Dead))).await;
    run(&gateway.client, &receiver.url("/hooks/b")).await;
    assert_eq!(receiver.wait_for(4).await[3].target, "/hooks/b");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_is_not_allowed_is_refused_and_nothing_runs() {
    let receiver = Receiver::start().await;
    let gateway = builder("echo done", &[&receiver], "", "").start().await;
    let (client, port) = (&gateway.client, receiver.address().port());
    let refused = json!({ "ok": false, "error": "callbackUrl is not allowed here" });
    for url in [
        format!("https://127.0.0.1:{port}/hooks/a"),
        format!("http://127.0.0.1.evil:{port}/hooks/a"),
        format!("http://127.0.0.2:{port}/hooks/a"),
        "http://127.0.0.1/hooks/a".to_owned(),
        format!("http://127.0.0.1:{}/hooks/a", port - 1),
        receiver.url("/hooksX"),
        receiver.url("/hooks/../x"),
        receiver.url("/hooks/%2e%2e/x"),
        receiver.url("/hooks/..%2fx"),
        receiver.url("/hooks/a#b"),
        format!("http://user@127.0.0.1:{port}/hooks/a"),
        format!("http://127.0.0.1:{port}@evil.example/hooks/a"),
        receiver.url(&format!("/hooks/{}", "x".repeat(2_048))),
        String::new(),
    ] {
        let answer = ask(client, &url).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (400, refused.clone()), "{url}");
        if !url.is_empty() {
            let answer = post(client, "/hooks/mapped", json!({ "text": "x", "reply_to": url })).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (400, refused.clone()), "{url}");
        }
    }
    for value in [json!(null), json!(7), json!([receiver.url("/hooks/a")])] {
        let answer = post(client, "/hooks/agent", json!({ "message": "x", "callbackUrl": value })).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (400, refused.clone()), "{value}");
    }
    assert!(gateway.store().runs(&RunQuery { recent: 1, ..RunQuery::default() }).unwrap().is_empty());

    let closed = Gateway::builder().top(&format!("hooks: {{ enabled: true, token: '{TOKEN}' }},")).start().await;
    let answer = ask(&closed.client, &receiver.url("/hooks/a")).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (400, refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_and_inbound_templates_name_urls_too() {
    let receiver = Receiver::start().await;
    let inbound = "inbound: { endpoints: { ticket: { agentId: 'main', auth: 'none', template: 'ticket {{body.id}}', \
                   callbackUrl: 'URL?id={{body.id}}' } } },";
    let gateway = builder("echo done", &[&receiver], "", "")
        .webhooks(&inbound.replace("URL", &receiver.url("/hooks/ticket")))
        .start()
        .await;
    let client = &gateway.client;
    let mapped = |url: &str| json!({ "text": "x", "reply_to": url });
    assert_eq!(post(client, "/hooks/mapped", mapped(&receiver.url("/hooks/m"))).await.status, 200);
    assert_eq!(receiver.wait_for(1).await[0].target, "/hooks/m");
    // Where the template finds nothing nobody is to be told.
    assert_eq!(post(client, "/hooks/mapped", json!({ "text": "x" })).await.status, 200);
    let ticket = client.post("/webhooks/inbound/ticket", r#"{"id":"T-1"}"#).send().await;
    assert_eq!(ticket.status, 200, "{}", ticket.text);
    let received = receiver.wait_for(2).await;
    assert_eq!(received[1].target, "/hooks/ticket?id=T-1");
    received.iter().for_each(|received| drop(believed(received)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_means_the_url_too() {
    let receiver = Receiver::start().await;
    let gateway = builder("echo done", &[&receiver], "", "").start().await;
    let ask = async |url: &str| {
        let body = json!({ "message": "x", "idempotencyKey": "k", "callbackUrl": receiver.url(url) });
        post(&gateway.client, "/hooks/agent", body).await.json()["runId"].clone()
    };
    let first = ask("/hooks/a").await;
    assert_eq!(ask("/hooks/a").await, first);
    assert_ne!(ask("/hooks/b").await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_way_a_run_ends_it_is_reported() {
    let receiver = Receiver::start().await;
    let gateway = builder("sleep 600 & wait", &[&receiver], "timeoutSeconds: 1, maxConcurrent: 1", "").start().await;
    let late = run(&gateway.client, &receiver.url("/hooks/late")).await;
    let queued = run(&gateway.client, &receiver.url("/hooks/queued")).await;
    assert_eq!(gateway.operator(PROGRAM, &["runs", "cancel", &queued])["isEnded"], true);
    let received = receiver.wait_for(2).await;
    let told = |id: &str| received.iter().map(believed).find(|data| data["runId"] == id).unwrap();
    let late = told(&late);
    assert_eq!((&late["status"], &late["error"]), (&json!("timed_out"), &json!("not ended after 1 s")));
    let queued = told(&queued);
    assert_eq!((&queued["status"], &queued["error"]), (&json!("cancelled"), &json!("cancelled on request")));
    assert_eq!((&queued["startedAt"], &queued["reply"]), (&Value::Null, &Value::Null));

    let failing = builder("echo no > /dev/stderr; exit 3", &[&receiver], "", "").start().await;
    run(&failing.client, &receiver.url("/hooks/failed")).await;
    assert_eq!(believed(&receiver.wait_for(3).await[2])["status"], "failed");
}

fn store(folder: &Path) -> Store {
    Store::open_beside(&folder.join("state")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_a_run_that_was_lost_and_an_end_that_was_not_told_are_reported() {
    let (open, _) = watch::channel(false);
    let gate = open.clone();
    let receiver = Receiver::answering(move |at, _| match at {
        0 => Verdict::status(200).held_until(&gate),
        _ => Verdict::status(200),
    })
    .await;
    let script = format!("m=$(cat); case $m in *slow*) {WAITS};; *) echo done;; esac");
    let (config, folder) = builder(&script, &[&receiver], "", "").write();
    let gateway = Process::serve(PROGRAM, &config);
    let ended = run(&gateway.client, &receiver.url("/hooks/ended")).await;
    // It has ended, and nobody knows whether the receiver has it.
    let untold = receiver.wait_for(1).await.remove(0);
    let body = json!({ "message": "slow", "callbackUrl": receiver.url("/hooks/lost") });
    let lost = post(&gateway.client, "/hooks/agent", body).await.json()["runId"].as_str().unwrap().to_owned();
    let beside = store(folder.path());
    gateway_tests::eventually("it is under way", || async {
        beside.run(&RunId::new(lost.as_str())).unwrap().unwrap().started_at.is_some()
    })
    .await;
    drop(beside);
    gateway.kill();

    let _gateway = Process::serve(PROGRAM, &config);
    let received = receiver.wait_for(3).await;
    let told = |id: &str| received.iter().rfind(|received| believed(received)["runId"] == id).unwrap();
    assert_eq!(told(&ended).header("x-openclaw-delivery"), untold.header("x-openclaw-delivery"));
    assert_eq!(believed(told(&lost))["status"], "lost");
    let delivered = |state| state == DeliveryState::Delivered;
    let all = |rows: &[sandclaw::store::DeliveryRow]| rows.len() == 2 && rows.iter().all(|row| delivered(row.state));
    deliveries_once(&store(folder.path()), &name(&receiver), all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_hangs_holds_up_no_other() {
    let (never, _) = watch::channel(false);
    let gate = never.clone();
    let hangs = Receiver::answering(move |_, _| Verdict::status(200).held_until(&gate)).await;
    let works = Receiver::start().await;
    let gateway = builder("echo done", &[&hangs, &works], "maxConcurrent: 16", "").start().await;
    // More than there are places for one host.
    for at in 0..20 {
        run(&gateway.client, &hangs.url(&format!("/hooks/{at}"))).await;
    }
    hangs.wait_for(16).await;
    run(&gateway.client, &works.url("/hooks/a")).await;
    believed(&works.wait_for(1).await[0]);
    assert_eq!(hangs.count(), 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_is_allowed_no_more_gets_nothing() {
    let receiver = Receiver::statuses(&[500, 200]).await;
    let gateway = builder("echo done", &[&receiver], "", "retry: { maxAttempts: 2, backoffMs: 10 }").start().await;
    run(&gateway.client, &receiver.url("/hooks/a")).await;
    let waits =
        |rows: &[sandclaw::store::DeliveryRow]| rows.iter().any(|row| row.due_at.is_some() && row.attempts == 1);
    gateway.deliveries_once(&name(&receiver), waits).await;
    gateway.edit(|config| config.replace("/hooks/\"]", "/other/\"]"));
    let gateway = gateway.restart().await;
    gateway.clock.advance(1_000);
    let (row, attempts) = gateway.delivery_once(&name(&receiver), &[DeliveryState::Dead]).await;
    assert!(row.reason.unwrap().contains("no longer has the URL"), "{attempts:?}");
    assert_eq!(receiver.count(), 1);
}
