//! The doors for agents: guards in their order, bodies, and what is durable. The requests of the guides are in `seeds`.

use gateway_tests::{Answer, Gateway, GatewayBuilder, Post};
use sandclaw::model::RunState;
use sandclaw::store::RunQuery;
use serde_json::json;

const TOKEN: &str = "a-token-that-is-long-enough";

fn hooks(members: &str) -> GatewayBuilder {
    Gateway::builder().top(&format!("hooks: {{ enabled: true, token: '{TOKEN}', {members} }},"))
}

fn post(gateway: &Gateway, path: &str, body: &str) -> Post {
    gateway.client.post(path, body).secret(TOKEN)
}

fn is_text(answer: &Answer, status: u16, text: &str) {
    let found = (answer.status.as_u16(), answer.headers["content-type"].to_str().unwrap(), answer.text.as_str());
    assert_eq!(found, (status, "text/plain; charset=utf-8", text));
}

fn is_json(answer: &Answer, status: u16, body: serde_json::Value) {
    assert_eq!((answer.status.as_u16(), answer.json()), (status, body));
    assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guards_stand_in_openclaws_order() {
    let gateway = hooks("").start().await;
    let client = &gateway.client;
    let in_query = "Hook token must be provided via Authorization: Bearer <token> or X-OpenClaw-Token header (query parameters are not allowed).";
    is_text(&client.get("/hooks/wake?a=1&token=").await, 400, in_query);
    is_text(&post(&gateway, "/hooks/wake?token=x", "{}").send().await, 400, in_query);
    let answer = client.get("/hooks").await;
    assert_eq!(answer.headers["allow"], "POST");
    is_text(&answer, 405, "Method Not Allowed");
    is_text(&client.post("/hooks", "{bad").send().await, 401, "Unauthorized");
    is_text(&client.post("/hooks/nothing", "{bad").secret("wrong").send().await, 401, "Unauthorized");
    is_text(&post(&gateway, "/hooks", "{bad").send().await, 404, "Not Found");
    is_text(&post(&gateway, "/hooks/", "{}").send().await, 404, "Not Found");
    is_text(&post(&gateway, "/hooks/wake/", r#"{"text":"x"}"#).send().await, 404, "Not Found");
    is_text(&post(&gateway, "/hooks/nothing", "{}").send().await, 404, "Not Found");
    assert_eq!(post(&gateway, "/hooks//wake", r#"{"text":"x"}"#).send().await.status, 200);
    let elsewhere = client.get("/hooksX/wake?token=x").await;
    is_text(&elsewhere, 404, "Not Found");
    let malformed = post(&gateway, "/hooks/nothing", "{bad").send().await;
    let said = "Expected property name or '}' in JSON at position 1 (line 1 column 2)";
    is_json(&malformed, 400, json!({"ok": false, "error": said}));
}

#[tokio::test(flavor = "multi_thread")]
async fn either_header_carries_the_token_and_bearer_wins() {
    let gateway = hooks("").start().await;
    let wake = || gateway.client.post("/hooks/wake", r#"{"text":"x"}"#).content_type("text/weird");
    for (request, status) in [
        (wake().header("authorization", &format!("bEARER  {TOKEN} ")), 200),
        (wake().header("x-openclaw-token", TOKEN), 200),
        (wake().header("authorization", "Basic x").header("x-openclaw-token", TOKEN), 200),
        (wake().header("authorization", "Bearer ").header("x-openclaw-token", TOKEN), 200),
        (wake().header("authorization", "Bearer no").header("x-openclaw-token", TOKEN), 401),
        (wake().header("x-openclaw-webhook-secret", TOKEN), 401),
    ] {
        assert_eq!(request.send().await.status, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_twenty_first_wrong_token_of_a_minute_is_told_to_wait_and_a_right_one_is_not() {
    let gateway = hooks("").start().await;
    for _ in 0..20 {
        assert_eq!(gateway.client.post("/hooks/wake", "{}").send().await.status, 401);
    }
    let answer = gateway.client.post("/hooks/nothing", "{}").secret("wrong").send().await;
    assert_eq!(answer.headers["retry-after"], "60");
    is_text(&answer, 429, "Too Many Requests");
    assert_eq!(post(&gateway, "/hooks/wake", r#"{"text":"x"}"#).send().await.status, 200);
    assert_eq!(gateway.client.post("/hooks/wake", "{}").send().await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_openclaws_size_and_one_byte_more_is_too_many() {
    let gateway = hooks("allowedSessionKeyPrefixes: ['hook:'], presets: ['gmail']").start().await;
    let body = |size: usize| format!("{{\"text\":\"{}\"}}", "x".repeat(size - 11));
    assert_eq!(post(&gateway, "/hooks/wake", &body(262_144)).send().await.status, 200);
    let answer = post(&gateway, "/hooks/wake", &body(262_145)).send().await;
    is_json(&answer, 413, json!({"ok": false, "error": "payload too large"}));
    assert_eq!(post(&gateway, "/hooks/gmail", &body(300_000)).send().await.status, 204);
    for nothing in ["", " \n", "[]", "5", "null", "\"text\""] {
        let answer = post(&gateway, "/hooks/wake", nothing).send().await;
        is_json(&answer, 400, json!({"ok": false, "error": "text required"}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_after_a_restart_is_told_the_same() {
    let gateway = hooks("").start().await;
    let ask = |gateway: &Gateway| {
        post(gateway, "/hooks/agent", r#"{"message":"deploy"}"#).header("idempotency-key", "k").send()
    };
    let first = ask(&gateway).await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let gateway = gateway.restart().await;
    let again = ask(&gateway).await;
    assert_eq!((again.headers["idempotency-replayed"].to_str().unwrap(), &again.text), ("true", &first.text));
    let runs = gateway.store().runs(&RunQuery { recent: 10, ..RunQuery::default() }).unwrap();
    assert!(matches!(&runs[..], [run] if run.state == RunState::Queued && run.asked.message == "deploy"), "{runs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_waits_is_told_that_its_run_goes_on_when_its_time_is_over() {
    let gateway = hooks("").start().await;
    let body = r#"{"message":"x","waitForCompletion":true,"timeoutSeconds":1}"#;
    let answer = post(&gateway, "/hooks/agent", body).send().await;
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), body.as_object().unwrap().len()), (202, 2), "{body}");
    assert_eq!(body["ok"], true);
}

/// Direct requests are answered before mappings are looked at. A mapping of their names is reached with a slash behind them, as in OpenClaw, and has
/// the door's own guard.
#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_of_a_direct_name_answers_what_has_a_slash_behind_it() {
    let gateway = hooks("mappings: [{ match: { path: 'wake' }, messageTemplate: 'w' }]").start().await;
    for (path, body) in [("/hooks/wake", r#"{"text":"x"}"#), ("/hooks//agent", r#"{"message":"x"}"#)] {
        is_text(&gateway.client.post(path, body).send().await, 401, "Unauthorized");
        assert_eq!(post(&gateway, path, body).send().await.status, 200);
    }
    is_text(&gateway.client.post("/hooks/wake/", "{}").send().await, 401, "Unauthorized");
    assert_eq!(post(&gateway, "/hooks/wake/", "{}").send().await.json()["runId"].as_str().unwrap().len(), 36);
}

/// Anybody could guess at the token for ever otherwise, with a stop at the open name after every nineteenth guess.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_in_at_an_open_name_is_no_less_locked_out_of_the_others() {
    let open = "open: { agentId: 'ops', template: 'x', auth: 'none' }, own: { agentId: 'ops', template: 'x', secret: 'own-secret' }";
    let mappings = "mappings: [{ match: { path: 'open' }, auth: 'none', messageTemplate: 'x' }]";
    let builder = hooks(mappings).webhooks(&format!("inbound: {{ endpoints: {{ {open} }} }},"));
    let gateway = builder.start().await;
    for (guarded, open, secret) in
        [("/hooks/wake", "/hooks/open", TOKEN), ("/webhooks/inbound/own", "/webhooks/inbound/open", "own-secret")]
    {
        let ask = |path: &str, secret: &str| gateway.client.post(path, r#"{"text":"x"}"#).secret(secret).send();
        for guess in 0..20 {
            assert_eq!(ask(guarded, "wrong").await.status, 401, "{guess}");
            assert_eq!(ask(open, "wrong").await.status, 200, "{guess}");
        }
        assert_eq!(ask(guarded, "wrong").await.status, 429, "{guarded}");
        assert_eq!(ask(open, "wrong").await.status, 200);
        assert_eq!(ask(guarded, "wrong").await.status, 429, "{guarded}");
        // The right one has always come in, and makes the failures undone.
        assert_eq!(ask(guarded, secret).await.status, 200);
        assert_eq!(ask(guarded, "wrong").await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_at_an_open_mapping_have_a_pace() {
    let gateway = hooks("mappings: [{ match: { path: 'open' }, auth: 'none', messageTemplate: 'x' }]").start().await;
    for number in 0..120 {
        // Slashes make no other door of it.
        let path = if number % 2 == 0 { "/hooks/open" } else { "/hooks//open/" };
        assert_eq!(gateway.client.post(path, "{}").send().await.status, 200, "{number}");
    }
    assert_eq!(gateway.client.post("/hooks/open", "{}").send().await.status, 429);
    assert_eq!(post(&gateway, "/hooks/wake", r#"{"text":"x"}"#).send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn inbound_templates_are_served_behind_their_secrets() {
    let endpoints = "deploy: { agentId: 'devops-agent', template: '{{body.repo}} {{body.status}}' },
        own: { agentId: 'ops', template: 'x', secret: 'own-secret' }, open: { agentId: 'ops', template: 'x', auth: 'none' }";
    let inbound = format!("inbound: {{ endpoints: {{ {endpoints} }} }},");
    let gateway = Gateway::builder().webhooks(&format!("secret: 'shared-secret', {inbound}")).start().await;
    let at = |name: &str, body: &str| gateway.client.post(&format!("/webhooks/inbound/{name}"), body);
    let body = r#"{"repo":"my-app","status":"成功"}"#;
    for (request, status) in [
        (at("deploy", body), 401),
        (at("deploy", body).secret("own-secret"), 401),
        (at("deploy", body).secret("shared-secret"), 200),
        (at("deploy/", body).header("x-openclaw-token", "shared-secret"), 200),
        (at("own", body).secret("shared-secret"), 401),
        (at("own", body).secret("own-secret"), 200),
        (at("open", "not json"), 400),
        (at("open", ""), 200),
        (at("nothing", body).secret("shared-secret"), 404),
        (at("deploy", "[]").secret("shared-secret"), 400),
        (at("deploy?token=shared-secret", body), 400),
    ] {
        assert_eq!(request.send().await.status, status);
    }
    let runs = gateway.store().runs(&RunQuery { recent: 10, ..RunQuery::default() }).unwrap();
    assert_eq!(runs.last().unwrap().asked.message, "my-app 成功");

    let nobody = Gateway::builder().webhooks(&inbound.replace(", secret: 'own-secret'", "")).start().await;
    let refused = nobody.client.post("/webhooks/inbound/deploy", body).secret("").send().await;
    is_text(&refused, 401, "Unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transform_that_cannot_be_run_does_nothing() {
    let mapping = "mappings: [{ match: { path: 'x' }, messageTemplate: 'm', transform: { plugin: 'gone.wasm' } }]";
    let gateway = hooks(mapping).start().await;
    let answer = post(&gateway, "/hooks/x", "{}").send().await;
    is_json(&answer, 500, json!({"ok": false, "error": "hook mapping failed"}));
    assert!(gateway.store().runs(&RunQuery { recent: 10, ..RunQuery::default() }).unwrap().is_empty());
}
