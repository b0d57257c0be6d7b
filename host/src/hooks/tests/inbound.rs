use super::*;
use crate::model::{SessionMode, Trust};

fn door(members: &str) -> Bench {
    Bench::new(&format!(
        "{{ webhooks: {{ secret: 's', inbound: {{ endpoints: {{ deploy: {{ agentId: 'ops', {members} }} }} }} }} }}"
    ))
}

#[tokio::test]
async fn the_guides_deployment_is_told_to_its_agent() {
    let bench = door("template: '{{body.repo}} 的 {{body.branch}} 分支部署{{body.status}}'");
    let body = r#"{"repo":"my-app","branch":"main","status":"成功","commit":"abc123"}"#;
    let said = bench.inbound("deploy", &[], body).await;
    let asked = bench.run().asked;
    assert_eq!(asked.message, "my-app 的 main 分支部署成功");
    assert_eq!((asked.agent.as_str(), asked.origin.as_str(), asked.name.as_str()), ("ops", "inbound/deploy", "deploy"));
    assert_eq!((asked.trust, asked.mode), (Trust::External, SessionMode::Isolated));
    let expected = serde_json::json!({"ok": true, "runId": asked.id.as_str(), "status": "ok", "session": asked.session.as_str(), "queued": true});
    assert_eq!((said.status, said.body), (200, expected));
}

#[tokio::test]
async fn body_and_payload_are_two_names_of_one_thing() {
    let bench = door("template: '{{body.a}} {{payload.a}} {{a}} {{body}} {{headers.x}} {{query.q}} {{path}}'");
    bench.inbound("deploy", &[("x", "h")], r#"{"a":1,"body":{"a":2}}"#).await;
    assert_eq!(bench.run().asked.message, r#"1 1 1 {"a":1,"body":{"a":2}} h  deploy"#);
}

#[tokio::test]
async fn a_session_is_kept_by_its_key_and_repeats_are_one_run() {
    let bench = door("template: '{{body.status}}', sessionKey: 'ticket:{{body.id}}'");
    let key = &[("idempotency-key", "k")][..];
    let first = bench.inbound("deploy", key, r#"{"id":7,"status":"open"}"#).await;
    let again = bench.inbound("deploy", key, r#"{"id":7,"status":"open"}"#).await;
    assert_eq!((&again.body, again.is_replayed), (&first.body, true));
    assert_eq!((first.body["session"].as_str(), bench.run().asked.mode), (Some("ticket:7"), SessionMode::Persistent));
    let empty = bench.inbound("deploy", &[], r#"{"status":" "}"#).await;
    assert_eq!(
        (empty.status, empty.body["error"].as_str()),
        (400, Some("the template makes an empty message of this body"))
    );
}
