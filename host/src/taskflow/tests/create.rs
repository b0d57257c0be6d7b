use serde_json::json;

use super::super::RefusalCode;
use super::{START, check_refused, house, id, names, value};
use crate::model::SessionKey;

#[tokio::test]
async fn a_flow_of_nothing_but_a_goal() {
    let house = house();
    let made = house.session.create_flow(r#"{"goal":"  padded goal\n"}"#).await.unwrap();
    let flow_id = id(&made);
    assert_eq!(flow_id.len(), 36);
    assert_eq!(
        made,
        format!(
            r#"{{"flowId":"{flow_id}","syncMode":"managed","controllerId":"webhooks/zapier","revision":0,"status":"queued","notifyPolicy":"done_only","goal":"padded goal","createdAt":{START},"updatedAt":{START}}}"#
        )
    );
    assert_eq!(house.session.get_flow(&flow_id).unwrap(), Some(made));
}

#[tokio::test]
async fn a_flow_with_everything() {
    let house = house();
    let fields = r#"{"goal":"Full flow","controllerId":" c/x ","status":"running","notifyPolicy":"state_changes","currentStep":" s ",
        "stateJson":{"a":1,"b":[true,null,"x",1.5],"__proto__":1},"waitJson":"just a string"}"#;
    let made = house.session.create_flow(fields).await.unwrap();
    let flow = value(&made);
    assert_eq!(flow["controllerId"], "c/x");
    assert_eq!(flow["currentStep"], "s");
    assert_eq!(flow["status"], "running");
    assert_eq!(flow["notifyPolicy"], "state_changes");
    assert_eq!(flow["stateJson"], json!({"a": 1, "b": [true, null, "x", 1.5]}));
    assert_eq!(flow["waitJson"], "just a string");
}

#[tokio::test]
async fn null_is_unset_for_a_string_and_null_for_json() {
    let house = house();
    let made = house.session.create_flow(r#"{"goal":"g","currentStep":null,"stateJson":null}"#).await.unwrap();
    assert!(!names(&made).contains(&"currentStep".to_owned()));
    assert!(!names(&made).contains(&"waitJson".to_owned()));
    assert!(made.contains(r#""stateJson":null"#));
}

#[tokio::test]
async fn waiting_and_blocked_are_stored_as_given() {
    let house = house();
    for status in ["queued", "running", "waiting", "blocked"] {
        let made = house.session.create_flow(&format!(r#"{{"goal":"g","status":"{status}"}}"#)).await.unwrap();
        assert_eq!(value(&made)["status"], status);
    }
}

#[tokio::test]
async fn lone_surrogates_and_nul_survive() {
    let house = house();
    let made = house.session.create_flow(r#"{"goal":"\ud800 \u0000"}"#).await.unwrap();
    assert!(made.contains(r#""goal":"\ud800 \u0000""#), "{made}");
    assert_eq!(house.session.find_latest_flow().unwrap(), Some(made));
}

#[tokio::test]
async fn a_token_is_a_flow_id_or_the_sessions_own_key() {
    let house = house();
    assert_eq!(house.session.resolve_flow("agent:main:main").unwrap(), None);
    let first = house.create(r#"{"goal":"1"}"#).await;
    house.clock.advance(1);
    let second = house.create(r#"{"goal":"2"}"#).await;
    let resolved = |token: &str| house.session.resolve_flow(token).unwrap().map(|flow| id(&flow));
    assert_eq!(resolved(&first), Some(first));
    assert_eq!(resolved("agent:main:main"), Some(second.clone()));
    assert_eq!(resolved("agent:main:Main"), None);
    assert_eq!(resolved("nope"), None);
    let other = house.flows.bind(SessionKey::new("agent:ci:main"), "webhooks/ci");
    assert_eq!(other.resolve_flow("agent:main:main").unwrap(), None);
    assert_eq!(other.resolve_flow(&second).unwrap(), None);
}

#[tokio::test]
async fn two_bindings_of_one_session_see_each_others_flows() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    let twin = house.flows.bind(SessionKey::new("agent:main:main"), "webhooks/twin");
    assert!(twin.get_flow(&flow).unwrap().is_some());
}

#[tokio::test]
async fn lists_are_paged_by_a_cursor_that_tells_nothing_new() {
    let house = house();
    let mut made = Vec::new();
    for goal in 0..3 {
        made.insert(0, house.create(&format!(r#"{{"goal":"{goal}"}}"#)).await);
        house.clock.advance(1);
    }
    let first = house.session.list_flows(None, 2).unwrap();
    assert_eq!(first.next.as_deref(), Some(made[1].as_str()));
    let rest = house.session.list_flows(first.next.as_deref(), u32::MAX).unwrap();
    assert_eq!(rest.next, None);
    assert_eq!(value(&rest.flows)[0]["flowId"], *made[2]);
    let refused = house.session.list_flows(None, 0);
    check_refused(refused, RefusalCode::InvalidArgument, "limit: must be at least 1");
    let other = house.flows.bind(SessionKey::new("agent:ci:main"), "webhooks/ci");
    let refused = other.list_flows(Some(&made[0]), 1);
    let message = "cursor: not one that list-flows returned; start again without one";
    check_refused(refused, RefusalCode::InvalidArgument, message);
}

#[tokio::test]
async fn a_closed_store_is_persist_failed_and_says_no_more() {
    let house = house();
    house.flows.store.close().await;
    let refused = house.session.create_flow(r#"{"goal":"g"}"#).await;
    check_refused(refused, RefusalCode::PersistFailed, "TaskFlow persistence failed.");
    check_refused(house.session.get_flow("f"), RefusalCode::PersistFailed, "TaskFlow persistence failed.");
}
