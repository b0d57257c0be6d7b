//! Flows through a bound session, on a real store in a temporary folder, with a clock that is moved by hand.

mod cancel;
mod change;
mod create;
mod fields;
mod operator;
mod sweep;
mod tasks;

use serde_json::Value;
use tempfile::TempDir;

use super::{Refusal, RefusalCode, Session, TaskFlows};
use crate::clock::Clock;
use crate::json::JsonText;
use crate::model::{
    DeliveryStatus, Flow, FlowId, FlowStatus, Ids, Millis, NotifyPolicy, ScopeKind, SessionKey, SyncMode, Task,
    TaskRuntime, TaskStatus,
};
use crate::store::{Recorded, Store, TaskDecision};

const START: i64 = 1_795_177_700_000;

struct House {
    _dir: TempDir,
    flows: TaskFlows,
    clock: Clock,
    session: Session,
}

fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::test(Millis(START));
    let store = Store::open(dir.path(), clock.clone()).unwrap();
    let flows = TaskFlows::new(store, clock.clone(), Ids);
    let session = flows.bind(SessionKey::new("agent:main:main"), "webhooks/zapier");
    House { _dir: dir, flows, clock, session }
}

impl House {
    /// Makes a flow and returns its id.
    async fn create(&self, fields: &str) -> String {
        id(&self.session.create_flow(fields).await.unwrap())
    }

    /// Stores a flow as no caller can make it.
    async fn put_flow(&self, id: &str, shape: impl FnOnce(&mut Flow)) {
        let mut flow = Flow {
            id: FlowId::new(id),
            owner: SessionKey::new("agent:main:main"),
            sync_mode: SyncMode::Managed,
            controller: None,
            current_step: None,
            blocked_task: None,
            blocked_summary: None,
            revision: 0,
            status: FlowStatus::Queued,
            notify: NotifyPolicy::DoneOnly,
            goal: JsonText::string("g"),
            state: None,
            wait: None,
            cancel_requested_at: None,
            created_at: self.clock.now(),
            updated_at: self.clock.now(),
            ended_at: None,
        };
        shape(&mut flow);
        self.flows.store.act(Store::create_flow(flow)).await.unwrap();
    }

    /// Stores a task as no caller can make it.
    async fn put_task(&self, flow: &str, shape: impl FnOnce(&mut Task)) {
        let mut task = Task {
            id: Ids.task(),
            owner: SessionKey::new("agent:main:main"),
            flow: FlowId::new(flow),
            runtime: TaskRuntime::Subagent,
            source: None,
            child_session: None,
            parent_task: None,
            agent: None,
            run: None,
            label: None,
            error: None,
            progress_summary: None,
            terminal_summary: None,
            terminal_outcome: None,
            scope: ScopeKind::Session,
            task: JsonText::string("t"),
            status: TaskStatus::Queued,
            delivery: DeliveryStatus::Pending,
            notify: NotifyPolicy::DoneOnly,
            created_at: self.clock.now(),
            started_at: None,
            ended_at: None,
            last_event_at: Some(self.clock.now()),
            cleanup_after: None,
        };
        shape(&mut task);
        let create = |_: &Flow, _: Option<&Task>, task: &Task| TaskDecision::<()>::Create(task.clone());
        assert!(matches!(self.flows.store.act(Store::run_task(task, None, create)).await.unwrap(), Recorded::Done(..)));
    }

    fn get(&self, id: &str) -> Value {
        value(&self.session.get_flow(id).unwrap().unwrap())
    }
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn id(flow: &str) -> String {
    value(flow)["flowId"].as_str().unwrap().to_owned()
}

/// Member names in the order in which they stand.
fn names(text: &str) -> Vec<String> {
    let text = crate::json::canonical(text.as_bytes()).unwrap();
    text.members().unwrap().into_iter().map(|(name, _)| name.into_owned()).collect()
}

#[track_caller]
fn check_refused<T: std::fmt::Debug>(outcome: Result<T, Refusal>, code: RefusalCode, message: &str) -> Value {
    let refusal = outcome.unwrap_err();
    assert_eq!((refusal.code, refusal.message.as_str()), (code, message));
    value(&refusal.data)
}
