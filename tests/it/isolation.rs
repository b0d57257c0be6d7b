//! P4: a guest cannot read or change another session's flows, nor learn that they exist.

use gateway_tests::Gateway;
use serde_json::{Value, json};

const ALL: &str = r#"grants: ["flow/read", "flow/change", "flow/cancel", "task/run"]"#;

#[tokio::test(flavor = "multi_thread")]
pub async fn tries_every_id() {
    let gateway =
        Gateway::builder().guest("tries_every_id", ALL).route("victim", "agent:victim:main", "").start().await;
    let create =
        |goal: &str| gateway.client.route("victim", json!({"action": "create_flow", "goal": goal}).to_string()).send();
    let secret = create("the other session's business").await.result()["flow"]["flowId"].as_str().unwrap().to_owned();
    let before = gateway.client.route("victim", r#"{"action":"list_flows"}"#).send().await.text;

    // A real foreign id, one that never was, the other session's key, and spellings that a careless query might trip over.
    let foreign = probe(&gateway, &secret).await;
    let unknown = probe(&gateway, "00000000-0000-4000-8000-000000000000").await;
    assert_eq!(foreign, unknown, "a foreign flow answers exactly as one that does not exist");
    for id in [
        "agent:victim:main",
        "%",
        "*",
        "' OR 1=1 --",
        "",
        "\u{0}",
        &secret.to_uppercase(),
        &format!("{secret} "),
        "agent:victim:main\u{0}",
    ] {
        let answers = probe(&gateway, id).await.to_string();
        assert!(
            !answers.contains("business") && !answers.contains(&secret) && !answers.contains("found {"),
            "{id:?}: {answers}"
        );
    }

    let after = gateway.client.route("victim", r#"{"action":"list_flows"}"#).send().await.text;
    assert_eq!(before, after, "nothing was changed");
}

async fn probe(gateway: &Gateway, id: &str) -> Value {
    let answer = gateway.client.route("tries_every_id", json!([id]).to_string()).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.result()
}
