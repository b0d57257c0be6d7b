//! From an event to what a receiver holds in its hands: who gets it, what it says, how it is signed, and when it comes again.

use gateway_tests::{Gateway, Received, Receiver, Verdict, guest};
use sandclaw::model::DeliveryState;
use serde_json::{Value, json};

/// The data of the message event in the documents that the config shapes come from.
fn message(agent: &str) -> Value {
    json!({
        "agentId": agent,
        "sessionId": "session-001",
        "channel": "telegram",
        "userId": "user_12345",
        "message": {"role": "assistant", "content": "这是AI的回复内容...", "messageId": "msg_xyz789"},
        "model": "claude-sonnet-4-20250514",
        "usage": {"inputTokens": 200, "outputTokens": 450}
    })
}

fn kinds(received: &[Received]) -> Vec<String> {
    received.iter().map(|request| request.json()["type"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn an_event_arrives_as_it_was_handed_in() {
    let receiver = Receiver::start().await;
    let members = format!("{}, events: ['message.sent']", receiver.members("/openclaw/events"));
    let mut gateway =
        Gateway::builder().webhooks("instanceId: 'node-2',").ingest().endpoint("main-webhook", &members).start().await;
    // An envelope of another instance is taken as it stands, and goes on saying where it is from.
    let event = json!({
        "id": "evt_abc123def456", "type": "message.sent", "timestamp": "2026-03-14T10:30:00Z",
        "instanceId": "node-1", "data": message("my-agent")
    });
    let answer = gateway.client.post("/events", event.to_string()).secret("ingest-secret").send().await;
    assert_eq!((answer.status.as_u16(), answer.json()["ids"][0].as_str()), (202, Some("evt_abc123def456")));
    let received = receiver.wait_for(1).await;
    assert_eq!(
        received[0].json(),
        json!({
            "id": "evt_abc123def456", "type": "message.sent", "timestamp": "2026-03-14T10:30:00Z",
            "instanceId": "node-1", "data": message("my-agent")
        })
    );
    assert_eq!(
        (received[0].target.as_str(), received[0].header("content-type")),
        ("/openclaw/events", "application/json")
    );
    assert_eq!(received[0].header("x-openclaw-signature"), "", "no secret, no signature");
    gateway.stop().await;
}

#[tokio::test]
async fn what_flows_do_is_told_without_saying_whose_they_are() {
    let receiver = Receiver::start().await;
    let members = format!("{}, events: ['flow.*', 'task.*']", receiver.members("/"));
    let mut gateway =
        Gateway::builder().route("a", "agent:secret-agent:main", "").endpoint("e", &members).start().await;
    let created = gateway.client.route("a", r#"{"action":"create_flow","goal":"g"}"#).send().await.result();
    let id = created["flow"]["flowId"].as_str().unwrap();
    let finish = json!({"action": "finish_flow", "flowId": id, "expectedRevision": 0}).to_string();
    assert_eq!(gateway.client.route("a", finish).send().await.status, 200);
    let received = receiver.wait_for(2).await;
    let mut told = kinds(&received);
    told.sort();
    assert_eq!(told, ["flow.created", "flow.finished"]);
    for request in received {
        assert_eq!(request.json()["data"]["flow"]["flowId"], id);
        assert!(!String::from_utf8_lossy(&request.body).contains("secret-agent"));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn only_the_agents_of_the_filter_are_told_of() {
    let receiver = Receiver::start().await;
    let members = format!(
        "{}, events: ['message.received', 'message.sent', 'flow.*'], filter: {{ agentIds: ['customer-support', 'hr-assistant'] }}",
        receiver.members("/api/logs")
    );
    let mut gateway = Gateway::builder()
        .ingest()
        .route("a", "agent:hr-assistant:main", "")
        .route("b", "agent:other:main", "")
        .endpoint("audit-log", &members)
        .start()
        .await;
    for (kind, agent) in [
        ("message.sent", "customer-support"),
        ("message.sent", "somebody"),
        ("session.created", "customer-support"),
        ("message.received", "hr-assistant"),
    ] {
        gateway.emit(kind, message(agent)).await;
    }
    // A flow's agent is the one in its session's key.
    for route in ["b", "a"] {
        gateway.client.route(route, r#"{"action":"create_flow","goal":"g"}"#).send().await;
    }
    let received = receiver.wait_for(3).await;
    let mut told = kinds(&received);
    told.sort();
    assert_eq!(told, ["flow.created", "message.received", "message.sent"]);
    gateway.stop().await;
}

#[tokio::test]
async fn filters_by_session_channel_and_expression_must_all_hold() {
    let receiver = Receiver::start().await;
    let members = format!(
        "{}, events: ['*'], filter: {{ sessionKeys: ['session-001'], channel: ['telegram', 'slack'], expr: 'data.usage.outputTokens > 400 && session == \"session-001\"' }}",
        receiver.members("/")
    );
    let mut gateway = Gateway::builder().ingest().endpoint("e", &members).start().await;
    let with = |member: &str, value: Value| {
        let mut data = message("a");
        data[member] = value;
        data
    };
    gateway.emit("message.sent", with("sessionId", json!("another"))).await;
    gateway.emit("message.sent", with("channel", json!("mail"))).await;
    gateway.emit("message.sent", with("usage", json!({"outputTokens": 400}))).await;
    gateway.emit("message.sent", with("usage", json!("not an object"))).await;
    gateway.emit("message.sent", with("channel", json!("slack"))).await;
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].json()["data"]["channel"], "slack");
    assert_eq!(gateway.deliveries_once("e", |_| true).await.len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn a_template_makes_the_body_and_headers_come_from_the_operator() {
    let receiver = Receiver::start().await;
    let members = format!(
        r#"{}, events: ["error.occurred"], headers: {{ "X-API-Key": "key-1", "content-type": "application/vnd.x+json" }},
        transform: {{ text: "🚨 OpenClaw 告警: {{{{data.error.message}}}}\nAgent: {{{{data.agentId}}}}\n时间: {{{{timestamp}}}}{{{{data.nothing}}}}" }}"#,
        receiver.members("/services/T00/B00/xxxxx")
    );
    let mut gateway = Gateway::builder().ingest().endpoint("slack-alert", &members).start().await;
    let event = json!({"type": "error.occurred", "timestamp": "2026-03-14T10:30:00Z", "data": {"agentId": "a\"b", "error": {"message": "boom"}}});
    gateway.client.post("/events", event.to_string()).secret("ingest-secret").send().await;
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].json(), json!({"text": "🚨 OpenClaw 告警: boom\nAgent: a\"b\n时间: 2026-03-14T10:30:00Z"}));
    assert_eq!(received[0].header("x-api-key"), "key-1");
    assert_eq!(received[0].header("content-type"), "application/vnd.x+json");
    gateway.stop().await;
}

#[tokio::test]
async fn a_delivery_keeps_its_id_over_its_tries_and_each_try_is_signed_anew() {
    let receiver = Receiver::statuses(&[500, 503, 200]).await;
    let members = format!(
        "{}, events: ['*'], secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', signing: 'both', retry: {{ maxAttempts: 3, backoffMs: 1000 }}",
        receiver.members("/")
    );
    let mut gateway = Gateway::builder().ingest().endpoint("e", &members).start().await;
    let id = gateway.emit("message.sent", message("a")).await;
    for tries in 1..3 {
        receiver.wait_for(tries).await;
        gateway
            .deliveries_once("e", |rows| rows[0].attempts as usize == tries && rows[0].state == DeliveryState::Due)
            .await;
        gateway.clock.advance(5_000);
    }
    let received = receiver.wait_for(3).await;
    let (row, attempts) = gateway.delivery_once("e", &[DeliveryState::Delivered]).await;
    assert_eq!(attempts.iter().map(|attempt| attempt.status).collect::<Vec<_>>(), [Some(500), Some(503), Some(200)]);
    for header in ["webhook-id", "x-openclaw-delivery"] {
        assert!(received.iter().all(|request| request.header(header) == received[0].header(header)), "{header}");
    }
    assert_eq!(
        (received[0].header("webhook-id"), received[0].header("x-openclaw-delivery")),
        (id.as_str(), row.id.as_str())
    );
    for header in ["x-openclaw-timestamp", "x-openclaw-signature", "webhook-timestamp", "webhook-signature"] {
        let mut values: Vec<_> = received.iter().map(|request| request.header(header)).collect();
        values.dedup();
        assert_eq!(values.len(), 3, "{header} is of the try: {values:?}");
    }
    assert!(received.iter().all(|request| request.body == received[0].body));
    gateway.stop().await;
}

#[tokio::test]
async fn deliveries_of_one_session_go_one_after_the_other_where_that_is_asked_for() {
    let receiver = Receiver::answering(|at, _| Verdict::status(if at == 0 { 500 } else { 200 })).await;
    let members =
        format!("{}, events: ['*'], ordering: 'session', retry: {{ backoffMs: 1000 }}", receiver.members("/"));
    let mut gateway = Gateway::builder().ingest().endpoint("e", &members).start().await;
    for (session, n) in [("s1", 1), ("s1", 2), ("s1", 3), ("s2", 4)] {
        gateway.emit("message.sent", json!({"sessionKey": session, "n": n})).await;
    }
    let numbers =
        |received: &[Received]| received.iter().map(|request| request.json()["data"]["n"].clone()).collect::<Vec<_>>();
    let received = receiver.wait_for(2).await;
    let mut first = numbers(&received);
    first.sort_by_key(Value::to_string);
    assert_eq!(first, [1, 4], "the second session does not wait for the first");
    gateway.deliveries_once("e", |rows| rows[0].state == DeliveryState::Due).await;
    gateway.clock.advance(2_000);
    let received = receiver.wait_for(5).await;
    let of_s1: Vec<_> = numbers(&received).into_iter().filter(|n| *n != 4).collect();
    assert_eq!(of_s1, [1, 1, 2, 3]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_rate_limit_lets_so_many_through_and_the_rest_in_their_time() {
    let receiver = Receiver::start().await;
    let members = format!("{}, events: ['*'], rateLimit: {{ requests: 3, perMs: 60000 }}", receiver.members("/"));
    let mut gateway = Gateway::builder().ingest().endpoint("e", &members).start().await;
    for n in 0..5 {
        gateway.emit("message.sent", json!({ "n": n })).await;
    }
    receiver.wait_for(3).await;
    gateway
        .deliveries_once("e", |rows| rows.iter().filter(|row| row.state == DeliveryState::Delivered).count() == 3)
        .await;
    assert_eq!(receiver.received().len(), 3);
    gateway.clock.advance(20_000);
    receiver.wait_for(4).await;
    gateway.clock.advance(20_000);
    receiver.wait_for(5).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gone_disables_an_endpoint_tells_the_others_and_is_undone_by_the_operator() {
    let gone = Receiver::statuses(&[410, 200]).await;
    let watcher = Receiver::start().await;
    let mut gateway = Gateway::builder()
        .ingest()
        .endpoint("gone", &format!("{}, events: ['message.*']", gone.members("/")))
        .endpoint("watcher", &format!("{}, events: ['endpoint.*', 'delivery.*']", watcher.members("/")))
        .start()
        .await;
    gateway.emit("message.sent", json!({"n": 1})).await;
    let mut told = watcher.wait_for(2).await;
    told.sort_by_key(|request| request.json()["type"].to_string());
    assert_eq!(kinds(&told), ["delivery.dead", "endpoint.disabled"]);
    assert_eq!(
        (told[0].json()["data"]["endpoint"].as_str(), told[0].json()["data"]["status"].as_u64()),
        (Some("gone"), Some(410))
    );
    assert!(told[1].json()["data"]["reason"].as_str().unwrap().contains("410"));

    gateway.emit("message.sent", json!({"n": 2})).await;
    let barrier = gateway.emit("endpoint-is.quiet", json!({})).await;
    assert!(barrier.starts_with("evt_"));
    gateway = gateway.restart().await;
    let states = gateway.store().endpoint_states().unwrap();
    assert!(states.iter().any(|state| state.name.as_str() == "gone" && state.disabled.is_some()), "{states:?}");
    assert_eq!(gone.received().len(), 1, "nothing more, also after a restart");

    gateway.operator(crate::PROGRAM, &["webhooks", "enable", "gone"]);
    gateway.operator(crate::PROGRAM, &["webhooks", "recover", "--endpoint", "gone", "--since", "2026-01-01T00:00:00Z"]);
    let mut numbers: Vec<_> =
        gone.wait_for(3).await[1..].iter().map(|request| request.json()["data"]["n"].clone()).collect();
    numbers.sort_by_key(Value::to_string);
    assert_eq!(numbers, [1, 2], "the one that died, and the one that was never made");
    gateway.stop().await;
}

#[tokio::test]
async fn the_breaker_leaves_a_failing_endpoint_alone_and_asks_with_one_probe() {
    let gate = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let works = gate.clone();
    let receiver = Receiver::answering(move |_, _| {
        Verdict::status(if works.load(std::sync::atomic::Ordering::SeqCst) { 200 } else { 500 })
    })
    .await;
    let members = format!(
        "{}, events: ['*'], maxInFlight: 1, retry: {{ maxAttempts: 50, backoffMs: 1 }}, breaker: {{ failures: 3, openMs: 30000 }}",
        receiver.members("/")
    );
    let mut gateway = Gateway::builder().ingest().endpoint("e", &members).start().await;
    for n in 0..10 {
        gateway.emit("message.sent", json!({ "n": n })).await;
    }
    let store = gateway.store();
    let opened = |times| {
        let store = store.clone();
        gateway_tests::eventually("the breaker opens", move || {
            let opens = store.endpoint_states().unwrap().first().map_or(0, |state| state.opens);
            async move { opens == times }
        })
    };
    receiver.wait_for(3).await;
    opened(1).await;
    gateway.clock.advance(29_000);
    assert_eq!(receiver.received().len(), 3);
    gateway.clock.advance(1_001);
    receiver.wait_for(4).await;
    opened(2).await;
    assert_eq!(receiver.received().len(), 4, "one probe, and it failed");
    gate.store(true, std::sync::atomic::Ordering::SeqCst);
    gateway.clock.advance(61_000);
    receiver.wait_for(14).await;
    gateway.deliveries_once("e", |rows| rows.iter().all(|row| row.state == DeliveryState::Delivered)).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_delivery_can_wait_for_a_component_that_is_not_there_yet() {
    let (late, plain) = (Receiver::start().await, Receiver::start().await);
    let with_component = format!(
        "{}, events: ['message.*'], transform: {{ plugin: 'late.wasm', onFailure: 'retry-after-swap' }}",
        late.members("/")
    );
    let mut gateway = Gateway::builder()
        .ingest()
        .endpoint("late", &with_component)
        .endpoint("plain", &format!("{}, events: ['message.*']", plain.members("/")))
        .start()
        .await;
    gateway.emit("message.sent", json!({"n": 1})).await;
    plain.wait_for(1).await;
    gateway.delivery_once("late", &[DeliveryState::Held]).await;
    gateway.drop_in("late.wasm", &guest("transform_echo"));
    late.wait_for(1).await;
    let (_, attempts) = gateway.delivery_once("late", &[DeliveryState::Delivered]).await;
    assert_eq!(
        (attempts.len(), late.received().len()),
        (2, 1),
        "the first was the transform's failure, and reached nobody"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn a_death_that_is_told_to_nobody_who_can_hear_it_ends_there() {
    let receiver = Receiver::statuses(&[400]).await;
    let members = format!("{}, events: ['*'], retry: {{ maxAttempts: 1 }}", receiver.members("/"));
    let mut gateway = Gateway::builder().ingest().endpoint("a", &members).endpoint("b", &members).start().await;
    gateway.emit("message.sent", json!({})).await;
    // Each hears of the other's death, and of nothing that came of hearing it.
    let rows = |name: &'static str| {
        gateway.deliveries_once(name, |rows| rows.len() == 2 && rows.iter().all(|row| row.state == DeliveryState::Dead))
    };
    assert_eq!(rows("a").await[1].kind, "delivery.dead");
    assert_eq!(rows("b").await[1].kind, "delivery.dead");
    gateway.emit("message.sent", json!({})).await;
    let after = gateway
        .deliveries_once("a", |rows| rows.len() >= 4 && rows.iter().all(|row| row.state == DeliveryState::Dead))
        .await;
    assert_eq!(after.len(), 4);
    gateway.stop().await;
}
