//! The session of this run, inside the sandbox: each function is one call to the host, and only the functions that
//! the plugin reaches end up among the imports of its component.

use crate::bindings::route_action::sandclaw::plugin::{
    flow_cancel, flow_change, flow_create, flow_read, task_run, types,
};
use crate::{Json, Page, Refusal, Session};

/// The session that the host bound to this run. [`export_action!`](crate::export_action) hands it to the action.
#[derive(Clone, Copy, Debug)]
pub struct Bound;

impl Session for Bound {
    fn get_flow(&self, flow_id: &str) -> Result<Option<Json>, Refusal> {
        Ok(flow_read::get_flow(flow_id)?)
    }

    fn list_flows(&self, cursor: Option<&str>, limit: u32) -> Result<Page, Refusal> {
        let page = flow_read::list_flows(cursor, limit)?;
        Ok(Page { flows: page.flows, next: page.next })
    }

    fn find_latest_flow(&self) -> Result<Option<Json>, Refusal> {
        Ok(flow_read::find_latest_flow()?)
    }

    fn resolve_flow(&self, token: &str) -> Result<Option<Json>, Refusal> {
        Ok(flow_read::resolve_flow(token)?)
    }

    fn get_task_summary(&self, flow_id: &str) -> Result<Option<Json>, Refusal> {
        Ok(flow_read::get_task_summary(flow_id)?)
    }

    fn create_flow(&self, fields: &str) -> Result<Json, Refusal> {
        Ok(flow_create::create_flow(fields)?)
    }

    fn set_waiting(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<Json, Refusal> {
        Ok(flow_change::set_waiting(flow_id, expected_revision, fields)?)
    }

    fn resume_flow(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<Json, Refusal> {
        Ok(flow_change::resume_flow(flow_id, expected_revision, fields)?)
    }

    fn finish_flow(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<Json, Refusal> {
        Ok(flow_change::finish_flow(flow_id, expected_revision, fields)?)
    }

    fn fail_flow(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<Json, Refusal> {
        Ok(flow_change::fail_flow(flow_id, expected_revision, fields)?)
    }

    fn request_cancel(&self, flow_id: &str, expected_revision: u64) -> Result<Json, Refusal> {
        Ok(flow_cancel::request_cancel(flow_id, expected_revision)?)
    }

    fn cancel_flow(&self, flow_id: &str) -> Result<Json, Refusal> {
        Ok(flow_cancel::cancel_flow(flow_id)?)
    }

    fn run_task(&self, flow_id: &str, fields: &str) -> Result<Json, Refusal> {
        Ok(task_run::run_task(flow_id, fields)?)
    }
}

impl From<types::Refusal> for Refusal {
    fn from(types::Refusal { code, message, data }: types::Refusal) -> Self {
        Self { code, message, data }
    }
}
