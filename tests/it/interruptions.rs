//! What comes between an event and its receiver: the end of the process at every step, the operator, another key, another time of day, a full
//! disk. Nothing is lost, and what comes twice says so.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_tests::{Gateway, Process, Received, Receiver, Verdict, deliveries_once, emit, eventually};
use hmac::{Hmac, Mac};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};
use sandclaw::model::{
    AttemptOutcome, DeliveryId, DeliveryState, Digest, EndpointName, EventId, JobId, Millis, NewDelivery, NewEvent,
};
use sandclaw::store::{DeliveryRow, HandedIn, Recovery, Retried, Store};
use serde_json::json;
use sha2::Sha256;
use tokio::sync::watch;

use crate::PROGRAM;

const KEYS: [&str; 2] = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"];

fn event(id: &str, n: u64) -> NewEvent {
    let data = json!({ "n": n }).to_string();
    NewEvent { id: EventId::new(id), kind: "load.sent".into(), timestamp: None, instance: None, session: None, data }
}

fn numbers(received: &[Received]) -> Vec<u64> {
    received.iter().map(|request| request.json()["data"]["n"].as_u64().unwrap()).collect()
}

fn states(rows: &[DeliveryRow]) -> Vec<DeliveryState> {
    rows.iter().map(|row| row.state).collect()
}

fn have_ended(rows: &[DeliveryRow]) -> bool {
    rows.iter().all(|row| !matches!(row.state, DeliveryState::Due | DeliveryState::Leased | DeliveryState::Held))
}

fn outcomes(store: &Store, row: &DeliveryRow) -> Vec<AttemptOutcome> {
    store.delivery(row.id.as_str()).unwrap().unwrap().2.into_iter().map(|(_, attempt)| attempt.outcome).collect()
}

/// The store of a gateway that is stopped.
fn alone(gateway: &Gateway) -> Store {
    Store::open(&gateway.path().join("state"), gateway.clock.clone()).unwrap()
}

fn beside(folder: &Path) -> Store {
    Store::open_beside(&folder.join("state")).unwrap()
}

/// Answers 200, and to the first request not before the gate opens.
async fn holding_the_first(gate: &watch::Sender<bool>) -> Receiver {
    let gate = gate.clone();
    Receiver::answering(move |at, _| {
        let verdict = Verdict::status(200);
        if at == 0 { verdict.held_until(&gate) } else { verdict }
    })
    .await
}

async fn emit_numbers(gateway: &gateway_tests::Client, numbers: std::ops::RangeInclusive<u64>) {
    let events: Vec<_> = numbers.map(|n| json!({"type": "load.sent", "data": {"n": n}})).collect();
    let answer = gateway.post("/events", json!(events).to_string()).secret("ingest-secret").send().await;
    assert_eq!(answer.status, 202, "{}", answer.text);
}

#[tokio::test]
async fn an_event_that_was_committed_while_no_engine_ran_is_delivered_at_the_next_start() {
    let receiver = Receiver::start().await;
    let mut gateway =
        Gateway::builder().ingest().endpoint("e", &format!("{}, events: ['*']", receiver.members("/"))).start().await;
    gateway.stop().await;
    let store = alone(&gateway);
    let handed_in = store.hand_in(vec![event("evt_1", 1)], None).await.unwrap();
    assert_eq!(handed_in, HandedIn::Stored(vec![EventId::new("evt_1")]));
    store.close().await;
    let mut gateway = gateway.restart().await;
    assert_eq!(receiver.wait_for(1).await[0].json()["id"], "evt_1");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_and_not_noted_comes_again_with_the_same_id_and_the_first_try_is_listed_as_unknown() {
    let (gate, _) = watch::channel(false);
    let receiver = holding_the_first(&gate).await;
    let members = format!("{}, events: ['*'], secret: '{}', signing: 'standard'", receiver.members("/"), KEYS[0]);
    let (config, folder) = Gateway::builder().ingest().endpoint("e", &members).write();
    let gateway = Process::serve(PROGRAM, &config);
    let id = emit(&gateway.client, "load.sent", json!({"n": 1})).await;
    receiver.wait_for(1).await;
    gateway.kill();
    let _gateway = Process::serve(PROGRAM, &config);
    let received = receiver.wait_for(2).await;
    for header in ["webhook-id", "x-openclaw-delivery"] {
        assert_eq!(received[0].header(header), received[1].header(header), "{header}");
    }
    assert_eq!((received[1].header("webhook-id"), &received[0].body), (id.as_str(), &received[1].body));
    let store = beside(folder.path());
    let rows = deliveries_once(&store, "e", have_ended).await;
    assert_eq!(outcomes(&store, &rows[0]), [AttemptOutcome::Unknown, AttemptOutcome::Accepted]);
    assert_eq!((rows.len(), rows[0].state), (1, DeliveryState::Delivered));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_the_process_dies_of_each_time_is_given_up() {
    // Ten tries that are excused, and the one that the endpoint allows.
    const TRIES: usize = 10 + 1;
    let (gate, _) = watch::channel(false);
    let never = gate.clone();
    let receiver = Receiver::answering(move |_, _| Verdict::status(200).held_until(&never)).await;
    let members = format!("{}, events: ['load.*'], retry: {{ maxAttempts: 1 }}", receiver.members("/"));
    let (config, folder) = Gateway::builder().ingest().endpoint("e", &members).write();
    for tries in 1..=TRIES {
        let gateway = Process::serve(PROGRAM, &config);
        if tries == 1 {
            emit(&gateway.client, "load.sent", json!({"n": 1})).await;
        }
        receiver.wait_for(tries).await;
        gateway.kill();
    }
    let _gateway = Process::serve(PROGRAM, &config);
    let store = beside(folder.path());
    let rows = deliveries_once(&store, "e", have_ended).await;
    assert_eq!((rows[0].state, receiver.count()), (DeliveryState::Dead, TRIES));
    assert_eq!(rows[0].reason.as_deref(), Some("no try is left of 1 try"));
    assert_eq!(outcomes(&store, &rows[0])[..TRIES], [AttemptOutcome::Unknown; TRIES]);
}

#[tokio::test]
async fn an_endpoint_that_is_disabled_lets_the_try_under_way_end_and_gives_the_rest_up_in_plain_view() {
    let (gate, _) = watch::channel(false);
    let held = gate.clone();
    let receiver = Receiver::answering(move |_, request| match request.json()["data"]["n"].as_u64() {
        Some(1) => Verdict::status(200).held_until(&held),
        _ => Verdict::status(410),
    })
    .await;
    let members = format!("{}, events: ['load.*'], maxInFlight: 2", receiver.members("/"));
    let mut gateway = Gateway::builder().ingest().endpoint("e", &members).start().await;
    gateway.emit("load.sent", json!({"n": 1})).await;
    receiver.wait_for(1).await;
    emit_numbers(&gateway.client, 2..=4).await;
    let rows = gateway
        .deliveries_once("e", |rows| rows.iter().filter(|row| row.state == DeliveryState::Dead).count() == 3)
        .await;
    assert_eq!(rows[0].state, DeliveryState::Leased, "it is still under way");
    gate.send_replace(true);
    let rows = gateway.deliveries_once("e", have_ended).await;
    assert_eq!(states(&rows)[..2], [DeliveryState::Delivered, DeliveryState::Dead]);
    for row in &rows[2..] {
        let reason = "the endpoint is disabled: the receiver answered 410 Gone";
        assert_eq!((row.attempts, row.reason.as_deref()), (0, Some(reason)), "{row:?}");
    }
    assert_eq!((rows.len(), numbers(&receiver.received())), (4, vec![1, 2]));
    let known = gateway.store().endpoint_states().unwrap();
    assert!(known[0].disabled.is_some(), "one late success enables nothing: {known:?}");
    gateway.stop().await;
}

#[tokio::test]
async fn what_was_claimed_ahead_when_an_endpoint_was_disabled_is_given_up_with_the_rest() {
    const ALL: usize = 300;
    let receiver = Receiver::answering(|at, _| Verdict::status(if at < 60 { 200 } else { 410 })).await;
    let members = format!("{}, events: ['load.*'], maxInFlight: 4", receiver.members("/"));
    let mut gateway = Gateway::builder().ingest().endpoint("e", &members).start().await;
    emit_numbers(&gateway.client, 1..=ALL as u64).await;
    let rows = gateway.deliveries_once("e", |rows| rows.len() == ALL && have_ended(rows)).await;
    let delivered = rows.iter().filter(|row| row.state == DeliveryState::Delivered).count();
    assert_eq!(delivered, 60);
    assert!(receiver.count() <= 60 + 4, "{} came after the first 410", receiver.count() - 61);
    gateway.stop().await;
}

#[tokio::test]
async fn deliveries_of_an_endpoint_that_is_gone_are_cancelled_and_those_of_one_switched_off_wait() {
    let receiver = Receiver::answering(|at, _| Verdict::status(if at < 2 { 500 } else { 200 })).await;
    let members = format!("{}, events: ['load.*'], retry: {{ backoffMs: 1000 }}", receiver.members("/"));
    let mut gateway = Gateway::builder().ingest().endpoint("gone", &members).endpoint("off", &members).start().await;
    gateway.emit("load.sent", json!({"n": 1})).await;
    for endpoint in ["gone", "off"] {
        gateway.deliveries_once(endpoint, |rows| rows.iter().any(|row| row.last_status == Some(500))).await;
    }
    gateway.stop().await;
    gateway.edit(|config| {
        let lines = config.lines().filter(|line| !line.contains(r#"name: "gone""#)).collect::<Vec<_>>().join("\n");
        lines.replace(r#"name: "off","#, r#"name: "off", enabled: false,"#)
    });
    let gateway = gateway.restart().await;
    let gone = gateway.deliveries_once("gone", have_ended).await;
    let reason = "the endpoint is no longer in the config";
    assert_eq!((gone[0].state, gone[0].reason.as_deref()), (DeliveryState::Cancelled, Some(reason)));
    gateway.clock.advance(60_000);
    let off = gateway.deliveries_once("off", |_| true).await;
    assert_eq!((off[0].state, off[0].attempts, receiver.count()), (DeliveryState::Due, 1, 2));
    gateway.edit(|config| config.replace(" enabled: false,", ""));
    let mut gateway = gateway.restart().await;
    receiver.wait_for(3).await;
    gateway.deliveries_once("off", |rows| rows[0].state == DeliveryState::Delivered).await;
    gateway.stop().await;
}

/// Whether one of the signatures is by this key.
fn is_signed(request: &Received, key: &str) -> bool {
    let key = STANDARD.decode(key.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.", request.header("webhook-id"), request.header("webhook-timestamp")).as_bytes());
    mac.update(&request.body);
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    request.header("webhook-signature").split(' ').any(|one| one == signature)
}

fn put_secret(path: &Path, secret: &str) {
    let part = path.with_extension("part");
    fs::write(&part, secret).unwrap();
    fs::set_permissions(&part, Permissions::from_mode(0o600)).unwrap();
    fs::rename(part, path).unwrap();
}

#[tokio::test]
async fn a_key_that_changes_between_two_tries_signs_the_second() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    put_secret(&file, KEYS[0]);
    let receiver = Receiver::answering(|at, _| Verdict::status(if at == 0 { 500 } else { 200 })).await;
    let vault = format!("vault: {{ source: 'file', path: '{}', mode: 'singleValue' }}", file.display());
    let members = format!(
        "{}, events: ['load.*'], signing: 'standard', secret: {{ source: 'file', provider: 'vault', id: 'value' }}",
        receiver.members("/")
    );
    let mut gateway = Gateway::builder()
        .top(&format!("secrets: {{ refreshMs: 100, providers: {{ {vault} }} }},"))
        .ingest()
        .endpoint("e", &members)
        .start()
        .await;
    gateway.emit("load.sent", json!({"n": 1})).await;
    gateway.deliveries_once("e", |rows| rows.iter().any(|row| row.last_status == Some(500))).await;
    put_secret(&file, KEYS[1]);
    eventually("the new key is in use", || async {
        let before = receiver.count();
        gateway.emit("load.sent", json!({"n": 2})).await;
        is_signed(receiver.wait_for(before + 1).await.last().unwrap(), KEYS[1])
    })
    .await;
    let before = receiver.count();
    gateway.clock.advance(5_000);
    let received = receiver.wait_for(before + 1).await;
    let (first, second) = (&received[0], received.last().unwrap());
    assert_eq!(numbers(&[first.clone(), second.clone()]), [1, 1]);
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert!(is_signed(first, KEYS[0]) && !is_signed(first, KEYS[1]));
    assert!(is_signed(second, KEYS[1]) && !is_signed(second, KEYS[0]));
    gateway.stop().await;
}

#[tokio::test]
async fn two_keys_sign_until_one_expires() {
    let receiver = Receiver::start().await;
    // An hour after the gateway's clock begins.
    let secrets = format!("secrets: [ {{ value: '{}', expiresAt: '2026-11-18T12:06:40Z' }}, '{}' ]", KEYS[0], KEYS[1]);
    let members = format!("{}, events: ['load.*'], signing: 'standard', {secrets}", receiver.members("/"));
    let mut gateway = Gateway::builder().ingest().endpoint("e", &members).start().await;
    let mut signed_by = Vec::new();
    for (n, pass_ms) in [(1, 3_599_999), (2, 1), (3, 0)] {
        gateway.emit("load.sent", json!({ "n": n })).await;
        let request = receiver.wait_for(n).await.pop().unwrap();
        signed_by.push(KEYS.map(|key| is_signed(&request, key)));
        gateway.clock.advance(pass_ms);
    }
    assert_eq!(signed_by, [[true, true], [true, true], [false, true]]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_recovery_that_was_cut_off_between_its_steps_goes_on_and_repeats_nothing() {
    let receiver = Receiver::answering(|at, _| Verdict::status(if at < 5 { 500 } else { 200 })).await;
    let members = format!("{}, events: ['load.*'], retry: {{ maxAttempts: 1 }}", receiver.members("/"));
    let mut gateway = Gateway::builder().ingest().endpoint("e", &members).start().await;
    emit_numbers(&gateway.client, 1..=5).await;
    gateway.deliveries_once("e", |rows| rows.len() == 5 && have_ended(rows)).await;
    gateway.stop().await;

    let (store, now) = (alone(&gateway), gateway.clock.now());
    let endpoint = EndpointName::new("e");
    let asked = Recovery {
        id: JobId::new("job_1"),
        endpoint: endpoint.clone(),
        since: Millis(0),
        until: 0,
        cursor: 0,
        revived: 0,
        created: 0,
        is_done: false,
        created_at: now,
    };
    let recovery = store.start_recovery(asked).await.unwrap();
    let some = store.recoverable(&recovery, 2).unwrap();
    let again = some.iter().map(|(event, _)| NewDelivery {
        id: DeliveryId::new(format!("dlv_{}", event.seq)),
        event: event.seq,
        endpoint: endpoint.clone(),
        endpoint_version: Digest([0; 32]),
        transform: None,
        ordering_key: None,
        due_at: now,
    });
    let recovery = store.recover_step(&recovery, some[1].0.seq, false, again.collect(), now).await.unwrap();
    assert_eq!((recovery.revived, recovery.is_done), (2, false));
    store.close().await;

    let mut gateway = gateway.restart().await;
    let rows = gateway.deliveries_once("e", |rows| rows.iter().all(|row| row.state == DeliveryState::Delivered)).await;
    assert!(rows.len() == 5 && rows.iter().all(|row| row.attempts == 2), "{rows:?}");
    let recovery = gateway.store().recoveries().unwrap().remove(0);
    assert_eq!((recovery.revived, recovery.created, recovery.is_done), (5, 0, true));
    let mut came = numbers(&receiver.received());
    came.sort_unstable();
    assert_eq!(came, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_clock_that_jumps_an_hour_holds_nothing_back_and_repeats_nothing() {
    const HOUR_MS: i64 = 3_600_000;
    let receiver = Receiver::answering(|at, _| Verdict::status(if at % 2 == 0 { 500 } else { 200 })).await;
    let members = format!("{}, events: ['load.*'], retry: {{ backoffMs: 1000 }}", receiver.members("/"));
    let mut gateway = Gateway::builder().ingest().endpoint("e", &members).start().await;
    for (n, jump_ms) in [(1, HOUR_MS), (2, -HOUR_MS), (3, -HOUR_MS), (4, HOUR_MS)] {
        gateway.emit("load.sent", json!({ "n": n })).await;
        gateway.deliveries_once("e", |rows| rows.len() == n && rows[n - 1].last_status == Some(500)).await;
        gateway.clock.advance(jump_ms);
        let jumped = gateway.clock.now();
        // From here on it goes as clocks do.
        eventually("it comes again", || async {
            gateway.clock.advance(5);
            receiver.count() == 2 * n
        })
        .await;
        let waited = gateway.clock.now().0 - jumped.0;
        assert!(waited < 5_000, "{n} came {waited} ms after the clock jumped by {jump_ms} ms");
        gateway.deliveries_once("e", |rows| rows[n - 1].state == DeliveryState::Delivered).await;
    }
    assert_eq!(numbers(&receiver.received()), [1, 1, 2, 2, 3, 3, 4, 4]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_delivery_that_is_retried_by_hand_twice_is_on_its_way_and_can_be_retried_after_its_next_death() {
    let receiver = Receiver::statuses(&[500, 500, 200]).await;
    let members = format!("{}, events: ['load.*'], retry: {{ maxAttempts: 1 }}", receiver.members("/"));
    let mut gateway = Gateway::builder().ingest().endpoint("e", &members).start().await;
    gateway.emit("load.sent", json!({"n": 1})).await;
    for (attempts, state) in [(1, DeliveryState::Dead), (2, DeliveryState::Dead), (3, DeliveryState::Delivered)] {
        let (row, told) = gateway.delivery_once("e", &[DeliveryState::Dead, DeliveryState::Delivered]).await;
        assert_eq!((row.state, row.attempts, told.len()), (state, attempts, attempts as usize));
        gateway.stop().await;
        if state == DeliveryState::Dead {
            let (store, now) = (alone(&gateway), gateway.clock.now());
            assert_eq!(store.retry_delivery(row.id.as_str(), now).await.unwrap(), Retried::Due);
            let again = store.retry_delivery(row.id.as_str(), now).await.unwrap();
            assert_eq!(again, Retried::OnItsWay(DeliveryState::Due));
            store.close().await;
            gateway = gateway.restart().await;
        }
    }
    assert_eq!(receiver.count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_finishes_the_try_under_way_begins_no_other_and_gives_back_what_was_claimed_ahead() {
    let (gate, _) = watch::channel(false);
    let held = gate.clone();
    let receiver = Receiver::answering(move |at, _| {
        let verdict = Verdict::status(200);
        if at == 3 { verdict.held_until(&held) } else { verdict }
    })
    .await;
    let members = format!("{}, events: ['load.*'], maxInFlight: 1", receiver.members("/"));
    let (config, folder) = Gateway::builder().ingest().endpoint("e", &members).write();
    let gateway = Process::serve(PROGRAM, &config);
    let store = beside(folder.path());
    emit_numbers(&gateway.client, 1..=3).await;
    deliveries_once(&store, "e", |rows| rows.len() == 3 && have_ended(rows)).await;
    emit_numbers(&gateway.client, 4..=8).await;
    receiver.wait_for(4).await;
    let leased = |rows: &[DeliveryRow]| rows.iter().filter(|row| row.state == DeliveryState::Leased).count();
    deliveries_once(&store, "e", |rows| leased(rows) > 1).await;
    gateway.signal(Signal::TERM);
    eventually("it drains", || async { std::net::TcpStream::connect(gateway.address).is_err() }).await;
    gate.send_replace(true);
    assert_eq!(gateway.wait(), Some(0));
    let rows = deliveries_once(&store, "e", |_| true).await;
    for row in &rows {
        let as_it_should = [(DeliveryState::Delivered, 1), (DeliveryState::Due, 0)];
        assert!(as_it_should.contains(&(row.state, row.attempts)), "{row:?}");
    }
    assert_eq!((rows.len(), receiver.count()), (8, 4));
    let _gateway = Process::serve(PROGRAM, &config);
    let rows = deliveries_once(&store, "e", have_ended).await;
    assert!(rows.iter().all(|row| (row.state, row.attempts) == (DeliveryState::Delivered, 1)), "{rows:?}");
    assert_eq!(receiver.count(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_in_the_middle_of_everything_leaves_nothing_that_would_have_to_be_called_unknown() {
    let receiver = Receiver::start().await;
    let members = format!("{}, events: ['load.*']", receiver.members("/"));
    let mut builder = Gateway::builder().ingest();
    for n in 0..4 {
        builder = builder.endpoint(&format!("e{n}"), &members);
    }
    let (config, folder) = builder.write();
    for round in 0..8 {
        let gateway = Process::serve(PROGRAM, &config);
        let before = receiver.count();
        emit_numbers(&gateway.client, 1..=100).await;
        receiver.wait_for(before + 1 + round * 29).await;
        gateway.signal(Signal::TERM);
        assert_eq!(gateway.wait(), Some(0));
        let counts = beside(folder.path()).delivery_counts().unwrap();
        let known = [DeliveryState::Due, DeliveryState::Delivered];
        assert!(counts.iter().flat_map(|all| &all.states).all(|(state, _)| known.contains(state)), "{counts:?}");
    }
}

/// No file of this process grows any more, or all may again.
fn let_files_grow(process: &Process, yes: bool) {
    let id = Pid::from_raw(i32::try_from(process.id()).unwrap()).unwrap();
    let maximum = getrlimit(Resource::Fsize).maximum;
    prlimit(Some(id), Resource::Fsize, Rlimit { current: if yes { maximum } else { Some(0) }, maximum }).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_can_be_written_events_are_refused_and_afterwards_everything_goes_on() {
    let (gate, _) = watch::channel(false);
    let receiver = holding_the_first(&gate).await;
    let members = format!("{}, events: ['load.*'], ordering: 'session'", receiver.members("/"));
    let (config, folder) = Gateway::builder().ingest().endpoint("e", &members).write();
    // Without the trap the system ends a process that writes too much. The log goes where there is room: it is the store that refuses here.
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" XFSZ; exec "$0" serve --config "$1" 2>/dev/null"#, PROGRAM]).arg(&config);
    let gateway = Process::spawn(&mut command, &config);
    let sent = |n: u64| json!({"type": "load.sent", "data": {"sessionKey": "s", "n": n}}).to_string();
    let post = |n: u64| gateway.client.post("/events", sent(n)).secret("ingest-secret").send();
    assert_eq!(post(1).await.status, 202);
    receiver.wait_for(1).await;
    assert_eq!(post(2).await.status, 202);
    let_files_grow(&gateway, false);
    assert_eq!(post(3).await.status, 503);
    // The receiver has taken the first one, and that cannot be written.
    gate.send_replace(true);
    for _ in 0..50 {
        assert_eq!(post(3).await.status, 503);
    }
    let_files_grow(&gateway, true);
    assert_eq!(post(4).await.status, 202);
    let rows = deliveries_once(&beside(folder.path()), "e", |rows| rows.len() == 3 && have_ended(rows)).await;
    assert_eq!(states(&rows), [DeliveryState::Delivered; 3]);
    assert_eq!(numbers(&receiver.received()), [1, 2, 4], "none twice: nothing of a try is forgotten");
}

#[tokio::test]
async fn an_endpoint_that_comes_later_is_told_of_what_happens_from_then_on() {
    let receiver = Receiver::start().await;
    let mut gateway = Gateway::builder().ingest().start().await;
    gateway.emit("tool.called", json!({"n": 1})).await;
    let store = gateway.store();
    eventually("it is passed over", || async { store.undispatched(1).unwrap().is_empty() }).await;
    gateway.stop().await;
    let text = std::fs::read_to_string(gateway.path().join("sandclaw.json5")).unwrap();
    let endpoint = format!("endpoints: [{{ name: 'e', {}, events: ['*'] }}", receiver.members("/"));
    std::fs::write(gateway.path().join("sandclaw.json5"), text.replacen("endpoints: [", &endpoint, 1)).unwrap();
    let mut gateway = gateway.restart().await;
    gateway.emit("tool.called", json!({"n": 2})).await;
    assert_eq!(receiver.wait_for(1).await[0].json()["data"]["n"], 2);
    assert_eq!(
        gateway.deliveries_once("e", |rows| !rows.is_empty()).await.len(),
        1,
        "the earlier one is for `recover`"
    );
    gateway.stop().await;
}
