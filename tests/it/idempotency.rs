//! `Idempotency-Key` on plugin routes: a request that comes again gets the answer of the first, and changes nothing twice.

use gateway_tests::{Answer, Client, Gateway, Process};
use serde_json::{Value, json};

use crate::PROGRAM;

const CREATE: &str = r#"{"action":"create_flow","goal":"once"}"#;

async fn keyed(client: &Client, route: &str, key: &str, body: &str) -> Answer {
    client.route(route, body).header("idempotency-key", key).send().await
}

async fn flows(client: &Client, route: &str) -> usize {
    let listed = client.route(route, r#"{"action":"list_flows"}"#).send().await;
    listed.result()["flows"].as_array().unwrap().len()
}

#[track_caller]
fn is_repeat(first: &Answer, again: &Answer) {
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert!(!first.headers.contains_key("idempotency-replayed"));
    assert_eq!(again.headers["idempotency-replayed"], "true");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_again_with_its_key_gets_the_first_answer_and_changes_nothing() {
    let gateway = Gateway::builder().route("a", "agent:a:main", "").start().await;
    let client = &gateway.client;
    let first = keyed(client, "a", "k1", CREATE).await;
    let respelt = r#" { "action" : "create_flow", "goal" : "\u006fnce" } "#;
    is_repeat(&first, &keyed(client, "a", "k1", respelt).await);
    assert_eq!(flows(client, "a").await, 1);

    let finish = json!({"action": "finish_flow", "flowId": first.result()["flow"]["flowId"], "expectedRevision": 0});
    let finished = keyed(client, "a", "k2", &finish.to_string()).await;
    assert_eq!(finished.status, 200);
    is_repeat(&finished, &keyed(client, "a", "k2", &finish.to_string()).await);
    // Without the key it is a second request, and a late one.
    assert_eq!(client.route("a", finish.to_string()).send().await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_belongs_to_another_request_is_a_conflict_and_one_of_another_route_is_not() {
    let gateway = Gateway::builder().route("a", "agent:a:main", "").route("b", "agent:b:main", "").start().await;
    let client = &gateway.client;
    assert_eq!(keyed(client, "a", "k", CREATE).await.status, 200);
    let other = keyed(client, "a", "k", r#"{"action":"create_flow","goal":"another"}"#).await;
    assert_eq!((other.status.as_u16(), other.code()), (409, "idempotency_conflict".into()));
    assert_eq!(keyed(client, "b", "k", CREATE).await.status, 200);
    assert_eq!((flows(client, "a").await, flows(client, "b").await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_query_is_part_of_the_request() {
    let gateway = Gateway::builder().route("a", "agent:a:main", "").start().await;
    let sent = async |query: &str| {
        let post = gateway.client.post(&format!("/plugins/webhooks/a{query}"), CREATE).secret("secret-a");
        post.header("idempotency-key", "k").send().await
    };
    let first = sent("?tenant=1").await;
    assert_eq!((sent("?tenant=2").await.status.as_u16(), sent("").await.status.as_u16()), (409, 409));
    is_repeat(&first, &sent("?tenant=1").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_free_again_when_its_time_is_over_whether_or_not_it_has_been_swept_away() {
    let gateway = Gateway::builder().route("a", "agent:a:main", "").start().await;
    let other = r#"{"action":"create_flow","goal":"another"}"#;
    assert_eq!(keyed(&gateway.client, "a", "k", CREATE).await.status, 200);
    gateway.clock.advance(72 * 60 * 60 * 1000);
    assert_eq!(keyed(&gateway.client, "a", "k", other).await.status, 409);
    gateway.clock.advance(1);
    assert_eq!(keyed(&gateway.client, "a", "k", other).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_none_is_refused_before_anything_runs() {
    let gateway = Gateway::builder().route("a", "agent:a:main", "").start().await;
    let client = &gateway.client;
    for key in ["", "two words", &"k".repeat(256)] {
        let refused = keyed(client, "a", key, CREATE).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid_request".into()), "{key:?}");
    }
    let twice = client.route("a", CREATE).header("idempotency-key", "k").header("idempotency-key", "k").send().await;
    assert_eq!(twice.status, 400);
    assert_eq!(flows(client, "a").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_refused_may_come_again_when_it_can_be_done() {
    let gateway = Gateway::builder().route("a", "agent:a:main", "").start().await;
    let client = &gateway.client;
    let flow = client.route("a", CREATE).send().await.result()["flow"]["flowId"].clone();
    let step = json!({"action": "set_waiting", "flowId": flow, "expectedRevision": 0}).to_string();
    let early = json!({"action": "finish_flow", "flowId": flow, "expectedRevision": 1}).to_string();
    assert_eq!(keyed(client, "a", "k", &early).await.status, 409);
    assert_eq!(client.route("a", step).send().await.status, 200);
    let done = keyed(client, "a", "k", &early).await;
    assert_eq!(done.status, 200);
    is_repeat(&done, &keyed(client, "a", "k", &early).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_with_one_key_make_one_change_and_get_one_answer() {
    let gateway = Gateway::builder().route("a", "agent:a:main", "limits: { inFlight: 64 }").start().await;
    let senders: Vec<_> = (0..32)
        .map(|_| {
            let client = gateway.client.clone();
            tokio::spawn(async move { keyed(&client, "a", "k", CREATE).await })
        })
        .collect();
    let mut answers = Vec::new();
    for sender in senders {
        answers.push(sender.await.unwrap());
    }
    assert!(answers.iter().all(|answer| answer.text == answers[0].text), "{}", answers[0].text);
    let firsts = answers.iter().filter(|answer| !answer.headers.contains_key("idempotency-replayed")).count();
    assert_eq!((firsts, flows(&gateway.client, "a").await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_dies_between_its_change_and_its_answer_repeats_the_one_and_never_the_other() {
    let gateway =
        Gateway::builder().guest("traps_midway", r#"grants: ["flow/create"]"#).route("a", "agent:guest:main", "");
    let gateway = gateway.start().await;
    for _ in 0..2 {
        assert_eq!(keyed(&gateway.client, "traps_midway", "k", "{}").await.status, 500);
    }
    let store = gateway.store();
    assert_eq!(store.all_flows(None).unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_the_change_and_its_answer_loses_neither() {
    let (config, _folder) = Gateway::builder().route("a", "agent:a:main", "").write();
    let mut acknowledged: Vec<Value> = Vec::new();
    for round in 0..8_u64 {
        let gateway = Process::serve(PROGRAM, &config);
        let (client, key) = (gateway.client.clone(), format!("k{round}"));
        let sent =
            tokio::spawn(
                async move { client.route("a", CREATE).header("idempotency-key", &key).try_send().await.is_ok() },
            );
        tokio::time::sleep(std::time::Duration::from_micros(round * 700)).await;
        gateway.kill();
        sent.await.unwrap();
        let gateway = Process::serve(PROGRAM, &config);
        let answer = keyed(&gateway.client, "a", &format!("k{round}"), CREATE).await;
        assert_eq!(answer.status, 200);
        acknowledged.push(answer.result()["flow"]["flowId"].clone());
        assert_eq!(flows(&gateway.client, "a").await, acknowledged.len(), "round {round}");
    }
}
