//! The door for events: who may hand them in, what an event must be, and that an answer of 202 means the disk has them.

use gateway_tests::{Answer, Gateway, GatewayBuilder, Post, Wire, eventually};
use sandclaw::model::{EndpointName, JobId, Millis};
use sandclaw::store::{Recovery, Store};
use serde_json::{Value, json};

const SENT: &str = r#"{"type":"message.sent","data":{"agentId":"a","sessionId":"s"}}"#;

fn builder() -> GatewayBuilder {
    Gateway::builder().top("webhooks: { ingest: { path: '/events', secret: 's', limits: { bodyKiB: 64 } } },")
}

fn post(gateway: &Gateway, body: impl Into<String>) -> Post {
    gateway.client.post("/events", body).secret("s")
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
    let ids = answer.json()["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    assert_eq!(answer.json()["ok"], true);
    ids
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, sentence: &str) {
    let expected = json!({ "ok": false, "code": code, "error": sentence });
    assert_eq!((answer.status.as_u16(), answer.json()), (status, expected));
}

/// The events of this id, as the store has them. Whoever recovers everything since ever is told of every event.
fn stored(gateway: &Gateway, id: &str) -> Vec<Value> {
    let store = Store::open_beside(&gateway.path().join("state")).unwrap();
    let everything = Recovery {
        id: JobId::new("job_x"),
        endpoint: EndpointName::new("nobody"),
        since: Millis(0),
        until: i64::MAX,
        cursor: 0,
        revived: 0,
        created: 0,
        is_done: false,
        created_at: Millis(0),
    };
    let events = store.recoverable(&everything, 10_000).unwrap().into_iter().map(|(event, _)| event);
    events
        .filter(|event| event.id.as_str() == id)
        .map(|event| json!([event.kind, event.timestamp, event.session.map(|session| session.to_string()), event.data]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_event_is_there_after_a_restart() {
    let gateway = builder().start().await;
    let body = r#"{"id":"evt_1","type":"message.sent","timestamp":"2026-03-14T18:30:00+08:00","data":{"sessionId":"s","n":1.0}}"#;
    assert_eq!(ids(&post(&gateway, body).send().await), ["evt_1"]);
    let gateway = gateway.restart().await;
    assert_eq!(
        stored(&gateway, "evt_1"),
        [json!(["message.sent", "2026-03-14T10:30:00Z", "s", r#"{"sessionId":"s","n":1}"#])]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_is_taken_whole_or_not_at_all() {
    let gateway = builder().start().await;
    let event = |id: &str, kind: &str| json!({ "id": id, "type": kind, "data": {} });
    let good = json!([event("evt_a", "a.b"), event("evt_b", "a.b")]).to_string();
    assert_eq!(ids(&post(&gateway, good).send().await), ["evt_a", "evt_b"]);
    let bad = json!([event("evt_c", "a.b"), event("evt_d", "A.B")]).to_string();
    let rule = "[1].type: must be lower-case words with dots between them, such as `message.sent`";
    refused(&post(&gateway, bad).send().await, 400, "invalid_request", rule);
    assert_eq!(stored(&gateway, "evt_c"), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_twice_counts_once() {
    let gateway = builder().start().await;
    let keyed = |body: &str| post(&gateway, body).header("idempotency-key", "k-1").send();
    let first = keyed(SENT).await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let again = keyed(&SENT.replace("\"data\":", " \"data\" : ")).await;
    assert_eq!(ids(&first), ids(&again), "and in another spelling it is the same request");
    assert_eq!(again.headers["idempotency-replayed"], "true");
    refused(
        &keyed(r#"{"type":"message.sent","data":{}}"#).await,
        409,
        "idempotency_conflict",
        "this idempotency key was used for another request; send the same body again, or take a new key",
    );
    assert_ne!(ids(&first), ids(&post(&gateway, SENT).send().await), "without a key it is another request");
    for key in ["", " ", "a b", &"k".repeat(256)] {
        let answer = post(&gateway, SENT).header("idempotency-key", key).send().await;
        refused(&answer, 400, "invalid_request", "Idempotency-Key: must be 1 to 255 visible ASCII characters");
    }
    let twice = post(&gateway, SENT).header("idempotency-key", "a").header("idempotency-key", "b").send().await;
    refused(&twice, 400, "invalid_request", "Idempotency-Key: sent more than once; send one");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_that_comes_from_everywhere_at_once_counts_once() {
    let gateway = builder().start().await;
    let sending: Vec<_> =
        (0..64).map(|_| tokio::spawn(post(&gateway, SENT).header("idempotency-key", "replayed").send())).collect();
    let mut fresh = 0;
    let mut told = std::collections::HashSet::new();
    for sent in sending {
        let answer = sent.await.unwrap();
        fresh += usize::from(!answer.headers.contains_key("idempotency-replayed"));
        told.extend(ids(&answer));
    }
    assert_eq!((fresh, told.len()), (1, 1), "one made the event, and all were told its id");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_one_event_however_often_it_comes() {
    let gateway = builder().start().await;
    let event = |n: u32| format!(r#"{{"id":"evt_same","type":"a.b","data":{{"n":{n}}}}}"#);
    assert_eq!(ids(&post(&gateway, event(1)).send().await), ["evt_same"]);
    assert_eq!(ids(&post(&gateway, event(1)).send().await), ["evt_same"]);
    let sentence = "there is an event evt_same already and it says something else; take a new id";
    refused(&post(&gateway, event(2)).send().await, 409, "event_conflict", sentence);
    assert_eq!(stored(&gateway, "evt_same").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_make_an_event_of_the_gateway_itself() {
    let gateway = builder().start().await;
    for prefix in ["flow.", "task.", "plugin.", "endpoint.", "delivery.", "webhook."] {
        let answer = post(&gateway, format!(r#"{{"type":"{prefix}created","data":{{}}}}"#)).send().await;
        let sentence = format!("type: `{prefix}*` is reserved for events of the gateway itself; use another word");
        refused(&answer, 400, "invalid_request", &sentence);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_presents_the_token_hands_anything_in() {
    let gateway = builder().start().await;
    let bare = || gateway.client.post("/events", SENT);
    for (request, status) in [
        (bare().header("authorization", "Bearer s"), 202),
        (bare().header("authorization", "bearer s"), 202),
        (bare().header("x-openclaw-token", "s"), 202),
        (bare().header("authorization", "Bearer").header("x-openclaw-token", "s"), 202),
        (bare().header("authorization", "Basic x").header("x-openclaw-token", "s"), 202),
        (bare(), 401),
        (bare().secret("wrong"), 401),
        (bare().secret("wrong").header("x-openclaw-token", "s"), 401),
        (bare().header("x-openclaw-webhook-secret", "s"), 401),
        (bare().header("x-openclaw-token", "s").header("x-openclaw-token", "s"), 401),
    ] {
        let answer = request.send().await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
        if status == 401 {
            assert_eq!(answer.text, "unauthorized");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_query_is_an_error_whatever_else_is_sent() {
    let gateway = builder().start().await;
    let sentence = "Hook token must be provided via Authorization: Bearer <token> or X-OpenClaw-Token header (query parameters are not allowed).";
    refused(&gateway.client.post("/events?token=s", SENT).send().await, 400, "invalid_request", sentence);
    refused(&gateway.client.post("/events?a&token", SENT).secret("s").send().await, 400, "invalid_request", sentence);
    refused(&gateway.client.get("/events?token=s").await, 400, "invalid_request", sentence);
    ids(&gateway.client.post("/events?from=here", SENT).secret("s").send().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guards_of_this_door_speak_in_their_order() {
    let gateway = builder().start().await;
    let get = gateway.client.get("/events").await;
    assert_eq!((get.status.as_u16(), &get.headers["allow"]), (405, &"POST".parse().unwrap()));
    assert_eq!(gateway.client.post("/events", SENT).content_type("text/plain").send().await.status, 415);
    assert_eq!(gateway.client.post("/events", "{bad").send().await.status, 401);
    refused(&post(&gateway, "{bad").send().await, 400, "invalid_request", "not valid JSON: unexpected input at byte 1");
    assert_eq!(
        gateway.client.post("/events/", SENT).secret("s").send().await.status,
        202,
        "one slash at the end is nothing"
    );
    assert_eq!(gateway.client.post("/events/x", SENT).secret("s").send().await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_no_byte_of_a_body_is_waited_for() {
    let gateway = builder().start().await;
    let head = "POST /events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 60000\r\n";
    let mut wire = Wire::open(gateway.address());
    wire.send(format!("{head}\r\n").as_bytes());
    assert_eq!(wire.reply(false).unwrap().map(|reply| (reply.status, reply.body)), Some((401, "unauthorized".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_not_taken() {
    let gateway = builder().start().await;
    let body = format!(r#"{{"type":"a.b","data":{{"x":"{}"}}}}"#, "x".repeat(64 << 10));
    let answer = post(&gateway, body).send().await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (413, "Payload too large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_without_its_secret_is_not_there_until_it_has_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let top = format!(
        "secrets: {{ refreshMs: 100, providers: {{ vault: {{ source: 'file', path: '{}', mode: 'singleValue' }} }} }}, \
         webhooks: {{ ingest: {{ path: '/events', secret: {{ source: 'file', provider: 'vault', id: 'value' }} }} }},",
        file.display()
    );
    let gateway = Gateway::builder().top(&top).start().await;
    assert_eq!(post(&gateway, SENT).send().await.status, 404);
    std::fs::write(&file, "s").unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, private).unwrap();
    eventually("the door opens", || async { post(&gateway, SENT).send().await.status == 202 }).await;
}
