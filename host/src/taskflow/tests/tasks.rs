use serde_json::{Value, json};

use super::super::RefusalCode;
use super::{House, START, check_refused, house, names, value};
use crate::json::JsonText;
use crate::model::{DeliveryStatus, FlowStatus, Millis, SyncMode, TaskRuntime, TaskStatus};

impl House {
    async fn run(&self, flow: &str, fields: &str) -> Value {
        self.clock.advance(1_000);
        let before = self.get(flow);
        let answer = self.session.run_task(flow, fields).await.unwrap();
        assert_eq!(names(&answer), ["flow", "task"]);
        let answer = value(&answer);
        assert_eq!(answer["flow"], before, "the flow stays as it was");
        answer["task"].clone()
    }

    fn total(&self, flow: &str) -> u64 {
        value(&self.session.get_task_summary(flow).unwrap().unwrap())["total"].as_u64().unwrap()
    }
}

#[tokio::test]
async fn a_task_of_nothing_but_a_runtime_and_a_text() {
    let house = house();
    let flow = house.create(r#"{"goal":"g","notifyPolicy":"silent"}"#).await;
    let answer = house.session.run_task(&flow, r#"{"runtime":"subagent","task":"  do it "}"#).await.unwrap();
    let id = value(&answer)["task"]["taskId"].as_str().unwrap().to_owned();
    let task = format!(
        r#"{{"taskId":"{id}","runtime":"subagent","parentFlowId":"{flow}","scopeKind":"session","task":"do it","status":"queued","deliveryStatus":"pending","notifyPolicy":"done_only","createdAt":{START},"lastEventAt":{START}}}"#
    );
    assert_eq!(answer, format!(r#"{{"flow":{},"task":{task}}}"#, house.session.get_flow(&flow).unwrap().unwrap()));
}

#[tokio::test]
async fn a_running_task_tells_when_and_how_far() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    let running = |more: &str| format!(r#"{{"runtime":"acp","task":"t","status":"running"{more}}}"#);
    let task = house.run(&flow, &running("")).await;
    assert_eq!((task.get("startedAt"), &task["lastEventAt"]), (None, &json!(START + 1_000)));
    let task = house.run(&flow, &running(r#","startedAt":17,"progressSummary":" half\n  way ""#)).await;
    assert_eq!(
        (&task["startedAt"], &task["lastEventAt"], &task["progressSummary"]),
        (&json!(17), &json!(17), &json!("half way"))
    );
    let task = house.run(&flow, &running(r#","startedAt":17,"lastEventAt":18,"progressSummary":null"#)).await;
    assert_eq!((&task["lastEventAt"], task.get("progressSummary")), (&json!(18), None));
}

#[tokio::test]
async fn flows_that_wait_or_are_blocked_take_tasks() {
    let house = house();
    for status in ["queued", "running", "waiting", "blocked"] {
        let flow = house.create(&format!(r#"{{"goal":"g","status":"{status}"}}"#)).await;
        house.run(&flow, r#"{"runtime":"acp","task":"t"}"#).await;
    }
}

#[tokio::test]
async fn refusals_come_in_openclaws_order() {
    let house = house();
    let refused = |flow: &'static str| house.session.run_task(flow, r#"{"runtime":"acp","task":"t"}"#);
    assert_eq!(check_refused(refused("nope").await, RefusalCode::NotFound, "TaskFlow not found."), json!({}));
    house.put_flow("foreign", |flow| flow.owner = crate::model::SessionKey::new("agent:ci:main")).await;
    check_refused(refused("foreign").await, RefusalCode::NotFound, "TaskFlow not found.");
    house
        .put_flow("mirrored", |flow| {
            flow.sync_mode = SyncMode::TaskMirrored;
            flow.cancel_requested_at = Some(Millis(1));
            flow.status = FlowStatus::Failed;
        })
        .await;
    let data =
        check_refused(refused("mirrored").await, RefusalCode::NotManaged, "Flow does not accept managed child tasks.");
    assert_eq!(data, json!({"flow": house.get("mirrored")}));
    house
        .put_flow("cancelled", |flow| {
            flow.cancel_requested_at = Some(Millis(1));
            flow.status = FlowStatus::Cancelled;
        })
        .await;
    let message = "Flow cancellation has already been requested.";
    let data = check_refused(refused("cancelled").await, RefusalCode::CancelRequested, message);
    assert_eq!(data, json!({"flow": house.get("cancelled")}));
    house.put_flow("ended", |flow| flow.status = FlowStatus::Succeeded).await;
    let data = check_refused(refused("ended").await, RefusalCode::Terminal, "Flow is already succeeded.");
    assert_eq!(data, json!({"flow": house.get("ended")}));
}

#[tokio::test]
async fn the_same_run_with_the_same_work_is_the_same_task() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    for runtime in ["acp", "subagent"] {
        let fields = format!(r#"{{"runtime":"{runtime}","runId":"run-1","label":"Label 1","task":"Task one"}}"#);
        assert_eq!(house.run(&flow, &fields).await, house.run(&flow, &fields).await);
    }
    assert_eq!(house.total(&flow), 2);
}

#[tokio::test]
async fn without_a_run_or_in_another_place_it_is_another_task() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    let other = house.create(r#"{"goal":"other"}"#).await;
    house.run(&flow, r#"{"runtime":"acp","task":"t"}"#).await;
    house.run(&flow, r#"{"runtime":"acp","task":"t"}"#).await;
    house.run(&flow, r#"{"runtime":"acp","task":"t","runId":"r"}"#).await;
    house.run(&flow, r#"{"runtime":"subagent","task":"t","runId":"r"}"#).await;
    house.run(&flow, r#"{"runtime":"acp","task":"t","runId":"r","childSessionKey":"c"}"#).await;
    assert_eq!(house.total(&flow), 5);
    house.run(&other, r#"{"runtime":"acp","task":"t","runId":"r"}"#).await;
    assert_eq!(house.total(&other), 1);
}

#[tokio::test]
async fn a_subagents_run_with_other_work_is_a_new_task() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    house.run(&flow, r#"{"runtime":"subagent","runId":"run-s","task":"S one"}"#).await;
    let two = house.run(&flow, r#"{"runtime":"subagent","runId":"run-s","task":"S two"}"#).await;
    let three = house.run(&flow, r#"{"runtime":"subagent","runId":"run-s","task":"S two","label":"l"}"#).await;
    assert_ne!(two["taskId"], three["taskId"]);
    assert_eq!(house.run(&flow, r#"{"runtime":"subagent","runId":"run-s","task":"S two"}"#).await, two);
    assert_eq!(house.total(&flow), 3);
}

#[tokio::test]
async fn an_acp_run_is_one_task_that_learns() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    let first = house.run(&flow, r#"{"runtime":"acp","runId":"r","task":"one","notifyPolicy":"silent"}"#).await;
    let fields = r#"{"runtime":"acp","runId":"r","task":"two","label":"l","sourceId":"s","parentTaskId":"p","agentId":"a","notifyPolicy":"state_changes"}"#;
    let learnt = house.run(&flow, fields).await;
    let mut expected = first.clone();
    for (name, value) in
        [("label", "l"), ("sourceId", "s"), ("parentTaskId", "p"), ("agentId", "a"), ("notifyPolicy", "state_changes")]
    {
        expected[name] = json!(value);
    }
    assert_eq!(learnt, expected, "what was missing is filled in, the text stays");
    let fields = r#"{"runtime":"acp","runId":"r","task":"three","label":"l3","sourceId":"s3","notifyPolicy":"silent"}"#;
    assert_eq!(house.run(&flow, fields).await, expected, "what is known stays");
    let fields = r#"{"runtime":"acp","runId":"r","task":"four","label":"l4","preferMetadata":true}"#;
    let preferred = house.run(&flow, fields).await;
    (expected["task"], expected["label"]) = (json!("four"), json!("l4"));
    assert_eq!(preferred, expected);
    assert_eq!(house.total(&flow), 1);
}

#[tokio::test]
async fn an_ended_run_that_is_asked_for_again_stays_ended_and_is_told_again() {
    for (delivery, expected) in [("session_queued", "pending"), ("failed", "pending"), ("delivered", "delivered")] {
        let house = house();
        let flow = house.create(r#"{"goal":"g"}"#).await;
        let put = house.put_task(&flow, |task| {
            (task.runtime, task.run) = (TaskRuntime::Acp, Some(JsonText::string("r1")));
            (task.status, task.ended_at) = (TaskStatus::Lost, Some(Millis(7)));
            task.delivery = DeliveryStatus::parse(delivery).unwrap();
        });
        put.await;
        let task = house.run(&flow, r#"{"runtime":"acp","runId":"r1","task":"t"}"#).await;
        assert_eq!(
            (&task["status"], &task["endedAt"], &task["deliveryStatus"]),
            (&json!("lost"), &json!(7), &json!(expected))
        );
        assert_eq!(house.total(&flow), 1);
    }
}

#[tokio::test]
async fn the_summary_counts_and_knows_nothing_of_others() {
    let house = house();
    assert_eq!(house.session.get_task_summary("nope").unwrap(), None);
    let flow = house.create(r#"{"goal":"g"}"#).await;
    house.run(&flow, r#"{"runtime":"acp","task":"t"}"#).await;
    house.run(&flow, r#"{"runtime":"subagent","task":"t","status":"running"}"#).await;
    house.put_task(&flow, |task| task.status = crate::model::TaskStatus::TimedOut).await;
    assert_eq!(
        house.session.get_task_summary(&flow).unwrap().unwrap(),
        concat!(
            r#"{"total":3,"active":2,"terminal":1,"failures":1,"byStatus":{"queued":1,"running":1,"succeeded":0,"failed":0,"#,
            r#""timed_out":1,"cancelled":0,"lost":0},"byRuntime":{"subagent":2,"acp":1,"cli":0,"cron":0}}"#
        )
    );
}
