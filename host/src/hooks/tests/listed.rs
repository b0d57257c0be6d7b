use serde_json::json;

use super::*;
use crate::model::{RunKind, SessionMode};

const GUIDE: &str =
    "{ webhooks: { enabled: true, secret: 's', agents: { 'my-agent': { sessionKey: 'webhook-session' } } } }";

#[tokio::test]
async fn the_guides_first_request_is_answered_as_the_guide_says_and_more() {
    let bench = Bench::new(GUIDE);
    let told = bench.accepts("agent", r#"{"agent":"my-agent","message":"执行今日数据汇总任务"}"#).await;
    let asked = bench.run().asked;
    let expected =
        json!({"ok": true, "runId": asked.id.as_str(), "status": "ok", "session": "webhook-session", "queued": true});
    assert_eq!(told, expected);
    assert_eq!((asked.session.as_str(), asked.mode), ("webhook-session", SessionMode::Persistent));
}

#[tokio::test]
async fn an_agent_is_woken_without_a_text_if_it_is_named() {
    let bench = Bench::new(GUIDE);
    let told = bench.accepts("wake", r#"{"agent":"my-agent"}"#).await;
    let expected = json!({"ok": true, "mode": "now", "eventOutcome": "queued", "status": "ok", "session": "webhook-session", "queued": true});
    assert_eq!(told, expected);
    assert_eq!(bench.run().asked.kind, RunKind::Wake);
    bench.refuses("wake", "{}", "text required").await;
    bench.refuses("wake", r#"{"agent":"my-agent","text":""}"#, "text required").await;
}

#[tokio::test]
async fn only_listed_agents_are_there() {
    let bench = Bench::new("{ webhooks: { enabled: true, secret: 's', agents: { a: { sessionKey: 'sa' }, b: {} } } }");
    for body in [r#"{"message":"x","agent":"main"}"#, r#"{"message":"x","agentId":"main"}"#] {
        let said = bench.post("agent", body).await;
        assert_eq!((said.status, &said.body["error"]), (404, &json!("unknown agent \"main\"")), "{body}");
    }
    bench.refuses("agent", r#"{"message":"x"}"#, "agentId is required when multiple agents are configured").await;
    bench.accepts("agent", r#"{"message":"x","agentId":"A"}"#).await;
    bench.accepts("agent", r#"{"message":"x","agent":"b"}"#).await;
    let runs = bench.runs();
    assert_eq!(runs[0].asked.session.as_str(), "sa");
    assert!(runs[1].asked.session.as_str().starts_with("hook:") && runs[1].asked.mode == SessionMode::Isolated);
    assert_eq!(bench.post("anything", "{}").await.status, 404);
}

#[tokio::test]
async fn the_guides_own_session_needs_the_switch_that_says_so() {
    let body = r#"{"agent":"my-agent","message":"处理订单 #12345","sessionKey":"order-12345-session"}"#;
    let disabled = "sessionKey is disabled for externally supplied hook payload values; set hooks.allowRequestSessionKey=true to enable";
    Bench::new(GUIDE).refuses("agent", body, disabled).await;

    let open = Bench::new(&GUIDE.replace("enabled: true", "enabled: true, allowRequestSessionKey: true"));
    let told = open.accepts("agent", body).await;
    assert_eq!(told["session"], "order-12345-session");
    assert_eq!(open.run().asked.mode, SessionMode::Isolated);
}
