//! What a guest can do with flows. The session is bound here, before the guest starts; no function takes one, so there is nothing
//! to check and nothing to forget.

use std::sync::Arc;

use super::fields;
use super::journal::{Journal, asked};
use super::refusal::{Forbidden, Refusal};
use super::rules::{self, Move};
use super::{Cancelled, TaskFlows, task_rules};
use crate::json::JsonText;
use crate::model::{DeliveryStatus, Digest, Flow, FlowId, Millis, ScopeKind, SessionKey, SyncMode, Task};
use crate::store::{Changed, Decision, Once, Op, Recorded, Store, StoreError};

/// Most flows in one page of a list.
const PAGE_FLOWS_MAX: u32 = 1000;

/// The flows of one session. Cheap to clone. Texts are JSON unless said otherwise; the functions mean what `wit/flows.wit` says.
#[derive(Clone)]
pub struct Session {
    bound: Arc<Bound>,
    journal: Option<Arc<Journal>>,
}

struct Bound {
    flows: TaskFlows,
    owner: SessionKey,
    /// Of flows that are created without one, a JSON string.
    controller: JsonText,
}

/// A run of flows, and where the next one starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowPage {
    /// A JSON array.
    pub flows: String,
    /// The cursor to go on with, plain text; absent at the end.
    pub next: Option<String>,
}

impl Session {
    pub(super) fn new(flows: TaskFlows, owner: SessionKey, controller_id: &str) -> Self {
        let bound = Bound { flows, owner, controller: JsonText::string(controller_id) };
        Self { bound: Arc::new(bound), journal: None }
    }

    /// The same session for one request, whose changes are to be made once however often it comes.
    pub fn within(&self, once: Once) -> Self {
        Self { bound: self.bound.clone(), journal: Some(Arc::new(Journal::new(once))) }
    }

    /// The flows of another session, for the same component: flows that it creates without a controller have the same one.
    pub fn of(&self, owner: SessionKey) -> Self {
        let Bound { flows, controller, .. } = &*self.bound;
        Self { bound: Arc::new(Bound { flows: flows.clone(), owner, controller: controller.clone() }), journal: None }
    }

    /// Whether a change of this request was made by an earlier one.
    pub fn is_repeat(&self) -> bool {
        self.journal.as_ref().is_some_and(|journal| journal.is_repeat())
    }

    /// The flow with this id, or nothing.
    pub fn get_flow(&self, flow_id: &str) -> Result<Option<String>, Refusal> {
        persisted(self.bound.flows.store.flow_view(&self.bound.owner, flow_id))
    }

    /// The session's flows, newest created first, at most `limit` behind `cursor`. A page may be shorter than `limit` where flows are
    /// large; `next` tells whether there is more.
    pub fn list_flows(&self, cursor: Option<&str>, limit: u32) -> Result<FlowPage, Refusal> {
        if limit == 0 {
            return Err(Refusal::invalid("limit", "must be at least 1"));
        }
        // A cursor is the id of the page's last flow: it tells a guest nothing that the page did not, where a row number would
        // tell how many flows other sessions have.
        match persisted(self.bound.flows.store.flow_views(&self.bound.owner, cursor, limit.min(PAGE_FLOWS_MAX)))? {
            Some(page) => Ok(FlowPage { flows: page.flows, next: page.next.map(|id| id.as_str().to_owned()) }),
            None => Err(Refusal::invalid("cursor", "not one that list-flows returned; start again without one")),
        }
    }

    /// The flow created last, or nothing.
    pub fn find_latest_flow(&self) -> Result<Option<String>, Refusal> {
        persisted(self.bound.flows.store.latest_flow_view(&self.bound.owner))
    }

    /// The flow with this id, or the latest one if `token` is the session's own key, or nothing.
    pub fn resolve_flow(&self, token: &str) -> Result<Option<String>, Refusal> {
        match self.get_flow(token)? {
            None if token == self.bound.owner.as_str() => self.find_latest_flow(),
            found => Ok(found),
        }
    }

    /// Counts of a flow's tasks, or nothing.
    pub fn get_task_summary(&self, flow_id: &str) -> Result<Option<String>, Refusal> {
        let counts = persisted(self.bound.flows.store.task_counts(&self.bound.owner, flow_id))?;
        Ok(counts.map(|counts| counts.view()))
    }

    /// Makes a managed flow; returns it.
    pub async fn create_flow(&self, fields: &str) -> Result<String, Refusal> {
        let new = fields::new_flow(fields)?;
        let now = self.bound.flows.clock.now();
        let flow = Flow {
            id: self.bound.flows.ids.flow(),
            owner: self.bound.owner.clone(),
            sync_mode: SyncMode::Managed,
            controller: Some(new.controller.unwrap_or_else(|| self.bound.controller.clone())),
            current_step: new.current_step,
            blocked_task: None,
            blocked_summary: None,
            revision: 0,
            status: new.status,
            notify: new.notify,
            goal: new.goal,
            state: new.state,
            wait: new.wait,
            cancel_requested_at: None,
            created_at: now,
            updated_at: now,
            ended_at: None,
        };
        self.act(Store::create_flow(flow), || asked("create-flow", &[fields]), |flow| Ok(flow.view())).await
    }

    /// Makes a flow wait; returns it.
    pub async fn set_waiting(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<String, Refusal> {
        self.change("set-waiting", flow_id, expected_revision, fields, fields::set_waiting(fields)?).await
    }

    /// Makes a flow go on; returns it.
    pub async fn resume_flow(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<String, Refusal> {
        self.change("resume-flow", flow_id, expected_revision, fields, fields::resume(fields)?).await
    }

    /// Ends a flow well; returns it.
    pub async fn finish_flow(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<String, Refusal> {
        self.change("finish-flow", flow_id, expected_revision, fields, fields::finish(fields)?).await
    }

    /// Ends a flow badly; returns it.
    pub async fn fail_flow(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<String, Refusal> {
        self.change("fail-flow", flow_id, expected_revision, fields, fields::fail(fields)?).await
    }

    /// Notes that cancellation is wanted; returns the flow.
    pub async fn request_cancel(&self, flow_id: &str, expected_revision: u64) -> Result<String, Refusal> {
        self.change("request-cancel", flow_id, expected_revision, "", Move::RequestCancel).await
    }

    /// Cancels a flow, or notes that it shall be once its active tasks have ended. Returns
    /// `{"cancelled", "reason"?, "flow", "tasks"}`.
    pub async fn cancel_flow(&self, flow_id: &str) -> Result<String, Refusal> {
        let op = self.bound.flows.cancel(&self.bound.owner, flow_id);
        self.act(op, || asked("cancel-flow", &[flow_id]), cancelled).await
    }

    /// Records a child task, and stores its run if an agent of ours serves it; returns `{"flow", "task"}`.
    pub async fn run_task(&self, flow_id: &str, fields: &str) -> Result<String, Refusal> {
        let new = fields::new_task(fields)?;
        let prefer_metadata = new.prefer_metadata;
        let mut proposed = self.propose(FlowId::new(flow_id), new);
        let run = self.bound.flows.runners.run_of(&proposed, self.bound.flows.ids);
        if let Some(run) = &run
            && proposed.run.is_none()
        {
            proposed.run = Some(JsonText::string(run.id.as_str()));
        }
        let op = Store::run_task(proposed, run, move |flow, earlier, proposed| {
            task_rules::record(flow, earlier, proposed, prefer_metadata)
        });
        self.act(op, || asked("run-task", &[flow_id, fields]), recorded).await
    }

    async fn change(
        &self,
        function: &str,
        flow_id: &str,
        expected_revision: u64,
        fields: &str,
        wish: Move,
    ) -> Result<String, Refusal> {
        let now = self.bound.flows.clock.now();
        let decide = move |flow: &Flow| match rules::guard(flow, expected_revision) {
            Ok(()) => rules::apply(flow, &wish, now),
            Err(why) => Decision::Refuse(why),
        };
        let op = Store::change_flow(&self.bound.owner, flow_id, decide);
        let asked = || asked(function, &[flow_id, &expected_revision.to_string(), fields]);
        self.act(op, asked, changed).await
    }

    /// Carries out a change; within a request that is to count once, unless an earlier one has.
    async fn act<T: Send + 'static>(
        &self,
        op: Op<T>,
        asked: impl FnOnce() -> Digest,
        answer: fn(&T) -> Result<String, Refusal>,
    ) -> Result<String, Refusal> {
        let store = &self.bound.flows.store;
        match &self.journal {
            None => answer(&persisted(store.act(op).await)?),
            Some(journal) => persisted(journal.act(store, op, asked(), answer).await)?,
        }
    }

    fn propose(&self, flow: FlowId, new: fields::NewTask) -> Task {
        let now: Millis = self.bound.flows.clock.now();
        Task {
            id: self.bound.flows.ids.task(),
            owner: self.bound.owner.clone(),
            flow,
            runtime: new.runtime,
            source: new.source,
            child_session: new.child_session,
            parent_task: new.parent_task,
            agent: new.agent,
            run: new.run,
            label: new.label,
            error: None,
            progress_summary: new.progress_summary,
            terminal_summary: None,
            terminal_outcome: None,
            scope: ScopeKind::Session,
            task: new.task,
            status: new.status,
            delivery: DeliveryStatus::Pending,
            notify: new.notify,
            created_at: now,
            started_at: new.started_at,
            ended_at: None,
            last_event_at: Some(new.last_event_at.or(new.started_at).unwrap_or(now)),
            cleanup_after: None,
        }
    }
}

fn persisted<T>(outcome: Result<T, StoreError>) -> Result<T, Refusal> {
    outcome.map_err(|error| Refusal::persist_failed(&error))
}

fn changed(changed: &Changed<Forbidden>) -> Result<String, Refusal> {
    match changed {
        Changed::Missing => Err(Refusal::not_found()),
        Changed::Refused(flow, why) => Err(why.refuse("current", flow)),
        Changed::Done(flow) => Ok(flow.view()),
    }
}

fn cancelled((changed, tasks): &Cancelled) -> Result<String, Refusal> {
    match changed {
        Changed::Missing => Err(Refusal::not_found()),
        Changed::Refused(flow, why) => {
            let mut data = String::from("{");
            write_flow_and_tasks(flow, tasks, &mut data);
            Err(Refusal { code: why.code(), message: why.message(), data })
        }
        Changed::Done(flow) => {
            let mut answer = String::from(match flow.status.is_terminal() {
                true => r#"{"cancelled":true,"#,
                false => r#"{"cancelled":false,"reason":"One or more child tasks are still active.","#,
            });
            write_flow_and_tasks(flow, tasks, &mut answer);
            Ok(answer)
        }
    }
}

fn recorded(recorded: &Recorded<Forbidden>) -> Result<String, Refusal> {
    match recorded {
        Recorded::Missing => Err(Refusal::not_found()),
        Recorded::Refused(flow, why) => Err(why.refuse("flow", flow)),
        Recorded::Done(flow, task) => {
            let mut answer = String::from("{\"flow\":");
            flow.write_view(&mut answer);
            answer.push_str(",\"task\":");
            task.write_view(&mut answer);
            answer.push('}');
            Ok(answer)
        }
    }
}

/// Appends `"flow":…,"tasks":[…]}`.
fn write_flow_and_tasks(flow: &Flow, tasks: &[Task], out: &mut String) {
    out.push_str("\"flow\":");
    flow.write_view(out);
    out.push_str(",\"tasks\":[");
    for (at, task) in tasks.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        task.write_view(out);
    }
    out.push_str("]}");
}
