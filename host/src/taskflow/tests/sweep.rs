use serde_json::json;

use super::super::sweep::{once, run};
use super::{House, START, house};
use crate::json::JsonText;
use crate::model::{DeliveryStatus, FlowId, Millis, NotifyPolicy, Task, TaskRuntime, TaskStatus};
use crate::store::Swept;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

impl House {
    async fn sweep(&self) -> Swept {
        once(&self.flows, self.clock.now()).await.unwrap()
    }
}

fn backed(task: &mut Task) {
    task.child_session = Some(JsonText::string("agent:main:acp:worker"));
}

#[tokio::test]
async fn a_silent_task_with_a_child_session_is_lost() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    house.put_task(&flow, backed).await;
    house.put_task(&flow, |task| task.status = TaskStatus::Running).await;
    house.clock.advance(5 * MINUTE);
    assert_eq!(house.sweep().await, Swept::default(), "not yet");
    house.clock.advance(1);
    assert_eq!(house.sweep().await, Swept { tasks: 1, ..Swept::default() });
    let tasks = house.flows.tasks_of(&FlowId::new(flow.as_str())).unwrap();
    let lost = tasks.iter().find(|task| task.child_session.is_some()).unwrap();
    let now = START + 5 * MINUTE + 1;
    assert_eq!(
        (lost.status, lost.ended_at, lost.cleanup_after),
        (TaskStatus::Lost, Some(Millis(now)), Some(Millis(now + 7 * DAY)))
    );
    assert_eq!(lost.error, Some(JsonText::string("backing session missing")));
    let other = tasks.iter().find(|task| task.child_session.is_none()).unwrap();
    assert_eq!(other.status, TaskStatus::Running, "nobody knows where to look for it, so it stays");
    assert_eq!(house.get(&flow)["status"], "queued");
}

#[tokio::test]
async fn the_owner_is_told_of_a_lost_acp_task_unless_the_policy_is_silent() {
    use DeliveryStatus::{Pending, SessionQueued};
    for (runtime, notify, delivery, expected) in [
        (TaskRuntime::Acp, NotifyPolicy::DoneOnly, Pending, SessionQueued),
        (TaskRuntime::Acp, NotifyPolicy::StateChanges, Pending, SessionQueued),
        (TaskRuntime::Acp, NotifyPolicy::Silent, Pending, Pending),
        (TaskRuntime::Acp, NotifyPolicy::DoneOnly, DeliveryStatus::Delivered, DeliveryStatus::Delivered),
        (TaskRuntime::Subagent, NotifyPolicy::DoneOnly, Pending, Pending),
    ] {
        let house = house();
        let flow = house.create(r#"{"goal":"g"}"#).await;
        let put = house.put_task(&flow, |task| {
            backed(task);
            (task.runtime, task.notify, task.delivery) = (runtime, notify, delivery);
        });
        put.await;
        house.clock.advance(6 * MINUTE);
        house.sweep().await;
        let tasks = house.flows.tasks_of(&FlowId::new(flow.as_str())).unwrap();
        assert_eq!((tasks[0].status, tasks[0].delivery), (TaskStatus::Lost, expected), "{runtime} {notify}");
    }
}

#[tokio::test]
async fn a_cancellation_completes_when_the_last_active_task_is_lost() {
    let house = house();
    let flow = house.create(r#"{"goal":"g","waitJson":1}"#).await;
    house.put_task(&flow, backed).await;
    house.clock.advance(4 * MINUTE);
    house.put_task(&flow, backed).await;
    house.session.cancel_flow(&flow).await.unwrap();
    house.clock.advance(2 * MINUTE);
    assert_eq!(house.sweep().await, Swept { tasks: 1, ..Swept::default() }, "one is still active");
    assert_eq!(house.get(&flow)["status"], "queued");
    house.clock.advance(4 * MINUTE);
    assert_eq!(house.sweep().await, Swept { tasks: 1, flows: 1, ..Swept::default() });
    let ended = house.get(&flow);
    let now = house.clock.now().0;
    assert_eq!(
        (&ended["status"], &ended["endedAt"], &ended["updatedAt"]),
        (&json!("cancelled"), &json!(now), &json!(now))
    );
    assert_eq!((&ended["revision"], &ended["waitJson"]), (&json!(2), &json!(null)));
    assert_eq!(ended["cancelRequestedAt"], START + 4 * MINUTE);
}

#[tokio::test]
async fn a_wish_to_cancel_completes_though_there_never_was_a_task() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    let untouched = house.create(r#"{"goal":"untouched"}"#).await;
    let finished = house.create(r#"{"goal":"finished"}"#).await;
    house.session.request_cancel(&flow, 0).await.unwrap();
    house.session.request_cancel(&finished, 0).await.unwrap();
    house.session.finish_flow(&finished, 1, "{}").await.unwrap();
    house.clock.advance(5 * MINUTE);
    assert_eq!(house.sweep().await, Swept::default(), "not yet");
    house.clock.advance(1);
    assert_eq!(house.sweep().await, Swept { flows: 1, ..Swept::default() });
    assert_eq!(house.get(&flow)["status"], "cancelled");
    assert_eq!(house.get(&untouched)["status"], "queued");
    assert_eq!(house.get(&finished)["status"], "succeeded");
    assert_eq!(house.sweep().await, Swept::default(), "once is enough");
}

#[tokio::test]
async fn a_wish_to_cancel_waits_for_an_active_task() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    house.put_task(&flow, |_| {}).await;
    house.session.cancel_flow(&flow).await.unwrap();
    house.clock.advance(DAY);
    house.sweep().await;
    assert_eq!(house.get(&flow)["status"], "queued");
}

#[tokio::test]
async fn ended_tasks_are_deleted_in_time() {
    let house = house();
    let flow = house.create(r#"{"goal":"g"}"#).await;
    house.put_task(&flow, backed).await;
    house.clock.advance(6 * MINUTE);
    house.sweep().await;
    house.clock.advance(7 * DAY);
    assert_eq!(house.sweep().await, Swept::default(), "due in this very millisecond");
    assert_eq!(house.flows.find(&flow).unwrap().unwrap().tasks.len(), 1);
    house.clock.advance(1);
    assert_eq!(house.sweep().await, Swept { deleted: 1, ..Swept::default() });
    assert_eq!(house.flows.find(&flow).unwrap().unwrap().tasks.len(), 0);
}

#[tokio::test]
async fn a_long_backlog_is_worked_off_in_one_pass() {
    let house = house();
    for n in 0..450 {
        let fields = format!("f{n}");
        house.put_flow(&fields, |flow| flow.cancel_requested_at = Some(Millis(1))).await;
    }
    assert_eq!(house.sweep().await.flows, 450);
}

#[tokio::test]
async fn the_loop_ends_when_told_to() {
    let house = house();
    run(&house.flows, std::future::ready(())).await;
}
