//! `flow-read`, `flow-create`, `flow-change`, `flow-cancel`, `task-run`: the session's functions, by the names of the WIT.

use wasmtime::component::Linker;

use super::super::action::Action;
use super::super::bindings::WitPage;
use super::super::guest::GuestState;
use super::Linking;
use crate::model::{Grants, Power};

pub(super) fn link(linker: &mut Linker<GuestState<Action>>, grants: &Grants) -> wasmtime::Result<()> {
    let mut read = Linking::open(linker, grants, Power::FlowRead, "sandclaw:plugin/flow-read@0.1.0")?;
    read.answers("get-flow", |session, (id,): (String,)| session.get_flow(&id))?;
    read.answers("list-flows", |session, (cursor, limit): (Option<String>, u32)| {
        session.list_flows(cursor.as_deref(), limit).map(WitPage::from)
    })?;
    read.answers("find-latest-flow", |session, (): ()| session.find_latest_flow())?;
    read.answers("resolve-flow", |session, (token,): (String,)| session.resolve_flow(&token))?;
    read.answers("get-task-summary", |session, (id,): (String,)| session.get_task_summary(&id))?;

    let mut create = Linking::open(linker, grants, Power::FlowCreate, "sandclaw:plugin/flow-create@0.1.0")?;
    create.waits("create-flow", |session, (fields,): (String,)| async move { session.create_flow(&fields).await })?;

    let mut change = Linking::open(linker, grants, Power::FlowChange, "sandclaw:plugin/flow-change@0.1.0")?;
    change.waits("set-waiting", |session, (id, revision, fields): (String, u64, String)| async move {
        session.set_waiting(&id, revision, &fields).await
    })?;
    change.waits("resume-flow", |session, (id, revision, fields): (String, u64, String)| async move {
        session.resume_flow(&id, revision, &fields).await
    })?;
    change.waits("finish-flow", |session, (id, revision, fields): (String, u64, String)| async move {
        session.finish_flow(&id, revision, &fields).await
    })?;
    change.waits("fail-flow", |session, (id, revision, fields): (String, u64, String)| async move {
        session.fail_flow(&id, revision, &fields).await
    })?;

    let mut cancel = Linking::open(linker, grants, Power::FlowCancel, "sandclaw:plugin/flow-cancel@0.1.0")?;
    cancel.waits("request-cancel", |session, (id, revision): (String, u64)| async move {
        session.request_cancel(&id, revision).await
    })?;
    cancel.waits("cancel-flow", |session, (id,): (String,)| async move { session.cancel_flow(&id).await })?;

    let mut task = Linking::open(linker, grants, Power::TaskRun, "sandclaw:plugin/task-run@0.1.0")?;
    task.waits(
        "run-task",
        |session, (id, fields): (String, String)| async move { session.run_task(&id, &fields).await },
    )
}
