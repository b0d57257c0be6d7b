use serde_json::json;

use super::super::RefusalCode;
use super::{START, check_refused, house, names, value};
use crate::json::JsonText;
use crate::model::{FlowStatus, Millis, SyncMode, TaskStatus};

#[tokio::test]
async fn a_flow_without_active_tasks_is_cancelled_at_once() {
    let house = house();
    let flow = house.create(r#"{"goal":"g","waitJson":{"k":1},"currentStep":"later"}"#).await;
    house.session.set_waiting(&flow, 0, r#"{"blockedSummary":"stuck","blockedTaskId":"t9"}"#).await.unwrap();
    house.put_task(&flow, |task| task.status = TaskStatus::Failed).await;
    house.clock.advance(1_000);
    let answer = house.session.cancel_flow(&flow).await.unwrap();
    assert_eq!(names(&answer), ["cancelled", "flow", "tasks"]);
    let answer = value(&answer);
    let now = START + 1_000;
    assert_eq!(answer["cancelled"], true);
    let flow = &answer["flow"];
    assert_eq!((&flow["status"], &flow["revision"], &flow["waitJson"]), (&json!("cancelled"), &json!(3), &json!(null)));
    assert_eq!(
        (&flow["cancelRequestedAt"], &flow["updatedAt"], &flow["endedAt"]),
        (&json!(now), &json!(now), &json!(now))
    );
    assert!(flow.get("blockedSummary").is_none() && flow.get("blockedTaskId").is_none());
    assert_eq!(flow["currentStep"], "later");
    assert_eq!(answer["tasks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_earlier_wish_is_kept_and_not_counted_again() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    house.session.request_cancel(&flow, 0).await.unwrap();
    house.clock.advance(1_000);
    let answer = value(&house.session.cancel_flow(&flow).await.unwrap());
    assert_eq!((&answer["flow"]["revision"], &answer["flow"]["cancelRequestedAt"]), (&json!(2), &json!(START)));
}

#[tokio::test]
async fn an_active_task_keeps_the_flow_open() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    house.put_task(&flow, |task| task.task = JsonText::string("older")).await;
    house.clock.advance(1_000);
    house.put_task(&flow, |task| task.task = JsonText::string("newer")).await;
    let answer = house.session.cancel_flow(&flow).await.unwrap();
    assert_eq!(names(&answer), ["cancelled", "reason", "flow", "tasks"]);
    let first = value(&answer);
    assert_eq!(
        (&first["cancelled"], &first["reason"]),
        (&json!(false), &json!("One or more child tasks are still active."))
    );
    assert_eq!((&first["flow"]["status"], &first["flow"]["revision"]), (&json!("queued"), &json!(1)));
    assert_eq!(first["flow"]["cancelRequestedAt"], START + 1_000);
    assert_eq!((&first["tasks"][0]["task"], &first["tasks"][1]["task"]), (&json!("newer"), &json!("older")));
    house.clock.advance(1_000);
    assert_eq!(value(&house.session.cancel_flow(&flow).await.unwrap()), first, "a second call changes nothing");
}

#[tokio::test]
async fn an_ended_flow_is_not_cancelled() {
    let house = house();
    let ends = [FlowStatus::Succeeded, FlowStatus::Failed, FlowStatus::Cancelled, FlowStatus::Lost];
    for status in ends {
        house.put_flow(status.as_str(), |flow| flow.status = status).await;
        let refused = house.session.cancel_flow(status.as_str()).await;
        let data = check_refused(refused, RefusalCode::Terminal, &format!("Flow is already {status}."));
        assert_eq!(data, json!({"flow": house.get(status.as_str()), "tasks": []}));
    }
}

#[tokio::test]
async fn mirrored_flows_can_be_cancelled_and_foreign_ones_are_unknown() {
    let house = house();
    house.put_flow("mirrored", |flow| flow.sync_mode = SyncMode::TaskMirrored).await;
    assert_eq!(value(&house.session.cancel_flow("mirrored").await.unwrap())["cancelled"], true);
    house.put_flow("foreign", |flow| flow.owner = crate::model::SessionKey::new("agent:ci:main")).await;
    for unknown in ["foreign", "nope"] {
        let refused = house.session.cancel_flow(unknown).await;
        assert_eq!(check_refused(refused, RefusalCode::NotFound, "TaskFlow not found."), json!({}));
    }
}

#[tokio::test]
async fn a_reopened_flow_can_be_cancelled_again() {
    let house = house();
    house
        .put_flow("f", |flow| {
            flow.cancel_requested_at = Some(Millis(7));
            flow.revision = 4;
        })
        .await;
    let answer = value(&house.session.cancel_flow("f").await.unwrap());
    assert_eq!((&answer["flow"]["revision"], &answer["flow"]["cancelRequestedAt"]), (&json!(5), &json!(7)));
}
