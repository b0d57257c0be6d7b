//! [`MemorySession`]: rows in a cell, a clock that moves by itself, and the order in which a call is refused.

use std::cell::{Cell, RefCell};

use super::flow::{FlowRow, View, quoted};
use super::task::TaskRow;
use crate::{Json, Page, Refusal, Session};

/// What the host reads a larger `limit` as.
const PAGE_FLOWS_MAX: u32 = 1_000;

/// A session in memory. Unless told otherwise, time starts in November 2023 and moves by one millisecond with each change.
pub struct MemorySession {
    key: String,
    controller_id: RefCell<String>,
    flows: RefCell<Vec<FlowRow>>,
    refuse_next: RefCell<Option<Refusal>>,
    ids_given: Cell<u64>,
    now: Cell<u64>,
    is_clock_held: Cell<bool>,
}

impl Default for MemorySession {
    fn default() -> Self {
        Self {
            key: "agent:main:main".into(),
            controller_id: RefCell::new("webhooks/test".into()),
            flows: RefCell::default(),
            refuse_next: RefCell::default(),
            ids_given: Cell::new(0),
            now: Cell::new(1_700_000_000_000),
            is_clock_held: Cell::new(false),
        }
    }
}

impl MemorySession {
    /// A session without flows, with the key `agent:main:main`, on a route whose controller is `webhooks/test`.
    pub fn new() -> Self {
        Self::default()
    }

    /// The key that [`resolve_flow`](Session::resolve_flow) knows.
    #[must_use]
    pub fn with_key(self, key: &str) -> Self {
        Self { key: key.into(), ..self }
    }

    /// The controller of the flows that name none, from now on: the route's.
    pub fn set_controller_id(&self, controller_id: &str) {
        self.controller_id.replace(controller_id.into());
    }

    /// Holds the clock at this time, in milliseconds since 1970.
    pub fn hold_clock_at(&self, now: u64) {
        self.now.set(now);
        self.is_clock_held.set(true);
    }

    /// Refuses the next call, whatever it is, with this code and message: for what only a host can suffer, such as `persist_failed`.
    pub fn refuse_next(&self, code: &str, message: &str) {
        self.refuse_next.replace(Some(Refusal { code: code.into(), message: message.into(), data: "{}".into() }));
    }

    /// Puts a flow here that mirrors a task and so cannot be changed: its id.
    pub fn insert_mirrored(&self, goal: &str) -> String {
        let id = self.new_id();
        let fields = format!(r#"{{"goal":{}}}"#, quoted(goal));
        if let Ok(mut flow) = FlowRow::create(id.clone(), &self.controller_id.borrow(), &fields, self.tick()) {
            flow.is_mirrored = true;
            self.flows.borrow_mut().push(flow);
        }
        id
    }

    /// Ends a child task (`succeeded`, `failed`, `timed_out`, `cancelled`, `lost`), as a runtime would: whether there is such a task. A flow that waits
    /// for its last task to be cancelled is cancelled by this.
    pub fn end_task(&self, task_id: &str, status: &str) -> bool {
        let now = self.tick();
        let mut flows = self.flows.borrow_mut();
        for flow in flows.iter_mut() {
            let Some(task) = flow.tasks.iter_mut().find(|task| task.id == task_id) else { continue };
            task.end(status, now);
            if flow.cancel_requested_at.is_some() && !flow.is_terminal() && !flow.has_active_task() {
                flow.cancel(now);
            }
            return true;
        }
        false
    }

    /// Counts, and ends in a mark of the session: a flow of one is unknown in another, in tests too.
    fn new_id(&self) -> String {
        self.ids_given.set(self.ids_given.get() + 1);
        let mark = self.key.bytes().fold(0_u64, |mark, byte| (mark * 31 + u64::from(byte)) & 0xffff_ffff_ffff);
        format!("{:08x}-0000-4000-8000-{mark:012x}", self.ids_given.get())
    }

    fn tick(&self) -> u64 {
        if !self.is_clock_held.get() {
            self.now.set(self.now.get() + 1);
        }
        self.now.get()
    }

    fn admit(&self) -> Result<(), Refusal> {
        self.refuse_next.take().map_or(Ok(()), Err)
    }

    /// Newest created first; of one millisecond, the older first.
    fn in_order<T>(&self, read: impl FnOnce(&[&FlowRow]) -> T) -> T {
        let flows = self.flows.borrow();
        let mut sorted: Vec<&FlowRow> = flows.iter().collect();
        sorted.sort_by_key(|flow| std::cmp::Reverse(flow.created_at));
        read(&sorted)
    }

    fn find<T>(&self, flow_id: &str, read: impl FnOnce(&FlowRow) -> T) -> Result<Option<T>, Refusal> {
        self.admit()?;
        Ok(self.flows.borrow().iter().find(|flow| flow.id == flow_id).map(read))
    }

    fn change(
        &self,
        flow_id: &str,
        expected_revision: u64,
        change: impl FnOnce(&mut FlowRow, u64) -> Result<(), Refusal>,
    ) -> Result<Json, Refusal> {
        self.admit()?;
        let mut flows = self.flows.borrow_mut();
        let flow = flows.iter_mut().find(|flow| flow.id == flow_id).ok_or_else(not_found)?;
        let current = |code, message: &str| Err(refusal(code, message, &[("current", flow.view())]));
        if flow.is_mirrored {
            return current("not_managed", "TaskFlow is not managed by this webhook surface.");
        }
        if flow.revision != expected_revision {
            return current("revision_conflict", "TaskFlow changed since the caller's expected revision.");
        }
        let now = self.tick();
        change(flow, now)?;
        flow.touch(now);
        Ok(flow.view())
    }
}

impl Session for MemorySession {
    fn get_flow(&self, flow_id: &str) -> Result<Option<Json>, Refusal> {
        self.find(flow_id, FlowRow::view)
    }

    fn list_flows(&self, cursor: Option<&str>, limit: u32) -> Result<Page, Refusal> {
        self.admit()?;
        if limit == 0 {
            return Err(super::fields::invalid("limit must be at least 1".into()));
        }
        let size = limit.min(PAGE_FLOWS_MAX) as usize;
        self.in_order(|flows| {
            let start = cursor.map_or(Some(0), |id| Some(flows.iter().position(|flow| flow.id == id)? + 1));
            let Some(start) = start else { return Err(super::fields::invalid("cursor is none of this list".into())) };
            let rest = &flows[start..];
            let page = &rest[..rest.len().min(size)];
            let next = page.last().filter(|_| rest.len() > size).map(|flow| flow.id.clone());
            let views: Vec<Json> = page.iter().map(|flow| flow.view()).collect();
            Ok(Page { flows: format!("[{}]", views.join(",")), next })
        })
    }

    fn find_latest_flow(&self) -> Result<Option<Json>, Refusal> {
        self.admit()?;
        Ok(self.in_order(|flows| flows.first().map(|flow| flow.view())))
    }

    fn resolve_flow(&self, token: &str) -> Result<Option<Json>, Refusal> {
        if token == self.key { self.find_latest_flow() } else { self.get_flow(token) }
    }

    fn get_task_summary(&self, flow_id: &str) -> Result<Option<Json>, Refusal> {
        self.find(flow_id, |flow| TaskRow::summary(&flow.tasks))
    }

    fn create_flow(&self, fields: &str) -> Result<Json, Refusal> {
        self.admit()?;
        let flow = FlowRow::create(self.new_id(), &self.controller_id.borrow(), fields, self.tick())?;
        let view = flow.view();
        self.flows.borrow_mut().push(flow);
        Ok(view)
    }

    fn set_waiting(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<Json, Refusal> {
        self.change(flow_id, expected_revision, |flow, _| flow.set_waiting(fields))
    }

    fn resume_flow(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<Json, Refusal> {
        self.change(flow_id, expected_revision, |flow, _| flow.resume(fields))
    }

    fn finish_flow(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<Json, Refusal> {
        self.change(flow_id, expected_revision, |flow, now| flow.finish(fields, now))
    }

    fn fail_flow(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<Json, Refusal> {
        self.change(flow_id, expected_revision, |flow, now| flow.fail(fields, now))
    }

    fn request_cancel(&self, flow_id: &str, expected_revision: u64) -> Result<Json, Refusal> {
        self.change(flow_id, expected_revision, |flow, now| {
            flow.cancel_requested_at = Some(now);
            Ok(())
        })
    }

    fn cancel_flow(&self, flow_id: &str) -> Result<Json, Refusal> {
        self.admit()?;
        let mut flows = self.flows.borrow_mut();
        let flow = flows.iter_mut().find(|flow| flow.id == flow_id).ok_or_else(not_found)?;
        if flow.is_terminal() {
            return Err(refusal("terminal", &already(flow), &[("flow", flow.view()), ("tasks", flow.tasks_view())]));
        }
        let now = self.tick();
        if flow.cancel_requested_at.is_none() {
            flow.cancel_requested_at = Some(now);
            flow.touch(now);
        }
        let is_cancelled = !flow.has_active_task();
        let mut result = View::new();
        result.raw("cancelled", &is_cancelled.to_string());
        if is_cancelled {
            flow.cancel(now);
        } else {
            result.text("reason", "One or more child tasks are still active.");
        }
        result.raw("flow", &flow.view());
        result.raw("tasks", &flow.tasks_view());
        Ok(result.end())
    }

    fn run_task(&self, flow_id: &str, fields: &str) -> Result<Json, Refusal> {
        self.admit()?;
        let mut flows = self.flows.borrow_mut();
        let flow = flows.iter_mut().find(|flow| flow.id == flow_id).ok_or_else(not_found)?;
        let refuse = |code, message: &str| Err(refusal(code, message, &[("flow", flow.view())]));
        if flow.is_mirrored {
            return refuse("not_managed", "Flow does not accept managed child tasks.");
        }
        if flow.cancel_requested_at.is_some() {
            return refuse("cancel_requested", "Flow cancellation has already been requested.");
        }
        if flow.is_terminal() {
            return refuse("terminal", &already(flow));
        }
        let index = TaskRow::run(&mut flow.tasks, self.new_id(), fields, self.tick())?;
        let mut result = View::new();
        result.raw("flow", &flow.view());
        result.raw("task", &flow.tasks[index].view(&flow.id));
        Ok(result.end())
    }
}

fn not_found() -> Refusal {
    refusal("not_found", "Flow not found.", &[])
}

fn already(flow: &FlowRow) -> String {
    format!("Flow is already {}.", flow.status)
}

fn refusal(code: &str, message: &str, data: &[(&str, Json)]) -> Refusal {
    let mut view = View::new();
    data.iter().for_each(|(name, value)| view.raw(name, value));
    Refusal { code: code.into(), message: message.into(), data: view.end() }
}
