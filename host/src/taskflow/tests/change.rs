use serde_json::{Value, json};

use super::super::{Refusal, RefusalCode};
use super::{House, START, check_refused, house, value};
use crate::model::{FlowStatus, Millis, SyncMode};

const CONFLICT: &str = "TaskFlow changed since the caller's expected revision.";

impl House {
    /// Calls one of the five guarded functions by its name, a second later than whatever came before.
    async fn call(&self, function: &str, flow: &str, revision: u64, fields: &str) -> Result<String, Refusal> {
        self.clock.advance(1_000);
        match function {
            "set_waiting" => self.session.set_waiting(flow, revision, fields).await,
            "resume_flow" => self.session.resume_flow(flow, revision, fields).await,
            "finish_flow" => self.session.finish_flow(flow, revision, fields).await,
            "fail_flow" => self.session.fail_flow(flow, revision, fields).await,
            "request_cancel" => self.session.request_cancel(flow, revision).await,
            other => panic!("{other}"),
        }
    }

    async fn made(&self, function: &str, flow: &str, revision: u64, fields: &str) -> Value {
        let made = value(&self.call(function, flow, revision, fields).await.unwrap());
        assert_eq!(made["revision"], revision + 1);
        assert_eq!(made["updatedAt"], self.clock.now().0);
        assert_eq!(made, self.get(flow), "what is returned is what is stored");
        made
    }
}

const FIVE: [&str; 5] = ["set_waiting", "resume_flow", "finish_flow", "fail_flow", "request_cancel"];

/// A flow with everything set, as no single call makes it.
async fn full(house: &House, status: FlowStatus) {
    house
        .put_flow("f", |flow| {
            let text = |text| Some(crate::json::JsonText::string(text));
            flow.status = status;
            flow.current_step = text("step");
            flow.blocked_task = text("task");
            flow.blocked_summary = text("why");
            flow.state = text("state");
            flow.wait = text("wait");
            flow.ended_at = Some(Millis(5));
        })
        .await;
}

#[tokio::test]
async fn absent_keeps() {
    for (function, expected) in [
        ("set_waiting", json!(["waiting", "step", "state", "wait", "task", "why", null])),
        ("resume_flow", json!(["queued", "step", "state", null, null, null, null])),
        ("finish_flow", json!(["succeeded", "step", "state", null, null, null, START + 1_000])),
        ("fail_flow", json!(["failed", "step", "state", null, "task", "why", START + 1_000])),
        ("request_cancel", json!(["blocked", "step", "state", "wait", "task", "why", 5])),
    ] {
        let house = house();
        full(&house, FlowStatus::Blocked).await;
        let flow = house.made(function, "f", 0, "{}").await;
        let seen = ["status", "currentStep", "stateJson", "waitJson", "blockedTaskId", "blockedSummary", "endedAt"];
        assert_eq!(json!(seen.map(|name| flow.get(name).cloned().unwrap_or_default())), expected, "{function}");
    }
}

#[tokio::test]
async fn null_clears_and_a_value_sets() {
    let house = house();
    full(&house, FlowStatus::Queued).await;
    let all = r#"{"currentStep":null,"stateJson":null,"waitJson":null,"blockedTaskId":null,"blockedSummary":null}"#;
    let flow = house.made("set_waiting", "f", 0, all).await;
    assert_eq!(flow["status"], "waiting");
    for gone in ["currentStep", "blockedTaskId", "blockedSummary", "endedAt"] {
        assert!(flow.get(gone).is_none(), "{gone}");
    }
    for null in ["stateJson", "waitJson"] {
        assert_eq!(flow.get(null), Some(&Value::Null), "{null}");
    }
    let fields = r#"{"currentStep":" s2 ","stateJson":{"n":1},"waitJson":[2],"blockedSummary":"  needs a human "}"#;
    let flow = house.made("set_waiting", "f", 1, fields).await;
    assert_eq!((&flow["status"], &flow["currentStep"]), (&json!("blocked"), &json!("s2")));
    assert_eq!((&flow["stateJson"], &flow["waitJson"]), (&json!({"n": 1}), &json!([2])));
    assert_eq!(flow["blockedSummary"], "needs a human");
    let flow = house.made("resume_flow", "f", 2, r#"{"status":"running","currentStep":null,"stateJson":3}"#).await;
    assert_eq!((&flow["status"], &flow["stateJson"]), (&json!("running"), &json!(3)));
    assert!(flow.get("currentStep").is_none());
    let flow = house.made("fail_flow", "f", 3, r#"{"blockedTaskId":"t9","stateJson":4}"#).await;
    assert_eq!(
        (&flow["status"], &flow["blockedTaskId"], &flow["stateJson"]),
        (&json!("failed"), &json!("t9"), &json!(4))
    );
    let flow = house.made("finish_flow", "f", 4, r#"{"stateJson":5}"#).await;
    assert_eq!((&flow["status"], &flow["stateJson"]), (&json!("succeeded"), &json!(5)));
    assert!(flow.get("blockedTaskId").is_none());
}

#[tokio::test]
async fn blocked_means_that_this_call_said_so() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    let status = |made: &Value| made["status"].as_str().unwrap().to_owned();
    assert_eq!(status(&house.made("set_waiting", &flow, 0, r#"{"blockedTaskId":"t"}"#).await), "blocked");
    let made = house.made("set_waiting", &flow, 1, "{}").await;
    assert_eq!((status(&made).as_str(), &made["blockedTaskId"]), ("waiting", &json!("t")), "the reason stays");
    let made = house.made("set_waiting", &flow, 2, r#"{"blockedTaskId":null,"blockedSummary":"why"}"#).await;
    assert_eq!(status(&made), "blocked");
    assert_eq!(status(&house.made("set_waiting", &flow, 3, r#"{"blockedSummary":null}"#).await), "waiting");
}

#[tokio::test]
async fn an_ended_flow_moves_like_any_other() {
    for status in [FlowStatus::Succeeded, FlowStatus::Failed, FlowStatus::Cancelled, FlowStatus::Lost] {
        for function in FIVE {
            let house = house();
            full(&house, status).await;
            house.made(function, "f", 0, "{}").await;
        }
    }
}

#[tokio::test]
async fn a_repeated_wish_to_cancel_is_a_change_and_is_never_forgotten() {
    let house = house();
    let flow = house.create(r#"{"goal":"g","status":"running"}"#).await;
    house.made("request_cancel", &flow, 0, "").await;
    let again = house.made("request_cancel", &flow, 1, "").await;
    assert_eq!(again["cancelRequestedAt"], START + 2_000);
    assert_eq!(again["status"], "running");
    let resumed = house.made("resume_flow", &flow, 2, "{}").await;
    assert_eq!(resumed["cancelRequestedAt"], START + 2_000);
}

#[tokio::test]
async fn the_five_are_refused_alike() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    house.made("set_waiting", &flow, 0, "{}").await;
    house.put_flow("mirrored", |flow| flow.sync_mode = SyncMode::TaskMirrored).await;
    house.put_flow("foreign", |flow| flow.owner = crate::model::SessionKey::new("agent:ci:main")).await;
    for function in FIVE {
        for unknown in ["foreign", "flow_123", ""] {
            let refused = house.call(function, unknown, 0, "{}").await;
            let data = check_refused(refused, RefusalCode::NotFound, "TaskFlow not found.");
            assert_eq!(data, json!({}));
        }
        for revision in [0, 2, u64::MAX] {
            let data = check_refused(
                house.call(function, &flow, revision, "{}").await,
                RefusalCode::RevisionConflict,
                CONFLICT,
            );
            assert_eq!(data, json!({"current": house.get(&flow)}));
        }
        for revision in [0, 7] {
            let message = "TaskFlow is not managed by this webhook surface.";
            let data =
                check_refused(house.call(function, "mirrored", revision, "{}").await, RefusalCode::NotManaged, message);
            assert_eq!(data, json!({"current": house.get("mirrored")}));
        }
    }
    assert_eq!(house.get(&flow)["revision"], 1, "a refusal changes nothing");
}

#[tokio::test]
async fn of_two_who_believe_in_one_revision_one_wins() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    let (one, other) = tokio::join!(house.session.finish_flow(&flow, 0, "{}"), house.session.fail_flow(&flow, 0, "{}"));
    assert_eq!([&one, &other].iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(house.get(&flow)["revision"], 1);
}
