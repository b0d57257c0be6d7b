//! Transforms that fail in the middle of deliveries: they cost their own endpoint what they spoil, never the receiver its name, and what can be
//! saved is.

use std::time::Duration;

use gateway_tests::{Gateway, Received, Receiver, eventually, guest};
use sandclaw::model::{AttemptOutcome, DeliveryState, Digest};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Members of an endpoint with this component, which wants every event whose type begins so.
fn members(receiver: &Receiver, prefix: &str, transform: &str) -> String {
    format!("{}, events: ['{prefix}.*'], transform: {{ {transform} }}", receiver.members("/"))
}

fn digest(bytes: &[u8]) -> Option<Digest> {
    Some(Digest(Sha256::digest(bytes).into()))
}

fn kinds(received: &[Received]) -> Vec<String> {
    received.iter().map(|request| request.json()["type"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The digest that serves the endpoint.
fn serving(gateway: &Gateway, endpoint: &str) -> Option<Digest> {
    gateway.plugins().transforms().iter().find(|slot| slot.standing().user.name() == endpoint)?.serving()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_wicked_transform_makes_is_given_up_and_the_receiver_is_not_to_blame() {
    let setter = "transform_sets_headers";
    let sets = |pairs: Value| json!({ "headers": pairs }).to_string();
    let wicked = [
        (
            "forges",
            setter,
            sets(json!([["x-openclaw-signature", "sha256=f0rged"]])),
            "guest-error: its header `x-openclaw-signature`",
        ),
        ("redirects", setter, sets(json!([["host", "f0rged.example"]])), "guest-error: its header `host`"),
        (
            "smuggles",
            setter,
            sets(json!([["x-a", "1\r\nhost: f0rged.example\r\n\r\nGET /"]])),
            "guest-error: its header `x-a`",
        ),
        (
            "splits",
            setter,
            json!({ "contentType": "text/plain\r\nx-b: f0rged" }).to_string(),
            "guest-error: its content type",
        ),
        ("fails", "transform_fails", "{}".into(), "guest-error: no_luck"),
        ("swells", "transform_returns_50_mib", "{}".into(), "output: "),
        ("floods", "transform_floods_logs", "{}".into(), "output: "),
        ("traps", "transform_traps", "{}".into(), "trap: "),
        // Which limit comes first, the machine says.
        ("spins", "transform_spins", "{}".into(), ""),
        ("looks", "transform_reads_the_clock", "{}".into(), "was refused"),
        ("reads", "transform_reads_flows", "{}".into(), "was refused"),
    ];
    let (receiver, watcher) = (Receiver::start().await, Receiver::start().await);
    let mut builder = Gateway::builder()
        .ingest()
        .endpoint("steady", &format!("{}, events: ['tool.*']", receiver.members("/")))
        .endpoint("watcher", &format!("{}, events: ['delivery.*']", watcher.members("/")));
    for (name, component, config, _) in &wicked {
        let limits = if *name == "spins" { "limits: { cpuMs: 100 }" } else { "" };
        let transform = format!("plugin: '{component}.wasm', config: {config}, {limits}");
        let members = members(&receiver, "tool", &transform) + ", secret: 'f0r-signing', retry: { maxAttempts: 5 }";
        builder = builder.file(&format!("{component}.wasm"), &guest(component)).endpoint(name, &members);
    }
    let mut gateway = builder.start().await;
    gateway.emit("tool.called", json!({"n": 1})).await;
    for (name, component, _, why) in &wicked {
        let (row, attempts) = gateway.delivery_once(name, &[DeliveryState::Dead]).await;
        let reason = row.reason.unwrap();
        let names_it = reason.starts_with("the transform failed: ") && reason.contains(&format!("{component}.wasm"));
        assert!(names_it && reason.contains(why), "{name}: {reason}");
        assert!(!reason.contains("f0rged"), "what it wanted to send is told to nobody: {reason}");
        let [attempt] = &attempts[..] else { panic!("{name} was tried again: {attempts:?}") };
        assert_eq!((attempt.outcome, attempt.status, attempt.body_digest), (AttemptOutcome::Transform, None, None));
        assert_eq!(attempt.address, None, "nobody was dialled");
        assert_eq!(attempt.transform, serving(&gateway, name), "{name}");
    }
    let told = watcher.wait_for(wicked.len()).await;
    for (name, component, ..) in &wicked {
        let of_it = |request: &&Received| request.json()["data"]["endpoint"] == *name;
        let told = told.iter().find(of_it).unwrap().json();
        assert_eq!((&told["type"], &told["data"]["status"]), (&json!("delivery.dead"), &Value::Null));
        assert!(told["data"]["reason"].as_str().unwrap().contains(&format!("{component}.wasm")), "{told}");
    }
    let received = receiver.wait_for(1).await;
    assert_eq!(kinds(&received), ["tool.called"], "the steady one's, at the same address");
    let states = gateway.store().endpoint_states().unwrap();
    let blamed: Vec<_> =
        states.iter().filter(|it| it.failures > 0 || it.rests_until.is_some() || it.disabled.is_some()).collect();
    assert!(blamed.is_empty(), "{blamed:?}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_wait_for_a_better_transform_where_that_is_asked_for() {
    let (receiver, watcher) = (Receiver::start().await, Receiver::start().await);
    let mut gateway = Gateway::builder()
        .ingest()
        .file("crm.wasm", &guest("transform_fails"))
        .endpoint("e", &members(&receiver, "tool", "plugin: 'crm.wasm', onFailure: 'retry-after-swap'"))
        .endpoint("watcher", &format!("{}, events: ['plugin.*']", watcher.members("/")))
        .start()
        .await;
    for n in 0..3 {
        gateway.emit("tool.called", json!({ "n": n })).await;
    }
    let all_held = |rows: &[sandclaw::store::DeliveryRow]| {
        rows.len() == 3 && rows.iter().all(|row| row.state == DeliveryState::Held)
    };
    gateway.deliveries_once("e", all_held).await;
    gateway.clock.advance(86_400_000);
    // A file that is no good releases nothing, one that fails as well releases nothing for good.
    gateway.drop_in("crm.wasm", b"junk");
    let told = watcher.wait_for(1).await[0].json();
    assert_eq!((&told["type"], &told["data"]["endpoint"]), (&json!("plugin.refused"), &json!("e")));
    assert_eq!(told["data"]["reason"], "crm.wasm: not a WebAssembly file");
    gateway.deliveries_once("e", |rows| all_held(rows) && rows.iter().all(|row| row.attempts == 1)).await;
    gateway.drop_in("crm.wasm", &guest("transform_traps"));
    gateway.deliveries_once("e", |rows| all_held(rows) && rows.iter().all(|row| row.attempts == 2)).await;
    gateway.drop_in("crm.wasm", &guest("transform_echo"));
    let received = receiver.wait_for(3).await;
    assert!(received.iter().all(|request| request.header("x-echo") == "yes"));

    let versions = ["transform_fails", "transform_traps", "transform_echo"].map(|name| digest(&guest(name)));
    let rows = gateway.deliveries_once("e", |rows| rows.iter().all(|row| row.state == DeliveryState::Delivered)).await;
    for row in rows {
        let (_, _, attempts) = gateway.store().delivery(row.id.as_str()).unwrap().unwrap();
        let made_by: Vec<_> = attempts.iter().map(|(_, attempt)| attempt.transform).collect();
        assert_eq!(made_by, versions, "each attempt tells which component it was");
    }
    let told = watcher.wait_for(3).await;
    assert_eq!(kinds(&told), ["plugin.refused", "plugin.swapped", "plugin.swapped"]);
    for (told, pair) in told[1..].iter().map(Received::json).zip(versions.windows(2)) {
        let [from, to] = [pair[0], pair[1]].map(|digest| json!(digest.map(|digest| digest.to_string())));
        assert_eq!(
            (&told["data"]["file"], &told["data"]["from"], &told["data"]["to"]),
            (&json!("crm.wasm"), &from, &to)
        );
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_transform_is_released_by_one_that_came_while_the_gateway_was_away() {
    let receiver = Receiver::start().await;
    let mut gateway = Gateway::builder()
        .ingest()
        .file("crm.wasm", b"junk")
        .endpoint("e", &members(&receiver, "tool", "plugin: 'crm.wasm', onFailure: 'retry-after-swap'"))
        .start()
        .await;
    gateway.emit("tool.called", json!({"n": 1})).await;
    let (_, attempts) = gateway.delivery_once("e", &[DeliveryState::Held]).await;
    assert_eq!((attempts[0].outcome, attempts[0].transform), (AttemptOutcome::Transform, None));
    gateway.stop().await;
    gateway.drop_in("crm.wasm", &guest("transform_echo"));
    gateway = gateway.restart().await;
    assert_eq!(receiver.wait_for(1).await[0].json()["event"]["data"]["n"], 1);
    gateway.stop().await;
}

/// The last run of the old component ends after the new one has taken its place: nobody else comes by to release what it leaves.
#[tokio::test(flavor = "multi_thread")]
async fn a_swap_in_the_middle_of_a_failing_run_is_not_missed() {
    let receiver = Receiver::start().await;
    let echo = guest("transform_echo");
    let spins = "plugin: 'crm.wasm', onFailure: 'retry-after-swap', limits: { cpuMs: 60000, deadlineMs: 2000 }";
    let mut gateway = Gateway::builder()
        .ingest()
        .file("crm.wasm", &guest("transform_spins"))
        // Compiled already, so that the swap takes no time.
        .file("echo.wasm", &echo)
        .endpoint("e", &members(&receiver, "tool", spins))
        .endpoint("other", &members(&receiver, "never", "plugin: 'echo.wasm'"))
        .start()
        .await;
    gateway.emit("tool.called", json!({"n": 1})).await;
    gateway.deliveries_once("e", |rows| rows.iter().any(|row| row.state == DeliveryState::Leased)).await;
    gateway.drop_in("crm.wasm", &echo);
    eventually("the new one serves", || async { serving(&gateway, "e") == digest(&echo) }).await;
    assert_eq!(receiver.wait_for(1).await[0].json()["event"]["data"]["n"], 1);
    gateway.stop().await;
}

/// Runs wait for a place in the pool, and the component may be another by the time there is one.
#[tokio::test(flavor = "multi_thread")]
async fn the_digest_on_record_is_of_the_component_that_ran() {
    let receiver = Receiver::start().await;
    let echo = guest("transform_echo");
    let mut gateway = Gateway::builder()
        .top("sandbox: { instances: 4 },")
        .ingest()
        .file("spins.wasm", &guest("transform_spins"))
        .file("crm.wasm", &guest("transform_fails"))
        .file("echo.wasm", &echo)
        .endpoint(
            "spins",
            &members(&receiver, "error", "plugin: 'spins.wasm', limits: { cpuMs: 60000, deadlineMs: 3000 }"),
        )
        .endpoint("e", &members(&receiver, "tool", "plugin: 'crm.wasm'"))
        .endpoint("other", &members(&receiver, "never", "plugin: 'echo.wasm'"))
        .start()
        .await;
    let is_leased = |rows: &[sandclaw::store::DeliveryRow]| rows.iter().any(|row| row.state == DeliveryState::Leased);
    gateway.emit("error.occurred", json!({})).await;
    gateway.deliveries_once("spins", is_leased).await;
    gateway.emit("tool.called", json!({})).await;
    gateway.deliveries_once("e", is_leased).await;
    gateway.drop_in("crm.wasm", &echo);
    eventually("the new one serves", || async { serving(&gateway, "e") == digest(&echo) }).await;
    let (row, attempts) = gateway.delivery_once("e", &[DeliveryState::Delivered]).await;
    assert_eq!((attempts[0].transform, row.transform), (digest(&echo), digest(&guest("transform_fails"))));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub async fn transform_traps_if_told() {
    let (receiver, watcher) = (Receiver::start().await, Receiver::start().await);
    let one_try = members(&receiver, "tool", "plugin: 'crm.wasm'") + ", retry: { maxAttempts: 1 }";
    let mut gateway = Gateway::builder()
        .ingest()
        .file("crm.wasm", &guest("transform_traps_if_told"))
        .endpoint("e", &one_try)
        .endpoint("watcher", &format!("{}, events: ['plugin.*']", watcher.members("/")))
        .start()
        .await;
    for n in 1..=5 {
        gateway.emit("tool.called", json!({ "crash": true })).await;
        gateway
            .deliveries_once("e", |rows| rows.len() == n && rows.iter().all(|row| row.state == DeliveryState::Dead))
            .await;
    }
    let told = watcher.wait_for(1).await[0].json();
    assert_eq!((&told["type"], &told["data"]["endpoint"]), (&json!("plugin.poisoned"), &json!("e")));

    gateway.emit("tool.called", json!({ "n": 1 })).await;
    // It waits for the end of the rest, and no try of it is wasted on a component that does not run.
    let rows = gateway.deliveries_once("e", |rows| rows.len() == 6).await;
    assert_eq!((rows[5].state, rows[5].attempts), (DeliveryState::Due, 0));
    gateway.clock.advance(500);
    assert!(receiver.received().is_empty(), "the shortest rest is a second");
    gateway.clock.advance(5_000);
    assert_eq!(receiver.wait_for(1).await[0].json()["data"]["n"], 1);
    gateway.deliveries_once("e", |rows| rows[5].state == DeliveryState::Delivered && rows[5].attempts == 1).await;
    assert!(gateway.store().endpoint_states().unwrap().iter().all(|state| state.failures == 0));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_behind_a_transform_that_only_crashes_is_kept_for_a_better_one() {
    const EVENTS: usize = 16;
    let receiver = Receiver::start().await;
    let held = members(&receiver, "tool", "plugin: 'crm.wasm', onFailure: 'retry-after-swap'") + ", maxInFlight: 1";
    let mut gateway =
        Gateway::builder().ingest().file("crm.wasm", &guest("transform_traps")).endpoint("e", &held).start().await;
    for n in 0..EVENTS {
        gateway.emit("tool.called", json!({ "n": n })).await;
    }
    let clock = gateway.clock.clone();
    let moving = tokio::spawn(async move {
        loop {
            clock.advance(60_000);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let settled = |rows: &[sandclaw::store::DeliveryRow]| {
        rows.len() == EVENTS && rows.iter().all(|row| matches!(row.state, DeliveryState::Held | DeliveryState::Dead))
    };
    let rows = gateway.deliveries_once("e", settled).await;
    moving.abort();
    let given_up: Vec<_> = rows.iter().filter(|row| row.state == DeliveryState::Dead).map(|row| &row.reason).collect();
    assert!(given_up.is_empty(), "{given_up:#?}");
    gateway.drop_in("crm.wasm", &guest("transform_echo"));
    receiver.wait_for(EVENTS).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_carry_its_signature_is_the_transforms_failure() {
    let receiver = Receiver::start().await;
    let members = members(&receiver, "tool", "plugin: 'bytes.wasm'") + ", secret: 'this is secret', signing: 'feishu'";
    let mut gateway = Gateway::builder()
        .ingest()
        .file("bytes.wasm", &guest("transform_sends_bytes"))
        .endpoint("e", &members)
        .start()
        .await;
    gateway.emit("tool.called", json!({})).await;
    let (row, attempts) = gateway.delivery_once("e", &[DeliveryState::Dead]).await;
    assert_eq!((attempts.len(), attempts[0].outcome), (1, AttemptOutcome::Transform));
    assert!(row.reason.as_deref().unwrap().contains("must be a JSON object"), "{row:?}");
    assert!(receiver.received().is_empty());
    gateway.stop().await;
}
