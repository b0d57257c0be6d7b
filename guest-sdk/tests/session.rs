//! `MemorySession` keeps the rules that a host keeps, so a plugin's native tests mean something.

#![allow(clippy::unwrap_used, reason = "a test stops where it is surprised, in its helpers too")]

use sandclaw_sdk::testing::MemorySession;
use sandclaw_sdk::{Change, Flow, NewFlow, NewTask, Refusal, Session};
use serde_json::{Value, json};

fn create(session: &MemorySession) -> Flow {
    Flow::parse(&session.create_flow(&NewFlow::new("goal").to_json()).unwrap()).unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, Refusal>, code: &str) -> Refusal {
    let refusal = outcome.unwrap_err();
    assert_eq!(refusal.code, code, "{refusal}");
    refusal
}

#[test]
fn a_change_needs_the_current_revision_and_counts_it_up() {
    let session = MemorySession::new();
    let flow = create(&session);
    let change = Change::new().current_step(Some("wait")).wait_json(json!({"for": "ops"})).to_json();
    let waiting = Flow::parse(&session.set_waiting(&flow.flow_id, 0, &change).unwrap()).unwrap();
    assert_eq!(
        (waiting.status.as_str(), waiting.revision, waiting.current_step.as_deref()),
        ("waiting", 1, Some("wait"))
    );
    let refusal = refused(session.finish_flow(&flow.flow_id, 0, "{}"), "revision_conflict");
    let current: Value = serde_json::from_str(&refusal.data).unwrap();
    assert_eq!(current["current"]["revision"], 1);
    let finished = Flow::parse(&session.finish_flow(&flow.flow_id, 1, "{}").unwrap()).unwrap();
    assert!(finished.is_terminal() && finished.ended_at == Some(finished.updated_at));
}

#[test]
fn a_field_that_is_unknown_or_ill_typed_is_an_invalid_argument() {
    let session = MemorySession::new();
    let flow = create(&session);
    for fields in [
        "{}",
        "[]",
        "",
        r#"{"goal":""}"#,
        r#"{"goal":null}"#,
        r#"{"goal":"g","sessionKey":"x"}"#,
        r#"{"goal":"g","status":"failed"}"#,
    ] {
        refused(session.create_flow(fields), "invalid_argument");
    }
    refused(session.finish_flow(&flow.flow_id, 0, r#"{"waitJson":1}"#), "invalid_argument");
    let untouched = Flow::parse(&session.get_flow(&flow.flow_id).unwrap().unwrap()).unwrap();
    assert_eq!(untouched, flow);
}

#[test]
fn a_flow_of_another_session_does_not_exist() {
    let (ours, theirs) = (MemorySession::new(), MemorySession::new().with_key("agent:main:other"));
    let flow = create(&theirs);
    create(&ours);
    assert_eq!(ours.get_flow(&flow.flow_id), Ok(None));
    refused(ours.cancel_flow(&flow.flow_id), "not_found");
}

#[test]
fn pages_follow_each_other_to_the_end() {
    let session = MemorySession::new();
    let mut newest_first: Vec<String> = (0..5).map(|_| create(&session).flow_id).collect();
    newest_first.reverse();
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = session.list_flows(cursor.as_deref(), 2).unwrap();
        let flows: Vec<Flow> = serde_json::from_str(&page.flows).unwrap();
        seen.extend(flows.into_iter().map(|flow| flow.flow_id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, newest_first);
    refused(session.list_flows(Some("elsewhere"), 2), "invalid_argument");
}

#[test]
fn a_known_run_id_finds_its_task_again() {
    let session = MemorySession::new();
    let flow = create(&session);
    let run = |task: NewTask| {
        let told: Value = serde_json::from_str(&session.run_task(&flow.flow_id, &task.to_json()).unwrap()).unwrap();
        told["task"].clone()
    };
    let first = run(NewTask::new("acp", "t").run_id("r").notify_policy("silent"));
    let again = run(NewTask::new("acp", "other").run_id("r").agent_id("a"));
    assert_eq!((&again["taskId"], &again["task"], &again["agentId"]), (&first["taskId"], &json!("t"), &json!("a")));
    assert_eq!(again["notifyPolicy"], "done_only");
    let replaced = run(NewTask::new("acp", "other").run_id("r").prefer_metadata(true));
    assert_eq!((&replaced["taskId"], &replaced["task"]), (&first["taskId"], &json!("other")));
    let subagent = run(NewTask::new("subagent", "t").run_id("r"));
    assert_ne!(subagent["taskId"], first["taskId"]);
    let learned = run(NewTask::new("subagent", "t").run_id("r").agent_id("a"));
    assert_eq!((&learned["taskId"], &learned["agentId"]), (&subagent["taskId"], &json!("a")));
    assert_ne!(run(NewTask::new("subagent", "u").run_id("r"))["taskId"], subagent["taskId"]);
}

#[test]
fn a_cancelled_flow_waits_for_its_last_task() {
    let session = MemorySession::new();
    let flow = create(&session);
    let fields = NewTask::new("subagent", "t").status("running").started_at(7).progress_summary(" a \n b ").to_json();
    let told: Value = serde_json::from_str(&session.run_task(&flow.flow_id, &fields).unwrap()).unwrap();
    let task = &told["task"];
    assert_eq!(
        (&task["progressSummary"], &task["lastEventAt"], &told["flow"]["revision"]),
        (&json!("a b"), &json!(7), &json!(0))
    );
    assert!(session.cancel_flow(&flow.flow_id).unwrap().starts_with(r#"{"cancelled":false,"reason":"#));
    refused(session.run_task(&flow.flow_id, &fields), "cancel_requested");
    assert!(session.end_task(task["taskId"].as_str().unwrap(), "failed"));
    let cancelled = Flow::parse(&session.get_flow(&flow.flow_id).unwrap().unwrap()).unwrap();
    assert_eq!((cancelled.status.as_str(), cancelled.revision), ("cancelled", 2));
    refused(session.cancel_flow(&flow.flow_id), "terminal");
}

#[test]
fn a_mirrored_flow_can_be_seen_and_not_changed() {
    let session = MemorySession::new();
    let id = session.insert_mirrored("mirror");
    assert!(session.resolve_flow("agent:main:main").unwrap().unwrap().contains("task_mirrored"));
    refused(session.resume_flow(&id, 99, "{}"), "not_managed");
    refused(session.run_task(&id, &NewTask::new("acp", "t").to_json()), "not_managed");
}
